/**
 * What a query may read: the database of its own connection and the files of the project. The workspace holds more than
 * that (the plan, the state, the destination), and DuckDB has no rights to take away: so every query is looked at, first
 * as it is written, then as DuckDB would carry it out, with its views, macros and common table expressions resolved.
 */
import { type Location, UserError } from '../../errors.ts';
import { positionAt } from '../../workspace/duckdb-errors.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { Query } from '../source.ts';
import { locate } from './query-error.ts';

/** Throws a `UserError` at the place in the user's file when the query reaches something that is not the source's. */
export async function checkReach(workspace: Workspace, own: string | undefined, query: Query): Promise<void> {
  const written = await writtenNodes(workspace, query);
  for (const node of written) checkWritten(node, query);
  for (const { table, func } of await plannedScans(workspace, query)) {
    if (table !== undefined) checkTable(table, own, written, query);
    if (func !== undefined && !FUNCTIONS.has(func.toUpperCase())) throw refuseFunction(func.toLowerCase(), written, query);
  }
}

/** Table functions that read the project's files or nothing at all. DuckDB's others look at its catalog, its log, its memory. */
// prettier-ignore
const FUNCTIONS: ReadonlySet<string> = new Set([
  'READ_CSV', 'READ_CSV_AUTO', 'READ_PARQUET', 'PARQUET_SCAN', 'READ_JSON', 'READ_JSON_AUTO', 'READ_JSON_OBJECTS', 'READ_JSON_OBJECTS_AUTO',
  'READ_NDJSON', 'READ_NDJSON_AUTO', 'READ_NDJSON_OBJECTS', 'READ_TEXT', 'READ_BLOB', 'GLOB', 'SNIFF_CSV',
  'PARQUET_METADATA', 'PARQUET_SCHEMA', 'PARQUET_FILE_METADATA', 'PARQUET_FULL_METADATA', 'PARQUET_KV_METADATA', 'PARQUET_BLOOM_PROBE',
  'RANGE', 'GENERATE_SERIES', 'UNNEST', 'REPEAT', 'REPEAT_ROW', 'JSON_EACH', 'JSON_TREE', 'SUMMARY', 'TEST_ALL_TYPES', 'TEST_VECTOR_TYPES',
  'ICU_CALENDAR_NAMES', 'PG_TIMEZONE_NAMES', 'PRAGMA_VERSION', 'PRAGMA_PLATFORM',
]);

/** Their argument is SQL or a name that may be another one at every call: what was looked at need not be what is carried out. */
const INDIRECT: ReadonlySet<string> = new Set(['query', 'query_table', 'json_execute_serialized_sql', 'nextval', 'currval']);

// ---- as it is written

/** A node of DuckDB's syntax tree, with what matters of it. */
interface WrittenNode {
  readonly kind: 'table' | 'function' | 'show';
  /** Names as written, the outermost first: catalog, schema, table or function. */
  readonly names: readonly string[];
  /** Byte offset in the query's text. */
  readonly offset: number | undefined;
}

async function writtenNodes(workspace: Workspace, query: Query): Promise<WrittenNode[]> {
  const row = await workspace.row('SELECT json_serialize_sql($sql::VARCHAR) AS tree', { sql: query.sql });
  const tree = JSON.parse(String(row['tree'])) as { readonly error?: boolean; readonly error_message?: string };
  if (tree.error === true) throw new UserError(tree.error_message ?? 'this is no SELECT', { location: query.lines[0] });
  return collect(tree);
}

function collect(value: unknown): WrittenNode[] {
  if (Array.isArray(value)) return value.flatMap((each) => collect(each));
  if (typeof value !== 'object' || value === null) return [];
  const node = value as Readonly<Record<string, unknown>>;
  const own = nodeOf(node);
  const below = Object.values(node).flatMap((each) => collect(each));
  return own === undefined ? below : [own, ...below];
}

