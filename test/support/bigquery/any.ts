/** A BigQuery of whoever runs one: the server that `BIGQUERY_EMULATOR_HOST` names, else the fake of these tests. */
import { randomBytes } from 'node:crypto';

import { startBigQuery } from './index.ts';

export interface AnyBigQuery extends AsyncDisposable {
  /** Without `/bigquery/v2`. */
  readonly url: string;
  readonly project: string;
  /** Not the fake: there are no faults, and others may use it too. */
  readonly foreign: boolean;
  readonly env: Readonly<Record<string, string>>;
  /** A new dataset with a name of its own; dropped at the end. */
  dataset(): Promise<string>;
  /** Runs a script, whatever it gives. */
  sql(script: string): Promise<void>;
}

/** The project of a foreign server is `BIGQUERY_EMULATOR_PROJECT`, else `acme-test`. */
export async function anyBigQuery(environment: Readonly<Record<string, string | undefined>> = process.env): Promise<AnyBigQuery> {
  const host = environment['BIGQUERY_EMULATOR_HOST'];
  const fake = host === undefined || host === '' ? await startBigQuery() : undefined;
  const url = fake?.url ?? (host ?? '').replace(/\/$/, '');
  const project = fake?.project ?? environment['BIGQUERY_EMULATOR_PROJECT'] ?? 'acme-test';
  const datasets: string[] = [];
  const call = async (method: string, path: string, body?: object): Promise<void> => {
    const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await fetch(`${url}/bigquery/v2/projects/${project}${path}`, { method, ...init });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  return {
    url,
    project,
    foreign: fake === undefined,
    env: { BIGQUERY_EMULATOR_HOST: url, METADATA_SERVER_DETECTION: 'none' },
    dataset: async () => {
      const datasetId = `sluice_${randomBytes(6).toString('hex')}`;
      await call('POST', '/datasets', { datasetReference: { projectId: project, datasetId }, location: 'US' });
      datasets.push(datasetId);
      return datasetId;
    },
    sql: async (query) => call('POST', '/queries', { query, useLegacySql: false }),
    [Symbol.asyncDispose]: async () => {
      if (fake !== undefined) return fake[Symbol.asyncDispose]();
      for (const dataset of datasets) await call('DELETE', `/datasets/${dataset}?deleteContents=true`);
    },
  };
}
