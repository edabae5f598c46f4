/** Rejects, known rejects, `accept`, `history` and `revert`. */
import { describe, expect, test } from 'vitest';

import { type Account, must, nonZero, planOf, project, resultOf, type Setup } from '../support/project.ts';
import { established, expectCycle } from './cycle.ts';

const ADA = ['1', 'Ada', 'Team', 5] as const;
const BOB = ['2', 'Bob', 'Team', 7] as const;
const LIVE_ADA = ['1', 'Ada', 'Team', '5', null];
const LIVE_BOB = ['2', 'Bob', 'Team', '7', null];
const TEXT_SEATS = ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats VARCHAR)'];

describe('found at plan time: each with a code and a sentence that shows no value', () => {
  const api = (field: object): Setup['api'] => ({
    objects: { Account: { fields: { Id: 'text', Name: field, Plan: 'text', Seats: 'integer', Notes: 'text' } } },
  });
  const cases: readonly (readonly [string, string, RegExp, Setup, Account])[] = [
    ['a text that is no number', 'TYPE_MISMATCH', /does not fit/, { warehouse: TEXT_SEATS }, ['1', 'Ada', 'Team', 'secret']],
    ['a number out of range', 'TYPE_MISMATCH', /does not fit/, { warehouse: TEXT_SEATS }, ['1', 'Ada', 'Team', '99999999999999999999']],
    [
      'a text that is too long',
      'STRING_TOO_LONG',
      /12 characters, the field takes 5/,
      { api: api({ type: 'text', max_length: 5 }) },
      ['1', 'secret value', 'Team', 5],
    ],
    [
      'a value that is not allowed',
      'NOT_ALLOWED',
      /only Ada, Bob/,
      { api: api({ type: 'text', allowed: ['Ada', 'Bob'] }) },
      ['1', 'secret', 'Team', 5],
    ],
    [
      'a null for a field that takes none',
      'NULL_NOT_ALLOWED',
      /takes no null/,
      { api: api({ type: 'text', nullable: false }) },
      ['1', null, 'Team', 5],
    ],
  ];

  test.each(cases)('%s: %s', async (_name, code, message, setup, row) => {
    await using p = await project({ ...setup, source: [row, BOB] });
    const document = await p.plan();
    expect(nonZero(document.summary)).toEqual({ create: 1, rejected: 1 });
    expect(planOf(document).rejects).toMatchObject([{ code, count: 1, known: 0, examples: [{ key: ['1'] }] }]);
    const text = await p.planText();
    expect(text).toMatch(message);
    expect(text).not.toContain('secret');
    await p.apply([], 5);
    expect(await p.live()).toEqual([LIVE_BOB]);
    expect(await p.summary()).toMatchObject({ unchanged: 1, known_rejected: 1 });
  });

  test('a value that the field would take, characters counted and not bytes', async () => {
    await using p = await project({ api: api({ type: 'text', max_length: 2 }), source: [['1', '😀語', 'Team', 5]] });
    expect(await p.summary()).toEqual({ create: 1 });
  });
});

