/** Rows of a SELECT as a table of the workspace: COPY into a file, which DuckDB reads. Nothing is made for a row. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Column } from '../canonical/types.ts';
import { InternalError, UserError } from '../errors.ts';
import { SqlError } from '../workspace/duckdb-errors.ts';
import { ident, literal } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { CopiedOut, PgClient } from './client.ts';

export interface LoadRequest {
  /** One SELECT. Its columns are taken by their place; their text is read as the type of the column here. */
  readonly select: string;
  /**
   * Names and types in the workspace. A `BLOB` arrives as Postgres's hex text, a date before Christ as `0044-03-15 (BC)`:
   * `types.ts` makes the SELECT that writes it so.
   */
  readonly columns: readonly Column[];
  /** Name of the table, not quoted. It is made here, in the workspace's temporary schema. */
  readonly table: string;
}

/** Returns the number of rows. Throws `UnreadableValueError` when a text is no value of its column's type. */
export async function loadRows(client: PgClient, workspace: Workspace, request: LoadRequest): Promise<number> {
  const path = join(workspace.folder, `${request.table.replaceAll(/\W/g, '_')}.csv`);
  try {
    const copied = await client.copyOut(copySelect(request), path, FIRST_LINE);
    const read = readCsv(path, request.columns.length, copied);
    await createTable(workspace, request, read);
    const rows = await workspace.count(`SELECT count(*) FROM ${ident(request.table)}`);
    if (rows !== copied.rows) throw new InternalError(`Postgres sent ${copied.rows} rows, and ${rows} were read`);
    return rows;
  } finally {
    await rm(path, { force: true });
  }
}

/** A text that its column's type in the workspace does not have. */
export class UnreadableValueError extends UserError {
  readonly column: Column;

  constructor(column: Column, rows: number, cause: unknown) {
    super(`column "${column.name}" holds values that a ${column.type} cannot hold, in ${rows} ${rows === 1 ? 'row' : 'rows'}`, {
      hint: 'Infinite and NaN numbers, and years beyond 294246, have no counterpart: filter them, or cast the column to text.',
      cause,
    });
    this.column = column;
  }
}

/** DuckDB drops a byte order mark at the start of a file, and the first value may begin with one. */
const FIRST_LINE = '-\n';

/** A row of one column that is null would be an empty line, which a CSV reader may skip. */
function copySelect({ select, columns }: LoadRequest): string {
  return columns.length > 1 ? select : `SELECT *, true FROM (\n${select}\n) AS q`;
}

/** DuckDB's default, and its default limit of a line. */
const BUFFER = 32_000_000;
const LINE = 2_000_000;

/** Nothing is guessed. Every column as text: what is quoted is text, what is empty is null. */
function readCsv(path: string, columns: number, { longestRow }: CopiedOut): string {
  const names = Array.from({ length: Math.max(columns, 2) }, (_, index) => `'c${index}': 'VARCHAR'`);
  const line = Math.max(LINE, longestRow + 1);
  const options = [
    `columns = {${names.join(', ')}}`,
    `auto_detect = false, header = false, skip = 1, delim = ',', quote = '"', escape = '"', new_line = '\\n', comment = ''`,
    `nullstr = '', allow_quoted_nulls = false, max_line_size = ${line}, buffer_size = ${Math.max(BUFFER, 2 * line)}`,
  ];
  return `read_csv(${literal(path)}, ${options.join(', ')})`;
}

async function createTable(workspace: Workspace, { columns, table }: LoadRequest, csv: string): Promise<void> {
  const values = columns.map(({ name, type }, index) => `${valueOfText(`c${index}`, type)} AS ${ident(name)}`);
  try {
    await workspace.run(`CREATE TEMP TABLE ${ident(table)} AS SELECT ${values.join(', ')} FROM ${csv}`);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw (await unreadable(workspace, columns, csv, error)) ?? withoutContent(error);
  }
}

function valueOfText(text: string, type: string): string {
  if (type === 'VARCHAR') return text;
  return type === 'BLOB' ? `unhex(substr(${text}, 3))` : `CAST(${text} AS ${type})`;
}

/** Which column it was; DuckDB's own message shows the value. */
async function unreadable(workspace: Workspace, columns: readonly Column[], csv: string, cause: SqlError): Promise<UserError | undefined> {
  const typed = columns.flatMap((column, index) =>
    column.type === 'VARCHAR' || column.type === 'BLOB' ? [] : [{ column, text: `c${index}` }],
  );
  if (cause.category !== 'Conversion' || typed.length === 0) return undefined;
  const counts = typed.map(
    ({ column, text }) => `count(*) FILTER (WHERE ${text} IS NOT NULL AND TRY_CAST(${text} AS ${column.type}) IS NULL)`,
  );
  const row = await workspace.row(`SELECT ${counts.map((count, index) => `${count} AS n${index}`).join(', ')} FROM ${csv}`);
  const found = typed.find((_, index) => Number(row[`n${index}`]) > 0);
  return found === undefined ? undefined : new UnreadableValueError(found.column, Number(row[`n${typed.indexOf(found)}`]), cause);
}

/** A database in SQL_ASCII can hold text that is not UTF-8. DuckDB's message shows the line. */
function withoutContent(error: SqlError): Error {
  if (!error.message.includes('unicode'))
    return new InternalError(`rows from Postgres could not be read (${error.category})`, { cause: error });
  return new UserError('the rows hold text that is not UTF-8', {
    hint: 'Convert it in the query: convert_from(convert_to(column, ...), ...).',
    cause: error,
  });
}
