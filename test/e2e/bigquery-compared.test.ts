/** What a comparison in BigQuery reads and leaves behind. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { type BigQueryServer, startBigQuery } from '../support/bigquery/index.ts';
import { project, type TestProject } from '../support/project.ts';

/** A record's values are wide, its key and its hash are not. */
const WIDE = 3_000;
const ROWS = 20;

const SYNC = { source: { connection: 'lake', query: 'select id, name, plan, seats from gold.account', key: 'id' }, refresh: 'changed' };

let server: BigQueryServer;
let p: TestProject;
beforeAll(async () => {
  server = await startBigQuery();
  await server.sql(
    `CREATE SCHEMA gold; CREATE SCHEMA state; CREATE SCHEMA scratch;
     CREATE TABLE gold.account AS SELECT CAST(n AS STRING) AS id, REPEAT('x', ${WIDE}) AS name, 'Team' AS plan, n AS seats FROM UNNEST(GENERATE_ARRAY(1, ${ROWS})) AS n`,
  );
  p = await project({
    env: server.env,
    project: { state: { connection: 'lake', dataset: 'state' } },
    connections: [{ kind: 'Connection', name: 'lake', type: 'bigquery', project: 'acme-test', scratch_dataset: 'scratch' }],
    sync: SYNC,
  });
  expect((await p.run(['apply', '--yes'])).code).toBe(0);
  await server.sql(`UPDATE gold.account SET plan = 'Scale' WHERE id = '7'`);
});
afterAll(async () => {
  await p[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await p.sync(SYNC);
  server.faults.clear();
  server.requests.reset();
});

interface JobAnswer {
  readonly statistics: { readonly totalBytesProcessed: string };
}

/** Bytes that the jobs of a comparison have read, in their order. */
async function bytesRead(): Promise<readonly number[]> {
  const jobs = server.requests.of('jobs.insert:query').filter(({ labels }) => labels['sluice_phase'] === 'compare');
  const answers = jobs.map(async ({ jobId }) => {
    const answer = await fetch(`${server.url}/bigquery/v2/projects/acme-test/jobs/${jobId ?? ''}`);
    return Number(((await answer.json()) as JobAnswer).statistics.totalBytesProcessed);
  });
  return Promise.all(answers);
}

test('of the state only keys and hashes are read, and the query once', async () => {
  const planned = await p.run(['plan', '--json']);
  expect(planned.json).toMatchObject({ summary: { update: 1 }, syncs: [{ engine: 'warehouse', rows: ROWS }] });
  const model = ROWS * WIDE;
  const [compared = 0] = await bytesRead();
  // The rows stand in the model and in the script's own copy of it, which it reads; the records, as wide, in the state.
  expect(compared).toBeGreaterThan(model);
  expect(compared).toBeLessThan(2 * model + 5_000);
});

test('nothing is left in the scratch dataset', async () => {
  await p.run(['plan']);
  expect(await server.sql('SELECT table_name FROM scratch.INFORMATION_SCHEMA.TABLES')).toEqual([]);
});

test('the keys and hashes of the state count for max_bytes_billed', async () => {
  // The query reads one table, and with what it is compared with it reads two: 10 MB are billed for each.
  await p.sync({ ...SYNC, source: { ...SYNC.source, max_bytes_billed: 15_000_000 } });
  const { stderr, stdout, code } = await p.run(['plan']);
  expect(`${stdout}${stderr}`).toContain(
    'the query of accounts with the hashes that it is compared with would bill 21 MB; max_bytes_billed is 15 MB',
  );
  expect(code).toBe(3);
  expect(await bytesRead()).toEqual([]);
});

test('a mistake in the query is marked in the file there too', async () => {
  await p.sync({
    source: { connection: 'lake', query: `select id, name, plan, cast(concat(plan, 'x') as int64) as seats from gold.account`, key: 'id' },
  });
  const { stdout, stderr, code } = await p.run(['plan']);
  expect(`${stdout}${stderr}`).toContain('syncs/syncs.yaml:5:10: the query failed while it ran: Bad int64 value: ');
  expect(code).toBe(1);
});
