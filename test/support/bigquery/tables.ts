/** tables.insert, get, list, patch, update, delete; tabledata.list. */
import { etagOf } from './catalog.ts';
import { checkEtag } from './datasets.ts';
import type { Field, TableEntry, TableRef } from './engine.ts';
import { ApiError, datasetNotFound, notImplemented, tableName, tableNotFound } from './errors.ts';
import { tableRef } from './query-request.ts';
import { rowCount } from './query-work.ts';
import { pageOf, startOf, timestampsOf, tokenOf } from './pages.ts';
import { columnDefinitions } from './sql/index.ts';
import { duckdbName, tableDefinition } from './sql/names.ts';
import { ident } from './sql/strings.ts';
import { checkBody, count } from './strict.ts';
import { changed, parseTable, TABLE, tableResource } from './table-resource.ts';
import { jsonOf, param, type Call, type Reply, type World } from './world.ts';

export async function insertTable(world: World, call: Call): Promise<Reply> {
  const body = checkBody(jsonOf(call.body), 'table', TABLE);
  const dataset = { projectId: param(call, 'project'), datasetId: param(call, 'dataset') };
  const ref = { ...tableRef(body['tableReference'], world.project, 'table.table_reference'), ...dataset };
  if (!world.catalog.hasDataset(ref.projectId, ref.datasetId)) throw datasetNotFound(ref.projectId, ref.datasetId);
  if (world.catalog.table(ref) !== undefined) throw new ApiError('duplicate', `Already Exists: Table ${tableName(ref)}`);
  const entry = changed({ ref, duckdb: duckdbName(ref), fields: [], modesShown: true }, parseTable(world, body, ref));
  return { body: await tableResource(world, await makeTable(world, entry)) };
}

/** The table and its place in DuckDB; a view's columns are what its query gives. */
export async function makeTable(world: World, entry: TableEntry): Promise<TableEntry> {
  const made = entry.view === undefined ? entry : { ...entry, fields: await viewFields(world, entry.view) };
  // A table without a schema may be, but has no columns to query.
  const columns = made.fields.length === 0 ? '"$none" BOOLEAN' : tableDefinition(made.fields);
  // Known at once: of two that make the same table one is refused.
  world.catalog.put(made);
  if (made.view === undefined) await world.duckdb.run(`CREATE OR REPLACE TABLE ${made.duckdb} (${columns})`);
  return world.catalog.table(made.ref) ?? made;
}

async function viewFields(world: World, query: string): Promise<readonly Field[]> {
  const { schema = [] } = await world.engine.dryRun(query, { now: world.now });
  return schema;
}

export async function getTable(world: World, call: Call): Promise<Reply> {
  return { body: await tableResource(world, named(world, call)) };
}

export function listTables(world: World, call: Call): Reply {
  const dataset = { projectId: param(call, 'project'), datasetId: param(call, 'dataset') };
  if (!world.catalog.hasDataset(dataset.projectId, dataset.datasetId)) throw datasetNotFound(dataset.projectId, dataset.datasetId);
  const all = world.catalog.tables(dataset.projectId, dataset.datasetId).toSorted((a, b) => (a.ref.tableId < b.ref.tableId ? -1 : 1));
  const token = call.query.get('pageToken');
  const start = token === null ? 0 : startOf(token, dataset.datasetId);
  const end = start + (count(call.query.get('maxResults'), 'maxResults') ?? 50);
  const tables = all.slice(start, end).map((entry) => listed(world, entry));
  const next = end < all.length ? { nextPageToken: tokenOf(dataset.datasetId, end) } : {};
  const rows = tables.length === 0 ? {} : { tables };
  return { body: { kind: 'bigquery#tableList', etag: etagOf(tables), ...next, ...rows, totalItems: all.length } };
}

function listed(world: World, { ref, view, labels, clustering, expirationTime, timePartitioning, friendlyName }: TableEntry): unknown {
  return {
    kind: 'bigquery#table',
    id: tableName(ref),
    tableReference: ref,
    type: view === undefined ? 'TABLE' : 'VIEW',
    ...(friendlyName === undefined ? {} : { friendlyName }),
    ...(labels === undefined ? {} : { labels }),
    ...(timePartitioning === undefined ? {} : { timePartitioning }),
    ...(clustering === undefined ? {} : { clustering: { fields: clustering } }),
    creationTime: String(world.catalog.tableStamp(ref)?.created),
    ...(expirationTime === undefined ? {} : { expirationTime }),
  };
}

/** PATCH: what is named changes, nulls take away. New columns may be added. */
export async function patchTable(world: World, call: Call): Promise<Reply> {
  const before = named(world, call);
  const body = checkBody(jsonOf(call.body), 'table', TABLE);
  checkEtag(call, world.catalog.tableStamp(before.ref)?.etag);
  return replaced(world, before, changed(before, parseTable(world, body, before.ref)));
}