describe('found by the destination', () => {
  const unique: Setup = {
    crm: ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR UNIQUE, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)'],
  };

  test.each([
    ['UNIQUE', unique, ['1', 'Taken', 'Team', 5]],
    [
      'CHECK',
      { crm: ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER CHECK (Seats < 100), Notes VARCHAR)'] },
      ['1', 'Ada', 'Team', 500],
    ],
  ] as const)('%s: one bad record never costs a good one its write', async (code, setup, row) => {
    await using p = await project({ ...setup, source: [row, BOB, ['3', 'Cy', 'Team', 1]], live: [['9', 'Taken', 'x', 1]] });
    expect(await p.summary()).toEqual({ create: 3 });
    const result = resultOf(await p.apply([], 5));
    expect(result).toMatchObject({ applied: 2, rejected: 1, status: 'applied', rejects: [{ code, count: 1, examples: [{ key: ['1'] }] }] });
    expect((await p.live()).map((each) => each[0])).toEqual(['2', '3', '9']);
    expect(await p.summary()).toEqual({ unchanged: 2, known_rejected: 1 });
  });

  test('a whole batch that is refused is split until the bad one is found', async () => {
    const source: Account[] = Array.from(
      { length: 8 },
      (_, index) => [String(index + 1), index === 4 ? 'bad one' : `Name ${index + 1}`, 'Team', 1] as const,
    );
    await using p = await project({ source, api: { faults: { reject_value: 'bad', reject_whole_batch: true } } });
    expect(resultOf(await p.apply([], 5))).toMatchObject({ applied: 7, rejected: 1 });
    expect((await p.live()).map((row) => row[0])).toEqual(['1', '2', '3', '4', '6', '7', '8']);
  });

  test('a destination that is out of reach for a while costs nothing', async () => {
    await using p = await project({
      source: [ADA],
      api: { faults: { transient: [1], rate_limit: [2], retry_after_ms: 1 } },
      overrides: { context: { sleep: async () => Promise.resolve() } },
    });
    expect(resultOf(await p.apply())).toMatchObject({ applied: 1, status: 'applied' });
    expect(await p.live()).toEqual([LIVE_ADA]);
  });

  const TRIES = 8;
  const calls = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const quick = { context: { sleep: async () => Promise.resolve() } };

  test('one that stays out of reach: nothing is written, the rest is not attempted, the next plan is the same', async () => {
    const source = Array.from({ length: 6 }, (_, index): Account => [String(index + 1), 'Ada', 'Team', 5]);
    await using p = await project({ source, api: { batch_size: 1, faults: { transient: calls(1, 100) } }, overrides: quick });
    const result = resultOf(await p.apply([], 5));
    expect(result).toMatchObject({ applied: 0, not_attempted: 6, status: 'partial' });
    expect(result.messages).toEqual(['stopped: 3 batches in a row failed, the last one with: the destination is not available']);
    expect(await p.writes()).toHaveLength(3 * TRIES);
    expect(await p.live()).toEqual([]);
    expect(await p.summary()).toEqual({ create: 6 });
    await p.api({});
    await p.apply();
    expect(await p.live()).toHaveLength(6);
  });

  test('one batch that fails for longer than it is tried: the others are written, the message says why it was not', async () => {
    await using p = await project({
      source: [ADA, BOB],
      api: { batch_size: 1, faults: { transient: calls(1, TRIES) } },
      overrides: quick,
    });
    const result = resultOf(await p.apply([], 5));
    expect(result).toMatchObject({ applied: 1, not_attempted: 1, status: 'partial', messages: ['the destination is not available'] });
    expect(await p.live()).toEqual([LIVE_BOB]);
    expect(await p.summary()).toMatchObject({ create: 1, unchanged: 1 });
    await p.apply();
    expect(await p.live()).toEqual([LIVE_ADA, LIVE_BOB]);
  });
});

