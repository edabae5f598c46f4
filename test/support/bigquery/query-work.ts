/** Runs the SQL of a query job, and puts its rows where they belong. */
import { createHash } from 'node:crypto';

import type { DryRun, RunOptions, StatementResult, TableRef } from './engine.ts';
import { ApiError, datasetNotFound, tableName } from './errors.ts';
import type { Job, Outcome } from './job.ts';
import type { Destination, QueryRequest } from './query-request.ts';
import { duckdbName } from './sql/names.ts';
import type { World } from './world.ts';

const MEGABYTE = 1024n * 1024n;
const DAY_MS = 24 * 60 * 60 * 1000;

export function runOptions(world: World, request: QueryRequest, location: string, signal?: AbortSignal): RunOptions {
  const { params, parameterMode, defaultDataset } = request;
  return {
    params,
    now: world.now,
    location,
    ...(parameterMode === undefined ? {} : { parameterMode }),
    ...(defaultDataset === undefined ? {} : { defaultDataset }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** What on-demand billing takes: whole megabytes, at least ten for each table that is read. */
export function billed(bytes: bigint, tables: number): bigint {
  if (bytes === 0n) return 0n;
  const rounded = ((bytes + MEGABYTE - 1n) / MEGABYTE) * MEGABYTE;
  const least = 10n * MEGABYTE * BigInt(Math.max(tables, 1));
  return rounded > least ? rounded : least;
}

/** Runs it; `planned` hears of each SELECT and DML statement before it runs. */
export async function runQuery(world: World, request: QueryRequest, job: Job, planned: (job: Job, plan: DryRun) => void): Promise<Outcome> {
  const script = world.engine.isScript(request.sql);
  if (script && request.destination !== undefined) {
    throw new ApiError('invalid', 'configuration.query.destinationTable cannot be set for scripts');
  }
  const results: StatementResult[] = [];
  const options = {
    ...runOptions(world, request, job.reference.location, job.stop.signal),
    planned: (plan: DryRun): void => {
      planned(job, plan);
      // A statement over the limit does nothing; of a script, what ran before stays.
      checkLimit(sumBilled([...results, plan]), request.maximumBytesBilled);
    },
  };
  for await (const result of world.engine.run(request.sql, options)) {
    results.push(result);
    if (script) world.jobs.addChild(job, childConfiguration(result), outcomeOf([result], result.statementType));
  }
  const outcome = outcomeOf(results, script ? 'SCRIPT' : results.at(-1)?.statementType);
  return request.destination === undefined
    ? intoAnonymous(world, job, request.sql, outcome)
    : intoTable(world, outcome, request.destination);
}

function checkLimit(needed: bigint, limit: bigint | undefined): void {
  if (limit === undefined || needed <= limit) return;
  throw new ApiError('bytesBilledLimitExceeded', `Query exceeded limit for bytes billed: ${limit}. ${needed} or higher required.`);
}

function sumBilled(results: readonly Pick<StatementResult, 'bytes' | 'referencedTables'>[]): bigint {
  return results.reduce((sum, { bytes, referencedTables }) => sum + billed(bytes, referencedTables.length), 0n);
}

function childConfiguration(result: StatementResult): Job['configuration'] {
  return { query: { query: result.sql, priority: 'INTERACTIVE', useLegacySql: false }, jobType: 'QUERY' };
}

/** Rows are those of the last SELECT. */
function outcomeOf(results: readonly StatementResult[], statementType: string | undefined): Outcome {
  const rows = results.findLast((result) => result.statementType === 'SELECT' && result.table !== undefined);
  const single = results.length === 1 ? results[0] : undefined;
  return {
    bytes: results.reduce((sum, { bytes }) => sum + bytes, 0n),
    billed: sumBilled(results),
    rowCount: rows?.rowCount ?? 0,
    referencedTables: results.flatMap(({ referencedTables }) => referencedTables),
    ...(statementType === undefined ? {} : { statementType }),
    ...(rows?.schema === undefined ? {} : { schema: rows.schema }),
    ...(rows?.table === undefined ? {} : { table: rows.table }),
    ...(single?.dml === undefined ? {} : { dml: single.dml }),
    ...(single?.ddl === undefined ? {} : { ddl: single.ddl }),
  };
}

/** Name of the hidden table that holds a result for a day. */
export function anonymousTable(world: World, sql: string, job: string): TableRef {
  const hash = (text: string): string => createHash('sha1').update(text).digest('hex');
  return { projectId: world.project, datasetId: `_${hash(world.project)}`, tableId: `anon${hash(`${job} ${sql}`)}` };
}

function intoAnonymous(world: World, job: Job, sql: string, outcome: Outcome): Outcome {
  const { table, schema } = outcome;
  if (table === undefined || schema === undefined) return outcome;
  const ref = anonymousTable(world, sql, job.reference.jobId);
  if (!world.catalog.hasDataset(ref.projectId, ref.datasetId)) {
    world.catalog.createDataset(ref.projectId, ref.datasetId, { location: job.reference.location });
  }
  world.catalog.put({ ref, duckdb: table, fields: schema, expirationTime: String(world.now() + DAY_MS) });
  return { ...outcome, destination: ref };
}

async function intoTable(world: World, outcome: Outcome, destination: Destination): Promise<Outcome> {
  const { ref, write, create, clustering } = destination;
  const { table, schema } = outcome;
  if (table === undefined || schema === undefined) {
    throw new ApiError('invalid', `Cannot set destination table in jobs with ${outcome.statementType ?? 'such'} statements`);
  }
  const existing = await writable(world, ref, write, create);
  const duckdb = duckdbName(ref);
  if (existing && write === 'WRITE_APPEND') {
    await world.duckdb.run(`INSERT INTO ${duckdb} BY NAME SELECT * FROM ${table}`);
    world.catalog.touch(ref);
  } else {
    await world.duckdb.run(`CREATE OR REPLACE TABLE ${duckdb} AS SELECT * FROM ${table}`);
    world.catalog.put({ ...world.catalog.table(ref), ref, duckdb, fields: schema, ...(clustering === undefined ? {} : { clustering }) });
  }
  return { ...outcome, destination: ref };
}

/** Whether the table is there; an error if it may not be written to. */
export async function writable(world: World, ref: TableRef, write: Destination['write'], create: Destination['create']): Promise<boolean> {
  if (!world.catalog.hasDataset(ref.projectId, ref.datasetId)) throw datasetNotFound(ref.projectId, ref.datasetId);
  const entry = world.catalog.table(ref);
  if (entry === undefined && create === 'CREATE_NEVER') throw new ApiError('notFound', `Not found: Table ${tableName(ref)}`);
  if (entry !== undefined && write === 'WRITE_EMPTY' && (await rowCount(world, entry.duckdb)) > 0n) {
    throw new ApiError('duplicate', `Already Exists: Table ${tableName(ref)}`);
  }
  return entry !== undefined;
}

export async function rowCount(world: World, duckdb: string): Promise<bigint> {
  const reader = await world.duckdb.runAndReadAll(`SELECT count(*) FROM ${duckdb}`);
  return reader.value(0, 0) as bigint;
}
