/** Others at the same records, and a network that breaks: nothing is overwritten, nothing is lost, nothing is guessed. */
import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Outcome } from '../../../src/destinations/destination.ts';
import { TransientError } from '../../../src/errors.ts';
import { onPostgres, type Postgres, startPostgres } from '../../support/postgres.ts';
import { tcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { Target } from './harness.ts';

const TABLE = [
  'CREATE TABLE t (id int PRIMARY KEY, v text, other text)',
  "INSERT INTO t VALUES (1, 'a', 'x'), (2, 'a', 'x'), (3, 'a', 'x')",
];
const ROWS = 'SELECT id, v, other FROM t ORDER BY id';
const applied: Outcome = { status: 'applied', verified: true };
const deleted: Outcome = { status: 'applied' };
const held = (message: string): Outcome => ({ status: 'held', message });
const UPDATES = ['1', '2', '3'].map((key) => ({ key, before: { v: 'a' }, after: { v: 'b' } }));

let server: Postgres;
let proxy: TcpProxy;
beforeAll(async () => {
  server = await startPostgres();
  proxy = await tcpProxy(server.port);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server.stop();
});

/** Another session in a transaction of its own. */
async function session(url: string, ...statements: readonly string[]): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  for (const statement of ['BEGIN', ...statements]) await client.query(statement);
  return client;
}

/** Returns once somebody waits for a lock. */
async function someoneWaits(of: Target): Promise<void> {
  for (;;) {
    const [row] = await of.sql('SELECT count(*) AS n FROM pg_locks WHERE NOT granted');
    if (row?.['n'] !== '0') return;
    await sleep(10);
  }
}

/** Commits once the batch waits for a lock of that session. */
async function commitWhenWaitedFor(client: Client, of: Target): Promise<void> {
  await someoneWaits(of);
  await client.query('COMMIT');
  await client.end();
}

describe('another session', () => {
  it('that changes a record while the batch is written: held, the others are written', async () => {
    await using of = await Target.create(server, TABLE);
    const other = await session(of.url, "UPDATE t SET v = 'theirs' WHERE id = 2");
    const writing = of.write('t', 'update', 'id', UPDATES);
    await commitWhenWaitedFor(other, of);
    expect(await writing).toEqual([applied, held('v moved since the plan'), applied]);
    expect(await of.sql(ROWS)).toEqual([
      { id: '1', v: 'b', other: 'x' },
      { id: '2', v: 'theirs', other: 'x' },
      { id: '3', v: 'b', other: 'x' },
    ]);
  });

  it('that changes what the batch does not write: both are kept', async () => {
    await using of = await Target.create(server, TABLE);
    const other = await session(of.url, "UPDATE t SET other = 'theirs' WHERE id = 2");
    const writing = of.write('t', 'update', 'id', UPDATES);
    await commitWhenWaitedFor(other, of);
    expect(await writing).toEqual([applied, applied, applied]);
    expect((await of.sql(ROWS))[1]).toEqual({ id: '2', v: 'b', other: 'theirs' });
  });

  it('that deletes a record, or writes the very same', async () => {
    await using of = await Target.create(server, TABLE);
    const other = await session(of.url, 'DELETE FROM t WHERE id = 1', "UPDATE t SET v = 'b' WHERE id = 3");
    const writing = of.write('t', 'update', 'id', UPDATES);
    await commitWhenWaitedFor(other, of);
    expect(await writing).toEqual([held('the record is gone: it was deleted since the plan'), applied, { status: 'unchanged' }]);
  });

  it('that changes a record while it is deleted', async () => {
    await using of = await Target.create(server, TABLE);
    const other = await session(of.url, "UPDATE t SET v = 'theirs' WHERE id = 2");
    const writing = of.write('t', 'delete', 'id', UPDATES.map(({ key, before }) => ({ key, before }))); // prettier-ignore
    await commitWhenWaitedFor(other, of);
    expect(await writing).toEqual([deleted, held('v moved since the plan'), deleted]);
    expect(await of.sql(ROWS)).toEqual([{ id: '2', v: 'theirs', other: 'x' }]);
  });

  it('that creates a record while it is created, beside a bad one', async () => {
    await using of = await Target.create(server, ["CREATE TABLE t (id int PRIMARY KEY, v text CHECK (v <> 'bad'), other text)"]);
    const other = await session(of.url, "INSERT INTO t VALUES (1, 'theirs'), (2, 'same')");
    const writing = of.write('t', 'create', 'id', [
      { key: '1', after: { v: 'ours' } },
      { key: '2', after: { v: 'same' } },
      { key: '3', after: { v: 'bad' } },
      { key: '4', after: { v: 'new' } },
    ]);
    await commitWhenWaitedFor(other, of);
    expect(await writing).toEqual([
      held('the record exists: it was created since the plan'),
      { status: 'unchanged' },
      expect.objectContaining({ status: 'rejected', code: 'CHECK' }),
      applied,
    ]);
    expect(await of.sql('SELECT id, v FROM t ORDER BY id')).toEqual([
      { id: '1', v: 'theirs' },
      { id: '2', v: 'same' },
      { id: '4', v: 'new' },
    ]);
  });

  it('that keeps a record locked: the batch may be sent again later', async () => {
    await using of = await Target.create(server, TABLE, { lock_timeout: '100ms' });
    const other = await session(of.url, "UPDATE t SET v = 'theirs' WHERE id = 2");
    await expect(of.write('t', 'update', 'id', UPDATES)).rejects.toBeInstanceOf(TransientError);
    await other.query('ROLLBACK');
    await other.end();
    expect(await of.write('t', 'update', 'id', UPDATES)).toEqual([applied, applied, applied]);
  });

  it('that waits for this batch while the batch waits for it: one of them gives way, and nothing is written half', async () => {
    await using of = await Target.create(server, TABLE);
    const other = await session(of.url, "SET LOCAL deadlock_timeout = '10s'", "UPDATE t SET other = 'theirs' WHERE id = 3");
    const writing = of.write('t', 'update', 'id', UPDATES).catch((error: unknown) => error);
    await someoneWaits(of);
    await other.query("UPDATE t SET other = 'theirs' WHERE id = 1");
    expect(await writing).toBeInstanceOf(TransientError);
    await other.query('COMMIT');
    await other.end();
    expect((await of.sql(ROWS)).map((row) => row['v'])).toEqual(['a', 'a', 'a']);
    expect(await of.write('t', 'update', 'id', UPDATES)).toEqual([applied, applied, applied]);
  });
});

