/**
 * Bytes that a statement processes: of each table that DuckDB's plan scans, the columns that the plan needs, at BigQuery's sizes (INT64,
 * FLOAT64, DATE, DATETIME, TIME, TIMESTAMP 8, NUMERIC, INTERVAL and RANGE 16, BIGNUMERIC 32, BOOL 1, STRING 2 + bytes, BYTES 2 + bytes; null 0).
 */
import type { DuckDBConnection } from '@duckdb/node-api';

import { ident } from './strings.ts';
import { type SqlType, typeOfResult } from './types.ts';

const SIZES: Readonly<Record<string, number>> = {
  INT64: 8,
  FLOAT64: 8,
  DATE: 8,
  DATETIME: 8,
  TIME: 8,
  TIMESTAMP: 8,
  NUMERIC: 16,
  INTERVAL: 16,
  RANGE: 16,
  BIGNUMERIC: 32,
  BOOL: 1,
};

/** DuckDB's expression of the bytes of a value. */
function sizeOf(value: string, type: SqlType): string {
  if (type.name === 'ARRAY' && type.element !== undefined) {
    return `coalesce(list_sum(list_transform(${value}, lambda e: ${sizeOf('e', type.element)})), 0)`;
  }
  if (type.name === 'STRUCT') {
    return `(${(type.fields ?? []).map((field) => sizeOf(`${value}.${ident(field.name)}`, field.type)).join(' + ')})`;
  }
  const size = SIZES[type.name];
  const bytes =
    size === undefined ? (type.name === 'BYTES' ? `2 + octet_length(${value})` : `2 + strlen(CAST(${value} AS VARCHAR))`) : String(size);
  return `CASE WHEN ${value} IS NULL THEN 0 ELSE ${bytes} END`;
}

/** Bytes of a table, or of some of its columns. */
export async function columnBytes(connection: DuckDBConnection, table: string, wanted: (column: string) => boolean): Promise<bigint> {
  const described = await connection.prepare(`SELECT * FROM ${table}`);
  const columns: string[] = [];
  for (let index = 0; index < described.columnCount; index += 1) {
    const name = described.columnName(index);
    if (wanted(name)) columns.push(sizeOf(ident(name), typeOfResult(described.columnType(index))));
  }
  described.destroySync();
  if (columns.length === 0) return 0n;
  const rows = (await connection.runAndReadAll(`SELECT coalesce(sum(${columns.join(' + ')}), 0)::HUGEINT FROM ${table}`)).getRows();
  return rows[0]?.[0] as bigint;
}

interface Node {
  readonly name: string;
  readonly children?: readonly Node[];
  readonly extra_info?: Readonly<Record<string, string | readonly string[]>>;
}

function text(value: string | readonly string[] | undefined): string {
  return value === undefined ? '' : typeof value === 'string' ? value : value.join('\n');
}

/** Columns that a scan reads: those it hands on, and those it filters by. */
function scans(node: Node, found: Map<string, string>): Map<string, string> {
  const table = text(node.extra_info?.['Table']);
  if (table !== '') {
    const columns = `${text(node.extra_info?.['Projections'])}\n${text(node.extra_info?.['Filters'])}`;
    found.set(table, `${found.get(table) ?? ''}\n${columns}`);
  }
  for (const child of node.children ?? []) scans(child, found);
  return found;
}

function mentions(columns: string, name: string): boolean {
  const escaped = name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`(^|[^\\w])"?${escaped}"?($|[^\\w])`, 'im').test(columns);
}

/** A name without quotes. */
function bare(name: string): string {
  return name.replaceAll('"', '').replace(/^memory\./, '');
}

/**
 * `rewritten` is a table that the statement updates or deletes from: all of its columns are read. Throws DuckDB's own error for a
 * statement that it cannot plan.
 */
export async function scannedBytes(connection: DuckDBConnection, sql: string, rewritten?: string): Promise<bigint> {
  const rows = (await connection.runAndReadAll(`EXPLAIN (FORMAT json) ${sql}`)).getRows();
  const plan = JSON.parse(String(rows[0]?.[1])) as readonly Node[];
  const found = new Map<string, string>();
  for (const node of plan) scans(node, found);
  let bytes = rewritten === undefined ? 0n : await columnBytes(connection, rewritten, () => true);
  for (const [table, columns] of found) {
    if (columns.trim() === '' || bare(table) === bare(rewritten ?? '')) continue;
    bytes += await columnBytes(connection, table, (name) => mentions(columns, name));
  }
  return bytes;
}
