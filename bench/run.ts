/**
 * `npm run bench [-- --rows 1m,10m] [--folder DIR] [--times 3]`: speed and memory as ratios within one run, against a floor that the
 * same run measures. Absolute times depend on the machine; ratios are what the targets are about. `--rows 100m` needs
 * about 20 GB of disk.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { benchBigQuery } from './bigquery.ts';
import { makeData } from './data.ts';
import { type Measurement, measure, median } from './measure.ts';
import { benchPostgresApply } from './postgres-apply.ts';
import { benchPostgresExtract } from './postgres-extract.ts';
import { benchPostgresPlan } from './postgres-plan.ts';
import { writeProject } from './project.ts';
import { benchSalesforce } from './salesforce.ts';

const CLI = join(import.meta.dirname, '..', 'dist', 'cli.js');
const FLOOR = join(import.meta.dirname, 'floor.ts');

interface Result {
  readonly work: string;
  readonly rows: string;
  readonly ms: number;
  readonly floorMs: number;
  readonly peakMb: number;
  readonly target: string;
}

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1m,10m' },
    folder: { type: 'string', default: join(tmpdir(), 'sluice-bench-data') },
    times: { type: 'string', default: '3' },
    only: { type: 'string', default: 'plan,apply,start' },
  },
});
const times = Number(values.times);
const only = values.only.split(',');
const results: Result[] = [];
for (const size of values.rows.split(',')) {
  if (only.includes('plan')) results.push(...(await benchPlan(size)));
}
if (only.includes('apply')) results.push(await benchApply('1m'));
if (only.includes('pg-extract')) {
  const { measured, floor } = await benchPostgresExtract(1_000_000, times);
  const { ms, peakMb } = measured;
  results.push({ work: 'extract from Postgres', rows: '1m', ms, floorMs: floor.ms, peakMb, target: '1.43x' });
}
if (only.includes('pg-apply')) {
  for (const size of values.rows.split(',')) {
    for (const { work, measured, floor, target } of await benchPostgresApply(count(size), { folder: values.folder, times })) {
      results.push({ work, rows: size, ms: measured.ms, floorMs: floor.ms, peakMb: measured.peakMb, target });
    }
  }
}
if (only.includes('pg-plan')) {
  for (const size of values.rows.split(',')) {
    const folder = join(values.folder, `pg-plan-${size}`);
    mkdirSync(folder, { recursive: true });
    const { measured, floor } = await benchPostgresPlan(count(size), times, folder);
    results.push({
      work: 'plan compared in Postgres, 1% changed',
      rows: size,
      ms: measured.ms,
      floorMs: floor.ms,
      peakMb: measured.peakMb,
      target: '1.5x',
    });
  }
}
if (only.includes('bigquery')) {
  for (const size of values.rows.split(',')) {
    for (const { rows, measured, floor } of await benchBigQuery(count(size), times)) {
      const work = `extract from BigQuery: ${perSecond(measured.ms, rows)} rows a second (client alone: ${perSecond(floor.ms, rows)})`;
      results.push({ work, rows: String(rows), ms: measured.ms, floorMs: floor.ms, peakMb: measured.peakMb, target: '1.25x' });
    }
  }
}
if (only.includes('salesforce')) {
  for (const each of await benchSalesforce(values.folder)) {
    const { work, rows, measured, floor, apiCalls, target } = each;
    results.push({ work: `${work}: ${apiCalls} API calls, ${perRecord(measured.cpuMs, rows)} of processor a record (floor ${perRecord(floor.cpuMs, rows)})`, rows: String(rows), ms: measured.ms, floorMs: floor.ms, peakMb: measured.peakMb, target }); // prettier-ignore
  }
}
print(results);
if (only.includes('start')) await benchStart();

function count(size: string): number {
  const match = /^(\d+)(k|m)$/.exec(size);
  if (match === null) throw new Error(`--rows ${size}: write for example 100k, 1m or 10m`);
  return Number(match[1]) * (match[2] === 'm' ? 1_000_000 : 1_000);
}

function perSecond(ms: number, rows: number): string {
  return Math.round((rows * 1000) / ms).toLocaleString('en-US');
}

function perRecord(cpuMs: number, rows: number): string {
  return `${((cpuMs * 1000) / rows).toFixed(0)} µs`;
}

/** Memory of the workspace: the targets name the peak of the whole process. */
function memoryFor(size: string): string {
  return count(size) > 20_000_000 ? '2GB' : '1GB';
}

