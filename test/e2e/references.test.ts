/** References between records: order, parents that come later, fail or do not exist, and an object that refers to itself. */
import { describe, expect, test } from 'vitest';

import type { ApplyDocument } from '../../src/plan/document.ts';
import { nonZero, planOf, project, resultOf, type Setup, type TestProject } from '../support/project.ts';

const DATABASES = {
  warehouse: ['CREATE TABLE plan (code VARCHAR, title VARCHAR)', 'CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR)'],
  crm: [
    'CREATE TABLE Plan (Plan_Id INTEGER PRIMARY KEY, Code VARCHAR UNIQUE, Title VARCHAR NOT NULL)',
    'CREATE SEQUENCE plan_ids START 100',
    "ALTER TABLE Plan ALTER Plan_Id SET DEFAULT nextval('plan_ids')",
    'CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan INTEGER REFERENCES Plan (Plan_Id))',
  ],
};
const PLANS = {
  name: 'z-plans',
  source: { connection: 'warehouse', query: 'select * from plan', key: 'code' },
  destination: { connection: 'crm', object: 'Plan', key: 'Code' },
  fields: { Title: 'title' },
};
const ACCOUNTS = { fields: { Name: 'name', Plan: { reference: { object: 'Plan', key: 'Code' }, column: 'plan' } } };

async function shop(own: Setup & { plans?: object; accounts?: object } = {}): Promise<TestProject> {
  const { plans = {}, accounts = {}, ...setup } = own;
  return project({
    ...DATABASES,
    sync: [
      { ...ACCOUNTS, ...accounts },
      { ...PLANS, ...plans },
    ],
    ...setup,
  });
}

/** Name and the code of the plan that the account points at. */
async function accounts(p: TestProject): Promise<unknown[]> {
  const rows = await p.crm('SELECT a.Id, a.Name, p.Code FROM Account a LEFT JOIN Plan p ON p.Plan_Id = a.Plan ORDER BY a.Id');
  return rows.map((row) => Object.values(row));
}

describe('a parent that the same plan creates', () => {
  test('parents run first; the child shows (known after apply); then nothing is left', async () => {
    await using p = await shop();
    await p.warehouse("INSERT INTO plan VALUES ('T', 'Team')", "INSERT INTO account VALUES ('1', 'Ada', 'T')");
    const document = await p.plan();
    expect(document.syncs.map((sync) => sync.name)).toEqual(['z-plans', 'accounts']);
    expect(nonZero(document.summary)).toEqual({ create: 2 });
    expect(planOf(document).samples[0]?.fields).toContainEqual(expect.objectContaining({ field: 'Plan', after: 'T', after_apply: true }));
    expect(await p.planText()).toMatch(/Plan: .*\(known after apply\)/);
    expect(nonZero((await p.apply()).summary)).toEqual({ applied: 2 });
    expect(await accounts(p)).toEqual([['1', 'Ada', 'T']]);
    expect(await p.sent()).toEqual({ 1: { Name: 'Ada', Plan: 'T' } });
    expect(await p.summary()).toEqual({ unchanged: 2 });
  });

  test('a parent that exists is known now', async () => {
    await using p = await shop();
    await p.crm("INSERT INTO Plan VALUES (7, 'T', 'Team')");
    await p.warehouse("INSERT INTO plan VALUES ('T', 'Team')", "INSERT INTO account VALUES ('1', 'Ada', 'T')");
    expect(await p.planText()).not.toMatch(/known after apply/);
    await p.apply();
    expect(await accounts(p)).toEqual([['1', 'Ada', 'T']]);
    expect(await p.summary()).toEqual({ unchanged: 2 });
  });

  test('a child that moves to another parent, and to none', async () => {
    await using p = await shop();
    await p.warehouse(
      "INSERT INTO plan VALUES ('T', 'Team'), ('S', 'Scale')",
      "INSERT INTO account VALUES ('1', 'Ada', 'T'), ('2', 'Bob', 'T')",
    );
    await p.apply();
    await p.warehouse("UPDATE account SET plan = 'S' WHERE id = '1'", "UPDATE account SET plan = NULL WHERE id = '2'");
    const document = await p.plan();
    expect(planOf(document).samples.map((sample) => sample.fields)).toMatchObject([
      [{ field: 'Plan', before: 'T', after: 'S' }],
      [{ field: 'Plan', before: 'T', after: null }],
    ]);
    await p.apply();
    expect(await accounts(p)).toEqual([
      ['1', 'Ada', 'S'],
      ['2', 'Bob', null],
    ]);
    expect(await p.summary()).toEqual({ unchanged: 4 });
  });

  test('a hand edit of the reference is drift, shown as the key of its target', async () => {
    await using p = await shop();
    await p.warehouse("INSERT INTO plan VALUES ('T', 'Team'), ('S', 'Scale')", "INSERT INTO account VALUES ('1', 'Ada', 'T')");
    await p.apply();
    await p.crm("UPDATE Account SET Plan = (SELECT Plan_Id FROM Plan WHERE Code = 'S')");
    const document = await p.plan();
    expect(nonZero(document.summary)).toEqual({ update: 1, drift: 1, unchanged: 2 });
    expect(planOf(document).samples[0]?.fields).toMatchObject([{ field: 'Plan', before: 'S', after: 'T' }]);
  });
});

