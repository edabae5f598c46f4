/** The org's API calls of 24 hours: counted, shown, and not used beyond the connection's share. */
import { describe, expect, it } from 'vitest';

import { EXIT } from '../../src/errors.ts';
import { type Answer, api, clientOf, problemOf, quickContext, refusedWith, thrownBy } from './support.ts';

/** Counts as an org does. */
function counting(max: number, used = 0): () => Answer {
  let count = used;
  return () => {
    count += 1;
    return {
      headers: { 'Sforce-Limit-Info': `api-usage=${count}/${max}, per-app-api-usage=17/250(appName=x)` },
      body: { DailyApiRequests: { Max: max, Remaining: max - count }, DailyBulkV2QueryJobs: { Max: 10, Remaining: 7 } },
    };
  };
}

const READ = { method: 'GET', path: '/x' } as const;
const WRITE = { method: 'POST', path: '/x', body: '{}' } as const;

describe('the budget', () => {
  it('stops before the call that would go over it', async () => {
    await using server = await api({ answer: counting(100, 77) });
    const client = clientOf(server, { api_budget: '80%' });
    expect(client.usage).toBeUndefined();
    await client.request(READ);
    expect(client.usage).toEqual({ used: 78, max: 100 });
    await client.request(WRITE);
    await client.request(READ);
    expect(server.seen).toHaveLength(3);
    const error = await thrownBy(client.request(WRITE));
    expect(error.message).toBe('crm: stopped: 80 of 100 API calls of today are used, the limit of this connection is 80%');
    expect(error).toMatchObject({ exitCode: EXIT.forbidden });
    expect(await problemOf(client.download(READ, '/nowhere/x'))).toMatch(/stopped: 80 of 100[\s\S]*api_budget/);
    expect(server.seen).toHaveLength(3);
  });

  it('is 90% where the connection names none, and lets what is essential pass', async () => {
    await using server = await api({ answer: counting(1000, 899) });
    const client = clientOf(server);
    await client.request(READ);
    expect((await thrownBy(client.request(READ))).message).toMatch(/900 of 1,000 .* 90%/);
    await client.request({ ...WRITE, essential: true });
    expect(await client.clock()).toBeGreaterThan(0);
    expect(client.usage).toEqual({ used: 902, max: 1000 });
  });

  it('does not stop an org that does not tell', async () => {
    await using server = await api();
    const client = clientOf(server, { api_budget: '1%' });
    await client.request(READ);
    await client.request(READ);
    expect(client.usage).toBeUndefined();
    expect(await client.describeLimits()).toBe('the org does not say how many API calls are left');
  });
});

describe('limits', () => {
  it('are asked for once a minute', async () => {
    await using server = await api({ answer: counting(100) });
    const clock = { now: 1_000_000 };
    const client = clientOf(server, {}, quickContext({ now: () => clock.now }));
    const limits = { daily: { max: 100, remaining: 99 }, bulkBatches: undefined, bulkQueries: { max: 10, remaining: 7 } };
    expect(await client.limits()).toEqual(limits);
    clock.now += 59_000;
    expect(await client.limits()).toEqual(limits);
    expect(server.seen.map(({ path }) => path)).toEqual(['/services/data/v67.0/limits']);
    clock.now += 1_000;
    expect((await client.limits()).daily).toEqual({ max: 100, remaining: 98 });
  });

  it('are what every reply counts, for a user who may not ask for them', async () => {
    const headers = { 'Sforce-Limit-Info': 'api-usage=40/100' };
    await using server = await api({ answer: () => ({ ...refusedWith(403, 'INSUFFICIENT_ACCESS', 'no access'), headers }) });
    const client = clientOf(server);
    expect(await client.limits()).toEqual({ daily: { max: 100, remaining: 60 }, bulkBatches: undefined, bulkQueries: undefined });
    expect(await client.describeLimits()).toBe('40 of 100 API calls of 24 hours are used; this connection stops at 90');
  });

  it('are a sentence for people, and a problem when the share is used', async () => {
    await using server = await api({ answer: counting(15_000, 311) });
    const sentence = '312 of 15,000 API calls of 24 hours are used; this connection stops at 13,500';
    expect(await clientOf(server).describeLimits()).toBe(sentence);
    const problem = await problemOf(clientOf(server, { api_budget: '2%' }).describeLimits());
    expect(problem).toMatch(/313 of 15,000 API calls of 24 hours are used; this connection stops at 300\n {2}Wait until .* \(now 2%\)/);
  });
});

describe('the clock', () => {
  it("is the server's", async () => {
    const theirs = Date.UTC(2026, 10, 22, 12, 30, 5);
    await using server = await api({ answer: () => ({ headers: { date: new Date(theirs).toUTCString() } }) });
    expect(await clientOf(server).clock()).toBe(theirs + 500);
    // The address that needs no right and costs no call.
    expect(server.seen.map(({ path }) => path)).toEqual(['/services/data/']);
  });
});
