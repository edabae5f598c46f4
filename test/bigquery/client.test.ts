/** The client against a server that fails on request: nothing runs twice, nothing is taken for done that is not, and no money goes on running. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { BigQueryClient } from '../../src/bigquery/client.ts';
import { BigQueryError } from '../../src/bigquery/errors.ts';
import { TransientError } from '../../src/errors.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { type BigQueryServer, startBigQuery } from '../support/bigquery/index.ts';
import { bigqueryConnection, impatient, problemOf, thrownBy } from '../support/bigquery-client.ts';

let server: BigQueryServer;
beforeAll(async () => {
  server = await startBigQuery();
  await server.sql('CREATE SCHEMA work; CREATE TABLE work.hits (n INT64)');
});
afterAll(async () => server[Symbol.asyncDispose]());
beforeEach(async () => {
  server.faults.clear();
  await server.sql('TRUNCATE TABLE work.hits');
  server.requests.reset();
});

const labels = { project: 'Acme RevOps', sync: 'accounts', run: 'r1', phase: 'test' };
const ADD = 'INSERT INTO work.hits (n) VALUES (1)';
const JOBS = /^POST \/projects\/acme-test\/jobs/;

function client(options: Readonly<Record<string, unknown>> = {}, context = impatient(server.env)): BigQueryClient {
  return BigQueryClient.open(bigqueryConnection(options), context);
}

/** Attempts to start a job. */
function starts(): number {
  return server.requests.all.filter(({ method, path }) => method === 'POST' && path.endsWith('/jobs')).length;
}

async function hits(): Promise<string | null | undefined> {
  return (await server.sql('SELECT COUNT(*) AS n FROM work.hits'))[0]?.['n'];
}