async function benchPlan(size: string): Promise<Result[]> {
  const folder = join(values.folder, size);
  const { snapshot, desired } = await makeData(folder, count(size));
  const state = join(folder, 'state', 'state.duckdb');
  const memory = memoryFor(size);
  if (!existsSync(state)) {
    // State of a destination that holds the snapshot already: adopted as a set.
    const dir = writeProject({ folder, warehouse: snapshot, destination: snapshot, state });
    await measure([CLI, 'apply', '--dir', dir, '--adopt-only', '--yes'], { cwd: folder });
  }
  const plan = async (warehouse: string, refresh: string, limit: string): Promise<Measurement> => {
    const dir = writeProject({ folder, warehouse, destination: snapshot, state });
    const env = { SLUICE_MEMORY_LIMIT: limit };
    return median(times, async () => measure([CLI, 'plan', '--dir', dir, '--refresh', refresh, '--json'], { cwd: folder, env }));
  };
  const floor = await median(times, async () => floorOf('scan', desired, snapshot, memory));
  const big = count(size) > 20_000_000;
  const row = (work: string, measured: Measurement, target: string): Result => ({
    work,
    rows: size,
    ms: measured.ms,
    floorMs: floor.ms,
    peakMb: measured.peakMb,
    target,
  });
  const noneTarget = big ? '2.5x, 3,000 MB' : '1.5x, 1,500 MB';
  return [
    row('plan --refresh none, nothing changed', await plan(snapshot, 'none', memory), noneTarget),
    row('plan --refresh none, 1% changed', await plan(desired, 'none', memory), noneTarget),
    ...(big ? [] : [row('plan --refresh all, 1% changed', await plan(desired, 'all', '2GB'), '3x')]),
  ];
}

/** The floor's own clock leaves out the start of the process; ours does not. */
async function floorOf(what: 'scan' | 'insert', first: string, second: string, memory: string): Promise<Measurement> {
  const measured = await measure([FLOOR, what, first, second, memory]);
  return { ...measured, ms: Number(measured.stdout) };
}

async function benchApply(size: string): Promise<Result> {
  const folder = join(values.folder, size);
  const { desired, snapshot } = await makeData(folder, count(size));
  const floor = await median(times, async () => floorOf('insert', desired, join(folder, 'floor.duckdb'), '2GB'));
  rmSync(join(folder, 'floor.duckdb'), { force: true });
  const own = join(folder, 'apply');
  const measured = await median(times, async () => {
    rmSync(own, { recursive: true, force: true });
    mkdirSync(own, { recursive: true });
    const destination = join(own, 'crm.duckdb');
    await emptyCopy(snapshot, destination);
    const dir = writeProject({ folder: own, warehouse: desired, destination, state: join(own, 'state.duckdb') });
    return measure([CLI, 'apply', '--dir', dir, '--yes', '--json'], { cwd: own });
  });
  rmSync(own, { recursive: true, force: true });
  return {
    work: 'first apply, all created (plan, state and history included)',
    rows: size,
    ms: measured.ms,
    floorMs: floor.ms,
    peakMb: measured.peakMb,
    target: '5x',
  };
}

async function emptyCopy(from: string, to: string): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(to);
  const connection = await instance.connect();
  await connection.run(`ATTACH '${from}' AS origin (READ_ONLY)`);
  await connection.run('CREATE TABLE rows AS SELECT * FROM origin.rows LIMIT 0');
  connection.closeSync();
  instance.closeSync();
}

async function benchStart(): Promise<void> {
  const help = await median(5, async () => measure([CLI, '--help']));
  const folder = join(values.folder, 'validate');
  const dir = join(folder, 'syncs');
  mkdirSync(dir, { recursive: true });
  const base = writeProject({
    folder,
    warehouse: join(folder, 'w.duckdb'),
    destination: join(folder, 'c.duckdb'),
    state: join(folder, 's.duckdb'),
  });
  for (let index = 0; index < 200; index += 1) writeFileSync(join(base, `sync-${index}.yaml`), manySyncs(index));
  const validate = await median(5, async () => measure([CLI, 'validate', '--dir', dir], { cwd: folder }));
  rmSync(folder, { recursive: true, force: true });
  console.log(`\n| start | measured | target |\n| --- | ---: | ---: |`);
  console.log(`| sluice --help | ${Math.round(help.ms)} ms | 200 ms |`);
  console.log(`| sluice validate, 200 syncs | ${Math.round(validate.ms)} ms | 1,000 ms |`);
}

function manySyncs(index: number): string {
  return `kind: Sync
name: sync-${index}
source:
  connection: warehouse
  query: select id, email, city, ltv from rows where account_id % 200 = ${index}
  key: id
destination: { connection: crm, object: table_${index}, key: id }
fields: { email: email, city: { column: city, on_null: skip }, ltv: { sql: "round(ltv, 2)" } }
checks: [{ name: no city is lost, sql: "select key from changes where before.city is not null and after.city is null" }]
`;
}

function print(measured: readonly Result[]): void {
  if (measured.length === 0) return;
  console.log('| work | rows | measured | floor | ratio | peak MB | target |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |');
  for (const each of measured) {
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
    console.log(
      `| ${each.work} | ${each.rows} | ${seconds(each.ms)} | ${seconds(each.floorMs)} | ${(each.ms / each.floorMs).toFixed(2)}x | ${each.peakMb} | ${each.target} |`,
    );
  }
}
