/** Requests and what may become of them. */
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { TransientError } from '../../src/errors.ts';
import { LostReplyError, SalesforceError } from '../../src/salesforce/client.ts';
import { type Answer, api, clientOf, problemOf, quickContext, refusedWith, thrownBy } from './support.ts';

const READ = { method: 'GET', path: '/x' } as const;
const WRITE = { method: 'POST', path: '/x', body: '{}' } as const;

let place: string;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'sluice-salesforce-'));
});
afterEach(async () => rm(place, { recursive: true, force: true }));

describe('a request', () => {
  it('goes to the pinned version, or to the path it names, and says what it is', async () => {
    await using server = await api({ answer: () => ({ body: '{"n": 1.50}', headers: { 'X-Thing': 'Yes' } }) });
    const client = clientOf(server, { api_version: '66.0' });
    const reply = await client.request({
      method: 'PATCH',
      path: '/a?b=c%20d',
      body: '{"é":1}',
      headers: { 'Sforce-Auto-Assign': 'FALSE' },
    });
    await client.request({ method: 'GET', path: '/services/data/v67.0/query/01g-2000', accept: 'text/csv' });
    await client.request({ method: 'PUT', path: '/jobs', body: 'a,b\n', contentType: 'text/csv' });
    expect(client.version).toBe('66.0');
    // Exactly the text that came, not what a parser makes of it.
    expect(reply).toMatchObject({ status: 200, text: '{"n": 1.50}', headers: { 'x-thing': 'Yes' } });
    expect(server.seen.map(({ method, path, body, headers }) => [method, path, body, headers['content-type'], headers['accept']])).toEqual([
      ['PATCH', '/services/data/v66.0/a?b=c%20d', '{"é":1}', 'application/json', 'application/json'],
      ['GET', '/services/data/v67.0/query/01g-2000', '', undefined, 'text/csv'],
      ['PUT', '/services/data/v66.0/jobs', 'a,b\n', 'text/csv', 'application/json'],
    ]);
    expect(server.seen[0]?.headers['sforce-auto-assign']).toBe('FALSE');
  });

  it('streams a file up with its length, also a second time after the session ended', async () => {
    const file = join(place, 'up.csv');
    const content = 'Id,Name\n'.repeat(200_000);
    await writeFile(file, content);
    await using server = await api({ answer: (_seen, n) => (n === 1 ? refusedWith(401, 'INVALID_SESSION_ID', 'expired') : {}) });
    await clientOf(server).request({ method: 'PUT', path: '/batches', body: { file }, contentType: 'text/csv' });
    expect(server.seen.map(({ body }) => body === content)).toEqual([true, true]);
    expect(server.seen[1]?.headers['content-length']).toBe(String(content.length));
  });

  it('says that a file to send is not there, and sends nothing', async () => {
    await using server = await api();
    const error = await thrownBy(clientOf(server).request({ method: 'PUT', path: '/batches', body: { file: join(place, 'no.csv') } }));
    expect(error.message).toMatch(/ENOENT/);
    expect(server.seen).toHaveLength(0);
  });
});

describe('a server that takes a request and says nothing', () => {
  const ask = async (
    request: typeof READ | typeof WRITE,
  ): Promise<{ readonly error: Error; readonly seconds: number; readonly calls: number }> => {
    let calls = -1;
    await using server = await api({ raw: (_request, response) => { if ((calls += 1) === 0) response.end('{}'); } }); // prettier-ignore
    const client = clientOf(server);
    await client.request(READ); // signed in
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const begun = Date.now();
    try {
      const thrown = thrownBy(client.request(request));
      const isOver = thrown.then(() => true);
      for (let over = false; !over;) {
        await vi.advanceTimersByTimeAsync(10_000);
        over = await Promise.race([isOver, new Promise<boolean>((resolve) => { setImmediate(() => setImmediate(() => resolve(false))); })]); // prettier-ignore
      }
      return { error: await thrown, seconds: (Date.now() - begun) / 1000, calls };
    } finally {
      vi.useRealTimers();
    }
  };

  it('is waited for some minutes, and what was sent may have arrived', async () => {
    const { error, seconds, calls } = await ask(WRITE);
    expect(error).toBeInstanceOf(LostReplyError);
    expect(error.message).toMatch(/^crm: 127\.0\.0\.1:\d+ does not answer: no answer within 280 seconds$/);
    expect([calls, seconds < 600]).toEqual([1, true]);
  });

  it('is not waited for again and again', async () => {
    const { error, seconds } = await ask(READ);
    expect(error).toBeInstanceOf(TransientError);
    expect(error).not.toBeInstanceOf(LostReplyError);
    expect(seconds).toBeLessThan(900);
  });
});

