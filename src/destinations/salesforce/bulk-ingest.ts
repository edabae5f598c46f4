/** Writing by Bulk API 2.0: one job for each file, one after the other. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { TransientError, UserError } from '../../errors.ts';
import type { Sending } from './collections.ts';
import { type Part, writeFile } from './ingest-file.ts';
import { IngestJob, type JobInfo, type ResultFile } from './ingest-job.ts';
import { positionsOf, readResults } from './ingest-results.ts';

/** Downloads of one file of results, at most. */
const DOWNLOADS = 6;

/** Writes the rows of one part. Throws what ended it early; what became of the rows is in the ledger. */
export async function sendByBulk(sending: Sending, part: Part): Promise<void> {
  const { workspace } = sending.bound.batch;
  const file = join(workspace.folder, 'salesforce-ingest.csv');
  try {
    await writeFile(sending.bound, part, file);
    const job = await start(sending, file);
    await rm(file, { force: true });
    await settle(sending, part, job);
  } finally {
    await rm(file, { force: true });
  }
}

/** A job that holds the data and was started. When this throws, nothing was written. */
async function start({ client, context, options, bound }: Sending, file: string): Promise<IngestJob> {
  const { batch, object, key } = bound;
  const job = await IngestJob.create(client, context, {
    object,
    operation: batch.action === 'create' ? 'upsert' : batch.action,
    ...(batch.action === 'create' ? { externalIdFieldName: key.field } : {}),
    ...(typeof options.assign === 'string' && batch.action !== 'delete' ? { assignmentRuleId: options.assign } : {}),
  });
  try {
    if (context.signal.aborted) throw new TransientError('stopped on request');
    await job.upload(file);
    await job.start();
    return job;
  } catch (error) {
    // The first failure is the one to tell: an open job does nothing, and Salesforce removes it after a week.
    await job.abort().catch(() => undefined);
    throw error;
  }
}

async function settle(sending: Sending, part: Part, job: IngestJob): Promise<void> {
  const { bound, ledger } = sending;
  const sayRest = async (message: string): Promise<void> =>
    ledger.sayRest(await positionsOf(bound.batch.workspace, part), { status: 'unknown', message });
  try {
    const end = await job.finished();
    refuseBadJob(bound.object, end);
    let said = 0;
    for (const what of filesOf(end)) said += await readFile(sending, part, { job, what, why: reasonOf(end) });
    if (said < part.rows) await sayRest('the results of the job do not name this record');
  } catch (error) {
    if (!(error instanceof BadJobError)) await sayRest('the job was started, and what became of it could not be read');
    throw error;
  }
}

/** Nothing of the job was written, and nothing of another one would be. */
class BadJobError extends UserError {}

/** What is wrong with columns, quotas or the file itself ends a job before its first record. */
const BAD_JOB =
  /^(InvalidBatch|InvalidJob|ClientInputError|InvalidEntity|FeatureNotEnabled|ExceededQuota)\b|Field name not found|limit exceeded/i;

function refuseBadJob(object: string, { state, errorMessage = '', numberRecordsProcessed = 0 }: JobInfo): void {
  if (state !== 'Failed' || numberRecordsProcessed > 0 || !BAD_JOB.test(errorMessage)) return;
  throw new BadJobError(`Salesforce refused a job on ${object}: ${errorMessage}`, {
    hint: 'Nothing of it was written. Jobs are listed in Setup under "Bulk Data Load Jobs".',
  });
}

function filesOf({ state, numberRecordsFailed = 0 }: JobInfo): readonly ResultFile[] {
  if (state !== 'JobComplete') return ['successfulResults', 'failedResults', 'unprocessedrecords'];
  return numberRecordsFailed === 0 ? ['successfulResults'] : ['successfulResults', 'failedResults'];
}

function reasonOf({ state, errorMessage }: JobInfo): string {
  if (errorMessage !== undefined && errorMessage !== '') return `the job failed before this record: ${errorMessage}`;
  return state === 'Aborted' ? 'the job was aborted before this record' : 'the job ended before this record';
}

async function readFile(
  { bound, context, ledger }: Sending,
  part: Part,
  { job, what, why }: { job: IngestJob; what: ResultFile; why: string },
): Promise<number> {
  const file = join(bound.batch.workspace.folder, `salesforce-${what}.csv`);
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        await job.download(what, file);
        break;
      } catch (error) {
        if (!(error instanceof TransientError) || tries >= DOWNLOADS) throw error;
        await context.sleep(Math.max(500 * 2 ** tries, error.retryAfterMs ?? 0));
      }
    }
    return await readResults(bound, part, { what, file, why }, ledger);
  } finally {
    await rm(file, { force: true });
  }
}
