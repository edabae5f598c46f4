/** BigQuery as source through the command line: what is planned, what it costs, what is refused and where that is said. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { type BigQueryServer, startBigQuery } from '../support/bigquery/index.ts';
import { project, type Setup, type TestProject } from '../support/project.ts';

let server: BigQueryServer;
beforeAll(async () => {
  server = await startBigQuery();
  await server.sql(
    `CREATE SCHEMA gold;
     CREATE TABLE gold.account (id STRING, name STRING, plan STRING, seats INT64, renewed INTERVAL);
     INSERT INTO gold.account (id, name, plan, seats) VALUES ('1', 'Ada', 'Team', 5), ('2', 'Bob', 'Team', 7)`,
  );
});
afterAll(async () => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.faults.clear();
  server.requests.reset();
});

const COLUMNS = 'id, name, plan, seats';

interface Given extends Pick<Setup, 'env'> {
  readonly query?: string;
  readonly connection?: Readonly<Record<string, unknown>>;
  readonly source?: Readonly<Record<string, unknown>>;
}

async function given({
  query = `select ${COLUMNS} from gold.account`,
  connection = {},
  source = {},
  env = server.env,
}: Given = {}): Promise<TestProject> {
  return project({
    env,
    connections: [{ kind: 'Connection', name: 'lake', type: 'bigquery', project: 'acme-test', ...connection }],
    sync: { source: { connection: 'lake', query, key: 'id', ...source } },
    live: [['1', 'Ada', 'Free', 5]],
  });
}

test('a plan shows its cost, an apply writes, and then there is nothing to do', async () => {
  await using p = await given();
  const planned = await p.run(['plan', '--out', 'plan.duckdb', '--json']);
  expect(planned.json).toMatchObject({ summary: { create: 1, update: 1 }, syncs: [{ cost: { bytes_billed: 10_485_760 } }] });
  expect((await p.run(['show', 'plan.duckdb'])).stdout).toContain('Plan: 1 to create, 1 to update. 10 MB billed by the warehouse.');
  expect((await p.run(['show', 'plan.duckdb', '--format', 'markdown'])).stdout).toContain('10 MB billed by the warehouse.');
  expect((await p.run(['apply', 'plan.duckdb', '--yes'])).code).toBe(0);
  const again = await p.run(['plan']);
  expect(again.stdout).toContain('No changes. The destination matches the warehouse. 10 MB billed by the warehouse.');
});

test('describe tells the cost without spending it', async () => {
  await using p = await given();
  expect((await p.run(['describe'])).stdout).toContain('source lake, key id, 10 MB to be billed');
  const started = server.requests.of('jobs.insert:query');
  expect(started.length).toBeGreaterThan(0);
  expect(started.every(({ body }) => (body as { configuration: { dryRun?: boolean } }).configuration.dryRun === true)).toBe(true);
});

test('doctor: reach, rights, clock', async () => {
  await using p = await given({ connection: { scratch_dataset: 'gold' } });
  const { stdout, code } = await p.run(['doctor']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ok +lake \(source\) +reach +1 query prepared by bigquery$/m);
  expect(stdout).toMatch(/^ok +lake \(source\) +rights +may run queries, and make tables in gold$/m);
  expect(stdout).toMatch(/^ok +lake \(source\) +clock +agrees with this machine's to \d seconds?$/m);
});

describe('refused, with nothing written', () => {
  const DENIED = 'Access Denied: Project acme-test: User does not have bigquery.jobs.create permission in project acme-test.';

  /** What `apply` says of the sync, and its exit code. */
  async function refused(setup: Given): Promise<readonly [string, number]> {
    await using p = await given(setup);
    const { stdout, stderr, code } = await p.run(['apply', '--yes']);
    expect(await p.live()).toEqual([['1', 'Ada', 'Free', '5', 'note 1']]);
    return [`${stdout}${stderr}`, code];
  }

  test.each<[string, Given, string]>([
    ['an unknown column', { query: 'select id,\n  nmae from gold.account' }, 'syncs/syncs.yaml:7:7: Unrecognized name: nmae'],
    ['a table that is not there', { query: 'select id from gold.acount' }, 'Did you mean "gold.account"?'],
    ['a dataset that is not there', { query: 'select id from silver.account' }, 'bq --location=US mk --dataset acme-test:silver'],
    ['another location', { connection: { location: 'EU' } }, 'there is no dataset acme-test:gold in EU'],
    [
      'a project that is written wrong',
      { connection: { project: 'Acme Test' } },
      'syncs/connections.yaml:14:10: project: expected the id of a Google Cloud project: acme-prod, found "Acme Test"',
    ],
    [
      'a type without a canonical form',
      { query: `select ${COLUMNS}, renewed from gold.account` },
      'Select CAST(renewed AS STRING) instead.',
    ],
    ['a label that BigQuery does not take', { connection: { labels: { Team: 'x' } } }, 'Team'],
    [
      'no credentials',
      { env: { METADATA_SERVER_DETECTION: 'none' }, connection: { auth: { type: 'service_account', key: '{}' } } },
      'auth.key is a credentials file without a type, not of service_account',
    ],
  ])('%s', async (_what, setup, says) => {
    const [text, code] = await refused(setup);
    expect(text).toContain(says);
    expect(code).toBe(1);
  });

  test.each<[string, object, string]>([
    [
      'a right that is missing',
      { status: 403, reason: 'accessDenied', message: DENIED },
      'Grant roles/bigquery.jobUser in the project that runs the jobs.',
    ],
    [
      'a quota that is used up',
      { status: 403, reason: 'quotaExceeded', message: 'Quota exceeded: too many bytes' },
      'A quota of the project is used up.',
    ],
    [
      'a project that is not there',
      { status: 404, reason: 'notFound', message: 'Not found: Project acme-test' },
      'Check `project: acme-test`',
    ],
  ])('%s', async (_what, answer, says) => {
    server.faults.add({ on: /^POST .*\/jobs/, do: 'status', times: 99, ...answer });
    const [text, code] = await refused({});
    expect(text).toContain(says);
    expect(code).toBe(1);
  });

  test('a query over the limit of bytes: exit 3, before anything is spent', async () => {
    const [text, code] = await refused({ source: { max_bytes_billed: 1_000_000 } });
    expect(text).toContain('the query of accounts would bill 10 MB; max_bytes_billed is 1.0 MB');
    expect(text).toContain('Nothing was billed.');
    expect(code).toBe(3);
    expect(server.requests.count('jobs.getQueryResults')).toBe(0);
  });

  test('a job that is cancelled from outside', async () => {
    server.faults.add({ on: /^POST .*\/jobs/, do: 'cancel-job', after: 2 });
    const [text, code] = await refused({});
    expect(text).toContain('BigQuery stopped the job: Job execution was cancelled: User requested cancellation');
    expect(code).toBe(1);
  });

  test('a result that expired', async () => {
    server.faults.add({ on: /^GET .*\/queries\/.*/, do: 'expire-table', after: 1 });
    const [text, code] = await refused({});
    expect(text).toContain('the result of the query is gone before all of it was read');
    expect(code).toBe(1);
  });
});
