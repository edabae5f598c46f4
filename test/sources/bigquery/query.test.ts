/** What is refused of a query, where it is said, and what it costs. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';

import { BigQueryError } from '../../../src/bigquery/errors.ts';
import { UserError } from '../../../src/errors.ts';
import { placeQueryError } from '../../../src/sources/bigquery/query-error.ts';
import { type BigQueryServer, startBigQuery } from '../../support/bigquery/index.ts';
import { problemOf, thrownBy } from '../../support/bigquery-client.ts';
import { open, type Opened, query } from './harness.ts';

let server: BigQueryServer;
let opened: Opened;
beforeAll(async () => {
  server = await startBigQuery();
  await server.sql(
    `CREATE SCHEMA gold; CREATE TABLE gold.accounts (id INT64, name STRING); INSERT INTO gold.accounts VALUES (1, 'x'), (2, '3')`,
  );
  opened = await open(server.env, { dataset: 'gold', labels: { team: 'revops' } });
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => server.requests.reset());

describe('a query that BigQuery refuses is marked in the file', () => {
  it.each([
    ['an unknown column', 'select id,\n  nam from gold.accounts', '11:7: Unrecognized name: nam'],
    ['bad syntax', 'select 1 union all selec 2', '10:24: Syntax error: Unexpected identifier "selec"'],
    [
      'a table that is spelt wrong',
      'select id from gold.account',
      '10:5: Not found: Table acme-test:gold.account was not found in location US\n  Did you mean "gold.accounts"?',
    ],
    [
      'a dataset that is not there',
      'select id from golden.accounts',
      '10:5: connection warehouse: there is no dataset acme-test:golden in US\n' +
        '  Make it where the data is: bq --location=US mk --dataset acme-test:golden. Or correct `location`: elsewhere, a dataset looks as if it did not exist.',
    ],
    [
      'a table that may not be read',
      'select id from other-project.gold.accounts',
      '10:5: connection warehouse: Access Denied: Table other-project:gold.accounts: User does not have permission to query table other-project:gold.accounts, or perhaps it does not exist.\n' +
        '  Grant roles/bigquery.dataViewer on the dataset that is read.',
    ],
    ['a parameter', 'select @x as a', "10:12: Query parameter 'x' not found\n  Write `${var.NAME}` for a value that the project sets."],
    [
      'two statements',
      'select 1; select 2',
      "10:5: a sync's query is one SELECT; this is several statements\n  Remove the semicolon and everything behind it.",
    ],
    [
      'a script',
      'declare x int64; select x',
      "10:5: a sync's query is one SELECT; this is several statements\n  Remove the semicolon and everything behind it.",
    ],
    ['a statement that writes', 'insert into gold.accounts (id) values (2)', "10:5: a sync's query is one SELECT; this is an INSERT"],
    [
      'a statement that makes a table',
      'create table gold.x as select 1 a',
      "10:5: a sync's query is one SELECT; this is a CREATE TABLE AS SELECT",
    ],
    ['only a comment', '-- nothing\n/* at */ # all', "10:5: a sync's query is one SELECT; this one is empty"],
  ])('%s', async (_what, sql, says) => {
    expect(await problemOf(opened.source.describe(query(sql)))).toBe(`syncs/accounts.yaml:${says}`);
    expect(server.requests.all.filter(({ body }) => body !== undefined && !JSON.stringify(body).includes('"dryRun":true'))).toEqual([]);
  });

  test('what only the rows show is said when they are read', async () => {
    const sql = 'select cast(name as int64) as v from gold.accounts';
    expect(await problemOf(opened.source.extract(query(sql)))).toBe(
      'syncs/accounts.yaml:10:5: the query failed while it ran: Bad int64 value: x',
    );
  });

  test('names without a dataset are looked up in the one of the connection', async () => {
    expect(await opened.texts('select id from accounts where id = 1')).toEqual([{ id: '1' }]);
    await using bare = await open(server.env);
    expect(await problemOf(bare.source.describe(query('select id from accounts')))).toBe(
      'syncs/accounts.yaml:10:5: Table "accounts" must be qualified with a dataset (e.g. dataset.table).\n  Write dataset.table, or set `dataset` in the connection.',
    );
  });
});

