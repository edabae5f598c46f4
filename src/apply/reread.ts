/**
 * Looks at records of a batch again: before it is sent (has anything moved since the plan?), after (what did the
 * destination make of it?), and when nobody knows whether a write landed.
 */
import { canonicalOfExact, canonicalText, canonicalValue } from '../canonical/canonical.ts';
import { canonicalKey } from '../canonical/key.ts';
import { FUNCTIONS } from '../canonical/functions.ts';
import type { FieldType, TextRules } from '../canonical/types.ts';
import type { Destination, WriteBatch } from '../destinations/destination.ts';
import { keyJson } from '../plan/bind.ts';
import { objectOf } from '../plan/json-sql.ts';
import type { PlannedField, PlannedSync } from '../plan/plan-file.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface LiveComparison {
  readonly exists: boolean;
  /** Fields whose live value is not the expected one, with their live canonical text (keyed when sensitive). */
  readonly differing: Readonly<Record<string, string | null>>;
  readonly remoteId: string | null;
  /** Why the record is not the one that the plan is about: another one has the key now, or several have it. */
  readonly mistaken: 'other' | 'several' | undefined;
}

/** Compares live records with one side of the batch, by position. Fields that cannot be read are not compared. */
export async function compareLive(
  workspace: Workspace,
  destination: Destination,
  planned: PlannedSync,
  batch: WriteBatch,
  side: 'before' | 'after',
): Promise<ReadonlyMap<number, LiveComparison>> {
  const fields = batch.fields.flatMap((each, place) =>
    planned.fieldTypes.filter((field) => field.name === each.field && field.readable).map((field) => ({ ...field, place })),
  );
  const rules = destination.capabilities.text;
  const asked = batch.key.map(({ type }, index) => `${keyText(type, index, rules)} AS k${index}`);
  await workspace.run(`CREATE OR REPLACE TEMP TABLE reread_keys AS SELECT ${asked.join(', ')} FROM ${batch.relation} AS b`);
  const relation = await destination.read({
    object: planned.object,
    key: planned.keyFields.map((key) => key.field),
    fields: fields.map((field) => ({ field: field.name, reference: field.reference ?? undefined })),
    keys: 'temp.main.reread_keys',
  });
  const typeOf = new Map(relation.columns.map((column) => [column.name, column.type]));
  const types = planned.keyFields.map((key) => key.type);
  const keys = planned.keyFields.map((key, index) =>
    canonicalKey(key.type, { sql: `r.k${index}`, type: typeOf.get(`k${index}`) ?? 'VARCHAR' }, rules),
  );
  const live = fields.map((field, index) => {
    const value = canonicalValue(field.type, { sql: `r.f${index}`, type: typeOf.get(`f${index}`) ?? 'VARCHAR' }, rules);
    return `${keyed(field, canonicalText(field.type, value))} AS l${index}`;
  });
  const rows = await workspace.rows(`
    SELECT e.pos, l.key IS NOT NULL AS found, l.remote_id, ${mistakenSql(batch)} AS mistaken, ${differingSql(fields)} AS differing
    FROM (${expectedSql(batch, fields, { side, rules })}) AS e
    LEFT JOIN (SELECT DISTINCT ON (key) *, count(*) OVER (PARTITION BY key) AS records FROM (SELECT ${keyJson(types, keys)} AS key, CAST(r.remote_id AS VARCHAR) AS remote_id${live.map((each) => `, ${each}`).join('')} FROM ${relation.from} AS r)) AS l
      ON l.key = e.key`);
  return new Map(rows.map((row) => [Number(row['pos']), comparison(row)]));
}

/** A connector writes by the id that the plan saw: the key may have moved to another record since. A create makes a new id. */
function mistakenSql({ action }: WriteBatch): string {
  return `CASE WHEN l.records > 1 THEN 'several'${action === 'create' ? '' : ` WHEN l.remote_id <> e.remote_id THEN 'other'`} END`;
}

interface ComparedField extends PlannedField {
  /** Position among the fields of the batch. */
  readonly place: number;
}

/** Canonical text of a part of the key: a batch has it as the source writes it. */
function keyText(type: FieldType, index: number, rules: TextRules): string {
  return type.kind === 'text' ? canonicalKey(type, { sql: `k${index}`, type: 'VARCHAR' }, rules) : `k${index}`;
}

/** `pos`, `remote_id`, `key` (JSON), and for each field its expected canonical text `x<i>` and whether it is known, `h<i>`. */
function expectedSql(
  batch: WriteBatch,
  fields: readonly ComparedField[],
  { side, rules }: { side: 'before' | 'after'; rules: TextRules },
): string {
  const texts: FieldType[] = batch.key.map(() => ({ kind: 'text' }));
  const key = keyJson(
    texts,
    batch.key.map(({ type }, index) => keyText(type, index, rules)),
  );
  const columns = fields.map((field, index) => {
    const text = `${side === 'after' ? 'a' : 'b'}${field.place}`;
    const known = side === 'after' ? 'true' : `h${field.place}`;
    return `, ${keyed(field, canonicalOfExact(field.type, text, rules))} AS x${index}, ${known} AS h${index}`;
  });
  return `SELECT pos, CAST(remote_id AS VARCHAR) AS remote_id, ${key} AS key${columns.join('')} FROM ${batch.relation} AS b`;
}

function keyed(field: PlannedField, text: string): string {
  return field.sensitive ? `${FUNCTIONS.mac}(${text})` : text;
}

/** The live texts that are not the expected ones, as a JSON object; null where all are, as nearly always: no value leaves the workspace then. */
function differingSql(fields: readonly ComparedField[]): string {
  const differs = fields.map((_, index) => `(h${index} AND l${index} IS DISTINCT FROM x${index})`);
  if (differs.length === 0) return 'CAST(NULL AS VARCHAR)';
  const members = fields.map((field, index) => ({ name: field.name, text: `l${index}`, when: differs[index] }));
  return `CASE WHEN l.key IS NOT NULL AND (${differs.join(' OR ')}) THEN ${objectOf(members)} END`;
}

/** Most records are as expected: they share one object. */
const NONE: LiveComparison['differing'] = {};

function comparison({ found, differing, remote_id: remoteId, mistaken }: Readonly<Record<string, unknown>>): LiveComparison {
  return {
    exists: found === true,
    differing: typeof differing === 'string' ? (JSON.parse(differing) as LiveComparison['differing']) : NONE,
    remoteId: (remoteId as string | null) ?? null,
    mistaken: mistaken === 'other' || mistaken === 'several' ? mistaken : undefined,
  };
}
