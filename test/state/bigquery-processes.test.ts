/** The BigQuery state when a process is killed. */
import { afterAll, afterEach, expect, test } from 'vitest';

import type { State } from '../../src/state/state.ts';
import { startBigQuery } from '../support/bigquery/index.ts';
import { elapse, makeDataset, openState, tablesOf } from './bigquery-backend.ts';
import { baseRows, closePlans, keyOf, runStart, startRun, temporaryFolder, testContext } from './harness.ts';
import { spawnActor } from './spawn-actor.ts';

const server = await startBigQuery();
const leftBehind = await temporaryFolder();
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await leftBehind[Symbol.asyncDispose]();
});
afterEach(async () => {
  server.faults.clear();
  await closePlans();
});

/** What base must be after the actor's run of 11 creates of which the first five were acknowledged. */
async function expectHalf(state: State): Promise<void> {
  const { records } = await baseRows(state, 's');
  const keys = (chosen: typeof records): unknown[] => chosen.map((row) => row['key']).sort();
  const all = Array.from({ length: 11 }, (_, seq) => keyOf(seq));
  expect(keys(records.filter((row) => row['sent'] !== null && row['pending'] === null))).toEqual(all.slice(0, 5).sort());
  expect(keys(records.filter((row) => row['sent'] === null && row['pending'] !== null))).toEqual(all.slice(5).sort());
}

// Requests after which nothing more comes from the process: before what is loaded, before the script, and after it.
for (const [what, request] of [
  ['what it changes is loaded', /^POST .*\/tables\b/],
  ['its script is sent', /^POST [^?]*\/projects\/[^/]*\/jobs\b/],
  ['its journal is deleted', /^DELETE /],
] as const) {
  test(`killed in the fold before ${what}: no outcome is lost and none counts twice`, async () => {
    const dataset = await makeDataset(server);
    await using dead = spawnActor('bigquery-actor.ts', leftBehind.path, [server.url, server.project, dataset]);
    expect(await dead.next()).toBe('recorded');
    server.faults.add({ on: request, do: 'call', then: () => void dead.process.kill('SIGKILL') });
    await dead.ended;
    expect(dead.process.signalCode).toBe('SIGKILL');
    server.faults.clear();
    await using state = openState(testContext(), server, dataset);
    await expectHalf(state);
    await elapse(server, dataset, 61_000);
    const { lease, run } = await startRun(state, runStart('s', { planId: 'plan-1' }));
    expect(run.serial).toBe(2);
    expect((await state.runs('s'))[1]?.counts).toEqual({ applied: 5, create: 5, unknown: 6 });
    await run.finish({ status: 'finished', finishedAt: 1 });
    await lease.release();
    await expectHalf(state);
    expect((await state.runs('s')).map(({ serial }) => serial)).toEqual([2, 1]);
    const left = (await tablesOf(server, dataset)).map((table) => /_(run_\d|fold_\d)/.exec(table)?.[1]);
    // What was loaded for a script that never came expires a day later.
    expect(left.filter((kind) => kind !== undefined && kind !== 'fold_1')).toEqual([]);
  });
}
