/** Failures of a query, at the place in the file where the user wrote it. */
import { relative, resolve } from 'node:path';

import { type Location, UserError } from '../../errors.ts';
import { SqlError } from '../../workspace/duckdb-errors.ts';
import type { Query } from '../source.ts';

/** Maps a failure of the query itself, position and all, to the user's file. Errors that are not SQL pass. */
export function placeQueryError(error: unknown, query: Query, projectDir: string): unknown {
  if (!(error instanceof SqlError)) return error;
  const outside = forbiddenFile(error) ?? remoteFile(error);
  if (outside !== undefined) return outsideProject(error, outside, query, projectDir);
  return new UserError(publicText(error.problems[0]?.message ?? error.message), {
    location: locate(query, error.position),
    hint: error.suggestion === undefined ? undefined : publicText(error.suggestion),
    cause: error,
  });
}

/** The query's lines know where they stand; the column counts from there. */
export function locate(query: Query, position: SqlError['position']): Location | undefined {
  const line = query.lines[(position?.line ?? 1) - 1];
  if (position === undefined || line === undefined) return query.lines[0];
  return { ...line, column: line.column + position.column - 1 };
}

function forbiddenFile(error: SqlError): string | undefined {
  if (error.category !== 'Permission') return undefined;
  return /Cannot access (?:file|directory) "(.*)" - /s.exec(error.message)?.[1];
}

/** DuckDB would advise to install an extension, which is not allowed here. */
function remoteFile(error: SqlError): string | undefined {
  return /^File (\S+) requires the extension \w+ to be loaded/.exec(error.message)?.[1];
}

function outsideProject(error: SqlError, path: string, query: Query, projectDir: string): UserError {
  const intended = resolve(projectDir, path);
  const inside = !relative(projectDir, intended).startsWith('..');
  const elsewhere = inside && resolve(path) !== intended;
  const hint = elsewhere
    ? `Relative files are looked up in the folder where the command runs: run it in ${projectDir}.`
    : `A query reads the files of the project folder only: ${projectDir}.`;
  const location = locate(query, error.position ?? placeOf(path, query));
  return new UserError(`the query reads outside the project: ${path}`, { location, hint, cause: error });
}

/** DuckDB gives no position for `FROM 'file.csv'`: the path itself shows it. */
function placeOf(path: string, query: Query): SqlError['position'] {
  const at = query.sql.indexOf(path);
  if (at < 0) return undefined;
  const lines = query.sql.slice(0, at).split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

/** Without the private name under which a database is attached. */
function publicText(text: string): string {
  return text.replaceAll(/"?\bdb_[0-9a-f]{12}\b"?\./g, '');
}
