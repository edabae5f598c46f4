/** The local state under several processes: killed ones, racing ones, readers beside writers. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterAll, afterEach, expect, test } from 'vitest';

import { LocalState } from '../../src/state/local/local.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
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
import { type Actor, spawnActor } from './spawn-actor.ts';

/** What killed processes leave in their temporary folder. */
const leftBehind = await temporaryFolder();
afterAll(() => leftBehind[Symbol.asyncDispose]());
afterEach(closePlans);

function actor(path: string, role: string, ...rest: readonly (string | number)[]): Actor {
  return spawnActor('actor.ts', leftBehind.path, [path, role, ...rest]);
}

async function withPath(work: (path: string, open: () => LocalState) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'state.duckdb');
  await work(path, () => new LocalState(testContext(), { path, project: 'acme', environment: null }));
}

/** What base must be after a run of `count` creates of which the first half was acknowledged. */
async function expectHalf(state: LocalState, count: number): Promise<void> {
  const { records } = await baseRows(state, 's');
  const pending = records.filter((row) => row['sent'] === null);
  const acknowledged = records.filter((row) => row['sent'] !== null);
  expect(pending.map((row) => row['key']).sort()).toEqual(
    Array.from({ length: count - Math.floor(count / 2) }, (_, index) => keyOf(index + Math.floor(count / 2))).sort(),
  );
  expect(acknowledged.map((row) => row['key']).sort()).toEqual(
    Array.from({ length: Math.floor(count / 2) }, (_, index) => keyOf(index)).sort(),
  );
  expect(acknowledged.every((row) => row['pending'] === null && row['row_hash'] !== null)).toBe(true);
}

test('killed between the journal and the fold: readers and the next run know every outcome', () =>
  withPath(async (path, open) => {
    await using dead = actor(path, 'die', 11);
    expect(await dead.next()).toBe('recorded');
    await using state = open();
    await expectHalf(state, 11);
    expect((await state.runs())[0]).toMatchObject({ status: 'running' });
    dead.process.kill('SIGKILL');
    await dead.ended;
    expect((await state.head('s'))?.lastRun?.status).toBe('partial');
    const { lease, run } = await startRun(state, runStart('s', { planId: 'plan-1' }), [intent(5, 5)]);
    expect(await run.acknowledged()).toEqual(new Set([0, 1, 2, 3, 4]));
    await expectHalf(state, 11);
    await run.intend(seqs(5));
    await run.record([at(5, { status: 'applied' })]);
    await run.finish({ status: 'finished', finishedAt: 1 });
    await lease.release();
    expect((await baseRows(state, 's')).records.filter((row) => row['pending'] === null)).toHaveLength(6);
  }));

for (const statement of [
  'BEGIN',
  'INSERT INTO "sluice_state"."main"."records_1"',
  'sluice_state.run_records',
  'UPDATE sluice_state.syncs',
  'COMMIT',
  'DROP VIEW fold_1_attempts',
  'DETACH "sluice_state"',
]) {
  test(`killed in the fold before ${statement}: no outcome is lost and none counts twice`, () =>
    withPath(async (path, open) => {
      await using dead = actor(path, 'die-before', 11, statement);
      expect(await dead.next()).toBe('recorded');
      await dead.ended;
      expect(dead.process.signalCode).toBe('SIGKILL');
      await using state = open();
      await expectHalf(state, 11);
      expect(await state.runs()).toHaveLength(1);
      const { lease, run } = await startRun(state, runStart('s', { planId: 'plan-2' }));
      expect(run.serial).toBe(2);
      await run.finish({ status: 'finished', finishedAt: 1 });
      await lease.release();
      await expectHalf(state, 11);
      expect((await state.runs()).map((each) => each.counts)).toContainEqual({ applied: 5, create: 5, unknown: 6 });
      expect(await readdir(`${path}.d/journal`)).toEqual([]);
      expect((await readdir(dirname(path))).sort()).toEqual(['state.duckdb', 'state.duckdb.d']);
    }));
}

test('killed at random moments of folding 20,000 records: base is always what was recorded', () =>
  withPath(async (path, open) => {
    for (const ms of [5, 40, 90, 150, 210]) {
      const folder = join(dirname(path), String(ms), 'state.duckdb');
      await using dead = actor(folder, 'die-after', 20_000, ms);
      await dead.ended;
      await using state = new LocalState(testContext(), { path: folder, project: 'acme', environment: null });
      await expectHalf(state, 20_000);
      const { run } = await startRun(state, runStart('s', { planId: 'plan-2' }));
      expect(run.serial).toBe(2);
      await expectHalf(state, 20_000);
    }
    await using unused = open();
    expect(await unused.heads()).toEqual([]);
  }));