describe('a download', () => {
  it('is written while it comes: the end is not sent before most of it is in the file', async () => {
    const file = join(place, 'down.csv');
    const chunk = Buffer.alloc(1024 * 1024, 'Id,Name\n');
    const pour = async (response: ServerResponse): Promise<void> => {
      response.writeHead(200, { 'content-type': 'text/csv', 'Sforce-Locator': 'null' });
      for (let n = 0; n < 32; n += 1) if (!response.write(chunk)) await once(response, 'drain');
      while ((await stat(file)).size < 16 * chunk.length) await setTimeout(5);
      response.end('end');
    };
    await using server = await api({ raw: (_request, response) => void pour(response) });
    const reply = await clientOf(server).download({ method: 'GET', path: '/results' }, file);
    expect(reply).toMatchObject({ status: 200, headers: { 'sforce-locator': 'null' } });
    const content = await readFile(file);
    expect([content.length, content.subarray(-3).toString()]).toEqual([32 * chunk.length + 3, 'end']);
  });

  it('whose connection is cut is tried again, and leaves no half of a file', async () => {
    let calls = 0;
    await using server = await api({
      raw: (_request, response) => {
        calls += 1;
        response.writeHead(200, { 'content-type': 'text/csv', 'content-length': '100' });
        response.write('Id\n');
        setImmediate(() => response.destroy());
      },
    });
    const error = await thrownBy(clientOf(server).download(READ, join(place, 'down.csv')));
    expect(error).toBeInstanceOf(TransientError);
    expect(error).not.toBeInstanceOf(LostReplyError);
    expect(error.message).toMatch(/crm: the connection to 127\.0\.0\.1:\d+ was cut/);
    expect(calls).toBe(5);
    expect(await readdir(place)).toEqual([]);
  });

  it('that is refused, or is a page, leaves no file', async () => {
    await using server = await api({
      answer: (_seen, n) =>
        n === 1 ? refusedWith(404, 'NOT_FOUND', 'no such job') : { body: '<html>', headers: { 'content-type': 'text/html' } },
    });
    const client = clientOf(server);
    expect(await thrownBy(client.download(READ, join(place, 'down.csv')))).toMatchObject({ code: 'NOT_FOUND', status: 404 });
    expect(await problemOf(client.download(READ, join(place, 'down.csv')))).toMatch(/answers with a web page/);
    expect(await readdir(place)).toEqual([]);
  });
});

