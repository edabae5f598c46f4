/** `plan --base`: what a branch changes, and which record changes are due to it. Real repositories, through the command line. */
import { expect, test } from 'vitest';

import { commitAll, git, initRepository } from '../support/git.ts';
import { type Account, CRM as CRM_TABLE, fields, must, nonZero, planOf, project, type TestProject } from '../support/project.ts';
import { readStore } from '../support/test-destination/index.ts';

const ROWS: readonly Account[] = [
  ['1', 'Ada', 'Team', 5],
  ['2', 'Bob', 'Team', 7],
  ['3', 'Cy', 'Pro', 9],
];
const PERSON = 'CREATE TABLE Person (Id VARCHAR UNIQUE, Name VARCHAR)';
const PEOPLE = { name: 'people', destination: { connection: 'crm', object: 'Person', key: 'Id' }, fields: { Name: 'name' } };

/** A project whose `main` was applied, standing on a branch of its own. */
async function onBranch(setup: NonNullable<Parameters<typeof project>[0]> = {}): Promise<TestProject> {
  const p = await project({ source: ROWS, ...setup });
  await p.apply();
  await initRepository(p.root);
  await git(p.root, 'switch', '--quiet', '--create', 'feature');
  return p;
}

test('a changed mapping is due to the branch, a changed row was due anyway', async () => {
  await using p = await onBranch();
  await p.source(['1', 'Ada Lovelace', 'Team', 5], ['2', 'Bob', 'TEAM', 8], ['3', 'Cy', 'Pro', 9], ['4', 'Di', 'PRO', 1], ['5', 'Ed', 'Pro', 1]);
  await p.sync({ fields: { Name: 'name', Plan: { sql: 'upper(plan)' }, Seats: 'seats' } });
  await commitAll(p.root, 'upper case');
  const document = await p.plan(['--base', 'main', '--out', 'plan.duckdb']);
  expect(document.base).toEqual({ ref: 'main', commit: await git(p.root, 'rev-parse', 'main'), dirty: false, status: 'compared', why: null, unchanged: 0, removed: [] });
  const sync = planOf(document);
  expect(sync.change?.properties.map(({ property, before, after }) => [property, before, after])).toEqual([['fields.Plan.sql', null, 'upper(plan)'], ['fields.Plan.column', 'plan', null]]);
  expect(sync.attribution).toEqual({
    branch: { create: 1, update: 2, delete: 0, clear: 0 },
    pending: { create: 1, update: 1, delete: 0, clear: 0 },
    withdrawn: { create: 0, update: 0, delete: 0, clear: 0 },
    fields: { Plan: { branch: 2, pending: 1 }, Name: { branch: 0, pending: 1 }, Seats: { branch: 0, pending: 1 } },
  });
  const told = sync.samples.map((sample) => [sample.key[0], sample.due_to, ...sample.fields.filter((field) => field.due_to === 'branch').map(({ field }) => field)]);
  expect(told.toSorted()).toEqual([
    ['1', 'branch', 'Plan'],
    ['2', 'pending'],
    ['3', 'branch', 'Plan'],
    ['4', 'pending'],
    ['5', 'branch', 'Plan'],
  ]);
  const shown = await p.run(['show', 'plan.duckdb']);
  expect(shown.stdout).toContain('    this branch: +1 ~2; already pending: +1 ~1\n');
  expect(shown.stdout).toContain('~ 1  "Ada Lovelace"   Name: "Ada" -> "Ada Lovelace"   Plan: "Team" -> "TEAM"   (due to this branch: Plan)\n');
  expect(shown.stdout).toContain('~ 2  "Bob"   Plan: "Team" -> "TEAM"   Seats: 7 -> 8   (already pending)\n');
  const due = await p.run(['show', 'plan.duckdb', '--json', '--sql', 'select key, due_to, branch_fields from changes order by key']);
  expect((due.json as { rows: unknown }).rows).toEqual([['["1"]', 'branch', '["Plan"]'], ['["2"]', 'pending', '[]'], ['["3"]', 'branch', '["Plan"]'], ['["4"]', 'pending', '[]'], ['["5"]', 'branch', '["Plan"]']]);
  await p.apply(['plan.duckdb']);
  expect(await p.summary()).toEqual({ unchanged: 5 });
}); // prettier-ignore

