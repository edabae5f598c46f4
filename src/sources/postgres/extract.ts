/** The query's rows as a table of the workspace. */
import type { Column } from '../../canonical/types.ts';
import { type Location, UserError } from '../../errors.ts';
import type { PgClient } from '../../postgres/client.ts';
import { loadRows, UnreadableValueError } from '../../postgres/load.ts';
import { exactValue, passageOf } from '../../postgres/types.ts';
import { embedded } from '../../sql/dialect.ts';
import { postgresDialect } from '../../sql/postgres.ts';
import { ident } from '../../workspace/quote.ts';
import type { Relation, Workspace } from '../../workspace/workspace.ts';
import type { Query } from '../source.ts';
import type { SourceColumn } from './describe.ts';
import { placeQueryError, withoutPlace } from './query-error.ts';

/** Rows of a query as they travel: a SELECT, and its columns in the workspace. */
export interface Passage {
  readonly select: string;
  readonly columns: readonly Column[];
}

/** The query with every column in the form that the workspace reads. */
export function passing(query: Query, columns: readonly SourceColumn[]): Passage {
  return { select: `SELECT ${copied(columns).join(', ')} FROM ${embedded(query.sql)} AS q`, columns: plain(columns) };
}

/**
 * The same with one column more: `row_hash`, a 64-bit hash of the raw text of all the others. Equal for equal rows of one
 * server version, different (but for one pair in 2^64) for rows that differ in anything a text shows.
 */
export function passingHashed(query: Query, columns: readonly SourceColumn[]): Passage {
  const values = copied(columns).map((value, index) => `${value} AS ${ident(columns[index]?.name ?? '')}`);
  const select = `SELECT ${[...values, `${rowHash(columns)} AS row_hash`].join(', ')} FROM ${embedded(query.sql)} AS q`;
  return { select, columns: [...plain(columns), { name: 'row_hash', type: 'BIGINT' }] };
}

/** Loads the rows into the table `name`, which is made here. */
export async function extractRows(
  client: PgClient,
  workspace: Workspace,
  query: Query,
  { select, columns }: Passage,
  name: string,
): Promise<Relation> {
  try {
    await client.savepoint(async () => loadRows(client, workspace, { select, columns, table: name }));
  } catch (error) {
    throw failure(error, query, client);
  }
  return { columns, from: ident(name) };
}

function plain(columns: readonly SourceColumn[]): Column[] {
  return columns.map(({ name, type }) => ({ name, type }));
}

function copied(columns: readonly SourceColumn[]): string[] {
  return columns.map(({ name, native }) => {
    const passage = passageOf(native);
    const column = `q.${ident(name)}`;
    return 'copied' in passage ? passage.copied(column) : column;
  });
}

export function failure(error: unknown, query: Query, client: PgClient): unknown {
  if (error instanceof UnreadableValueError) {
    const { message, hint } = error.problems[0] ?? { message: error.message };
    const named = `column "${error.column.name}"`;
    const { what, location } = writtenAs(query, error.column.name) ?? { what: named, location: query.lines[0] };
    return new UserError(message.replace(named, what), { location, hint, cause: error });
  }
  return placeQueryError(withoutPlace(error), query, client.options);
}

/** What a column of the mapped query was in the user's file: `q."price" AS f1` stands on a line of its own, an expression ends on one. */
function writtenAs({ sql, lines }: Query, name: string): { readonly what: string; readonly location: Location | undefined } | undefined {
  const texts = sql.split('\n');
  const place = texts.findIndex((text) => [`AS ${name}`, `AS ${name},`].some((end) => text.endsWith(` ${end}`)));
  if (!/^[kf]\d+$/.test(name) || place < 0) return undefined;
  const column = /^q\.(.+) AS \w+,?$/.exec(texts[place] ?? '')?.[1];
  return { what: column === undefined ? 'the expression' : `column ${column}`, location: lines[place] };
}

function rowHash(columns: readonly SourceColumn[]): string {
  const values = columns.map(({ name, native }) => exactValue(native, `q.${ident(name)}`));
  return postgresDialect.rowHash(values);
}
