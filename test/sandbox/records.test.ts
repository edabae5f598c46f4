import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { API, ask } from './rest.ts';
import { errorOf, type RowResult } from './shapes.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    schema: { Account: { fields: { Code__c: { type: 'string', externalId: true } } } },
  });
});
afterEach(async () => sandbox[Symbol.asyncDispose]());

async function call(method: string, path: string, body?: object): Promise<{ status: number; json: unknown }> {
  const { status, text } = await ask(sandbox, method, path, body === undefined ? {} : { body: JSON.stringify(body) });
  return { status, json: text === '' ? undefined : JSON.parse(text) };
}

describe('one record', () => {
  it('is created, read, updated and deleted by its id', async () => {
    const created = await call('POST', '/sobjects/Account', { Name: 'Acme', BillingCity: 'Bonn' });
    const { id = '' } = created.json as RowResult;
    expect(created).toEqual({ status: 201, json: { id, success: true, errors: [] } });
    const { json } = await call('GET', `/sobjects/Account/${id}`);
    expect(json).toMatchObject({
      attributes: { type: 'Account', url: `${API}/sobjects/Account/${id}` },
      Id: id,
      IsDeleted: false,
      Name: 'Acme',
      Industry: null,
      CreatedDate: '2026-01-02T03:04:05.000+0000',
      OwnerId: sandbox.org.user.id,
      BillingAddress: { city: 'Bonn', country: null, street: null },
      ShippingAddress: null,
    });
    expect(await call('PATCH', `/sobjects/account/${id.slice(0, 15)}`, { industry: 'Energy' })).toEqual({ status: 204, json: undefined });
    expect((await call('GET', `/sobjects/Account/${id}?fields=Industry`)).json).toEqual({
      attributes: expect.anything(),
      Industry: 'Energy',
    });
    expect((await call('DELETE', `/sobjects/Account/${id}`)).status).toBe(204);
    const gone = { status: 404, json: [{ errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' }] };
    expect(await call('GET', `/sobjects/Account/${id}`)).toEqual(gone);
    expect(await call('DELETE', `/sobjects/Account/${id}`)).toEqual(gone);
  });

  it('is found, created, updated and deleted by an external id', async () => {
    const path = `/sobjects/Account/External_ID__c/${encodeURIComponent('e/1 x')}`;
    expect((await call('GET', path)).status).toBe(404);
    const created = await call('PATCH', path, { Name: 'A' });
    expect(created).toMatchObject({ status: 201, json: { success: true, created: true } });
    expect(await call('PATCH', path, { Name: 'B' })).toMatchObject({
      status: 200,
      json: { id: (created.json as RowResult).id, created: false },
    });
    expect((await call('GET', path)).json).toMatchObject({ Name: 'B', External_ID__c: 'e/1 x' });
    expect((await call('DELETE', path)).status).toBe(204);
  });

  it('that shares its external id with another answers 300 with the addresses of both', async () => {
    const ids = ['x', 'X'].map((code) => sandbox.org.insert('Account', { Name: 'n', Code__c: code }));
    const addresses = ids.map((id) => `${API}/sobjects/Account/${id}`);
    expect(await call('GET', '/sobjects/Account/Code__c/x')).toEqual({ status: 300, json: addresses });
    expect(await call('PATCH', '/sobjects/Account/Code__c/x', { Name: 'm' })).toEqual({ status: 300, json: addresses });
  });

  it('that cannot be stored is refused with its fields', async () => {
    expect(await call('POST', '/sobjects/Contact', { FirstName: 'F' })).toEqual({
      status: 400,
      json: [{ message: 'Required fields are missing: [LastName]', errorCode: 'REQUIRED_FIELD_MISSING', fields: ['LastName'] }],
    });
  });

  it('has numbers in the digits of a double, as Salesforce writes them', async () => {
    const id = sandbox.org.insert('Account', { Name: 'n', AnnualRevenue: 350_000_000, NumberOfEmployees: 9_000, ABM_Rank__c: 0.1 });
    const { text } = await ask(sandbox, 'GET', `/sobjects/Account/${id}?fields=AnnualRevenue,NumberOfEmployees,ABM_Rank__c`);
    expect(text).toContain('"AnnualRevenue":3.5E8,"NumberOfEmployees":9000,"ABM_Rank__c":0.1}');
  });
});

describe('what is not there', () => {
  it.each([
    ['GET', '/sobjects/Nobody__c/001000000000000AAA', 404, 'NOT_FOUND'],
    ['GET', '/sobjects/Account/External__c/x', 404, 'NOT_FOUND'],
    ['GET', '/tooling/query', 404, 'NOT_FOUND'],
    ['PUT', '/sobjects/Account', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/services/data/v99.0/sobjects', 404, 'NOT_FOUND'],
    ['GET', '/services/apexrest/x', 501, 'NOT_IN_SANDBOX'],
    ['POST', '/composite/graph', 501, 'NOT_IN_SANDBOX'],
    ['GET', `/sobjects/${'x'.repeat(16_400)}`, 414, 'URI_TOO_LONG'],
  ])('%s %.40s', async (method, path, status, code) => {
    const answer = await call(method, path, method === 'POST' ? {} : undefined);
    expect(answer).toMatchObject({ status, json: [{ errorCode: code }] });
  });

  it('a body that is no JSON, or no form of it', async () => {
    const broken = await ask(sandbox, 'POST', '/sobjects/Account', { body: '{"Name":' });
    expect([broken.status, errorOf(broken.text).errorCode]).toEqual([400, 'JSON_PARSER_ERROR']);
    const form = await ask(sandbox, 'POST', '/sobjects/Account', { body: 'Name=x', type: 'application/x-www-form-urlencoded' });
    expect([form.status, errorOf(form.text).errorCode]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  it('a condition on a record, which would change the answer', async () => {
    const id = sandbox.org.insert('Account', { Name: 'n' });
    const { status } = await ask(sandbox, 'GET', `/sobjects/Account/${id}`, { headers: { 'If-Match': '"x"' } });
    expect(status).toBe(501);
  });
});
