import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { type Answer, ask } from './rest.ts';
import { codes, errorOf, type RowResult } from './shapes.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({
    schema: {
      Account: { fields: { Code__c: { type: 'string', length: 20, externalId: true, label: 'Code' } } },
      Contact: { fields: { Colours__c: { type: 'multipicklist', values: ['Red', 'Green', 'Blue'], restrictedPicklist: true } } },
    },
  });
});
afterEach(async () => sandbox[Symbol.asyncDispose]());

type Row = Readonly<Record<string, unknown>>;

interface Sending {
  readonly body?: Row;
  readonly headers?: Readonly<Record<string, string>>;
}

async function post(method: string, path: string, records: readonly Row[], { body, headers }: Sending = {}): Promise<Answer> {
  return ask(sandbox, method, path, { body: JSON.stringify({ allOrNone: false, records, ...body }), headers: headers ?? {} });
}

/** The results of a request that must work. */
async function send(method: string, path: string, records: readonly Row[], sending: Sending = {}): Promise<readonly RowResult[]> {
  const { status, text } = await post(method, path, records, sending);
  if (status !== 200) throw new Error(text);
  return JSON.parse(text) as readonly RowResult[];
}

async function sendOne(method: string, path: string, record: Row, sending: Sending = {}): Promise<RowResult> {
  const [result] = await send(method, path, [record], sending);
  if (result === undefined) throw new Error('no result');
  return result;
}

/** The refusal of a whole request: `400 CODE: message`. */
async function refused(method: string, path: string, records: readonly Row[], sending: Sending = {}): Promise<string> {
  const { status, text } = await post(method, path, records, sending);
  const { errorCode, message } = errorOf(text);
  return `${status} ${errorCode}: ${message}`;
}

function stored(result: RowResult, field: string): string | null | undefined {
  return sandbox.org.record(result.id ?? '')?.get(field);
}

function account(values: Row): Row {
  return { attributes: { type: 'Account' }, ...values };
}

const upsertPath = '/composite/sobjects/Account/External_ID__c';

describe('upsert by an external id', () => {
  it('creates what is new, updates what is known, and answers by position', async () => {
    const first = await sendOne('PATCH', upsertPath, account({ External_ID__c: 'a', Name: 'A' }));
    const second = await send('PATCH', upsertPath, [
      account({ External_ID__c: 'b', Name: 'B' }),
      account({ External_ID__c: 'A', Name: 'A again' }),
      account({ External_ID__c: 'c' }),
    ]);
    const { id } = first;
    expect(first).toEqual({ id, success: true, errors: [], created: true });
    expect(second).toEqual([
      { id: expect.stringMatching(/^001\w{15}$/), success: true, errors: [], created: true },
      { id, success: true, errors: [], created: false },
      {
        success: false,
        errors: [{ statusCode: 'REQUIRED_FIELD_MISSING', message: 'Required fields are missing: [Name]', fields: ['Name'] }],
      },
    ]);
    expect([stored(first, 'Name'), stored(first, 'External_ID__c')]).toEqual(['A again', 'a']);
  });

  it('refuses both rows of a request that have the same key', async () => {
    const results = await send('PATCH', upsertPath, [
      account({ External_ID__c: 'a', Name: '1' }),
      account({ External_ID__c: 'b', Name: '2' }),
      account({ External_ID__c: 'A', Name: '3' }),
    ]);
    expect(codes(results)).toEqual(['DUPLICATE_VALUE', 'fine', 'DUPLICATE_VALUE']);
  });

  it('refuses a key that several records have, and names them', async () => {
    const ids = ['x', 'X'].map((code) => sandbox.org.insert('Account', { Name: 'n', Code__c: code }));
    const result = await sendOne('PATCH', '/composite/sobjects/Account/Code__c', account({ Code__c: 'x', Name: 'n' }));
    expect(result.errors[0]).toMatchObject({
      statusCode: 'DUPLICATE_EXTERNAL_ID',
      message: expect.stringContaining(`[${ids.join(', ')}]`),
    });
  });

  it('refuses a field that is no key', async () => {
    const row = account({ Industry: 'x', Name: 'n' });
    expect(await refused('PATCH', '/composite/sobjects/Account/Industry', [row])).toMatch(/^400 INVALID_FIELD: .*Industry does not match/);
  });

  it('points to parents by their keys, also where the parent may be of several objects', async () => {
    const parent = sandbox.org.insert('Account', { Name: 'Parent', External_ID__c: 'p' });
    const contact = sandbox.org.insert('Contact', { LastName: 'Who', External_ID__c: 'w' });
    const child = await sendOne('POST', '/composite/sobjects', account({ Name: 'Child', Parent: { External_ID__c: 'P' } }));
    expect(stored(child, 'ParentId')).toBe(parent);
    const task = { attributes: { type: 'Task' }, Subject: 'Call', Who: { attributes: { type: 'Contact' }, External_ID__c: 'w' } };
    const [written, dangling] = await send('POST', '/composite/sobjects', [
      task,
      { attributes: { type: 'Task' }, Who: { attributes: { type: 'Lead' }, External_ID__c: 'w' } },
    ]);
    expect(stored(written!, 'WhoId')).toBe(contact);
    expect(dangling!.errors).toEqual([
      { statusCode: 'INVALID_FIELD', message: 'Foreign key external ID: w not found for field External_ID__c in entity Lead', fields: [] },
    ]);
  });
});

