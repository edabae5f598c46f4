import { describe, expect, it } from 'vitest';

import type { FieldSchema, ObjectSchema } from '../../../src/destinations/destination.ts';
import type { FieldDef } from '../../../src/sandbox/salesforce/schema.ts';
import { Reading } from './reading.ts';

const USER = 'sluice@example.com';

const TYPES: Readonly<Record<string, FieldDef>> = {
  Text__c: { type: 'string', length: 40 },
  Mail__c: { type: 'email' },
  Flag__c: { type: 'boolean' },
  Few__c: { type: 'int', digits: 3 },
  Int__c: { type: 'int' },
  Amount__c: { type: 'currency', precision: 18, scale: 2 },
  Day__c: { type: 'date' },
  At__c: { type: 'datetime' },
  Time__c: { type: 'time' },
  Kinds__c: { type: 'multipicklist', values: ['a', 'b'], restrictedPicklist: true },
  Open__c: { type: 'picklist', values: ['a'] },
  Stage__c: {
    type: 'picklist',
    restrictedPicklist: true,
    values: [{ value: 'won', label: 'Closed Won' }, { value: 'old', active: false }, 'lost'],
  },
  Secret__c: { type: 'encryptedstring', length: 100 },
  Master__c: { type: 'reference', referenceTo: ['Account'], relationshipName: 'Master__r', nillable: false, updateable: false },
  Sum__c: { type: 'double', calculated: true },
  Number__c: { type: 'string', autoNumber: true },
  Loose__c: { type: 'string', length: 20, externalId: true },
  NoEdit__c: { type: 'string', length: 20 },
};

async function described(object: string): Promise<ObjectSchema> {
  await using r = await Reading.open({ Typed__c: TYPES }, { user: { readOnly: ['Typed__c.NoEdit__c'] } });
  return await r.destination.describe(object);
}

function field(schema: ObjectSchema, name: string): FieldSchema | undefined {
  return schema.fields.find((each) => each.name === name);
}

