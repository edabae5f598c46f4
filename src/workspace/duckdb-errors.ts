/** DuckDB reports everything as text. Here it becomes one of our errors, chosen by who has to act. */
import { messageOf, TransientError, UserError } from '../errors.ts';
import { mayQuoteData, withoutValues } from './value-free.ts';

/** A DuckDB failure that keeps the position inside the statement, so that a caller can map it to the user's file. */
export class SqlError extends UserError {
  /** 1-based position inside the SQL text, when DuckDB gave one. Columns count UTF-16 units, as editors do. */
  readonly position: { readonly line: number; readonly column: number } | undefined;
  /** DuckDB's category: `Catalog`, `Binder`, `Parser`, `Conversion`, `Constraint`, ... */
  readonly category: string;
  /** What DuckDB suggests: names that exist and look alike. */
  readonly suggestion: string | undefined;

  constructor(
    message: string,
    details: { category: string; position: SqlError['position']; suggestion: string | undefined; cause: unknown },
  ) {
    super(message, { cause: details.cause, hint: details.suggestion });
    this.category = details.category;
    this.position = details.position;
    this.suggestion = details.suggestion;
  }
}

/** No space left, or this user's share of it used up. Who knows the file says which. */
export class DiskFullError extends UserError {}

/** What must be in memory at one time is more than the limit. */
export class OutOfMemoryError extends UserError {}

/** DuckDB could not lock a file because another process has it open. */
export class FileLockedError extends TransientError {
  readonly path: string;
  readonly pid: number | undefined;
  constructor(path: string, pid: number | undefined, cause: unknown) {
    super(`${path} is open in another process${pid === undefined ? '' : ` (process ${pid})`}`, { cause });
    this.path = path;
    this.pid = pid;
  }
}

/** What DuckDB said, taken apart. */
interface Report {
  readonly category: string;
  readonly message: string;
  readonly position: SqlError['position'];
}

/** Turns what DuckDB threw into `FileLockedError`, `UserError` (missing, foreign or unwritable file, full disk) or `SqlError`. */
export function translateDuckDbError(error: unknown, sql: string): Error {
  if (error instanceof UserError || error instanceof TransientError) return error;
  const report = jsonReport(messageOf(error), sql) ?? textReport(messageOf(error));
  return fileError(report.message, error) ?? memoryError(report, error) ?? sqlError(report, error, sql);
}

/** DuckDB spills what it can; what is left must fit. */
function memoryError(report: Report, cause: unknown): OutOfMemoryError | undefined {
  if (report.category !== 'Out of Memory') return undefined;
  const limit = /\/([^/)]+) used\)/.exec(report.message)?.[1];
  return new OutOfMemoryError(`the memory limit${limit === undefined ? '' : ` of ${limit}`} does not suffice`, {
    hint: 'Set SLUICE_MEMORY_LIMIT to more, such as 4GB.',
    cause,
  });
}

/** What DuckDB threw is the cause, unless it may quote a value: causes are printed, too. */
function sqlError(report: Report, cause: unknown, sql: string): SqlError {
  const { message, suggestion } = splitSuggestion(report.message);
  if (!mayQuoteData(report.category)) return new SqlError(message, { ...report, suggestion, cause });
  return new SqlError(withoutValues(message, sql), { ...report, suggestion, cause: undefined });
}

/** Failures of a file or the disk, which have nothing to do with the statement. */
function fileError(text: string, cause: unknown): Error | undefined {
  const lock = /Could not set lock on file "([^"]+)"(?:.*?\(PID (\d+)\))?/s.exec(text);
  if (lock?.[1] !== undefined) return new FileLockedError(lock[1], lock[2] === undefined ? undefined : Number(lock[2]), cause);
  if (/No space left on device|disk full|Out of Disk|ENOSPC|File too large/i.test(text)) return diskFull(text, cause);
  const newer = /Trying to read a database file with version number (\d+)/.exec(text);
  if (newer !== null) return new UserError(`a database file was written by a newer DuckDB (storage version ${newer[1]})`, { cause });
  const foreign = /"([^"]+)"[^"]*not a valid DuckDB database file/.exec(text);
  if (foreign !== null) return new UserError(`${foreign[1]} is not a DuckDB database`, { cause });
  return undefined;
}

/** A limit on the size of files (`ulimit -f`) is the user's share of the disk. */
function diskFull(text: string, cause: unknown): UserError {
  const file = /\bfile "([^"]+)"/.exec(text)?.[1];
  const what = file === undefined ? '' : `It was ${file} that could not be written. `;
  return new DiskFullError('the disk is full', {
    hint: `${what}Free some space and run the command again; nothing was half-written.`,
    cause,
  });
}

/** With `errors_as_json` DuckDB gives the exact byte position; parser errors carry a prefix in front of the JSON. */
function jsonReport(text: string, sql: string): Report | undefined {
  const start = text.indexOf('{"exception_type"');
  if (start < 0) return undefined;
  const json = parseObject(text.slice(start));
  if (json === undefined) return undefined;
  const offset = json['position'] === undefined ? undefined : Number(json['position']);
  return {
    category: json['exception_type'] ?? 'Unknown',
    message: json['exception_message'] ?? text,
    position: offset === undefined || Number.isNaN(offset) ? undefined : positionAt(sql, offset),
  };
}

function parseObject(text: string): Record<string, string | undefined> | undefined {
  try {
    return JSON.parse(text) as Record<string, string | undefined>;
  } catch {
    return undefined; // cut off or followed by other text: read as plain text instead
  }
}

/** Line and column of a byte offset; none when it lies outside the statement, as for a view's own text. */
export function positionAt(sql: string, offset: number): SqlError['position'] {
  const bytes = Buffer.from(sql);
  if (offset > bytes.length) return undefined;
  const lines = bytes.subarray(0, offset).toString().split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

const EXCERPT = /\n\nLINE \d+: [\s\S]*$/;

/** Without `errors_as_json`: a category and a message. The excerpt's caret cannot be trusted on long lines and wide characters. */
function textReport(text: string): Report {
  const head = /^(?:Failed to extract statements: )?([A-Z]\w+(?: \w+){0,2}) Error: /.exec(text);
  return { category: head?.[1] ?? 'Unknown', message: text.replace(EXCERPT, '').slice(head?.[0].length ?? 0), position: undefined };
}

/** DuckDB puts what it suggests behind the message; for us it is the hint. */
function splitSuggestion(text: string): { message: string; suggestion: string | undefined } {
  const [, message, kind, names] = /^([\s\S]*?)\n\s*(Did you mean|Candidate bindings:|Candidate functions:)([\s\S]*)$/.exec(text) ?? [];
  if (message === undefined || kind === undefined || names === undefined) return { message: text, suggestion: undefined };
  if (kind === 'Did you mean') return { message, suggestion: `${kind}${names.trimEnd()}` };
  if (kind === 'Candidate bindings:') return { message, suggestion: `Did you mean ${alternatives(names.split(','))}?` };
  return { message, suggestion: `It exists as: ${names.trim().split(/\n\s*/).slice(0, 4).join('; ')}.` };
}

function alternatives(names: readonly string[]): string {
  const shown = names.slice(0, 4).map((name) => name.trim());
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} or ${shown.at(-1) ?? ''}`;
}
