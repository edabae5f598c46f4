/** What a plan says of a live org before anything is sent. */
import { describe, expect, test } from 'vitest';

import type { Account } from '../support/project.ts';
import { accounts, KEY, type OrgProject, orgProject, said, settledOrg, type Yaml } from './org.ts';

const ADA: Account = ['1', 'Ada', 'Team', 5];
const BOB: Account = ['2', 'Bob', 'Team', 6];

async function planError(o: OrgProject): Promise<string> {
  const ran = await o.p.run(['plan']);
  expect(ran.code, said(ran)).toBe(1);
  expect(accounts(o)).toEqual([]);
  return said(ran);
}

async function fieldsError(fields: Yaml, more: Yaml = {}): Promise<string> {
  await using o = await orgProject({ source: [ADA], sync: { fields, ...more } });
  return await planError(o);
}

describe('a mapping that cannot work is an error at its line', () => {
  test('a field that is not there: what is near, and that it may be hidden', async () => {
    const text = await fieldsError({ Name: 'name', Plann__c: 'plan' });
    expect(text).toMatch(/syncs\.yaml:\d+:\d+/);
    expect(text).toContain('Plann__c');
    expect(text).toContain('Plan__c');
  });

  test('a field that the user may not see is not said to be missing for all', async () => {
    await using o = await orgProject({ source: [ADA], sandbox: { user: { hidden: ['Account.Plan__c'], username: 'jane@acme.example' } } });
    const text = await planError(o);
    expect(text).toContain('Plan__c');
    expect(text).toContain('not be visible to jane@acme.example');
  });

  test('a computed field, and one that the user may only read', async () => {
    expect(await fieldsError({ Name: 'name', CreatedDate: 'name' })).toContain('CreatedDate');
    await using o = await orgProject({ source: [ADA], sandbox: { user: { readOnly: ['Account.Plan__c'] } } });
    expect(await planError(o)).toContain('Plan__c');
  });

  test('a key that Salesforce cannot look up', async () => {
    const text = await fieldsError({ Plan__c: 'plan' }, { destination: { connection: 'crm', object: 'Account', key: 'Site' } });
    expect(text).toContain('Site');
    expect(text).toContain('External_Id__c');
  });

  test('a required field that nothing is mapped to', async () => {
    expect(await fieldsError({ Plan__c: 'plan' })).toContain('Name');
  });

  test('an object that the user has no access to', async () => {
    await using o = await orgProject({
      source: [ADA],
      objects: { Secret__c: { fields: { Ext__c: KEY } } },
      sync: { destination: { connection: 'crm', object: 'Secret__c', key: 'Ext__c' }, fields: { Name: 'name' } },
      sandbox: { user: { hiddenObjects: ['Secret__c'], username: 'jane@acme.example' } },
    });
    const text = await planError(o);
    expect(text).toContain('Secret__c');
    expect(text).toContain('visible');
  });

  test('on_missing: delete, of an object whose records the user may not delete', async () => {
    await using o = await orgProject({
      source: [ADA],
      objects: { Kept__c: { deletable: false, fields: { Ext__c: KEY } } },
      sync: { destination: { connection: 'crm', object: 'Kept__c', key: 'Ext__c' }, fields: { Name: 'name' }, on_missing: 'delete' },
      sandbox: { user: { username: 'jane@acme.example' } },
    });
    const told = 'cannot be deleted: jane@acme.example has no right to delete Kept__c';
    expect(await planError(o)).toMatch(new RegExp(`syncs\\.yaml:\\d+:\\d+: records of Kept__c ${told}`));
    const doctor = await o.p.run(['doctor']);
    expect(doctor.stdout).toContain(told);
    expect(doctor.code).toBe(1);
  });

  test('a reference to an object that the field does not point at, or by a field that is no key', async () => {
    const objects = { Plan__c: { fields: { Code__c: KEY, Note__c: { type: 'string' } } } } as const;
    const reference = async (of: Yaml): Promise<string> => {
      await using o = await orgProject({
        source: [ADA],
        objects,
        sync: { fields: { Name: 'name', ParentId: { reference: of, column: 'plan' } } },
      });
      return await planError(o);
    };
    expect(await reference({ object: 'Plan__c', key: 'Code__c' })).toMatch(/ParentId[^]*Account/);
    expect(await reference({ object: 'Account', key: 'Site' })).toContain('Site');
  });

  test('a date and time without a zone', async () => {
    await using o = await orgProject({
      warehouse: ["CREATE TABLE account AS SELECT '1' AS id, 'Ada' AS name, TIMESTAMP '2024-05-01 10:00:00' AS seen"],
      objects: { Account: { fields: { Seen__c: { type: 'datetime' } } } },
      sync: { fields: { Name: 'name', Seen__c: 'seen' } },
    });
    const text = await planError(o);
    expect(text).toContain('Seen__c');
    expect(text).toContain('timezone');
  });
});

