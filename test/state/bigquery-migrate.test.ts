/** Moving state to BigQuery and away from it: everything arrives, wholly or not at all. */
import { join } from 'node:path';

import { afterAll, afterEach, expect, test } from 'vitest';

import { LocalState } from '../../src/state/local/local.ts';
import { migrateState } from '../../src/state/migrate.ts';
import { startBigQuery } from '../support/bigquery/index.ts';
import { makeDataset, openState } from './bigquery-backend.ts';
import { everything, fill } from './full-state.ts';
import { baseRows, closePlans, intent, keyOf, runStart, startRun, temporaryFolder, testContext, wholeRun } from './harness.ts';

const server = await startBigQuery();
afterAll(async () => server[Symbol.asyncDispose]());
afterEach(closePlans);

const APPLIED = { status: 'applied' } as const;

function openFile(folder: { readonly path: string }, name: string): LocalState {
  return new LocalState(testContext(), { path: join(folder.path, name), project: 'acme', environment: null });
}

test('from a file to a dataset and back to a file: all the same, and work goes on', async () => {
  await using folder = await temporaryFolder();
  await using here = openFile(folder, 'state.duckdb');
  await using back = openFile(folder, 'back.duckdb');
  await fill(here);
  const before = await everything(here);
  await using there = openState(testContext(), server, await makeDataset(server));
  const dump = await migrateState(here, there, 'me');
  expect(dump.heads.map((head) => [head.sync, head.records])).toEqual([
    ["o'clock", 2],
    ['s', 4],
  ]);
  expect(await everything(there)).toEqual(before);
  await migrateState(there, back, 'me');
  expect(await everything(back)).toEqual(before);

  // The run that was left unfinished resumes, serials go on, nobody holds a lease.
  const { run, lease } = await startRun(there, runStart("o'clock"));
  expect(run.serial).toBe(2);
  expect(await run.acknowledged()).toEqual(new Set([1]));
  await run.finish({ status: 'finished', finishedAt: 1 });
  await lease.release();
  expect((await startRun(there, runStart('gone'))).run.serial).toBe(2);
  await wholeRun(there, runStart('s', { planId: 'plan-3' }), [
    { intent: intent(1, 'a', { action: 'delete', sent: null }), outcome: APPLIED },
    { intent: intent(2, 'u'), outcome: APPLIED },
  ]);
  const { records } = await baseRows(there, 's');
  expect(records.map((row) => [row['key'], row['pending']])).toEqual([keyOf('c'), keyOf('u'), keyOf('日本",\n')].map((key) => [key, null]));
});

test('a dataset that holds something is refused and left as it is', async () => {
  await using folder = await temporaryFolder();
  await using here = openFile(folder, 'state.duckdb');
  await fill(here);
  await using there = openState(testContext(), server, await makeDataset(server));
  await wholeRun(there, runStart('mine'), [{ intent: intent(1, 'm'), outcome: APPLIED }]);
  await expect(migrateState(here, there, 'me')).rejects.toThrow('of connection warehouse holds state of mine already');
  expect((await there.heads()).map((head) => head.sync)).toEqual(['mine']);
  await there.remove('mine');
  await expect(migrateState(here, there, 'me')).rejects.toThrow('holds a history of runs already');
});

test('a copy that differs does not count', async () => {
  await using folder = await temporaryFolder();
  await using here = openFile(folder, 'state.duckdb');
  await fill(here);
  const dataset = await makeDataset(server);
  await using there = openState(testContext(), server, dataset);
  server.faults.add({
    on: /^GET .*\/tables\/(\w+_records_2)\/data/,
    do: 'call',
    then: async () => {
      const [found] = await server.sql(`SELECT table_name FROM ${dataset}.INFORMATION_SCHEMA.TABLES WHERE table_name LIKE '%records_2'`);
      await server.sql(`UPDATE ${dataset}.\`${found?.['table_name']}\` SET sent = CONCAT(sent, ' ') WHERE key = '["a"]'`);
    },
  });
  await expect(migrateState(here, there, 'me')).rejects.toThrow('the copy differs from what was copied');
  server.faults.clear();
  expect(await there.heads()).toEqual([]);
  expect(await there.runs()).toEqual([]);
  await migrateState(here, there, 'me');
  expect(await everything(there)).toEqual(await everything(here));
});
