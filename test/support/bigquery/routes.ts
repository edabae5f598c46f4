/** What the server answers to, as the API's reference lists it. */
import { deleteDataset, getDataset, insertDataset, listDatasets, patchDataset } from './datasets.ts';
import { cancelJob, deleteJob, getJob, insertJob, listJobs } from './job-calls.ts';
import type { RequestKind } from './requests.ts';
import { getQueryResults, query } from './results.ts';
import type { Known } from './strict.ts';
import { deleteTable, getTable, insertTable, listRows, listTables, patchTable, updateTable } from './tables.ts';
import { continueUpload, startUpload } from './uploads.ts';
import type { Call, Reply, World } from './world.ts';

export interface Route {
  readonly method: string;
  /** Of the path without `/bigquery/v2`; groups are parameters. */
  readonly path: RegExp;
  readonly kind: RequestKind;
  readonly query: Known;
  readonly answer: (world: World, call: Call) => Reply | Promise<Reply>;
}

const PAGE = ['maxResults', 'pageToken'];
/** `skipParsing` means something to Google's client only, which sends it all the same: so the service must let it pass. */
const FORMAT = ['formatOptions.useInt64Timestamp', 'formatOptions.timestampOutputFormat', 'skipParsing'];

const PROJECT = '/projects/(?<project>[^/]+)';
const DATASET = `${PROJECT}/datasets/(?<dataset>[^/]+)`;
const TABLE = `${DATASET}/tables/(?<table>[^/]+)`;
const JOB = `${PROJECT}/jobs/(?<job>[^/]+)`;

export const ROUTES: readonly Route[] = [
  route('POST', `${PROJECT}/queries`, 'jobs.query', [], query),
  route(
    'GET',
    `${PROJECT}/queries/(?<job>[^/]+)`,
    'jobs.getQueryResults',
    [...PAGE, ...FORMAT, 'startIndex', 'timeoutMs', 'location'],
    getQueryResults,
  ),
  route('POST', `${PROJECT}/jobs`, 'jobs.insert:query', [], insertJob),
  route(
    'GET',
    `${PROJECT}/jobs`,
    'jobs.list',
    [...PAGE, 'stateFilter', 'projection', 'parentJobId', 'minCreationTime', 'maxCreationTime', 'allUsers'],
    listJobs,
  ),
  route('GET', JOB, 'jobs.get', ['location'], getJob),
  route('POST', `${JOB}/cancel`, 'jobs.cancel', ['location'], cancelJob),
  route('DELETE', `${JOB}/delete`, 'jobs.delete', ['location'], deleteJob),
  route('POST', `${PROJECT}/datasets`, 'datasets.insert', [], insertDataset),
  route('GET', `${PROJECT}/datasets`, 'datasets.list', [...PAGE, 'all'], listDatasets, ['filter']),
  route('GET', DATASET, 'datasets.get', [], getDataset, ['datasetView', 'accessPolicyVersion']),
  route('PATCH', DATASET, 'datasets.patch', [], patchDataset, ['accessPolicyVersion', 'updateMode']),
  route('DELETE', DATASET, 'datasets.delete', ['deleteContents'], deleteDataset),
  route('POST', `${DATASET}/tables`, 'tables.insert', [], insertTable),
  route('GET', `${DATASET}/tables`, 'tables.list', PAGE, listTables),
  route('GET', TABLE, 'tables.get', [], getTable, ['selectedFields', 'view']),
  route('PATCH', TABLE, 'tables.patch', [], patchTable, ['autodetect_schema']),
  route('PUT', TABLE, 'tables.update', [], updateTable, ['autodetect_schema']),
  route('DELETE', TABLE, 'tables.delete', [], deleteTable),
  route('GET', `${TABLE}/data`, 'tabledata.list', [...PAGE, ...FORMAT, 'startIndex', 'selectedFields'], listRows),
  route('POST', `/upload${PROJECT}/jobs`, 'upload', ['uploadType'], startUpload),
  route('PUT', `/upload${PROJECT}/jobs`, 'upload', ['uploadType', 'upload_id'], continueUpload),
];

function route(
  method: string,
  path: string,
  kind: RequestKind,
  names: readonly string[],
  answer: Route['answer'],
  lacking: readonly string[] = [],
): Route {
  return { method, path: new RegExp(`^${path}$`), kind, query: { names, lacking }, answer };
}