describe('a job is started once', () => {
  test.each([
    ['the reply to its start is lost', 'cut-after'],
    ['the request is lost', 'cut-before'],
  ] as const)('when %s', async (_what, fault) => {
    server.faults.add({ on: JOBS, do: fault });
    const { dml } = await client().run({ sql: ADD, labels, idempotencyKey: `once ${fault}` });
    expect([dml.inserted, await hits()]).toEqual([1, '1']);
  });

  test('when another process asks for the same', async () => {
    const first = await client().run({ sql: ADD, labels, idempotencyKey: 'same' });
    const second = await client().run({ sql: ADD, labels, idempotencyKey: 'same' });
    expect([second.jobId, await hits()]).toEqual([first.jobId, '1']);
  });

  test('and waited for through lost replies', async () => {
    server.faults.add({ on: JOBS, do: 'slow-job', polls: 3 });
    server.faults.add({ on: /^GET .*\/queries\//, do: 'cut-before', times: 2 });
    await client().run({ sql: ADD, labels, idempotencyKey: 'slow' });
    expect(await hits()).toBe('1');
  });
});

describe('what a later attempt may cure is tried again', () => {
  test.each([
    ['too many requests', { status: 429, reason: 'rateLimitExceeded' }],
    ['too many jobs', { status: 403, reason: 'jobRateLimitExceeded' }],
    ['an error of the server', { status: 503, reason: 'backendError' }],
    ['an error that is no JSON', { status: 502 }],
  ])('%s', async (_what, answer) => {
    const context = impatient(server.env);
    server.faults.add({ on: JOBS, do: 'status', times: 2, ...answer });
    await client({}, context).run({ sql: ADD, labels, idempotencyKey: JSON.stringify(answer) });
    expect(await hits()).toBe('1');
    expect(context.slept).toHaveLength(2);
    expect(context.slept[0]).toBeGreaterThanOrEqual(250);
  });

  test('after as long as the server asks for', async () => {
    const context = impatient(server.env);
    server.faults.add({ on: JOBS, do: 'status', status: 429, reason: 'rateLimitExceeded', retryAfter: 7 });
    await client({}, context).run({ sql: ADD, labels, idempotencyKey: 'retry after' });
    expect(context.slept[0]).toBe(7000);
  });

  test('five times in all', async () => {
    const context = impatient(server.env);
    server.faults.add({ on: JOBS, do: 'status', times: 9, status: 503, reason: 'backendError', message: 'Try later' });
    const error = await thrownBy(client({}, context).run({ sql: ADD, labels, idempotencyKey: 'never' }));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toBe('BigQuery: Try later');
    expect([starts(), await hits()]).toEqual([5, '0']);
  });

  test('a job that failed on their side, where it may be repeated, under a new id', async () => {
    server.faults.add({
      on: JOBS,
      do: 'fail-job',
      times: 2,
      reason: 'backendError',
      message: 'Error encountered during execution. Retrying may solve the problem.',
    });
    await client().run({ sql: ADD, labels, idempotencyKey: 'failed', repeatable: true });
    const ids = server.requests.of('jobs.insert:query').map(({ jobId }) => jobId);
    expect([new Set(ids).size, await hits()]).toEqual([3, '1']);
  });

  test('but no job that may have done half of its work', async () => {
    server.faults.add({ on: JOBS, do: 'fail-job', reason: 'backendError', message: 'Try later' });
    const error = await thrownBy(client().run({ sql: ADD, labels, idempotencyKey: 'half' }));
    expect(error).toBeInstanceOf(TransientError);
    expect(starts()).toBe(1);
  });
});

describe('what no attempt cures is said at once', () => {
  test.each([
    [
      'a right that is missing',
      {
        status: 403,
        reason: 'accessDenied',
        message: 'Access Denied: Project acme-test: User does not have bigquery.jobs.create permission in project acme-test.',
      },
      'connection warehouse: Access Denied: Project acme-test: User does not have bigquery.jobs.create permission in project acme-test.\n  Grant roles/bigquery.jobUser in the project that runs the jobs.',
    ],
    [
      'a quota',
      { status: 403, reason: 'quotaExceeded', message: 'Quota exceeded: Your project exceeded quota for free query bytes scanned.' },
      'connection warehouse: Quota exceeded: Your project exceeded quota for free query bytes scanned.\n  A quota of the project is used up. See its quotas page, or run later.',
    ],
    [
      'a project that is not there',
      { status: 404, reason: 'notFound', message: 'Not found: Project acme-test' },
      'connection warehouse: Not found: Project acme-test\n  Check `project: acme-test`; the BigQuery API must be enabled in it.',
    ],
    [
      'a limit that the service enforces',
      {
        status: 500,
        reason: 'bytesBilledLimitExceeded',
        message: 'Query exceeded limit for bytes billed: 10485760. 20971520 or higher required.',
      },
      'Query exceeded limit for bytes billed: 10485760. 20971520 or higher required.\n  Raise `max_bytes_billed` (of the connection or the sync), or read less: fewer columns, a filter on the partition.',
    ],
  ])('%s', async (_what, answer, says) => {
    server.faults.add({ on: JOBS, do: 'status', times: 9, ...answer });
    expect(await problemOf(client().run({ sql: ADD, labels, idempotencyKey: answer.message }))).toBe(says);
    expect(starts()).toBe(1);
  });

  test('a job that somebody cancelled', async () => {
    server.faults.add({ on: JOBS, do: 'cancel-job' });
    expect(await problemOf(client().run({ sql: ADD, labels, idempotencyKey: 'cancelled' }))).toContain('User requested cancellation');
    expect(await hits()).toBe('0');
  });
});

describe('whoever stops waiting stops the job', () => {
  test('Ctrl-C cancels it on the server', async () => {
    const stop = new AbortController();
    server.faults.add({ on: JOBS, do: 'slow-job', polls: 1_000 });
    const running = thrownBy(client({}, impatient(server.env, stop.signal)).run({ sql: ADD, labels, idempotencyKey: 'stopped' }));
    await expect.poll(() => server.requests.count('jobs.getQueryResults')).toBeGreaterThan(0);
    stop.abort(new Error('stopped by the user'));
    expect((await running).message).toBe('stopped by the user');
    const [cancelled] = server.requests.of('jobs.cancel');
    expect([cancelled?.jobId, await hits()]).toEqual([server.requests.of('jobs.insert:query')[0]?.jobId, '0']);
  });

  test('also when nobody said that it has started', async () => {
    const stop = new AbortController();
    server.faults.add({ on: JOBS, do: 'slow-job', polls: 1_000 });
    server.faults.add({ on: JOBS, do: 'cut-after' });
    const context = { ...impatient(server.env, stop.signal), sleep: async () => stop.abort(new Error('stopped by the user')) };
    const error = await thrownBy(client({}, context).run({ sql: ADD, labels, idempotencyKey: 'stopped while starting' }));
    expect(error.message).toBe('stopped by the user');
    expect(server.requests.of('jobs.cancel').map(({ jobId }) => jobId)).toEqual([server.requests.of('jobs.insert:query')[0]?.jobId]);
    expect(await hits()).toBe('0');
  });

  test('nothing is started after Ctrl-C', async () => {
    const error = await thrownBy(
      client({}, impatient(server.env, AbortSignal.abort(new Error('stopped')))).run({ sql: ADD, labels, idempotencyKey: 'late' }),
    );
    expect([error.message, server.requests.count()]).toEqual(['stopped', 0]);
  });
});

describe('parameters and labels', () => {
  test('a parameter is a value, whatever it looks like', async () => {
    const texts = ["' OR 1=1 --", '`x`', '\\', '{"a":1}', '\u{1F600}', ''];
    const result = await client().run({
      sql: 'SELECT @one AS one, @none AS none, ARRAY_TO_STRING(@list, "|") AS list',
      params: { one: texts[0] ?? '', none: null, list: texts },
      labels,
      idempotencyKey: 'params',
    });
    expect(await client().values(result)).toEqual([{ one: texts[0], none: null, list: texts.join('|') }]);
  });

  test('labels are what BigQuery takes', async () => {
    await client({ labels: { team: 'x' } }).run({
      sql: 'SELECT 1 AS a',
      labels: { ...labels, sync: `Ünï/${'x'.repeat(80)}` },
      idempotencyKey: 'labels',
    });
    expect(server.requests.of('jobs.insert:query')[0]?.labels).toMatchObject({
      team: 'x',
      sluice_project: 'acme_revops',
      sluice_sync: expect.stringMatching(/^ünï_x{59}$/) as string,
    });
  });
});

describe('rows', () => {
  test('of a large result come page by page, all of them, as exact text', async () => {
    await using workspace = await Workspace.open({ memoryLimit: '200MB' });
    const sql = `SELECT CAST(n AS STRING) AS n, REPEAT('x', 400) AS filler FROM UNNEST(GENERATE_ARRAY(1, 40000)) AS n`;
    const result = await client().run({ sql, labels, idempotencyKey: 'pages' });
    expect(await client().rows(result, workspace, 'got')).toBe(40_000);
    expect(server.requests.of('jobs.getQueryResults').length).toBeGreaterThan(2);
    expect(await workspace.row(`SELECT CAST(count(DISTINCT n) AS INTEGER) AS rows, min(length(filler)) AS least FROM got`)).toEqual({
      rows: 40_000,
      least: 400n,
    });
  });

  test('of a table that is gone are an error', async () => {
    await using workspace = await Workspace.open();
    const error = await thrownBy(client().rows({ dataset: 'work', table: 'nope' }, workspace, 'got'));
    expect(error).toBeInstanceOf(BigQueryError);
    expect(error).toMatchObject({ reason: 'notFound', status: 404, message: 'Not found: Table acme-test:work.nope' });
  });

  test('that do not start with the first page again when a reply is lost', async () => {
    await using workspace = await Workspace.open();
    const sql = `SELECT CAST(n AS STRING) AS n, REPEAT('x', 400) AS filler FROM UNNEST(GENERATE_ARRAY(1, 40000)) AS n`;
    const result = await client().run({ sql, labels, idempotencyKey: 'lost pages' });
    server.faults.add({ on: /^GET .*\/queries\//, do: 'cut-after', after: 1, times: 2 });
    expect(await client().rows(result, workspace, 'got')).toBe(40_000);
    expect(await workspace.count('SELECT count(DISTINCT n) FROM got')).toBe(40_000);
  });
});

test('half a result is no result', async () => {
  await using workspace = await Workspace.open();
  const result = await client().run({ sql: 'SELECT n FROM UNNEST([1, 2, 3]) AS n', labels, idempotencyKey: 'half a result' });
  expect(await client().rows(result, workspace, 'whole')).toBe(3);
  const error = await thrownBy(client().rows({ ...result, totalRows: 4 }, workspace, 'half'));
  expect(error).toBeInstanceOf(TransientError);
  expect(error.message).toBe('BigQuery sent 3 of 4 rows of a result');
});

test('the time is the server’s', async () => {
  await using other = await startBigQuery({ now: () => Date.UTC(2030, 0, 2, 3, 4, 5) });
  expect(await client({}, impatient(other.env)).clock()).toBe(Date.UTC(2030, 0, 2, 3, 4, 5));
});