test('nothing changed: no sync is planned, none named is compared, and the records of a named one are pending', async () => {
  await using p = await onBranch();
  await p.source(['1', 'Ada', 'Team', 5], ['2', 'Bob', 'Pro', 7]);
  expect((await p.plan(['--base', 'main'])).syncs).toEqual([]);
  expect(await p.planText(['--base', 'main'])).toMatch(/^Compared with main \(merge base [0-9a-f]{7}\): no sync of this plan differs, 1 unchanged\.\nNothing was planned\.\n$/);
  const sync = planOf(await p.plan(['accounts', '--base', 'main']));
  expect(sync.change).toEqual({ kind: 'unchanged', from: null, properties: [], diff: '' });
  expect(nonZero(sync.attribution?.pending ?? {})).toEqual({ update: 1 });
  expect(nonZero(sync.attribution?.branch ?? {})).toEqual({});
}); // prettier-ignore

test('a branch that takes changes back says so', async () => {
  await using p = await onBranch();
  await p.source(['1', 'Ada', 'Team', 6], ['2', 'Bob', 'Pro', 8], ['3', 'Cy', 'Pro', 9]);
  await p.sync(fields({ Seats: { when: 'create' } }));
  const { attribution } = planOf(await p.plan(['--base', 'main']));
  expect(nonZero(attribution?.pending ?? {})).toEqual({ update: 1 });
  expect(nonZero(attribution?.branch ?? {})).toEqual({});
  expect(nonZero(attribution?.withdrawn ?? {})).toEqual({ update: 1 });
});

test('deletes and clears are told apart, too', async () => {
  await using p = await onBranch({ sync: { on_missing: 'clear' } });
  await p.source(['1', 'Ada', 'Team', 5]);
  await p.sync({ on_missing: 'delete', source: { connection: 'warehouse', query: 'select * from account', key: 'id' } });
  const { attribution, summary } = planOf(await p.plan(['--base', 'main']));
  expect(nonZero(summary)).toMatchObject({ delete: 2 });
  expect(nonZero(attribution?.branch ?? {})).toEqual({ delete: 2 });
  expect(nonZero(attribution?.pending ?? {})).toEqual({});
  await p.sync({ on_missing: 'clear', guards: { clears: { max: 5 } } });
  const cleared = planOf(await p.plan(['--base', 'main']));
  expect(nonZero(cleared.attribution?.pending ?? {})).toEqual({ clear: 2 });
});