describe('describe', () => {
  it('gives every type of Salesforce the type that its values are compared in', async () => {
    const schema = await described('Typed__c');
    const types = Object.fromEntries(Object.keys(TYPES).map((name) => [name, field(schema, name)?.type]));
    expect(types).toMatchObject({
      Text__c: { kind: 'text' },
      Mail__c: { kind: 'text', lower: true },
      Flag__c: { kind: 'boolean' },
      Few__c: { kind: 'integer', min: '-999', max: '999' },
      Int__c: { kind: 'integer', min: '-2147483648', max: '2147483647' },
      Amount__c: { kind: 'float', bits: 64, digits: 15, whole: 16 },
      Day__c: { kind: 'date' },
      At__c: { kind: 'timestamp', precision: 0, zoned: true },
      Time__c: { kind: 'text', native: 'TIME' },
      Kinds__c: { kind: 'set' },
      Master__c: { kind: 'text', id18: true },
      Loose__c: { kind: 'text', anyCase: true },
    });
    expect(field(schema, 'Ext__c')?.type).toEqual({ kind: 'text' });
    expect(field(schema, 'Text__c')).toMatchObject({ nativeType: 'string(40)', maxLength: 40, nullable: true });
    expect(field(schema, 'Flag__c')).toMatchObject({ nullable: false, hasDefault: true, nullAs: 'false' });
    expect(field(schema, 'Amount__c')?.nativeType).toBe('currency(18, 2)');
    expect(field(schema, 'Secret__c')?.readable).toBe(false);
  });

  it('says which values a picklist takes, and what people see instead', async () => {
    const schema = await described('Typed__c');
    expect(field(schema, 'Stage__c')).toMatchObject({ allowed: ['won', 'lost'], labels: { 'Closed Won': 'won' } });
    expect(field(schema, 'Kinds__c')?.allowed).toEqual(['a', 'b']);
    expect(field(schema, 'Open__c')?.allowed).toBeUndefined();
  });

  it('says why a field cannot be written', async () => {
    const schema = await described('Typed__c');
    expect(field(schema, 'Sum__c')).toMatchObject({ creatable: false, updatable: false, reason: 'it is a formula' });
    expect(field(schema, 'Number__c')).toMatchObject({ creatable: false, reason: 'it is numbered by the org' });
    expect(field(schema, 'Id')).toMatchObject({ creatable: false, reason: 'it is given by the org' });
    expect(field(schema, 'NoEdit__c')?.reason).toBe(`the org keeps it itself, or ${USER} has no right to edit it`);
    expect(field(schema, 'Master__c')).toMatchObject({ creatable: true, updatable: false });
    expect(field(schema, 'Master__c')?.reason).toBe('it keeps the value that the record was created with');
    const contact = await described('Contact');
    expect(field(contact, 'MailingAddress')).toMatchObject({ creatable: false, readable: false });
    expect(field(contact, 'MailingAddress')?.reason).toContain('map MailingStreet, MailingCity');
    expect(field(contact, 'Name')?.reason).toContain('LastName');
  });

  it('lists a reference by both of its names, and where it may point', async () => {
    const schema = await described('Typed__c');
    expect(field(schema, 'Master__r')).toEqual({ ...field(schema, 'Master__c'), name: 'Master__r', sameAs: 'Master__c' });
    expect(field(schema, 'Master__c')?.referenceTo).toEqual(['Account']);
    expect(field(schema, 'Text__c')?.referenceTo).toEqual([]);
    expect(field(await described('Task'), 'WhatId')?.referenceTo?.length).toBeGreaterThan(1);
  });

  it('tells keys that are unique from those that are not', async () => {
    const schema = await described('Typed__c');
    expect(schema.uniqueKeys).toEqual(expect.arrayContaining([['Id'], ['Ext__c']]));
    expect(schema.looseKeys).toContain('Loose__c');
    expect(schema.uniqueKeys.flat()).not.toContain('Loose__c');
    expect((await described('Contact')).looseKeys).toContain('Email');
    expect(schema.hiddenHint).toContain(USER);
  });

  it('is asked of the org once', async () => {
    await using r = await Reading.open();
    await r.destination.describe('Account');
    await r.destination.describe('Account');
    await r.read('Account', [], ['x'], 'External_ID__c');
    expect(r.sandbox.calls.of('describe')).toBe(1);
  });

  it('is asked again after it failed', async () => {
    await using r = await Reading.open();
    r.sandbox.faults.add({ on: 'describe', do: 'status', status: 400, code: 'UNKNOWN_EXCEPTION' });
    await expect(r.destination.describe('Account')).rejects.toThrow();
    expect((await r.destination.describe('Account')).object).toBe('Account');
  });

  it.each([
    ['Acount', 'Did you mean "Account"?'],
    ['account', 'Did you mean "Account"?'],
    ['Hidden__c', `It may exist and not be visible to ${USER}.`],
    ['Nothing/../Like This', 'Names of custom objects end in __c.'],
  ])('an object that is not there: %s', async (name, hint) => {
    await using r = await Reading.open({ Hidden__c: {} }, { user: { hiddenObjects: ['Hidden__c'] } });
    const error = await r.destination.describe(name).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ problems: [{ message: `the org has no object "${name}"`, hint: expect.stringContaining(hint) }] });
  });

  it('an object that cannot be read is refused, one that cannot be written says so of every field', async () => {
    await using r = await Reading.open();
    r.sandbox.org.define('Log__c', { queryable: false, fields: {} });
    r.sandbox.org.define('Fixed__c', { createable: false, updateable: false, fields: { Ext__c: { type: 'string', externalId: true } } });
    await expect(r.destination.describe('Log__c')).rejects.toThrow(`${USER} may not read records of Log__c`);
    const reason = field(await r.destination.describe('Fixed__c'), 'Ext__c')?.reason;
    expect(reason).toBe(`${USER} may not create records of Fixed__c`);
  });

  it('the org is known by its id, wherever it is reached', async () => {
    await using r = await Reading.open();
    expect(await r.destination.identify()).toBe(`salesforce:${r.sandbox.org.id}`);
  });
});
