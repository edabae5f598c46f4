/** SOQL over REST: several queries in one API call, and the pages behind the first. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Connection } from '../../config/model.ts';
import type { Context } from '../../context.ts';
import { TransientError } from '../../errors.ts';
import type { SalesforceClient } from '../../salesforce/client.ts';
import { patiently } from '../../salesforce/patience.ts';
import { refusal } from '../../salesforce/refusal.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { type Layout, loadPages, type PageHead, readHeads } from './load.ts';
import type { BoundRead } from './select.ts';

/** Queries that one composite request takes (documentation of API 67.0; each request counts as one API call). */
export const QUERIES_PER_CALL = 5;

/** The org as a reader needs it. */
export interface Org {
  readonly client: SalesforceClient;
  readonly context: Context;
  readonly connection: Connection;
}

/** The table that records arrive in. */
export interface Live {
  readonly workspace: Workspace;
  readonly bound: BoundRead;
  readonly table: string;
}

/** Records of an object that are not in the bin. Where counting takes longer than Salesforce allows, there are very many. */
export async function countRecords({ client }: Org, object: string): Promise<number> {
  const soql = encodeURIComponent(`SELECT COUNT() FROM ${object}`);
  try {
    const { totalSize } = await client.json<{ readonly totalSize: number }>({ method: 'GET', path: `/query?q=${soql}` });
    return totalSize;
  } catch (error) {
    if (error instanceof TransientError && error.message.includes('QUERY_TIMEOUT')) return Infinity;
    throw error;
  }
}

/** Appends what the queries find: one API call, and one for each page behind the first. At most {@link QUERIES_PER_CALL}. */
export async function loadQueries(org: Org, live: Live, soqls: readonly string[]): Promise<void> {
  const { workspace, table } = live;
  const file = join(workspace.folder, `${table}.json`);
  try {
    const heads = await patiently(org.context, 'stop', async () => compositeInto(org, workspace, soqls, file));
    await loadPages(workspace, live.bound, table, { file, layout: 'composite' });
    for (const { next } of heads) await loadFurther(org, live, next, file);
  } finally {
    await rm(file, { force: true });
  }
}

async function loadFurther({ client }: Org, { workspace, bound, table }: Live, first: string | null, file: string): Promise<void> {
  let path = first;
  while (path !== null) {
    await client.download({ method: 'GET', path }, file);
    const [head] = await headsOf(workspace, file, 'page');
    await loadPages(workspace, bound, table, { file, layout: 'page' });
    path = head?.next ?? null;
  }
}

/** The queries stand in the body: an address may be too short for them. */
async function compositeInto(org: Org, workspace: Workspace, soqls: readonly string[], file: string): Promise<readonly PageHead[]> {
  const { client } = org;
  const root = `/services/data/v${client.version}`;
  const compositeRequest = soqls.map((soql, index) => ({
    method: 'GET',
    url: `${root}/query?q=${encodeURIComponent(soql)}`,
    referenceId: `q${index}`,
  }));
  const body = JSON.stringify({ allOrNone: false, compositeRequest });
  await client.download({ method: 'POST', path: '/composite', body, sends: 'nothing' }, file);
  const heads = await headsOf(workspace, file, 'composite');
  for (const head of heads) if (head.status !== 200) throw await refused(org, head);
  if (heads.length !== soqls.length) throw new TransientError(`the org answered ${heads.length} of ${soqls.length} queries`);
  return heads;
}

async function headsOf(workspace: Workspace, file: string, layout: Layout): Promise<readonly PageHead[]> {
  const heads = await readHeads(workspace, file, layout);
  for (const { status, done, next } of heads) {
    if (status === 200 && !done && next === null) throw new TransientError('the org answered with a part of the records and without a way to the rest'); // prettier-ignore
  }
  return heads;
}

/** As if the query had been a request of its own. */
async function refused({ client, context, connection }: Org, { status, refusal: text }: PageHead): Promise<Error> {
  const { instanceUrl } = await client.identity();
  const reply = { status, headers: {}, text: text ?? '' };
  return refusal({ options: connection, reply, url: instanceUrl, sends: 'nothing', now: context.now() });
}