test('BigQuery counts characters, and a tab up to the next multiple of eight; an editor counts neither so', async () => {
  const placed = async (sql: string, at: string): Promise<string> => {
    const refused = new BigQueryError('invalidQuery', `Unrecognized name: nam at ${at}`, 400);
    return problemOf(
      Promise.resolve().then(() => {
        throw placeQueryError(refused, query(sql));
      }),
    );
  };
  expect(await placed('select\n\tid,\tnam', '[2:17]')).toBe('syncs/accounts.yaml:11:10: Unrecognized name: nam');
  expect(await placed(`select '\u{1F600}', nam`, '[1:13]')).toBe('syncs/accounts.yaml:10:18: Unrecognized name: nam');
});

describe('what a query costs', () => {
  const sql = 'select id, name from gold.accounts';

  test('is known without running it', async () => {
    expect(await opened.source.estimate(query(sql))).toEqual({ bytesBilled: '10485760' });
    expect(await opened.source.estimate(query('select 1 as id'))).toEqual({ bytesBilled: '0' });
    expect(server.requests.of('jobs.insert:query').every(({ body }) => JSON.stringify(body).includes('"dryRun":true'))).toBe(true);
  });

  test('stops it before anything is billed, by the limit of the sync', async () => {
    const error = await thrownBy(opened.source.extract(query(sql, '10485759')));
    expect(error).toMatchObject({ exitCode: 3 });
    expect(await problemOf(Promise.reject(error))).toBe(
      'syncs/accounts.yaml:20:5: the query of accounts would bill 10,485,760 bytes; max_bytes_billed is 10,485,759 bytes\n' +
        '  Read less (fewer columns, a filter on the partition), or raise max_bytes_billed. Nothing was billed.',
    );
    expect(server.requests.count('jobs.getQueryResults')).toBe(0);
  });

  test('stops it by the limit of the connection, when that is lower', async () => {
    await using limited = await open(server.env, { max_bytes_billed: 1000 });
    expect(await problemOf(limited.source.extract(query(sql, '20000000')))).toContain(
      'syncs/connections.yaml:3:1: the query of accounts would bill 10 MB; max_bytes_billed is 1.0 kB',
    );
  });

  test('is limited by BigQuery too, which knows better', async () => {
    await using other = await open(server.env);
    await other.source.extract(query(sql, '10485760'));
    const [job] = server.requests.of('jobs.insert:query').filter(({ body }) => !JSON.stringify(body).includes('"dryRun":true'));
    expect(job?.body).toMatchObject({ configuration: { query: { maximumBytesBilled: '10485760' } } });
    expect(other.source.billed()).toBe('10485760');
  });

  test('can be found by the labels of the job', async () => {
    await using other = await open(server.env, { labels: { team: 'revops' } });
    await other.source.extract(query('select id, 2 as two from gold.accounts'));
    const [job] = server.requests.of('jobs.insert:query').filter(({ body }) => !JSON.stringify(body).includes('"dryRun":true'));
    expect(job?.labels).toEqual({
      team: 'revops',
      sluice_project: 'acme',
      sluice_sync: 'accounts',
      sluice_run: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      sluice_phase: 'extract',
    });
  });
});

test('a query runs once, however often it is asked for', async () => {
  await using other = await open(server.env);
  const one = query('select id, 3 as three from gold.accounts');
  const [first, second] = await Promise.all([other.source.extract(one), other.source.extract(one)]);
  expect(second).toEqual(first);
  expect(server.requests.count('jobs.getQueryResults')).toBe(2); // its end, and its one page
});

test('a result that expired before it was read is no empty result', async () => {
  server.faults.add({ on: /^GET .*\/queries\/.*/, do: 'expire-table', after: 1 });
  expect(await problemOf(opened.source.extract(query('select id, 4 as four from gold.accounts')))).toBe(
    'syncs/accounts.yaml:10:5: the result of the query is gone before all of it was read\n  BigQuery keeps results for a day. Run the command again.',
  );
});

test('a job that somebody cancels is an error, not an empty result', async () => {
  server.faults.add({ on: /^POST .*\/jobs/, do: 'cancel-job', after: 1 });
  const error = await thrownBy(opened.source.extract(query('select id, 5 as five from gold.accounts')));
  expect(error).toBeInstanceOf(UserError);
  expect(await problemOf(Promise.reject(error))).toBe(
    'syncs/accounts.yaml:10:5: BigQuery stopped the job: Job execution was cancelled: User requested cancellation\n' +
      '  Somebody, or a limit of the project, cancelled it. Run the command again.',
  );
});
