/** What a query is asked for: the part that jobs.insert and jobs.query have in common. */
import type { DatasetRef, QueryParameter, TableRef } from './engine.ts';
import { ApiError, notImplemented } from './errors.ts';
import { isObject } from './fields.ts';
import { checkBody, count, shown, text, type Known } from './strict.ts';

export interface QueryRequest {
  readonly sql: string;
  readonly params: readonly QueryParameter[];
  readonly parameterMode?: 'NAMED' | 'POSITIONAL';
  readonly defaultDataset?: DatasetRef;
  readonly maximumBytesBilled?: bigint;
  readonly destination?: Destination;
}

/** Where a query writes its rows to, other than into an anonymous table. */
export interface Destination {
  readonly ref: TableRef;
  readonly write: 'WRITE_EMPTY' | 'WRITE_TRUNCATE' | 'WRITE_APPEND';
  readonly create: 'CREATE_IF_NEEDED' | 'CREATE_NEVER';
  readonly clustering?: readonly string[];
}

const COMMON = ['query', 'useLegacySql', 'useQueryCache', 'defaultDataset', 'parameterMode', 'queryParameters', 'maximumBytesBilled'];
const LACKING_COMMON = [
  'connectionProperties',
  'createSession',
  'continuous',
  'destinationEncryptionConfiguration',
  'writeIncrementalResults',
];

/** `configuration.query`. `types` is what Google's client leaks into it, without effect (recorded). */
export const JOB_QUERY: Known = {
  names: [...COMMON, 'types', 'priority', 'destinationTable', 'createDisposition', 'writeDisposition', 'clustering'],
  lacking: [
    ...LACKING_COMMON,
    'tableDefinitions',
    'timePartitioning',
    'rangePartitioning',
    'schemaUpdateOptions',
    'allowLargeResults',
    'flattenResults',
    'maximumBillingTier',
    'userDefinedFunctionResources',
    'scriptOptions',
    'systemVariables',
  ],
};

/** The body of jobs.query. */
export const FAST_QUERY: Known = {
  names: [...COMMON, 'kind', 'labels', 'location', 'dryRun', 'maxResults', 'timeoutMs', 'formatOptions', 'requestId', 'jobCreationMode'],
  lacking: [...LACKING_COMMON, 'preserveNulls', 'reservation', 'jobTimeoutMs', 'maxSlots', 'destinationTable'],
};

export function parseQuery(body: Readonly<Record<string, unknown>>, project: string): QueryRequest {
  const sql = text(body['query'], 'query');
  if (sql === undefined || sql === '')
    throw new ApiError('required', 'Required parameter is missing: query', { location: 'query', locationType: 'parameter' });
  // Legacy SQL is the API's default.
  if (body['useLegacySql'] !== false) throw notImplemented('legacy SQL (useLegacySql must be false)');
  const limit = count(body['maximumBytesBilled'], 'maximumBytesBilled');
  const dataset = body['defaultDataset'];
  const params = parseParameters(body['queryParameters']);
  const mode = parseMode(body['parameterMode'], params);
  return {
    sql,
    params,
    ...(mode === undefined ? {} : { parameterMode: mode }),
    ...(dataset === undefined ? {} : { defaultDataset: datasetRef(dataset, project, 'defaultDataset') }),
    ...(limit === undefined ? {} : { maximumBytesBilled: BigInt(limit) }),
    ...(body['destinationTable'] === undefined ? {} : { destination: parseDestination(body, project) }),
  };
}

function parseDestination(body: Readonly<Record<string, unknown>>, project: string): Destination {
  const clustering = parseClustering(body['clustering']);
  return {
    ref: tableRef(body['destinationTable'], project, 'destinationTable'),
    write: disposition(body['writeDisposition'], ['WRITE_EMPTY', 'WRITE_TRUNCATE', 'WRITE_APPEND'] as const),
    create: disposition(body['createDisposition'], ['CREATE_IF_NEEDED', 'CREATE_NEVER'] as const),
    ...(clustering === undefined ? {} : { clustering }),
  };
}

/** One of the values; the first is the default. */
export function disposition<const T extends string>(value: unknown, values: readonly [T, ...T[]]): T {
  if (value === undefined) return values[0];
  const found = values.find((each) => each === value);
  if (found === undefined) throw new ApiError('invalid', `Invalid value for disposition: ${shown(value)}`);
  return found;
}

export function parseClustering(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const { fields } = checkBody(value, 'clustering', { names: ['fields'] });
  if (!Array.isArray(fields) || fields.length > 4) throw new ApiError('invalid', 'Clustering takes one to four fields');
  return fields.map(String);
}

export function datasetRef(value: unknown, project: string, path: string): DatasetRef {
  const { projectId = project, datasetId } = checkBody(value, path, { names: ['projectId', 'datasetId'] });
  return { projectId: String(projectId), datasetId: validId(datasetId, 'dataset') };
}

export function tableRef(value: unknown, project: string, path: string): TableRef {
  const { projectId = project, datasetId, tableId } = checkBody(value, path, { names: ['projectId', 'datasetId', 'tableId'] });
  return { projectId: String(projectId), datasetId: validId(datasetId, 'dataset'), tableId: validId(tableId, 'table') };
}

/** Datasets take letters, digits and `_`; tables also marks, connectors, dashes and spaces, up to 1,024 bytes. */
export function validId(value: unknown, what: 'dataset' | 'table'): string {
  const pattern = what === 'dataset' ? /^\w{1,1024}$/ : /^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd}\p{Zs}]+$/u;
  if (typeof value === 'string' && pattern.test(value) && Buffer.byteLength(value) <= 1024) return value;
  const rule =
    what === 'dataset'
      ? 'Dataset IDs must be alphanumeric (plus underscores) and must be at most 1024 characters long.'
      : 'Table IDs must be alphanumeric (plus underscores) and must be at most 1024 characters long. Also, Table decorators cannot be used.';
  throw new ApiError('invalid', `Invalid ${what} ID "${String(value)}". ${rule}`);
}

function parseMode(value: unknown, params: readonly QueryParameter[]): 'NAMED' | 'POSITIONAL' | undefined {
  if (value === undefined) return params.length === 0 ? undefined : params[0]?.name === undefined ? 'POSITIONAL' : 'NAMED';
  const mode = shown(value).toUpperCase();
  if (mode !== 'NAMED' && mode !== 'POSITIONAL') throw new ApiError('invalid', `Invalid value for parameterMode: ${mode}`);
  return mode;
}

function parseParameters(value: unknown): readonly QueryParameter[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new ApiError('invalid', 'Invalid value for queryParameters');
  return value.map((each: unknown) => {
    const body = checkBody(each, 'query_parameters', { names: ['name', 'parameterType', 'parameterValue'] });
    if (!isObject(body['parameterType']) || typeof body['parameterType']['type'] !== 'string') {
      throw new ApiError('invalid', 'Query parameter has no type');
    }
    return { parameterValue: {}, ...body } as unknown as QueryParameter;
  });
}