test('only what a variable, a model file or a connection reaches is planned; ls and validate select the same', async () => {
  const own = { source: { connection: 'warehouse', query: 'select * from ${var.table}', key: 'id' } };
  await using p = await onBranch({ crm: ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)', PERSON], sync: [own, PEOPLE], project: { vars: { table: 'account' } } });
  const state = { path: '../state.duckdb' };
  await p.write('syncs/project.yaml', { kind: 'Project', name: 'acme', state, vars: { table: 'main.account' } });
  const document = await p.plan(['--base', 'main']);
  expect(document.syncs.map(({ name }) => name)).toEqual(['accounts']);
  expect(document.base).toMatchObject({ unchanged: 1, dirty: true });
  const ls = await p.run(['ls', '--why', '--base', 'main']);
  expect(ls.stdout).toBe(
    [
      'accounts   warehouse -> crm.Account   modified: vars.table of the project account -> main.account   syncs/project.yaml:6:10',
      '                                      modified: source.query select * from account -> select * from main.account   syncs/syncs.yaml:5:10',
      '',
    ].join('\n'),
  );
  expect((await p.plan(['--base', 'main', '--select', 'modified,destination:crm', 'people'])).syncs.map(({ name }) => name)).toEqual(['accounts', 'people']);
  const unselected = await p.run(['ls', '--select', 'modified']);
  expect(unselected.code).toBe(1);
  expect(unselected.stderr).toContain('--select modified needs something to compare with');
  const validated = await p.run(['validate', '--online', '--base', 'main']);
  must(validated, 0);
  await p.write('syncs/project.yaml', { kind: 'Project', name: 'acme', state, vars: { table: 'account' } });
  expect((await p.run(['ls', '--base', 'main'])).stdout).toBe('Nothing is selected: no sync differs from main.\n');
  await p.connect({ type: 'duckdb', path: '../other.duckdb' });
  expect((await p.run(['ls', '--base', 'main', '--json'])).json).toMatchObject({ syncs: [{ name: 'accounts' }, { name: 'people' }] });
}); // prettier-ignore

test('a new sync is due to the branch, a removed one releases its records, a renamed one keeps its state', async () => {
  const crm = ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)', PERSON];
  await using p = await onBranch({ crm });
  await p.sync([PEOPLE]);
  const swapped = await p.plan(['--base', 'main']);
  expect(swapped.base?.removed).toEqual([{ name: 'accounts', source: 'warehouse', destination: 'crm', object: 'Account', records: 3, where: 'syncs/syncs.yaml:1:1' }]);
  expect(planOf(swapped, 'people')).toMatchObject({ change: { kind: 'added', properties: [] }, attribution: { branch: { create: 3 }, pending: { create: 0 } } });
  const text = await p.planText(['--base', 'main']);
  expect(text).toContain('people   warehouse -> crm.Person           drift checked on all, 0 read\n    new on this branch\n    this branch: +3; already pending: nothing\n');
  expect(text).toContain('  - accounts is removed: releases 3 records, deletes none   syncs/syncs.yaml:1:1\n');
  expect((await p.live()).length).toBe(3);

  await p.source(['1', 'Ada', 'Pro', 5], ROWS[1]!, ROWS[2]!);
  await p.sync({ name: 'customers', moved: { from: 'accounts' }, fields: { Name: 'name', Plan: 'plan' } });
  const renamed = await p.plan(['--base', 'main']);
  expect(renamed.base?.removed).toEqual([]);
  expect(planOf(renamed, 'customers')).toMatchObject({ change: { kind: 'renamed', from: 'accounts' }, attribution: { pending: { update: 1 }, branch: { update: 0 } } });
  await p.sync({ name: 'customers' });
  const unsaid = await p.planText(['--base', 'main']);
  expect(unsaid).toContain('if customers is its new name, add `moved: { from: accounts }`');
  expect(unsaid).toContain('accounts is removed: releases 3 records, deletes none');
}); // prettier-ignore

test('what a child needs of a parent that only the branch creates is due to the branch', async () => {
  const crm = [
    'CREATE TABLE Person (Id VARCHAR UNIQUE, Name VARCHAR)',
    'CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Owner VARCHAR REFERENCES Person (Id))',
  ];
  const parents = (query: string) => ({ ...PEOPLE, source: { connection: 'warehouse', query, key: 'id' } });
  const child = { fields: { Name: 'name', Owner: { reference: { object: 'Person', key: 'Id' }, column: 'plan' } } };
  await using p = await onBranch({ crm, source: [['1', 'Ada', null, 5]], sync: [child, parents('select * from account where false')] });
  await p.source(['1', 'Ada', '2', 5], ['2', 'Bob', null, 1]);
  await p.sync([child, parents('select * from account')]);
  const { syncs } = await p.plan(['--base', 'main', 'accounts', 'people']);
  expect(syncs.map(({ name, attribution }) => [name, nonZero(attribution?.branch ?? {})])).toEqual([['people', { create: 2 }], ['accounts', {}]]);
  await p.sync([{ ...child, checks: [], fields: { ...child.fields, Name: { sql: 'upper(name)' } } }, parents('select * from account')]);
  const changed = planOf(await p.plan(['--base', 'main']));
  expect(changed.samples.map(({ key, fields: list }) => [key[0], list.map(({ field, due_to: due }) => `${field} ${due ?? ''}`)])).toEqual([
    ['2', ['Name branch', 'Owner pending']],
    ['1', ['Name branch', 'Owner branch']],
  ]);
}); // prettier-ignore