describe('a reply that says no', () => {
  async function thrownFor(answer: Answer, request: typeof READ | typeof WRITE = WRITE): Promise<Error> {
    await using server = await api({ answer: () => answer });
    return await thrownBy(clientOf(server).request(request));
  }

  it('is handed on as the org said it', async () => {
    const body = [{ errorCode: 'INVALID_FIELD', message: "No such column 'Foo__c' on sobject of type Account", fields: ['Foo__c'] }];
    const error = await thrownFor({ status: 400, body });
    expect(error).toBeInstanceOf(SalesforceError);
    expect(error).toMatchObject({ status: 400, code: 'INVALID_FIELD', fields: ['Foo__c'] });
    expect(error.message).toBe("No such column 'Foo__c' on sobject of type Account");
  });

  it('does not repeat the query that it quotes, with the keys in it', async () => {
    const message =
      "\nSELECT Id FROM Account WHERE Ext__c IN ('secret-key') AND Foo = 1\n         ^\nERROR at Row:1:Column:57\nNo such column 'Foo' on entity 'Account'.";
    const error = await thrownFor(refusedWith(400, 'INVALID_FIELD', message));
    expect(error.message).toBe("No such column 'Foo' on entity 'Account'.");
  });

  it('may be in another form, or in none', async () => {
    expect(await thrownFor({ status: 400, body: { error: 'invalid', error_description: 'not that' } })).toMatchObject({ code: 'invalid' });
    expect(await thrownFor({ status: 404, body: 'nothing here', headers: { 'content-type': 'text/plain' } })).toMatchObject({
      status: 404, code: 'HTTP_404', message: 'Salesforce answered with status 404',
    }); // prettier-ignore
    expect(await thrownFor({ status: 300, body: ['/services/data/v67.0/sobjects/Account/001A', '/x'] })).toMatchObject({
      status: 300, code: 'MULTIPLE_CHOICES', message: 'several records match',
    }); // prettier-ignore
  });

  it.each([
    [
      refusedWith(403, 'API_DISABLED_FOR_ORG', 'API is not enabled for this Organization or Partner'),
      /the API is off for this user or org[\s\S]*"API Enabled"/,
    ],
    [
      refusedWith(403, 'API_CURRENTLY_DISABLED', 'API is disabled for this User'),
      /the API is off for this user or org[\s\S]*"API Enabled"/,
    ],
    [
      refusedWith(403, 'OAUTH_APP_BLOCKED', 'this app is blocked by admin'),
      /the app is blocked in the org[\s\S]*Connected Apps OAuth Usage/,
    ],
    [
      refusedWith(403, 'LOGIN_DURING_RESTRICTED_DOMAIN', 'Logging in from current IP address prohibited'),
      /does not let the user in from here[\s\S]*IP ranges/,
    ],
    [
      refusedWith(404, 'UNSUPPORTED_API_VERSION', 'Invalid Api version specified on URL'),
      /does not speak this version of the API[\s\S]*api_version/,
    ],
    [
      { status: 301, body: '', headers: { location: 'https://acme-new.my.salesforce.com/x' } },
      /sends us on to https:\/\/acme-new\.my\.salesforce\.com/,
    ],
    [
      refusedWith(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'),
      /the org's API calls of 24 hours are used up[\s\S]*run the same command later/,
    ],
  ] as const)('ends in a sentence when only people can help: %o', async (answer, expected) => {
    for (const request of [READ, WRITE]) {
      const error = await thrownFor(answer, request);
      expect(error).not.toBeInstanceOf(SalesforceError);
      const problem = await problemOf(Promise.reject(error));
      expect(problem).toMatch(expected);
      expect(problem).toMatch(/^syncs\/connections\.yaml:3:1: crm: /);
    }
  });

  it.each([
    { body: '<html><body>Login</body></html>', headers: { 'content-type': 'text/html; charset=UTF-8' } },
    { body: '<!DOCTYPE html>\n<p>', headers: { 'content-type': 'text/plain' } },
  ])('is a page for people: a wrong address for who asks, a lost reply for who sent data: %o', async (answer) => {
    expect(await problemOf(thrownFor(answer, READ).then(async (error) => Promise.reject(error)))).toMatch(
      /answers with a web page, not with data[\s\S]*login_url/,
    );
    expect(await thrownFor(answer, WRITE)).toBeInstanceOf(LostReplyError);
  });

  it('is no JSON where JSON was promised', async () => {
    await using server = await api({ answer: () => ({ body: 'OK', headers: { 'content-type': 'text/plain' } }) });
    const problem = await problemOf(clientOf(server).json({ method: 'GET', path: '/query?q=secret' }));
    expect(problem).toMatch(/the answer to GET \/query is not JSON/);
    expect(problem).not.toContain('secret');
  });
});

describe('a reply that says not now', () => {
  it.each([
    [429, {}],
    [503, {}],
    [500, {}],
    [502, { 'content-type': 'text/html' }],
  ])('is asked for again when nothing was sent: %i', async (status, headers) => {
    await using server = await api({ answer: (_seen, n) => (n < 4 ? { status, headers, body: '<html>' } : { body: { n } }) });
    expect(await clientOf(server).json(READ)).toEqual({ n: 4 });
  });

  it('is waited for as long as the server asks, and a little more', async () => {
    await using server = await api({ answer: (_seen, n) => (n === 1 ? { status: 503, headers: { 'retry-after': '7' }, body: '' } : {}) });
    const context = quickContext();
    await clientOf(server, {}, context).request(READ);
    const waited = context.waits.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThanOrEqual(7000);
    expect(waited).toBeLessThanOrEqual(7500);
  });

  it("is the caller's when it asks for longer than a request may take", async () => {
    const later = new Date(Date.now() + 3_600_000).toUTCString();
    await using server = await api({ answer: () => ({ status: 503, headers: { 'retry-after': later }, body: '' }) });
    const error = await thrownBy(clientOf(server).request(READ));
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toHaveProperty(
      'retryAfterMs',
      expect.toSatisfy((ms: number) => ms > 3_500_000),
    );
    expect(server.seen).toHaveLength(1);
  });

  it('is given up after five calls', async () => {
    await using server = await api({ answer: () => refusedWith(503, 'SERVER_UNAVAILABLE', 'Try again') });
    const error = await thrownBy(clientOf(server).request(READ));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toBe('crm: Salesforce is not available: Try again (SERVER_UNAVAILABLE)');
    expect(server.seen).toHaveLength(5);
  });

  it.each([
    [429, refusedWith(429, 'TOO_MANY', 'slow down')],
    [503, refusedWith(503, 'SERVER_UNAVAILABLE', 'Try again')],
    ['too many at once', refusedWith(403, 'REQUEST_LIMIT_EXCEEDED', 'ConcurrentPerOrgLongTxn Limit exceeded.')],
    ['a lock', refusedWith(400, 'UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access')],
  ])('goes to the caller at once when data was sent: %s', async (_what, answer) => {
    await using server = await api({ answer: () => answer });
    const error = await thrownBy(clientOf(server).request(WRITE));
    expect(error).toBeInstanceOf(TransientError);
    expect(error).not.toBeInstanceOf(LostReplyError);
    expect(server.seen).toHaveLength(1);
  });
});

describe('a reply that is lost', () => {
  it.each([
    ['the connection is cut', { cut: true }],
    ['a gateway gives up', { status: 504, body: '' }],
    ['the server breaks', refusedWith(500, 'UNKNOWN_EXCEPTION', 'An unexpected error occurred')],
  ])('leaves open what happened to data, which is not sent again: %s', async (_what, answer) => {
    await using server = await api({ answer: () => answer });
    const error = await thrownBy(clientOf(server).request(WRITE));
    expect(error).toBeInstanceOf(LostReplyError);
    expect(server.seen).toHaveLength(1);
  });

  it('is asked for again when nothing was sent, also by POST', async () => {
    await using server = await api({ answer: (_seen, n) => (n < 3 ? { cut: true } : { body: { n } }) });
    expect(await clientOf(server).json({ ...WRITE, sends: 'nothing' })).toEqual({ n: 3 });
  });
});

describe('an abort', () => {
  it('stops what is read, and nothing is asked for after it', async () => {
    const controller = new AbortController();
    await using server = await api({
      answer: async () => {
        controller.abort(new Error('stopped by the user'));
        return Promise.withResolvers<Answer>().promise;
      },
    });
    const client = clientOf(server, {}, quickContext({ signal: controller.signal }));
    expect((await thrownBy(client.request(READ))).message).toBe('stopped by the user');
    expect((await thrownBy(client.download(READ, join(place, 'x')))).message).toBe('stopped by the user');
    expect(server.seen).toHaveLength(1);
  });

  it('lets data that is under way arrive, with a login before it', async () => {
    const controller = new AbortController();
    await using server = await api({
      answer: (_seen, n) => {
        controller.abort(new Error('stopped by the user'));
        return n === 1 ? refusedWith(401, 'INVALID_SESSION_ID', 'expired') : { body: { saved: true } };
      },
    });
    const client = clientOf(server, {}, quickContext({ signal: controller.signal }));
    expect(await client.json(WRITE)).toEqual({ saved: true });
    expect(server.logins).toHaveLength(2);
  });

  it('ends the wait for a server that is not available', async () => {
    const controller = new AbortController();
    await using server = await api({ answer: () => ({ status: 503, headers: { 'retry-after': '50' }, body: '' }) });
    const context = quickContext({ signal: controller.signal });
    const sleep = async (ms: number): Promise<void> => {
      if (context.waits.length === 3) controller.abort(new Error('stopped by the user'));
      return context.sleep(ms);
    };
    expect((await thrownBy(clientOf(server, {}, { ...context, sleep }).request(READ))).message).toBe('stopped by the user');
    expect(context.waits.length).toBeLessThan(10);
  });
});
