/** jobs.insert, get, list, cancel, delete. */
import { etagOf } from './catalog.ts';
import { insertCopy } from './copy-work.ts';
import { ApiError, notImplemented } from './errors.ts';
import { isObject } from './fields.ts';
import { cancelledJob, jobResource, listedJob } from './job-resource.ts';
import type { Job, JobReference } from './job.ts';
import { insertLoad } from './load-work.ts';
import { datasetRef } from './query-request.ts';
import { dryRunJob, insertQuery, type Labels } from './query-jobs.ts';
import { startOf, tokenOf } from './pages.ts';
import { locationOf } from './results.ts';
import { checkBody, count, text } from './strict.ts';
import { labels as checkLabels } from './table-resource.ts';
import { jsonOf, param, type Call, type Reply, type World } from './world.ts';

export async function insertJob(world: World, call: Call): Promise<Reply> {
  return jobOf(world, call, jsonOf(call.body), undefined);
}

/** Makes the job that a body describes; `data`: the file that was uploaded with it. */
export async function jobOf(world: World, call: Call, value: unknown, data: Buffer | undefined): Promise<Reply> {
  const body = checkBody(value, 'job', { names: ['kind', 'configuration', 'jobReference'] });
  const configuration = checkBody(body['configuration'], 'job.configuration', {
    names: ['query', 'load', 'copy', 'labels', 'dryRun', 'jobType'],
    lacking: ['extract', 'jobTimeoutMs', 'reservation', 'maxSlots'],
  });
  const labels = configuration['labels'] === undefined ? undefined : (checkLabels(configuration['labels']) as Labels);
  const reference = referenceOf(world, body['jobReference'], configuration['query']);
  if (configuration['dryRun'] === true) {
    if (configuration['query'] === undefined) throw notImplemented('dry runs other than of queries');
    return { body: await dryRunJob(world, reference.location, configuration['query'], labels) };
  }
  call.log.jobId = reference.jobId;
  const job = await start(world, call, reference, configuration, labels, data);
  return { body: jobResource(world, job) };
}

async function start(
  world: World,
  call: Call,
  reference: JobReference,
  configuration: Readonly<Record<string, unknown>>,
  labels: Labels,
  data: Buffer | undefined,
): Promise<Job> {
  const { query, load, copy } = configuration;
  if ([query, load, copy].filter((each) => each !== undefined).length !== 1) {
    throw new ApiError('required', 'Job configuration must contain exactly one of query, load, copy, extract');
  }
  if (query !== undefined) return insertQuery(world, call, reference, query, labels);
  if (copy !== undefined) return insertCopy(world, call, reference, copy, labels);
  if (data === undefined) throw notImplemented('loads from Cloud Storage (sourceUris)');
  return insertLoad(world, call, reference, load, labels, data);
}

function referenceOf(world: World, value: unknown, query: unknown): JobReference {
  const body = checkBody(value ?? {}, 'job.job_reference', { names: ['projectId', 'jobId', 'location'] });
  const dataset =
    isObject(query) && query['defaultDataset'] !== undefined ? datasetRef(query['defaultDataset'], world.project, 'dataset') : undefined;
  return {
    projectId: world.project,
    jobId: text(body['jobId'], 'jobId') ?? world.jobs.newId(),
    location: text(body['location'], 'location') ?? locationOf(world, dataset),
  };
}

export async function getJob(world: World, call: Call): Promise<Reply> {
  const job = found(world, call);
  await world.jobs.look(job, false);
  return { body: jobResource(world, job) };
}

export function cancelJob(world: World, call: Call): Reply {
  const job = found(world, call);
  world.jobs.cancel(job);
  return { body: { kind: 'bigquery#jobCancelResponse', job: cancelledJob(world, job) } };
}

export function deleteJob(world: World, call: Call): Reply {
  world.jobs.delete(found(world, call));
  return { body: {} };
}

export function listJobs(world: World, call: Call): Reply {
  const { query } = call;
  const states = query.getAll('stateFilter').map((state) => state.toUpperCase());
  const parent = query.get('parentJobId') ?? undefined;
  const since = count(query.get('minCreationTime'), 'minCreationTime') ?? 0;
  const until = count(query.get('maxCreationTime'), 'maxCreationTime') ?? Infinity;
  const all = world.jobs
    .list()
    .filter((job) => job.parent === parent && job.created >= since && job.created <= until)
    .filter((job) => states.length === 0 || states.includes(job.state));
  const token = query.get('pageToken');
  const start = token === null ? 0 : startOf(token, 'jobs');
  const end = start + (count(query.get('maxResults'), 'maxResults') ?? 50);
  const jobs = all.slice(start, end).map((job) => listedJob(world, job, query.get('projection') === 'full'));
  const next = end < all.length ? { nextPageToken: tokenOf('jobs', end) } : {};
  return { body: { etag: etagOf(jobs), kind: 'bigquery#jobList', ...next, ...(jobs.length === 0 ? {} : { jobs }) } };
}

function found(world: World, call: Call): Job {
  return world.jobs.get(world.project, param(call, 'job'), call.query.get('location') ?? undefined);
}
