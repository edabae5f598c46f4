/** What is written to an org, and what the org makes of it. */
import { describe, expect, test } from 'vitest';

import { type Account, nonZero, resultOf } from '../support/project.ts';
import { liveRecords } from '../support/salesforce.ts';
import { accounts, KEY, orgProject, type OrgProject, said, settledOrg, SYNC, type Yaml } from './org.ts';

const ADA: Account = ['1', 'Ada', 'Team', 5];
const BOB: Account = ['2', 'Bob', 'Team', 6];

describe('an org that makes something else of what it is sent', () => {
  const shouting = async (): Promise<OrgProject> => {
    const o = await orgProject({ source: [ADA, BOB] });
    o.sandbox.org.onWrite('Account', ({ Name }) => ({ Name: Name?.toUpperCase() ?? null }));
    const applied = await o.p.run(['apply', '--yes']);
    expect(said(applied)).toContain('the destination normalises Name (2 records)');
    return o;
  };

  test('a workflow that rewrites a field is seen once, named, and left alone', async () => {
    await using o = await shouting();
    expect(accounts(o).map((record) => record['Name'])).toEqual(['ADA', 'BOB']);
    expect(await o.p.summary(['--refresh', 'all'])).toEqual({ unchanged: 2 });
    o.sandbox.calls.reset();
    await o.p.apply(['--refresh', 'all']);
    expect(o.sandbox.calls.of('collections')).toBe(0);
  });

  test('a new value of the source is written nevertheless', async () => {
    await using o = await shouting();
    await o.p.source(['1', 'Ada L', 'Team', 5], BOB);
    expect(nonZero((await o.p.apply()).summary)).toEqual({ applied: 1 });
    expect(accounts(o)[0]).toMatchObject({ Name: 'ADA L' });
    expect(await o.p.summary(['--refresh', 'all'])).toEqual({ unchanged: 2 });
  });

  test('another writer who keeps changing the field is drift, as the sync says, and no fight', async () => {
    await using o = await shouting();
    const [ada] = o.sandbox.org.find('Account', 'External_Id__c', '1');
    for (const name of ['ADA!', 'ADA!!']) {
      o.sandbox.org.update('Account', ada?.id ?? '', { Name: name });
      await o.p.sync({ destination: { connection: 'crm', object: 'Account', key: 'External_Id__c' }, fields: { Name: 'name', Plan__c: 'plan', Seats__c: 'seats' }, on_drift: 'keep' }); // prettier-ignore
      expect(await o.p.summary(['--refresh', 'all'])).toEqual({ unchanged: 1, held: 1, drift: 1 });
      await o.p.apply(['--refresh', 'all'], 5);
    }
    expect(accounts(o)[0]).toMatchObject({ Name: 'ADA!!' });
  });
});

test('a page in the place of the reply to a write: nobody says that nothing was written', async () => {
  await using o = await orgProject({ source: [ADA, BOB] });
  o.sandbox.faults.add({ on: 'collections', do: 'html', when: 'after' });
  expect(nonZero((await o.p.apply()).summary)).toEqual({ applied: 2 }); // looked up
  expect(o.sandbox.calls.of('collections')).toBe(1);
  expect(await o.p.summary()).toEqual({ unchanged: 2, unverified: 2 });
});

