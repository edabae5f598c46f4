import { rm } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { must, type TestProject } from '../support/project.ts';
import { artifact, dbtProject, MODEL, runResults } from './support.ts';

const WAIT = { wait_for: { max_age: '24h' } };

/** Why the sync may not be applied; `[]` when it may. The plan is made either way. */
async function blocked(made: TestProject): Promise<readonly string[]> {
  const { syncs, summary } = (await made.run(['plan', '--json'])).json as Awaited<ReturnType<TestProject['plan']>>;
  expect(summary.create).toBe(1);
  return syncs.flatMap((sync) => sync.blocked.map((each) => each.message));
}

describe('source.wait_for', () => {
  it('lets a sync be applied after a run that went well', async () => {
    await using made = await dbtProject(WAIT);
    expect(await blocked(made)).toEqual([]);
    must(await made.run(['apply', '--yes']), 0);
  });

  it('keeps a sync from being applied after a run that failed, and says which part', async () => {
    await using made = await dbtProject(WAIT);
    await artifact(made, 'run_results', runResults({ [MODEL]: 'error' }));
    const { code, stdout } = await made.run(['apply', '--yes']);
    expect(code).toBe(3);
    expect(stdout).toContain('dependency: the dbt run failed: model.acme.account_health (error)');
    expect(stdout).not.toContain('secret value');
    expect(await made.live()).toEqual([]);
  });

  it('minds the tests of its model and no other model', async () => {
    await using made = await dbtProject(WAIT);
    await artifact(made, 'run_results', runResults({ 'model.acme.other': 'error' }));
    expect(await blocked(made)).toEqual([]);
    await artifact(made, 'run_results', runResults({ 'test.acme.unique_account_health_id.c1a2b3': 'fail' }));
    expect(await blocked(made)).toEqual(['the dbt run failed: test.acme.unique_account_health_id.c1a2b3 (fail)']);
    await artifact(made, 'run_results', runResults({ 'test.acme.unique_account_health_id.c1a2b3': 'warn' }));
    expect(await blocked(made)).toEqual([]);
  });

  it('of a query waits for everything in the run', async () => {
    await using made = await dbtProject({ dbt: undefined, query: 'select * from "Account Health"', ...WAIT });
    expect(await blocked(made)).toEqual([]);
    await artifact(made, 'run_results', runResults({ 'model.acme.other': 'skipped' }));
    expect(await blocked(made)).toEqual(['the dbt run failed: model.acme.other (skipped)']);
  });

  it('tells a run that is too old, missing, cut off, or of something else', async () => {
    await using made = await dbtProject(WAIT);
    const old = { generated_at: new Date(Date.now() - 30 * 3_600_000).toISOString() };
    await artifact(made, 'run_results', runResults({}, { metadata: old }));
    expect(await blocked(made)).toEqual(['the dbt run of dbt/target/run_results.json is 30 h old, and source.wait_for allows 24 h']);
    await artifact(made, 'run_results', runResults({}, { args: { which: 'generate' } }));
    expect(await blocked(made)).toEqual(['dbt/target/run_results.json is of `dbt generate`, which builds nothing']);
    await artifact(made, 'run_results', runResults({}, { results: [] }));
    expect(await blocked(made)).toEqual(['the dbt run of dbt/target/run_results.json did not build model.acme.account_health']);
    await artifact(made, 'run_results', '{"results": [');
    expect(await blocked(made)).toEqual(['no dbt run to go by: dbt/target/run_results.json is not the JSON that dbt writes']);
    await artifact(made, 'run_results', '{"results": []}');
    expect(await blocked(made)).toEqual(['no dbt run to go by: dbt/target/run_results.json is not what dbt writes']);
    await rm(made.file('dbt/target/run_results.json'));
    expect(await blocked(made)).toEqual(['no dbt run to go by: there is no dbt/target/run_results.json']);
  });

  it('names an artifact of its own, relative to the file of the sync', async () => {
    await using made = await dbtProject({ wait_for: { run_results: '../kept/run_results.json' } });
    expect(await blocked(made)).toEqual(['no dbt run to go by: there is no kept/run_results.json']);
  });

  it('is wrong without a run, and with a time that is none', async () => {
    await using made = await dbtProject({ dbt: undefined, query: 'select * from "Account Health"', ...WAIT });
    await made.write('syncs/project.yaml', { kind: 'Project', name: 'acme', state: { path: '../state.duckdb' } });
    expect((await made.run(['validate'])).stdout).toContain('source.wait_for: it does not say which run');
    await made.sync({ source: { connection: 'warehouse', query: 'select 1', key: 'id', wait_for: { max_age: 'a day' } } });
    expect((await made.run(['validate'])).stdout).toContain('a time such as 90m, 24h or 2d');
  });
});
