import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import type { ObjectDef } from '../../../src/sandbox/salesforce/schema.ts';
import { KEY, orgProject, said, type Yaml } from '../../e2e/org.ts';

const OBJECTS: Readonly<Record<string, ObjectDef>> = {
  Plan__c: { fields: { Code__c: KEY, Note__c: { type: 'string' } } },
  Line__c: {
    fields: {
      Ext__c: KEY,
      Plan__c: { type: 'reference', nillable: false, referenceTo: ['Plan__c'], relationshipName: 'Plan__r' },
    },
  },
  Account: {
    fields: {
      Sum__c: { type: 'double', calculated: true },
      Number__c: { type: 'string', autoNumber: true },
      Fixed__c: { type: 'string', updateable: false },
      Must__c: { type: 'string', nillable: false },
      Plan__c: { type: 'reference', referenceTo: ['Plan__c'], relationshipName: 'Plan__r' },
    },
  },
};

/** The lines of the file that the plan's problems are at, with what they say. */
async function problemsOf(sync: Yaml, user: Readonly<Record<string, unknown>> = {}): Promise<Record<string, string>> {
  await using o = await orgProject({ source: [['1', 'Ada', 'Team', 5]], objects: OBJECTS, sync, sandbox: { user } });
  const ran = await o.p.run(['plan']);
  expect(ran.code, said(ran)).toBe(1);
  const yaml = (await readFile(o.p.file('syncs/syncs.yaml'), 'utf8')).split('\n');
  const found = [...said(ran).matchAll(/syncs\.yaml:(\d+):\d+: (.*)\n(?:\s{4,}(\S.*))?/g)];
  return Object.fromEntries(found.map(([, line, what, hint]) => [(yaml[Number(line) - 1] ?? '').trim(), `${what} / ${hint ?? ''}`]));
}

describe('what describe says comes out at the line of the file', () => {
  it('fields that are not there, or that cannot be written', async () => {
    const problems = await problemsOf(
      {
        fields: {
          Nmae: 'name',
          Sum__c: 'seats',
          Number__c: 'name',
          Fixed__c: 'name',
          BillingAddress: 'name',
          CreatedDate: 'name',
          Site: 'name',
        },
      },
      { readOnly: ['Account.Site'], username: 'jane@acme.example' },
    );
    expect(problems).toEqual({
      'Nmae: name': 'Account has no field "Nmae" / Did you mean "Name"? It may exist and not be visible to jane@acme.example.',
      'Sum__c: seats': 'field "Sum__c" cannot be written: it is a formula / Remove it from `fields`.',
      'Number__c: name': 'field "Number__c" cannot be written: it is numbered by the org / Remove it from `fields`.',
      'Fixed__c: name': expect.stringContaining('field "Fixed__c" cannot be updated: it keeps the value that the record was created with'),
      'BillingAddress: name': expect.stringContaining('it is made of other fields: map BillingStreet, BillingCity'),
      'CreatedDate: name': expect.stringContaining('jane@acme.example has no right to edit it'),
      'Site: name': expect.stringContaining('jane@acme.example has no right to edit it'),
      'fields:': expect.stringContaining('Account requires "Must__c", which the sync does not map'),
    });
  });

  it('keys that Salesforce does not look records up by', async () => {
    const fields = { Name: 'name', Must__c: 'name' };
    const at = async (key: string) => problemsOf({ destination: { connection: 'crm', object: 'Account', key }, fields });
    expect(await at('Site')).toEqual({
      'key: Site': '"Site" cannot be the key of Account: it is not an external id / Records can be looked up by: Id, External_Id__c.',
    });
    expect(await at('Id')).toEqual({ 'key: Id': expect.stringContaining('it is given by the org / Write `mode: update`') });
  });

  it('objects that this user does not see', async () => {
    const problems = await problemsOf({ destination: { connection: 'crm', object: 'Acount', key: 'External_Id__c' } });
    expect(problems).toEqual({ 'object: Acount': expect.stringContaining('the org has no object "Acount" / Did you mean "Account"?') });
  });

  it('a reference goes by two names: it is required once, and mapped once', async () => {
    const destination = { connection: 'crm', object: 'Line__c', key: 'Ext__c' };
    const plan = { reference: { object: 'Plan__c', key: 'Code__c' }, column: 'plan' };
    expect(await problemsOf({ destination, fields: { Name: 'name' } })).toEqual({
      'fields:': expect.stringContaining('Line__c requires "Plan__c", which the sync does not map'),
    });
    expect(await problemsOf({ destination, fields: { Plan__c: plan, Plan__r: structuredClone(plan) } })).toEqual({
      'Plan__r:': '"Plan__c" and "Plan__r" are one field of Line__c / Map one of them.',
    });
    await using o = await orgProject({ source: [], objects: OBJECTS, sync: { destination, fields: { Plan__r: plan } } });
    expect((await o.p.run(['plan'])).code).toBe(0);
  });

  it('references to the wrong object, by a field that is no key, or of a field that is no reference', async () => {
    const to = (object: string, key: string) => ({ reference: { object, key }, column: 'plan' });
    const fields = { Name: 'name', Must__c: 'name', Plan__c: to('Account', 'Name'), Plan__r: to('Plan__c', 'Note__c'), Site: to('Plan__c', 'Code__c'), ParentId: to('Account', 'Exernal_Id__c') }; // prettier-ignore
    const problems = Object.values(await problemsOf({ fields }));
    expect(problems).toEqual(
      expect.arrayContaining([
        'field "Plan__c" does not refer to Account / It refers to: Plan__c.',
        'no Plan__c can be looked up by "Note__c" / Records of Plan__c can be looked up by: Id, Code__c.',
        'field "Site" does not refer to Plan__c / Map it without `reference`.',
      ]),
    );
    expect(problems.join('\n')).toContain('Account has no field "Exernal_Id__c" / Did you mean "External_Id__c"?');
  });
});
