import { afterAll, beforeAll, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { ask } from './rest.ts';
import { errorOf } from './shapes.ts';

interface Named {
  readonly name: string;
}

interface Description {
  readonly fields: readonly Named[];
  readonly childRelationships: readonly object[];
}

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    schema: {
      Plan__c: {
        fields: {
          Code__c: { type: 'string', length: 12, externalId: true, unique: true, caseSensitive: true },
          Owner_Account__c: {
            type: 'reference',
            referenceTo: ['Account'],
            relationshipName: 'Owner_Account__r',
            childRelationshipName: 'Plans__r',
          },
          Price__c: { type: 'currency', precision: 10, scale: 2 },
          Total__c: { type: 'double', calculated: true },
        },
      },
      Account: { fields: { Secret__c: { type: 'string' }, Shown__c: { type: 'string' } } },
      Hidden__c: { fields: {} },
    },
    user: { hidden: ['Account.Secret__c'], readOnly: ['Account.Shown__c'], hiddenObjects: ['Hidden__c'] },
  });
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

async function get<T>(path: string): Promise<T> {
  return JSON.parse((await ask(sandbox, 'GET', path)).text) as T;
}

function fieldOf({ fields }: Description, name: string): Named | undefined {
  return fields.find((field) => field.name === name);
}

it('the versions are listed without a session', async () => {
  const versions = (await (await fetch(`${sandbox.url}/services/data`)).json()) as readonly { readonly label: string }[];
  expect(versions.at(-1)).toEqual({ label: "Summer '26", url: '/services/data/v67.0', version: '67.0' });
  expect(versions.slice(-5, -1).map(({ label }) => label)).toEqual(["Spring '25", "Summer '25", "Winter '26", "Spring '26"]);
});

it('the list of objects holds those that the user sees', async () => {
  const { sobjects, maxBatchSize } = await get<{ sobjects: readonly Named[]; maxBatchSize: number }>('/sobjects');
  const names = sobjects.map(({ name }) => name);
  expect(maxBatchSize).toBe(200);
  expect(names).toEqual(expect.arrayContaining(['Account', 'Contact', 'User', 'Plan__c']));
  expect(names).not.toContain('Hidden__c');
  expect(sobjects.find(({ name }) => name === 'Plan__c')).toMatchObject({
    custom: true,
    label: 'Plan',
    keyPrefix: 'a01',
    queryable: true,
  });
});

it('a custom object has the system fields, and its own with their defaults', async () => {
  const plan = await get<Description>('/sobjects/Plan__c/describe');
  expect(plan.fields.slice(0, 5).map(({ name }) => name)).toEqual(['Id', 'OwnerId', 'IsDeleted', 'CreatedDate', 'CreatedById']);
  expect(fieldOf(plan, 'Code__c')).toMatchObject({ externalId: true, idLookup: true, unique: true, nillable: true, createable: true, length: 12, soapType: 'xsd:string' }); // prettier-ignore
  expect(fieldOf(plan, 'Price__c')).toMatchObject({ precision: 10, scale: 2, soapType: 'xsd:double' });
  expect(fieldOf(plan, 'Total__c')).toMatchObject({ createable: false, updateable: false, calculated: true });
});

it('an object names the relationships that point to it', async () => {
  const { childRelationships } = await get<Description>('/sobjects/Account/describe');
  expect(childRelationships).toContainEqual(
    expect.objectContaining({ childSObject: 'Plan__c', field: 'Owner_Account__c', relationshipName: 'Plans__r' }),
  );
  expect(childRelationships).toContainEqual(
    expect.objectContaining({ childSObject: 'Contact', field: 'AccountId', relationshipName: 'Contacts' }),
  );
});

it('a field that the user cannot see does not exist for them, and one that is read-only cannot be written', async () => {
  const description = await get<Description>('/sobjects/Account/describe');
  expect(fieldOf(description, 'Secret__c')).toBeUndefined();
  expect(fieldOf(description, 'Shown__c')).toMatchObject({ createable: false, updateable: false });
  expect((await ask(sandbox, 'GET', '/sobjects/Hidden__c/describe')).status).toBe(404);
  const id = sandbox.org.insert('Account', { Name: 'n', Secret__c: 's', Shown__c: 't' });
  const record = await get<Readonly<Record<string, unknown>>>(`/sobjects/Account/${id}`);
  expect([record['Secret__c'], record['Shown__c']]).toEqual([undefined, 't']);
  const write = async (values: object): Promise<unknown> => errorOf((await ask(sandbox, 'PATCH', `/sobjects/Account/${id}`, { body: JSON.stringify(values) })).text); // prettier-ignore
  expect(await write({ Secret__c: 'x' })).toMatchObject({
    errorCode: 'INVALID_FIELD',
    message: "No such column 'Secret__c' on sobject of type Account",
  });
  expect(await write({ Shown__c: 'x' })).toMatchObject({ errorCode: 'INVALID_FIELD_FOR_INSERT_UPDATE', fields: ['Shown__c'] });
});
