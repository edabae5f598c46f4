/** The table RECORDS of the design, row by row, with what `mode` and `on_missing` make of it. */
import { describe, expect, test } from 'vitest';

import { nonZero, planOf, project, resultOf } from '../support/project.ts';
import { established, expectCycle, written } from './cycle.ts';

const ADA = ['1', 'Ada', 'Team', 5] as const;
const BOB = ['2', 'Bob', 'Team', 7] as const;
const SENT_ADA = { Name: 'Ada', Plan: 'Team', Seats: '5' };
const SENT_BOB = { Name: 'Bob', Plan: 'Team', Seats: '7' };
const LIVE_ADA = ['1', 'Ada', 'Team', '5', null];
const LIVE_BOB = ['2', 'Bob', 'Team', '7', null];

describe('- D -: only the warehouse has it', () => {
  test('mode: upsert creates', async () => {
    await using p = await project({ process: true, source: [ADA] });
    const document = await expectCycle(p, {
      plan: { create: 1 },
      shows: [/\+ create +1/, 'Plan: 1 to create.'],
      apply: { applied: 1 },
      live: [LIVE_ADA],
      sent: { 1: SENT_ADA },
      again: { unchanged: 1 },
    });
    expect(planOf(document).samples).toMatchObject([{ action: 'create', reason: 'new', key: ['1'] }]);
    expect((await p.records())['1']).toMatchObject({ origin: 'created', left: false, pending: false });
  });

  test('mode: create creates', async () => {
    await using p = await project({ sync: { mode: 'create' }, source: [ADA] });
    await expectCycle(p, { plan: { create: 1 }, apply: { applied: 1 }, live: [LIVE_ADA], sent: { 1: SENT_ADA }, again: { unchanged: 1 } });
  });

  test('mode: update never creates', async () => {
    await using p = await project({ sync: { mode: 'update' }, source: [ADA] });
    await expectCycle(p, { plan: { skipped: 1 }, apply: {}, live: [], sent: {}, again: { skipped: 1 } });
  });
});

