/** The example project with BigQuery as source and as state, as a person runs it; the CRM is the example's DuckDB file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { AS_SENT, compareWithWarehouse } from '../../scripts/demo-changes.ts';
import { buildExample, withDatabase } from '../../scripts/example-databases.ts';
import { type BigQueryServer, startBigQuery } from '../support/bigquery/index.ts';
import { must, project, type TestProject } from '../support/project.ts';

const EXAMPLE = join(import.meta.dirname, '..', '..', 'syncs');
const CLI = join(EXAMPLE, '..', 'src', 'cli.ts');
const TABLES = {
  accounts: 'account_id STRING, name STRING, legacy_id STRING, billing_number BIGNUMERIC(38), arr NUMERIC(18, 2), seats INT64, is_customer BOOL, region STRING, postcode STRING, phone STRING, tags JSON, renewal_date DATE, last_seen_at TIMESTAMP, note STRING',
  contacts: 'contact_id STRING, account_id STRING, first_name STRING, last_name STRING, email STRING, phone STRING, title STRING, opted_in BOOL, created_at TIMESTAMP',
  subscriptions: 'account_id STRING, product_code STRING, term STRING, quantity INT64, mrr NUMERIC(12, 2), discount FLOAT64, status STRING, starts_on DATE, ends_on DATE',
}; // prettier-ignore

let server: BigQueryServer;
let p: TestProject;

beforeAll(async () => {
  server = await startBigQuery();
  p = await project({ env: server.env });
  await rm(p.file('syncs'), { recursive: true });
  await cp(EXAMPLE, p.file('syncs'), { recursive: true });
  await rm(p.file('syncs/tests.yaml'));
  await buildExample(p.root);
  await server.sql('CREATE SCHEMA gold; CREATE SCHEMA state');
  for (const [table, columns] of Object.entries(TABLES)) await loadTable(table, columns);
  await p.write('syncs/project.yaml', {
    kind: 'Project',
    name: 'acme-revops',
    state: { connection: 'warehouse', dataset: 'state' },
    vars: { schema: 'gold' },
    guards: { deletes: { max: 100, percent: 5 } },
  });
  await p.write(
    'syncs/connections.yaml',
    { kind: 'Connection', name: 'warehouse', type: 'bigquery', project: server.project },
    { kind: 'Connection', name: 'crm', type: 'duckdb', path: '../data/crm.duckdb' },
  );
  await portModel(p.file('syncs/models/account_health.sql'));
}, 120_000);
afterAll(async () => {
  await p[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** As text first: nothing guesses a type, and an empty string is not a null. */
async function loadTable(table: string, columns: string): Promise<void> {
  const file = p.file(`${table}.parquet`);
  const cells = columns.split(/, (?=[a-z])/).map((column) => {
    const [name = '', type = ''] = column.split(/ (.*)/);
    return { name, type };
  });
  await withDatabase(p.file('data/warehouse.duckdb'), async (connection) => {
    await connection.run(`SET TimeZone = 'UTC'`);
    await connection.run(`COPY (SELECT CAST(COLUMNS(*) AS VARCHAR) FROM gold.${table}) TO '${file}' (FORMAT parquet)`);
  });
  const texts = cells.map(({ name }) => ({ name, type: 'STRING' }));
  await server.load('raw', table, file, texts);
  const typed = cells.map(({ name, type }) => (type === 'JSON' ? `PARSE_JSON(${name}) AS ${name}` : `CAST(${name} AS ${type}) AS ${name}`));
  await server.sql(`CREATE TABLE gold.${table} AS SELECT ${typed.join(', ')} FROM raw.${table}`);
}

/** GoogleSQL has no FILTER for aggregates. */
async function portModel(file: string): Promise<void> {
  const sql = await readFile(file, 'utf8');
  const ported = sql
    .replaceAll(/count\(\*\) filter \(where (.*?)\)/g, 'countif($1)')
    .replaceAll(/sum\(mrr\) filter \(where (.*?)\)/g, 'sum(if($1, mrr, null))');
  await writeFile(file, ported);
}

function isDryRun(body: unknown): boolean {
  return (body as { configuration?: { dryRun?: boolean } }).configuration?.dryRun === true;
}

