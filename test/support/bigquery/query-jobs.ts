/** POST of jobs that query, and the configuration the API repeats of them. */
import { etagOf } from './catalog.ts';
import type { DryRun, QueryParameter } from './engine.ts';
import { ApiError, asApiError } from './errors.ts';
import { USER } from './job-resource.ts';
import type { Job, JobConfiguration, JobReference, Outcome } from './job.ts';
import { JOB_QUERY, parseQuery, type QueryRequest } from './query-request.ts';
import { anonymousTable, runOptions, runQuery } from './query-work.ts';
import { checkBody } from './strict.ts';
import type { Call, World } from './world.ts';

type Json = Readonly<Record<string, unknown>>;

/** The job and what it was asked; a dry run makes none. */
export async function insertQuery(world: World, call: Call, reference: JobReference, body: unknown, labels: Labels): Promise<Job> {
  const query = checkBody(body, 'job.configuration.query', JOB_QUERY);
  const request = parseQuery(query, world.project);
  const configuration = repeated(query, request, labels);
  return startQuery(world, call, reference, configuration, request);
}

export async function startQuery(
  world: World,
  call: Call,
  reference: JobReference,
  configuration: JobConfiguration,
  request: QueryRequest,
): Promise<Job> {
  const problem = badParameter(request.params);
  if (problem !== undefined) return world.jobs.insert(reference, configuration, async () => Promise.reject(problem), undefined);
  // What a script refers to may only come into being while it runs; a job that a fault holds back is compiled now and runs later.
  const single = !world.engine.isScript(request.sql);
  const planned = (job: Job, plan: DryRun): void => {
    if (single) compiled(world, job, request, plan);
  };
  const plan = single && call.jobFault !== undefined ? await dryRun(world, request, reference.location) : undefined;
  const work = async (running: Job): Promise<Outcome> => {
    const outcome = await runQuery(world, request, running, planned);
    if (call.expire && outcome.destination !== undefined) world.catalog.drop(outcome.destination);
    return outcome;
  };
  const job = await world.jobs.insert(reference, configuration, work, call.jobFault);
  if (plan !== undefined) planned(job, plan);
  // SQL that does not compile makes no job.
  if (single && !job.compiled && job.error !== undefined && job.error.reason !== 'stopped') {
    world.jobs.delete(job);
    throw job.error;
  }
  return job;
}

/** What is known of a job before it runs. */
function compiled(world: World, job: Job, request: QueryRequest, plan: DryRun): void {
  checkPlaces(world, request, plan, job.reference.location);
  Object.assign(job, { compiled: true, statementType: plan.statementType });
  if (plan.statementType !== 'SELECT') return;
  const { ref, write } = request.destination ?? { ref: anonymousTable(world, request.sql, job.reference.jobId), write: 'WRITE_TRUNCATE' };
  const query = { ...job.configuration.query, destinationTable: ref, writeDisposition: write };
  job.configuration = { ...job.configuration, query };
}

/** A job reads and writes only where it runs. What a script touches is not looked at. */
function checkPlaces(world: World, { destination, defaultDataset }: QueryRequest, plan: DryRun, location: string): void {
  const datasets = [...plan.referencedTables, destination?.ref, defaultDataset].filter((each) => each !== undefined);
  for (const { projectId, datasetId } of datasets) {
    const place = world.catalog.location({ projectId, datasetId });
    if (place === undefined || place.toUpperCase() === location.toUpperCase()) continue;
    throw new ApiError('notFound', `Not found: Dataset ${projectId}:${datasetId} was not found in location ${location}`);
  }
}

export type Labels = Readonly<Record<string, string>> | undefined;

/** The configuration as it comes back: names filled in, defaults spelled out, numbers as text. */
export function repeated(query: Json, request: QueryRequest, labels: Labels): JobConfiguration {
  const { types: _types, parameterMode: _mode, queryParameters: _parameters, maximumBytesBilled: _limit, ...rest } = query;
  const { parameterMode, params, defaultDataset, maximumBytesBilled } = request;
  return {
    query: {
      ...rest,
      priority: query['priority'] ?? 'INTERACTIVE',
      useLegacySql: false,
      ...(defaultDataset === undefined ? {} : { defaultDataset }),
      ...(parameterMode === undefined ? {} : { parameterMode }),
      ...(params.length === 0 ? {} : { queryParameters: params.map(asText) }),
      ...(maximumBytesBilled === undefined ? {} : { maximumBytesBilled: String(maximumBytesBilled) }),
    },
    ...(labels === undefined ? {} : { labels }),
    jobType: 'QUERY',
  };
}

/** A job whose parameters cannot be read ends before its SQL is looked at (recorded for INT64). */
function badParameter(params: readonly QueryParameter[]): ApiError | undefined {
  const bad = params.find(({ parameterType, parameterValue: { value } }) => {
    return parameterType.type === 'INT64' && value !== undefined && value !== null && !/^\s*[+-]?\d+\s*$/.test(String(value));
  });
  if (bad === undefined) return undefined;
  const value = String(bad.parameterValue.value);
  return new ApiError(
    'invalid',
    `Unparseable query parameter \`${bad.name ?? ''}\` in type \`TYPE_INT64\`, Bad int64 value: ${value} value: '${value}'`,
  );
}

function asText(parameter: QueryParameter): QueryParameter {
  const { value } = parameter.parameterValue;
  return typeof value === 'number' || typeof value === 'boolean' ? { ...parameter, parameterValue: { value: String(value) } } : parameter;
}

/** What a query would do. Its errors are errors of the request. */
export async function dryRun(world: World, request: QueryRequest, location: string): Promise<DryRun> {
  return world.jobs.exclusive(async () => {
    try {
      return await world.engine.dryRun(request.sql, runOptions(world, request, location));
    } catch (error) {
      throw asApiError(error);
    }
  });
}

/** The answer to jobs.insert with dryRun: a job that was never made. */
export async function dryRunJob(world: World, location: string, body: unknown, labels: Labels): Promise<Json> {
  const query = checkBody(body, 'job.configuration.query', JOB_QUERY);
  const request = parseQuery(query, world.project);
  const result = await dryRun(world, request, location);
  const { jobType, ...configuration } = repeated(query, request, labels);
  const now = String(world.now());
  const totalBytesProcessed = String(result.bytes);
  const filled =
    result.statementType === 'SELECT'
      ? { destinationTable: anonymousTable(world, request.sql, ''), writeDisposition: 'WRITE_TRUNCATE' }
      : {};
  const rest = {
    id: `${world.project}:${location}.`,
    selfLink: `${world.url}/bigquery/v2/projects/${world.project}/jobs/?location=${location}`,
    user_email: USER,
    configuration: { ...configuration, query: { ...filled, ...configuration.query }, dryRun: true, jobType },
    jobReference: { projectId: world.project, location },
    statistics: { creationTime: now, endTime: now, totalBytesProcessed, query: dryRunStatistics(result) },
    status: { state: 'DONE' },
    principal_subject: `serviceAccount:${USER}`,
  };
  return { kind: 'bigquery#job', etag: etagOf(rest), ...rest };
}

function dryRunStatistics({ bytes, schema, statementType, referencedTables }: DryRun): Json {
  return {
    totalBytesProcessed: String(bytes),
    // Nothing is billed for it.
    totalBytesBilled: '0',
    cacheHit: false,
    ...(schema === undefined ? {} : { schema: { fields: schema } }),
    ...(referencedTables.length === 0 ? {} : { referencedTables }),
    statementType,
    totalBytesProcessedAccuracy: 'PRECISE',
  };
}