describe('headers of writes', () => {
  const headersOf = (o: OrgProject): Readonly<Record<string, string>> =>
    o.sandbox.calls.recent.findLast((call) => call.kind === 'collections')?.headers ?? {};

  test('assignment rules do not run, and duplicate rules do', async () => {
    await using o = await orgProject({ source: [ADA] });
    const queue = o.sandbox.org.addUser({ username: 'queue@acme.example', name: 'Queue' });
    o.sandbox.org.assignTo('Account', queue.id);
    o.sandbox.org.addDuplicateRule('Account', ['Name']);
    await o.p.apply();
    expect(accounts(o, 'OwnerId')[0]?.['OwnerId']).toBe(o.sandbox.org.user.id);
    expect(headersOf(o)['sforce-auto-assign']).toMatch(/^false$/i);
    await o.p.source(ADA, ['2', 'Ada', 'Team', 5]);
    const applied = await o.p.apply([], 5);
    expect(resultOf(applied).rejects.map((group) => group.code)).toEqual(['DUPLICATES_DETECTED']);
  });

  test('unless the connection says so', async () => {
    await using o = await orgProject({ source: [ADA, ['2', 'Ada', 'Team', 5]], connection: { assign: true, allow_duplicates: true } });
    const queue = o.sandbox.org.addUser({ username: 'queue@acme.example', name: 'Queue' });
    o.sandbox.org.assignTo('Account', queue.id);
    o.sandbox.org.addDuplicateRule('Account', ['Name']);
    await o.p.apply();
    expect(accounts(o, 'OwnerId').map((record) => record['OwnerId'])).toEqual([queue.id, queue.id]);
  });

  test('or the sync, which goes before the connection; both sign in once', async () => {
    const destination = { connection: 'crm', object: 'Account', key: 'External_Id__c', assign: true, collection_size: 1 };
    await using o = await orgProject({ source: [ADA, BOB], sync: { destination }, connection: { assign: false, collection_size: 50 } });
    const queue = o.sandbox.org.addUser({ username: 'queue@acme.example', name: 'Queue' });
    o.sandbox.org.assignTo('Account', queue.id);
    expect((await o.p.run(['plan', '--out', 'plan.duckdb'])).code).toBe(0);
    o.sandbox.calls.reset();
    await o.p.apply(['plan.duckdb']);
    expect(accounts(o, 'OwnerId').map((record) => record['OwnerId'])).toEqual([queue.id, queue.id]);
    expect(o.sandbox.calls.of('collections')).toBe(2);
    await o.p.sync({ ...SYNC, destination: { ...destination, collection_size: 201, api_budget: '5%' } });
    const refused = said(await o.p.run(['validate']));
    expect(refused).toMatch(/destination.collection_size/);
    expect(refused).toMatch(/destination: unknown key "api_budget"/);
  });

  test('an assignment rule goes by its id, in requests and in jobs', async () => {
    const rule = '01QB00000000001AAA';
    await using o = await orgProject({ source: [ADA], connection: { assign: rule } });
    const queue = o.sandbox.org.addUser({ username: 'queue@acme.example', name: 'Queue' });
    o.sandbox.org.assignTo('Account', queue.id, rule);
    await o.p.apply();
    expect(headersOf(o)['sforce-auto-assign']).toBe(rule);
    await o.p.sync({ ...SYNC, destination: { connection: 'crm', object: 'Account', key: 'External_Id__c', bulk_from: 1 } });
    await o.p.source(ADA, BOB);
    await o.p.apply();
    expect(accounts(o, 'OwnerId').map((record) => record['OwnerId'])).toEqual([queue.id, queue.id]);
  });
});

describe('creates', () => {
  test('a record that somebody made since the plan is held, not overwritten', async () => {
    await using o = await orgProject({ source: [ADA, BOB] });
    expect((await o.p.run(['plan', '--out', 'plan.duckdb'])).code).toBe(0);
    o.sandbox.org.insert('Account', { External_Id__c: '1', Name: 'Theirs' });
    expect(nonZero((await o.p.apply(['plan.duckdb'], 5)).summary)).toEqual({ applied: 1, held: 1 });
    expect(accounts(o).map((record) => record['Name'])).toEqual(['Theirs', 'Bob']);
  });

  test('one that is made while the batch is on its way is reported', async () => {
    await using o = await orgProject({ source: [ADA, BOB] });
    o.sandbox.faults.add({
      on: 'collections',
      do: 'call',
      when: 'before',
      then: () => void o.sandbox.org.insert('Account', { External_Id__c: '1', Name: 'Theirs' }),
    });
    const ran = await o.p.run(['apply', '--yes']);
    expect(said(ran)).toMatch(/existed/);
    expect(accounts(o)).toHaveLength(2);
    expect(await o.p.summary(['--refresh', 'all'])).toEqual({ unchanged: 2 });
  });
});