describe('- D L: both have it, Sluice never wrote it', () => {
  test('mode: upsert adopts it, then its fields', async () => {
    await using p = await project({ source: [ADA], live: [['1', 'Ada', 'Old', 5]] });
    const document = await expectCycle(p, {
      plan: { update: 1, takeover: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Team', '5', 'note 1']],
      sent: { 1: SENT_ADA },
      again: { unchanged: 1 },
    });
    expect(written(document)).toEqual({ Plan: 1 });
    expect((await p.records())['1']).toMatchObject({ origin: 'adopted' });
  });

  test('mode: update does the same', async () => {
    await using p = await project({ sync: { mode: 'update' }, source: [ADA], live: [['1', 'Ada', 'Old', 5]] });
    await expectCycle(p, {
      plan: { update: 1, takeover: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Team', '5', 'note 1']],
      sent: { 1: SENT_ADA },
      again: { unchanged: 1 },
    });
  });

  test('mode: create never updates', async () => {
    await using p = await project({ sync: { mode: 'create' }, source: [ADA], live: [['1', 'Ada', 'Old', 5]] });
    await expectCycle(p, { plan: { skipped: 1 }, apply: {}, live: [['1', 'Ada', 'Old', '5', 'note 1']], again: { skipped: 1 } });
  });
});

test('- - L: unmanaged, never touched, counted when all was read', async () => {
  await using p = await project({
    sync: { on_missing: 'delete', delete_adopted: true },
    source: [ADA],
    live: [
      ['8', 'x', 'y', 1],
      [null, 'no key', 'z', 2],
    ],
  });
  const document = await expectCycle(p, {
    plan: { create: 1 },
    apply: { applied: 1 },
    live: [LIVE_ADA, ['8', 'x', 'y', '1', 'note 8'], [null, 'no key', 'z', '2', 'nobody']],
    sent: { 1: SENT_ADA },
    again: { unchanged: 1 },
  });
  expect(planOf(document).unmanaged).toBe(2);
  expect(planOf(await p.plan(['--refresh', 'changed'])).unmanaged).toBeNull();
});

describe('B D L: known on all sides', () => {
  test('mode: upsert updates its fields', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.source(['1', 'Ada', 'Scale', 5], BOB);
    await expectCycle(p, {
      plan: { update: 1, unchanged: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Scale', '5', null], LIVE_BOB],
      sent: { 1: { ...SENT_ADA, Plan: 'Scale' }, 2: SENT_BOB },
      again: { unchanged: 2 },
    });
  });

  test('mode: create never updates', async () => {
    await using p = await established({ sync: { mode: 'create' }, source: [ADA] });
    await p.source(['1', 'Ada', 'Scale', 5]);
    await expectCycle(p, { plan: { skipped: 1 }, apply: {}, live: [LIVE_ADA], sent: { 1: SENT_ADA }, again: { skipped: 1 } });
  });
});

describe('B D -: gone, deleted outside', () => {
  test('on_drift: overwrite recreates', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.crm("DELETE FROM Account WHERE Id = '1'");
    const document = await expectCycle(p, {
      plan: { create: 1, drift: 1, unchanged: 1 },
      apply: { applied: 1 },
      live: [LIVE_ADA, LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { unchanged: 2 },
    });
    expect(planOf(document).samples).toMatchObject([{ action: 'create', reason: 'gone', key: ['1'] }]);
  });

  test('on_drift: keep holds', async () => {
    await using p = await established({ sync: { on_drift: 'keep' }, source: [ADA, BOB] });
    await p.crm("DELETE FROM Account WHERE Id = '1'");
    const document = await expectCycle(p, {
      plan: { held: 1, drift: 1, unchanged: 1 },
      apply: { held: 1 },
      applyCode: 5,
      live: [LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { held: 1, drift: 1, unchanged: 1 },
    });
    expect(planOf(document).held).toMatchObject([{ key: ['1'], reason: 'gone' }]);
  });

  test('on_drift: fail holds and stops the sync', async () => {
    await using p = await established({ sync: { on_drift: 'fail' }, source: [ADA] });
    await p.crm('DELETE FROM Account');
    await expectCycle(p, {
      plan: { held: 1, drift: 1 },
      planCode: 3,
      apply: {},
      applyCode: 3,
      live: [],
      sent: { 1: SENT_ADA },
      again: { held: 1, drift: 1 },
      againCode: 3,
    });
  });

  test('mode: update never creates, not even what is gone', async () => {
    await using p = await established({ sync: { mode: 'update' }, source: [ADA], live: [ADA] });
    await p.crm('DELETE FROM Account');
    await expectCycle(p, { plan: { skipped: 1 }, apply: {}, live: [], sent: { 1: SENT_ADA }, again: { skipped: 1 } });
  });

  test('mode: create recreates', async () => {
    await using p = await established({ sync: { mode: 'create' }, source: [ADA] });
    await p.crm('DELETE FROM Account');
    await expectCycle(p, {
      plan: { create: 1, drift: 1 },
      apply: { applied: 1 },
      live: [LIVE_ADA],
      sent: { 1: SENT_ADA },
      again: { unchanged: 1 },
    });
  });
});

describe('B - L: left the source', () => {
  test('on_missing: keep leaves it alone and remembers that it left', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.source(BOB);
    await expectCycle(p, {
      plan: { unchanged: 1 },
      apply: {},
      live: [LIVE_ADA, LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { unchanged: 1 },
    });
    expect((await p.records())['1']).toMatchObject({ left: true, origin: 'created' });
  });

  test('on_missing: clear nulls the mapped fields, once', async () => {
    await using p = await established({ process: true, sync: { on_missing: 'clear' }, source: [ADA, BOB] });
    await p.crm("UPDATE Account SET Notes = 'ours'");
    await p.source(BOB);
    await expectCycle(p, {
      plan: { clear: 1, unchanged: 1 },
      shows: [/clear +1/, 'Plan: 1 to clear.'],
      apply: { applied: 1 },
      live: [
        ['1', null, null, null, 'ours'],
        ['2', 'Bob', 'Team', '7', 'ours'],
      ],
      again: { unchanged: 1 },
    });
    await p.crm("UPDATE Account SET Name = 'typed again' WHERE Id = '1'");
    expect(await p.summary()).toEqual({ unchanged: 1 });
  });

  test('on_missing: clear leaves a field that takes no null', async () => {
    await using p = await established({
      crm: ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR NOT NULL, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)'],
      sync: { on_missing: 'clear' },
      source: [ADA, BOB],
    });
    await p.source(BOB);
    await expectCycle(p, {
      plan: { clear: 1, unchanged: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', null, null, null], LIVE_BOB],
      again: { unchanged: 1 },
    });
  });

  test('mode: create never updates, so it never clears', async () => {
    await using p = await established({ sync: { mode: 'create', on_missing: 'clear' }, source: [ADA, BOB] });
    await p.source(BOB);
    await expectCycle(p, { plan: { unchanged: 1 }, apply: {}, live: [LIVE_ADA, LIVE_BOB], again: { unchanged: 1 } });
  });

  test('on_missing: delete removes a record that Sluice created', async () => {
    await using p = await established({ process: true, sync: { on_missing: 'delete' }, source: [ADA, BOB], live: [['8', 'x', 'y', 1]] });
    await p.source(BOB);
    await expectCycle(p, {
      plan: { delete: 1, unchanged: 1 },
      shows: [/- delete +1/, 'Plan: 1 to delete.'],
      apply: { applied: 1 },
      live: [LIVE_BOB, ['8', 'x', 'y', '1', 'note 8']],
      sent: { 2: SENT_BOB },
      again: { unchanged: 1 },
    });
  });

  test('on_missing: delete keeps a record that was adopted', async () => {
    await using p = await established({ sync: { on_missing: 'delete' }, source: [ADA, BOB], live: [ADA] });
    await p.source(BOB);
    await expectCycle(p, {
      plan: { unchanged: 1 },
      apply: {},
      live: [['1', 'Ada', 'Team', '5', 'note 1'], LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { unchanged: 1 },
    });
    expect((await p.records())['1']).toMatchObject({ left: true, origin: 'adopted' });
  });

  test('delete_adopted: true deletes it too', async () => {
    await using p = await established({ sync: { on_missing: 'delete', delete_adopted: true }, source: [ADA, BOB], live: [ADA] });
    await p.source(BOB);
    await expectCycle(p, {
      plan: { delete: 1, unchanged: 1 },
      apply: { applied: 1 },
      live: [LIVE_BOB],
      sent: { 2: SENT_BOB },
      again: { unchanged: 1 },
    });
  });

  test.each(['clear', 'delete'])('on_missing: %s and L moved: on_drift: keep holds', async (onMissing) => {
    await using p = await established({ sync: { on_missing: onMissing, on_drift: 'keep' }, source: [ADA, BOB] });
    await p.source(BOB);
    await p.crm("UPDATE Account SET Plan = 'Typed' WHERE Id = '1'");
    const document = await expectCycle(p, {
      plan: { held: 1, drift: 1, unchanged: 1 },
      apply: { held: 1 },
      applyCode: 5,
      live: [['1', 'Ada', 'Typed', '5', null], LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { held: 1, drift: 1, unchanged: 1 },
    });
    expect(planOf(document).held).toMatchObject([{ key: ['1'], reason: 'left' }]);
  });

  test('on_missing: delete and L moved: on_drift: fail stops the sync', async () => {
    await using p = await established({ sync: { on_missing: 'delete', on_drift: 'fail' }, source: [ADA, BOB] });
    await p.source(BOB);
    await p.crm("UPDATE Account SET Plan = 'Typed' WHERE Id = '1'");
    await expectCycle(p, {
      plan: { held: 1, drift: 1, unchanged: 1 },
      planCode: 3,
      apply: {},
      applyCode: 3,
      live: [['1', 'Ada', 'Typed', '5', null], LIVE_BOB],
      again: { held: 1, drift: 1, unchanged: 1 },
      againCode: 3,
    });
  });

  test.each([
    ['clear', [['1', null, null, null, null], LIVE_BOB]],
    ['delete', [LIVE_BOB]],
  ] as const)('on_missing: %s and L moved: on_drift: overwrite goes on', async (onMissing, live) => {
    await using p = await established({ sync: { on_missing: onMissing }, source: [ADA, BOB] });
    await p.source(BOB);
    await p.crm("UPDATE Account SET Plan = 'Typed' WHERE Id = '1'");
    expect(await p.summary()).toMatchObject({ [onMissing]: 1 });
    await p.apply();
    expect(await p.live()).toEqual(live);
    expect(await p.summary()).toEqual({ unchanged: 1 });
  });

  test('keep becomes delete: what left earlier is deleted now', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.source(BOB);
    await p.apply();
    await p.sync({ on_missing: 'delete' });
    await expectCycle(p, {
      plan: { delete: 1, unchanged: 1 },
      apply: { applied: 1 },
      live: [LIVE_BOB],
      sent: { 2: SENT_BOB },
      again: { unchanged: 1 },
    });
  });
});

describe('a record that comes back is not a stranger', () => {
  test('after keep: what changed meanwhile is drift, not a takeover', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.source(BOB);
    await p.apply();
    await p.crm("UPDATE Account SET Plan = 'Typed' WHERE Id = '1'");
    await p.source(ADA, BOB);
    await expectCycle(p, {
      plan: { update: 1, drift: 1, unchanged: 1 },
      apply: { applied: 1 },
      live: [LIVE_ADA, LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { unchanged: 2 },
    });
    expect((await p.records())['1']).toMatchObject({ left: false, origin: 'created' });
  });

  test('after keep: nothing changed, nothing is written', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.source(BOB);
    await p.apply();
    await p.source(ADA, BOB);
    await expectCycle(p, { plan: { unchanged: 2 }, apply: {}, live: [LIVE_ADA, LIVE_BOB], again: { unchanged: 2 } });
    expect((await p.records())['1']).toMatchObject({ left: false });
  });

  test.each(['overwrite', 'keep'])(
    'an update that happened and was never heard of, and a source that changed its mind: D wins (on_drift: %s)',
    async (onDrift) => {
      await using p = await established({ process: true, api: {}, sync: { on_drift: onDrift }, source: [ADA, BOB] });
      await p.source(['1', null, 'Scale', 5], BOB);
      await p.api({ faults: { kill_after_write: [2] } });
      expect((await p.run(['apply', '--yes'])).code).toBe(137);
      expect((await p.live())[0]).toEqual(['1', null, 'Scale', '5', null]);
      await p.api({});
      await p.source(ADA, BOB);
      expect(nonZero((await p.apply()).summary)).toEqual({ applied: 1 });
      expect(await p.live()).toEqual([LIVE_ADA, LIVE_BOB]);
      expect((await p.records())['1']).toMatchObject({ sent: SENT_ADA, pending: false });
      expect(await p.summary(['--refresh', 'all'])).toEqual({ unchanged: 2 });
    },
  );

  test('a clear that happened and was never heard of is settled by the next run: the record comes back as if nothing had been', async () => {
    await using p = await established({ process: true, api: {}, sync: { on_missing: 'clear', on_drift: 'keep' }, source: [ADA, BOB] });
    await p.source(BOB);
    await p.api({ faults: { kill_after_write: [2] } });
    expect((await p.run(['apply', '--yes'])).code).toBe(137);
    expect((await p.live())[0]).toEqual(['1', null, null, null, null]);
    await p.api({});
    await p.apply();
    expect((await p.records())['1']).toMatchObject({ sent: { Name: null, Plan: null, Seats: null }, pending: false, left_as: 'clear' });
    expect(await p.summary(['--refresh', 'all'])).toEqual({ unchanged: 1 });
    await p.source(ADA, BOB);
    expect(nonZero((await p.apply()).summary)).toEqual({ applied: 1 });
    expect(await p.live()).toEqual([LIVE_ADA, LIVE_BOB]);
  });

  test('after clear: it is filled again, and may be cleared once more', async () => {
    await using p = await established({ sync: { on_missing: 'clear' }, source: [ADA, BOB] });
    await p.source(BOB);
    await p.apply();
    await p.source(ADA, BOB);
    await expectCycle(p, {
      plan: { update: 1, unchanged: 1 },
      apply: { applied: 1 },
      live: [LIVE_ADA, LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { unchanged: 2 },
    });
    await p.source(BOB);
    expect(await p.summary()).toEqual({ clear: 1, unchanged: 1 });
  });

  test('after delete: it is created', async () => {
    await using p = await established({ sync: { on_missing: 'delete' }, source: [ADA, BOB] });
    await p.source(BOB);
    await p.apply();
    await p.source(ADA, BOB);
    await expectCycle(p, {
      plan: { create: 1, unchanged: 1 },
      apply: { applied: 1 },
      live: [LIVE_ADA, LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { unchanged: 2 },
    });
  });
});

test.each(['keep', 'clear', 'delete'])('B - -: forget, in state only (on_missing: %s)', async (onMissing) => {
  await using p = await established({ sync: { on_missing: onMissing }, source: [ADA, BOB] });
  await p.source(BOB);
  await p.crm("DELETE FROM Account WHERE Id = '1'");
  await expectCycle(p, {
    plan: { forget: 1, unchanged: 1 },
    shows: [/forget +1/],
    apply: {},
    live: [LIVE_BOB],
    sent: { 2: SENT_BOB },
    again: { unchanged: 1 },
  });
});

describe('a source that cannot be trusted', () => {
  const deleting = { sync: { on_missing: 'delete' }, source: [ADA, BOB] };

  test('a null key is rejected; the good row is written; nothing is deleted', async () => {
    await using p = await established(deleting);
    await p.source(['1', 'Ada', 'Scale', 5], [null, 'Who', 'Team', 1]);
    const document = await expectCycle(p, {
      plan: { update: 1, rejected: 1 },
      shows: [/NULL_KEY/, /nothing is deleted, cleared or forgotten/],
      apply: { applied: 1 },
      applyCode: 5,
      live: [['1', 'Ada', 'Scale', '5', null], LIVE_BOB],
      sent: { 1: { ...SENT_ADA, Plan: 'Scale' }, 2: SENT_BOB },
      again: { unchanged: 1, known_rejected: 1 },
    });
    expect(planOf(document).rejects).toMatchObject([{ code: 'NULL_KEY', count: 1 }]);
    expect((await p.records())['2']).toMatchObject({ left: false });
  });

  test('a null key stops clear and forget, too', async () => {
    await using p = await established({ ...deleting, sync: { on_missing: 'clear' } });
    await p.crm("DELETE FROM Account WHERE Id = '1'");
    await p.source([null, 'Who', 'Team', 1]);
    await expectCycle(p, {
      plan: { rejected: 1 },
      apply: {},
      applyCode: 5,
      live: [LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { known_rejected: 1 },
    });
  });

  test('a key that cannot be read in the type of the destination: the same', async () => {
    await using p = await established({
      ...deleting,
      crm: ['CREATE TABLE Account (Id INTEGER UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)'],
    });
    await p.source(['1', 'Ada', 'Scale', 5], ['two', 'Bob', 'Team', 7]);
    await expectCycle(p, {
      plan: { update: 1, rejected: 1 },
      shows: [/KEY_UNREADABLE/],
      apply: { applied: 1 },
      applyCode: 5,
      live: [['1', 'Ada', 'Scale', '5', null], LIVE_BOB],
      again: { unchanged: 1, known_rejected: 1 },
    });
  });

  test('a lossy key is not rounded: 1.5 is nobody', async () => {
    await using p = await established({
      warehouse: ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats INTEGER)'],
      crm: ['CREATE TABLE Account (Id INTEGER UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)'],
      source: [ADA],
    });
    await p.source(['1.5', 'Eve', 'Team', 5]);
    expect(await p.summary()).toEqual({ rejected: 1 });
  });

  test('no rows at all, while base has some: nothing happens, and the plan says why', async () => {
    await using p = await established(deleting);
    await p.source();
    await p.crm("DELETE FROM Account WHERE Id = '1'");
    await expectCycle(p, {
      plan: {},
      shows: [/the query returned no rows while 2 records are in state/],
      apply: {},
      live: [LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: {},
    });
  });

  test('no rows at all, and no base: nothing to say', async () => {
    await using p = await project({ ...deleting, source: [], live: [ADA] });
    const document = await p.plan();
    expect(document.syncs[0]?.notes).toEqual([]);
    expect(planOf(document).unmanaged).toBe(1);
  });
});

describe('a key that stands twice', () => {
  test('in D: rejected, the live record untouched, also when it left before', async () => {
    await using p = await established({ sync: { on_missing: 'delete' }, source: [ADA, BOB] });
    await p.source(['1', 'Ada', 'Scale', 5], ['1', 'Eve', 'Scale', 6], BOB);
    const document = await expectCycle(p, {
      plan: { rejected: 2, unchanged: 1 },
      shows: [/AMBIGUOUS_SOURCE/],
      apply: {},
      applyCode: 5,
      live: [LIVE_ADA, LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { known_rejected: 2, unchanged: 1 },
    });
    expect(planOf(document).rejects).toMatchObject([{ code: 'AMBIGUOUS_SOURCE', examples: [{ key: ['1'] }] }]);
    await p.source(ADA, BOB);
    expect(await p.summary()).toEqual({ unchanged: 2 });
  });

  test('in L: rejected, the live records untouched', async () => {
    await using p = await project({
      crm: ['CREATE TABLE Account (Id VARCHAR, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)'],
      source: [['1', 'Ada', 'Scale', 5], BOB],
      live: [ADA, ['1', 'Twin', 'Team', 6]],
    });
    await expectCycle(p, {
      plan: { create: 1, rejected: 1 },
      shows: [/AMBIGUOUS_TARGET/],
      apply: { applied: 1 },
      applyCode: 5,
      live: [['1', 'Ada', 'Team', '5', 'note 1'], ['1', 'Twin', 'Team', '6', 'note 1'], LIVE_BOB],
      sent: { 2: SENT_BOB },
      again: { unchanged: 1, known_rejected: 1 },
    });
  });

  test('in L, and it left the source: neither is deleted', async () => {
    await using p = await established({
      crm: ['CREATE TABLE Account (Id VARCHAR, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)'],
      sync: { on_missing: 'delete' },
      source: [ADA, BOB],
    });
    await p.insert(['1', 'Twin', 'Team', 6]);
    await p.source(BOB);
    expect((await p.plan()).summary).toMatchObject({ delete: 0, forget: 0 });
    await p.run(['apply', '--yes']);
    expect((await p.live()).length).toBe(3);
    expect(Object.keys(await p.records())).toEqual(['1', '2']);
  });
});

describe('left unacknowledged by an earlier run: read live first, whatever refresh says', () => {
  const killed = 137;

  test('killed after the write: settled as ours, not written twice', async () => {
    await using p = await project({ source: [ADA], api: { faults: { kill_after_write: [1] } } });
    expect((await p.run(['apply', '--yes'], { process: true })).code).toBe(killed);
    expect((await p.records())['1']).toMatchObject({ sent: null, pending: true });
    await expectCycle(p, {
      args: ['--refresh', 'none'],
      plan: { unchanged: 1, adopt: 1 },
      apply: {},
      live: [LIVE_ADA],
      sent: { 1: SENT_ADA },
      again: { unchanged: 1, unverified: 1 },
    });
    expect((await p.records())['1']).toMatchObject({ origin: 'created', pending: false });
    expect(await p.writes()).toEqual([['create', '1']]);
  });

  test('killed in the middle of a batch: exactly the rest is left', async () => {
    await using p = await project({ source: [ADA, BOB], api: { faults: { kill_in_the_middle: [1] } } });
    expect((await p.run(['apply', '--yes'], { process: true })).code).toBe(killed);
    await expectCycle(p, {
      args: ['--refresh', 'none'],
      plan: { create: 1, unchanged: 1, adopt: 1 },
      apply: { applied: 1 },
      live: [LIVE_ADA, LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { unchanged: 2, unverified: 2 },
    });
    expect(await p.writes()).toEqual([
      ['create', '1 2'],
      ['create', '2'],
    ]);
  });

  test('killed after an update: base moves without another write', async () => {
    await using p = await established({ source: [ADA], api: { faults: { kill_after_write: [2] } } });
    await p.source(['1', 'Ada', 'Scale', 5]);
    expect((await p.run(['apply', '--yes'], { process: true })).code).toBe(killed);
    expect((await p.records())['1']).toMatchObject({ sent: SENT_ADA, pending: true });
    await expectCycle(p, {
      args: ['--refresh', 'none'],
      plan: { unchanged: 1 },
      apply: {},
      live: [['1', 'Ada', 'Scale', '5', null]],
      sent: { 1: { ...SENT_ADA, Plan: 'Scale' } },
      again: { unchanged: 1, unverified: 1 },
    });
    expect(await p.writes()).toHaveLength(2);
  });

  test('killed after it filled a field that is written while it is empty: what fills it is ours', async () => {
    await using p = await established({
      sync: { fields: { Name: 'name', Plan: { column: 'plan', when: 'empty' } } },
      source: [['1', 'Ada', null, 5]],
      api: { faults: { kill_after_write: [2] } },
    });
    await p.source(['1', 'Ada', 'Scale', 5]);
    expect((await p.run(['apply', '--yes'], { process: true })).code).toBe(killed);
    expect((await p.records())['1']).toMatchObject({ sent: { Name: 'Ada' }, pending: true });
    expect(nonZero((await p.apply()).summary)).toEqual({});
    expect((await p.records())['1']).toMatchObject({ sent: { Name: 'Ada', Plan: 'Scale' }, pending: false });
    expect(await p.writes()).toHaveLength(2);
  });

  test('killed after a delete: forgotten', async () => {
    await using p = await established({ sync: { on_missing: 'delete' }, source: [ADA, BOB], api: { faults: { kill_after_write: [2] } } });
    await p.source(BOB);
    expect((await p.run(['apply', '--yes'], { process: true })).code).toBe(killed);
    await expectCycle(p, {
      args: ['--refresh', 'none'],
      plan: { forget: 1, unchanged: 1, unverified: 1 },
      apply: {},
      live: [LIVE_BOB],
      sent: { 2: SENT_BOB },
      again: { unchanged: 1, unverified: 1 },
    });
  });

  test('no answer, but it was written: looked up, and applied', async () => {
    await using p = await project({ source: [ADA], api: { faults: { timeout_after_write: [1] } } });
    await expectCycle(p, {
      plan: { create: 1 },
      apply: { applied: 1 },
      live: [LIVE_ADA],
      sent: { 1: SENT_ADA },
      again: { unchanged: 1, unverified: 1 },
    });
    expect(await p.writes()).toHaveLength(1);
  });

  test.each(['timeout_after_write', 'timeout_before_write'])(
    'nobody can look whether it landed (%s): held, never repeated',
    async (fault) => {
      await using p = await project({ source: [ADA], api: { no_read: true, faults: { [fault]: [1] } } });
      expect(resultOf(await p.apply([], 5))).toMatchObject({ unknown: 1, applied: 0 });
      const document = await p.plan();
      expect(document.summary).toMatchObject({ create: 0, update: 0, held: 1 });
      expect(planOf(document).held).toMatchObject([{ key: ['1'], reason: 'unacknowledged' }]);
      await p.apply([], 5);
      expect(await p.writes()).toHaveLength(1);
    },
  );

  test('no answer, and no field of the record can be read: nobody says that it landed', async () => {
    await using p = await project({
      source: [ADA],
      api: { unreadable: ['Name', 'Plan', 'Seats'], faults: { timeout_after_write: [1] } },
    });
    expect(resultOf(await p.apply([], 5))).toMatchObject({ unknown: 1, applied: 0 });
    expect((await p.records())['1']).toMatchObject({ sent: null, pending: true });
  });

  test('no answer, and it was not written: unknown, not repeated by this run; the next plan holds it', async () => {
    await using p = await project({ source: [ADA], api: { faults: { timeout_before_write: [1] } } });
    expect(resultOf(await p.apply([], 5))).toMatchObject({ unknown: 1, applied: 0 });
    expect(await p.writes()).toHaveLength(1);
    expect((await p.records())['1']).toMatchObject({ sent: null, pending: true });
    await expectCycle(p, {
      plan: { create: 1 },
      apply: { applied: 1 },
      live: [LIVE_ADA],
      sent: { 1: SENT_ADA },
      again: { unchanged: 1, unverified: 1 },
    });
  });

  test('not written, but by now somebody made the record: what they typed is not ours', async () => {
    await using p = await project({ source: [ADA], api: { faults: { timeout_before_write: [1] } } });
    await p.apply([], 5);
    await p.insert(['1', 'Ada', 'Typed', 5]);
    await expectCycle(p, {
      plan: { update: 1, takeover: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Team', '5', 'note 1']],
      sent: { 1: SENT_ADA },
      again: { unchanged: 1, unverified: 1 },
    });
  });

  test('not written, somebody made the record, and it left the source: nobody deletes it', async () => {
    await using p = await project({
      sync: { on_missing: 'delete', delete_adopted: true },
      source: [ADA],
      api: { faults: { timeout_before_write: [1] } },
    });
    await p.apply([], 5);
    await p.insert(['1', 'Ada', 'Typed', 5]);
    await p.source(BOB);
    await expectCycle(p, {
      plan: { create: 1, forget: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Typed', '5', 'note 1'], LIVE_BOB],
      sent: { 2: SENT_BOB },
      again: { unchanged: 1, unverified: 1 },
    });
  });

  test('killed after a write that the destination normalised: nothing is left to do', async () => {
    await using p = await project({ source: [['1', 'Ada', ' Team ', 5]], api: { normalise: ['trim'], faults: { kill_after_write: [1] } } });
    await p.run(['apply', '--yes'], { process: true });
    await p.apply();
    expect(await p.live()).toEqual([LIVE_ADA]);
    expect(await p.summary(['--refresh', 'all'])).toEqual({ unchanged: 1 });
  });
});
