import { rm } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { findModel, type Manifest, readManifest } from '../../src/dbt/manifest.ts';
import { relationOf } from '../../src/dbt/relation.ts';
import { must, type TestProject } from '../support/project.ts';
import { artifact, dbtProject, manifest, node } from './support.ts';

async function problem(made: TestProject, verb = 'validate'): Promise<string> {
  const { code, stdout, stderr } = await made.run([verb]);
  expect(code).toBe(1);
  return `${stdout}${stderr}`;
}

async function read(made: TestProject): Promise<Manifest> {
  const found = await readManifest(made.file('dbt/target/manifest.json'), 'manifest.json');
  if ('problem' in found) throw new Error(found.problem);
  return found;
}

describe('source.dbt', () => {
  it('reads the table of the model, whatever it is called', async () => {
    await using made = await dbtProject();
    must(await made.run(['apply', '--yes']), 0);
    expect(await made.live()).toEqual([['1', 'Ada', 'SMB', '3', null]]);
    expect((await made.plan()).summary).toMatchObject({ create: 0, update: 0, unchanged: 1 });
  });

  it('says where a model is missing, and which was meant', async () => {
    await using made = await dbtProject({ dbt: 'acount_health' });
    expect(await problem(made)).toMatch(
      /syncs\/syncs\.yaml:\d+:\d+: source\.dbt: the dbt manifest has no model "acount_health"\n {2}Did you mean "account_health"\?/,
    );
  });

  it.each([
    ['retired', 'the dbt model "retired" is disabled'],
    ['stg', 'the dbt model "stg" is ephemeral: it has no table or view to read'],
    ['nothing_like_it', 'The manifest has account_health, regions, stg.'],
  ])('explains why %s cannot be read', async (dbt, said) => {
    await using made = await dbtProject({ dbt });
    expect(await problem(made)).toContain(said);
  });

  it('refuses a manifest of another database', async () => {
    await using made = await dbtProject();
    await artifact(made, 'manifest', manifest({}, { metadata: { adapter_type: 'snowflake', project_name: 'acme' } }));
    expect(await problem(made)).toContain('source.dbt: dbt builds its models with snowflake, and the connection is of type duckdb');
  });

  it('says what to do without a manifest, with half of one, and without a place to look', async () => {
    await using made = await dbtProject();
    await artifact(made, 'manifest', '{"nodes": {');
    expect(await problem(made)).toContain('source.dbt: dbt/target/manifest.json is not the JSON that dbt writes');
    await artifact(made, 'manifest', '{"results": []}');
    expect(await problem(made)).toContain('source.dbt: dbt/target/manifest.json is no dbt manifest');
    await rm(made.file('dbt'), { recursive: true });
    expect(await problem(made)).toMatch(
      /source\.dbt: there is no dbt\/target\/manifest\.json\n {2}Every dbt command writes one: run `dbt parse`, or `dbt build`\./,
    );
    await made.write('syncs/project.yaml', { kind: 'Project', name: 'acme' });
    expect(await problem(made)).toContain('Add to the project: dbt: { target: ../target }');
  });

  it('is looked up in the target folder of the environment', async () => {
    await using made = await dbtProject({}, { dbt: { target: '../nowhere' }, environments: { dev: { dbt: { target: '../dbt/target' } } } });
    must(await made.run(['plan', '--env', 'dev']), 0);
    expect(await problem(made, 'plan')).toContain('nowhere/manifest.json');
  });
});

describe('models', () => {
  it('are found by name, by package and by version, the latest without one', async () => {
    await using made = await dbtProject();
    const versions = Object.fromEntries(
      ['1', '2'].map((version) => [
        `model.acme.plans.v${version}`,
        node('plans', { alias: `plans_v${version}`, version: Number(version), latest_version: 2 }),
      ]),
    );
    await artifact(made, 'manifest', manifest({ ...versions, 'model.other.stg2': node('stg2', { package_name: 'other' }) }));
    const all = await read(made);
    expect(
      ['plans', 'plans.v1', 'acme.plans.v2', 'other.stg2', 'stg2'].map((name) => 'alias' in findModel(all, name) && findModel(all, name)),
    ).toMatchObject([{ alias: 'plans_v2' }, { alias: 'plans_v1' }, { alias: 'plans_v2' }, { name: 'stg2' }, { name: 'stg2' }]);
  });

  it('of one name in several packages: the own one, else all are named', async () => {
    await using made = await dbtProject();
    const others = { 'model.a.shared': node('shared', { package_name: 'a' }), 'model.b.shared': node('shared', { package_name: 'b' }) };
    await artifact(made, 'manifest', manifest(others));
    expect(findModel(await read(made), 'shared')).toEqual({
      problem: 'several dbt packages have a model "shared"',
      hint: 'Name one of them: a.shared, b.shared.',
    });
    await artifact(made, 'manifest', manifest({ ...others, 'model.acme.shared': node('shared') }));
    expect(findModel(await read(made), 'shared')).toMatchObject({ package: 'acme' });
  });

  it('are quoted as their database quotes', async () => {
    await using made = await dbtProject();
    await artifact(
      made,
      'manifest',
      manifest({ 'model.acme.odd': node('odd', { database: 'my-project', schema: 'my "data`set', alias: 'o' }) }),
    );
    const all = await read(made);
    const odd = findModel(all, 'odd');
    if ('problem' in odd) throw new Error(odd.problem);
    expect(['duckdb', 'postgres', 'bigquery', 'salesforce'].map((type) => relationOf({ ...all, adapter: type }, odd, type))).toEqual([
      '"my ""data`set"."o"',
      '"my-project"."my ""data`set"."o"',
      '`my-project.my "data\\`set.o`',
      expect.objectContaining({ problem: 'connections of type salesforce hold no dbt models' }),
    ]);
  });
});