test('a parent that does not exist rejects the record, and only that', async () => {
  await using p = await shop();
  await p.warehouse("INSERT INTO plan VALUES ('T', 'Team')", "INSERT INTO account VALUES ('1', 'Ada', 'T'), ('2', 'Bob', 'nowhere')");
  const document = await p.plan();
  expect(nonZero(document.summary)).toEqual({ create: 2, rejected: 1 });
  expect(planOf(document).rejects).toMatchObject([{ code: 'REFERENCE_NOT_FOUND', field: 'Plan', count: 1, examples: [{ key: ['2'] }] }]);
  await p.apply([], 5);
  expect(await accounts(p)).toEqual([['1', 'Ada', 'T']]);
  expect(await p.summary()).toEqual({ unchanged: 2, known_rejected: 1 });
});

test('a rejected record is tried again once its parent exists', async () => {
  await using p = await shop();
  await p.warehouse("INSERT INTO account VALUES ('1', 'Ada', 'T')");
  await p.apply([], 5);
  await p.warehouse("INSERT INTO plan VALUES ('T', 'Team')");
  expect(await p.summary()).toEqual({ create: 2 });
  await p.apply();
  expect(await accounts(p)).toEqual([['1', 'Ada', 'T']]);
});

test('a parent that fails holds its children', async () => {
  // The destination refuses this title when it is written: the plan could not know.
  await using p = await shop({
    crm: DATABASES.crm.map((sql) => sql.replace('Title VARCHAR NOT NULL', "Title VARCHAR CHECK (Title <> 'bad')")),
  });
  await p.warehouse(
    "INSERT INTO plan VALUES ('T', 'bad'), ('S', 'Scale')",
    "INSERT INTO account VALUES ('1', 'Ada', 'T'), ('2', 'Bob', 'S')",
  );
  expect(await p.summary()).toEqual({ create: 4 });
  const applied = await p.apply([], 5);
  expect(resultOf(applied, 'z-plans')).toMatchObject({ applied: 1, rejected: 1 });
  expect(resultOf(applied)).toMatchObject({ applied: 1, held: 1 });
  expect(await accounts(p)).toEqual([['2', 'Bob', 'S']]);
  await p.warehouse("UPDATE plan SET title = 'good' WHERE code = 'T'");
  expect(await p.summary()).toEqual({ create: 2, unchanged: 2 });
  await p.apply();
  expect(await accounts(p)).toEqual([
    ['1', 'Ada', 'T'],
    ['2', 'Bob', 'S'],
  ]);
  expect(await p.summary()).toEqual({ unchanged: 4 });
});

