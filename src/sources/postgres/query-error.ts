/** Failures of a query, at the place in the file where the user wrote it. */
import { type Location, UserError } from '../../errors.ts';
import { PgError } from '../../postgres/errors.ts';
import type { ClientOptions } from '../../postgres/options.ts';
import { ident } from '../../workspace/quote.ts';
import type { Query } from '../source.ts';

/** A failure of a statement around the query, with its place counted from the query's beginning. */
class ShiftedError extends Error {
  readonly error: PgError;
  readonly position: number | undefined;
  constructor(error: PgError, position: number | undefined) {
    super(error.message, { cause: error });
    this.error = error;
    this.position = position;
  }
}

/** The statement has that many characters in front of the query. */
export function shiftedBy(error: unknown, characters: number): unknown {
  if (!(error instanceof PgError)) return error;
  return new ShiftedError(error, error.position === undefined ? undefined : error.position - characters);
}

/** The statement around the query failed while it ran: its positions mean nothing in the query. */
export function withoutPlace(error: unknown): unknown {
  return error instanceof PgError ? new ShiftedError(error, undefined) : error;
}

/** Maps a failure of the query itself to the user's file. Errors that Postgres did not report pass. */
export function placeQueryError(error: unknown, query: Query, options: ClientOptions, hint?: string): unknown {
  const reported = error instanceof ShiftedError ? error.error : error;
  if (!(reported instanceof PgError)) return error;
  const position = error instanceof ShiftedError ? error.position : reported.position;
  return new UserError(`${position === undefined ? lead(reported) : ''}${reported.problems[0]?.message ?? reported.message}`, {
    location: locate(query, position),
    hint: hint ?? advice(reported, options),
    cause: reported,
  });
}

/** What only shows while the rows are made is no mistake in the text. */
function lead({ sqlstate }: PgError): string {
  return sqlstate.startsWith('22') || sqlstate === '57014' ? 'the query failed while it ran: ' : '';
}

/** Postgres counts characters (code points) from the start of the text; the query's lines know where they stand. */
function locate(query: Query, position: number | undefined): Location | undefined {
  if (position === undefined || position < 1) return query.lines[0];
  const before = [...query.sql]
    .slice(0, position - 1)
    .join('')
    .split('\n');
  const line = query.lines[before.length - 1];
  return line === undefined ? query.lines[0] : { ...line, column: line.column + (before.at(-1) ?? '').length };
}

/** What to do about it, from what the server says. */
function advice({ sqlstate, suggestion, problems, message }: PgError, options: ClientOptions): string | undefined {
  // `q` is the name that the planner gives the query when it puts expressions around it.
  if (suggestion !== undefined) return suggestion.replaceAll(/"q\.([^"]+)"/g, '"$1"');
  if (sqlstate === '42703') return 'Names in double quotes keep their case; all others are lower-case.';
  if (sqlstate === '42501') return grant(message, options.user);
  return problems[0]?.hint;
}

const RIGHTS: Readonly<Record<string, string>> = {
  schema: 'USAGE ON SCHEMA',
  function: 'EXECUTE ON FUNCTION',
  sequence: 'SELECT ON SEQUENCE',
};

function grant(message: string, user: string): string {
  const [, kind = '', name = '...'] = /^permission denied for ([a-z ]+?) (\S+)$/.exec(message) ?? [];
  return `Run as its owner: GRANT ${RIGHTS[kind] ?? 'SELECT ON'} ${name} TO ${ident(user)};`;
}
