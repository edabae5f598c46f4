/** State that moves from a file into Postgres and back, as a person does it: change the project file, then `state migrate`. */
import { afterAll, expect, test } from 'vitest';

import { onPostgres, startPostgres } from '../support/postgres.ts';
import { project, type TestProject } from '../support/project.ts';

const server = await startPostgres();
afterAll(async () => server.stop());

async function world(): Promise<TestProject> {
  return project({
    source: [
      ['1', 'Ada', 'pro', 3],
      ['2', 'Bob', null, 4],
    ],
    live: [['9', 'Nobody', 'free', 1]],
    connections: [{ kind: 'Connection', name: 'pg', type: 'postgres', url: '${env.PG_URL}' }],
    env: { PG_URL: await server.createDatabase() },
  });
}

async function keepStateIn(p: TestProject, state: Readonly<Record<string, unknown>>): Promise<void> {
  await p.write('syncs/project.yaml', { kind: 'Project', name: 'acme', state });
}

test('there and back: the plan stays empty, history and undo come along', async () => {
  await using p = await world();
  await p.apply();
  await keepStateIn(p, { connection: 'pg', schema: 'sluice' });
  expect(await p.summary()).toMatchObject({ adopt: 2 }); // nothing is known there yet
  const moved = await p.run(['state', 'migrate', '--from', 'state.duckdb', '--yes']);
  expect(moved.stderr).toBe('');
  expect(moved.stdout).toBe(
    'Copied 1 sync, 2 records and 1 run from state.duckdb to schema sluice of connection pg; counts and checksums agree.\n' +
      'state.duckdb is left as it is. Nothing reads it any more: remove it when you like.\n',
  );
  expect(await p.summary()).toEqual({ unchanged: 2 });
  await p.source(['1', 'Ada', 'pro', 5], ['3', 'Cid', 'pro', 1]);
  await p.apply();
  expect(await p.summary()).toEqual({ unchanged: 2 });
  const history = await p.run(['history', '--json']);
  expect((history.json as { runs: unknown[] }).runs).toHaveLength(2);

  await keepStateIn(p, { path: '../back.duckdb' });
  const back = await p.run(['state', 'migrate', '--from', 'pg:sluice', '--yes', '--json']);
  expect(back.json).toEqual({
    from: 'schema sluice of connection pg',
    to: 'back.duckdb',
    runs: 2,
    syncs: [{ sync: 'accounts', records: 3, serial: 2 }],
  });
  expect(await p.summary()).toEqual({ unchanged: 2 });
});

test('what is refused says why', async () => {
  await using p = await world();
  await p.apply();
  const refused = async (from: string): Promise<string> => {
    const ran = await p.run(['state', 'migrate', '--from', from, '--yes']);
    expect(ran.code).toBe(1);
    return ran.stderr;
  };
  expect(await refused('state.duckdb')).toContain('the project keeps its state there already');
  expect(await refused('pg:sluice')).toContain('there is no state in schema sluice of connection pg');
  expect(await refused('pq:sluice')).toContain('there is no connection "pq" in this project');
  await keepStateIn(p, { connection: 'pg', schema: 'sluice' });
  expect(await refused('nowhere.duckdb')).toContain('there is no state in nowhere.duckdb');
  expect((await p.run(['state', 'migrate', '--yes'])).stderr).toContain('--from');
  await p.run(['state', 'migrate', '--from', 'state.duckdb', '--yes']);
  expect(await refused('state.duckdb')).toContain('schema sluice of connection pg holds state of accounts already');
});

test('doctor tells whether the state can be reached, its clock, and what the user may do there', async () => {
  await using p = await world();
  await keepStateIn(p, { connection: 'pg', schema: 'sluice' });
  const checks = async (): Promise<unknown> => {
    const { json } = await p.run(['doctor', '--json']);
    return (json as { checks: { on: string; check: string; ok: boolean; detail: string }[] }).checks
      .filter((check) => check.on === 'state')
      .map(({ check, ok, detail }) => [check, ok, detail]);
  };
  const clock = ['clock', true, expect.stringContaining('agrees') as string];
  expect(await checks()).toEqual([
    ['read', true, 'schema sluice of connection pg: 0 syncs'],
    clock,
    ['write', true, 'will be made by the first apply'],
  ]);
  await p.apply();
  expect(await checks()).toEqual([['read', true, 'schema sluice of connection pg: 1 sync'], clock, ['write', true, 'may be written']]);
  const url = await server.createDatabase();
  await onPostgres(url, "CREATE ROLE guest LOGIN PASSWORD 'x'");
  const guest = Object.assign(new URL(url), { username: 'guest', password: 'x' }).href;
  await p.write('syncs/connections.yaml',
    { kind: 'Connection', name: 'warehouse', type: 'duckdb', path: '../warehouse.duckdb' },
    { kind: 'Connection', name: 'crm', type: 'duckdb', path: '../crm.duckdb' },
    { kind: 'Connection', name: 'pg', type: 'postgres', url: guest }); // prettier-ignore
  expect(await checks()).toContainEqual(['write', false, 'user guest lacks the right to make the schema sluice']);
});
