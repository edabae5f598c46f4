/**
 * What Sluice relies on, asked of any server: of the fake in these tests, and of the one that `BIGQUERY_EMULATOR_HOST` names in a workflow
 * of its own. A server that answers otherwise than the fake is worth a look: one of the two is wrong.
 */
import { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';

import { type AnyBigQuery, anyBigQuery } from '../support/bigquery/any.ts';

let server: AnyBigQuery;
let client: BigQuery;
let dataset: string;

beforeAll(async () => {
  server = await anyBigQuery();
  dataset = await server.dataset();
  await server.sql(`CREATE TABLE ${dataset}.people (id INT64, name STRING)`);
  await server.sql(`INSERT INTO ${dataset}.people (id, name) VALUES (1, 'Ada'), (2, NULL), (3, 'Cy')`);
});
afterAll(async () => server[Symbol.asyncDispose]());

beforeEach(() => {
  vi.stubEnv('BIGQUERY_EMULATOR_HOST', undefined);
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
  client = new BigQuery({ projectId: server.project, apiEndpoint: server.url, autoRetry: false });
});

async function rows(query: string, more: object = {}): Promise<unknown> {
  const [job] = await client.createQueryJob({ query, ...more });
  const [found] = await job.getQueryResults();
  return found;
}

async function code(call: Promise<unknown>): Promise<number> {
  return call.then(
    () => expect.fail('the call went through'),
    (error: unknown) => (error as { readonly code: number }).code,
  );
}

it('gives rows of a query with parameters', async () => {
  const query = `SELECT id, name FROM ${dataset}.people WHERE id >= @least ORDER BY id`;
  expect(await rows(query, { params: { least: 2 } })).toEqual([
    { id: 2, name: null },
    { id: 3, name: 'Cy' },
  ]);
});

it('gives exact text of what is cast to text', async () => {
  const query = `SELECT CAST(9223110580161593071 AS STRING) AS i, CAST(NUMERIC '1.50' AS STRING) AS n, CAST(DATE '2024-03-10' AS STRING) AS d,
    TO_BASE64(b'abc') AS b, CAST(true AS STRING) AS t`;
  expect(await rows(query)).toEqual([{ i: '9223110580161593071', n: '1.5', d: '2024-03-10', b: 'YWJj', t: 'true' }]);
});

it('pages through a result', async () => {
  const [job] = await client.createQueryJob({ query: 'SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25)) AS n ORDER BY n' });
  const [first, next] = (await job.getQueryResults({ maxResults: 10, autoPaginate: false })) as unknown as readonly [
    readonly object[],
    object,
  ];
  expect(first).toHaveLength(10);
  const [second] = (await job.getQueryResults({ ...next, autoPaginate: false })) as unknown as readonly [readonly object[]];
  expect(second[0]).toEqual({ n: 11 });
});

it('refuses a job id that is taken, and keeps the job', async () => {
  const jobId = `sluice_${Date.now()}`;
  await rows('SELECT 1 AS n', { jobId });
  expect(await code(client.createQueryJob({ query: 'SELECT 1 AS n', jobId }))).toBe(409);
  expect((await client.job(jobId).getQueryResults())[0]).toEqual([{ n: 1 }]);
});

it('counts what a statement changed', async () => {
  const [job] = await client.createQueryJob({ query: `UPDATE ${dataset}.people SET name = 'Bo' WHERE id = 2` });
  await job.getQueryResults();
  const [metadata] = (await job.getMetadata()) as [
    { readonly statistics: { readonly query: { readonly numDmlAffectedRows: string } } },
    unknown,
  ];
  expect(Number(metadata.statistics.query.numDmlAffectedRows)).toBe(1);
});

it('says what a query would give, and runs nothing', async () => {
  const [job] = await client.createQueryJob({ query: `SELECT id FROM ${dataset}.people`, dryRun: true });
  const { statistics } = job.metadata as {
    readonly statistics: { readonly query: { readonly schema: { readonly fields: readonly object[] } } };
  };
  expect(statistics.query.schema.fields).toMatchObject([{ name: 'id', type: 'INTEGER' }]);
});

it('makes a table once, and knows none that is not there', async () => {
  const make = async (): Promise<unknown> =>
    client.dataset(dataset).createTable('lock', { schema: { fields: [{ name: 'x', type: 'STRING' }] } });
  await make();
  expect(await code(make())).toBe(409);
  await client.dataset(dataset).table('lock').delete();
  expect(await code(client.dataset(dataset).table('lock').getMetadata())).toBe(404);
});

it('merges', async () => {
  await server.sql(`CREATE TABLE ${dataset}.target AS SELECT 1 AS id, 'old' AS name UNION ALL SELECT 9, 'gone'`);
  await server.sql(`MERGE ${dataset}.target t USING ${dataset}.people s ON t.id = s.id
    WHEN MATCHED THEN UPDATE SET name = s.name
    WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)
    WHEN NOT MATCHED BY SOURCE THEN DELETE`);
  expect(await rows(`SELECT id, name FROM ${dataset}.target WHERE id <> 2 ORDER BY id`)).toEqual([
    { id: 1, name: 'Ada' },
    { id: 3, name: 'Cy' },
  ]);
});