async function differences(): Promise<readonly string[]> {
  const files = { warehouse: p.file('data/warehouse.duckdb'), crm: p.file('data/crm.duckdb') };
  return withDatabase(':memory:', async (connection) => compareWithWarehouse(connection, files, AS_SENT));
}

/** Runs in the order of a person's day. */
test('plan, apply, nothing left; changes, a saved plan, nothing left; two at once; a kill', { timeout: 360_000 }, async () => {
  const first = await p.run(['plan', '--detailed-exitcode']);
  must(first, 2);
  expect(first.stdout).toContain('billed by the warehouse');
  must(await p.run(['apply', '--yes']), 0);
  expect(await differences(), 'every value arrived as the example has it').toEqual([]);

  server.requests.reset();
  const empty = await p.run(['plan', '--detailed-exitcode', '--refresh', 'changed']);
  must(empty, 0);
  expect(empty.stdout).toContain('compared in warehouse, beside the state: 0 of 640 rows travelled');
  // A dry run costs nothing and leaves no job to find.
  const jobs = server.requests.of('jobs.insert:query').filter(({ body }) => !isDryRun(body));
  expect(jobs.map(({ labels }) => [labels['sluice_sync'], labels['sluice_phase']])).toEqual([
    ['accounts', 'compare'],
    ['contacts', 'compare'],
    ['subscriptions', 'compare'],
  ]);
  for (const { labels } of jobs) {
    expect(Object.keys(labels)).toEqual(expect.arrayContaining(['sluice_project', 'sluice_run', 'sluice_phase']));
    expect(labels['sluice_project']).toBe('acme-revops');
  }

  const moved = `name = 'Quoted "Properly", Inc. 🚀' WHERE account_id = 'ACC-0002'`;
  await server.sql(`UPDATE gold.accounts SET ${moved}`);
  await p.onFile('data/warehouse.duckdb', `UPDATE gold.accounts SET ${moved}`);
  await p.onFile('data/crm.duckdb', `UPDATE "Account" SET Seats__c = 9999 WHERE External_Id__c = 'ACC-0400'`);
  must(await p.run(['plan', '--out', 'saved.duckdb', '--detailed-exitcode']), 2);
  expect((await p.run(['show', 'saved.duckdb', '--json'])).json).toMatchObject({ summary: { update: 2, drift: 1, create: 0, delete: 0 } });
  must(await p.run(['apply', 'saved.duckdb', '--yes']), 0);
  must(await p.run(['plan', '--detailed-exitcode']), 0);
  expect(await differences()).toEqual([]);
  await twoAtOnceAndAKill();
});

/** `node src/cli.ts apply`, sent a signal once its first load job has reached the server. */
async function applyUntilItLoads(signal: NodeJS.Signals): Promise<{ readonly child: ChildProcess; readonly ended: Promise<unknown[]> }> {
  server.requests.reset();
  const child = spawn(process.execPath, [CLI, 'apply', '--yes'], {
    cwd: p.root,
    env: { PATH: process.env['PATH'], ...server.env },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  while (server.requests.count('jobs.insert:load') + server.requests.count('upload') === 0 && child.exitCode === null) {
    await delay(20);
  }
  child.kill(signal);
  return { child, ended };
}

/** While one apply runs another is told who holds the lease; a killed one is resumed. */
async function twoAtOnceAndAKill(): Promise<void> {
  await server.sql(`UPDATE gold.accounts SET seats = 77 WHERE account_id < 'ACC-0100'`);
  const { child, ended } = await applyUntilItLoads('SIGSTOP');
  const other = await p.run(['apply', '--yes']);
  child.kill('SIGCONT');
  expect((await ended)[0]).toBe(0);
  expect(other.code).not.toBe(0);
  expect(`${other.stdout}${other.stderr}`).toContain(String(child.pid));

  await server.sql(`UPDATE gold.accounts SET seats = 78 WHERE account_id < 'ACC-0100'`);
  const killed = await applyUntilItLoads('SIGKILL');
  expect((await killed.ended)[1]).toBe('SIGKILL');
  const told = await p.run(['apply', '--yes']);
  const unlock = /sluice (state unlock accounts --generation \d+)/.exec(`${told.stdout}${told.stderr}`)?.[1] ?? '';
  must(await p.run(unlock.split(' ')), 0);
  must(await p.run(['apply', '--yes']), 0);
  must(await p.run(['plan', '--detailed-exitcode']), 0);
}
