/** The fake as Google's own client sees it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BigQuery, type Job } from '@google-cloud/bigquery';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { externalAccount, startBigQuery, type BigQueryServer } from '../support/bigquery/index.ts';

let server: BigQueryServer;
let client: BigQuery;
let clock = Date.parse('2024-03-10T01:02:03Z');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-fake-'));
  server = await startBigQuery({ now: () => clock });
  await writeFile(join(folder, 'subject-token'), 'token-of-the-runner');
  const credentials = externalAccount(server.url, join(folder, 'subject-token')) as { readonly type: string };
  client = new BigQuery({ projectId: server.project, apiEndpoint: server.url, autoRetry: false, credentials });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await server.sql(`CREATE SCHEMA d; CREATE TABLE d.people (id INT64, name STRING); INSERT INTO d.people VALUES (1, 'Ada'), (2, NULL)`);
  server.requests.reset();
});
afterEach(async () => {
  server.faults.clear();
  await server.sql('DROP SCHEMA d CASCADE');
});

/** What a call was refused with. */
async function refusal(call: Promise<unknown>): Promise<{ readonly code: number; readonly reason: string; readonly message: string }> {
  const error = (await call.then(
    () => expect.fail('the call went through'),
    (problem: unknown) => problem,
  )) as { readonly code: number; readonly errors: readonly { readonly reason: string; readonly message: string }[] };
  return { code: error.code, reason: String(error.errors[0]?.reason), message: String(error.errors[0]?.message) };
}

async function job(query: string, more: object = {}): Promise<Job> {
  const [made] = await client.createQueryJob({ query, ...more });
  return made;
}

