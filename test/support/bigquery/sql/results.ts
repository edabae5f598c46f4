/** Rows of a query as a table of the types that BigQuery has. */
import type { DuckDBConnection } from '@duckdb/node-api';

import type { Field } from '../engine.ts';
import { invalidQuery } from './error.ts';
import { fromDuckDb } from './duckdb-errors.ts';
import type { Token } from './lexer.ts';
import { tableDefinition } from './names.ts';
import { columnBytes, scannedBytes } from './scan.ts';
import type { Parser } from './parser.ts';
import type { Session } from './session.ts';
import type { Outcome } from './statement.ts';
import { ident } from './strings.ts';
import { duckdbType, fieldOf, type SqlType, typeOfResult } from './types.ts';

/** A query's columns: names made different, `id` and `id_1`. */
export interface Described {
  readonly names: readonly string[];
  readonly types: readonly SqlType[];
  readonly fields: readonly Field[];
  /** The first name that came twice. */
  readonly repeated?: string;
}

export async function describe(session: Session, query: string, tokens: readonly Token[]): Promise<Described> {
  const prepared = await session.prepare(query, tokens);
  try {
    const names: string[] = [];
    const types: SqlType[] = [];
    let repeated: string | undefined;
    for (let index = 0; index < prepared.columnCount; index += 1) {
      const name = free(prepared.columnName(index), names);
      if (name !== prepared.columnName(index)) repeated ??= prepared.columnName(index);
      names.push(name);
      types.push(typeOfResult(prepared.columnType(index)));
    }
    return {
      ...(repeated === undefined ? {} : { repeated }),
      names,
      types,
      fields: names.map((name, index) => fieldOf(name, types[index] as SqlType)),
    };
  } finally {
    prepared.destroySync();
  }
}

function free(name: string, taken: readonly string[]): string {
  const used = new Set(taken.map((other) => other.toLowerCase()));
  if (!used.has(name.toLowerCase())) return name;
  let number = 1;
  while (used.has(`${name}_${number}`.toLowerCase())) number += 1;
  return `${name}_${number}`;
}

/** The query with its columns cast: DuckDB's INTEGER and HUGEINT to INT64, any DECIMAL to NUMERIC, structs by the places of their fields. */
export function cast(query: string, { names, types }: Described, targets: readonly SqlType[] = types): string {
  const columns = names.map(
    (name, index) => `${converted(`q.c${index}`, types[index] as SqlType, targets[index] as SqlType)} AS ${ident(name)}`,
  );
  return `SELECT ${columns.join(', ')} FROM (${query}) AS q(${names.map((_name, index) => `c${index}`).join(', ')})`;
}

function converted(value: string, from: SqlType, to: SqlType): string {
  const plain = `CAST(${value} AS ${duckdbType(to)})`;
  if (from.element !== undefined && to.element !== undefined && holdsStruct(to) && to.name === 'ARRAY') {
    return `CAST(list_transform(${value}, lambda e: ${converted('e', from.element, to.element)}) AS ${duckdbType(to)})`;
  }
  if (from.name !== 'STRUCT' || to.fields === undefined || from.fields?.length !== to.fields.length) return plain;
  const fields = to.fields.map((field, index) => {
    const source = from.fields?.[index];
    return `${ident(field.name)} := ${source === undefined ? 'NULL' : converted(`${value}.${ident(source.name)}`, source.type, field.type)}`;
  });
  return `CASE WHEN ${value} IS NULL THEN NULL ELSE struct_pack(${fields.join(', ')}) END`;
}

function holdsStruct(type: SqlType): boolean {
  return type.name === 'STRUCT' || (type.element !== undefined && holdsStruct(type.element));
}

/** Bytes that a statement processes; see `scannedBytes`. */
export async function bytesOf(session: Session, sql: string, tokens: readonly Token[], rewritten?: string): Promise<bigint> {
  // Planning is most of what a small statement costs: none where no other table is read.
  if (!/\b(FROM|USING)\b/.test(sql.replace(/^DELETE FROM/, ''))) {
    if (session.dry) (await session.prepare(sql, tokens)).destroySync();
    return rewritten === undefined ? 0n : columnBytes(session.connection, rewritten, () => true);
  }
  try {
    return await scannedBytes(session.connection, sql, rewritten);
  } catch (error) {
    throw fromDuckDb(error, tokens);
  }
}

/** What a query of INFORMATION_SCHEMA processes at least. */
const METADATA_BYTES = 10_485_760n;

let made = 0;

/** Runs a query into a table of its own; in a dry run only describes it. */
export async function materialize(
  session: Session,
  query: string,
  { parser, tokens }: { readonly parser: Parser; readonly tokens: readonly Token[] },
): Promise<Outcome> {
  const described = await describe(session, query, tokens);
  const bytes = (await bytesOf(session, query, tokens)) + (parser.metadata ? METADATA_BYTES : 0n);
  const plan = { statementType: 'SELECT', schema: described.fields, bytes, referencedTables: unique(parser.referenced) };
  if (session.dry) return { ...plan, rowCount: 0 };
  session.options.planned?.(plan);
  made += 1;
  const table = `results.r${made}`;
  await keep(session, table, cast(query, described), { described, tokens });
  const arrays = described.names.filter((_name, index) => described.types[index]?.name === 'ARRAY');
  await noNullElements(session.outside, table, arrays.map(ident));
  const rows = (await session.outside.runAndReadAll(`SELECT count(*) FROM ${table}`)).getRows();
  return { ...plan, table, rowCount: Number(rows[0]?.[0]) };
}

export function unique<T>(refs: readonly T[]): readonly T[] {
  return [...new Map(refs.map((ref) => [JSON.stringify(ref), ref])).values()];
}

/** Puts the rows into a table of their own, outside of a transaction that may be rolled back. */
async function keep(
  session: Session,
  table: string,
  query: string,
  of: { readonly described: Described; readonly tokens: readonly Token[] },
): Promise<void> {
  if (!session.inTransaction) {
    await session.run(`CREATE TABLE ${table} AS ${query}`, of.tokens);
    return;
  }
  await session.outside.run(`CREATE TABLE ${table} (${tableDefinition(of.described.fields)})`);
  const [schema, name] = table.split('.');
  const appender = await session.outside.createAppender(name ?? '', schema);
  try {
    for (const chunk of await session.chunks(query, of.tokens)) appender.appendDataChunk(chunk);
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}

/** An array of a result or of a table has no null in it. */
export async function noNullElements(connection: DuckDBConnection, table: string, columns: readonly string[]): Promise<void> {
  if (columns.length === 0) return;
  const condition = columns.map((column) => `len(list_filter(${column}, lambda e: e IS NULL)) > 0`).join(' OR ');
  const rows = (await connection.runAndReadAll(`SELECT count(*) FROM ${table} WHERE ${condition}`)).getRows();
  if (Number(rows[0]?.[0]) > 0) throw invalidQuery('Array cannot have a null element; error in writing field');
}
