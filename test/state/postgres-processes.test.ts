/** The Postgres state under several processes and bad networks: killed ones, racing ones, connections cut at any moment. */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, expect, test } from 'vitest';

import { Workspace } from '../../src/workspace/workspace.ts';
import type { State } from '../../src/state/state.ts';
import { onPostgres, type Postgres, startPostgres } from '../support/postgres.ts';
import { type Cut, tcpProxy } from '../support/tcp-proxy.ts';
import {
  at,
  baseRows,
  closePlans,
  hashOf,
  intent,
  keyOf,
  runStart,
  seqs,
  startRun,
  temporaryFolder,
  testContext,
  wholeRun,
} from './harness.ts';
import { elapse, openState } from './postgres-backend.ts';
import { type Actor, spawnActor } from './spawn-actor.ts';

const server: Postgres = await startPostgres();
const leftBehind = await temporaryFolder();
afterAll(async () => {
  await server.stop();
  await leftBehind[Symbol.asyncDispose]();
});
afterEach(closePlans);

const APPLIED = { status: 'applied' } as const;

function actor(url: string, role: string, detail: string | number = ''): Actor {
  return spawnActor('postgres-actor.ts', leftBehind.path, [url, role, detail]);
}

/** What base must be after the actor's run of 11 creates of which the first five were acknowledged. */
async function expectHalf(state: State): Promise<void> {
  const { records } = await baseRows(state, 's');
  const keys = (chosen: typeof records): unknown[] => chosen.map((row) => row['key']).sort();
  const all = Array.from({ length: 11 }, (_, seq) => keyOf(seq));
  expect(keys(records.filter((row) => row['sent'] !== null && row['pending'] === null))).toEqual(all.slice(0, 5).sort());
  expect(keys(records.filter((row) => row['sent'] === null && row['pending'] !== null))).toEqual(all.slice(5).sort());
}

