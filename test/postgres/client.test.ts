import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { TransientError } from '../../src/errors.ts';
import { PgClient } from '../../src/postgres/client.ts';
import { LostConnectionError, PgError } from '../../src/postgres/errors.ts';
import { onPostgres, type Postgres, startPostgres } from '../support/postgres.ts';
import { connected, contextWith, postgresConnection, thrownBy } from '../support/postgres-client.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres({
    settings: { TimeZone: 'Asia/Tokyo', DateStyle: 'German', IntervalStyle: 'iso_8601', bytea_output: 'escape', extra_float_digits: '-5' },
  });
});
afterAll(async () => server.stop());

describe('values', () => {
  it('arrive as Postgres writes them, whatever the server prefers', async () => {
    await using client = await connected(server.url);
    const [row] = await client.rows(`
      SELECT 9223372036854775807::int8 AS i, 1.50::numeric AS n, 'NaN'::numeric AS nan, 0.1::float8 + 0.2 AS f, DATE '2024-03-10' AS d,
             TIMESTAMPTZ '2024-03-10 00:00:00.123456+09' AS tz, TIMESTAMP 'infinity' AS t, INTERVAL '1 month 2 days' AS iv, '\\x00ff'::bytea AS b,
             true AS yes, NULL::text AS nothing, '' AS empty, ARRAY[1, NULL] AS a, '{"b": 1.50}'::jsonb AS j`);
    expect(row).toEqual({
      i: '9223372036854775807', n: '1.50', nan: 'NaN', f: '0.30000000000000004', d: '2024-03-10', tz: '2024-03-09 15:00:00.123456+00', t: 'infinity',
      iv: '1 mon 2 days', b: '\\x00ff', yes: 't', nothing: null, empty: '', a: '{1,NULL}', j: '{"b": 1.50}',
    }); // prettier-ignore
  });

  it('go in as parameters and come back the same', async () => {
    await using client = await connected(server.url);
    const nasty = `'"\\ \t\n\r \u{1F600} ${'x'.repeat(100_000)}`;
    const [row] = await client.rows('SELECT $1::text AS text, $2::int8 AS big, $3::text[] AS list, $4::text AS nothing, $5::bool AS yes', [
      nasty, 9223372036854775807n, ['a,"b', null, ''], null, true,
    ]); // prettier-ignore
    expect(row).toEqual({ text: nasty, big: '9223372036854775807', list: '{"a,\\"b",NULL,""}', nothing: null, yes: 't' });
  });

  it('leave nothing set behind in the session, so that a transaction pooler may hand it to anybody', async () => {
    const url = await server.createDatabase();
    await onPostgres(url, 'CREATE TABLE seen (setting text)');
    await using client = await connected(url, { schema: 'information_schema', statement_timeout: '7s' });
    const inside = await client.rows("SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS timeout");
    expect(inside).toEqual([{ path: 'information_schema', timeout: '7s' }]);
    const names = ['search_path', 'statement_timeout', 'lock_timeout', 'TimeZone', 'DateStyle', 'extra_float_digits', 'bytea_output'];
    const settings = names.map((name) => `('${name} ' || current_setting('${name}'))`);
    await client.script(`COMMIT; INSERT INTO public.seen VALUES ${settings.join(', ')}; BEGIN`);
    expect((await onPostgres(url, 'SELECT setting FROM seen')).map(({ setting }) => setting)).toEqual([
      'search_path "$user", public', 'statement_timeout 0', 'lock_timeout 0', 'TimeZone Asia/Tokyo', 'DateStyle German, DMY', 'extra_float_digits -5', 'bytea_output escape',
    ]); // prettier-ignore
  });
});

