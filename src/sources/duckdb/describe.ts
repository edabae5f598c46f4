/** What a query yields, found out without running it. Everything that is not exactly one SELECT ends here. */
import { StatementType } from '@duckdb/node-api';

import type { Column } from '../../canonical/types.ts';
import { UserError } from '../../errors.ts';
import { embedded } from '../../sql/dialect.ts';
import { translateDuckDbError } from '../../workspace/duckdb-errors.ts';
import { columnsOf, type Workspace } from '../../workspace/workspace.ts';
import type { Query } from '../source.ts';
import { placeQueryError } from './query-error.ts';
import { checkReach } from './reach.ts';

/** Where queries run. */
export interface QueryScope {
  readonly workspace: Workspace;
  /** Absolute path of the project: relative files of a query are looked up here. */
  readonly projectDir: string;
  /** Name of the source's own database in the workspace; undefined where the query reads files only. */
  readonly database: string | undefined;
}

const ONE_SELECT = "a sync's query is one SELECT";

/** Names and types of the query's columns. Throws `UserError` at the place in the user's file. */
export async function describeQuery(scope: QueryScope, query: Query): Promise<readonly Column[]> {
  try {
    await checkStatement(scope.workspace, query);
    checkNames(await preparedNames(scope.workspace, query), query);
    const columns = await embeddedColumns(scope.workspace, query);
    await checkReach(scope.workspace, scope.database, query);
    return columns;
  } catch (error) {
    throw placeQueryError(error, query, scope.projectDir);
  }
}

/** One statement, and one that reads. */
async function checkStatement(workspace: Workspace, query: Query): Promise<void> {
  const count = await statementCount(workspace, query.sql);
  if (count === 1) {
    checkKeyword(query);
    return;
  }
  if (count === 0) throw refusal(query, `${ONE_SELECT}; this one is empty`);
  // DuckDB makes two statements of a PIVOT that has to look at the data for its columns.
  if (/\bpivot(_wider)?\b/i.test(query.sql)) {
    throw refusal(query, 'a PIVOT needs its columns written out', 'Write the values: `PIVOT t ON column IN (...) USING ...`.');
  }
  throw refusal(query, `${ONE_SELECT}; this is ${count} statements`, 'Remove the semicolon and everything behind it.');
}

async function statementCount(workspace: Workspace, sql: string): Promise<number> {
  if (afterComments(sql).trim() === '') return 0;
  try {
    return (await workspace.connection.extractStatements(sql)).count;
  } catch (error) {
    throw translateDuckDbError(error, sql);
  }
}

/** DuckDB counts DESCRIBE, SHOW and their like among the SELECTs, and binds other statements before it says what they are. */
function checkKeyword(query: Query): void {
  const keyword = /^[\s(]*([a-z_]+)/i.exec(afterComments(query.sql))?.[1]?.toUpperCase();
  if (keyword !== undefined && OTHER_STATEMENTS.has(keyword)) throw refusal(query, `${ONE_SELECT}; this is ${article(keyword)} ${keyword}`);
}

// prettier-ignore
const OTHER_STATEMENTS: ReadonlySet<string> = new Set([
  'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'TRUNCATE', 'COPY', 'EXPORT', 'IMPORT', 'CREATE', 'ALTER', 'DROP', 'ATTACH', 'DETACH', 'USE', 'SET', 'RESET',
  'EXPLAIN', 'ANALYZE', 'PRAGMA', 'CALL', 'DESCRIBE', 'DESC', 'SHOW', 'SUMMARIZE', 'LOAD', 'INSTALL', 'CHECKPOINT', 'FORCE', 'VACUUM',
  'BEGIN', 'START', 'COMMIT', 'END', 'ROLLBACK', 'ABORT', 'PREPARE', 'EXECUTE', 'DEALLOCATE', 'COMMENT', 'GRANT', 'REVOKE',
]);

function article(word: string): string {
  return /^[AEIOU]/.test(word) ? 'an' : 'a';
}

/** The text from its first word on. */
function afterComments(sql: string): string {
  return sql.replace(/^(\s|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)+/, '');
}

async function preparedNames(workspace: Workspace, query: Query): Promise<string[]> {
  const statement = await workspace.prepare(query.sql);
  try {
    if (statement.statementType !== StatementType.SELECT) throw refusal(query, `${ONE_SELECT}; this is another kind of statement`);
    if (statement.parameterCount > 0) {
      throw refusal(query, 'the query has parameters (`?`, `$1` or `$name`)', 'Write `${var.NAME}` for a value that the project sets.');
    }
    return columnsOf(statement).map((column) => column.name);
  } finally {
    statement.destroySync();
  }
}

function checkNames(names: readonly string[], query: Query): void {
  const folded = names.map((name) => name.toLowerCase());
  const twice = names.find((name, index) => folded.indexOf(name.toLowerCase()) < index);
  if (twice !== undefined) throw refusal(query, `the query yields two columns named "${twice}"`, 'Give one of them another name with AS.');
}

/**
 * The query is used between parentheses: whatever prepares alone but not there (a semicolon at its end) is refused.
 * DESCRIBE names the types in full; a prepared statement shows JSON as VARCHAR.
 */
async function embeddedColumns(workspace: Workspace, query: Query): Promise<Column[]> {
  try {
    const rows = await workspace.rows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${embedded(query.sql)})`);
    return rows.map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }));
  } catch (cause) {
    throw refusal(query, `${ONE_SELECT} that can stand in parentheses`, 'Remove the semicolon at its end.', cause);
  }
}

function refusal(query: Query, message: string, hint?: string, cause?: unknown): UserError {
  return new UserError(message, { location: query.lines[0], hint, cause });
}
