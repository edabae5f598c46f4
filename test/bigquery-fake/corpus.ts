/** Runs the recorded queries against the fake's SQL, and compares what comes out. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';

import { MemoryCatalog } from '../support/bigquery/catalog.ts';
import type { Field, ParameterType, ParameterValue, QueryParameter, RunOptions, StatementResult } from '../support/bigquery/engine.ts';
import { SqlEngine, SqlError } from '../support/bigquery/sql/index.ts';
import { schemaName } from '../support/bigquery/sql/names.ts';
import { differs } from './corpus-values.ts';

export const PHASES = [
  'rest_crud',
  'standard_functions',
  'specialized_types',
  'api_configuration',
  'information_schema',
  'partitioning_clustering',
  'versioning',
] as const;

export type Phase = (typeof PHASES)[number];

interface RecordedParameter {
  readonly name?: string;
  readonly type: string | RecordedType;
  readonly value: unknown;
}

interface RecordedType {
  readonly type: string;
  readonly arrayType?: RecordedType;
  readonly structTypes?: readonly { readonly name: string; readonly type: string | RecordedType }[];
}

interface Fixture {
  readonly name: string;
  readonly sql: string;
  readonly setup_sql?: string;
  readonly schema?: readonly Field[];
  readonly rows?: readonly Readonly<Record<string, unknown>>[];
  readonly error?: { readonly reason: string; readonly http_status: number; readonly message_pattern: string };
  readonly parameters?: { readonly mode: string; readonly parameters: readonly RecordedParameter[] };
  readonly job_config?: Readonly<Record<string, unknown>>;
  readonly bytes_processed?: number;
  readonly job_metadata?: {
    readonly statement_type?: string;
    readonly num_dml_affected_rows?: number;
    readonly ddl_operation_performed?: string;
  };
}

export interface Outcome {
  readonly name: string;
  /** Undefined: alike. */
  readonly difference: string | undefined;
  /** Whether the bytes processed are alike; undefined: nothing to compare. */
  readonly bytes: 'alike' | 'different' | undefined;
}

interface Compared {
  readonly difference: string | undefined;
  readonly bytes?: bigint;
}

/** What belongs to the REST side: those fixtures are not run here. */
const REST = ['destination', 'use_legacy_sql', 'connection_properties', 'create_session', 'dry_run'];

export async function score(phase: Phase): Promise<readonly Outcome[]> {
  const file = join(import.meta.dirname, '..', 'support', 'bigquery', 'recorded', `sql.${phase}.json`);
  const { fixtures } = JSON.parse(await readFile(file, 'utf8')) as { readonly fixtures: readonly Fixture[] };
  const own = fixtures.filter((fixture) => !REST.some((key) => key in (fixture.job_config ?? {})));
  const catalog = new MemoryCatalog('acme-test', () => 0);
  const instance = await DuckDBInstance.create(':memory:');
  const engine = await SqlEngine.open(instance, catalog);
  const connection = await instance.connect();
  try {
    const outcomes: Outcome[] = [];
    for (const [index, fixture] of own.entries()) {
      const dataset = `d${index}`;
      await connection.run(`CREATE SCHEMA ${schemaName('acme-test', dataset)}`);
      catalog.createDataset('acme-test', dataset, { location: 'US' });
      const { difference, bytes } = await compare(engine, fixture, dataset);
      const alike = bytes === BigInt(fixture.bytes_processed ?? 0) ? 'alike' : 'different';
      outcomes.push({ name: fixture.name, difference, bytes: bytes === undefined ? undefined : alike });
    }
    return outcomes;
  } finally {
    connection.closeSync();
    engine.close();
    instance.closeSync();
  }
}