describe('transactions', () => {
  it('keep all or nothing', async () => {
    const url = await server.createDatabase();
    await using client = await connected(url);
    await client.run('CREATE TABLE t (a int PRIMARY KEY)');
    const failed = client.transaction('WRITE', async () => {
      expect(await client.run('INSERT INTO t VALUES (1), (2)')).toBe(2);
      await client.run('INSERT INTO t VALUES (1)');
    });
    const error = await thrownBy(failed);
    expect(error).toBeInstanceOf(PgError);
    expect(error).toMatchObject({ sqlstate: '23505', table: 't', constraint: 't_pkey' });
    expect(error.message).toBe('duplicate key value violates unique constraint "t_pkey"');
    await client.transaction('WRITE', async () => client.run('INSERT INTO t VALUES (3)'));
    expect(await onPostgres(url, 'SELECT a FROM t')).toEqual([{ a: '3' }]);
  });

  it('go on behind a savepoint', async () => {
    const url = await server.createDatabase();
    await using client = await connected(url);
    await client.transaction('WRITE', async () => {
      await client.run('CREATE TABLE t (a int PRIMARY KEY)');
      await client.savepoint(async () => client.run('INSERT INTO t VALUES (1)'));
      await thrownBy(client.savepoint(async () => client.script('INSERT INTO t VALUES (2); INSERT INTO t VALUES (1)')));
      await client.run('INSERT INTO t VALUES (3)');
    });
    expect(await onPostgres(url, 'SELECT a FROM t ORDER BY a')).toEqual([{ a: '1' }, { a: '3' }]);
  });

  it('that read see one snapshot and cannot write', async () => {
    const url = await server.createDatabase();
    await onPostgres(url, 'CREATE TABLE t (a int)');
    await using client = await connected(url);
    await client.transaction('READ ONLY', async () => {
      expect(await client.rows('SELECT count(*) AS n FROM t')).toEqual([{ n: '0' }]);
      await onPostgres(url, 'INSERT INTO t VALUES (1)');
      expect(await client.rows('SELECT count(*) AS n FROM t')).toEqual([{ n: '0' }]);
      expect(await thrownBy(client.savepoint(async () => client.run('INSERT INTO t VALUES (2)')))).toMatchObject({ sqlstate: '25006' });
    });
    expect(await client.rows('SELECT count(*) AS n FROM t')).toEqual([{ n: '1' }]);
  });

  it('that failed are never taken for committed', async () => {
    await using client = await connected(server.url);
    const swallowed = client.transaction('WRITE', async () => {
      await client.run('SELECT 1/0').catch(() => undefined);
    });
    expect((await thrownBy(swallowed)).message).toBe('a failed transaction was committed');
    expect(await client.rows('SELECT 1 AS a')).toEqual([{ a: '1' }]);
  });

  it('take one statement at a time outside of a script', async () => {
    await using client = await connected(server.url);
    expect(await thrownBy(client.rows('SELECT 1; SELECT 2'))).toMatchObject({ sqlstate: '42601' });
  });
});