async function tablesOf(url: string): Promise<(string | null | undefined)[]> {
  const rows = await onPostgres(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'sluice' ORDER BY 1");
  return rows.map((row) => row['tablename']);
}

const FIXED_TABLES = ['journal', 'leases', 'meta', 'rejects', 'run_records', 'runs', 'syncs'];

for (const statement of [
  'CREATE TABLE "sluice"."records_1"',
  'ADD PRIMARY KEY',
  'INSERT INTO "sluice"."run_records"',
  'DELETE FROM "sluice"."journal"',
  'UPDATE "sluice"."runs" SET folded',
  'UPDATE "sluice"."syncs" SET lineage',
]) {
  test(`killed in the fold before ${statement}: no outcome is lost and none counts twice`, async () => {
    const url = await server.createDatabase();
    await using dead = actor(url, 'die-before', statement);
    expect(await dead.next()).toBe('recorded');
    await dead.ended;
    expect(dead.process.signalCode).toBe('SIGKILL');
    await using state = openState(testContext(), url);
    await expectHalf(state);
    await elapse(url, 61_000);
    expect((await state.head('s'))?.lastRun?.status).toBe('partial');
    const { lease, run } = await startRun(state, runStart('s', { planId: 'plan-1' }));
    expect(run.serial).toBe(2);
    expect(await run.acknowledged()).toEqual(new Set([0, 1, 2, 3, 4]));
    await run.finish({ status: 'finished', finishedAt: 1 });
    await lease.release();
    await expectHalf(state);
    expect((await state.runs()).map((each) => each.counts)).toContainEqual({ applied: 5, create: 5, unknown: 6 });
    const changing = (await tablesOf(url)).filter((table) => !FIXED_TABLES.includes(String(table)));
    expect(changing).toEqual([expect.stringMatching(/^records_\d+$/)]);
  });
}

test('killed between two batches: readers know every outcome; the lease is held until it expires', async () => {
  const url = await server.createDatabase();
  await using dead = actor(url, 'stay');
  expect(await dead.next()).toBe('recorded');
  dead.process.kill('SIGKILL');
  await dead.ended;
  await using state = openState(testContext(), url);
  await expectHalf(state);
  expect((await state.runs())[0]).toMatchObject({ status: 'running', counts: { applied: 5, create: 5, unknown: 6 } });
  await expect(startRun(state, runStart('s'))).rejects.toThrow(`s is being applied by alice@host (process ${dead.process.pid})`);
  await elapse(url, 61_000);
  expect((await state.runs())[0]?.status).toBe('partial');
  await startRun(state, runStart('s'));
  await expectHalf(state);
});

test('of processes that want the lease at once exactly one gets it, also when it has to make the schema', async () => {
  const url = await server.createDatabase();
  const start = Date.now() + 4000;
  await using stack = new AsyncDisposableStack();
  const racers = Array.from({ length: 4 }, () => stack.use(actor(url, 'race', start)));
  const words = await Promise.all(racers.map((racer) => racer.next()));
  expect(words.sort()).toEqual(['lost', 'lost', 'lost', 'won']);
});

test('of twenty takers exactly one wins: a new lease, a released one and an expired one', async () => {
  const url = await server.createDatabase();
  await using stack = new AsyncDisposableStack();
  const takers = Array.from({ length: 20 }, () => stack.use(openState(testContext(), url)));
  for (const generation of [1, 2, 3]) {
    const results = await Promise.allSettled(takers.map(async (taker, index) => taker.acquire('s', `taker ${index}`)));
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(won.map((lease) => lease.generation)).toEqual([generation]);
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    expect(refusals.every((refusal) => refusal.includes('s is being applied by taker'))).toBe(true);
    if (generation === 1) await won[0]?.release();
    else await elapse(url, 61_000);
  }
});

test('a holder that writes keeps takers out, even when its lease has expired meanwhile', async () => {
  const url = await server.createDatabase();
  await using holder = openState(testContext(), url);
  await using taker = openState(testContext(), url);
  const { run } = await startRun(holder, runStart('s'), [intent(1, 'a'), intent(2, 'b')]);
  await run.intend(seqs(1));
  await elapse(url, 61_000);
  // What the holder writes and what the taker takes meet at the row of the lease: one of them is told.
  const [recorded, taken] = await Promise.allSettled([run.record([at(1, APPLIED)]), taker.acquire('s', 'bob@host')]);
  expect([recorded.status, taken.status].sort()).toEqual(['fulfilled', 'rejected']);
  const expected = recorded.status === 'fulfilled' ? null : (expect.any(String) as string);
  expect((await baseRows(taker, 's')).records).toMatchObject([{ key: keyOf('a'), pending: expected }]);
});

/** A run that does everything a run can do. */
async function eventfulRun(state: State): Promise<void> {
  await wholeRun(
    state,
    runStart('s', { runId: 'first' }),
    ['a', 'b', 'c'].map((key, seq) => ({ intent: intent(seq, key), outcome: APPLIED })),
  );
  const changes = [
    intent(1, 'a', { action: 'update', before: '{"Name":"old"}' }),
    intent(2, 'b', { action: 'delete', sent: null }),
    intent(3, 'd'),
    intent(4, 'e'),
    intent(5, 'd', { action: 'update', pass: 2 }),
  ];
  const adoption = {
    sync: 's',
    kind: 'adopt',
    key: keyOf('z'),
    key_hash: hashOf('z'),
    sent: '{}',
    row_hash: '1',
    live_hash: '2',
    origin: 'adopted',
  } as const;
  const { lease, run } = await startRun(state, runStart('s', { runId: 'second', planId: 'plan-2' }), changes, { adoptions: [adoption] });
  await run.intend(seqs(1, 2, 3));
  await run.record([at(1, APPLIED), at(2, APPLIED), at(3, { status: 'applied', remoteId: '001D' })]);
  await run.intend(seqs(4, 5));
  await run.record([at(4, { status: 'rejected', code: 'X', message: 'no' }), at(5, APPLIED)]);
  await lease.hold();
  await run.finish({ status: 'partial', finishedAt: 1_790_000_001_000 });
  await lease.release();
}

async function everything(state: State): Promise<unknown> {
  await using workspace = await Workspace.open();
  const records = await workspace.rows(`SELECT * FROM ${await state.runRecords(workspace, 'second')} ORDER BY seq`);
  const runs = (await state.runs()).map((run) => ({ ...run, startedAt: 0 }));
  return { base: await baseRows(state, 's'), heads: await state.heads(), runs, records, holder: await state.holder('s') };
}

const expected = await (async () => {
  await using state = openState(testContext(), await server.createDatabase());
  await eventfulRun(state);
  await closePlans();
  return await everything(state);
})();

const CUTS = (['before', 'during', 'after'] as const).flatMap((when) => [
  { what: 'COMMIT', match: /COMMIT/, when, least: 18 },
  { what: 'COPY', match: /COPY /, when, least: 3 },
]);

for (const { what, match, when, least } of CUTS) {
  test(`a connection cut ${when} any ${what} leaves the state as if nothing had happened`, { timeout: 300_000 }, async () => {
    await using proxy = await tcpProxy(server.port);
    let nth = 0;
    for (let cuts = 1; cuts > 0;) {
      nth += 1;
      const url = await server.createDatabase();
      await using state = openState(testContext({ realSleep: false }), proxy.through(url));
      const cut: Cut = { match, when, nth };
      const before = proxy.cuts;
      await proxy.cut(cut);
      await eventfulRun(state);
      cuts = proxy.cuts - before;
      await proxy.pass();
      expect(await everything(state), `${what} ${nth}`).toEqual(expected);
      await closePlans();
    }
    expect(nth).toBeGreaterThan(least);
  });
}

test('a server that is restarted in the middle of a run is waited for', async () => {
  const url = await server.createDatabase();
  await using state = openState(testContext(), url);
  const { lease, run } = await startRun(state, runStart('s'), [intent(1, 'a'), intent(2, 'b')]);
  await run.intend(seqs(1));
  await Promise.all([server.restart('fast'), run.record([at(1, APPLIED)])]);
  await run.intend(seqs(2));
  await server.restart('crash');
  await run.record([at(2, APPLIED)]);
  await run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
  await lease.release();
  expect((await baseRows(state, 's')).records).toMatchObject([
    { key: keyOf('a'), pending: null },
    { key: keyOf('b'), pending: null },
  ]);
});

test('a reader keeps what it reads while a run ends; the table goes with a later run', async () => {
  const url = await server.createDatabase();
  await using state = openState(testContext(), url);
  await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: APPLIED }]);
  const reading = onPostgres(
    url,
    'BEGIN',
    'SELECT count(*) FROM sluice.records_1',
    'SELECT pg_sleep(3)',
    'SELECT key FROM sluice.records_1',
  );
  await sleep(500);
  await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a', { action: 'delete', sent: null }), outcome: APPLIED }]);
  expect(await tablesOf(url)).toEqual([...FIXED_TABLES, 'records_1', 'records_2'].sort());
  expect(await reading).toEqual([{ key: keyOf('a') }]);
  expect((await baseRows(state, 's')).records).toEqual([]);
  await wholeRun(state, runStart('s'), []);
  expect(await tablesOf(url)).not.toContain('records_1');
});
