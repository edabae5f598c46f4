/**
 * Looks at records of a batch again: before it is sent (has anything moved since the plan?), after (what did the
 * destination make of it?), and when nobody knows whether a write landed.
 */
import { canonicalOfExact, canonicalText, canonicalValue } from '../canonical/canonical.ts';
import { FUNCTIONS } from '../canonical/functions.ts';
import type { Destination, WriteBatch } from '../destinations/destination.ts';
import { keyJson } from '../plan/bind.ts';
import type { PlannedField, PlannedSync } from '../plan/plan-file.ts';
import { literal } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface LiveComparison {
  readonly exists: boolean;
  /** Fields whose live value is not the expected one, with their live canonical text (keyed when sensitive). */
  readonly differing: Readonly<Record<string, string | null>>;
  readonly remoteId: string | null;
}

/** Compares live records with one side of the batch, by sequence number. Fields that cannot be read are not compared. */
export async function compareLive(
  workspace: Workspace,
  destination: Destination,
  planned: PlannedSync,
  batch: WriteBatch,
  side: 'before' | 'after',
): Promise<ReadonlyMap<number, LiveComparison>> {
  const fields = batch.fields.flatMap((each) => planned.fieldTypes.filter((field) => field.name === each.field && field.readable));
  await expect(workspace, planned, batch, fields, side);
  const relation = await destination.read({
    object: planned.object,
    key: planned.keyFields.map((key) => key.field),
    fields: fields.map((field) => ({ field: field.name, reference: field.reference ?? undefined })),
    keys: 'temp.main.reread_keys',
  });
  const typeOf = new Map(relation.columns.map((column) => [column.name, column.type]));
  const rules = destination.capabilities.text;
  const keys = planned.keyFields.map((key, index) =>
    canonicalValue(key.type, { sql: `r.k${index}`, type: typeOf.get(`k${index}`) ?? 'VARCHAR' }, rules),
  );
  const live = fields.map((field, index) => {
    const value = canonicalValue(field.type, { sql: `r.f${index}`, type: typeOf.get(`f${index}`) ?? 'VARCHAR' }, rules);
    return `${keyed(field, canonicalText(field.type, value))} AS l${index}`;
  });
  const expected = fields.map(
    (field, index) => `${keyed(field, canonicalOfExact(field.type, `e.e${index}`, rules))} AS x${index}, e.h${index}`,
  );
  const types = planned.keyFields.map((key) => key.type);
  const rows = await workspace.rows(`
    SELECT e.seq, l.key IS NOT NULL AS found, l.remote_id${fields.map((_, index) => `, x${index}, h${index}, l${index}`).join('')}
    FROM (SELECT e.seq, e.key${expected.map((each) => `, ${each}`).join('')} FROM reread_expected AS e) AS e
    LEFT JOIN (SELECT DISTINCT ON (key) * FROM (SELECT ${keyJson(types, keys)} AS key, CAST(r.remote_id AS VARCHAR) AS remote_id${live.map((each) => `, ${each}`).join('')} FROM ${relation.from} AS r)) AS l
      ON l.key = e.key`);
  return new Map(rows.map((row) => [Number(row['seq']), comparison(row, fields)]));
}

function keyed(field: PlannedField, text: string): string {
  return field.sensitive ? `${FUNCTIONS.mac}(${text})` : text;
}

function comparison(row: Readonly<Record<string, unknown>>, fields: readonly PlannedField[]): LiveComparison {
  const differing = fields.flatMap((field, index) => {
    const same = row[`h${index}`] !== true || row[`l${index}`] === row[`x${index}`];
    return same ? [] : [[field.name, (row[`l${index}`] as string | null) ?? null] as const];
  });
  return { exists: row['found'] === true, differing: Object.fromEntries(differing), remoteId: (row['remote_id'] as string | null) ?? null };
}

/** Tables `reread_expected` (`seq`, `key`, `e<i>` exact text, `h<i>` whether it is known) and `reread_keys`. */
async function expect(
  workspace: Workspace,
  planned: PlannedSync,
  batch: WriteBatch,
  fields: readonly PlannedField[],
  side: 'before' | 'after',
): Promise<void> {
  const page = batch.changes.map((change) => ({
    seq: change.seq,
    key: JSON.stringify(change.key),
    values: fields.map((field) => change[side]?.[field.name] ?? null),
    known: fields.map((field) => change[side]?.[field.name] !== undefined),
  }));
  const shape = literal('[{"seq":"BIGINT","key":"VARCHAR","values":["VARCHAR"],"known":["BOOLEAN"]}]');
  const columns = fields.map((_, index) => `, c.values[${index + 1}] AS e${index}, c.known[${index + 1}] AS h${index}`);
  await workspace.run(
    `CREATE OR REPLACE TEMP TABLE reread_expected AS SELECT c.seq, c.key${columns.join('')} FROM (SELECT unnest(from_json($page, ${shape})) AS c)`,
    { page: JSON.stringify(page) },
  );
  const parts = planned.keyFields.map((_, index) => `json_extract_string(key, '/${index}') AS k${index}`);
  await workspace.run(`CREATE OR REPLACE TEMP TABLE reread_keys AS SELECT ${parts.join(', ')} FROM reread_expected`);
}
