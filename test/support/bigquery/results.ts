/** jobs.query and jobs.getQueryResults: rows, page by page. */
import { etagOf } from './catalog.ts';
import type { Page } from './engine.ts';
import { tableNotFound } from './errors.ts';
import { dmlStatistics } from './job-resource.ts';
import type { Job, Outcome } from './job.ts';
import { pageOf, startOf, timestamps, timestampsOf, tokenOf } from './pages.ts';
import { dryRun, repeated, startQuery, type Labels } from './query-jobs.ts';
import { FAST_QUERY, parseQuery } from './query-request.ts';
import { checkBody, count, text } from './strict.ts';
import { labels as checkLabels } from './table-resource.ts';
import { jsonOf, param, type Call, type Reply, type World } from './world.ts';

type Json = Readonly<Record<string, unknown>>;

/** Bodies of jobs.query that were sent before, by requestId: the same one gives the same job. */
const asked = new WeakMap<World, Map<string, Job>>();

export async function query(world: World, call: Call): Promise<Reply> {
  const body = checkBody(jsonOf(call.body), 'query_request', FAST_QUERY);
  const request = parseQuery(body, world.project);
  const location = text(body['location'], 'location') ?? locationOf(world, request.defaultDataset);
  if (body['dryRun'] === true) return { body: dryRunAnswer(world, location, await dryRun(world, request, location)) };
  const job = await sameRequest(world, text(body['requestId'], 'requestId'), async () => {
    const reference = { projectId: world.project, jobId: world.jobs.newId(), location };
    const configuration = Object.fromEntries(Object.entries(body).filter(([name]) => SETTINGS.has(name)));
    const labels = body['labels'] === undefined ? undefined : (checkLabels(body['labels']) as Labels);
    return startQuery(world, call, reference, repeated(configuration, request, labels), request);
  });
  call.log.jobId = job.reference.jobId;
  if (job.error !== undefined) throw job.error;
  if (job.outcome === undefined) return { body: { kind: 'bigquery#queryResponse', jobReference: job.reference, jobComplete: false } };
  const max = count(body['maxResults'], 'maxResults');
  const page = await rowsOf(world, job, job.outcome, 0, max, timestamps(body['formatOptions']));
  return { body: { kind: 'bigquery#queryResponse', ...page, ...numbers(job, job.outcome) } };
}

/** What of jobs.query is part of the job, not of the answer. */
const SETTINGS = new Set([
  'query',
  'useLegacySql',
  'useQueryCache',
  'defaultDataset',
  'parameterMode',
  'queryParameters',
  'maximumBytesBilled',
]);

async function sameRequest(world: World, id: string | undefined, make: () => Promise<Job>): Promise<Job> {
  const known = asked.get(world) ?? new Map<string, Job>();
  asked.set(world, known);
  const before = id === undefined ? undefined : known.get(id);
  if (before !== undefined) return before;
  const job = await make();
  if (id !== undefined) known.set(id, job);
  return job;
}

export async function getQueryResults(world: World, call: Call): Promise<Reply> {
  const { query: parameters } = call;
  const job = world.jobs.get(world.project, param(call, 'job'), parameters.get('location') ?? undefined);
  await world.jobs.look(job, true);
  if (job.error !== undefined) throw job.error;
  if (call.expire && job.outcome?.destination !== undefined) world.catalog.drop(job.outcome.destination);
  const token = parameters.get('pageToken');
  const start = token === null ? (count(parameters.get('startIndex'), 'startIndex') ?? 0) : startOf(token, job.reference.jobId);
  const answer = await resultsOf(world, job, start, parameters);
  return { body: { kind: 'bigquery#getQueryResultsResponse', etag: etagOf(answer), ...answer } };
}

async function resultsOf(world: World, job: Job, start: number, parameters: URLSearchParams): Promise<Json> {
  const { outcome } = job;
  if (outcome === undefined) return { jobReference: job.reference, jobComplete: false };
  const page = await rowsOf(world, job, outcome, start, count(parameters.get('maxResults'), 'maxResults'), timestampsOf(parameters));
  const changed = outcome.dml === undefined ? {} : { numDmlAffectedRows: dmlStatistics(outcome.dml)['numDmlAffectedRows'] };
  return { ...page, totalBytesProcessed: String(outcome.bytes), jobComplete: true, cacheHit: false, ...changed };
}

function numbers(job: Job, outcome: Outcome): Json {
  const { jobId, location } = job.reference;
  return {
    totalBytesProcessed: String(outcome.bytes),
    jobComplete: true,
    cacheHit: false,
    ...(outcome.dml === undefined ? {} : dmlStatistics(outcome.dml)),
    queryId: jobId,
    jobCreationReason: { code: 'REQUESTED' },
    totalBytesBilled: String(outcome.billed),
    location,
    creationTime: String(job.created),
    startTime: String(job.created),
    endTime: String(job.ended),
  };
}

function dryRunAnswer(world: World, location: string, result: Awaited<ReturnType<typeof dryRun>>): Json {
  const now = String(world.now());
  return {
    kind: 'bigquery#queryResponse',
    ...(result.schema === undefined ? {} : { schema: { fields: result.schema } }),
    jobReference: { projectId: world.project, location },
    totalBytesProcessed: String(result.bytes),
    jobComplete: true,
    cacheHit: false,
    totalBytesBilled: '0',
    location,
    creationTime: now,
    endTime: now,
  };
}

/** Schema and rows of a finished job, from `start`. */
async function rowsOf(
  world: World,
  job: Job,
  outcome: Outcome,
  start: number,
  max: number | undefined,
  format: Page['timestamps'],
): Promise<Json> {
  const { schema, table, destination, rowCount } = outcome;
  const { reference: jobReference } = job;
  if (schema === undefined || table === undefined) return { jobReference, totalRows: '0' };
  const entry = destination === undefined ? undefined : world.catalog.table(destination);
  if (destination !== undefined && entry === undefined) throw tableNotFound(destination);
  const rows = await pageOf(
    world,
    { table, schema },
    { start, limit: Math.min(max ?? rowCount, rowCount - start), timestamps: format ?? 'FLOAT64' },
  );
  const next = start + rows.length;
  return {
    schema: { fields: schema },
    jobReference,
    totalRows: String(rowCount),
    ...(next < rowCount ? { pageToken: tokenOf(jobReference.jobId, next) } : {}),
    ...(rows.length === 0 ? {} : { rows }),
  };
}

/** Where a job runs that names no location: where its default dataset lies. */
export function locationOf(world: World, dataset: { readonly projectId: string; readonly datasetId: string } | undefined): string {
  return (dataset === undefined ? undefined : world.catalog.location(dataset)) ?? world.location;
}
