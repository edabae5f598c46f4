import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { ask } from './rest.ts';
import { type ApiError, codes, errorOf, type RowResult } from './shapes.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({ dailyApiRequests: 5 });
});
afterEach(async () => sandbox[Symbol.asyncDispose]());

/** Results of a request that must work. */
async function results(...names: readonly string[]): Promise<readonly RowResult[]> {
  return (await write(...names)).json as readonly RowResult[];
}

async function write(...names: readonly string[]): Promise<{ status: number; json: unknown }> {
  const records = names.map((Name) => ({ attributes: { type: 'Account' }, Name }));
  const { status, text } = await ask(sandbox, 'POST', '/composite/sobjects', { body: JSON.stringify({ records }) });
  return { status, json: JSON.parse(text) };
}

function names(): readonly (string | null)[] {
  return [...sandbox.org.records('Account')].map((record) => record.get('Name'));
}

describe('the quota of the day', () => {
  it('stands on every answer, and in /limits', async () => {
    expect((await ask(sandbox, 'GET', '/sobjects')).headers.get('sforce-limit-info')).toBe('api-usage=1/5');
    const limits = await ask(sandbox, 'GET', '/limits');
    expect(JSON.parse(limits.text).DailyApiRequests).toEqual({ Max: 5, Remaining: 3 });
  });

  it('ends with REQUEST_LIMIT_EXCEEDED, and nothing is done any more', async () => {
    sandbox.quota.used = 4;
    expect((await write('A')).status).toBe(200);
    expect(await write('B')).toEqual({
      status: 403,
      json: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.' }],
    });
    expect([names(), sandbox.calls.total, sandbox.quota.used]).toEqual([['A'], 1, 5]);
    sandbox.quota.max = 6;
    expect((await write('C')).status).toBe(200);
  });
});

