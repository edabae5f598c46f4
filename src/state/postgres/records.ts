/** The table with the records of one sync: changed in place by few, written anew by many. */
import type { PgClient } from '../../postgres/client.ts';
import { ident } from '../../workspace/quote.ts';
import { expectMany } from './attempts.ts';
import type { StoredSync } from './heads.ts';
import { laidOver, NO_BASE, type Touched } from './resolve.ts';
import { columnList, RECORD_COLUMNS, type Tables } from './tables.ts';

/** Base of a sync, in the middle of a fold. */
export interface StoredBase {
  /** Quoted name of its table, or an empty relation. */
  readonly from: string;
  /** Number of its table; undefined while there is none. */
  readonly number: string | undefined;
  readonly count: number;
  /** The table was made by this transaction. */
  readonly isNew: boolean;
}

/** What is stored, for a run of this lineage: another lineage starts from nothing. */
export function storedBase(tables: Tables, stored: StoredSync | undefined, lineage: string): StoredBase {
  if (stored?.recordsTable === undefined || stored.head?.lineage !== lineage)
    return { from: NO_BASE.records, number: undefined, count: 0, isNew: false };
  return { from: tables.records(stored.recordsTable), number: stored.recordsTable, count: stored.head.records, isNew: false };
}

/** One in so many records is looked up by its key; of more, the table is read. */
const FEW = 20;

interface Target {
  readonly client: PgClient;
  readonly tables: Tables;
}

/** `count`: how many records are touched, at most. */
type Change = Pick<Touched, 'records' | 'keys'> & { readonly count: number };

/** Puts touched records in the place of what is stored. */
export async function storeRecords(target: Target, base: StoredBase, touched: Change): Promise<StoredBase> {
  if (base.number === undefined || touched.count * 2 > base.count) return rewrite(target, base, touched);
  if (touched.count === 0) return base;
  return { ...base, count: base.count + (await upsert(target, base, touched)) };
}

/** A new table with all records: cheaper than changing most of them, and readers of the old one keep what they read. */
async function rewrite({ client, tables }: Target, base: StoredBase, touched: Change): Promise<StoredBase> {
  const [row] = await client.rows('SELECT nextval($1::regclass) AS number', [tables.numbers]);
  const number = String(row?.['number']);
  const table = tables.records(number);
  const count = await client.run(
    `CREATE TABLE ${table} AS SELECT ${RECORD_COLUMNS.map(({ name }) => (name === 'key' ? 'key COLLATE "C" AS key' : ident(name))).join(', ')}
     FROM ${laidOver(base.from, touched, RECORD_COLUMNS)} AS r`,
  );
  await client.run(`ALTER TABLE ${table} ADD PRIMARY KEY (key)`);
  if (base.isNew) await client.run(`DROP TABLE ${base.from}`);
  return { from: table, number, count, isNew: true };
}

/** Returns by how much the number of records rises. */
async function upsert({ client }: Target, base: StoredBase, touched: Change): Promise<number> {
  await expectMany(client, touched.count * FEW > base.count);
  const removed = await client.run(`DELETE FROM ${base.from} AS b USING (${touched.records}) AS t WHERE t.key = b.key AND t.gone`);
  const values = RECORD_COLUMNS.filter((column) => column.name !== 'key').map(({ name }) => `${ident(name)} = excluded.${ident(name)}`);
  const columns = columnList(RECORD_COLUMNS);
  const [row] = await client.rows(
    `WITH stored AS (
       INSERT INTO ${base.from} (${columns}) SELECT ${columns} FROM (${touched.records}) AS t WHERE NOT gone
       ON CONFLICT (key) DO UPDATE SET ${values.join(', ')} RETURNING xmax = 0 AS is_new
     ) SELECT count(*) FILTER (WHERE is_new) AS added FROM stored`,
  );
  await expectMany(client);
  return Number(row?.['added'] ?? 0) - removed;
}