test('of ten processes that want the lease at once exactly one gets it', () =>
  withPath(async (path) => {
    const start = Date.now() + 3000;
    await using stack = new AsyncDisposableStack();
    const racers = Array.from({ length: 10 }, () => stack.use(actor(path, 'race', 0, start)));
    const words = await Promise.all(racers.map((racer) => racer.next()));
    expect(words.sort()).toEqual([...Array.from({ length: 9 }, () => 'lost'), 'won']);
  }));

test('the lease of a dead process is free at once', () =>
  withPath(async (path, open) => {
    await using owner = actor(path, 'race');
    expect(await owner.next()).toBe('won');
    await using state = open();
    await expect(state.acquire('s', 'bob@host')).rejects.toThrow(
      `s is being applied by racer ${owner.process.pid} (process ${owner.process.pid})`,
    );
    owner.process.kill('SIGKILL');
    await owner.ended;
    expect(await state.holder('s')).toBeUndefined();
    expect((await state.acquire('s', 'bob@host')).generation).toBe(2);
  }));

test('another process reads while a run is under way, and the run ends while it still reads', () =>
  withPath(async (path, open) => {
    const context = testContext({ realSleep: false });
    await using impatient = new LocalState(context, { path, project: 'acme', environment: null });
    await wholeRun(impatient, runStart('s'), [{ intent: intent(1, 'a'), outcome: { status: 'applied' } }]);
    const adoption = {
      sync: 's',
      kind: 'adopt',
      key: keyOf('c'),
      key_hash: hashOf('c'),
      sent: '{}',
      row_hash: '1',
      live_hash: '2',
      origin: 'adopted',
    } as const;
    const reject = { sync: 's', key: keyOf('d'), row_hash: '1', code: 'X', message: 'no' };
    const { lease, run } = await startRun(impatient, runStart('s'), [intent(1, 'b')], { adoptions: [adoption], rejects: [reject] });
    await run.intend(seqs(1));
    await using reader = actor(path, 'read');
    expect(await reader.next()).toBe('count 2');
    await run.record([at(1, { status: 'applied' })]);
    await run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
    await lease.release();

    // The journal stays, and with it everything the run did.
    expect(await readdir(`${path}.d/journal`)).toEqual(['s.2.ndjson', 's.2.plan.duckdb']);
    expect(await impatient.head('s')).toMatchObject({ serial: 2, lastRun: { status: 'finished' } });
    const seen = await baseRows(impatient, 's');
    expect(seen.records.map((row) => [row['key'], row['pending']])).toEqual([
      [keyOf('a'), null],
      [keyOf('b'), null],
      [keyOf('c'), null],
    ]);
    expect(seen.rejects).toMatchObject([{ key: keyOf('d'), code: 'X' }]);

    // So does the next one, while the reader is still there.
    const second = await startRun(impatient, runStart('s', { planId: 'plan-3' }), [intent(1, 'a', { action: 'update' })]);
    expect(second.run.serial).toBe(3);
    await second.run.intend(seqs(1));
    await second.run.record([at(1, { status: 'applied' })]);
    await second.run.finish({ status: 'finished', finishedAt: 1_790_000_002_000 });
    await second.lease.release();
    expect(context.events.filter((event) => event.type === 'note')).toHaveLength(3);
    const both = await baseRows(impatient, 's');
    expect(both.records.map((row) => row['sent'])).toEqual(['{"Name":"v1-a"}', '{"Name":"v1-b"}', '{}']);

    reader.process.kill('SIGKILL');
    await reader.ended;
    await using state = open();
    const { run: next } = await startRun(state, runStart('s'));
    expect(next.serial).toBe(4);
    expect(await readdir(`${path}.d/journal`)).toEqual(['s.4.ndjson', 's.4.plan.duckdb']);
    expect(await baseRows(state, 's')).toEqual(both);
    expect((await state.runs()).map((each) => each.status)).toEqual(['running', 'finished', 'finished', 'finished']);
  }));

test('a reader of the same process counts too: what it reads does not change under it', () =>
  withPath(async (path, _open) => {
    const context = testContext({ realSleep: false });
    await using state = new LocalState(context, { path, project: 'acme', environment: null });
    await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: { status: 'applied' } }]);
    await using workspace = await Workspace.open();
    const base = await state.attach(workspace, 's');
    await state.heads();
    await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a', { action: 'delete', sent: null }), outcome: { status: 'applied' } }]);
    expect(await readdir(`${path}.d/journal`)).toEqual(['s.2.ndjson', 's.2.plan.duckdb']);
    expect(await workspace.count(`SELECT count(*) FROM ${base.records}`)).toBe(1);
    expect((await baseRows(state, 's')).records).toEqual([]);
  }));