test('both configurations see one read of an API, with the fields of both', async () => {
  await using p = await onBranch({ api: {}, sync: { fields: { Name: 'name', Plan: 'plan' } } });
  await p.source(['1', 'Ada L', 'Team', 5], ['2', 'Bob', 'Team', 7], ['3', 'Cy', 'Pro', 9]);
  await p.sync({ fields: { Name: 'name', Seats: 'seats' } });
  const before = (await readStore(p.file('crm.json'))).calls.length;
  const { attribution, live_read: read, summary } = planOf(await p.plan(['--base', 'main']));
  const { calls } = await readStore(p.file('crm.json'));
  const reads = calls.slice(before).filter(({ call }) => call === 'read');
  expect(reads.map(({ records, fields: names }) => [records, names])).toEqual([[1, ['Name', 'Seats', 'Plan']], [2, ['Name', 'Seats', 'Plan']]]);
  expect(nonZero(summary)).toMatchObject({ update: 3 });
  expect(read).toBe(3);
  expect(attribution?.fields).toEqual({ Seats: { branch: 3, pending: 0 }, Name: { branch: 0, pending: 1 } });
}); // prettier-ignore

test('what the former configuration would do to state is not in the plan', async () => {
  await using p = await onBranch({ api: {}, sync: { fields: { Name: 'name', Plan: 'plan' } } });
  await p.sync({ fields: { Name: 'name' } });
  await commitAll(p.root, 'without Plan, never applied');
  await p.sync({ fields: { Name: 'name', Plan: { sql: "replace(plan, 'Pro', 'PRO')" } } });
  await p.plan(['--base', 'HEAD', '--out', 'plan.duckdb']);
  await p.apply(['plan.duckdb']);
  expect(await p.sent()).toEqual({ 1: { Name: 'Ada', Plan: 'Team' }, 2: { Name: 'Bob', Plan: 'Team' }, 3: { Name: 'Cy', Plan: 'PRO' } });
});

test('sensitive values are told apart without being shown', async () => {
  const env = { KEY: 'a passphrase that is long enough' };
  const sensitive = (name: string) => ({ fields: { Name: { ...(name === 'name' ? { column: 'name' } : { sql: name }), sensitive: true }, Plan: 'plan' } });
  await using p = await onBranch({ env, project: { state: { path: '../state.duckdb', key: '${env.KEY}' } }, sync: sensitive('name') });
  await p.source(['1', 'ADA', 'Team', 5], ['2', 'Bob', 'Pro', 7], ['3', 'Cy', 'Pro', 9]);
  await p.sync(sensitive('upper(name)'));
  const sync = planOf(await p.plan(['--base', 'main']));
  expect(sync.attribution?.fields).toEqual({ Name: { branch: 2, pending: 1 }, Plan: { branch: 0, pending: 1 } });
  expect(JSON.stringify(sync.samples)).not.toMatch(/ADA|BOB/);
}); // prettier-ignore

test('an approval of its guards is a change of the sync', async () => {
  await using p = await onBranch({ sync: [{}, PEOPLE], crm: [CRM_TABLE, PERSON] });
  const approval = { kind: 'Approval', sync: 'accounts', guards: { deletes: 5 }, reason: 'churn', expires: '2999-12-31' };
  await p.write('syncs/approvals/accounts.yaml', approval);
  await commitAll(p.root, 'approve');
  const document = await p.plan(['--base', 'main']);
  expect(document.syncs.map(({ name }) => name)).toEqual(['accounts']);
  expect(planOf(document).change?.properties).toMatchObject([{ property: 'approval', before: null, after: 'deletes 5 until 2999-12-31' }]);
});