describe('a row that cannot be stored is a reject of that row', () => {
  const bad: readonly (readonly [string, Account, RegExp])[] = [
    ['a picklist value in another case', ['1', 'Ada', 'team', 5], /Plan__c[^]*Team/],
    ['the label of a picklist value', ['1', 'Ada', 'Made to measure', 5], /Plan__c[^]*Custom/],
    ['a name of 300 characters', ['1', 'x'.repeat(300), 'Team', 5], /Name: 300 characters, the field takes 255/],
    ['null in a required field', ['1', null, 'Team', 5], /Name/],
  ];
  test.each(bad)('%s', async (_name, row, says) => {
    await using o = await orgProject({ source: [row, BOB] });
    const text = await o.p.planText();
    expect(text).toMatch(says);
    await o.p.apply([], 5);
    expect(accounts(o).map((record) => record['External_Id__c'])).toEqual(['2']);
    expect(o.sandbox.calls.of('collections'), 'nothing that the plan knows to be bad is sent').toBe(1);
    expect(await o.p.summary()).toMatchObject({ known_rejected: 1 });
  });

  test('255 characters of any kind fit', async () => {
    await using o = await orgProject({ source: [['1', '👩‍🚀'.repeat(85), 'Team', 5], ['2', '漢'.repeat(255), 'Team', 5]] }); // prettier-ignore
    await o.p.apply();
    expect(accounts(o)).toHaveLength(2);
  });
});

describe('records that share a key', () => {
  test('an external id that is not unique is a key with a warning', async () => {
    await using o = await orgProject({ source: [ADA], objects: { Account: { fields: { External_Id__c: { ...KEY, unique: false } } } } });
    const planned = await o.p.run(['plan']);
    expect(planned.code).toBe(0);
    expect(said(planned)).toMatch(/External_Id__c[^]*unique/i);
    await o.p.apply();
    expect(accounts(o)).toHaveLength(1);
  });

  test('two live records with the same external id are touched by nobody', async () => {
    await using o = await orgProject({
      source: [ADA, BOB],
      objects: { Account: { fields: { External_Id__c: { ...KEY, unique: false } } } },
    });
    for (const name of ['one', 'two']) o.sandbox.org.insert('Account', { External_Id__c: '1', Name: name });
    expect(await o.p.summary()).toMatchObject({ create: 1, rejected: 1 });
    expect(await o.p.planText()).toMatch(/AMBIGUOUS/i);
    await o.p.apply([], 5);
    expect(accounts(o).map((record) => record['Name'])).toEqual(expect.arrayContaining(['one', 'two', 'Bob']));
    expect(accounts(o)).toHaveLength(3);
  });

  test('keys that differ only in case are one record where the field says so', async () => {
    await using o = await orgProject({ source: [['a1', 'Ada', 'Team', 5]], objects: { Account: { fields: { External_Id__c: { ...KEY, caseSensitive: false } } } } }); // prettier-ignore
    o.sandbox.org.insert('Account', { External_Id__c: 'A1', Name: 'Ada', Plan__c: 'Team', Seats__c: 5 });
    expect(await o.p.summary()).toEqual({ adopt: 1, unchanged: 1 });
    await o.p.apply();
    expect((await o.p.run(['state', 'show', 'accounts', 'A1'])).stdout).toContain('a1: adopted');
    await o.p.source(['a1', 'Ada', 'Scale', 5], ['A1', 'Eve', 'Team', 5]);
    expect(await o.p.summary()).toMatchObject({ rejected: 2 });
  });
});

describe('deleted and merged records', () => {
  test('a record in the bin is gone, and made again', async () => {
    await using o = await settledOrg({ source: [ADA, BOB] });
    for (const { id } of o.sandbox.org.find('Account', 'External_Id__c', '1')) o.sandbox.org.remove('Account', id);
    expect(await o.p.summary(['--refresh', 'all'])).toMatchObject({ create: 1, drift: 1 });
    await o.p.apply(['--refresh', 'all']);
    expect(accounts(o)).toHaveLength(2);
    expect(await o.p.summary(['--refresh', 'all'])).toEqual({ unchanged: 2 });
  });

  test('the loser of a merge is found no more', async () => {
    await using o = await settledOrg({ source: [ADA, BOB], sync: { on_drift: 'keep' } });
    const [one, two] = ['1', '2'].map((key) => o.sandbox.org.find('Account', 'External_Id__c', key)[0]?.id ?? '');
    o.sandbox.org.merge('Account', one ?? '', two ?? '');
    expect(await o.p.summary(['--refresh', 'all'])).toMatchObject({ held: 1, drift: 1 });
  });
});
