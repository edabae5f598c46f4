/** State that moves from a file into BigQuery and back, as a person does it: change the project file, then `state migrate`. */
import { afterAll, expect, test } from 'vitest';

import { startBigQuery } from '../support/bigquery/index.ts';
import { project, type TestProject } from '../support/project.ts';

const server = await startBigQuery();
afterAll(async () => server[Symbol.asyncDispose]());

const STATE = { connection: 'bq', dataset: 'sluice' };

async function world(): Promise<TestProject> {
  await server.sql('DROP SCHEMA IF EXISTS sluice CASCADE');
  return project({
    source: [
      ['1', 'Ada', 'pro', 3],
      ['2', 'Bob', null, 4],
    ],
    live: [['9', 'Nobody', 'free', 1]],
    connections: [{ kind: 'Connection', name: 'bq', type: 'bigquery', project: server.project }],
    env: server.env,
  });
}

async function keepStateIn(p: TestProject, state: Readonly<Record<string, unknown>>): Promise<void> {
  await p.write('syncs/project.yaml', { kind: 'Project', name: 'acme', state });
}

test('there and back: the plan stays empty, history and undo come along', async () => {
  await using p = await world();
  await server.sql('CREATE SCHEMA sluice');
  await p.apply();
  await keepStateIn(p, STATE);
  expect(await p.summary()).toMatchObject({ adopt: 2 }); // nothing is known there yet
  const moved = await p.run(['state', 'migrate', '--from', 'state.duckdb', '--yes']);
  expect(moved.stderr).toBe('');
  expect(moved.stdout).toContain(
    'Copied 1 sync, 2 records and 1 run from state.duckdb to dataset sluice of connection bq; counts and checksums agree.',
  );
  expect(await p.summary()).toEqual({ unchanged: 2 });
  await p.source(['1', 'Ada', 'pro', 5], ['3', 'Cid', 'pro', 1]);
  await p.apply();
  expect(await p.summary()).toEqual({ unchanged: 2 });
  expect((await p.run(['history', '--json'])).json).toMatchObject({ runs: [{ serial: 2 }, { serial: 1 }] });
  expect((await p.run(['state', 'list'])).stdout).toContain('accounts');

  await keepStateIn(p, { path: '../back.duckdb' });
  const back = await p.run(['state', 'migrate', '--from', 'bq:sluice', '--yes', '--json']);
  expect(back.json).toEqual({
    from: 'dataset sluice of connection bq',
    to: 'back.duckdb',
    runs: 2,
    syncs: [{ sync: 'accounts', records: 3, serial: 2 }],
  });
  expect(await p.summary()).toEqual({ unchanged: 2 });
});

test('what is refused says why', async () => {
  await using p = await world();
  await keepStateIn(p, STATE);
  const missing = await p.run(['plan']);
  expect(missing.code).toBe(1);
  expect(missing.stdout).toContain(`there is no dataset sluice in project ${server.project}`);
  expect(missing.stdout).toContain(`mk --dataset ${server.project}:sluice`);
  await keepStateIn(p, { connection: 'bq', schema: 'sluice' });
  const wrong = await p.run(['plan']);
  expect(wrong.stderr).toMatch(/project\.yaml:\d+:\d+: state: schema goes with another kind of connection: bq is of type bigquery/);
  expect(wrong.stderr).toContain('Write dataset instead: state: { connection: bq, dataset: sluice }.');
});

test('doctor tells whether the state can be reached, its clock, and what the user may do there', async () => {
  await using p = await world();
  await server.sql('CREATE SCHEMA sluice');
  await keepStateIn(p, STATE);
  const checks = async (): Promise<unknown> => {
    const { json } = await p.run(['doctor', '--json']);
    return (json as { checks: { on: string; check: string; ok: boolean; detail: string }[] }).checks
      .filter((check) => check.on === 'state')
      .map(({ check, ok, detail }) => [check, ok, detail]);
  };
  const clock = ['clock', true, expect.stringContaining('agrees') as string];
  const empty = [['read', true, 'dataset sluice of connection bq: 0 syncs'], clock, ['write', true, 'will be made by the first apply']];
  expect(await checks()).toEqual(empty);
  await p.apply();
  expect(await checks()).toEqual([['read', true, 'dataset sluice of connection bq: 1 sync'], clock, ['write', true, 'may be written']]);
  server.faults.add({
    on: /^POST \/projects\/[^/]+\/jobs\b/,
    do: 'status',
    status: 403,
    reason: 'accessDenied',
    message: 'Access Denied: Dataset acme-test:sluice: Permission bigquery.tables.create denied on dataset',
  });
  expect(await checks()).toContainEqual(['write', false, expect.stringContaining('bigquery.tables.create denied') as string]);
});
