/** A query by Bulk API 2.0: a job, and its results in files. A few API calls, however many records there are. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Context } from '../../context.ts';
import { TransientError, UserError } from '../../errors.ts';
import type { SalesforceClient } from '../../salesforce/client.ts';
import { SalesforceError } from '../../salesforce/errors.ts';
import { loadCsv } from './load.ts';
import type { Live, Org } from './query.ts';

interface Job {
  readonly id: string;
  readonly state: 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';
  readonly numberRecordsProcessed?: number;
  readonly errorMessage?: string;
}

/** Records in one file of results: one API call each. */
export const ROWS_PER_FILE = 100_000;

/** Milliseconds between two looks at a job: growing, so that a long one costs few calls. */
const FIRST_LOOK = 500;
const LAST_LOOK = 15_000;
const SLICE_MS = 250;

/** Appends what the query finds. False: nothing was read, because the object has no Bulk API. */
export async function loadByBulk({ client, context }: Org, live: Live): Promise<boolean> {
  const job = await createJob(client, live.bound.soql);
  if (job === undefined) return false;
  const path = `/jobs/query/${job.id}`;
  const ended = await waitFor({ client, context }, path);
  if (ended.state !== 'JobComplete') {
    throw new UserError(`the org could not read all records of ${live.bound.object}: its query job ended as ${ended.state}`, {
      hint: ended.errorMessage ?? 'Setup, Bulk Data Load Jobs says why.',
    });
  }
  const rows = await loadResults(client, path, live);
  const said = ended.numberRecordsProcessed;
  if (said !== undefined && said !== rows)
    throw new TransientError(`the org found ${said} records of ${live.bound.object} and sent ${rows}`);
  return true;
}

async function createJob(client: SalesforceClient, query: string): Promise<Job | undefined> {
  const body = JSON.stringify({ operation: 'query', query, contentType: 'CSV', columnDelimiter: 'COMMA', lineEnding: 'LF' });
  try {
    return await client.json<Job>({ method: 'POST', path: '/jobs/query', body, sends: 'nothing' });
  } catch (error) {
    // "Entity 'X' is not supported by the Bulk API." (documentation, 2026-11)
    if (error instanceof SalesforceError && error.code === 'INVALIDENTITY') return undefined;
    throw error;
  }
}

async function waitFor({ client, context }: { client: SalesforceClient; context: Context }, path: string): Promise<Job> {
  let isOver = false;
  try {
    for (let wait = FIRST_LOOK; ; wait = Math.min(wait * 2, LAST_LOOK)) {
      const job = await client.json<Job>({ method: 'GET', path });
      isOver = job.state !== 'UploadComplete' && job.state !== 'InProgress';
      if (isOver) return job;
      await pause(context, wait);
    }
  } finally {
    if (!isOver) await abort(client, path);
  }
}

/** Stops soon when the run is told to. */
async function pause({ signal, sleep }: Context, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= SLICE_MS) {
    signal.throwIfAborted();
    await sleep(Math.min(SLICE_MS, left));
  }
  signal.throwIfAborted();
}

/** A job that nobody reads would go on. If that fails, it ends by itself: why we stop matters more. */
async function abort(client: SalesforceClient, path: string): Promise<void> {
  const body = JSON.stringify({ state: 'Aborted' });
  await client.request({ method: 'PATCH', path, body, sends: 'data', essential: true }).catch(() => undefined);
}

/** `Sforce-Locator` names the next file; `null` is the end. */
async function loadResults(client: SalesforceClient, path: string, { workspace, bound, table }: Live): Promise<number> {
  const file = join(workspace.folder, `${table}.csv`);
  let rows = 0;
  try {
    for (let locator = ''; locator !== 'null';) {
      const query = `maxRecords=${ROWS_PER_FILE}${locator === '' ? '' : `&locator=${encodeURIComponent(locator)}`}`;
      const { headers } = await client.download({ method: 'GET', path: `${path}/results?${query}`, accept: 'text/csv' }, file);
      const loaded = await loadCsv(workspace, bound, table, file);
      const said = headers['sforce-numberofrecords'];
      if (said !== undefined && Number(said) !== loaded) throw new TransientError(`the org sent ${said} records and ${loaded} arrived`);
      rows += loaded;
      locator = headers['sforce-locator'] ?? 'null';
    }
    return rows;
  } finally {
    await rm(file, { force: true });
  }
}