describe('a key that means another record since the plan', () => {
  test.each(['update', 'delete'])('is held, and the record of the plan is left alone: %s', async (action) => {
    await using o = await settledOrg({
      source: [ADA, BOB],
      sync: { on_missing: 'delete', guards: { deletes: { max: null, percent: null } } },
    });
    await o.p.source(...(action === 'delete' ? [] : [['1', 'Ada', 'Scale', 5] as Account]), BOB);
    expect((await o.p.run(['plan', '--out', 'plan.duckdb'])).code).toBe(0);
    const [ada] = o.sandbox.org.find('Account', 'External_Id__c', '1');
    o.sandbox.org.update('Account', ada?.id ?? '', { External_Id__c: '9' });
    o.sandbox.org.insert('Account', { External_Id__c: '1', Name: 'Ada', Plan__c: 'Team', Seats__c: 5 });
    expect(nonZero((await o.p.apply(['plan.duckdb'], 5)).summary)).toEqual({ held: 1 });
    expect(accounts(o).map((record) => [record['External_Id__c'], record['Plan__c']])).toEqual([
      ['1', 'Team'],
      ['2', 'Team'],
      ['9', 'Team'],
    ]);
  });

  test('is held when several records have it', async () => {
    const objects = { Account: { fields: { Loose__c: { type: 'string', length: 40, externalId: true } } } } as const;
    const sync = { destination: { connection: 'crm', object: 'Account', key: 'Loose__c' }, fields: { Name: 'name', Plan__c: 'plan' } };
    await using o = await settledOrg({ source: [ADA], objects, sync });
    await o.p.source(['1', 'Ada', 'Scale', 5]);
    expect((await o.p.run(['plan', '--out', 'plan.duckdb'])).code).toBe(0);
    o.sandbox.org.insert('Account', { Loose__c: '1', Name: 'Ada', Plan__c: 'Team' });
    const ran = await o.p.run(['apply', 'plan.duckdb']);
    expect(said(ran)).toContain('1 held');
    expect(accounts(o).map((record) => record['Plan__c'])).toEqual(['Team', 'Team']);
  });
});

test('a record that was deleted is made anew with its reference to another new one of the same object', async () => {
  const fields = { Name: 'name', ParentId: { reference: { object: 'Account', key: 'External_Id__c' }, column: 'plan' } };
  await using o = await settledOrg({ source: [['1', 'Ada', null, 0], ['2', 'Bob', '1', 0]], sync: { fields } }); // prettier-ignore
  for (const { id } of [...o.sandbox.org.records('Account')]) o.sandbox.org.remove('Account', id);
  expect(nonZero((await o.p.apply(['--refresh', 'all'])).summary)).toEqual({ applied: 2 });
  const [ada, bob] = accounts(o, 'Id', 'ParentId');
  expect(bob?.['ParentId']).toBe(ada?.['Id']);
});

describe('deletes', () => {
  test('nothing is deleted unless the sync says so; then records go to the bin', async () => {
    await using o = await settledOrg({ source: [ADA, BOB] });
    await o.p.source(ADA);
    await o.p.apply();
    expect(accounts(o)).toHaveLength(2);
    await o.p.sync({ destination: { connection: 'crm', object: 'Account', key: 'External_Id__c' }, fields: { Name: 'name', Plan__c: 'plan', Seats__c: 'seats' }, on_missing: 'delete' }); // prettier-ignore
    await o.p.source(ADA, BOB);
    await o.p.apply();
    await o.p.source(ADA);
    expect(await o.p.summary()).toMatchObject({ delete: 1 });
    await o.p.apply();
    expect(accounts(o)).toHaveLength(1);
    expect([...o.sandbox.org.records('Account')].filter((record) => record.isDeleted)).toHaveLength(1);
  });
});

