/**
 * A plan whose comparison runs in Postgres, against the SQL that one would write by hand for the same tables: the model joined
 * with a snapshot of keys and hashes on the key, rows that differ fetched by a bare client.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from 'pg';

import { onPostgres, startPostgres } from '../test/support/postgres.ts';
import { type Measurement, measure, median } from './measure.ts';
import { COLUMNS } from './postgres-extract.ts';

const CLI = join(import.meta.dirname, '..', 'dist', 'cli.js');
const NAMES = COLUMNS.map(([name]) => name);
const HASH = `hashtextextended(ROW(${NAMES.map((name) => `m.${name}`).join(', ')})::text, 0)`;

export interface PlanBench {
  readonly measured: Measurement;
  readonly floor: Measurement;
}

/** `rows` records, 1% of them changed since they were sent. State is made by adopting a destination that holds them all. */
export async function benchPostgresPlan(rows: number, times: number, folder: string): Promise<PlanBench> {
  await using server = await startPostgres({ settings: { shared_buffers: '1GB', work_mem: '256MB', max_wal_size: '8GB' } });
  const url = await server.createDatabase();
  const select = COLUMNS.map(([name, expression]) => `${expression} AS ${name}`).join(', ');
  await onPostgres(
    url,
    `CREATE TABLE rows AS SELECT ${select} FROM generate_series(1::bigint, ${rows}) AS i`,
    'CREATE SCHEMA crm',
    'CREATE TABLE crm.rows AS SELECT * FROM rows',
    'CREATE UNIQUE INDEX ON crm.rows (id)',
    `CREATE TABLE snapshot AS SELECT m.id, ${HASH} AS hash FROM rows AS m`,
    'VACUUM ANALYZE rows, crm.rows, snapshot',
  );
  const dir = writeProject(folder);
  const env = { PG_BENCH: url };
  await measure([CLI, 'apply', '--dir', dir, '--adopt-only', '--yes'], { cwd: folder, env });
  await onPostgres(url, 'UPDATE rows SET age = coalesce(age, 0) + 1 WHERE account_id % 100 = 0', 'VACUUM ANALYZE');
  const floors: Measurement[] = [];
  const measured = await median(times, async () => {
    floors.push(await byHand(url));
    const plan = ['plan', '--dir', dir, '--refresh', 'none', '--engine', 'warehouse', '--out', join(folder, 'plan.duckdb'), '--json'];
    return measure([CLI, ...plan], { cwd: folder, env });
  });
  return { measured, floor: await median(times, async () => Promise.resolve(floors.pop() ?? measured)) };
}

async function byHand(url: string): Promise<Measurement> {
  const client = new Client(url);
  await client.connect();
  try {
    const started = performance.now();
    const { rowCount } = await client.query(
      `SELECT m.*, s.id AS known FROM rows AS m FULL JOIN snapshot AS s ON s.id = m.id WHERE s.hash IS DISTINCT FROM ${HASH}`,
    );
    if (rowCount === 0) throw new Error('nothing differs: the floor measures nothing');
    return { ms: performance.now() - started, peakMb: 0, cpuMs: 0, stdout: '' };
  } finally {
    await client.end();
  }
}

function writeProject(folder: string): string {
  const dir = join(folder, 'syncs');
  mkdirSync(dir, { recursive: true });
  const fields = NAMES.filter((name) => name !== 'id').map((name) => `  ${name}: ${name}`);
  const connection = (name: string, schema: string): string =>
    `kind: Connection\nname: ${name}\ntype: postgres\nurl: "\${env.PG_BENCH}"\nschema: ${schema}\n---`;
  const text = `
kind: Project
name: bench
state: { connection: warehouse, schema: sluice }
---
${connection('warehouse', 'public')}
${connection('crm', 'crm')}
kind: Sync
name: customers
source: { connection: warehouse, table: rows, key: id }
destination: { connection: crm, object: rows, key: id }
on_missing: delete
guards: { updates: { percent: 100 }, deletes: { max: 1000000000, percent: 100 } }
fields:
${fields.join('\n')}
`;
  writeFileSync(join(dir, 'project.yaml'), text);
  return dir;
}
