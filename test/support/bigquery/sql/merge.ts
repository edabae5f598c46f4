/** MERGE. DuckDB has it too; BigQuery's rule of one source row for each target row is checked before. */
import { assignments, changed, type Counts, oneEach, type Target, targetOf } from './dml.ts';
import { invalidQuery } from './error.ts';
import { expression } from './expression.ts';
import { item } from './from.ts';
import { columnList } from './insert.ts';
import type { Parser } from './parser.ts';
import { aliasOf } from './query.ts';
import { bytesOf, describe } from './results.ts';
import type { Session } from './session.ts';
import type { Outcome, Statement } from './statement.ts';
import { ident } from './strings.ts';

interface Clause {
  readonly kind: 'MATCHED' | 'NOT MATCHED' | 'NOT MATCHED BY SOURCE';
  readonly sql: string;
  readonly condition: string | undefined;
}

export async function merge(session: Session, statement: Statement, parser: Parser): Promise<Outcome> {
  parser.accept('INTO');
  const target = await targetOf(session, parser);
  const alias = aliasOf(parser) ?? target.entry?.ref.tableId ?? '';
  parser.expect('USING');
  const source = item(parser, new Set());
  parser.expect('ON');
  const condition = expression(parser).sql;
  const columns = (await describe(session, `SELECT * FROM ${source}`, statement.tokens)).names;
  const clauses: Clause[] = [];
  while (parser.accept('WHEN')) clauses.push(clause(parser, target, columns));
  if (clauses.length === 0) throw parser.unexpected();
  const table = `${target.duckdb} AS ${ident(alias)}`;
  const inserts = clauses.every((found) => found.kind === 'NOT MATCHED');
  const sql = `MERGE INTO ${table} USING ${source} ON ${condition} ${clauses.map((found) => found.sql).join(' ')}`;
  return changed(session, target, {
    statementType: 'MERGE',
    bytes: await bytesOf(session, sql, statement.tokens, inserts ? undefined : target.duckdb),
    parser,
    run: async () => {
      const matched = clauses.filter((found) => found.kind === 'MATCHED');
      if (matched.length > 0) {
        const conditions = matched.map((found) => found.condition ?? 'true').join(' OR ');
        await oneEach(
          session,
          statement,
          `FROM ${table} JOIN ${source} ON ${condition} WHERE ${conditions} GROUP BY ${ident(alias)}.rowid`,
        );
      }
      return counted(await session.run(`${sql} RETURNING merge_action`, statement.tokens));
    },
  });
}

function counted(rows: readonly (readonly unknown[])[]): Counts {
  const counts = { INSERT: 0, UPDATE: 0, DELETE: 0 };
  for (const [action] of rows) counts[action as keyof typeof counts] += 1;
  return { inserted: counts.INSERT, updated: counts.UPDATE, deleted: counts.DELETE };
}

function clause(parser: Parser, target: Target, source: readonly string[]): Clause {
  const not = parser.accept('NOT');
  parser.expect('MATCHED');
  const bySource = not && parser.accept('BY', 'SOURCE');
  if (not && !bySource) parser.accept('BY', 'TARGET');
  const condition = parser.accept('AND') ? expression(parser).sql : undefined;
  parser.expect('THEN');
  const kind = bySource ? 'NOT MATCHED BY SOURCE' : not ? 'NOT MATCHED' : 'MATCHED';
  const action = not && !bySource ? inserting(parser, target, source) : changing(parser, target);
  return { kind, condition, sql: `WHEN ${kind}${condition === undefined ? '' : ` AND ${condition}`} THEN ${action}` };
}

function changing(parser: Parser, target: Target): string {
  if (parser.accept('DELETE')) return 'DELETE';
  parser.expect('UPDATE', 'SET');
  return `UPDATE SET ${assignments(parser, target)
    .map(({ name, value }) => `${ident(name)} = ${value}`)
    .join(', ')}`;
}

function inserting(parser: Parser, target: Target, source: readonly string[]): string {
  const where = parser.peek();
  parser.expect('INSERT');
  const columns = parser.sees('(') ? columnList(parser, target) : target.columns;
  const list = columns.map(ident).join(', ');
  if (parser.accept('ROW')) {
    if (source.length !== columns.length)
      throw invalidQuery(`Inserted row has wrong column count; Has ${source.length}, expected ${columns.length}`, where);
    return `INSERT (${list}) VALUES (${source.map(ident).join(', ')})`;
  }
  parser.expect('VALUES', '(');
  const values = parser.list(() => (parser.accept('DEFAULT') ? 'NULL' : expression(parser).sql));
  parser.expect(')');
  if (values.length !== columns.length)
    throw invalidQuery(`Inserted row has wrong column count; Has ${values.length}, expected ${columns.length}`, where);
  return `INSERT (${list}) VALUES (${values.join(', ')})`;
}
