/** A table as the API describes it, and as a request defines it. */
import type { Field, TableEntry, TableRef } from './engine.ts';
import { ApiError, tableName } from './errors.ts';
import { isObject, parseSchema } from './fields.ts';
import { parseClustering } from './query-request.ts';
import { rowCount } from './query-work.ts';
import { tableBytes } from './sql/index.ts';
import { checkBody, count, shown, text, type Known } from './strict.ts';
import type { World } from './world.ts';

type Json = Readonly<Record<string, unknown>>;

export const TABLE: Known = {
  // What only the service sets may come back in an update, and is left as it is.
  names: [
    ...[
      'kind',
      'etag',
      'id',
      'selfLink',
      'type',
      'location',
      'creationTime',
      'lastModifiedTime',
      'numBytes',
      'numRows',
      'numLongTermBytes',
    ],
    ...['numTotalLogicalBytes', 'numActiveLogicalBytes', 'numLongTermLogicalBytes'],
    ...['tableReference', 'schema', 'clustering', 'timePartitioning', 'expirationTime', 'labels', 'description', 'friendlyName', 'view'],
  ],
  lacking: [
    'rangePartitioning',
    'requirePartitionFilter',
    'encryptionConfiguration',
    'materializedView',
    'externalDataConfiguration',
    'tableConstraints',
    'defaultCollation',
    'maxStaleness',
    'resourceTags',
    'snapshotDefinition',
    'cloneDefinition',
    'streamingBuffer',
    'biglakeConfiguration',
  ],
};

/** What a definition changes; null takes a property away. */
export interface TableChange {
  readonly fields?: readonly Field[];
  readonly clustering?: readonly string[] | null;
  readonly timePartitioning?: NonNullable<TableEntry['timePartitioning']> | null;
  readonly expirationTime?: string | null;
  readonly labels?: Readonly<Record<string, string | null>> | null;
  readonly description?: string | null;
  readonly friendlyName?: string | null;
  readonly view?: string;
}

export function parseTable(world: World, body: Json, ref: TableRef): TableChange {
  return {
    ...given(body, 'schema', (value) => ({ fields: parseSchema(value) })),
    ...given(body, 'clustering', (value) => ({ clustering: parseClustering(value) ?? null })),
    ...given(body, 'timePartitioning', (value) => ({ timePartitioning: partitioning(value) })),
    ...given(body, 'expirationTime', (value) => ({ expirationTime: expiration(world, value, ref) })),
    ...given(body, 'labels', (value) => ({ labels: labels(value) })),
    ...given(body, 'description', (value) => ({ description: limited(text(value, 'description') ?? null, 'description', 16_384) })),
    ...given(body, 'friendlyName', (value) => ({ friendlyName: text(value, 'friendlyName') ?? null })),
    ...given(body, 'view', (value) => ({ view: viewQuery(value) })),
  };
}

function given(body: Json, name: string, parse: (value: unknown) => TableChange): TableChange {
  return body[name] === undefined ? {} : parse(body[name]);
}

function limited(value: string | null, name: string, characters: number): string | null {
  if (value !== null && value.length > characters)
    throw new ApiError('invalid', `The ${name} must be at most ${characters} characters long`);
  return value;
}

function viewQuery(value: unknown): string {
  const { query, useLegacySql } = checkBody(value, 'table.view', { names: ['query', 'useLegacySql'] });
  if (useLegacySql !== false)
    throw new ApiError('notImplemented', 'The fake BigQuery does not know views in legacy SQL (useLegacySql must be false)');
  return text(query, 'view.query') ?? '';
}

function partitioning(value: unknown): NonNullable<TableEntry['timePartitioning']> | null {
  if (value === null) return null;
  const { type, field } = checkBody(value, 'table.time_partitioning', {
    names: ['type', 'field'],
    lacking: ['expirationMs', 'requirePartitionFilter'],
  });
  return { type: String(type), ...(field === undefined ? {} : { field: shown(field) }) };
}

function expiration(world: World, value: unknown, ref: TableRef): string | null {
  if (value === null || value === '0' || value === 0) return null;
  const ms = count(value, 'expirationTime') ?? 0;
  if (ms <= world.now()) throw new ApiError('invalid', `Expiration time must be in the future: Table ${tableName(ref)}`);
  return String(ms);
}

/** Keys and values: lower-case letters, digits, `_` and `-`, up to 63. */
export function labels(value: unknown): Readonly<Record<string, string | null>> | null {
  if (value === null) return null;
  if (!isObject(value)) throw new ApiError('invalid', 'Invalid value for labels');
  for (const [key, label] of Object.entries(value)) {
    if (!/^\p{Ll}[\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key)) throw new ApiError('invalid', `Invalid label key: ${key}`);
    if (label !== null && !(typeof label === 'string' && /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(label))) {
      throw new ApiError('invalid', `Invalid label value for key ${key}: ${shown(label)}`);
    }
  }
  return value as Readonly<Record<string, string | null>>;
}

/** What is left when a change has been made. */
export function changed(entry: TableEntry, change: TableChange): TableEntry {
  const { labels: newLabels, ...rest } = change;
  const merged = { ...entry, ...rest, ...(newLabels === undefined ? {} : { labels: mergedLabels(entry.labels ?? {}, newLabels) }) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)) as unknown as TableEntry;
}

function mergedLabels(before: Readonly<Record<string, string>>, change: Readonly<Record<string, string | null>> | null): unknown {
  if (change === null) return null;
  return Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== null));
}

export async function tableResource(world: World, entry: TableEntry): Promise<Json> {
  const { ref, clustering, view } = entry;
  const stamp = world.catalog.tableStamp(ref);
  return {
    kind: 'bigquery#table',
    etag: stamp?.etag,
    id: `${ref.projectId}:${ref.datasetId}.${ref.tableId}`,
    selfLink: `${world.url}/bigquery/v2/projects/${ref.projectId}/datasets/${ref.datasetId}/tables/${ref.tableId}`,
    tableReference: ref,
    ...only(entry, ['description', 'friendlyName', 'labels', 'expirationTime', 'timePartitioning']),
    ...(clustering === undefined ? {} : { clustering: { fields: clustering } }),
    schema: { fields: entry.modesShown === true ? entry.fields : entry.fields.map(withoutMode) },
    ...(view === undefined ? await sizes(world, entry) : { view: { query: view, useLegacySql: false } }),
    creationTime: String(stamp?.created),
    lastModifiedTime: String(stamp?.modified),
    type: view === undefined ? 'TABLE' : 'VIEW',
    location: world.catalog.location(ref) ?? world.location,
  };
}

async function sizes(world: World, entry: TableEntry): Promise<Json> {
  const bytes = String(await tableBytes(world.duckdb, entry));
  const numRows = String(await rowCount(world, entry.duckdb));
  const logical = { numTotalLogicalBytes: bytes, numActiveLogicalBytes: bytes, numLongTermLogicalBytes: '0' };
  return { numBytes: bytes, numLongTermBytes: '0', numRows, ...logical };
}

/** A table made by SQL shows no NULLABLE (recorded); one made by the API shows what it was given. */
function withoutMode({ mode, fields, ...field }: Field): Json {
  return { ...field, ...(mode === 'NULLABLE' ? {} : { mode }), ...(fields === undefined ? {} : { fields: fields.map(withoutMode) }) };
}

function only(entry: TableEntry, names: readonly (keyof TableEntry)[]): Json {
  return Object.fromEntries(names.flatMap((name) => (entry[name] === undefined ? [] : [[name, entry[name]]])));
}
