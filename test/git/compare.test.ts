/** Two versions of a project compared in meaning. */
import { describe, expect, test } from 'vitest';

import { compareProjects, type ProjectDifference } from '../../src/git/compare.ts';
import { changeReasons } from '../../src/report/base-text.ts';
import { BASE, type Files, load, type Loading, SYNC } from '../config/folder.ts';

const PROJECT: Files = { ...BASE, 'syncs/accounts.yaml': SYNC };

async function compare(before: Files, after: Files, loading: Loading = {}): Promise<ProjectDifference> {
  return compareProjects(await load(before, loading), await load(after, loading));
}

/** What is said of each sync that differs. */
async function reasons(before: Files, after: Files, loading: Loading = {}): Promise<Record<string, readonly string[]>> {
  const { syncs, removed } = await compare(before, after, loading);
  const said = [...syncs].map(([name, { change }]) => [name, changeReasons(change)] as const).filter(([, each]) => each.length > 0);
  return Object.fromEntries([...said, ...removed.map((sync) => [sync.name, ['removed']] as const)]);
}

function edited(by: (text: string) => string, more: Files = {}): Files {
  const text = by(SYNC);
  if (text === SYNC) throw new Error('nothing was edited');
  return { ...PROJECT, 'syncs/accounts.yaml': text, ...more };
}

describe('what changes nothing', () => {
  test.each<[string, Files]>([
    ['comments and blank lines', edited((text) => `# the accounts\n\n${text.replace('fields:', 'fields: # what is written')}`)],
    ['the order of keys', edited((text) => `${text.replace('kind: Sync\n', '').replace('  key: id\n', '').replace('source:', 'source:\n  key: id')}kind: Sync\n`)],
    ['quotes and the style of a text', edited((text) => text.replace('query: select id, name from accounts', 'query: >-\n    select id,\n    name from accounts').replace('name: accounts', 'name: "accounts"'))],
    ['a default that is written out', edited((text) => `${text.replace('Name: name', 'Name: { column: name, when: always, on_null: clear, sensitive: false }')}mode: upsert\non_drift: overwrite\n`)],
    ['what only people read', edited((text) => `${text}description: All accounts\nowner: ada\n`)],
    ['another file', { ...BASE, 'syncs/crm/moved.yaml': SYNC }],
    ['one file for everything', { 'syncs/all.yaml': [...Object.values(BASE), SYNC].join('---\n') }],
    ['the query in a file of its own', edited((text) => text.replace('query: select id, name from accounts', 'file: models/accounts.sql'), { 'syncs/models/accounts.sql': 'select id, name from accounts;\r\n' })],
    ['a variable for what was written out', edited((text) => text.replace('from accounts', 'from ${var.table}'), { 'syncs/project.yaml': 'kind: Project\nname: acme\nvars: { table: accounts }\n' })],
    ['the default place of state, written out', { ...PROJECT, 'syncs/project.yaml': 'kind: Project\nname: acme\nstate: { path: ./.sluice/state.duckdb }\n' }],
    ['a guard of the project that is written out in the sync', edited((text) => `${text}guards: { updates: { percent: 50, min: 100 } }\n`)],
  ])('%s', async (_, after) => {
    expect(await reasons(PROJECT, after)).toEqual({});
    expect((await compare(PROJECT, after)).syncs.get('accounts')?.change).toEqual({ kind: 'unchanged', from: null, properties: [], diff: '' });
  }); // prettier-ignore
});