describe('faults', () => {
  it('strike the requests they fit, so often, after so many', async () => {
    sandbox.faults.add({ on: 'collections', do: 'status', status: 503, after: 1, times: 2 });
    const statuses: number[] = [];
    for (const name of ['A', 'B', 'C', 'D']) statuses.push((await write(name)).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect(names()).toEqual(['A', 'D']);
  });

  it('know requests by their address, too', async () => {
    sandbox.faults.add({ on: /^GET \/sobjects\/Contact\/describe/, do: 'status', status: 429, retryAfter: 7 });
    expect((await ask(sandbox, 'GET', '/sobjects/Account/describe')).status).toBe(200);
    const struck = await ask(sandbox, 'GET', '/sobjects/Contact/describe');
    expect([struck.status, struck.headers.get('retry-after'), errorOf(struck.text).errorCode]).toEqual([
      429,
      '7',
      'REQUEST_LIMIT_EXCEEDED',
    ]);
  });

  it('cut a connection before or after the work is done', async () => {
    sandbox.faults.add({ on: 'collections', do: 'cut-before' });
    sandbox.faults.add({ on: 'collections', do: 'cut-after' });
    await expect(write('before')).rejects.toThrow('fetch failed');
    await expect(write('after')).rejects.toThrow('fetch failed');
    expect(names()).toEqual(['after']);
  });

  it('answer HTML, and end sessions', async () => {
    sandbox.faults.add({ on: 'limits', do: 'html' });
    const page = await ask(sandbox, 'GET', '/limits');
    expect([page.status, page.headers.get('content-type'), page.text]).toEqual([
      200,
      'text/html; charset=utf-8',
      expect.stringContaining('<html>'),
    ]);
    sandbox.faults.add({ on: 'limits', do: 'expire-session' });
    expect((await ask(sandbox, 'GET', '/limits')).status).toBe(401);
    expect((await ask(sandbox, 'GET', '/limits')).status).toBe(401);
    const authorization = `Bearer ${sandbox.sessions.open(sandbox.org.user)}`;
    expect((await ask(sandbox, 'GET', '/limits', { headers: { authorization } })).status).toBe(200);
  });

  it('refuse a login in the form of logins', async () => {
    sandbox.faults.add({ on: 'login', do: 'status', status: 400, code: 'invalid_grant', message: 'expired access/refresh token' });
    const answer = await fetch(`${sandbox.url}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams({}) });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: 'invalid_grant', error_description: 'expired access/refresh token' },
    ]);
  });

  it('lock rows, all or those that look like something', async () => {
    sandbox.faults.add({ on: 'collections', do: 'lock', match: /"B/ });
    expect(codes(await results('A', 'B', 'C', 'B2'))).toEqual(['fine', 'UNABLE_TO_LOCK_ROW', 'fine', 'UNABLE_TO_LOCK_ROW']);
    expect(names()).toEqual(['A', 'C']);
  });

  it('refuse requests that are too much work, until they are small enough', async () => {
    sandbox.faults.add({ on: 'collections', do: 'cpu-limit', rows: 1, times: 2 });
    const much = await results('A', 'B');
    expect(much.map(({ errors }) => errors[0]?.message)).toEqual(Array(2).fill(expect.stringContaining('System.LimitException: Apex CPU time limit exceeded'))); // prettier-ignore
    expect(codes(await results('A'))).toEqual(['fine']);
  });

  it('let a test act exactly there', async () => {
    const seen: (readonly (string | null)[])[] = [];
    const look = (): void => void seen.push(names());
    sandbox.faults.add({ on: 'collections', do: 'call', when: 'before', then: look });
    sandbox.faults.add({ on: 'collections', do: 'call', when: 'after', then: look });
    await write('A');
    await write('B');
    expect(seen).toEqual([[], ['A', 'B']]);
  });

  it('leave a trace of every request, without its token', async () => {
    await ask(sandbox, 'GET', '/limits', { headers: { 'Sforce-Call-Options': 'client=x' } });
    const [call] = sandbox.calls.recent;
    expect(call).toMatchObject({ method: 'GET', path: '/limits', kind: 'limits', headers: { 'sforce-call-options': 'client=x' } });
    expect(call?.headers['authorization']).toBeUndefined();
  });
});

describe('over HTTP another process', () => {
  const control = async (method: string, path: string, body?: object): Promise<{ status: number; json: unknown }> => {
    const response = await fetch(`${sandbox.url}/_sandbox/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, json: await response.json() };
  };

  it('adds faults, records and objects, and reads calls and records', async () => {
    await control('POST', 'objects/Plan__c', { fields: { Code__c: { type: 'string' } } });
    const [id] = (await control('POST', 'records/Plan__c', { records: [{ Code__c: ' x ' }] })).json as readonly string[];
    expect((await control('GET', 'records/Plan__c')).json).toMatchObject([{ id, isDeleted: false, values: { Code__c: 'x' } }]);
    await control('POST', 'faults', { on: '/^GET .limits/', do: 'status', status: 500 });
    expect((await ask(sandbox, 'GET', '/limits')).status).toBe(500);
    await ask(sandbox, 'GET', '/limits');
    expect((await control('GET', 'calls')).json).toMatchObject({ total: 1, byKind: { limits: 1 }, used: 1, max: 5 });
    await control('POST', 'quota', { used: 5 });
    expect((await ask(sandbox, 'GET', '/limits')).status).toBe(403);
  });

  it('empties the org, and keeps objects and sessions', async () => {
    sandbox.org.insert('Account', { Name: 'A', External_ID__c: 'a' });
    await control('POST', 'reset');
    expect(names()).toEqual([]);
    sandbox.org.insert('Account', { Name: 'A', External_ID__c: 'a' });
    expect((await ask(sandbox, 'GET', '/limits')).status).toBe(200);
    await control('POST', 'sessions');
    expect((await ask(sandbox, 'GET', '/limits')).status).toBe(401);
    expect((await control('GET', 'credentials')).json).toMatchObject({
      url: sandbox.url,
      privateKey: expect.stringContaining('BEGIN PRIVATE KEY'),
    });
  });

  it('hears what it did wrong', async () => {
    const message = async (body: object): Promise<string | undefined> => ((await control('POST', 'faults', body)).json as readonly ApiError[])[0]?.message; // prettier-ignore
    expect((await control('GET', 'nothing')).status).toBe(404);
    expect((await control('POST', 'objects/Plan__c', { fields: { Code__c: { type: 'text' } } })).status).toBe(400);
    expect(await message({ do: 'status' })).toBe('A fault needs on and do');
    expect(await message({ on: 'limits', do: 'explode' })).toContain('explode');
    expect((await control('POST', 'records/Account', { records: [{ Industry: 'x' }] })).status).toBe(400);
  });
});