test('the parents of a saved plan are applied first, alone: the rest of it then holds no child', async () => {
  await using p = await shop();
  await p.warehouse("INSERT INTO plan VALUES ('T', 'Team')", "INSERT INTO account VALUES ('1', 'Ada', 'T')");
  expect((await p.run(['plan', '--out', 'plan.duckdb'])).code).toBe(0);
  expect((await p.run(['apply', 'plan.duckdb', 'z-plans'])).code).toBe(0);
  const rest = await p.run(['apply', 'plan.duckdb', '--json']);
  expect(resultOf(rest.json as ApplyDocument)).toMatchObject({ status: 'applied', applied: 1, held: 0 });
  expect(await accounts(p)).toEqual([['1', 'Ada', 'T']]);
  expect(await p.summary()).toEqual({ unchanged: 2 });
});

test('deletes run children first', async () => {
  await using p = await shop({ plans: { on_missing: 'delete' }, accounts: { on_missing: 'delete' } });
  await p.warehouse(
    "INSERT INTO plan VALUES ('T', 'Team'), ('S', 'Scale')",
    "INSERT INTO account VALUES ('1', 'Ada', 'T'), ('2', 'Bob', 'S')",
  );
  await p.apply();
  await p.warehouse("DELETE FROM plan WHERE code = 'T'", "DELETE FROM account WHERE id = '1'");
  expect(await p.summary()).toEqual({ delete: 2, unchanged: 2 });
  expect(nonZero((await p.apply()).summary)).toEqual({ applied: 2 });
  expect(await accounts(p)).toEqual([['2', 'Bob', 'S']]);
  expect(await p.summary()).toEqual({ unchanged: 2 });
});

