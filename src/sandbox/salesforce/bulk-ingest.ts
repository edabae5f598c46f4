/** `/jobs/ingest`: Bulk API 2.0 writes. */
import { IngestJob } from './bulk-ingest-job.ts';
import { choice, formatOf, jobBody, wantedState, wrongState } from './bulk-job.ts';
import type { ResultKind } from './bulk-ledger.ts';
import type { IngestOptions } from './bulk-row-writer.ts';
import { jobsOf, listPage } from './bulk-store.ts';
import { type Call, readText, type Route } from './call.ts';
import type { FaultAction } from './faults.ts';
import { noKey } from './parse-row.ts';
import { json, noContent, Refusal, type Reply, text } from './reply.ts';
import { requestOf } from './write-request.ts';

/** Salesforce keeps 150 MB of an upload, as base64: three quarters of it are the file's own. */
const MAX_UPLOAD = (150 * 1024 * 1024 * 3) / 4;
const PROPERTIES = ['object', 'operation', 'contentType', 'columnDelimiter', 'lineEnding', 'externalIdFieldName', 'assignmentRuleId'];

export const bulkIngestRoutes: readonly Route[] = [
  { method: 'POST', path: '/jobs/ingest', kind: 'ingest', handle: async (call) => createJob(call) },
  { method: 'GET', path: '/jobs/ingest', kind: 'ingest', handle: (call) => listJobs(call) },
  { method: 'GET', path: '/jobs/ingest/{id}', kind: 'ingest', handle: (call) => json(jobOf(call).info()) },
  { method: 'PATCH', path: '/jobs/ingest/{id}', kind: 'ingest', handle: async (call) => changeState(call) },
  { method: 'DELETE', path: '/jobs/ingest/{id}', kind: 'ingest', handle: (call) => deleteJob(call) },
  { method: 'PUT', path: '/jobs/ingest/{id}/batches', kind: 'ingest', handle: async (call) => upload(call) },
  ...(['successfulResults', 'failedResults', 'unprocessedrecords'] as const).map((kind): Route => ({
    method: 'GET',
    path: `/jobs/ingest/{id}/${kind}`,
    kind: 'ingest',
    handle: (call) => results(call, kind),
  })),
];

function jobOf(call: Call): IngestJob {
  return jobsOf(call.state.org).ingest.get(call.params['id']);
}

async function createJob(call: Call): Promise<Reply> {
  if (/^multipart\//i.test(call.headers['content-type'] ?? '')) {
    throw new Refusal(501, 'NOT_IN_SANDBOX', 'The sandbox does not know ingest jobs made by one multipart request.');
  }
  const { state, user } = call;
  const { number, id } = jobsOf(state.org).nextId();
  const options = optionsOf(call, jobBody(await readText(call.body), PROPERTIES), id);
  const job = new IngestJob(options, state.org, user, number);
  jobsOf(state.org).ingest.add(id, job);
  return json(job.summary());
}

function optionsOf({ state, user, version }: Call, body: Readonly<Record<string, unknown>>, id: string): IngestOptions {
  const operation = choice(body, 'operation', ['insert', 'update', 'upsert', 'delete', 'hardDelete']);
  if (operation === 'hardDelete') {
    const message = 'hardDelete operation requires special user profile permission, please contact your system administrator';
    throw new Refusal(400, 'FEATURENOTENABLED', message);
  }
  const table = state.org.table(optional(body, 'object') ?? '');
  if (table === undefined || !user.sees(table.name)) {
    throw new Refusal(400, 'INVALIDENTITY', `Unable to find object: ${optional(body, 'object') ?? ''}`);
  }
  const key = optional(body, 'externalIdFieldName');
  if (operation === 'upsert') checkKey(key, table.name, table.field(key ?? ''));
  return {
    id,
    operation,
    object: table.name,
    createdById: user.id,
    apiVersion: version,
    ...formatOf(body),
    externalIdFieldName: key,
    assignmentRuleId: optional(body, 'assignmentRuleId'),
  };
}

function checkKey(
  key: string | undefined,
  object: string,
  field: { readonly externalId: boolean; readonly idLookup: boolean } | undefined,
): void {
  if (key === undefined) {
    throw new Refusal(400, 'INVALIDJOB', `InvalidJob : External ID was blank for ${object}. An External ID must be specified for upsert.`);
  }
  if (field === undefined || !(field.externalId || field.idLookup)) {
    throw new Refusal(400, 'INVALIDJOB', `InvalidJob : ${noKey(key, object).message}`);
  }
}

function optional(body: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = body[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new Refusal(400, 'API_ERROR', `Value does not match expected type: ${key} must be text`);
}

async function upload(call: Call): Promise<Reply> {
  const job = jobOf(call);
  if (!/^text\/csv\b/i.test(call.headers['content-type'] ?? '')) {
    throw new Refusal(415, 'UNSUPPORTED_MEDIA_TYPE', 'The data of a job must be of type text/csv');
  }
  if (job.status.state !== 'Open') throw wrongState(`Data cannot be uploaded to a job in state ${job.status.state}`);
  if (job.hasData) throw wrongState('The job has its data already: one upload per job');
  job.upload(await readBytes(call));
  return { status: 201 };
}

async function readBytes(call: Call): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of call.body) {
    const bytes = part as Buffer;
    size += bytes.length;
    if (size > MAX_UPLOAD) throw new Refusal(400, 'CLIENTINPUTERROR', 'The data of a job must not exceed 150 MB after base64 encoding');
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

async function changeState(call: Call): Promise<Reply> {
  const job = jobOf(call);
  const wanted = wantedState(await readText(call.body), ['UploadComplete', 'Aborted']);
  if (wanted === 'UploadComplete') close(call, job);
  else abort(job);
  return json(job.summary());
}

/** Faults are taken here: they fit `PATCH /jobs/ingest/{id}`. */
function close(call: Call, job: IngestJob): void {
  if (job.status.state !== 'Open') throw wrongState(`A job in state ${job.status.state} cannot be closed`);
  const take = (...actions: readonly FaultAction[]) => call.state.faults.take('ingest', requestOf(call), actions);
  job.reorder = take('shuffle') !== undefined;
  job.close({ slow: take('slow-job'), lock: take('lock'), cpuLimit: take('cpu-limit'), stop: take('fail-job', 'unprocessed') });
}

function abort(job: IngestJob): void {
  if (job.status.hasEnded) throw wrongState('Aborting already Completed Job not allowed');
  job.abort();
}

function deleteJob(call: Call): Reply {
  const { status } = jobOf(call);
  if (!status.hasEnded) throw wrongState('A job can be deleted once it is JobComplete, Aborted or Failed');
  jobsOf(call.state.org).ingest.delete(call.params['id']);
  return noContent();
}

function listJobs(call: Call): Reply {
  const type = call.query.get('jobType');
  const jobs = type === null || type === 'V2Ingest' ? [...jobsOf(call.state.org).ingest.all()] : [];
  const descriptions = jobs.map((job) => job.summary());
  return json(listPage(descriptions, `${call.root}/jobs/ingest`, call.query.get('queryLocator')));
}

function results(call: Call, kind: ResultKind): Reply {
  const job = jobOf(call);
  if (!job.status.hasEnded) throw wrongState(`The results of a job in state ${job.status.state} cannot be read`);
  return text('text/csv', job.results(kind));
}
