/** A statement that BigQuery refuses, or that this fake does not know. `reason` and `httpStatus` are those of the API's error body. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly reason: string;
  readonly httpStatus: number;

  constructor(reason: string, message: string, httpStatus = 400) {
    super(message);
    this.reason = reason;
    this.httpStatus = httpStatus;
  }
}

/** Where something stands in the text of a script, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export function at({ line, column }: Position): string {
  return `at [${line}:${column}]`;
}

export function invalidQuery(message: string, position?: Position): SqlError {
  return new SqlError('invalidQuery', position === undefined ? message : `${message} ${at(position)}`);
}

/** What BigQuery has and the fake has not: always an error, so that no test passes on a guess. */
export function unknownToFake(what: string, position?: Position): SqlError {
  const message = `the fake BigQuery does not know ${what}`;
  return new SqlError('notImplemented', position === undefined ? message : `${message} ${at(position)}`, 501);
}

export function notFound(what: string, suffix = ''): SqlError {
  return new SqlError('notFound', `Not found: ${what}${suffix}`, 404);
}
