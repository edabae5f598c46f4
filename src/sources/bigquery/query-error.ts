/** Failures of a query, at the place in the file where the user wrote it. */
import { BigQueryError } from '../../bigquery/errors.ts';
import { type Location, UserError } from '../../errors.ts';
import type { Query } from '../source.ts';

/** `[line:column]`, counted from 1, which BigQuery puts at the end of what it says. */
const PLACE = /\s*(?:;\s*)?(?:at )?\[(\d+):(\d+)\]\s*$/;

/**
 * Maps a refusal to the user's file. `above`: lines that the statement has in front of the query. Errors that BigQuery did not
 * report pass.
 */
export function placeQueryError(
  error: unknown,
  query: Query,
  { above = 0, hint }: { above?: number; hint?: string | undefined } = {},
): unknown {
  if (error instanceof UserError) return located(error, query);
  if (!(error instanceof BigQueryError)) return error;
  const [, line, column] = PLACE.exec(error.message) ?? [];
  const message = error.message.replace(PLACE, '');
  return new UserError(`${error.status === undefined ? 'the query failed while it ran: ' : ''}${message}`, {
    location: line === undefined ? query.lines[0] : placeOf(query, Number(line) - above, Number(column)),
    hint: hint ?? advice(error),
    cause: error,
  });
}

/** What the connection is refused for is said where the query stands. */
function located(error: UserError, query: Query): UserError {
  const [first] = error.problems;
  if (first === undefined || first.location !== undefined || !(error.cause instanceof BigQueryError)) return error;
  return new UserError(first.message, { location: query.lines[0], hint: first.hint, exitCode: error.exitCode, cause: error.cause });
}

/** BigQuery counts characters (code points), and takes a tab up to the next multiple of eight. */
function placeOf(query: Query, line: number, column: number): Location | undefined {
  const start = query.lines[line - 1];
  if (start === undefined) return query.lines[0];
  let [seen, offset] = [1, 0];
  for (const character of query.sql.split('\n')[line - 1] ?? '') {
    if (seen >= column) break;
    seen = character === '\t' ? Math.ceil(seen / 8) * 8 + 1 : seen + 1;
    offset += character.length;
  }
  return { ...start, column: start.column + offset };
}

function advice({ reason, message }: BigQueryError): string | undefined {
  if (/Did you mean/.test(message)) return undefined;
  if (/must be qualified with a dataset/.test(message)) return 'Write dataset.table, or set `dataset` in the connection.';
  if (/^Name \S+ not found inside q/.test(message))
    return 'The query gives no column this name, and BigQuery made one up: write it with AS.';
  if (reason === 'notFound') return 'Names of datasets and tables tell cases apart. Check also `location` of the connection.';
  if (/query parameter/i.test(message)) return 'Write `${var.NAME}` for a value that the project sets.';
  return undefined;
}
