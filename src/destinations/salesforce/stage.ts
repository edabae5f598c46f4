/** A batch as text that Salesforce takes, as a view in the workspace. It is what requests and files are made of. */
import { canonicalText } from '../../canonical/canonical.ts';
import { canonicalKey } from '../../canonical/key.ts';
import type { FieldType } from '../../canonical/types.ts';
import type { LiveRelation, Outcome, ReadRequest } from '../destination.ts';
import { CAPABILITIES } from './capabilities.ts';
import { type BoundBatch, isSame } from './columns.ts';
import type { Ledger } from './ledger.ts';
import { wireText } from './wire.ts';

/**
 * `pos`, `id` (of updates and deletes), `k` (the key as it is sent), `ck` (as it is compared), and `w<i>`: what is sent of
 * `columns[i]`. A parent's key is null where there is no parent.
 */
export const STAGED = 'temp.main.salesforce_write';
/** `pos`, `id`: of records whose ids had to be looked up. */
const IDS = 'temp.main.salesforce_ids';
const WANTED = 'temp.main.salesforce_wanted';
const FOUND = 'temp.main.salesforce_found';

/** Reads records by key: the destination's own `read`. */
export type Read = (request: ReadRequest) => Promise<LiveRelation>;

export async function stage(bound: BoundBatch): Promise<void> {
  await createView(bound, bound.batch.relation);
}

/** A view: the rows are in the workspace once already. */
async function createView({ batch, key, columns }: BoundBatch, relation: string): Promise<void> {
  const id = isSame(key.field, 'Id') ? 'coalesce(remote_id, k0)' : 'remote_id';
  const values = columns.map(({ index, type, parent }, place) => {
    const text = parent === undefined ? wireText(type, `a${index}`) : `nullif(${TRIMMED(`a${index}`)}, '')`;
    return `, ${text} AS w${place}`;
  });
  await batch.workspace.run(
    `CREATE OR REPLACE TEMP VIEW ${STAGED} AS SELECT pos, ${id} AS id, ${wireText(key.type, 'k0')} AS k, ${comparedKey(key.type)} AS ck${values.join('')} FROM ${relation} AS r`,
  );
}

/** Without the white space that Salesforce does not store. */
export const TRIMMED = (sql: string): string => `trim(${sql}, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))`;

function comparedKey(type: FieldType): string {
  return type.kind === 'text' ? canonicalKey(type, { sql: 'k0', type: 'VARCHAR' }, CAPABILITIES.text) : 'k0';
}

export async function unstage({ batch: { workspace } }: BoundBatch): Promise<void> {
  await workspace.run(`DROP VIEW IF EXISTS ${STAGED}`);
  for (const table of [IDS, WANTED, FOUND]) await workspace.run(`DROP TABLE IF EXISTS ${table}`);
}

/**
 * Ids of the records that the plan knew none of, such as those that the same run created. Without one, the record is gone:
 * an upsert would make it anew. From here on, only rows with an id are staged.
 */
export async function findIds(bound: BoundBatch, read: Read, ledger: Ledger): Promise<void> {
  const { batch, key } = bound;
  const { workspace } = batch;
  if ((await workspace.count(`SELECT count(*) FROM ${STAGED} WHERE id IS NULL`)) === 0) return;
  await workspace.run(`CREATE OR REPLACE TEMP TABLE ${WANTED} AS SELECT DISTINCT ck AS k0 FROM ${STAGED} WHERE id IS NULL`);
  const live = await read({ object: batch.object, key: [key.field], fields: [], keys: WANTED });
  const type = live.columns.find(({ name }) => name === 'k0')?.type ?? 'VARCHAR';
  const found = canonicalText(key.type, canonicalKey(key.type, { sql: 'r.k0', type }, CAPABILITIES.text));
  await workspace.run(
    `CREATE OR REPLACE TEMP TABLE ${FOUND} AS SELECT ${found} AS ck, min(remote_id) AS id, count(*) AS records FROM ${live.from} AS r GROUP BY 1`,
  );
  await workspace.run(
    `CREATE OR REPLACE TEMP TABLE ${IDS} AS SELECT s.pos, coalesce(s.id, CASE WHEN f.records = 1 THEN f.id END) AS id, coalesce(f.records, 0) AS records
     FROM ${STAGED} AS s LEFT JOIN ${FOUND} AS f ON f.ck = s.ck`,
  );
  for (const { pos, records } of await workspace.rows(`SELECT pos, records FROM ${IDS} WHERE id IS NULL`))
    ledger.say(Number(pos), missing(bound, Number(records)));
  await createView(
    bound,
    `(SELECT b.* REPLACE (i.id AS remote_id) FROM ${batch.relation} AS b JOIN ${IDS} AS i ON i.pos = b.pos WHERE i.id IS NOT NULL)`,
  );
}

function missing({ batch: { action }, key }: BoundBatch, records: number): Outcome {
  if (records > 1) return { status: 'held', message: `several records have this ${key.field}: which one is meant is not known` };
  return action === 'delete' ? { status: 'unchanged' } : { status: 'held', message: 'the record is gone: it was deleted since the plan' };
}