describe('what selects a sync, and where it stands', () => {
  test.each<[string, Files, Files, readonly string[]]>([
    ['a policy', PROJECT, edited((text) => `${text}on_missing: delete\n`), ['on_missing keep -> delete   syncs/accounts.yaml:13:13']],
    ['a field', PROJECT, edited((text) => `${text}  Plan: plan\n`), ['fields.Plan.column added: plan   syncs/accounts.yaml:13:9']],
    ['a field that is gone', edited((text) => `${text}  Plan: { column: plan, sensitive: true }\n`, STATE_KEY()), { ...PROJECT, ...STATE_KEY() }, ['fields.Plan.column removed, was plan   syncs/accounts.yaml:13:19', 'fields.Plan.sensitive removed, was true   syncs/accounts.yaml:13:36']],
    ['the query', PROJECT, edited((text) => text.replace('from accounts', 'from accounts where active')), ['source.query changed   syncs/accounts.yaml:5:10']],
    ['a model file', model('select 1 as id'), model('select 2 as id'), ['source.query select 1 as id -> select 2 as id   syncs/accounts.yaml:5:9']],
    ['a check', edited((text) => `${text}checks: [{ name: a, sql: select 1 }, { name: b, sql: select 2 }]\n`), edited((text) => `${text}checks: [{ name: b, sql: select 3 }, { name: a, sql: select 1 }]\n`), ['checks.b select 2 -> select 3   syncs/accounts.yaml:13:26']],
    ['a variable', variable('gold'), variable('gold_v2'), ['vars.schema of the project gold -> gold_v2   syncs/project.yaml:3:17', 'source.query select id, name from gold.accounts -> select id, name from gold_v2.accounts   syncs/accounts.yaml:5:10']],
    ['a guard of the project', PROJECT, { ...PROJECT, 'syncs/project.yaml': 'kind: Project\nname: acme\nguards: { deletes: { max: 5 } }\n' }, ['guards.deletes.max of the project 1000 -> 5   syncs/project.yaml:3:27']],
    ['a guard of its own', PROJECT, edited((text) => `${text}guards: { deletes: { max: 5 } }\n`), ['guards.deletes.max 1000 -> 5   syncs/accounts.yaml:13:27']],
    ['a connection', PROJECT, { ...PROJECT, 'syncs/connections.yaml': (BASE['syncs/connections.yaml'] ?? '').replace('crm.duckdb', 'other.duckdb') }, ['path of connection crm crm.duckdb -> other.duckdb   syncs/connections.yaml:8:7']],
    ['where state lives', PROJECT, { ...PROJECT, 'syncs/project.yaml': 'kind: Project\nname: acme\nstate: { path: s.duckdb }\n' }, ['state.path of the project syncs/.sluice/state.duckdb -> syncs/s.duckdb   syncs/project.yaml:3:16']],
    ['a variable in the place of state', stateAt('a'), stateAt('b'), ['state.path of the project syncs/a.duckdb -> syncs/b.duckdb   syncs/project.yaml:3:16']],
    ['the name under which state is kept', PROJECT, { ...PROJECT, 'syncs/project.yaml': 'kind: Project\nname: acme2\n' }, ['name of the project acme -> acme2   syncs/project.yaml:2:7']],
    ['the connection of the state', stateIn('one'), stateIn('two'), ['host of connection ledger one -> two   syncs/project.yaml:8:7']],
    ['a text that reads like no value', constant('null'), constant('"null"'), ['fields.Name.value null -> "null"   syncs/accounts.yaml:12:18']],
    ['a policy that fields share', PROJECT, edited((text) => `${text}on_drift: keep\n`), ['on_drift overwrite -> keep   syncs/accounts.yaml:13:11']],
  ])('%s', async (_, before, after, expected) => {
    expect(await reasons(before, after)).toEqual({ accounts: expected });
  }); // prettier-ignore

  test('an environment is compared as it is laid over the project', async () => {
    const files = (schema: string): Files => ({
      ...edited((text) => text.replace('from accounts', 'from ${var.schema}.accounts')),
      'syncs/project.yaml': `kind: Project\nname: acme\nvars: { schema: gold }\nenvironments:\n  prod: { vars: { schema: ${schema} } }\n  dev: {}\n`,
    });
    const [before, after] = [files('gold_a'), files('gold_b')];
    expect(await reasons(before, after, { environment: 'dev' })).toEqual({});
    expect((await reasons(before, after, { environment: 'prod' }))['accounts']?.[0]).toBe(
      'vars.schema of the project gold_a -> gold_b   syncs/project.yaml:5:27',
    );
  });

  test('only the syncs that use it', async () => {
    const other = SYNC.replace('name: accounts', 'name: people').replace('object: Account', 'object: Person');
    const [before, after] = [variable('gold'), variable('silver')];
    const both = { 'syncs/people.yaml': other };
    expect(Object.keys(await reasons({ ...before, ...both }, { ...after, ...both }))).toEqual(['accounts']);
  });
});

test('secrets are compared and never shown; the name of an environment variable is no secret', async () => {
  const connection = (password: string, user: string): Files => ({
    ...PROJECT,
    'syncs/connections.yaml': `kind: Connection\nname: warehouse\ntype: duckdb\n---\nkind: Connection\nname: crm\ntype: postgres\nhost: db\ndatabase: crm\nuser: ${user}\npassword: ${password}\n`,
  });
  const { syncs } = await compare(connection('hunter2', '${env.A}'), connection('hunter3', '${env.B}'), { env: { A: 'root-a', B: 'root-b' }, secrets: 'all' });
  const found = syncs.get('accounts');
  expect(found?.change.properties.map(({ property, before, after, secret }) => [property, before, after, secret])).toEqual([
    ['user', '${env.A}', '${env.B}', false],
    ['password', null, null, true],
  ]);
  expect(JSON.stringify(found?.change)).not.toMatch(/hunter|root-/);
  expect(found?.change.diff).toContain('(secret)');
  expect(found?.elsewhere).toBe('its destination is another connection now, or another configuration of it');
}); // prettier-ignore

