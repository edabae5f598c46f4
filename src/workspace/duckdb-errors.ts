/** DuckDB reports everything as text. Here it becomes one of our errors, chosen by who has to act. */
import { messageOf, TransientError, UserError } from '../errors.ts';

/** A DuckDB failure that keeps the position inside the statement, so that a caller can map it to the user's file. */
export class SqlError extends UserError {
  /** 1-based position inside the SQL text, when DuckDB gave one. */
  readonly position: { readonly line: number; readonly column: number } | undefined;
  /** DuckDB's category: `Catalog`, `Binder`, `Parser`, `Conversion`, `Constraint`, ... */
  readonly category: string;

  constructor(message: string, category: string, position: SqlError['position'], cause: unknown) {
    super(message, { cause });
    this.category = category;
    this.position = position;
  }
}

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

const CARET = /\n\nLINE (\d+): (.*)\n(\s*)\^[\s\S]*$/;

/** Turns what DuckDB threw into `FileLockedError`, `UserError` (missing, foreign or unwritable file, full disk) or `SqlError`. */
export function translateDuckDbError(error: unknown, sql: string): Error {
  if (error instanceof UserError || error instanceof TransientError) return error;
  const text = messageOf(error);
  const lock = /Could not set lock on file "([^"]+)"(?:.*?\(PID (\d+)\))?/s.exec(text);
  if (lock?.[1] !== undefined) return new FileLockedError(lock[1], lock[2] === undefined ? undefined : Number(lock[2]), error);
  if (/No space left on device|disk full|Out of Disk|ENOSPC/i.test(text)) {
    return new UserError('the disk is full', { hint: `DuckDB said: ${firstLine(text)}. Free some space and run the command again; nothing was half-written.`, cause: error });
  }
  const newer = /Trying to read a database file with version number (\d+)/.exec(text);
  if (newer !== null) return new UserError(`a database file was written by a newer DuckDB (storage version ${newer[1]})`, { cause: error });
  const foreign = /"([^"]+)"[^"]*not a valid DuckDB database file/.exec(text);
  if (foreign !== null) return new UserError(`${foreign[1]} is not a DuckDB database`, { cause: error });
  const category = /^(\w+(?: \w+)?) Error: /.exec(text)?.[1] ?? 'Unknown';
  return new SqlError(text.replace(CARET, '').replace(/^(\w+ )?(\w+) Error: /, ''), category, positionIn(text, sql), error);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

/** The caret under DuckDB's excerpt, as a line and column of the statement. Long lines are excerpted with dots: then found by text. */
function positionIn(text: string, sql: string): SqlError['position'] {
  const match = CARET.exec(text);
  if (match === null) return undefined;
  const [, lineText = '1', excerpt = '', indent = ''] = match;
  const line = Number(lineText);
  const offset = indent.length - `LINE ${lineText}: `.length;
  const shown = excerpt.replace(/^\.\.\./, '').replace(/\.\.\.$/, '');
  const skipped = excerpt.startsWith('...') ? 3 : 0;
  const start = (sql.split('\n')[line - 1] ?? '').indexOf(shown);
  return { line, column: Math.max(1, offset - skipped + Math.max(start, 0) + 1) };
}
