/** What a query yields, found out without running it. Everything that is not exactly one SELECT ends here. */
import type { Column } from '../../canonical/types.ts';
import { UserError } from '../../errors.ts';
import type { DescribedColumn, PgClient } from '../../postgres/client.ts';
import { PgError } from '../../postgres/errors.ts';
import { missingTable } from './missing-table.ts';
import { passageOf, type PgType, typesOf } from '../../postgres/types.ts';
import { embedded } from '../../sql/dialect.ts';
import type { Query } from '../source.ts';
import { placeQueryError, shiftedBy } from './query-error.ts';

/** A column of a query: its name and type in the workspace, and what it is in Postgres. */
export interface SourceColumn extends Column {
  readonly native: PgType;
}

const ONE_SELECT = "a sync's query is one SELECT";

/** Runs inside a read-only transaction, which goes on when the query is refused. Throws `UserError` at the place in the user's file. */
export async function describeQuery(client: PgClient, query: Query): Promise<readonly SourceColumn[]> {
  try {
    return await client.savepoint(async () => described(client, query));
  } catch (error) {
    throw placeQueryError(error, query, client.options, await missingTable(client, error));
  }
}

async function described(client: PgClient, query: Query): Promise<readonly SourceColumn[]> {
  checkKeyword(query);
  const columns = await parsed(client, query);
  checkNames(columns, query);
  await prove(client, query);
  const types = await typesOf(client, columns);
  return columns.map(({ name }, index) => sourceColumn(name, types[index], query));
}

/** The statement on its own: positions are exact, and only here does one that closes its own parenthesis show. */
async function parsed(client: PgClient, query: Query): Promise<readonly DescribedColumn[]> {
  const { parameters, columns } = await client.describe(query.sql).catch((error: unknown) => {
    throw several(error)
      ? refusal(query, `${ONE_SELECT}; this is several statements`, 'Remove the semicolon and everything behind it.')
      : error;
  });
  if (parameters > 0) {
    throw refusal(query, 'the query has parameters (`$1`)', 'Write `${var.NAME}` for a value that the project sets.');
  }
  if (columns === undefined) throw refusal(query, `${ONE_SELECT}; this is another kind of statement, which yields no rows`);
  if (columns.length === 0) throw refusal(query, 'the query yields no columns');
  return columns;
}

function several(error: unknown): boolean {
  return error instanceof PgError && error.sqlstate === '42601' && error.message.includes('multiple commands');
}

/**
 * The query is used between parentheses: what parses alone but not there (a semicolon at its end, a statement that writes) is
 * refused. Planned and started, for the rights and for locks, and given no time to yield a row.
 */
async function prove(client: PgClient, query: Query): Promise<void> {
  const [head, tail] = ['SELECT * FROM ', ' LIMIT 0'];
  try {
    await client.rows(`${head}${embedded(query.sql)} AS q${tail}`);
  } catch (error) {
    throw refusedInside(error, query) ?? shiftedBy(error, head.length + 2);
  }
}

function refusedInside(error: unknown, query: Query): UserError | undefined {
  if (!(error instanceof PgError)) return undefined;
  if (error.sqlstate === '25006')
    return refusal(query, `${ONE_SELECT}; this one locks or writes rows`, 'Remove FOR UPDATE and FOR SHARE.', error);
  if (error.sqlstate === '0A000' && error.message.includes('data-modifying')) {
    return refusal(query, `${ONE_SELECT}; this one writes, in its WITH`, undefined, error);
  }
  if (error.sqlstate !== '42601') return undefined;
  return refusal(query, `${ONE_SELECT} that can stand in parentheses`, 'Remove the semicolon at its end.', error);
}

/** A statement that yields rows without being a SELECT would only be refused for its syntax. */
function checkKeyword(query: Query): void {
  const text = afterComments(query.sql);
  if (text === '') throw refusal(query, `${ONE_SELECT}; this one is empty`);
  const keyword = /^[\s(]*([a-z_]+)/i.exec(text)?.[1]?.toUpperCase();
  if (keyword !== undefined && OTHER_STATEMENTS.has(keyword)) throw refusal(query, `${ONE_SELECT}; this is ${article(keyword)} ${keyword}`);
}

// prettier-ignore
const OTHER_STATEMENTS: ReadonlySet<string> = new Set([
  'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'TRUNCATE', 'COPY', 'CREATE', 'ALTER', 'DROP', 'SET', 'RESET', 'SHOW', 'EXPLAIN', 'ANALYZE', 'CALL', 'DO',
  'VACUUM', 'LOCK', 'LOAD', 'LISTEN', 'NOTIFY', 'UNLISTEN', 'DECLARE', 'FETCH', 'MOVE', 'CLOSE', 'DISCARD', 'REFRESH', 'REINDEX', 'CLUSTER', 'CHECKPOINT',
  'BEGIN', 'START', 'COMMIT', 'END', 'ROLLBACK', 'ABORT', 'SAVEPOINT', 'RELEASE', 'PREPARE', 'EXECUTE', 'DEALLOCATE', 'COMMENT', 'GRANT', 'REVOKE',
]);

function article(word: string): string {
  return /^[AEIOU]/.test(word) ? 'an' : 'a';
}

/** The text from its first word on. */
function afterComments(sql: string): string {
  return sql.replace(/^(\s|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)+/, '');
}

/** The workspace tells no cases apart. */
function checkNames(columns: readonly DescribedColumn[], query: Query): void {
  const folded = columns.map(({ name }) => name.toLowerCase());
  const twice = columns.find(({ name }, index) => folded.indexOf(name.toLowerCase()) < index);
  if (twice !== undefined) {
    throw refusal(query, `the query yields two columns named "${twice.name}"`, 'Give one of them another name with AS.');
  }
}

function sourceColumn(name: string, native: PgType | undefined, query: Query): SourceColumn {
  if (native === undefined) throw refusal(query, `the type of the column "${name}" is not known to the server`);
  const passage = passageOf(native);
  if ('refused' in passage) throw refusal(query, `the query yields ${passage.refused}: "${name}"`, passage.hint);
  return { name, type: passage.type, native };
}

function refusal(query: Query, message: string, hint?: string, cause?: unknown): UserError {
  return new UserError(message, { location: query.lines[0], hint, cause });
}
