/** What a plan does to each record, in the words of a Test document. */
import { isSealed, type SensitiveKey } from '../canonical/functions.ts';
import type { PlanFile } from '../plan/plan-file.ts';
import type { Row } from '../workspace/workspace.ts';
import type { Action } from './given.ts';

/** Something that happens to one record. */
export interface Happening {
  readonly action: Exclude<Action, 'unchanged'>;
  readonly key: readonly (string | null)[];
  /** Reason of the change or of holding, code of the reject. */
  readonly why: string | null;
  /** Why it is rejected, as a sentence. */
  readonly message: string | null;
  /** Fields that are written, held or at fault. */
  readonly fields: readonly string[];
  /** Exact text by field, as the record will be; nothing for what is not written. */
  readonly values: ReadonlyMap<string, string | null>;
  /** Fields whose values no report may show. */
  readonly sensitive: ReadonlySet<string>;
}

/** One text for a key, however it was spelled. */
export function keyId(key: readonly (string | null)[]): string {
  return JSON.stringify(key);
}

/** Everything that happens to the records of a sync. `key` opens sensitive values. */
export async function readHappenings(file: PlanFile, sync: string, key: SensitiveKey): Promise<readonly Happening[]> {
  const { workspace } = file;
  const changes = await workspace.rows(
    'SELECT pass, action, reason, key, fields, after FROM plan.changes WHERE sync = $sync ORDER BY pass, seq',
    { sync },
  );
  const held = await workspace.rows('SELECT key, reason, fields FROM plan.held WHERE sync = $sync ORDER BY key', { sync });
  const rejects = await workspace.rows('SELECT key, code, message, field FROM plan.rejects WHERE sync = $sync ORDER BY key', { sync });
  return [
    ...inOnePass(changes.map((row) => ({ ...changeOf(row, key), pass: Number(row['pass']) }))),
    ...held.map((row): Happening => ({
      ...recordOf(row),
      action: 'held',
      why: String(row['reason']),
      fields: row['fields'] as readonly string[],
    })),
    ...rejects.map((row): Happening => ({ ...recordOf(row), action: 'rejected', why: String(row['code']), message: String(row['message']), fields: typeof row['field'] === 'string' ? [row['field']] : [] })), // prettier-ignore
  ];
}

function recordOf(row: Row): Pick<Happening, 'key' | 'message' | 'values' | 'sensitive'> {
  return { key: JSON.parse(String(row['key'])) as (string | null)[], message: null, values: new Map(), sensitive: new Set() };
}

function changeOf(row: Row, key: SensitiveKey): Happening {
  const after = typeof row['after'] === 'string' ? (JSON.parse(row['after']) as Record<string, string | null>) : {};
  const values = Object.entries(after).map(([field, text]) => [field, isSealed(text) ? key.open(text) : text] as const);
  return {
    ...recordOf(row),
    action: row['action'] as Happening['action'],
    why: String(row['reason']),
    fields: row['fields'] as readonly string[],
    values: new Map(values),
    sensitive: new Set(Object.entries(after).flatMap(([field, text]) => (isSealed(text) ? [field] : []))),
  };
}

/** A reference that is set in a second pass belongs to the same change. */
function inOnePass(changes: readonly (Happening & { readonly pass: number })[]): readonly Happening[] {
  const first = changes.filter((change) => change.pass === 1);
  const second = new Map(changes.filter((change) => change.pass > 1).map((change) => [keyId(change.key), change]));
  const merged = first.map(({ pass: _pass, ...change }) => ({
    ...change,
    fields: [...change.fields, ...(second.get(keyId(change.key))?.fields ?? [])],
  }));
  const known = new Set(first.map((change) => keyId(change.key)));
  return [...merged, ...[...second.values()].filter((change) => !known.has(keyId(change.key))).map(({ pass: _pass, ...change }) => change)];
}