describe('failures', () => {
  it('hold no value of a row', async () => {
    await using client = await connected(server.url);
    const messages: string[] = [];
    for (const sql of [
      "SELECT 'secret'::int",
      "SELECT 'secret'::date",
      "SELECT '2024-13-99secret'::timestamp",
      `SELECT '{"secret'::jsonb`,
      "SELECT 'secret'::uuid",
      "DO $$ BEGIN RAISE EXCEPTION 'secret'; END $$",
      "DO $$ BEGIN RAISE EXCEPTION USING errcode = '22000', message = 'value \"secret\"'; END $$",
      "SELECT string_to_array('secret', ',')::int[]",
    ])
      messages.push((await thrownBy(client.rows(sql))).message);
    expect(messages.join('\n')).not.toContain('secret');
    expect(messages[0]).toBe('invalid input syntax for type integer');
    expect(messages[5]).toBe('a function or trigger of the database raised an exception');
  });

  it('that pass by themselves are transient', async () => {
    const url = await server.createDatabase();
    await onPostgres(url, 'CREATE TABLE t (a int)');
    await using holder = await connected(url);
    await using client = await connected(url, { lock_timeout: '50ms' });
    await holder.begin('WRITE');
    await holder.run('LOCK TABLE t');
    const error = await thrownBy(client.rows('SELECT * FROM t'));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toContain('lock timeout');
  });

  it.each([
    ['before', 'during', 'INSERT', false],
    ['while', 'during', 'COMMIT\\0', true],
  ] as const)('of the connection %s a commit is under way say so', async (_, when, statement, committing) => {
    const url = await server.createDatabase();
    await onPostgres(url, 'CREATE TABLE t (a int)');
    await using proxy = await tcpProxy(server.port);
    await using client = await connected(proxy.through(url));
    await proxy.cut({ match: new RegExp(statement), when });
    const error = await thrownBy(client.transaction('WRITE', async () => client.run('INSERT INTO t VALUES (1)')));
    expect(error).toBeInstanceOf(LostConnectionError);
    expect(error).toMatchObject({ committing });
  });

  it('of a connection that broke unnoticed do not claim that a commit was sent', async () => {
    await using proxy = await tcpProxy(server.port);
    await using client = await connected(proxy.through(server.url));
    await client.begin('WRITE');
    proxy.reset();
    await thrownBy(client.rows('SELECT 1'));
    expect(await thrownBy(client.commit())).toMatchObject({ committing: false });
  });
});

describe('an abort', () => {
  it('stops what a read is waiting for, in the server too', async () => {
    const controller = new AbortController();
    await using client = await connected(server.url, {}, controller.signal);
    const started = performance.now();
    setTimeout(() => controller.abort(), 100);
    const error = await thrownBy(client.transaction('READ ONLY', async () => client.rows('SELECT pg_sleep(30) AS aborted_read')));
    expect(error.name).toBe('AbortError');
    expect(performance.now() - started).toBeLessThan(25_000);
    const running = `SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%aborted_read%' AND state = 'active' AND pid <> pg_backend_pid()`;
    expect(await onPostgres(server.url, running)).toEqual([{ n: '0' }]);
  });

  it('lets a write end', async () => {
    const url = await server.createDatabase();
    await onPostgres(url, 'CREATE TABLE t (a text)');
    const controller = new AbortController();
    await using client = await connected(url, {}, controller.signal);
    setTimeout(() => controller.abort(), 100);
    await client.run("INSERT INTO t SELECT pg_sleep(0.5) || 'x'");
    expect(await onPostgres(url, 'SELECT count(*) AS n FROM t')).toEqual([{ n: '1' }]);
  });

  it('ends an attempt to connect', async () => {
    await using proxy = await tcpProxy(server.port);
    await proxy.blackhole();
    const controller = new AbortController();
    const url = proxy.through(server.url);
    setTimeout(() => controller.abort(), 100);
    const attempt = PgClient.connect(postgresConnection({ url }), contextWith({ signal: controller.signal }), { application: 'x' });
    expect((await thrownBy(attempt)).name).toBe('AbortError');
  });
});

describe('a session', () => {
  it('has the name that administrators see, and ends with its client', async () => {
    const named = "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'sluice test'";
    const before = Number((await onPostgres(server.url, named))[0]?.['n']);
    {
      await using _client = await connected(server.url);
      expect(Number((await onPostgres(server.url, named))[0]?.['n'])).toBe(before + 1);
    }
    expect(Number((await onPostgres(server.url, named))[0]?.['n'])).toBe(before);
  });

  it('survives a server that goes away: the next statement says so', async () => {
    await using other = await startPostgres();
    await using client = await connected(other.url);
    expect(await client.rows('SELECT 1 AS a')).toEqual([{ a: '1' }]);
    await other.restart('fast');
    expect(await thrownBy(client.rows('SELECT 1'))).toBeInstanceOf(LostConnectionError);
  });
});
