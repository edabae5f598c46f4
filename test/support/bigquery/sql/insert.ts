/** INSERT. */
import { assignable } from './assign.ts';
import { changed, count, NONE, type Target, targetOf } from './dml.ts';
import { invalidQuery } from './error.ts';
import { expression } from './expression.ts';
import type { Parser } from './parser.ts';
import { subquery } from './query.ts';
import { bytesOf, cast, describe, noNullElements } from './results.ts';
import type { Session } from './session.ts';
import type { Outcome, Statement } from './statement.ts';
import { ident } from './strings.ts';
import { type SqlType, typeOfField } from './types.ts';

export async function insert(session: Session, statement: Statement, parser: Parser): Promise<Outcome> {
  parser.accept('INTO');
  const target = await targetOf(session, parser);
  const columns =
    parser.sees('(') && !parser.sees('(', 'SELECT') && !parser.sees('(', 'WITH') ? columnList(parser, target) : target.columns;
  const query = parser.accept('VALUES') ? values(parser, columns) : subquery(parser);
  const described = await describe(session, query, statement.tokens);
  if (described.names.length !== columns.length) {
    throw invalidQuery(
      `Inserted row has wrong column count; Has ${described.names.length}, expected ${columns.length}`,
      statement.tokens[0],
    );
  }
  const literals = /^VALUES/.test(query);
  assignable(target, columns, described.types, literals, statement.tokens[0]);
  const types = target.entry === undefined ? described.types : columns.map((column) => typeOfColumn(target, column));
  const sql = `INSERT INTO ${target.duckdb} (${columns.map(ident).join(', ')}) ${cast(query, described, types)}`;
  const bytes = literals ? 0n : await bytesOf(session, query, statement.tokens);
  const outcome = await changed(session, target, {
    statementType: 'INSERT',
    bytes,
    parser,
    run: async () => ({ ...NONE, inserted: await count(session, statement, sql) }),
  });
  if (!session.dry) await noNullElements(session.connection, target.duckdb, arrays(target));
  return outcome;
}

function typeOfColumn({ entry }: Target, column: string): SqlType {
  const field = entry?.fields.find((other) => other.name.toLowerCase() === column.toLowerCase());
  if (field === undefined) throw invalidQuery(`Column ${column} is not present in table ${entry?.ref.tableId ?? ''}`);
  return typeOfField(field);
}

function arrays({ entry }: Target): readonly string[] {
  return (entry?.fields ?? []).filter((field) => field.mode === 'REPEATED').map((field) => ident(field.name));
}

export function columnList(parser: Parser, target: Target): readonly string[] {
  parser.expect('(');
  const names = parser.list(() => {
    const token = parser.peek();
    const name = parser.name();
    if (!target.columns.some((column) => column.toLowerCase() === name.toLowerCase())) {
      throw invalidQuery(`Column ${name} is not present in table ${target.entry?.ref.tableId ?? ''}`.trim(), token);
    }
    return name;
  });
  parser.expect(')');
  return names;
}

/** Rows of expressions; DEFAULT is null, since no column here has another default. */
function values(parser: Parser, columns: readonly string[]): string {
  const rows = parser.list(() => {
    const where = parser.peek();
    parser.expect('(');
    const items = parser.list(() => (parser.accept('DEFAULT') ? 'NULL' : expression(parser).sql));
    parser.expect(')');
    if (items.length !== columns.length) {
      throw invalidQuery(`Inserted row has wrong column count; Has ${items.length}, expected ${columns.length}`, where);
    }
    return `(${items.join(', ')})`;
  });
  return `VALUES ${rows.join(', ')}`;
}