describe('create, update and delete', () => {
  it('take their ids in 15 characters, too, and answer in 18', async () => {
    const id = sandbox.org.insert('Account', { Name: 'A' });
    const updated = await sendOne('PATCH', '/composite/sobjects', account({ id: id.slice(0, 15), Name: 'B' }));
    expect(updated).toEqual({ id, success: true, errors: [] });
    expect(stored(updated, 'Name')).toBe('B');
    const gone = await ask(sandbox, 'DELETE', `/composite/sobjects?ids=${id.slice(0, 15)},001000000000000AAA,nonsense`);
    const results = JSON.parse(gone.text) as readonly RowResult[];
    expect(results.map(({ id: own, errors }) => own ?? errors[0]?.statusCode)).toEqual([id, 'INVALID_CROSS_REFERENCE_KEY', 'MALFORMED_ID']);
    expect(sandbox.org.record(id)?.isDeleted).toBe(true);
  });

  it('know deleted records as such', async () => {
    const id = sandbox.org.insert('Account', { Name: 'A', External_ID__c: 'a' });
    sandbox.org.remove('Account', id);
    const updated = await sendOne('PATCH', '/composite/sobjects', account({ id, Name: 'B' }));
    expect(updated.errors).toEqual([{ statusCode: 'ENTITY_IS_DELETED', message: 'entity is deleted', fields: [] }]);
    const child = await sendOne('POST', '/composite/sobjects', account({ Name: 'C', ParentId: id }));
    expect(codes([child])).toEqual(['ENTITY_IS_DELETED']);
    sandbox.org.binHoldsKeys = true;
    expect(codes([await sendOne('PATCH', upsertPath, account({ External_ID__c: 'a', Name: 'Again' }))])).toEqual(['ENTITY_IS_DELETED']);
    sandbox.org.binHoldsKeys = false;
    const again = await sendOne('PATCH', upsertPath, account({ External_ID__c: 'a', Name: 'Again' }));
    expect(again).toMatchObject({ success: true, created: true });
  });

  it('keep unique values unique', async () => {
    const id = sandbox.org.insert('Account', { Name: 'A', External_ID__c: 'a' });
    const result = await sendOne('POST', '/composite/sobjects', account({ Name: 'B', External_ID__c: 'A' }));
    expect(result.errors).toEqual([
      {
        statusCode: 'DUPLICATE_VALUE',
        message: `duplicate value found: External_ID__c duplicates value on record with id: ${id}`,
        fields: [],
      },
    ]);
  });

  it('undo everything when one row fails and the request says so', async () => {
    const id = sandbox.org.insert('Account', { Name: 'A', External_ID__c: 'a' });
    const rows = [
      account({ External_ID__c: 'a', Name: 'B' }),
      account({ External_ID__c: 'b', Name: 'B' }),
      account({ External_ID__c: 'c' }),
    ];
    const results = await send('PATCH', upsertPath, rows, { body: { allOrNone: true } });
    expect(codes(results)).toEqual(['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'ALL_OR_NONE_OPERATION_ROLLED_BACK', 'REQUIRED_FIELD_MISSING']);
    expect(sandbox.org.record(id)?.get('Name')).toBe('A');
    expect([sandbox.org.count('Account'), sandbox.org.find('Account', 'External_ID__c', 'b')]).toEqual([1, []]);
  });

  it('may be of several objects in one request', async () => {
    const results = await send('POST', '/composite/sobjects', [
      { attributes: { type: 'Contact' }, LastName: 'L' },
      account({ Name: 'A' }),
      { attributes: { type: 'Contact' } },
    ]);
    expect(results.map(({ id, errors }) => id?.slice(0, 3) ?? errors[0]?.fields)).toEqual(['003', '001', ['LastName']]);
  });
});

describe('a row is refused with the code of Salesforce', () => {
  const cases: readonly (readonly [string, string, Row, string, string])[] = [
    ['a text that is too long', 'Account', { Name: 'x'.repeat(256) }, 'STRING_TOO_LONG', `Account Name: data value too large: ${'x'.repeat(256)} (max length=255)`], // prettier-ignore
    ['a choice that is not among them', 'Contact', { LastName: 'L', Colours__c: 'Red;red' }, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', 'Colours: bad value for restricted picklist field: red'], // prettier-ignore
    ['no e-mail address', 'Contact', { LastName: 'L', Email: 'badone' }, 'INVALID_EMAIL_ADDRESS', 'Email: invalid email address: badone'],
    ['a number with too many digits', 'Account', { Name: 'n', NumberOfEmployees: 123456789 }, 'NUMBER_OUTSIDE_VALID_RANGE', 'Employees: value outside of valid range on numeric field: 123456789'], // prettier-ignore
    ['an id of nothing', 'Contact', { LastName: 'L', AccountId: '001000000000000AAA' }, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id'], // prettier-ignore
    ['an id of another object', 'Contact', { LastName: 'L', AccountId: '003000000000000AAA' }, 'FIELD_INTEGRITY_EXCEPTION', 'Account ID: id value of incorrect type: 003000000000000AAA'], // prettier-ignore
    ['no id at all', 'Contact', { LastName: 'L', AccountId: 'acme' }, 'MALFORMED_ID', 'Account ID: id value of incorrect type: acme'],
    ['a field of the system', 'Account', { Name: 'n', CreatedDate: '2020-01-01T00:00:00Z' }, 'INVALID_FIELD_FOR_INSERT_UPDATE', 'Unable to create/update fields: CreatedDate. Please check the security settings of this field and verify that it is read/write for your profile or permission set.'], // prettier-ignore
    ['an id in a create', 'Account', { Id: '001000000000000AAA', Name: 'n' }, 'INVALID_FIELD_FOR_INSERT_UPDATE', 'cannot specify Id in an insert call'], // prettier-ignore
  ];
  it.each(cases)('%s', async (_what, type, values, statusCode, message) => {
    const result = await sendOne('POST', '/composite/sobjects', { attributes: { type }, ...values });
    expect(result).toMatchObject({ success: false, errors: [{ statusCode, message }] });
    expect(result.id).toBeUndefined();
  });
});

describe('the whole request is refused', () => {
  it('for a field that is not there', async () => {
    expect(await refused('POST', '/composite/sobjects', [account({ Name: 'n', Nme: 'x' })])).toBe(
      "400 INVALID_FIELD: No such column 'Nme' on sobject of type Account",
    );
    expect(await refused('POST', '/composite/sobjects', [account({ Name: 'n', Parent: { Nme: 'x' } })])).toBe(
      "400 INVALID_FIELD: No such column 'Nme' on sobject of type Account",
    );
    expect(await refused('POST', '/composite/sobjects', [account({ Name: 'n', Parent: { Industry: 'x' } })])).toMatch(
      /does not match an External ID, Salesforce Id, or indexed field/,
    );
  });

  it('for a value of the wrong JSON type', async () => {
    expect(await refused('POST', '/composite/sobjects', [account({ Name: 5 })])).toMatch(
      /^400 JSON_PARSER_ERROR: Cannot deserialize instance of string from VALUE_NUMBER/,
    );
    expect(await refused('POST', '/composite/sobjects', [account({ Name: 'n', AnnualRevenue: 'a lot' })])).toMatch(
      /JSON_PARSER_ERROR: Cannot deserialize instance of currency/,
    );
    expect(
      await refused('POST', '/composite/sobjects', [{ attributes: { type: 'Contact' }, LastName: 'L', Birthdate: '2023-02-29' }]),
    ).toMatch(/instance of date from VALUE_STRING/);
    expect(sandbox.org.count('Account')).toBe(0);
  });

  it('for more than 200 records, no type, another type, another object, and unknown properties', async () => {
    expect(
      await refused(
        'POST',
        '/composite/sobjects',
        Array.from({ length: 201 }, () => account({ Name: 'n' })),
      ),
    ).toMatch(/^400 EXCEEDED_ID_LIMIT/);
    expect(await refused('POST', '/composite/sobjects', [{ Name: 'n' }])).toMatch(/^400 INVALID_INPUT/);
    expect(await refused('POST', '/composite/sobjects', [{ attributes: { type: 'Nobody__c' } }])).toBe(
      "400 INVALID_TYPE: sObject type 'Nobody__c' is not supported.",
    );
    expect(await refused('POST', '/composite/sobjects', [account({ Name: 'n' })], { body: { dryRun: true } })).toMatch(
      /^400 JSON_PARSER_ERROR: Unrecognized field "dryRun"/,
    );
    expect(await refused('PATCH', upsertPath, [{ attributes: { type: 'Contact' }, External_ID__c: 'a' }])).toMatch(/^400 INVALID_INPUT/);
  });
});

it('collections retrieve records by position, null for what is not there', async () => {
  const [a, b] = ['A', 'B'].map((Name) => sandbox.org.insert('Account', { Name, AnnualRevenue: 12 }));
  sandbox.org.remove('Account', b ?? '');
  const body = JSON.stringify({ ids: [b, a], fields: ['Name', 'AnnualRevenue'] });
  const { text } = await ask(sandbox, 'POST', '/composite/sobjects/Account', { body });
  expect(text).toBe(
    `[null,{"attributes":{"type":"Account","url":"/services/data/v67.0/sobjects/Account/${a}"},"Name":"A","AnnualRevenue":12.0}]`,
  );
  const got = await ask(sandbox, 'GET', `/composite/sobjects/Account?ids=${a}&fields=Name`);
  expect(JSON.parse(got.text)).toMatchObject([{ Name: 'A' }]);
});

describe('headers', () => {
  const create = async (name: string, headers: Record<string, string>): Promise<RowResult> =>
    sendOne('POST', '/composite/sobjects', account({ Name: name }), { headers });

  it('keep assignment rules and duplicate rules from acting', async () => {
    const owner = sandbox.org.addUser({ username: 'owner@example.com' });
    sandbox.org.assignTo('Account', owner.id);
    sandbox.org.addDuplicateRule('Account', ['Name']);
    const [assigned, kept] = [await create('A', {}), await create('B', { 'Sforce-Auto-Assign': 'FALSE' })];
    expect([assigned, kept].map((result) => stored(result, 'OwnerId'))).toEqual([owner.id, sandbox.org.user.id]);
    expect(codes([await create('A', {})])).toEqual(['DUPLICATES_DETECTED']);
    expect((await create('A', { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' })).success).toBe(true);
  });

  it('that nobody knows are refused by name', async () => {
    const sending = { headers: { 'Sforce-Dry-Run': 'true' } };
    expect(await refused('POST', '/composite/sobjects', [account({ Name: 'n' })], sending)).toBe(
      '501 NOT_IN_SANDBOX: The sandbox does not know the header sforce-dry-run.',
    );
  });
});