describe('queries', () => {
  it('gives every type as text, and parameters of every kind', async () => {
    const query = `SELECT @i AS i, @s AS s, @b AS b, @n AS n, [1, 2] AS a, STRUCT('x' AS y) AS r, TIMESTAMP '2024-03-10 01:02:03.123456 UTC' AS t,
      CAST('1.5' AS NUMERIC) AS d, CAST(NULL AS STRING) AS z`;
    const made = await job(query, { params: { i: '9007199254740993', s: `O'Hara`, b: true, n: null }, types: { n: 'INT64', i: 'INT64' } });
    const [, , answer] = await made.getQueryResults({ autoPaginate: false });
    expect(answer?.schema?.fields?.map(({ name, type, mode }) => `${String(name)} ${String(type)} ${String(mode)}`)).toEqual([
      'i INTEGER NULLABLE',
      's STRING NULLABLE',
      'b BOOLEAN NULLABLE',
      'n INTEGER NULLABLE',
      'a INTEGER REPEATED',
      'r RECORD NULLABLE',
      't TIMESTAMP NULLABLE',
      'd NUMERIC NULLABLE',
      'z STRING NULLABLE',
    ]);
    const raw = await fetch(`${server.url}/projects/${server.project}/queries/${String(made.id)}?formatOptions.useInt64Timestamp=true`);
    const { rows } = (await raw.json()) as { readonly rows: readonly { readonly f: readonly { readonly v: unknown }[] }[] };
    expect(rows[0]?.f.map(({ v }) => v)).toEqual([
      '9007199254740993',
      `O'Hara`,
      'true',
      null,
      [{ v: '1' }, { v: '2' }],
      { f: [{ v: 'x' }] },
      '1710032523123456',
      '1.5',
      null,
    ]);
  });

  it('pages through a result', async () => {
    const made = await job('SELECT n FROM UNNEST(GENERATE_ARRAY(1, 2500)) AS n ORDER BY n');
    const found: number[] = [];
    let page: object | null = { maxResults: 1000, autoPaginate: false };
    while (page !== null) {
      const [rows, next] = (await made.getQueryResults(page)) as unknown as readonly [readonly { readonly n: number }[], object | null];
      found.push(...rows.map(({ n }) => n));
      page = next;
    }
    expect(found).toEqual(Array.from({ length: 2500 }, (_, index) => index + 1));
    expect(server.requests.count('jobs.getQueryResults')).toBe(3);
  });

  it('cuts a page at ten megabytes', async () => {
    const made = await job(`SELECT REPEAT('x', 1000000) AS x FROM UNNEST(GENERATE_ARRAY(1, 25))`);
    const [rows] = await made.getQueryResults();
    expect(rows).toHaveLength(25);
    expect(server.requests.count('jobs.getQueryResults')).toBeGreaterThan(2);
  });

  it('says that a slow job is not done, until it is', async () => {
    server.faults.add({ on: /^POST .*\/jobs/, do: 'slow-job', polls: 3 });
    const made = await job(`INSERT INTO d.people VALUES (3, 'Cy')`);
    expect((made.metadata as { readonly status: object }).status).toEqual({ state: 'RUNNING' });
    expect(await server.sql('SELECT count(*) AS n FROM d.people')).toEqual([{ n: '2' }]);
    const [, , answer] = await made.getQueryResults();
    expect(answer?.numDmlAffectedRows).toBe('1');
    expect(server.requests.count('jobs.getQueryResults')).toBe(4);
    expect(await server.sql('SELECT count(*) AS n FROM d.people')).toEqual([{ n: '3' }]);
  });

  it('refuses a job id twice, and lets the second attach to the first', async () => {
    const options = { jobId: 'sluice_run_1', labels: { sluice_run: 'r1', sluice_phase: 'extract' } };
    await job('SELECT 1 AS n', options);
    const error = await refusal(job('SELECT 1 AS n', options));
    expect(error).toEqual({ code: 409, reason: 'duplicate', message: 'Already Exists: Job acme-test:US.sluice_run_1' });
    const [rows] = await client.job('sluice_run_1', { location: 'US' }).getQueryResults();
    expect(rows).toEqual([{ n: 1 }]);
    expect(server.requests.of('jobs.insert:query').map(({ labels, jobId }) => ({ labels, jobId }))).toEqual([
      { labels: options.labels, jobId: 'sluice_run_1' },
      { labels: options.labels, jobId: 'sluice_run_1' },
    ]);
  });

  it('does the work when only the reply was lost', async () => {
    server.faults.add({ on: /^POST .*\/jobs/, do: 'cut-after' });
    await expect(job('DELETE FROM d.people WHERE id = 1', { jobId: 'lost' })).rejects.toThrow();
    const [made] = await client.job('lost', { location: 'US' }).getMetadata();
    expect(made).toMatchObject({ status: { state: 'DONE' }, statistics: { query: { statementType: 'DELETE', numDmlAffectedRows: '1' } } });
    server.faults.add({ on: /^POST .*\/jobs/, do: 'cut-before' });
    await expect(job('DELETE FROM d.people WHERE true', { jobId: 'never' })).rejects.toThrow();
    expect(await refusal(client.job('never').getMetadata())).toMatchObject({ code: 404, reason: 'notFound' });
  });

  it('finds a job only where it ran', async () => {
    const made = await job('SELECT 1 AS n');
    expect(await refusal(client.job(String(made.id), { location: 'EU' }).getMetadata())).toMatchObject({
      code: 404,
      message: `Not found: Job acme-test:EU.${String(made.id)}`,
    });
    expect(await refusal(job('SELECT id FROM d.people', { location: 'EU' }))).toEqual({
      code: 404,
      reason: 'notFound',
      message: 'Not found: Dataset acme-test:d was not found in location EU',
    });
  });

  it('stops a job that is cancelled, before it has done anything', async () => {
    server.faults.add({ on: /^POST .*\/jobs/, do: 'slow-job', polls: 1000 });
    const made = await job('DELETE FROM d.people WHERE true');
    await made.cancel();
    expect(await refusal(made.getQueryResults())).toEqual({
      code: 499,
      reason: 'stopped',
      message: 'Job execution was cancelled: User requested cancellation',
    });
    const [metadata] = (await made.getMetadata()) as [{ readonly status: { readonly errorResult: object } }, unknown];
    expect(metadata.status.errorResult).toMatchObject({ reason: 'stopped' });
    expect(await server.sql('SELECT count(*) AS n FROM d.people')).toEqual([{ n: '2' }]);
  });

  it('stops a statement that runs', async () => {
    const query = 'SELECT SUM(a * b) AS n FROM UNNEST(GENERATE_ARRAY(1, 300000)) AS a CROSS JOIN UNNEST(GENERATE_ARRAY(1, 300000)) AS b';
    const running = refusal(job(query, { jobId: 'long' }));
    await vi.waitFor(async () => client.job('long').getMetadata());
    await client.job('long').cancel();
    expect(await running).toMatchObject({ reason: 'stopped' });
    // The next one does not wait for what the cancelled one would have taken.
    expect(await server.sql('SELECT 1 AS n')).toEqual([{ n: '1' }]);
  });

  it('lets somebody else cancel a job, and a job fail', async () => {
    server.faults.add({ on: /^POST .*\/jobs/, do: 'cancel-job' });
    expect(await refusal((await job('SELECT 1')).getQueryResults())).toMatchObject({ reason: 'stopped' });
    server.faults.add({ on: /^POST .*\/jobs/, do: 'fail-job', reason: 'backendError' });
    expect(await refusal(job('SELECT 1'))).toMatchObject({ reason: 'backendError' });
  });

  it('refuses SQL that does not compile at once, and reports what fails later with the job', async () => {
    expect(await refusal(job('SELECT nothing FROM d.people'))).toMatchObject({ code: 400, reason: 'invalidQuery' });
    expect(await refusal(job('SELECT 1 FROM d.nobody'))).toMatchObject({ code: 404, reason: 'notFound' });
    expect(await refusal(client.query('SELECT nothing FROM d.people'))).toMatchObject({ code: 400, reason: 'invalidQuery' });
    const later = await refusal(job(`SELECT CAST(name AS INT64) FROM d.people`, { jobId: 'later' }));
    expect(later).toMatchObject({ reason: 'invalidQuery', message: expect.stringContaining('Bad int64 value: Ada') as string });
    const [metadata] = (await client.job('later').getMetadata()) as [{ readonly status: { readonly state: string } }, unknown];
    expect(metadata.status.state).toBe('DONE');
  });

  it('forgets a result that has expired', async () => {
    const made = await job('SELECT 1 AS n');
    server.faults.add({ on: /^GET .*\/queries\//, do: 'expire-table' });
    expect(await refusal(made.getQueryResults())).toMatchObject({ code: 404, reason: 'notFound' });
    const other = await job('SELECT 1 AS n');
    clock += 25 * 60 * 60 * 1000;
    expect(await refusal(other.getQueryResults())).toMatchObject({ code: 404, reason: 'notFound' });
  });

  it('runs a script as one job with children, and gives the rows of the last SELECT', async () => {
    const made = await job(`CREATE TEMP TABLE t AS SELECT id FROM d.people; DELETE FROM d.people WHERE id = 2; SELECT id FROM t ORDER BY id;
      INSERT INTO d.people VALUES (7, 'Gil')`);
    const [rows] = await made.getQueryResults();
    expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
    const [metadata] = (await made.getMetadata()) as [{ readonly statistics: object }, unknown];
    expect(metadata.statistics).toMatchObject({ numChildJobs: '4', query: { statementType: 'SCRIPT' } });
    const [children] = await client.getJobs({ parentJobId: String(made.id), projection: 'full' });
    const types = children.map(
      (child) =>
        (child.metadata as { readonly statistics: { readonly query: { readonly statementType: string } } }).statistics.query.statementType,
    );
    expect(types.toReversed()).toEqual(['CREATE_TABLE_AS_SELECT', 'DELETE', 'SELECT', 'INSERT']);
  });

  it('writes a result into a table of its own that expires', async () => {
    const destination = client.dataset('d').table('result');
    await (await job('SELECT id FROM d.people', { destination })).getQueryResults();
    await destination.setMetadata({ expirationTime: String(clock + 60_000) });
    expect((await destination.getRows())[0]).toHaveLength(2);
    expect(await refusal(job('SELECT 1 AS id', { destination }))).toMatchObject({
      reason: 'duplicate',
      message: 'Already Exists: Table acme-test:d.result',
    });
    clock += 61_000;
    expect(await refusal(destination.getMetadata())).toMatchObject({ code: 404, message: 'Not found: Table acme-test:d.result' });
  });
});

describe('cost', () => {
  it('tells the bytes of a dry run, of the columns that are read, and runs nothing', async () => {
    const [narrow] = await client.createQueryJob({ query: 'SELECT id FROM d.people', dryRun: true });
    expect(narrow.metadata).toMatchObject({
      statistics: { totalBytesProcessed: '16', query: { statementType: 'SELECT' } },
      status: { state: 'DONE' },
    });
    const [wide] = await client.createQueryJob({ query: 'SELECT * FROM d.people', dryRun: true });
    // A STRING takes two bytes and its text.
    expect(wide.metadata).toMatchObject({ statistics: { totalBytesProcessed: '21' } });
    await client.createQueryJob({ query: 'DELETE FROM d.people WHERE true', dryRun: true });
    expect(await server.sql('SELECT count(*) AS n FROM d.people')).toEqual([{ n: '2' }]);
  });

  it('refuses what would cost more than allowed, and bills ten megabytes at least', async () => {
    const limited = refusal((async () => (await job('SELECT * FROM d.people', { maximumBytesBilled: '1000' })).getQueryResults())());
    expect(await limited).toMatchObject({
      reason: 'bytesBilledLimitExceeded',
      message: 'Query exceeded limit for bytes billed: 1000. 10485760 or higher required.',
    });
    const made = await job('SELECT * FROM d.people', { maximumBytesBilled: '10485760' });
    expect(made.metadata).toMatchObject({ statistics: { query: { totalBytesBilled: '10485760', totalBytesProcessed: '21' } } });
  });
});

interface Tagged {
  readonly etag: string;
}

describe('tables', () => {
  it('changes a table only for who knows its etag', async () => {
    const [table] = await client
      .dataset('d')
      .createTable('lease', { schema: { fields: [{ name: 'x', type: 'INT64' }] }, labels: { owner: 'a' } });
    const [before] = (await table.getMetadata()) as unknown as readonly [Tagged];
    const change = { etag: before.etag, labels: { owner: 'b' }, expirationTime: String(clock + 60_000) };
    const [after] = (await table.setMetadata(change)) as unknown as readonly [Tagged];
    expect(after).toMatchObject({ labels: { owner: 'b' }, expirationTime: String(clock + 60_000) });
    expect(after.etag).not.toBe(before.etag);
    const rename = async (owner: string): Promise<unknown> => table.setMetadata({ etag: after.etag, labels: { owner } });
    const both = await Promise.allSettled([rename('c'), rename('d')]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const error = await refusal(table.setMetadata({ etag: before.etag, labels: { owner: 'e' } }));
    expect(error).toEqual({ code: 412, reason: 'failedPrecondition', message: 'Precondition check failed.' });
  });

  it('lets one of two make a table, and the second after it has expired', async () => {
    const make = async (): Promise<unknown> =>
      client.dataset('d').createTable('lock', { expirationTime: String(clock + 1000), labels: {} });
    const both = await Promise.allSettled([make(), make()]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await refusal(make())).toMatchObject({ code: 409, reason: 'duplicate', message: 'Already Exists: Table acme-test:d.lock' });
    clock += 1001;
    await make();
    expect(await client.dataset('d').table('lock').exists()).toEqual([true]);
    clock += 1001;
    await server.sql('CREATE TABLE d.lock (x INT64)');
    await client.dataset('d').table('lock').delete();
    expect(await client.dataset('d').table('lock').exists()).toEqual([false]);
  });

  it('copies a table, and adds columns to it', async () => {
    const copy = client.dataset('d').table('copy');
    await client.dataset('d').table('people').copy(copy);
    const [{ schema }] = (await copy.getMetadata()) as unknown as readonly [{ readonly schema: { readonly fields: readonly object[] } }];
    await copy.setMetadata({ schema: { fields: [...schema.fields, { name: 'city', type: 'STRING' }] } });
    expect(await server.sql('SELECT * FROM d.copy ORDER BY id')).toEqual([
      { id: '1', name: 'Ada', city: null },
      { id: '2', name: null, city: null },
    ]);
  });

  it('lists tables, datasets and rows', async () => {
    const [tables] = await client.dataset('d').getTables();
    expect(tables.map(({ id }) => id)).toEqual(['people']);
    const [rows] = await client.dataset('d').table('people').getRows({ selectedFields: 'name', maxResults: 1 });
    expect(rows).toEqual([{ name: 'Ada' }]);
    const [datasets] = await client.getDatasets();
    expect(datasets.map(({ id }) => id)).toEqual(['d']);
    expect(await refusal(client.dataset('nowhere').table('t').getMetadata())).toMatchObject({
      code: 404,
      message: 'Not found: Dataset acme-test:nowhere',
    });
  });
});

describe('loads', () => {
  const schema = {
    fields: [
      { name: 'id', type: 'INTEGER' },
      { name: 'name', type: 'STRING' },
    ],
  };

  it('loads lines of JSON, appends to them, and replaces them', async () => {
    const file = join(folder, 'rows.json');
    await writeFile(file, '{"id": "9007199254740993", "name": "x\\ny"}\n{"id": 2}\n');
    const table = client.dataset('d').table('loaded');
    const load = async (writeDisposition: string): Promise<unknown> =>
      table.load(file, { sourceFormat: 'NEWLINE_DELIMITED_JSON', schema, writeDisposition, jobId: `load_${writeDisposition}` });
    await load('WRITE_TRUNCATE');
    await load('WRITE_APPEND');
    expect(await server.sql('SELECT id, name FROM d.loaded ORDER BY id')).toEqual([
      { id: '2', name: null },
      { id: '2', name: null },
      { id: '9007199254740993', name: 'x\ny' },
      { id: '9007199254740993', name: 'x\ny' },
    ]);
    expect(await refusal(load('WRITE_APPEND'))).toMatchObject({ code: 409, reason: 'duplicate' });
    expect(server.requests.of('upload').map(({ jobId }) => jobId)).toEqual([
      'load_WRITE_TRUNCATE',
      'load_WRITE_APPEND',
      'load_WRITE_APPEND',
    ]);
    const [metadata] = (await client.job('load_WRITE_APPEND').getMetadata()) as [{ readonly statistics: object }, unknown];
    expect(metadata.statistics).toMatchObject({ load: { outputRows: '2', inputFiles: '1' } });
  });

  it('loads CSV with quotes, empty texts and nulls', async () => {
    const file = join(folder, 'rows.csv');
    await writeFile(file, 'id,name\n1,"a ""b"", c"\n2,\n3,""\n');
    await client.dataset('d').table('loaded').load(file, { sourceFormat: 'CSV', skipLeadingRows: 1, schema });
    expect(await server.sql('SELECT id, name FROM d.loaded ORDER BY id')).toEqual([
      { id: '1', name: 'a "b", c' },
      { id: '2', name: null },
      { id: '3', name: '' },
    ]);
  });

  it('loads Parquet that DuckDB wrote', async () => {
    const file = join(folder, 'rows.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`COPY (SELECT 1::BIGINT AS id, 'Ada' AS name, true AS ok) TO '${file}' (FORMAT parquet)`);
    connection.closeSync();
    instance.closeSync();
    await client.dataset('d').table('loaded').load(file, { sourceFormat: 'PARQUET' });
    expect(await server.sql('SELECT * FROM d.loaded')).toEqual([{ id: '1', name: 'Ada', ok: 'true' }]);
    expect(await refusal(client.dataset('d').table('people').load(file, { sourceFormat: 'PARQUET' }))).toMatchObject({
      reason: 'invalid',
      message: 'Provided Schema does not match Table acme-test:d.people. Cannot add fields (field: ok)',
    });
  });

  it('takes a file in pieces', async () => {
    const configuration = {
      load: { destinationTable: { projectId: server.project, datasetId: 'd', tableId: 'people' }, sourceFormat: 'CSV' },
    };
    const project = `${server.url}/upload/bigquery/v2/projects/${server.project}/jobs`;
    const headers = { 'content-type': 'application/json' };
    const start = await fetch(`${project}?uploadType=resumable`, { method: 'POST', headers, body: JSON.stringify({ configuration }) });
    const place = String(start.headers.get('location'));
    const put = async (range: string, body?: string): Promise<Response> =>
      fetch(place, { method: 'PUT', headers: { 'content-range': range }, ...(body === undefined ? {} : { body }) });
    const first = await put('bytes 0-4/10', '5,Eve');
    expect([first.status, first.headers.get('range')]).toEqual([308, 'bytes=0-4']);
    expect((await put('bytes */10')).headers.get('range')).toBe('bytes=0-4');
    expect(await (await put('bytes 5-9/10', '\n6,F\n')).json()).toMatchObject({
      status: { state: 'DONE' },
      statistics: { load: { outputRows: '2' } },
    });
    expect(await server.sql('SELECT name FROM d.people WHERE id >= 5 ORDER BY id')).toEqual([{ name: 'Eve' }, { name: 'F' }]);
  });

  it('is filled in one go by who sets a test up', async () => {
    const file = join(folder, 'bulk.csv');
    await writeFile(file, 'i,n,d,t,b,y,j\n1,1.5,2024-03-10,2024-03-10 01:02:03.5 UTC,true,YWJj,"{""a"":1}"\n,,,,,,\n');
    const types = { i: 'INT64', n: 'NUMERIC', d: 'DATE', t: 'TIMESTAMP', b: 'BOOL', y: 'BYTES', j: 'JSON' };
    await server.load(
      'd',
      'bulk',
      file,
      Object.entries(types).map(([name, type]) => ({ name, type })),
    );
    expect(await server.sql('SELECT * FROM d.bulk ORDER BY i DESC LIMIT 1')).toEqual([
      { i: '1', n: '1.5', d: '2024-03-10', t: '2024-03-10T01:02:03.500000Z', b: 'true', y: 'YWJj', j: '{"a":1}' },
    ]);
    expect(await server.sql('SELECT count(*) AS n FROM d.bulk WHERE j IS NULL AND i IS NULL')).toEqual([{ n: '1' }]);
    expect(server.requests.count()).toBe(0);
  });

  it('leaves the table as it was when a row is bad', async () => {
    const file = join(folder, 'bad.json');
    await writeFile(file, '{"id": 5, "name": "new"}\n{"id": "five"}\n');
    const error = await refusal(client.dataset('d').table('people').load(file, { sourceFormat: 'NEWLINE_DELIMITED_JSON' }));
    expect(error).toMatchObject({ reason: 'invalid', message: expect.stringContaining('Error while reading data') as string });
    await writeFile(file, '{"id": 5, "nmae": "new"}\n');
    const typo = await refusal(client.dataset('d').table('people').load(file, { sourceFormat: 'NEWLINE_DELIMITED_JSON' }));
    expect(typo.message).toContain('No such field: nmae');
    expect(await server.sql('SELECT count(*) AS n FROM d.people')).toEqual([{ n: '2' }]);
  });
});

describe('strictness', () => {
  it('refuses what it does not know, by name', async () => {
    const call = async (path: string, init?: RequestInit): Promise<string> => {
      const answer = await fetch(`${server.url}${path}`, init);
      return `${answer.status} ${((await answer.json()) as { readonly error: { readonly message: string } }).error.message}`;
    };
    const project = `/bigquery/v2/projects/${server.project}`;
    expect(await call(`${project}/datasets/d/models`)).toContain('501 The fake BigQuery does not know GET');
    expect(await call(`${project}/jobs?page=2`)).toContain('400 Invalid JSON payload received. Unknown name "page"');
    const body = (value: object): RequestInit => ({
      method: 'POST',
      body: JSON.stringify(value),
      headers: { 'content-type': 'application/json' },
    });
    expect(await call(`${project}/queries`, body({ query: 'SELECT 1', useLegacySql: false, maxResult: 1 }))).toContain(
      'Unknown name "maxResult"',
    );
    expect(await call(`${project}/queries`, body({ query: 'SELECT 1' }))).toContain('501 The fake BigQuery does not know legacy SQL');
    expect(await call(`${project}/jobs`, body({ configuration: { extract: {} } }))).toContain(
      '501 The fake BigQuery does not know job.configuration.extract',
    );
    expect(await call(`/bigquery/v2/projects/other/datasets/d`)).toBe('404 Not found: Project other');
    const labels = { configuration: { query: { query: 'SELECT 1', useLegacySql: false }, labels: { Run: 'x' } } };
    expect(await call(`${project}/jobs`, body(labels))).toBe('400 Invalid label key: Run');
  });

  it('answers as a fault says, with the time of its own clock', async () => {
    server.faults.add({
      on: /GET .*\/datasets\/d$/,
      do: 'status',
      status: 403,
      reason: 'rateLimitExceeded',
      message: 'Slow down',
      retryAfter: 7,
      after: 1,
    });
    const url = `${server.url}/projects/${server.project}/datasets/d`;
    const [first, second, third] = [await fetch(url), await fetch(url), await fetch(url)];
    expect([first.status, second.status, third.status]).toEqual([200, 403, 200]);
    expect(second.headers.get('retry-after')).toBe('7');
    expect(second.headers.get('date')).toBe(new Date(clock).toUTCString());
  });
});

it('gives a token for a token of an identity provider, and answers nobody without one', async () => {
  await using closed = await startBigQuery({ auth: true });
  const subject = join(folder, 'subject-token');
  await writeFile(subject, 'token-of-the-runner');
  const credentials = externalAccount(closed.url, subject) as { readonly type: string };
  const anonymous = await fetch(`${closed.url}/projects/${closed.project}/datasets`);
  expect(anonymous.status).toBe(401);
  const keyless = new BigQuery({ projectId: closed.project, apiEndpoint: closed.url, credentials });
  const [rows] = await keyless.query('SELECT 1 AS n');
  expect(rows).toEqual([{ n: 1 }]);
  expect(closed.tokens.subjects).toEqual(['token-of-the-runner']);
});
