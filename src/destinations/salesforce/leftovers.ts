/**
 * Jobs that an earlier, killed run left behind: what still runs would write after us. Jobs carry no mark of their maker, so
 * every job of our user on the object counts.
 */
import type { Context } from '../../context.ts';
import { TransientError, UserError } from '../../errors.ts';
import type { SalesforceClient } from '../../salesforce/client.ts';
import { SalesforceError } from '../../salesforce/errors.ts';
import { isSame } from './columns.ts';
import { IngestJob, type JobInfo, pause } from './ingest-job.ts';

/** Pages of the list of jobs, a thousand each: Salesforce keeps jobs for seven days. */
const MAX_PAGES = 20;
/** An upload takes no longer than a request may (ten minutes): nobody fills an older job any more. Milliseconds. */
const ABANDONED = 15 * 60_000;
const MAX_WAIT = 10 * 60_000;
const LOOK_EVERY = 5_000;

/** Waits for running jobs on the object, and aborts open ones that nobody fills any more. */
export async function settleLeftovers(client: SalesforceClient, context: Context, object: string): Promise<void> {
  const jobs = await jobsOn(client, object);
  const now = jobs.some(({ state }) => state === 'Open') ? await client.clock() : 0;
  for (const { id, state, createdDate } of jobs) {
    const job = IngestJob.of(client, context, id);
    if (state !== 'Open') await waitFor(job, context, object, id);
    else if (Date.parse(createdDate) < now - ABANDONED) await job.abort();
  }
}

/** Unfinished ingest jobs of our user. */
async function jobsOn(client: SalesforceClient, object: string): Promise<readonly JobInfo[]> {
  const { userId } = await client.identity();
  const found: JobInfo[] = [];
  for (let path = '/jobs/ingest?jobType=V2Ingest', pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await jobPage(client, path);
    found.push(...page.records.filter((job) => isUnfinished(job) && job.createdById === userId && isSame(job.object, object)));
    if (page.done || page.nextRecordsUrl === null) break;
    path = page.nextRecordsUrl;
  }
  return found;
}

interface JobPage {
  readonly done: boolean;
  readonly records: readonly JobInfo[];
  readonly nextRecordsUrl: string | null;
}

/** Who may not use the Bulk API has no jobs. */
async function jobPage(client: SalesforceClient, path: string): Promise<JobPage> {
  try {
    return await client.json<JobPage>({ method: 'GET', path });
  } catch (error) {
    if (error instanceof SalesforceError && (error.status === 403 || error.status === 404 || /NOT_?ENABLED/.test(error.code))) {
      return { done: true, records: [], nextRecordsUrl: null };
    }
    throw error;
  }
}

function isUnfinished({ state }: JobInfo): boolean {
  return state === 'Open' || state === 'UploadComplete' || state === 'InProgress';
}

async function waitFor(job: IngestJob, context: Context, object: string, id: string): Promise<void> {
  for (const begun = context.now(); ;) {
    const info = await job.info();
    if (!isUnfinished(info)) return;
    if (context.signal.aborted) throw new TransientError('stopped on request');
    if (context.now() - begun > MAX_WAIT) {
      throw new UserError(`job ${id}, which this user started on ${object}, is still running`, {
        hint: 'It may be an earlier run\'s. Wait for it, or abort it in Setup under "Bulk Data Load Jobs", and apply again.',
      });
    }
    await pause(context, LOOK_EVERY);
  }
}
