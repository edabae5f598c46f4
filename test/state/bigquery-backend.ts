/** The BigQuery state for tests: one server for a test file, one dataset for each folder. */
import type { Connection } from '../../src/config/model.ts';
import type { Context } from '../../src/context.ts';
import { BigQueryState } from '../../src/state/bigquery/bigquery.ts';
import { anyBigQuery } from '../support/bigquery/any.ts';
import type { Backend } from './suite.ts';

/** Where a server listens, and a project of it. */
export interface Place {
  readonly url: string;
  readonly project: string;
}

export interface BigQueryBackend extends Backend, AsyncDisposable {
  open(context: Context, folder: string): Promise<BigQueryState>;
}

export async function bigqueryBackend(): Promise<BigQueryBackend> {
  const server = await anyBigQuery();
  const datasets = new Map<string, Promise<string>>();
  const datasetOf = async (folder: string): Promise<string> => {
    const known = datasets.get(folder) ?? server.dataset();
    datasets.set(folder, known);
    return known;
  };
  return {
    open: async (context, folder) => openState(context, server, await datasetOf(folder)),
    elapse: async (ms, context, folder) => {
      context.moveClock(ms);
      await elapse(server, await datasetOf(folder), ms);
    },
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}

export interface Identity {
  readonly project?: string;
  readonly environment?: string | null;
}

export function openState(context: Context, place: Place, dataset: string, identity: Identity = {}): BigQueryState {
  const location = { file: 'connections.yaml', line: 1, column: 1 };
  const connection: Connection = { name: 'warehouse', type: 'bigquery', options: { project: place.project }, location };
  const env = { ...context.env, BIGQUERY_EMULATOR_HOST: place.url, METADATA_SERVER_DETECTION: 'none' };
  return new BigQueryState({ ...context, env }, { connection, dataset, project: 'acme', environment: null, ...identity });
}

/** A new dataset. */
export async function makeDataset(place: Place, options: object = {}): Promise<string> {
  const datasetId = `state_${crypto.randomUUID().replaceAll('-', '')}`;
  await rest(place, 'POST', 'datasets', { datasetReference: { projectId: place.project, datasetId }, location: 'US', ...options });
  return datasetId;
}

/** Leases expire by the server's clock, which may not be ours to move: so their times are. */
export async function elapse(place: Place, dataset: string, ms: number): Promise<void> {
  for (const table of await tablesOf(place, dataset)) {
    if (!table.endsWith('_lease')) continue;
    const { description } = (await rest(place, 'GET', `datasets/${dataset}/tables/${table}`)) as { description: string };
    const held = JSON.parse(description) as { since: number; expiresAt: number };
    const earlier = JSON.stringify({ ...held, since: held.since - ms, expiresAt: held.expiresAt - ms });
    await rest(place, 'PATCH', `datasets/${dataset}/tables/${table}`, { description: earlier });
  }
}

export async function tablesOf(place: Place, dataset: string): Promise<string[]> {
  const found = (await rest(place, 'GET', `datasets/${dataset}/tables?maxResults=1000`)) as {
    tables?: { tableReference: { tableId: string } }[];
  };
  return (found.tables ?? []).map(({ tableReference }) => tableReference.tableId).sort();
}

/** One call of BigQuery's REST API, outside of everything that is tested. */
export async function rest(place: Place, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${place.url}/bigquery/v2/projects/${place.project}/${path}`, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? {} : (JSON.parse(text) as unknown);
}
