/**
 * Extracting a table of ten columns from Postgres into the workspace, against a bare client that runs `COPY ... TO STDOUT`
 * into a file which DuckDB then reads, its types given. Each in a process of its own: `node bench/postgres-extract.ts source|floor URL`.
 */
import { createWriteStream, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { DuckDBInstance } from '@duckdb/node-api';
import { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';

import { processContext } from '../src/context.ts';
import { openPostgresSource } from '../src/sources/postgres/index.ts';
import { Workspace } from '../src/workspace/workspace.ts';
import { onPostgres, startPostgres } from '../test/support/postgres.ts';
import { type Measurement, measure, median } from './measure.ts';

/** Name, expression of the row number i, type in DuckDB. Like the rows of `data.ts`, about 120 raw bytes. */
export const COLUMNS: readonly (readonly [name: string, expression: string, type: string])[] = [
  ['id', `'cus_' || lpad(to_hex(hashint8extended(i, 0)), 16, '0')`, 'VARCHAR'],
  ['account_id', 'hashint8extended(i, 1) & 33554431', 'BIGINT'],
  ['age', 'CASE WHEN i % 50 > 0 THEN (18 + i % 70)::int END', 'INTEGER'],
  ['ltv', '(hashint8extended(i, 3) & 8388607)::float8 / 100', 'DOUBLE'],
  ['score', '(hashint8extended(i, 4) & 1048575)::float8 / 1000000', 'DOUBLE'],
  ['created_at', `timestamp '2019-01-01' + i * interval '1 second'`, 'TIMESTAMP'],
  ['updated_at', `timestamp '2024-01-01' + i * interval '1.234567 second'`, 'TIMESTAMP'],
  ['email', `'user' || i || '@example' || i % 977 || '.com'`, 'VARCHAR'],
  ['full_name', `(array['Ada', 'Grace', 'Linus', 'Edsger'])[1 + i % 4] || ' Surname' || i % 200000`, 'VARCHAR'],
  ['city', `CASE WHEN i % 20 > 0 THEN 'City ' || i % 5000 END`, 'VARCHAR'],
];
const NAMES = COLUMNS.map(([name]) => name).join(', ');

/** Both ways by turns, so that a busy minute of the machine hits both. */
export async function benchPostgresExtract(
  rows: number,
  times: number,
): Promise<{ readonly measured: Measurement; readonly floor: Measurement }> {
  await using server = await startPostgres({ settings: { shared_buffers: '512MB' } });
  const url = await server.createDatabase();
  const select = COLUMNS.map(([name, expression]) => `${expression} AS ${name}`).join(', ');
  await onPostgres(url, `CREATE TABLE rows AS SELECT ${select} FROM generate_series(1::bigint, ${rows}) AS i`, 'VACUUM ANALYZE rows');
  const floors: Measurement[] = [];
  const measured = await median(times, async () => {
    floors.push(await way('floor', url));
    return way('source', url);
  });
  return { measured, floor: await median(times, async () => Promise.resolve(floors.pop() ?? measured)) };
}

/** The process's own clock leaves out its start. */
async function way(name: 'source' | 'floor', url: string): Promise<Measurement> {
  const ran = await measure([import.meta.filename, name, url]);
  return { ...ran, ms: Number(ran.stdout) };
}

async function source(url: string): Promise<void> {
  const context = processContext({ cwd: tmpdir(), env: {}, emit: () => undefined, signal: new AbortController().signal });
  const location = { file: 'bench.yaml', line: 1, column: 1 };
  await using opened = await openPostgresSource({ name: 'warehouse', type: 'postgres', options: { url }, location }, context);
  await using workspace = await Workspace.open({ memoryLimit: '1GB', threads: 2 });
  await opened.attach(workspace);
  const { from } = await opened.extract({ sql: `SELECT ${NAMES} FROM rows`, lines: [location], sync: 'bench' });
  await workspace.count(`SELECT count(*) FROM ${from}`);
}

async function floor(url: string): Promise<void> {
  const path = join(tmpdir(), `sluice-bench-${process.pid}.csv`);
  const client = new Client(url);
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '1GB', threads: '2', preserve_insertion_order: 'false' });
  const connection = await instance.connect();
  await client.connect();
  try {
    await pipeline(client.query(copyTo(`COPY (SELECT ${NAMES} FROM rows) TO STDOUT (FORMAT csv)`)), createWriteStream(path));
    const columns = COLUMNS.map(([name, , type]) => `'${name}': '${type}'`).join(', ');
    await connection.run(
      `CREATE TEMP TABLE r AS SELECT * FROM read_csv('${path}', header = false, auto_detect = false, columns = {${columns}})`,
    );
    await connection.runAndReadAll('SELECT count(*) FROM r');
  } finally {
    rmSync(path, { force: true });
    await client.end();
    connection.closeSync();
    instance.closeSync();
  }
}

if (import.meta.main) {
  const [what, url = ''] = process.argv.slice(2);
  const started = performance.now();
  await (what === 'source' ? source(url) : floor(url));
  console.log(Math.round(performance.now() - started));
}