describe('known rejects', () => {
  const refusing: Setup = { source: [['1', 'bad', 'Team', 5], BOB], api: { faults: { reject_value: 'bad' } } };

  test('are listed and not sent again while D is unchanged; that alone is exit 0', async () => {
    await using p = await project(refusing);
    await p.apply([], 5);
    expect(await p.writes()).toHaveLength(1);
    expect(await p.summary()).toEqual({ unchanged: 1, unverified: 1, known_rejected: 1 });
    expect(await p.planText()).toMatch(/REFUSED/);
    expect(nonZero((await p.apply()).summary)).toEqual({});
    expect(await p.writes()).toHaveLength(1);
  });

  test('are sent again once D changes', async () => {
    await using p = await project(refusing);
    await p.apply([], 5);
    await p.source(['1', 'good', 'Team', 5], BOB);
    expect(await p.summary()).toMatchObject({ create: 1, unchanged: 1 });
    await p.apply();
    expect(await p.live()).toEqual([['1', 'good', 'Team', '5', null], LIVE_BOB]);
    expect(await p.summary()).toEqual({ unchanged: 2, unverified: 2 });
  });

  test('are sent again with --retry-rejected', async () => {
    await using p = await project(refusing);
    await p.apply([], 5);
    expect(await p.summary(['--retry-rejected'])).toMatchObject({ create: 1, unchanged: 1 });
    await p.api({});
    await p.apply(['--retry-rejected']);
    expect(await p.live()).toEqual([['1', 'bad', 'Team', '5', null], LIVE_BOB]);
    expect(await p.summary()).toEqual({ unchanged: 2, unverified: 2 });
  });

  test('are counted once, however often they are sent again', async () => {
    await using p = await project({
      warehouse: TEXT_SEATS,
      crm: ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR UNIQUE, Seats INTEGER, Notes VARCHAR)'],
      sync: { guards: { rejects: { max: null, percent: null } } },
      source: [ADA, BOB, ['3', 'Cy', 'Team', 9], ['4', 'Di', 'Pro', 'many']],
    });
    const rejected = { known_rejected: 3, unchanged: 1 };
    await p.apply([], 5);
    expect(await p.summary()).toEqual(rejected);
    for (const _ of [1, 2, 3]) {
      await p.apply(['--retry-rejected'], 5);
      expect(await p.summary()).toEqual(rejected);
    }
  });

  test('what a plan found is not waited for: it goes once the plan no longer finds it', async () => {
    await using p = await project({ warehouse: TEXT_SEATS, source: [['1', 'Ada', 'Team', 'five']] });
    await p.apply([], 5);
    await p.crm('DROP TABLE Account', 'CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR, Seats VARCHAR, Notes VARCHAR)');
    expect(await p.summary()).toEqual({ create: 1 });
    await p.apply();
    expect(await p.live()).toEqual([['1', 'Ada', 'Team', 'five', null]]);
  });

  test('a reject of an update leaves base as it was', async () => {
    await using p = await established({ source: [ADA, BOB], api: { faults: { reject_value: 'bad' } } });
    await p.source(['1', 'bad', 'Scale', 6], BOB);
    await expectCycle(p, {
      plan: { update: 1, unchanged: 1, unverified: 1 },
      apply: { rejected: 1 },
      applyCode: 5,
      live: [LIVE_ADA, LIVE_BOB],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' }, 2: { Name: 'Bob', Plan: 'Team', Seats: '7' } },
      again: { unchanged: 1, unverified: 1, known_rejected: 1 },
    });
    await p.source(ADA, BOB);
    expect(await p.summary()).toMatchObject({ unchanged: 2 });
  });

  test('are known also where another field of the record is held', async () => {
    const crm = [
      "CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR CHECK (Name <> 'bad'), Plan VARCHAR, Seats INTEGER, Notes VARCHAR)",
    ];
    await using p = await established({ crm, sync: { on_drift: 'keep' }, source: [ADA] });
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    await p.source(['1', 'bad', 'Scale', 5]);
    expect(nonZero((await p.apply([], 5)).summary)).toEqual({ held: 1, rejected: 1 });
    expect(await p.summary()).toEqual({ conflict: 1, known_rejected: 1 });
    await p.source(['1', 'Good', 'Scale', 5]);
    expect(nonZero((await p.apply([], 5)).summary)).toEqual({ applied: 1, held: 1 });
    expect(await p.summary()).toEqual({ held: 1, conflict: 1 });
  });
});