describe('a connection', () => {
  async function through(): Promise<Target> {
    const url = await server.createDatabase();
    await onPostgres(url, ...TABLE);
    return Target.open(url, { url: proxy.through(url) });
  }

  it.each(['before', 'after'] as const)('cut %s COMMIT: nobody knows, and the next look tells', async (when) => {
    await using of = await through();
    const updates = [...UPDATES, { key: '9', before: { v: 'a' }, after: { v: 'b' } }];
    await of.read('t', ['id'], ['v']);
    await proxy.cut({ match: /COMMIT/, armedBy: /UPDATE "public"/, when });
    const unknown = { status: 'unknown', message: 'the connection was lost while the batch was committed' };
    expect(await of.write('t', 'update', 'id', updates)).toEqual([unknown, unknown, unknown, held('the record is gone: it was deleted since the plan')]); // prettier-ignore
    // The session is opened again, and what was written is seen.
    const written = when === 'after' ? 'b' : 'a';
    expect((await of.read('t', ['id'], ['v'])).map((row) => row['v'])).toEqual([written, written, written]);
  });

  it.each([
    ['while rows are copied', /COPY pg_temp/],
    ['while the batch is written', /UPDATE "public"/],
  ])('cut %s: nothing was written, and the batch may be sent again', async (_when, match) => {
    await using of = await through();
    await of.destination.describe('t');
    await proxy.cut({ match, when: 'before' });
    await expect(of.write('t', 'update', 'id', UPDATES)).rejects.toBeInstanceOf(TransientError);
    expect((await of.sql(ROWS)).map((row) => row['v'])).toEqual(['a', 'a', 'a']);
    expect(await of.write('t', 'update', 'id', UPDATES)).toEqual([applied, applied, applied]);
  });

  it('that the server closed while nobody used it is opened again', async () => {
    await using of = await through();
    await of.destination.describe('t');
    await of.sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()');
    expect(await of.write('t', 'update', 'id', UPDATES)).toEqual([applied, applied, applied]);
    proxy.reset();
    expect(await of.read('t', ['id'], ['v'])).toHaveLength(3);
  });

  it('leaves nothing behind: no temporary table, no setting', async () => {
    await using of = await through();
    await of.write('t', 'update', 'id', [...UPDATES.slice(0, 2), { key: '3', before: { v: 'no' }, after: { v: 'b' } }]);
    const keys = [['1']];
    await of.read('t', ['id'], ['v'], { keys });
    expect(await of.sql("SELECT relname FROM pg_class WHERE relname LIKE 'sluice%'")).toEqual([]);
    expect(
      await of.sql("SELECT state FROM pg_stat_activity WHERE application_name LIKE 'sluice%' AND datname = current_database()"),
    ).toEqual([{ state: 'idle' }]);
  });
});