test('new, removed and renamed syncs', async () => {
  const people = SYNC.replace('name: accounts', 'name: people');
  expect(await reasons(PROJECT, { ...BASE, 'syncs/people.yaml': people })).toEqual({ people: ['new'], accounts: ['removed'] });
  const moved = { ...BASE, 'syncs/people.yaml': `${people}moved: { from: accounts }\n` };
  expect(await reasons(PROJECT, moved)).toEqual({
    people: ['renamed from accounts'],
  });
  expect((await compare(PROJECT, moved)).syncs.get('people')).toMatchObject({
    matters: false,
    change: { kind: 'renamed', from: 'accounts' },
  });
  expect(compareProjects(undefined, await load(PROJECT)).syncs.get('accounts')?.change.kind).toBe('added');
});

test('the difference is a unified diff of what the sync comes to', async () => {
  const after = edited((text) => text.replace('from accounts', 'from ${var.schema}.accounts').replace('Name: name', 'Name: { sql: "upper(name)" }\n  Plan: plan'), {
    'syncs/project.yaml': 'kind: Project\nname: acme\nvars: { schema: gold }\n',
  });
  expect((await compare(PROJECT, after)).syncs.get('accounts')?.change.diff).toBe(`@@ -3,5 +3,5 @@
 source:
   connection: warehouse
-  query: select id, name from accounts
+  query: select id, name from gold.accounts
   key:
     - id
@@ -12,5 +12,7 @@
     - Id
 fields:
-  Name: name
+  Name:
+    sql: upper(name)
+  Plan: plan
 guards:
   updates:
`);
}); // prettier-ignore

test('names that every object of JavaScript has are names like any other', async () => {
  const after = edited((text) => `${text}  __proto__: { column: plan, on_null: skip }\n  constructor: plan\n`);
  expect((await compare(PROJECT, after)).syncs.get('accounts')?.change.diff).toContain('+  __proto__:\n+    column: plan\n+    on_null: skip\n+  constructor: plan\n');
  expect({}).not.toHaveProperty('column');
}); // prettier-ignore

test('values that are hashed in one of the two are not compared', async () => {
  const plain = { ...PROJECT, ...STATE_KEY() };
  const hashed = edited((text) => text.replace('Name: name', 'Name: { column: name, sensitive: true }'), STATE_KEY());
  for (const [before, after] of [[plain, hashed], [hashed, plain]] as const)
    expect((await compare(before, after)).syncs.get('accounts')?.elsewhere).toMatch(/^other fields of it are sensitive than before/);
}); // prettier-ignore

test.each(['', 'before', 'after'])('the constant of a field that is sensitive is not shown (%s only)', async (only) => {
  const constant = (value: string, when: string): Files =>
    edited((text) => `${text}  Token: { value: ${value}${only === '' || only === when ? ', sensitive: true' : ''} }\n`, STATE_KEY());
  const [before, after] = [constant('hush-1', 'before'), constant('hush-2', 'after')];
  const none = Object.fromEntries(Object.entries(PROJECT).filter(([name]) => name !== 'syncs/accounts.yaml'));
  for (const difference of [await compare(before, after), await compare(none, after), await compare(after, before)]) {
    const change = difference.syncs.get('accounts')?.change;
    expect(JSON.stringify(change)).toContain('Token');
    if (only !== 'before' || change?.kind !== 'added') expect(JSON.stringify(change)).not.toContain('hush');
  }
  expect((await reasons(before, after))['accounts']?.[0]).toMatch(/^fields\.Token\.value \(secret\) changed {3}syncs\/accounts\.yaml:13:/);
}); // prettier-ignore

function variable(schema: string): Files {
  return {
    ...edited((text) => text.replace('from accounts', 'from ${var.schema}.accounts')),
    'syncs/project.yaml': `kind: Project\nname: acme\nvars: { schema: ${schema} }\n`,
  };
}

function model(sql: string): Files {
  return {
    ...edited((text) => text.replace('query: select id, name from accounts', 'file: accounts.sql')),
    'syncs/accounts.sql': `${sql}\n`,
  };
}

function constant(value: string): Files {
  return edited((text) => text.replace('Name: name', `Name: { value: ${value} }`));
}

function stateAt(name: string): Files {
  return { ...PROJECT, 'syncs/project.yaml': `kind: Project\nname: acme\nstate: { path: "\${var.at}.duckdb" }\nvars: { at: ${name} }\n` };
}

function stateIn(host: string): Files {
  const ledger = `kind: Connection\nname: ledger\ntype: postgres\nhost: ${host}\ndatabase: ledger\nuser: sluice\n`;
  return { ...PROJECT, 'syncs/project.yaml': `kind: Project\nname: acme\nstate: { connection: ledger }\n---\n${ledger}` };
}

function STATE_KEY(): Files {
  return { 'syncs/project.yaml': 'kind: Project\nname: acme\nstate: { path: s.duckdb, key: "${env.KEY}" }\n' };
}
