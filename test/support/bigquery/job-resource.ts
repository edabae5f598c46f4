/** A job as the API describes it. */
import { etagOf } from './catalog.ts';
import { errorProto } from './errors.ts';
import type { Job, Outcome } from './job.ts';
import type { World } from './world.ts';

type Json = Readonly<Record<string, unknown>>;

/** Who all jobs run as. */
export const USER = 'tester@acme-test.iam.gserviceaccount.com';

export function jobResource(world: World, job: Job): Json {
  const { projectId, jobId, location } = job.reference;
  const rest = {
    id: `${projectId}:${location}.${jobId}`,
    selfLink: `${world.url}/bigquery/v2/projects/${projectId}/jobs/${jobId}?location=${location}`,
    user_email: USER,
    configuration: job.configuration,
    jobReference: job.reference,
    statistics: statistics(job),
    status: status(job),
    principal_subject: `serviceAccount:${USER}`,
    jobCreationReason: { code: 'REQUESTED' },
  };
  return { kind: 'bigquery#job', etag: etagOf(rest), ...rest };
}

/** The job inside an answer to cancel: nobody is named there. */
export function cancelledJob(world: World, job: Job): Json {
  const { user_email: _user, principal_subject: _subject, ...rest } = jobResource(world, job);
  return rest;
}

/** An entry of a list of jobs. */
export function listedJob(world: World, job: Job, full: boolean): Json {
  const { kind, id, jobReference, status: state, statistics: numbers, configuration, user_email } = jobResource(world, job);
  const error = job.error === undefined ? {} : { errorResult: errorProto(job.error) };
  const more = full ? { configuration, user_email } : {};
  return { id, kind, jobReference, state: job.state, statistics: numbers, status: state, ...error, ...more };
}

export function status(job: Job): Json {
  if (job.error === undefined) return { state: job.state };
  const error = errorProto(job.error);
  return { errorResult: error, errors: [error], state: job.state };
}

export function statistics(job: Job): Json {
  const started = { creationTime: String(job.created), startTime: String(job.created) };
  const parent = job.parent === undefined ? {} : { parentJobId: job.parent };
  const children = job.children === 0 ? {} : { numChildJobs: String(job.children) };
  const ended = job.ended === undefined ? {} : { endTime: String(job.ended) };
  return { ...started, ...ended, ...parent, ...children, ...work(job) };
}

function work({ outcome, statementType }: Job): Json {
  if (outcome === undefined) return statementType === undefined ? {} : { query: { statementType } };
  if (outcome.load !== undefined) return { load: loadStatistics(outcome.load) };
  if (outcome.copy !== undefined) return { copy: { copiedRows: String(outcome.copy.copiedRows), copiedLogicalBytes: '0' } };
  const totalBytesProcessed = String(outcome.bytes);
  // A query of literals shows no slots: so it was recorded.
  const slots = outcome.bytes === 0n ? {} : { totalSlotMs: SLOT_MS };
  return { totalBytesProcessed, query: queryStatistics(outcome, slots), ...slots };
}

const SLOT_MS = '7';

export function queryStatistics(outcome: Outcome, slots: Json): Json {
  const { statementType, referencedTables, dml, ddl } = outcome;
  return {
    totalBytesProcessed: String(outcome.bytes),
    totalBytesBilled: String(outcome.billed),
    cacheHit: false,
    ...(statementType === undefined ? {} : { statementType }),
    ...(referencedTables.length === 0 ? {} : { referencedTables }),
    ...(dml === undefined ? {} : dmlStatistics(dml)),
    ...(ddl === undefined ? {} : { ddlOperationPerformed: ddl.operation, ddlTargetTable: ddl.target }),
    ...slots,
  };
}

/** How many rows a statement changed; MERGE counts all three. */
export function dmlStatistics(dml: NonNullable<Outcome['dml']>): Json {
  const { inserted, updated, deleted } = dml;
  return {
    numDmlAffectedRows: String(inserted + updated + deleted),
    dmlStats: {
      ...(inserted > 0 ? { insertedRowCount: String(inserted) } : {}),
      ...(deleted > 0 ? { deletedRowCount: String(deleted) } : {}),
      ...(updated > 0 ? { updatedRowCount: String(updated) } : {}),
    },
  };
}

function loadStatistics(load: NonNullable<Outcome['load']>): Json {
  const { inputFileBytes, outputRows, outputBytes } = load;
  return {
    inputFiles: '1',
    inputFileBytes: String(inputFileBytes),
    outputRows: String(outputRows),
    outputBytes: String(outputBytes),
    badRecords: '0',
  };
}