describe('accept takes what the destination holds as it is', () => {
  const keeping: Setup & { source: readonly Account[] } = { sync: { on_drift: 'keep' }, source: [ADA, BOB] };

  test('one record: sent = D, returned = L; the others stay held', async () => {
    await using p = await established(keeping);
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    expect(await p.summary()).toEqual({ held: 2, drift: 2 });
    must(await p.run(['accept', 'accounts', '1']), 0);
    expect(await p.live()).toEqual([
      ['1', 'Ada', 'Typed', '5', null],
      ['2', 'Bob', 'Typed', '7', null],
    ]);
    expect((await p.records())['1']).toMatchObject({ sent: { Name: 'Ada', Plan: 'Team', Seats: '5' }, returned: { Plan: 'Typed' } });
    expect(await p.summary()).toEqual({ held: 1, drift: 1, unchanged: 1 });
  });

  test('all of them; and D wins again once it changes', async () => {
    await using p = await established(keeping);
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    must(await p.run(['accept', 'accounts', '--yes']), 0);
    expect(await p.summary()).toEqual({ unchanged: 2 });
    await p.source(['1', 'Ada', 'Scale', 5], BOB);
    await expectCycle(p, {
      plan: { update: 1, unchanged: 1 },
      apply: { applied: 1 },
      live: [
        ['1', 'Ada', 'Scale', '5', null],
        ['2', 'Bob', 'Typed', '7', null],
      ],
      again: { unchanged: 2 },
    });
  });

  test('a conflict', async () => {
    await using p = await established(keeping);
    await p.source(['1', 'Ada', 'Scale', 5], BOB);
    await p.crm("UPDATE Account SET Plan = 'Typed' WHERE Id = '1'");
    must(await p.run(['accept', 'accounts', '1']), 0);
    expect(await p.summary()).toEqual({ unchanged: 2 });
    expect((await p.sent())['1']).toMatchObject({ Plan: 'Scale' });
  });

  test('also where drift would be overwritten', async () => {
    await using p = await established({ source: [ADA] });
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    must(await p.run(['accept', 'accounts', '1']), 0);
    expect(await p.summary()).toEqual({ unchanged: 1 });
  });

  test('a key that differs in nothing is an error, and nothing is accepted', async () => {
    await using p = await established(keeping);
    await p.crm("UPDATE Account SET Plan = 'Typed' WHERE Id = '1'");
    const ran = await p.run(['accept', 'accounts', '1', '2']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/"2"/);
    expect(await p.summary()).toMatchObject({ held: 1 });
  });

  test('accepts nothing but what was named: no adoption, no forget, no other change of state', async () => {
    await using p = await established({ sync: { on_drift: 'keep' }, source: [ADA, BOB] });
    await p.insert(['3', 'Cy', 'Team', 1]);
    await p.source(ADA, ['3', 'Cy', 'Team', 1]);
    await p.crm("UPDATE Account SET Plan = 'Typed' WHERE Id = '1'", "DELETE FROM Account WHERE Id = '2'");
    must(await p.run(['accept', 'accounts', '1']), 0);
    expect(Object.keys(await p.records())).toEqual(['1', '2']);
    expect(await p.summary()).toMatchObject({ adopt: 1, forget: 1 });
  });

  test('a record that is gone has no values to take: an error, and it stays held', async () => {
    await using p = await established(keeping);
    await p.crm("DELETE FROM Account WHERE Id = '1'");
    expect((await p.run(['accept', 'accounts', '1'])).code).toBe(1);
    expect(await p.summary()).toEqual({ held: 1, drift: 1, unchanged: 1 });
  });
});

test('drift shows what moved, and writes nothing', async () => {
  await using p = await established({ source: [ADA, BOB] });
  await p.crm("UPDATE Account SET Plan = 'Typed' WHERE Id = '1'");
  const ran = await p.run(['drift']);
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/Plan/);
  expect(ran.stdout).toContain('Typed');
  expect(await p.summary()).toMatchObject({ drift: 1 });
});