function nodeOf(node: Readonly<Record<string, unknown>>): WrittenNode | undefined {
  const offset =
    typeof node['query_location'] === 'number' && Number.isSafeInteger(node['query_location']) ? node['query_location'] : undefined;
  const named = (...keys: readonly string[]): string[] =>
    keys.map((key) => node[key]).filter((name) => typeof name === 'string' && name !== '') as string[];
  switch (node['type']) {
    case 'BASE_TABLE':
      return { kind: 'table', names: named('catalog_name', 'schema_name', 'table_name'), offset };
    case 'FUNCTION':
      return { kind: 'function', names: named('catalog', 'schema', 'function_name'), offset };
    case 'SHOW_REF':
      return { kind: 'show', names: [], offset };
    default:
      return undefined;
  }
}

function checkWritten(node: WrittenNode, query: Query): void {
  const name = node.names.at(-1)?.toLowerCase() ?? '';
  if (node.kind === 'show') throw refuseCatalog('DESCRIBE, SHOW and SUMMARIZE', query, node.offset);
  if (node.kind !== 'function' || !INDIRECT.has(name)) return;
  throw new UserError(`${name}() cannot be used in a sync's query`, {
    location: placeOf(query, node.offset),
    hint: name.endsWith('val') ? 'A query only reads; a sequence moves on.' : 'Name the table itself.',
  });
}

// ---- as it would be carried out

interface Scan {
  /** Qualified and, where needed, quoted name of a table. */
  readonly table: string | undefined;
  /** Name of a table function. */
  readonly func: string | undefined;
}

/** A locked workspace explains the plan as asked for and as optimised. */
async function plannedScans(workspace: Workspace, query: Query): Promise<Scan[]> {
  const rows = await workspace.rows(`EXPLAIN (FORMAT JSON) ${query.sql}`);
  return rows.flatMap((row) => scansIn(JSON.parse(String(row['explain_value']))));
}

function scansIn(plan: unknown): Scan[] {
  if (Array.isArray(plan)) return plan.flatMap((each) => scansIn(each));
  if (typeof plan !== 'object' || plan === null) return [];
  const { extra_info: info, children } = plan as { readonly extra_info?: unknown; readonly children?: unknown };
  const details = (typeof info === 'object' && info !== null ? info : {}) as Readonly<Record<string, unknown>>;
  const text = (key: string): string | undefined => (typeof details[key] === 'string' ? details[key] : undefined);
  return [{ table: text('Table'), func: text('Function') }, ...scansIn(children)];
}

function checkTable(table: string, own: string | undefined, written: readonly WrittenNode[], query: Query): void {
  const catalog = firstName(table);
  if (catalog === own) return;
  const lower = catalog.toLowerCase();
  const place = written.find((node) => node.kind === 'table' && node.names.length > 1 && node.names[0]?.toLowerCase() === lower);
  throw new UserError(`the query reads ${table}, which is not in the source's database`, {
    location: placeOf(query, place?.offset),
    hint: 'A query reads the database of its own connection and the files of the project, nothing else.',
  });
}

/** `"a.b".main.t` -> `a.b`. */
function firstName(qualifiedName: string): string {
  const quoted = /^"((?:[^"]|"")*)"/.exec(qualifiedName)?.[1];
  return quoted?.replaceAll('""', '"') ?? qualifiedName.split('.')[0] ?? '';
}

function refuseFunction(name: string, written: readonly WrittenNode[], query: Query): UserError {
  const place = written.find((node) => node.kind === 'function' && node.names.at(-1)?.toLowerCase() === name);
  if (name !== 'read_duckdb') return refuseCatalog(`${name}()`, query, place?.offset);
  return new UserError("read_duckdb() cannot be used in a sync's query", {
    location: placeOf(query, place?.offset),
    hint: 'Name the file as the `path` of a connection of type duckdb, and that connection as the source.',
  });
}

function refuseCatalog(what: string, query: Query, offset: number | undefined): UserError {
  return new UserError(`${what} cannot be used in a sync's query`, {
    location: placeOf(query, offset),
    hint: 'A query reads tables and files; what DuckDB knows of itself also tells of the plan, the state and the destination.',
  });
}

/** Where a byte of the query stands in the user's file; its first line when that is not known. */
function placeOf(query: Query, offset: number | undefined): Location | undefined {
  return locate(query, offset === undefined ? undefined : positionAt(query.sql, offset));
}
