/** Which SQL the queries of a connection are written in. */
import { bigqueryDialect } from './bigquery.ts';
import type { Dialect } from './dialect.ts';
import { duckdbDialect } from './duckdb.ts';
import { postgresDialect } from './postgres.ts';

const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ['duckdb', duckdbDialect],
  ['postgres', postgresDialect],
  ['bigquery', bigqueryDialect],
]);

/** Undefined for a type that is not queried with SQL, or not known. */
export function dialectOf(connectionType: string | undefined): Dialect | undefined {
  return connectionType === undefined ? undefined : DIALECTS.get(connectionType);
}
