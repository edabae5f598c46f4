/** Failures that a query's rows cause after the query was accepted. */
import { UserError } from '../errors.ts';
import { SqlError } from '../workspace/duckdb-errors.ts';
import type { Query } from './source.ts';

/** Categories of what a valid statement can meet in the data or in a file. The others are mistakes in a statement. */
const AT_RUN_TIME: ReadonlySet<string> = new Set([
  'Conversion',
  'Out of Range',
  'Invalid Input',
  'IO',
  'Permission',
  'Mismatch Type',
  'Serialization',
]);

/**
 * Maps a failure of a bigger statement that reads the query (a value that cannot be cast, a broken Parquet file) to the
 * query as a whole: positions mean nothing there. Errors that the query cannot have caused come back as they are.
 */
export function locateQueryError(error: unknown, query: Query): unknown {
  if (!(error instanceof SqlError) || !AT_RUN_TIME.has(error.category)) return error;
  const first = error.problems[0];
  return new UserError(`the query failed while it ran: ${first?.message ?? error.message}`, {
    location: query.lines[0],
    hint: first?.hint,
    cause: error,
  });
}
