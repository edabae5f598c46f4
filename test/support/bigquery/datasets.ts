/** datasets.insert, get, list, patch, delete. */
import { etagOf } from './catalog.ts';
import type { DatasetOptions, DatasetRef } from './engine.ts';
import { ApiError, datasetNotFound } from './errors.ts';
import { USER } from './job-resource.ts';
import { datasetRef } from './query-request.ts';
import { schemaName } from './sql/names.ts';
import { checkBody, count, text, type Known } from './strict.ts';
import { jsonOf, param, type Call, type Reply, type World } from './world.ts';

type Json = Readonly<Record<string, unknown>>;

const DATASET: Known = {
  names: ['kind', 'etag', 'datasetReference', 'location', 'labels', 'description', 'friendlyName', 'defaultTableExpirationMs'],
  lacking: [
    'access',
    'defaultPartitionExpirationMs',
    'defaultEncryptionConfiguration',
    'isCaseInsensitive',
    'defaultCollation',
    'maxTimeTravelHours',
    'storageBillingModel',
    'resourceTags',
  ],
};

export async function insertDataset(world: World, call: Call): Promise<Reply> {
  const body = checkBody(jsonOf(call.body), 'dataset', DATASET);
  const ref = datasetRef(body['datasetReference'], world.project, 'dataset.dataset_reference');
  if (world.catalog.hasDataset(ref.projectId, ref.datasetId)) {
    throw new ApiError('duplicate', `Already Exists: Dataset ${ref.projectId}:${ref.datasetId}`);
  }
  await makeDataset(world, ref, { location: world.location, ...optionsOf(body) });
  return { body: datasetResource(world, ref) };
}

/** Also the schema that holds its tables. */
export async function makeDataset(world: World, ref: DatasetRef, options: DatasetOptions): Promise<void> {
  world.catalog.createDataset(ref.projectId, ref.datasetId, options);
  await world.duckdb.run(`CREATE SCHEMA IF NOT EXISTS ${schemaName(ref.projectId, ref.datasetId)}`);
}

export function getDataset(world: World, call: Call): Reply {
  return { body: datasetResource(world, named(world, call)) };
}

export function listDatasets(world: World): Reply {
  const datasets = world.catalog.datasets(world.project).map((ref) => {
    const { labels, friendlyName, location } = optionsAt(world, ref);
    const more = { ...(labels === undefined ? {} : { labels }), ...(friendlyName === undefined ? {} : { friendlyName }) };
    return { kind: 'bigquery#dataset', id: `${ref.projectId}:${ref.datasetId}`, datasetReference: ref, ...more, location, type: 'DEFAULT' };
  });
  return { body: { kind: 'bigquery#datasetList', etag: etagOf(datasets), ...(datasets.length === 0 ? {} : { datasets }) } };
}

export function patchDataset(world: World, call: Call): Reply {
  const ref = named(world, call);
  const body = checkBody(jsonOf(call.body), 'dataset', DATASET);
  const { etag } = world.catalog.datasetStamp(ref.projectId, ref.datasetId) ?? {};
  checkEtag(call, etag);
  world.catalog.createDataset(ref.projectId, ref.datasetId, { ...optionsAt(world, ref), ...optionsOf(body) });
  return { body: datasetResource(world, ref) };
}

/** `If-Match` must be the etag as it stands. */
export function checkEtag(call: Call, etag: string | undefined): void {
  const wanted = call.headers['if-match'];
  if (wanted === undefined || wanted === etag) return;
  throw new ApiError('failedPrecondition', 'Precondition check failed.');
}

export async function deleteDataset(world: World, call: Call): Promise<Reply> {
  const ref = named(world, call);
  const tables = world.catalog.tables(ref.projectId, ref.datasetId);
  if (tables.length > 0 && call.query.get('deleteContents') !== 'true') {
    throw new ApiError('resourceInUse', `Dataset ${ref.projectId}:${ref.datasetId} is still in use`);
  }
  world.catalog.dropDataset(ref.projectId, ref.datasetId);
  await world.duckdb.run(`DROP SCHEMA IF EXISTS ${schemaName(ref.projectId, ref.datasetId)} CASCADE`);
  return { status: 204 };
}

function named(world: World, call: Call): DatasetRef {
  const ref = { projectId: param(call, 'project'), datasetId: param(call, 'dataset') };
  if (!world.catalog.hasDataset(ref.projectId, ref.datasetId)) throw datasetNotFound(ref.projectId, ref.datasetId);
  return ref;
}

function optionsAt(world: World, ref: DatasetRef): DatasetOptions {
  return world.catalog.datasetOptions(ref.projectId, ref.datasetId) ?? {};
}

function optionsOf(body: Json): DatasetOptions {
  const ms = count(body['defaultTableExpirationMs'], 'defaultTableExpirationMs');
  const location = text(body['location'], 'location');
  const description = text(body['description'], 'description');
  const friendlyName = text(body['friendlyName'], 'friendlyName');
  return {
    ...(location === undefined ? {} : { location }),
    ...(description === undefined ? {} : { description }),
    ...(friendlyName === undefined ? {} : { friendlyName }),
    ...(body['labels'] === undefined ? {} : { labels: body['labels'] as Readonly<Record<string, string>> }),
    ...(ms === undefined ? {} : { defaultTableExpirationMs: String(ms) }),
  };
}

function datasetResource(world: World, ref: DatasetRef): Json {
  const { projectId, datasetId } = ref;
  const stamp = world.catalog.datasetStamp(projectId, datasetId);
  const { location, ...options } = optionsAt(world, ref);
  return {
    kind: 'bigquery#dataset',
    etag: stamp?.etag,
    id: `${projectId}:${datasetId}`,
    selfLink: `${world.url}/bigquery/v2/projects/${projectId}/datasets/${datasetId}`,
    datasetReference: ref,
    ...options,
    access: [{ role: 'OWNER', userByEmail: USER }],
    creationTime: String(stamp?.created),
    lastModifiedTime: String(stamp?.modified),
    location,
    type: 'DEFAULT',
    maxTimeTravelHours: '168',
  };
}
