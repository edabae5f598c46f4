/** API calls: what a plan and an apply cost, what they say of it, and what happens when there are none left. */
import { describe, expect, test } from 'vitest';

import { type Account, nonZero, planOf } from '../support/project.ts';
import { accounts, orgProject, type OrgProject, said } from './org.ts';

const RECORDS = 100_000;
const OFF = { max: null, percent: null };
const GUARDS = { creates: OFF, updates: OFF, nulls: OFF, rejects: OFF };
const MANY =
  "CREATE TABLE account AS SELECT lpad(CAST(i AS VARCHAR), 6, '0') AS id, 'Name ' || i AS name, 'Team' AS plan, i AS seats FROM range(ROWS) AS r(i)";

function table(rows: number): string {
  return MANY.replace('ROWS', String(rows));
}

/** The org holds what the warehouse says, and state knows it. */
async function adopted(rows: number, more: object = {}): Promise<OrgProject> {
  const o = await orgProject({ warehouse: [table(rows)], ...more });
  for (let index = 0; index < rows; index += 1) {
    o.sandbox.org.insert('Account', {
      External_Id__c: String(index).padStart(6, '0'),
      Name: `Name ${index}`,
      Plan__c: 'Team',
      Seats__c: index,
    });
  }
  await o.p.apply(['--adopt-only']);
  return o;
}

test(`a plan of ${RECORDS} accounts of which 1% are candidates asks for those only`, { timeout: 240_000 }, async () => {
  await using o = await adopted(RECORDS);
  await o.p.warehouse("UPDATE account SET plan = 'Scale' WHERE seats % 100 = 7");
  o.sandbox.calls.reset();
  const plan = await o.p.plan();
  expect(plan.summary).toMatchObject({ update: 1_000, unverified: 99_000 });
  expect(planOf(plan).live_read).toBe(1_000);
  const { calls } = o.sandbox;
  process.stdout.write(`plan of ${RECORDS} accounts, 1,000 candidates: ${calls.total} API calls ${JSON.stringify(calls)}\n`);
  // One description, the limits, and what 1,000 keys need: a composite call of five queries.
  expect(calls.of('describe')).toBe(1);
  expect(calls.of('composite') + calls.of('query')).toBeLessThanOrEqual(2);
  expect(calls.total).toBeLessThanOrEqual(4);

  calls.reset();
  const applied = await o.p.apply();
  expect(nonZero(applied.summary)).toEqual({ applied: 1_000 });
  process.stdout.write(`apply of its 1,000 updates, with the plan: ${calls.total} API calls ${JSON.stringify(calls)}\n`);
  expect(calls.of('collections')).toBe(5);
  expect(calls.total).toBeLessThanOrEqual(16);
});

describe('what the plan says it costs', () => {
  test('stands in the text and in the document', async () => {
    await using o = await orgProject({ warehouse: [table(450)] });
    const plan = await o.p.plan();
    const { api_calls: calls, api_calls_left: left } = planOf(plan).cost ?? {};
    expect(calls).toBeGreaterThanOrEqual(3);
    expect(left).toBeGreaterThan(99_000);
    expect(await o.p.planText()).toMatch(/[\d,]+ API calls of [\d,]+ left today/);
    o.sandbox.calls.reset();
    await o.p.apply();
    // The estimate is about the writes and the reads around them; planning comes on top.
    expect(o.sandbox.calls.total).toBeLessThanOrEqual((calls ?? 0) + 6);
  });

  test('nothing to do costs nothing', async () => {
    await using o = await adopted(5);
    expect(planOf(await o.p.plan()).cost?.api_calls ?? 0).toBe(0);
  });
});

describe('an org that runs out of calls', () => {
  const ROWS = Array.from({ length: 600 }, (_, index): Account => [String(index).padStart(3, '0'), 'Ada', 'Team', index]);

  test('half-way, by its own count: the run stops cleanly, and the next one does the rest', async () => {
    await using o = await orgProject({ source: ROWS, sync: { guards: GUARDS } });
    o.sandbox.faults.add({
      on: 'collections',
      do: 'status',
      status: 403,
      code: 'REQUEST_LIMIT_EXCEEDED',
      message: 'TotalRequests Limit exceeded.',
      after: 1,
      times: 1_000,
    });
    o.sandbox.faults.add({ on: 'collections', do: 'call', when: 'after', then: () => void (o.sandbox.quota.used = o.sandbox.quota.max) });
    const ran = await o.p.run(['apply', '--yes']);
    expect(ran.code, said(ran)).toBeOneOf([1, 5]);
    expect(said(ran)).toMatch(/API calls|REQUEST_LIMIT_EXCEEDED/);
    expect(accounts(o)).toHaveLength(200);
    o.sandbox.faults.clear();
    o.sandbox.quota.used = 0;
    expect(nonZero((await o.p.apply()).summary)).toEqual({ applied: 400 });
    expect(await o.p.summary(['--refresh', 'all'])).toEqual({ unchanged: 600 });
  });

  test('by the share that the connection allows: nothing goes over it', async () => {
    await using o = await orgProject({ source: ROWS, sandbox: { dailyApiRequests: 100 }, connection: { api_budget: '50%' }, sync: { guards: GUARDS } }); // prettier-ignore
    o.sandbox.quota.used = 46;
    const ran = await o.p.run(['apply', '--yes']);
    expect(ran.code, said(ran)).toBeOneOf([1, 5]);
    expect(said(ran)).toContain('50%');
    expect(o.sandbox.quota.used).toBeLessThanOrEqual(50);
    o.sandbox.quota.used = 0;
    await o.p.apply();
    expect(accounts(o)).toHaveLength(600);
    expect(await o.p.summary(['--refresh', 'all'])).toEqual({ unchanged: 600 });
  });
});
