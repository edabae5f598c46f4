/** `plan --base` where the project at the merge base cannot be compared, or cannot be planned any more. */
import { expect, test } from 'vitest';

import { commitAll, git, initRepository } from '../support/git.ts';
import { nonZero, planOf, project, type TestProject } from '../support/project.ts';

async function onBranch(setup: NonNullable<Parameters<typeof project>[0]> = {}): Promise<TestProject> {
  const p = await project({ source: [['1', 'Ada', 'Team', 5]], ...setup });
  await initRepository(p.root);
  await git(p.root, 'switch', '--quiet', '--create', 'feature');
  return p;
}

test('a project that has problems at the merge base: the branch is planned alone, and it is said', async () => {
  await using p = await onBranch({ sync: { mode: 'upsrt' } });
  await p.sync({});
  const document = await p.plan(['--base', 'main', '--select', 'modified']);
  expect(document.base).toMatchObject({ status: 'invalid', unchanged: 0, removed: [] });
  expect(document.base?.why).toMatch(/^the project at [0-9a-f]{7} has problems, so the branch is planned alone: syncs\/syncs\.yaml:15:7: mode: expected one of upsert, update, create; found "upsrt"/);
  expect(planOf(document)).not.toHaveProperty('change');
  expect(planOf(document)).not.toHaveProperty('attribution');
  expect(nonZero(document.summary)).toMatchObject({ create: 1 });
  const { base } = document;
  expect(await p.planText(['--base', 'main'])).toContain(`${base?.why ?? '?'} Changes that are not committed are in this plan.\nPlan: 1 to create.\n`);
  expect((await p.run(['ls', '--why', '--base', 'main'])).stdout).toContain(`accounts   warehouse -> crm.Account   modified: ${base?.why ?? '?'}`);
}); // prettier-ignore

test('a query that no longer works: the branch that repairs it is planned, without telling changes apart', async () => {
  await using p = await onBranch({ sync: { source: { connection: 'warehouse', query: 'select *, health as h from account', key: 'id' } } });
  await p.sync({});
  await commitAll(p.root, 'repaired');
  const sync = planOf(await p.plan(['--base', 'main']));
  expect(sync).toMatchObject({ error: null, attribution: null, change: { kind: 'modified' }, summary: { create: 1 } });
  expect(sync.notes).toEqual([expect.stringMatching(/^what is due to this branch cannot be told from what was due anyway: it could not be planned as it was: .*health/)]);
}); // prettier-ignore

test('what lies elsewhere since is not compared: another connection, object or place of state', async () => {
  await using p = await onBranch({ crm: ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER)', 'CREATE TABLE Client (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER)'] });
  const why = async (): Promise<string | undefined> => {
    const { attribution, notes } = planOf(await p.plan(['--base', 'main']));
    expect(attribution).toBeNull();
    return notes[0]?.replace('what is due to this branch cannot be told from what was due anyway: ', '');
  };
  await p.sync({ destination: { connection: 'crm', object: 'Client', key: 'Id' } });
  expect(await why()).toBe('it writes another object now, or by another key');
  await p.sync({});
  await p.onFile('other.duckdb', 'CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER)');
  await p.connect({ type: 'duckdb', path: '../other.duckdb' });
  expect(await why()).toBe('its destination is another connection now, or another configuration of it');
  await p.write('syncs/project.yaml', { kind: 'Project', name: 'acme', state: { path: '../moved.duckdb' } });
  expect(await why()).toBe('state lies elsewhere now');
}); // prettier-ignore

test('a sync that fails on the branch is in the plan with what the branch changed about it', async () => {
  await using p = await onBranch();
  await p.sync({ fields: { Name: 'nmae' } });
  const sync = planOf(await p.plan(['--base', 'main'], 1));
  expect(sync).toMatchObject({ attribution: null, change: { kind: 'modified' }, error: { message: 'the query has no column "nmae"' } });
  expect((await p.run(['plan', '--base', 'main'])).stdout).toContain('      fields.Name.column name -> nmae   syncs/syncs.yaml:12:9\n');
});

test('a saved plan takes no --base, and hostile names reach neither Git nor the terminal', async () => {
  await using p = await onBranch();
  await p.plan(['--out', 'plan.duckdb']);
  const saved = await p.run(['apply', 'plan.duckdb', '--base', 'main', '--yes']);
  expect(saved).toMatchObject({ code: 1, stderr: expect.stringContaining('--base chooses what to plan') as string });
  const hostile = await p.run(['plan', '--base', '--upload-pack=touch x\u001B[31m']);
  expect(hostile.code).toBe(1);
  expect(hostile.stderr).toContain('there is no such commit, branch or tag in this clone');
  expect(hostile.stderr).not.toContain('\u001B[31m');
});