describe('references', () => {
  const CONTACTS: Yaml = {
    name: 'contacts',
    source: { connection: 'warehouse', query: 'select * from contact', key: 'id' },
    destination: { connection: 'crm', object: 'Contact', key: 'Code__c' },
    fields: { LastName: 'name', AccountId: { reference: { object: 'Account', key: 'External_Id__c' }, column: 'account' } },
  };
  const TASKS: Yaml = {
    name: 'tasks',
    source: { connection: 'warehouse', query: 'select * from task', key: 'id' },
    destination: { connection: 'crm', object: 'Task', key: 'Code__c' },
    fields: {
      Subject: 'subject',
      WhoId: { reference: { object: 'Contact', key: 'Code__c' }, column: 'who' },
      WhatId: { reference: { object: 'Account', key: 'External_Id__c' }, column: 'what' },
    },
  };
  const family = async (): Promise<OrgProject> =>
    orgProject({
      warehouse: [
        'CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats INTEGER)',
        "INSERT INTO account VALUES ('1', 'Ada', 'Team', 5), ('2', 'Bob', 'Team', 6)",
        "CREATE TABLE contact AS SELECT * FROM (VALUES ('c1', 'Lovelace', '1'), ('c2', 'Ross', '2')) AS t(id, name, account)",
        "CREATE TABLE task AS SELECT * FROM (VALUES ('t1', 'Call', 'c1', '2'), ('t2', 'Write', NULL, '1')) AS t(id, subject, who, what)",
      ],
      objects: { Contact: { fields: { Code__c: KEY } }, Task: { fields: { Code__c: KEY } } },
      sync: [{}, CONTACTS, TASKS],
    });

  test('of one object and of several; parents that the same plan makes', async () => {
    await using o = await family();
    expect(await o.p.planText()).toContain('(known after apply)');
    expect(nonZero((await o.p.apply()).summary)).toEqual({ applied: 6 });
    const [ada, bob] = accounts(o, 'Id').map((record) => record['Id']);
    expect(liveRecords(o.sandbox, 'Contact', ['Code__c', 'AccountId']).map((record) => record['AccountId'])).toEqual([ada, bob]);
    const [lovelace] = liveRecords(o.sandbox, 'Contact', ['Code__c', 'Id']);
    const tasks = liveRecords(o.sandbox, 'Task', ['Code__c', 'WhoId', 'WhatId']);
    expect(tasks.map(({ WhoId, WhatId }) => [WhoId, WhatId])).toEqual([[lovelace?.['Id'], bob], [null, ada]]); // prettier-ignore
    expect(await o.p.summary(['--refresh', 'all'])).toEqual({ unchanged: 6 });
  });

  test('change, are emptied, and name what does not exist', async () => {
    await using o = await family();
    await o.p.apply();
    await o.p.warehouse(
      "UPDATE contact SET account = '2' WHERE id = 'c1'",
      "UPDATE contact SET account = 'nobody' WHERE id = 'c2'",
      'UPDATE task SET what = NULL',
    );
    expect(await o.p.planText()).toContain('REFERENCE_NOT_FOUND');
    expect(nonZero((await o.p.apply([], 5)).summary)).toEqual({ applied: 3 });
    const [ada, bob] = accounts(o, 'Id').map((record) => record['Id']);
    expect(liveRecords(o.sandbox, 'Contact', ['Code__c', 'AccountId']).map((record) => record['AccountId'])).toEqual([bob, bob]);
    expect(liveRecords(o.sandbox, 'Task', ['Code__c', 'WhatId']).map((record) => record['WhatId'])).toEqual([null, null]);
    expect(ada).not.toBe(bob);
    expect(await o.p.summary(['--refresh', 'all'])).toEqual({ unchanged: 5, known_rejected: 1 });
  });
});