describe('an object that refers to itself', () => {
  const SELF = { fields: { Name: 'name', Parent: { reference: { object: 'Account', key: 'Id' }, column: 'parent' } } };
  const TREE: Setup = {
    warehouse: ['CREATE TABLE account (id VARCHAR, name VARCHAR, parent VARCHAR)'],
    crm: [
      'CREATE SEQUENCE ids START 1',
      "CREATE TABLE Account (Row_Id INTEGER PRIMARY KEY DEFAULT nextval('ids'), Id VARCHAR UNIQUE, Name VARCHAR, Parent INTEGER)",
    ],
    sync: SELF,
  };
  const tree = async (p: TestProject): Promise<unknown[]> =>
    (await p.crm('SELECT a.Id, b.Id AS parent FROM Account a LEFT JOIN Account b ON b.Row_Id = a.Parent ORDER BY a.Id')).map((row) =>
      Object.values(row),
    );

  test('a second pass sets the reference once its target exists, rings included', async () => {
    await using p = await project(TREE);
    await p.warehouse("INSERT INTO account VALUES ('1', 'Ada', '2'), ('2', 'Bob', '1'), ('3', 'Cy', NULL), ('4', 'Di', '3')");
    const document = await p.plan();
    expect(nonZero(document.summary)).toEqual({ create: 4 });
    expect(nonZero((await p.apply()).summary)).toEqual({ applied: 4 });
    expect(await tree(p)).toEqual([
      ['1', '2'],
      ['2', '1'],
      ['3', null],
      ['4', '3'],
    ]);
    expect(await p.sent()).toMatchObject({ 1: { Parent: '2' }, 2: { Parent: '1' }, 3: { Parent: null }, 4: { Parent: '3' } });
    expect(await p.summary()).toEqual({ unchanged: 4 });
  });

  test('a parent that the destination refused is none: its child is no change of every plan', async () => {
    await using p = await project({ ...TREE, crm: [TREE.crm?.[0] ?? '', (TREE.crm?.[1] ?? '').replace('Name VARCHAR', "Name VARCHAR CHECK (Name <> 'bad')")] }); // prettier-ignore
    await p.warehouse("INSERT INTO account VALUES ('1', 'bad', NULL), ('2', 'Bob', '1')");
    await p.apply([], 5);
    expect(await p.summary()).toEqual({ rejected: 1, known_rejected: 1 });
    await p.apply([], 5);
    expect(await p.summary()).toEqual({ known_rejected: 2 });
    await p.warehouse("UPDATE account SET name = 'good' WHERE id = '1'");
    await p.apply();
    expect(await tree(p)).toEqual([
      ['1', null],
      ['2', '1'],
    ]);
    expect(await p.summary()).toEqual({ unchanged: 2 });
  });

  test('what only a second pass writes is shown, checked and counted like any other change', async () => {
    await using p = await project(TREE);
    await p.warehouse("INSERT INTO account VALUES ('1', 'Ada', NULL)");
    await p.apply();
    await p.warehouse("INSERT INTO account VALUES ('2', 'Bob', NULL)", "UPDATE account SET parent = '2' WHERE id = '1'");
    const check = { name: 'nobody moves', sql: "select key from changes where action = 'update' and list_contains(fields, 'Parent')" };
    await p.sync({ ...SELF, checks: [check] });
    const sync = planOf(await p.plan([], 3));
    expect(sync).toMatchObject({ fields: { Parent: 1 }, checks: [{ ok: false, violations: 1 }] });
    expect(sync.samples.map(({ action, key, reason, fields }) => [action, ...key, reason, ...fields.map(({ field }) => field)])).toEqual([
      ['create', '2', 'new', 'Name', 'Parent'],
      ['update', '1', 'update', 'Parent'],
    ]);
    await p.sync(SELF);
    expect(nonZero((await p.apply()).summary)).toEqual({ applied: 2 });
    expect(await tree(p)).toEqual([
      ['1', '2'],
      ['2', null],
    ]);
  });

  test('a record refused in the first pass is a known reject afterwards', async () => {
    await using p = await project({
      ...TREE,
      crm: ["CREATE TABLE Account (Row_Id INTEGER, Id VARCHAR UNIQUE, Name VARCHAR CHECK (Name <> 'bad'), Parent VARCHAR)"],
      sync: { fields: { Name: 'name', Parent: { reference: { object: 'Account', key: 'Id' }, column: 'parent' } } },
    });
    await p.warehouse("INSERT INTO account VALUES ('1', 'bad', '2'), ('2', 'Bob', NULL)");
    await p.apply([], 5);
    expect(await p.summary()).toEqual({ unchanged: 1, known_rejected: 1 });
  });

  test('a target that exists needs no second pass', async () => {
    await using p = await project(TREE);
    await p.warehouse("INSERT INTO account VALUES ('1', 'Ada', NULL)");
    await p.apply();
    await p.warehouse("INSERT INTO account VALUES ('2', 'Bob', '1')");
    expect(await p.planText()).not.toMatch(/known after apply/);
    await p.apply();
    expect(await tree(p)).toEqual([
      ['1', null],
      ['2', '1'],
    ]);
  });
});

test('references between syncs in a circle are an error that names them', async () => {
  await using p = await shop({
    plans: { fields: { Title: 'title', Owner: { reference: { object: 'Account', key: 'Id' }, column: 'title' } } },
  });
  const ran = await p.run(['plan']);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/accounts.*z-plans|z-plans.*accounts/s);
});

test('a sync whose parents are blocked is blocked, too', async () => {
  await using p = await shop({ plans: { guards: { creates: { max: 0 } } } });
  await p.warehouse("INSERT INTO plan VALUES ('T', 'Team')", "INSERT INTO account VALUES ('1', 'Ada', 'T')");
  const document = await p.plan([], 3);
  expect(planOf(document).blocked).toMatchObject([{ kind: 'dependency' }]);
  await p.apply([], 3);
  expect(await accounts(p)).toEqual([]);
});
