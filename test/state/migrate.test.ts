/** Moving state between backends: everything arrives, wholly or not at all. */
import { join } from 'node:path';

import { afterAll, afterEach, expect, test, vi } from 'vitest';

import { PgClient } from '../../src/postgres/client.ts';
import { LocalState } from '../../src/state/local/local.ts';
import { migrateState } from '../../src/state/migrate.ts';
import { onPostgres, startPostgres } from '../support/postgres.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { everything, fill } from './full-state.ts';
import { baseRows, closePlans, intent, keyOf, runStart, startRun, temporaryFolder, testContext, wholeRun } from './harness.ts';
import { elapse, openState } from './postgres-backend.ts';

const server = await startPostgres();
afterAll(async () => server.stop());
afterEach(async () => {
  vi.restoreAllMocks();
  await closePlans();
});

const APPLIED = { status: 'applied' } as const;

interface World extends AsyncDisposable {
  readonly local: LocalState;
  /** Another, empty one. */
  readonly other: LocalState;
  readonly url: string;
}

async function world(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const open = (name: string): LocalState =>
    stack.use(new LocalState(testContext(), { path: join(folder.path, name), project: 'acme', environment: null }));
  const [local, other, url] = [open('state.duckdb'), open('other.duckdb'), await server.createDatabase()];
  const all = stack.move();
  return { local, other, url, [Symbol.asyncDispose]: async () => all.disposeAsync() };
}

test('from a file to a database and back to a file: all the same, and work goes on', async () => {
  await using here = await world();
  await fill(here.local);
  const before = await everything(here.local);
  await using there = openState(testContext(), here.url);
  const dump = await migrateState(here.local, there, 'me');
  expect(dump.heads.map((head) => [head.sync, head.records])).toEqual([
    ["o'clock", 2],
    ['s', 4],
  ]);
  expect(await everything(there)).toEqual(before);
  await migrateState(there, here.other, 'me');
  expect(await everything(here.other)).toEqual(before);
  expect(await everything(here.local)).toEqual(before);

  // The run that was left unfinished resumes, serials go on, nobody holds a lease.
  for (const state of [there, here.other]) {
    const { run, lease } = await startRun(state, runStart("o'clock"));
    expect(run.serial).toBe(2);
    expect(await run.acknowledged()).toEqual(new Set([1]));
    await run.finish({ status: 'finished', finishedAt: 1 });
    await lease.release();
    expect((await startRun(state, runStart('gone'))).run.serial).toBe(2);
    await wholeRun(state, runStart('s', { planId: 'plan-3' }), [
      { intent: intent(1, 'a', { action: 'delete', sent: null }), outcome: APPLIED },
      { intent: intent(2, 'u'), outcome: APPLIED },
    ]);
    const { records } = await baseRows(state, 's');
    expect(records.map((row) => [row['key'], row['pending']])).toEqual(
      [keyOf('c'), keyOf('u'), keyOf('日本",\n')].map((key) => [key, null]),
    );
  }
});

test('a place that holds something is refused and left as it is', async () => {
  await using here = await world();
  await fill(here.local);
  await using there = openState(testContext(), here.url);
  await wholeRun(there, runStart('mine'), [{ intent: intent(1, 'm'), outcome: APPLIED }]);
  await expect(migrateState(here.local, there, 'me')).rejects.toThrow('schema sluice of connection warehouse holds state of mine already');
  expect((await there.heads()).map((head) => head.sync)).toEqual(['mine']);
  await there.remove('mine');
  await expect(migrateState(here.local, there, 'me')).rejects.toThrow('holds a history of runs already');
  await migrateState(here.local, here.other, 'me');
  await expect(migrateState(here.local, here.other, 'me')).rejects.toThrow("holds state of o'clock, s already");
  await expect(migrateState(openState(testContext(), here.url, { project: 'none' }), there, 'me')).rejects.toThrow('there is no state in');
});

test('while a run is under way at either place nothing is copied', async () => {
  await using here = await world();
  await fill(here.local);
  await using there = openState(testContext(), here.url);
  const lease = await here.local.acquire('s', 'alice@host');
  await expect(migrateState(here.local, there, 'me')).rejects.toThrow('s is being applied by alice@host');
  await lease.release();
  const other = await there.acquire('s', 'bob@host');
  await expect(migrateState(here.local, there, 'me')).rejects.toThrow('s is being applied by bob@host');
  await other.release();
  expect(await there.heads()).toEqual([]);
  await migrateState(here.local, there, 'me');
  expect(await here.local.holder('s')).toBeUndefined();
  expect(await there.holder('s')).toBeUndefined();
});

test('a copy that differs does not count', async () => {
  await using here = await world();
  await fill(here.local);
  await using there = openState(testContext(), here.url);
  const original = Object.getOwnPropertyDescriptor(PgClient.prototype, 'copyIn')?.value as PgClient['copyIn'];
  vi.spyOn(PgClient.prototype, 'copyIn').mockImplementation(async function (this: PgClient, statement, chunks) {
    const rows = await original.call(this, statement, chunks);
    const table = /COPY ("sluice"\."records_\d+")/.exec(statement)?.[1];
    if (table !== undefined) await this.run(`UPDATE ${table} SET sent = sent || ' ' WHERE key = '["a"]'`);
    return rows;
  });
  await expect(migrateState(here.local, there, 'me')).rejects.toThrow('the copy differs from what was copied');
  expect(await there.heads()).toEqual([]);
  expect(await there.runs()).toEqual([]);
  vi.restoreAllMocks();
  await migrateState(here.local, there, 'me');
  expect(await everything(there)).toEqual(await everything(here.local));
});

test.each(['before', 'after'] as const)('a connection cut %s the COMMIT of the copy is no loss', async (when) => {
  await using here = await world();
  await fill(here.local);
  const before = await everything(here.local);
  await using proxy = await tcpProxy(server.port);
  await using there = openState(testContext(), proxy.through(here.url));
  await proxy.cut({ match: /COMMIT/, armedBy: /COPY "sluice"/, when });
  await migrateState(here.local, there, 'me');
  expect(proxy.cuts).toBe(1);
  expect(await everything(there)).toEqual(before);
});

test('the lease of a process that died is waited for like any other', async () => {
  await using here = await world();
  await using there = openState(testContext(), here.url);
  await fill(there);
  await there.acquire('s', 'dead@host');
  await expect(migrateState(there, here.other, 'me')).rejects.toThrow('s is being applied by dead@host');
  await elapse(here.url, 61_000);
  await migrateState(there, here.other, 'me');
  expect(await everything(here.other)).toEqual(await everything(there));
  expect(await onPostgres(here.url, 'SELECT count(*)::text AS n FROM sluice.run_records')).not.toEqual([{ n: '0' }]);
});
