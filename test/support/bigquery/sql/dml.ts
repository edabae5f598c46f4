/** UPDATE, DELETE, TRUNCATE, and what they share with INSERT and MERGE. */
import type { TableEntry } from '../engine.ts';
import { assignable } from './assign.ts';
import { invalidQuery } from './error.ts';
import { expression } from './expression.ts';
import { joined } from './from.ts';
import { insert } from './insert.ts';
import { merge } from './merge.ts';
import type { Parser } from './parser.ts';
import { aliasOf } from './query.ts';
import { bytesOf, describe, unique } from './results.ts';
import type { Session } from './session.ts';
import { NOTHING, type Outcome, type Statement } from './statement.ts';
import { ident } from './strings.ts';

/** The table that a statement changes. */
export interface Target {
  readonly duckdb: string;
  readonly entry?: TableEntry;
  /** Columns by their names in small letters. */
  readonly columns: readonly string[];
}

export interface Counts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

export async function dml(session: Session, statement: Statement, parser: Parser): Promise<Outcome> {
  const verb = parser.next().upper;
  switch (verb) {
    case 'INSERT':
      return insert(session, statement, parser);
    case 'UPDATE':
      return update(session, statement, parser);
    case 'DELETE':
      return remove(session, statement, parser);
    case 'TRUNCATE':
      return truncate(session, statement, parser);
    default:
      return merge(session, statement, parser);
  }
}

export async function targetOf(session: Session, parser: Parser): Promise<Target> {
  const where = parser.peek();
  const path = parser.path();
  const source = session.source(path, where);
  if (source.entry?.view !== undefined) throw invalidQuery(`Cannot modify the view ${path.join('.')}`, where);
  if (source.entry !== undefined) {
    parser.referenced.push(source.entry.ref);
    return { duckdb: source.from, entry: source.entry, columns: source.entry.fields.map((field) => field.name) };
  }
  return { duckdb: source.from, columns: (await describe(session, `SELECT * FROM ${source.from}`, [])).names };
}

/** Runs a change; the catalog hears of it. `run` counts. */
export async function changed(
  session: Session,
  target: Target,
  work: { readonly statementType: string; readonly bytes: bigint; readonly parser: Parser; readonly run: () => Promise<Counts> },
): Promise<Outcome> {
  const { statementType, bytes, parser } = work;
  if (!parser.done) throw parser.unexpected();
  const outcome = { ...NOTHING, statementType, bytes, referencedTables: unique(parser.referenced) };
  if (session.dry) return outcome;
  session.options.planned?.({ statementType, bytes, referencedTables: outcome.referencedTables });
  const dmlCounts = await work.run();
  if (target.entry !== undefined) session.catalog.touch(target.entry.ref);
  session.rowCount = dmlCounts.inserted + dmlCounts.updated + dmlCounts.deleted;
  return { ...outcome, dml: dmlCounts };
}

export const NONE: Counts = { inserted: 0, updated: 0, deleted: 0 };

/** Runs a change and says how many rows it changed. */
export async function count(session: Session, statement: Statement, sql: string): Promise<number> {
  const [row] = await session.run(sql, statement.tokens);
  return Number(row?.[0] ?? 0);
}

export function assignments(parser: Parser, target: Target): readonly { readonly name: string; readonly value: string }[] {
  return parser.list(() => {
    const where = parser.peek();
    const path = [parser.name()];
    while (parser.accept('.')) path.push(parser.name(true));
    const name = path.at(-1) ?? '';
    if (!target.columns.some((column) => column.toLowerCase() === name.toLowerCase()))
      throw invalidQuery(`Unrecognized name: ${name}`, where);
    if (path.length > 2) throw parser.unknown('UPDATE of a field in a STRUCT');
    parser.expect('=');
    return { name, value: parser.accept('DEFAULT') ? 'NULL' : expression(parser).sql };
  });
}

async function update(session: Session, statement: Statement, parser: Parser): Promise<Outcome> {
  const target = await targetOf(session, parser);
  const alias = aliasOf(parser) ?? target.entry?.ref.tableId ?? target.duckdb.replaceAll('"', '').split('.').at(-1) ?? '';
  parser.expect('SET');
  const set = assignments(parser, target);
  const from = parser.accept('FROM') ? joined(parser, new Set()) : undefined;
  if (!parser.accept('WHERE')) throw invalidQuery('UPDATE must have a WHERE clause', statement.tokens[0]);
  const condition = expression(parser).sql;
  const table = `${target.duckdb} AS ${ident(alias)}`;
  const selected = `SELECT ${set.map((item, index) => `${item.value} AS v${index}`).join(', ')} FROM ${from === undefined ? table : `${table}, ${from}`} WHERE ${condition}`;
  assignable(
    target,
    set.map((item) => item.name),
    (await describe(session, selected, statement.tokens)).types,
    true,
    statement.tokens[0],
  );
  const sql = `UPDATE ${table} SET ${set.map((item) => `${ident(item.name)} = ${item.value}`).join(', ')}${from === undefined ? '' : ` FROM ${from}`} WHERE ${condition}`;
  return changed(session, target, {
    statementType: 'UPDATE',
    bytes: await bytesOf(session, sql, statement.tokens, target.duckdb),
    parser,
    run: async () => {
      if (from !== undefined) await oneEach(session, statement, `FROM ${table}, ${from} WHERE ${condition} GROUP BY ${ident(alias)}.rowid`);
      return { ...NONE, updated: await count(session, statement, sql) };
    },
  });
}

/** A row of the target is changed by one row of the source at most. */
export async function oneEach(session: Session, statement: Statement, matches: string): Promise<void> {
  const twice = await count(session, statement, `SELECT count(*) FROM (SELECT 1 ${matches} HAVING count(*) > 1)`);
  if (twice > 0) throw invalidQuery('UPDATE/MERGE must match at most one source row for each target row');
}

async function remove(session: Session, statement: Statement, parser: Parser): Promise<Outcome> {
  parser.accept('FROM');
  const target = await targetOf(session, parser);
  const alias = aliasOf(parser) ?? target.entry?.ref.tableId;
  if (!parser.accept('WHERE')) throw invalidQuery('DELETE must have a WHERE clause', statement.tokens[0]);
  const condition = expression(parser).sql;
  const sql = `DELETE FROM ${target.duckdb}${alias === undefined ? '' : ` AS ${ident(alias)}`} WHERE ${condition}`;
  return changed(session, target, {
    statementType: 'DELETE',
    bytes: await bytesOf(session, sql, statement.tokens, target.duckdb),
    parser,
    run: async () => ({ ...NONE, deleted: await count(session, statement, sql) }),
  });
}

async function truncate(session: Session, statement: Statement, parser: Parser): Promise<Outcome> {
  parser.expect('TABLE');
  const target = await targetOf(session, parser);
  const sql = `DELETE FROM ${target.duckdb}`;
  return changed(session, target, {
    statementType: 'TRUNCATE_TABLE',
    bytes: 0n,
    parser,
    run: async () => ({ ...NONE, deleted: await count(session, statement, sql) }),
  });
}
