/**
 * Extracting a table of ten columns from BigQuery into the workspace, against a bare loop over the rows of Google's client, which
 * keeps none of them. Both ask the BigQuery of the tests. Each in a process of its own: `node bench/bigquery.ts source|floor URL TABLE`.
 */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BigQuery } from '@google-cloud/bigquery';
import { DuckDBInstance } from '@duckdb/node-api';
import { PassThroughClient } from 'google-auth-library';

import type { Project } from '../src/config/model.ts';
import { processContext } from '../src/context.ts';
import { openBigQuerySource } from '../src/sources/bigquery/index.ts';
import { Workspace } from '../src/workspace/workspace.ts';
import { startBigQuery } from '../test/support/bigquery/index.ts';
import { type Measurement, measure, median } from './measure.ts';

const PROJECT = 'acme-test';
const DATASET = 'bench';

/** Name, expression of DuckDB over the row number i, type. About 120 raw bytes, as the rows of `data.ts`. */
const COLUMNS: readonly (readonly [name: string, expression: string, type: string])[] = [
  ['id', `'cus_' || lpad(to_hex(hash(i)), 16, '0')`, 'STRING'],
  ['account_id', 'CAST(hash(i, 1) & 33554431 AS BIGINT)', 'INT64'],
  ['age', 'CASE WHEN i % 50 > 0 THEN CAST(18 + i % 70 AS BIGINT) END', 'INT64'],
  ['ltv', 'CAST(hash(i, 3) & 8388607 AS DOUBLE) / 100', 'FLOAT64'],
  ['score', 'CAST(hash(i, 4) & 1048575 AS DOUBLE) / 1000000', 'FLOAT64'],
  ['created_on', `DATE '2019-01-01' + CAST(i % 2000 AS INTEGER)`, 'DATE'],
  ['updated_on', `DATE '2024-01-01' + CAST(i % 700 AS INTEGER)`, 'DATE'],
  ['email', `'user' || i || '@example' || (i % 977) || '.com'`, 'STRING'],
  ['full_name', `'Ada Surname' || (i % 200000)`, 'STRING'],
  ['city', `CASE WHEN i % 20 > 0 THEN 'City ' || (i % 5000) END`, 'STRING'],
];
const NAMES = COLUMNS.map(([name]) => name).join(', ');

export interface ExtractResult {
  readonly rows: number;
  readonly measured: Measurement;
  readonly floor: Measurement;
}

/** Two sizes, by which memory that grows would show. Both ways by turns, so that a busy minute of the machine hits both. */
export async function benchBigQuery(rows: number, times: number): Promise<readonly ExtractResult[]> {
  await using server = await startBigQuery({ project: PROJECT });
  const results: ExtractResult[] = [];
  for (const size of [rows / 4, rows]) {
    const table = `rows_${size}`;
    const file = join(tmpdir(), `sluice-bench-${process.pid}.parquet`);
    try {
      await writeRows(file, size);
      await server.load(
        DATASET,
        table,
        file,
        COLUMNS.map(([name, , type]) => ({ name, type })),
      );
    } finally {
      await rm(file, { force: true });
    }
    const floors: Measurement[] = [];
    const measured = await median(times, async () => {
      floors.push(await way('floor', server.url, table));
      return way('source', server.url, table);
    });
    results.push({ rows: size, measured, floor: await median(times, async () => Promise.resolve(floors.pop() ?? measured)) });
  }
  return results;
}

async function writeRows(file: string, rows: number): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const items = COLUMNS.map(([name, expression]) => `${expression} AS ${name}`).join(', ');
    await connection.run(`COPY (SELECT ${items} FROM range(${rows}) AS r(i)) TO '${file}' (FORMAT parquet)`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The process's own clock leaves out its start. */
async function way(name: 'source' | 'floor', url: string, table: string): Promise<Measurement> {
  const ran = await measure([import.meta.filename, name, url, table], { env: { METADATA_SERVER_DETECTION: 'none' } });
  return { ...ran, ms: Number(ran.stdout) };
}

async function source(url: string, table: string): Promise<void> {
  const env = { BIGQUERY_EMULATOR_HOST: url };
  const context = processContext({ cwd: tmpdir(), env, emit: () => undefined, signal: new AbortController().signal });
  const location = { file: 'bench.yaml', line: 1, column: 1 };
  const connection = { name: 'warehouse', type: 'bigquery', options: { project: PROJECT }, location };
  await using opened = await openBigQuerySource(connection, context, { name: 'bench', dir: tmpdir() } as Project);
  await using workspace = await Workspace.open({ memoryLimit: '1GB', threads: 2 });
  await opened.attach(workspace);
  const { from } = await opened.extract({ sql: `SELECT ${NAMES} FROM ${DATASET}.${table}`, lines: [location], sync: 'bench' });
  await workspace.count(`SELECT count(*) FROM ${from}`);
}

async function floor(url: string, table: string): Promise<void> {
  const client = new BigQuery({ projectId: PROJECT, apiEndpoint: url, authClient: new PassThroughClient() });
  let [rows, cells] = [0, 0];
  for await (const row of client.createQueryStream(`SELECT ${NAMES} FROM ${DATASET}.${table}`)) {
    rows += 1;
    cells += Object.keys(row as object).length;
  }
  if (rows !== Number(table.split('_').at(-1)) || cells !== rows * COLUMNS.length) throw new Error(`${rows} rows, ${cells} cells`);
}

if (import.meta.main) {
  const [what, url = '', table = ''] = process.argv.slice(2);
  const started = performance.now();
  await (what === 'source' ? source(url, table) : floor(url, table));
  console.log(Math.round(performance.now() - started));
}