describe('history and revert', () => {
  async function runs(p: Awaited<ReturnType<typeof project>>): Promise<{ run_id: string; serial: number; status: string }[]> {
    const ran = await p.run(['history', '--json']);
    must(ran, 0);
    return (ran.json as { runs: { run_id: string; serial: number; status: string }[] }).runs;
  }

  test('revert plans the before-images back, and holds each of those fields until D changes', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.source(['1', 'Ada', 'Scale', 9], BOB);
    await p.apply();
    const [last] = await runs(p);
    expect(last).toMatchObject({ serial: 2, status: 'finished' });
    must(await p.run(['revert', last?.run_id ?? '', '--yes']), 0);
    expect(await p.live()).toEqual([LIVE_ADA, LIVE_BOB]);
    expect((await p.records())['1']).toMatchObject({ sent: { Plan: 'Scale', Seats: '9' }, returned: { Plan: 'Team', Seats: '5' } });
    expect(await p.summary()).toEqual({ unchanged: 1, known_rejected: 1 });
    await p.source(['1', 'Ada', 'Scale', 10], BOB);
    expect(await p.summary()).toMatchObject({ update: 1 });
    await p.apply();
    expect(await p.live()).toEqual([['1', 'Ada', 'Team', '10', null], LIVE_BOB]);
  });

  test('what somebody does to a reverted record is left alone until its row changes', async () => {
    await using p = await established({ sync: { on_drift: 'overwrite' }, source: [ADA, BOB] });
    await p.source(['1', 'Ada', 'Scale', 9], ['2', 'Bob', 'Scale', 7]);
    await p.apply();
    must(await p.run(['revert', (await runs(p))[0]?.run_id ?? '', '--yes']), 0);
    await p.crm("UPDATE Account SET Plan = 'Mended' WHERE Id = '1'");
    expect(await p.summary(['--refresh', 'all'])).toEqual({ drift: 1, known_rejected: 2 });
    expect((await p.run(['plan', '--refresh', 'all'])).stdout).toContain('reverted by hand: left alone until its row changes');
    await p.apply(['--refresh', 'all']);
    expect(await p.live()).toEqual([['1', 'Ada', 'Mended', '5', null], LIVE_BOB]);
    await p.source(['1', 'Ada', 'Gold', 9], ['2', 'Bob', 'Scale', 7]);
    await p.apply(['--refresh', 'all']);
    expect((await p.live())[0]).toEqual(['1', 'Ada', 'Gold', '5', null]);
    await p.crm("UPDATE Account SET Plan = 'Mended' WHERE Id = '1'");
    expect(await p.summary(['--refresh', 'all'])).toMatchObject({ update: 1, drift: 1 });
  });

  test('reverted records are told by every plan, once each', async () => {
    await using p = await project({ source: [ADA, BOB], sync: { guards: { deletes: { max: 9 } } } });
    await p.apply();
    await p.source(['1', 'Ada', 'Scale', 5], BOB);
    await p.apply();
    const [update, create] = await runs(p);
    must(await p.run(['revert', update?.run_id ?? '', '--yes']), 0);
    const reverted = { unchanged: 1, known_rejected: 1 };
    expect(await p.summary(['--refresh', 'all'])).toEqual(reverted);
    await p.apply();
    expect(await p.summary(['--refresh', 'all'])).toEqual(reverted);
    expect((await p.run(['plan'])).stdout).toContain('reverted by hand: left alone until its row changes');
    must(await p.run(['revert', create?.run_id ?? '', '--yes']), 0);
    expect(await p.summary(['--refresh', 'all'])).toEqual({ known_rejected: 2 });
  });

  test('a reverted record that somebody changed can be accepted', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.source(['1', 'Ada', 'Scale', 5], BOB);
    await p.apply();
    must(await p.run(['revert', (await runs(p))[0]?.run_id ?? '', '--yes']), 0);
    await p.crm("UPDATE Account SET Plan = 'Mended' WHERE Id = '1'");
    must(await p.run(['accept', 'accounts', '1']), 0);
    expect(await p.summary(['--refresh', 'all'])).toEqual({ unchanged: 2 });
  });

  test('revert of creates deletes them; of deletes creates them again', async () => {
    await using p = await established({ sync: { on_missing: 'delete' }, source: [ADA, BOB] });
    await p.source(BOB, ['3', 'Cy', 'Team', 1]);
    await p.apply();
    expect((await p.live()).map((row) => row[0])).toEqual(['2', '3']);
    must(await p.run(['revert', (await runs(p))[0]?.run_id ?? '', '--yes']), 0);
    expect(await p.live()).toEqual([LIVE_ADA, LIVE_BOB]);
  });

  test('a saved revert is a plan like any other', async () => {
    await using p = await established({ source: [ADA] });
    await p.source(['1', 'Ada', 'Scale', 5]);
    await p.apply();
    must(await p.run(['revert', (await runs(p))[0]?.run_id ?? '', '--out', 'back.duckdb']), 0);
    expect(await p.live()).toEqual([['1', 'Ada', 'Scale', '5', null]]);
    must(await p.run(['apply', 'back.duckdb']), 0);
    expect(await p.live()).toEqual([LIVE_ADA]);
  });

  test('a run that does not exist', async () => {
    await using p = await established({ source: [ADA] });
    expect((await p.run(['revert', 'ffff', '--yes'])).code).toBe(1);
  });
});

test('state show tells what is known of a record', async () => {
  await using p = await established({ source: [ADA] });
  const ran = await p.run(['state', 'show', 'accounts', '1', '--json'], { process: true });
  must(ran, 0);
  expect(ran.json).toMatchObject({ sync: 'accounts', records: 1, serial: 1, lease: null });
});
