/** Replies of the org into tables of the workspace: DuckDB reads the files, so that no value passes through JavaScript. */
import { InternalError, UserError } from '../../errors.ts';
import { SqlError } from '../../workspace/duckdb-errors.ts';
import { ident, literal } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { isSame } from './columns.ts';
import { csvHeader } from './csv-header.ts';
import type { BoundRead, Item } from './select.ts';

export async function createLive(workspace: Workspace, bound: BoundRead, table: string): Promise<void> {
  await workspace.run(`CREATE TEMP TABLE ${table} (${bound.items.map(({ name, type }) => `${name} ${type}`).join(', ')})`);
}

/** What a page of a query says about itself, or why there is none. */
export interface PageHead {
  readonly status: number;
  /** No page follows. */
  readonly done: boolean;
  /** Path of the next page. */
  readonly next: string | null;
  /** `[{errorCode, message}]` as text, where the query was refused. */
  readonly refusal: string | null;
}

/** Where the pages stand in a file: the whole of it is one, or each answer of a composite request is one. */
export type Layout = 'page' | 'composite';

export async function readHeads(workspace: Workspace, file: string, layout: Layout): Promise<readonly PageHead[]> {
  const rows = await workspace.rows(
    `SELECT status, body->>'$.done' AS done, body->>'$.nextRecordsUrl' AS next,
       CASE WHEN json_type(body) = 'ARRAY' THEN CAST(body AS VARCHAR) END AS refusal FROM ${pages(file, layout)}`,
  );
  return rows.map(({ status, done, next, refusal }) => ({
    status: Number(status),
    done: done === 'true',
    next: typeof next === 'string' ? next : null,
    refusal: typeof refusal === 'string' ? refusal : null,
  }));
}

function pages(file: string, layout: Layout): string {
  const whole = `read_text(${literal(file)})`;
  if (layout === 'page') return `(SELECT 200 AS status, CAST(content AS JSON) AS body FROM ${whole})`;
  const answers = `(SELECT unnest(json_extract(content, '$.compositeResponse[*]')) AS answer FROM ${whole})`;
  return `(SELECT CAST(answer->>'$.httpStatusCode' AS INTEGER) AS status, answer->'$.body' AS body FROM ${answers})`;
}

/** Appends the records of all pages of a file. */
export async function loadPages(
  workspace: Workspace,
  bound: BoundRead,
  table: string,
  source: { file: string; layout: Layout },
): Promise<void> {
  const shape = JSON.stringify({ records: [shapeOf(bound.items)] });
  const records = `(SELECT unnest(from_json(body, ${literal(shape)}).records) AS r FROM ${pages(source.file, source.layout)})`;
  const value = ({ path }: Item): string => `r${path.map((name) => `.${ident(name)}`).join('')}`;
  await insert(workspace, bound, table, { from: records, value });
}

/** Appends the rows of a file of results of a Bulk query. Returns how many. */
export async function loadCsv(workspace: Workspace, bound: BoundRead, table: string, file: string): Promise<number> {
  const header = await csvHeader(file);
  if (header.length === 0) return 0;
  const columns = header.map((_, index) => `x${index}: 'VARCHAR'`).join(', ');
  // Nothing is guessed. Every value is quoted, null as "".
  const csv = `read_csv(${literal(file)}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', comment = '',
    nullstr = '', allow_quoted_nulls = true, parallel = false, max_line_size = ${LINE}, buffer_size = ${2 * LINE}, columns = {${columns}})`;
  const before = await workspace.count(`SELECT count(*) FROM ${table}`);
  await insert(workspace, bound, table, { from: csv, value: ({ path }) => `x${placeOf(header, path.join('.'))}` });
  return (await workspace.count(`SELECT count(*) FROM ${table}`)) - before;
}

function placeOf(header: readonly string[], name: string): number {
  const place = header.findIndex((each) => isSame(each, name));
  if (place < 0) throw new InternalError(`the results of a query job have no column ${name}`);
  return place;
}

/** Bytes of a line, at most: a record of Bulk has 400,000 characters (documentation of API 67.0), each of up to four. */
const LINE = 4_000_000;

async function insert(
  workspace: Workspace,
  { object, items }: BoundRead,
  table: string,
  { from, value }: { from: string; value: (item: Item) => string },
): Promise<void> {
  try {
    await workspace.run(`INSERT INTO ${table} SELECT ${items.map((item) => item.from(value(item))).join(', ')} FROM ${from}`);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    // DuckDB's own message shows the value.
    throw new UserError(`the org answered with records of ${object} that are not as it describes them (${error.category})`, {
      hint: 'A field may have got another type in between: run the command again.',
      cause: new Error(error.category),
    });
  }
}

interface Shape {
  readonly [name: string]: 'VARCHAR' | Shape;
}

/** `{"Id": "VARCHAR", "Account": {"Ext__c": "VARCHAR"}}` */
function shapeOf(items: readonly Item[]): Shape {
  const shape: Record<string, 'VARCHAR' | Record<string, 'VARCHAR'>> = {};
  for (const { path } of items) {
    const [first = '', second] = path;
    if (second === undefined) shape[first] = 'VARCHAR';
    else shape[first] = { ...(shape[first] as Record<string, 'VARCHAR'> | undefined), [second]: 'VARCHAR' };
  }
  return shape;
}
