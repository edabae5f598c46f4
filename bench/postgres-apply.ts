/**
 * Applying changes to a table of ten columns in Postgres, state and history included, against what can be had for less: the
 * changed rows by `COPY` into a temporary table and one `INSERT ... ON CONFLICT`. Every record changes in two columns; then
 * with 0.1% of them refused by a constraint; then every record created. `node bench/postgres-apply.ts floor CSV URL` is the floor.
 */
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { DuckDBInstance } from '@duckdb/node-api';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

import { onPostgres, type Postgres, startPostgres } from '../test/support/postgres.ts';
import { COLUMNS, rowsSql } from './data.ts';
import { type Measurement, measure, median } from './measure.ts';
import { writeProject } from './project.ts';

const CLI = join(import.meta.dirname, '..', 'dist', 'cli.js');
const HAND_WRITTEN = join(import.meta.dirname, 'hand-written.ts');
const NAMES = COLUMNS.join(', ');

const TABLE = `CREATE TABLE rows (id text PRIMARY KEY, account_id bigint, age int, ltv float8 CONSTRAINT positive CHECK (ltv >= 0), score float8,
  created_at timestamp, updated_at timestamp, email text, full_name text, city text)`;

export interface PostgresApply {
  readonly work: string;
  readonly measured: Measurement;
  readonly floor: Measurement;
  readonly target: string;
}

/** The same work by turns, so that a busy minute of the machine hits all of them. */
export async function benchPostgresApply(rows: number, options: { folder: string; times: number }): Promise<PostgresApply[]> {
  await using server = await startPostgres({ settings: { shared_buffers: '512MB', max_wal_size: '4GB' } });
  const folder = join(options.folder, `pg-apply-${rows}`);
  const bench = new Bench(server, folder, rows);
  await bench.prepare();
  const { times } = options;
  const floors: Measurement[] = [];
  const cleans: Measurement[] = [];
  const created: Measurement[] = [];
  const createdFloors: Measurement[] = [];
  const bad = await median(times, async () => {
    floors.push(await bench.floor('changed'));
    cleans.push(await bench.apply('changed'));
    createdFloors.push(await bench.floor('created'));
    created.push(await bench.apply('created'));
    return bench.apply('bad');
  });
  const [floor, clean, creates, createsFloor] = await Promise.all([floors, cleans, created, createdFloors].map(async (all) => middle(all)));
  const whole = await median(1, async () => bench.whole());
  const byHand = await median(1, async () => bench.byHand());
  await rm(folder, { recursive: true, force: true });
  return [
    { work: 'apply to Postgres, all changed in two fields', measured: clean ?? bad, floor: floor ?? bad, target: '2x, 500 MB' },
    { work: 'the same with 0.1% bad rows, against the clean one', measured: bad, floor: clean ?? bad, target: '2x' },
    { work: 'apply to Postgres, all created', measured: creates ?? bad, floor: createsFloor ?? bad, target: '2x, 500 MB' },
    { work: 'plan and apply, against a script with two maps', measured: whole, floor: byHand, target: '-' },
  ];
}

/** The median of what was measured by turns. */
async function middle(all: readonly Measurement[]): Promise<Measurement> {
  const left = [...all];
  return median(all.length, async () => {
    const next = left.pop();
    if (next === undefined) throw new Error('nothing was measured');
    return Promise.resolve(next);
  });
}

type Scenario = 'changed' | 'bad' | 'created';

class Bench {
  readonly #server: Postgres;
  readonly #folder: string;
  readonly #rows: number;
  #url = '';

  constructor(server: Postgres, folder: string, rows: number) {
    this.#server = server;
    this.#folder = folder;
    this.#rows = rows;
  }

