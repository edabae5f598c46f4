/**
 * What people write by hand: both sides into maps, compared in JavaScript, upserted row by row. `node bench/hand-written.ts
 * WAREHOUSE URL`. No state, no plan, no verdicts; one transaction, which is kind to it.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import { Client } from 'pg';

import { COLUMNS } from './data.ts';

const [warehouse = '', url = ''] = process.argv.slice(2);
const texts = COLUMNS.map((name) => `CAST(${name} AS VARCHAR) AS ${name}`).join(', ');
type Row = Readonly<Record<string, string | null>>;

const started = performance.now();
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
await connection.run(`ATTACH '${warehouse}' AS w (READ_ONLY)`);
const desired = new Map<string | null, Row>();
for (const row of (await connection.runAndReadAll(`SELECT ${texts} FROM w.rows`)).getRowObjectsJS() as Row[])
  desired.set(row['id'] ?? null, row);

const client = new Client({ connectionString: url, types: { getTypeParser: () => (value: string) => value } });
await client.connect();
await client.query("SET TimeZone = 'UTC'; BEGIN");
const live = new Map<string | null, Row>();
for (const row of (await client.query<Record<string, string | null>>('SELECT * FROM rows')).rows) live.set(row['id'] ?? null, row);

const upsert = {
  name: 'upsert',
  text: `INSERT INTO rows (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map((_, index) => `$${index + 1}`).join(', ')})
    ON CONFLICT (id) DO UPDATE SET ${COLUMNS.slice(1).map((name) => `${name} = excluded.${name}`).join(', ')}`, // prettier-ignore
};
let written = 0;
for (const [id, row] of desired) {
  const other = live.get(id);
  if (other !== undefined && COLUMNS.every((name) => other[name] === row[name])) continue;
  await client.query({ ...upsert, values: COLUMNS.map((name) => row[name] ?? null) });
  written += 1;
}
await client.query('COMMIT');
await client.end();
connection.closeSync();
instance.closeSync();
if (written !== desired.size) throw new Error(`${written} rows written of ${desired.size}`);
console.log(Math.round(performance.now() - started));