/** PUT: what is not named goes. */
export async function updateTable(world: World, call: Call): Promise<Reply> {
  const before = named(world, call);
  const body = checkBody(jsonOf(call.body), 'table', TABLE);
  checkEtag(call, world.catalog.tableStamp(before.ref)?.etag);
  const { ref, duckdb, fields } = before;
  return replaced(world, before, changed({ ref, duckdb, fields, modesShown: true }, parseTable(world, body, ref)));
}

async function replaced(world: World, before: TableEntry, after: TableEntry): Promise<Reply> {
  checkColumns(before, after.fields);
  // Nothing waits between the look at the etag and this: of two that know the same etag one is refused.
  world.catalog.put(after);
  await addColumns(world, before, after.fields);
  return { body: await tableResource(world, world.catalog.table(after.ref) ?? after) };
}

function checkColumns(before: TableEntry, fields: readonly Field[]): void {
  for (const [index, field] of before.fields.entries()) {
    if (JSON.stringify(bare(field)) === JSON.stringify(bare(fields[index]))) continue;
    throw notImplemented(`changes of a column (${tableName(before.ref)}, ${field.name}); columns may be added behind the last`);
  }
  const required = fields.slice(before.fields.length).find(({ mode }) => mode === 'REQUIRED');
  if (required === undefined) return;
  const problem = `Cannot add required fields to an existing schema. (field: ${required.name})`;
  throw new ApiError('invalid', `Provided Schema does not match Table ${tableName(before.ref)}. ${problem}`);
}

async function addColumns(world: World, { duckdb, fields: before }: TableEntry, fields: readonly Field[]): Promise<void> {
  const added = fields.slice(before.length);
  for (const field of added) await world.duckdb.run(`ALTER TABLE ${duckdb} ADD COLUMN ${columnDefinitions([field])}`);
  if (before.length === 0 && added.length > 0) await world.duckdb.run(`ALTER TABLE ${duckdb} DROP COLUMN ${ident('$none')}`);
}

function bare(field: Field | undefined): unknown {
  return field === undefined ? undefined : { name: field.name, type: field.type, mode: field.mode, fields: field.fields?.map(bare) };
}

export async function deleteTable(world: World, call: Call): Promise<Reply> {
  // Whether the service heeds it here is not documented.
  if (call.headers['if-match'] !== undefined) throw notImplemented('If-Match on DELETE');
  await dropTable(world, named(world, call));
  return { status: 204 };
}

export async function dropTable(world: World, entry: TableEntry): Promise<void> {
  world.catalog.drop(entry.ref);
  if (entry.view === undefined) await world.duckdb.run(`DROP TABLE IF EXISTS ${entry.duckdb}`);
}

export async function listRows(world: World, call: Call): Promise<Reply> {
  const entry = named(world, call);
  if (entry.view !== undefined) throw new ApiError('invalid', `Cannot list a table of type VIEW.`);
  const total = Number(await rowCount(world, entry.duckdb));
  const token = call.query.get('pageToken');
  const start = token === null ? (count(call.query.get('startIndex'), 'startIndex') ?? 0) : startOf(token, entry.ref.tableId);
  const limit = Math.max(0, Math.min(count(call.query.get('maxResults'), 'maxResults') ?? total, total - start));
  const schema = selected(entry.fields, call.query.get('selectedFields'));
  const page = { start, limit, columns: schema.map(({ name }) => name), timestamps: timestampsOf(call.query) ?? 'FLOAT64' };
  const rows = await pageOf(world, { table: entry.duckdb, schema }, page);
  const next = start + rows.length < total ? { pageToken: tokenOf(entry.ref.tableId, start + rows.length) } : {};
  const answer = { totalRows: String(total), ...next, ...(rows.length === 0 ? {} : { rows }) };
  return { body: { kind: 'bigquery#tableDataList', etag: etagOf([answer, world.catalog.tableStamp(entry.ref)?.etag]), ...answer } };
}

function selected(fields: readonly Field[], names: string | null): readonly Field[] {
  if (names === null) return fields;
  const wanted = names.split(',').map((name) => name.trim().toLowerCase());
  const unknown = wanted.find((name) => !fields.some((field) => field.name.toLowerCase() === name));
  if (unknown !== undefined) throw new ApiError('invalid', `No such field: ${unknown}`);
  return fields.filter(({ name }) => wanted.includes(name.toLowerCase()));
}

function named(world: World, call: Call): TableEntry {
  const ref: TableRef = { projectId: param(call, 'project'), datasetId: param(call, 'dataset'), tableId: param(call, 'table') };
  if (!world.catalog.hasDataset(ref.projectId, ref.datasetId)) throw datasetNotFound(ref.projectId, ref.datasetId);
  const entry = world.catalog.table(ref);
  if (entry === undefined) throw tableNotFound(ref);
  return entry;
}