  /** Two warehouses, and a table `snapshot` to start from. */
  async prepare(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    await mkdir(this.#folder, { recursive: true });
    this.#url = await this.#server.createDatabase();
    const changed = `* REPLACE (ltv + 1.25 AS ltv, updated_at + INTERVAL 1 DAY AS updated_at)`;
    const bad = `* REPLACE (CASE WHEN hash(id) % 1000 = 7 THEN -1 ELSE ltv + 1.25 END AS ltv, updated_at + INTERVAL 1 DAY AS updated_at)`;
    const instance = await DuckDBInstance.create(':memory:', { memory_limit: '4GB' });
    const connection = await instance.connect();
    for (const [name, columns] of [
      ['changed', changed],
      ['bad', bad],
    ] as const) {
      await connection.run(`ATTACH '${this.#path(name)}' AS target`);
      await connection.run(`CREATE TABLE target.rows AS SELECT ${columns} FROM (${rowsSql(this.#rows, 'snapshot')})`);
      if (name === 'changed') await connection.run(`COPY target.rows TO '${join(this.#folder, 'changed.csv')}' (HEADER false)`);
      await connection.run('DETACH target');
    }
    await connection.run(`COPY (${rowsSql(this.#rows, 'snapshot')}) TO '${join(this.#folder, 'snapshot.csv')}' (HEADER false)`);
    connection.closeSync();
    instance.closeSync();
    await onPostgres(this.#url, TABLE, 'CREATE UNLOGGED TABLE snapshot (LIKE rows)');
    await copy(this.#url, 'snapshot', join(this.#folder, 'snapshot.csv'));
  }

  async floor(scenario: Scenario): Promise<Measurement> {
    await this.#reset(scenario);
    const measured = await measure([import.meta.filename, 'floor', join(this.#folder, 'changed.csv'), this.#url]);
    return { ...measured, ms: Number(measured.stdout) };
  }

  /** A saved plan: its making is not what is measured. */
  async apply(scenario: Scenario): Promise<Measurement> {
    await this.#reset(scenario);
    const dir = this.#project(scenario);
    const plan = join(this.#folder, 'plan.duckdb');
    await rm(plan, { force: true });
    await measure([CLI, 'plan', '--dir', dir, '--out', plan, '--json'], { cwd: this.#folder });
    return measure([CLI, 'apply', plan, '--dir', dir, '--yes', '--json'], { cwd: this.#folder, accept: [0, 5] });
  }

  async whole(): Promise<Measurement> {
    await this.#reset('changed');
    return measure([CLI, 'apply', '--dir', this.#project('changed'), '--yes', '--json'], { cwd: this.#folder });
  }

  async byHand(): Promise<Measurement> {
    await this.#reset('changed');
    const measured = await measure(['--max-old-space-size=8000', HAND_WRITTEN, this.#path('changed'), this.#url]);
    return { ...measured, ms: Number(measured.stdout) };
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.duckdb`);
  }

  #project(scenario: Scenario): string {
    return writeProject({
      folder: this.#folder,
      warehouse: this.#path(scenario === 'bad' ? 'bad' : 'changed'),
      destination: { type: 'postgres', url: this.#url },
      state: join(this.#folder, 'state', 'state.duckdb'),
    });
  }

  async #reset(scenario: Scenario): Promise<void> {
    await rm(join(this.#folder, 'state'), { recursive: true, force: true });
    const fill = scenario === 'created' ? [] : ['INSERT INTO rows SELECT * FROM snapshot'];
    await onPostgres(this.#url, 'TRUNCATE rows', ...fill, 'VACUUM ANALYZE rows', 'CHECKPOINT');
  }
}

async function copy(url: string, table: string, csv: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await pipeline(createReadStream(csv), client.query(copyFrom(`COPY ${table} (${NAMES}) FROM STDIN (FORMAT csv)`)));
  await client.end();
}

async function floor(csv: string, url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const started = performance.now();
  await client.query('BEGIN; CREATE TEMP TABLE staged (LIKE rows) ON COMMIT DROP');
  await pipeline(createReadStream(csv), client.query(copyFrom(`COPY staged (${NAMES}) FROM STDIN (FORMAT csv)`)));
  const sets = COLUMNS.slice(1).map((name) => `${name} = excluded.${name}`);
  await client.query(`INSERT INTO rows SELECT * FROM staged ON CONFLICT (id) DO UPDATE SET ${sets.join(', ')}`);
  await client.query('COMMIT');
  console.log(Math.round(performance.now() - started));
  await client.end();
}

const [what, csv = '', url = ''] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && what === 'floor') await floor(csv, url);
