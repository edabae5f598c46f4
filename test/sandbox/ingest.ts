/** Ingest jobs of Bulk API 2.0, request by request. */
import type { Sandbox } from '../../src/sandbox/salesforce/index.ts';
import { ask, type Job } from './rest.ts';

export type JobOptions = Readonly<Record<string, unknown>>;

/** What most jobs of these tests are. */
export const UPSERT: JobOptions = { object: 'Node__c', operation: 'upsert', externalIdFieldName: 'Ext__c', lineEnding: 'LF' };

export async function create(sandbox: Sandbox, options: JobOptions = UPSERT): Promise<Job> {
  return JSON.parse((await ask(sandbox, 'POST', '/jobs/ingest', { body: JSON.stringify(options) })).text) as Job;
}

/** The status of an upload. */
export async function put(sandbox: Sandbox, id: string, body: string): Promise<number> {
  return (await ask(sandbox, 'PUT', `/jobs/ingest/${id}/batches`, { body, type: 'text/csv' })).status;
}

export async function setState(sandbox: Sandbox, id: string, state: string): Promise<Job> {
  return JSON.parse((await ask(sandbox, 'PATCH', `/jobs/ingest/${id}`, { body: JSON.stringify({ state }) })).text) as Job;
}

export async function info(sandbox: Sandbox, id: string): Promise<Job> {
  return JSON.parse((await ask(sandbox, 'GET', `/jobs/ingest/${id}`)).text) as Job;
}

/** Polls until nothing more happens in the job. */
export async function ended(sandbox: Sandbox, id: string): Promise<Job> {
  for (;;) {
    const job = await info(sandbox, id);
    if (!['UploadComplete', 'InProgress'].includes(job.state)) return job;
  }
}

/** Makes a job, uploads and closes it. Returns its id. */
export async function start(sandbox: Sandbox, csv: string, options?: JobOptions): Promise<string> {
  const { id } = await create(sandbox, options);
  await put(sandbox, id, csv);
  await setState(sandbox, id, 'UploadComplete');
  return id;
}

/** Uploads, closes and waits. */
export async function run(sandbox: Sandbox, csv: string, options?: JobOptions): Promise<Job> {
  return ended(sandbox, await start(sandbox, csv, options));
}

/** The lines of a result behind its header, sorted: their order means nothing. */
export async function results(sandbox: Sandbox, id: string, kind: string): Promise<readonly string[]> {
  const { text } = await ask(sandbox, 'GET', `/jobs/ingest/${id}/${kind}`);
  return text.trimEnd().split('\n').slice(1).sort();
}