async function compare(engine: SqlEngine, fixture: Fixture, dataset: string): Promise<Compared> {
  const named = (sql: string): string =>
    sql
      .replaceAll('${PROJECT}', 'acme-test')
      .replaceAll(/\$\{DATASET(_ID)?\}/g, (_all, id?: string) => (id === undefined ? `acme-test.${dataset}` : dataset));
  const options: RunOptions = {
    now: () => Date.UTC(2026, 0, 1),
    ...('default_dataset' in (fixture.job_config ?? {}) ? { defaultDataset: { projectId: 'acme-test', datasetId: dataset } } : {}),
    params: (fixture.parameters?.parameters ?? []).map(parameterOf),
  };
  try {
    if (fixture.setup_sql !== undefined) await last(engine, named(fixture.setup_sql), options);
  } catch (error) {
    return { difference: `setup: ${messageOf(error)}` };
  }
  try {
    const sql = named(fixture.sql);
    const result = await last(engine, sql, options);
    if (fixture.error !== undefined) return { difference: `no error, expected: ${fixture.error.message_pattern}` };
    const difference = await compareResult(engine, fixture, result, engine.isScript(sql));
    return { difference, ...(difference === undefined && result !== undefined && !engine.isScript(sql) ? { bytes: result.bytes } : {}) };
  } catch (error) {
    return { difference: compareError(fixture, error) };
  }
}

async function last(engine: SqlEngine, sql: string, options: RunOptions): Promise<StatementResult | undefined> {
  let result: StatementResult | undefined;
  for await (const one of engine.run(sql, options)) result = one;
  return result;
}

function compareError({ error: expected }: Fixture, error: unknown): string | undefined {
  if (expected === undefined || !(error instanceof SqlError)) return messageOf(error);
  if (error.reason !== expected.reason || error.httpStatus !== expected.http_status)
    return `${error.reason}, expected ${expected.reason}: ${error.message}`;
  return new RegExp(`^${expected.message_pattern}`).test(error.message) ? undefined : `says: ${error.message}`;
}

async function compareResult(
  engine: SqlEngine,
  fixture: Fixture,
  result: StatementResult | undefined,
  script: boolean,
): Promise<string | undefined> {
  const metadata = fixture.job_metadata ?? {};
  const type = script ? 'SCRIPT' : result?.statementType;
  if (metadata.statement_type !== undefined && metadata.statement_type !== type)
    return `statement type ${type}, expected ${metadata.statement_type}`;
  const { inserted = 0, updated = 0, deleted = 0 } = result?.dml ?? {};
  const affected = inserted + updated + deleted;
  if (metadata.num_dml_affected_rows !== undefined && metadata.num_dml_affected_rows !== affected) return `${affected} rows affected`;
  const operation = metadata.ddl_operation_performed;
  if (operation !== undefined && operation !== result?.ddl?.operation) return `operation ${result?.ddl?.operation}, expected ${operation}`;
  if (result?.table === undefined) return (fixture.rows ?? []).length === 0 ? undefined : 'no rows';
  const fields = result.schema ?? [];
  const rows = await engine.page(result.table, fields, { start: 0, limit: 10_000, timestamps: 'INT64' });
  return differs({ fields, rows }, { fields: fixture.schema ?? [], rows: fixture.rows ?? [] });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function typeOf(type: string | RecordedType): ParameterType {
  if (typeof type === 'string') return { type };
  return {
    type: type.type,
    ...(type.arrayType === undefined ? {} : { arrayType: typeOf(type.arrayType) }),
    ...(type.structTypes === undefined
      ? {}
      : { structTypes: type.structTypes.map((field) => ({ name: field.name, type: typeOf(field.type) })) }),
  };
}

function valueOf(value: unknown): ParameterValue {
  if (Array.isArray(value)) return { arrayValues: value.map(valueOf) };
  if (value !== null && typeof value === 'object') {
    return { structValues: Object.fromEntries(Object.entries(value).map(([name, field]) => [name, valueOf(field)])) };
  }
  return value === null ? {} : { value: value as string | number | boolean };
}

function parameterOf({ name, type, value }: RecordedParameter): QueryParameter {
  return { ...(name === undefined ? {} : { name }), parameterType: typeOf(type), parameterValue: valueOf(value) };
}
