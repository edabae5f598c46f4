import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { type Answer, API, ask } from './rest.ts';
import { errorOf } from './shapes.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(async () => sandbox[Symbol.asyncDispose]());

interface Sub {
  readonly method?: string;
  readonly url: string;
  readonly body?: object;
  readonly referenceId?: string;
}

interface SubAnswer {
  readonly httpStatusCode: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function answered(requests: readonly Sub[]): Promise<readonly SubAnswer[]> {
  const { status, text } = await composite(requests);
  if (status !== 200) throw new Error(text);
  return (JSON.parse(text) as { readonly compositeResponse: readonly SubAnswer[] }).compositeResponse;
}

async function composite(requests: readonly Sub[]): Promise<Answer> {
  const compositeRequest = requests.map(({ url, ...request }, at) => ({
    method: 'GET',
    referenceId: `r${at}`,
    ...request,
    url: API + url,
  }));
  return ask(sandbox, 'POST', '/composite', { body: JSON.stringify({ compositeRequest }) });
}

function soql(text: string): Sub {
  return { url: `/query?q=${encodeURIComponent(text)}` };
}

describe('a composite request', () => {
  it('is one API call, whatever is in it', async () => {
    sandbox.org.insert('Account', { Name: 'A' });
    const answers = await answered([...Array.from({ length: 5 }, () => soql('SELECT Name FROM Account')), { url: '/limits' }]);
    expect(answers).toHaveLength(6);
    expect(answers[0]).toMatchObject({ httpStatusCode: 200, referenceId: 'r0', body: { totalSize: 1, records: [{ Name: 'A' }] } });
    expect([sandbox.calls.total, sandbox.calls.of('query'), sandbox.calls.inside('query')]).toEqual([1, 0, 5]);
    expect(answers[5]?.body['DailyApiRequests']).toEqual({ Max: 100_000, Remaining: 99_999 });
  });

  it('answers each request with its own status', async () => {
    const answers = await answered([
      { url: '/sobjects/Account/001000000000000AAA' },
      soql('SELECT Nme FROM Account'),
      { method: 'POST', url: '/sobjects/Account', body: { Name: 'A' } },
    ]);
    expect(answers.map(({ httpStatusCode }) => httpStatusCode)).toEqual([404, 400, 201]);
    expect(answers[1]?.body).toMatchObject([{ errorCode: 'INVALID_FIELD' }]);
  });

  it('uses what an earlier request answered', async () => {
    const answers = await answered([
      { method: 'POST', url: '/sobjects/Account', body: { Name: 'Parent' }, referenceId: 'parent' },
      { method: 'POST', url: '/sobjects/Contact', body: { LastName: 'Child', AccountId: '@{parent.id}' } },
      { url: '/sobjects/Account/@{parent.id}?fields=Name' },
    ]);
    const [contact] = sandbox.org.records('Contact');
    expect(contact?.get('AccountId')).toBe(answers[0]?.body['id']);
    expect(answers[2]?.body['Name']).toBe('Parent');
  });

  it('holds at most 25 requests, 5 of them queries or collections', async () => {
    const many = await composite(Array.from({ length: 26 }, () => ({ url: '/limits' })));
    expect([many.status, errorOf(many.text).message]).toEqual([400, 'Limit of 25 subrequests exceeded']);
    const queries = await composite([
      ...Array.from({ length: 5 }, () => soql('SELECT Id FROM Account')),
      { method: 'PATCH', url: '/composite/sobjects', body: { records: [] } },
    ]);
    expect([queries.status, errorOf(queries.text).message]).toEqual([400, expect.stringContaining('the request has 6')]);
  });

  it('holds no other composite, and no reference twice', async () => {
    const [inner] = await answered([{ method: 'POST', url: '/composite', body: { compositeRequest: [] } }]);
    expect(inner).toMatchObject({ httpStatusCode: 501 });
    const twice = await composite([
      { url: '/limits', referenceId: 'a' },
      { url: '/limits', referenceId: 'a' },
    ]);
    expect(errorOf(twice.text).message).toBe('Duplicate referenceId a');
  });
});

it('a batch answers requests that know nothing of each other', async () => {
  const batchRequests = [
    { method: 'POST', url: 'v67.0/sobjects/Account', richInput: { Name: 'A' } },
    { method: 'GET', url: 'v67.0/sobjects/Account/001000000000000AAA' },
  ];
  const { text } = await ask(sandbox, 'POST', '/composite/batch', { body: JSON.stringify({ batchRequests }) });
  expect(JSON.parse(text)).toMatchObject({ hasErrors: true, results: [{ statusCode: 201 }, { statusCode: 404 }] });
  expect(sandbox.calls.total).toBe(1);
});
