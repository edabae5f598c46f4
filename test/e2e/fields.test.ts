/** The table FIELDS of the design, row by row: a record that is desired and live. */
import { describe, expect, test } from 'vitest';

import { fields, planOf, project } from '../support/project.ts';
import { established, expectCycle, written } from './cycle.ts';

describe('reject: D breaks a type or constraint', () => {
  test('a type: the record is left alone, base stays, the reject is recorded, the good record is written', async () => {
    await using p = await established({
      warehouse: ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats VARCHAR)'],
      source: [
        ['1', 'Ada', 'Team', '5'],
        ['2', 'Bob', 'Team', '5'],
      ],
    });
    await p.source(['1', 'Eve', 'Team', 'many'], ['2', 'Bob', 'Scale', '5']);
    const document = await expectCycle(p, {
      plan: { update: 1, rejected: 1 },
      shows: [/x reject +1 +TYPE_MISMATCH Seats: /, 'Plan: 1 to update, 1 rejected'],
      apply: { applied: 1 },
      applyCode: 5,
      live: [
        ['1', 'Ada', 'Team', '5', null],
        ['2', 'Bob', 'Scale', '5', null],
      ],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' }, 2: { Name: 'Bob', Plan: 'Scale', Seats: '5' } },
      again: { unchanged: 1, known_rejected: 1 },
    });
    expect(planOf(document).rejects).toMatchObject([
      { code: 'TYPE_MISMATCH', field: 'Seats', count: 1, known: 0, examples: [{ key: ['1'] }] },
    ]);
  });

  test('a constraint: a null for a field that takes none', async () => {
    await using p = await established({
      crm: ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR NOT NULL, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)'],
      source: [['1', 'Ada', 'Team', 5]],
    });
    await p.source(['1', null, 'Scale', 6]);
    await expectCycle(p, {
      plan: { rejected: 1 },
      shows: [/NULL_NOT_ALLOWED Name: /],
      apply: {},
      applyCode: 5,
      live: [['1', 'Ada', 'Team', '5', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' } },
      again: { known_rejected: 1 },
    });
  });
});

describe('policy: nothing is written, base stays', () => {
  test('when: create, the record exists and Sluice never wrote it', async () => {
    await using p = await project({
      sync: fields({ Plan: { when: 'create' } }),
      source: [['1', 'Ada', 'Team', 5]],
      live: [['1', 'Ada', 'Old', 5]],
    });
    await expectCycle(p, {
      plan: { skipped: 1, adopt: 1 },
      apply: {},
      live: [['1', 'Ada', 'Old', '5', 'note 1']],
      sent: { 1: { Name: 'Ada', Seats: '5' } },
      again: { unchanged: 1 },
    });
  });

  test('when: create writes the field of a new record, and never again', async () => {
    await using p = await established({ process: true, sync: fields({ Plan: { when: 'create' } }), source: [['1', 'Ada', 'Team', 5]] });
    expect(await p.live()).toEqual([['1', 'Ada', 'Team', '5', null]]);
    await p.source(['1', 'Ada', 'Scale', 6]);
    const document = await expectCycle(p, {
      plan: { update: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Team', '6', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '6' } },
      again: { unchanged: 1 },
    });
    expect(written(document)).toEqual({ Seats: 1 });
  });

  test('when: empty and L is set', async () => {
    await using p = await project({
      sync: fields({ Plan: { when: 'empty' } }),
      source: [['1', 'Ada', 'Team', 5]],
      live: [['1', 'Ada', 'Old', 5]],
    });
    await expectCycle(p, {
      plan: { skipped: 1, adopt: 1 },
      apply: {},
      live: [['1', 'Ada', 'Old', '5', 'note 1']],
      sent: { 1: { Name: 'Ada', Seats: '5' } },
      again: { unchanged: 1 },
    });
  });

  test('when: empty fills what is empty, also when somebody emptied it', async () => {
    await using p = await project({
      sync: fields({ Plan: { when: 'empty' } }),
      source: [['1', 'Ada', 'Team', 5]],
      live: [['1', 'Ada', null, 5]],
    });
    const filled = {
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Team', '5', 'note 1']],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' } },
      again: { unchanged: 1 },
    };
    await expectCycle(p, { plan: { update: 1 }, ...filled });
    await p.crm('UPDATE Account SET Plan = NULL');
    await expectCycle(p, { plan: { update: 1, drift: 1 }, ...filled });
  });

  test('D is null and on_null: skip', async () => {
    await using p = await established({ sync: fields({ Plan: { on_null: 'skip' } }), source: [['1', 'Ada', 'Team', 5]] });
    await p.source(['1', 'Ada', null, 6]);
    const document = await expectCycle(p, {
      plan: { update: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Team', '6', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '6' } },
      again: { unchanged: 1 },
    });
    expect(written(document)).toEqual({ Seats: 1 });
  });

  test('a policy that ends is noticed: when: create becomes always', async () => {
    await using p = await established({
      sync: fields({ Plan: { when: 'create' } }),
      source: [['1', 'Ada', 'Team', 5]],
      live: [['1', 'Ada', 'Old', 5]],
    });
    await p.sync({});
    expect(await p.summary()).toEqual({ update: 1, takeover: 1 });
  });

  test('a policy that ends is noticed: on_null: skip becomes clear', async () => {
    await using p = await established({ sync: fields({ Plan: { on_null: 'skip' } }), source: [['1', 'Ada', 'Team', 5]] });
    await p.source(['1', 'Ada', null, 5]);
    await p.apply();
    await p.sync({});
    expect(await p.summary()).toEqual({ update: 1 });
  });

  test('on_null: clear, the default, writes a null over what Sluice wrote', async () => {
    await using p = await established({ source: [['1', 'Ada', 'Team', 5]] });
    await p.source(['1', 'Ada', null, 5]);
    await expectCycle(p, {
      plan: { update: 1 },
      shows: [/Plan: "Team" -> null/],
      apply: { applied: 1 },
      live: [['1', 'Ada', null, '5', null]],
      sent: { 1: { Name: 'Ada', Plan: null, Seats: '5' } },
      again: { unchanged: 1 },
    });
  });

  test('D is null and there is no base: what somebody typed stays', async () => {
    await using p = await project({ source: [['1', 'Ada', null, 5]], live: [['1', 'Ada', 'Old', 5]] });
    await expectCycle(p, {
      plan: { skipped: 1, adopt: 1 },
      apply: {},
      live: [['1', 'Ada', 'Old', '5', 'note 1']],
      sent: { 1: { Name: 'Ada', Seats: '5' } },
      again: { unchanged: 1 },
    });
  });
});

describe('D = L: unchanged, base is brought up to date', () => {
  test('adopt: a record that already is as it should be', async () => {
    await using p = await project({ source: [['1', 'Ada', 'Team', 5]], live: [['1', 'Ada', 'Team', 5]] });
    await expectCycle(p, {
      plan: { unchanged: 1, adopt: 1 },
      apply: {},
      live: [['1', 'Ada', 'Team', '5', 'note 1']],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' } },
      again: { unchanged: 1 },
    });
    expect((await p.records())['1']).toMatchObject({ origin: 'adopted' });
  });

  test('both moved to the same value: nothing is written, and that value is base now', async () => {
    await using p = await established({ source: [['1', 'Ada', 'Team', 5]] });
    await p.source(['1', 'Ada', 'Scale', 5]);
    await p.crm("UPDATE Account SET Plan = 'Scale'");
    await expectCycle(p, {
      plan: { unchanged: 1 },
      apply: {},
      live: [['1', 'Ada', 'Scale', '5', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Scale', Seats: '5' } },
      again: { unchanged: 1 },
    });
  });
});

describe('no base', () => {
  test('fill: L is empty', async () => {
    await using p = await project({ source: [['1', 'Ada', 'Team', 5]], live: [['1', 'Ada', null, 5]] });
    const document = await expectCycle(p, {
      plan: { update: 1 },
      shows: [/Plan: null -> "Team"/],
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Team', '5', 'note 1']],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' } },
      again: { unchanged: 1 },
    });
    expect(planOf(document).samples).toMatchObject([
      { reason: 'fill', fields: [{ field: 'Plan', case: 'fill', before: null, after: 'Team' }] },
    ]);
  });

  test('takeover: L is set, which is counted apart', async () => {
    await using p = await project({ process: true, source: [['1', 'Ada', 'Team', 5]], live: [['1', 'Ada', 'Old', 5]] });
    const document = await expectCycle(p, {
      plan: { update: 1, takeover: 1 },
      shows: [/! takeover +1/, /Plan: "Old" -> "Team"/],
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Team', '5', 'note 1']],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' } },
      again: { unchanged: 1 },
    });
    expect(written(document)).toEqual({ Plan: 1 });
  });
});

test('update: the source moved, the destination did not', async () => {
  await using p = await established({
    process: true,
    source: [
      ['1', 'Ada', 'Team', 5],
      ['2', "O'Brien", '', 7],
    ],
    live: [['9', 'x', 'y', 1]],
  });
  await p.source(['1', 'Ada', 'Scale', 5], ['2', "O'Brien", '', 7]);
  const document = await expectCycle(p, {
    plan: { update: 1, unchanged: 1 },
    shows: [/~ update +1/, /Plan: "Team" -> "Scale"/, 'Plan: 1 to update.'],
    apply: { applied: 1 },
    live: [
      ['1', 'Ada', 'Scale', '5', null],
      ['2', "O'Brien", '', '7', null],
      ['9', 'x', 'y', '1', 'note 9'],
    ],
    sent: { 1: { Name: 'Ada', Plan: 'Scale', Seats: '5' }, 2: { Name: "O'Brien", Plan: '', Seats: '7' } },
    again: { unchanged: 2 },
  });
  expect(planOf(document).samples).toMatchObject([
    { action: 'update', reason: 'update', key: ['1'], fields: [{ field: 'Plan', case: 'update' }] },
  ]);
});

test('update: a field that the plan does not write keeps what stands there, drifted neighbours included', async () => {
  await using p = await established({ sync: fields({ Name: { on_drift: 'keep' } }), source: [['1', 'Ada', 'Team', 5]] });
  await p.source(['1', 'Ada', 'Scale', 5]);
  await p.crm("UPDATE Account SET Name = 'Ada L.', Notes = 'hands off'");
  await expectCycle(p, {
    plan: { update: 1, drift: 1, held: 1 },
    apply: { applied: 1, held: 1 },
    applyCode: 5,
    live: [['1', 'Ada L.', 'Scale', '5', 'hands off']],
    sent: { 1: { Name: 'Ada', Plan: 'Scale', Seats: '5' } },
    again: { held: 1, drift: 1 },
  });
});

describe('drift: the destination moved, the source did not', () => {
  test('on_drift: overwrite, the default, writes D', async () => {
    await using p = await established({ source: [['1', 'Ada', 'Team', 5]] });
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    const document = await expectCycle(p, {
      plan: { update: 1, drift: 1 },
      shows: [/! drift +1 +Plan 1 +will be overwritten/, /Plan: "Typed" -> "Team"/],
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Team', '5', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' } },
      again: { unchanged: 1 },
    });
    expect(planOf(document).drift_fields).toEqual({ Plan: 1 });
  });

  test('on_drift: keep holds the record: visible in every plan, until the data agrees', async () => {
    await using p = await established({ sync: { on_drift: 'keep' }, source: [['1', 'Ada', 'Team', 5]] });
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    const document = await expectCycle(p, {
      plan: { drift: 1, held: 1 },
      shows: [/drift +1 +Plan 1/],
      apply: { held: 1 },
      applyCode: 5,
      live: [['1', 'Ada', 'Typed', '5', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' } },
      again: { drift: 1, held: 1 },
    });
    expect(planOf(document).held).toMatchObject([
      { key: ['1'], reason: 'drift', fields: [{ field: 'Plan', before: 'Typed', after: 'Team' }] },
    ]);
    await p.crm("UPDATE Account SET Plan = 'Team'");
    expect(await p.summary()).toEqual({ unchanged: 1 });
  });

  test('on_drift: keep, until the policy changes', async () => {
    await using p = await established({ sync: { on_drift: 'keep' }, source: [['1', 'Ada', 'Team', 5]] });
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    await p.apply([], 5);
    await p.sync({ on_drift: 'overwrite' });
    expect(await p.summary()).toEqual({ update: 1, drift: 1 });
  });

  test('on_drift: fail holds the record and stops the sync', async () => {
    await using p = await established({
      process: true,
      sync: { on_drift: 'fail' },
      source: [
        ['1', 'Ada', 'Team', 5],
        ['2', 'Bob', 'Team', 5],
      ],
    });
    await p.source(['1', 'Ada', 'Team', 5], ['2', 'Bob', 'Scale', 5]);
    await p.crm("UPDATE Account SET Plan = 'Typed' WHERE Id = '1'");
    const document = await expectCycle(p, {
      plan: { update: 1, drift: 1, held: 1 },
      planCode: 3,
      apply: { not_attempted: 1 },
      applyCode: 3,
      live: [
        ['1', 'Ada', 'Typed', '5', null],
        ['2', 'Bob', 'Team', '5', null],
      ],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' }, 2: { Name: 'Bob', Plan: 'Team', Seats: '5' } },
      again: { update: 1, drift: 1, held: 1 },
      againCode: 3,
    });
    expect(planOf(document).blocked).toMatchObject([{ kind: 'drift' }]);
    expect(document.applyable).toBe(false);
  });

  test('the policy of a field outranks the one of its sync', async () => {
    await using p = await established({
      sync: { on_drift: 'keep', ...fields({ Seats: { on_drift: 'overwrite' } }) },
      source: [['1', 'Ada', 'Team', 5]],
    });
    await p.crm("UPDATE Account SET Plan = 'Typed', Seats = 6");
    const document = await expectCycle(p, {
      plan: { update: 1, drift: 1, held: 1 },
      apply: { applied: 1, held: 1 },
      applyCode: 5,
      live: [['1', 'Ada', 'Typed', '5', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' } },
      again: { drift: 1, held: 1 },
    });
    expect(written(document)).toEqual({ Seats: 1 });
  });
});

describe('conflict: both moved, to different values', () => {
  test('on_drift: overwrite writes D', async () => {
    await using p = await established({ source: [['1', 'Ada', 'Team', 5]] });
    await p.source(['1', 'Ada', 'Scale', 5]);
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    await expectCycle(p, {
      plan: { update: 1, conflict: 1 },
      shows: [/! conflict +1/, /Plan: "Typed" -> "Scale"/],
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Scale', '5', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Scale', Seats: '5' } },
      again: { unchanged: 1 },
    });
  });

  test('on_drift: keep holds it, base stays', async () => {
    await using p = await established({ sync: { on_drift: 'keep' }, source: [['1', 'Ada', 'Team', 5]] });
    await p.source(['1', 'Ada', 'Scale', 5]);
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    const document = await expectCycle(p, {
      plan: { conflict: 1, held: 1 },
      shows: [/conflict +1/],
      apply: { held: 1 },
      applyCode: 5,
      live: [['1', 'Ada', 'Typed', '5', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' } },
      again: { conflict: 1, held: 1 },
    });
    expect(planOf(document).held).toMatchObject([{ key: ['1'], reason: 'conflict' }]);
  });

  test('on_drift: fail holds it and stops the sync', async () => {
    await using p = await established({ sync: { on_drift: 'fail' }, source: [['1', 'Ada', 'Team', 5]] });
    await p.source(['1', 'Ada', 'Scale', 5]);
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    await expectCycle(p, {
      plan: { conflict: 1, held: 1 },
      planCode: 3,
      apply: {},
      applyCode: 3,
      live: [['1', 'Ada', 'Typed', '5', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' } },
      again: { conflict: 1, held: 1 },
      againCode: 3,
    });
  });
});

/** Refresh is `changed` there: what the warehouse left alone is unchanged, and not looked at. */
describe('not S, not M: unchanged, because the destination shows our value its own way', () => {
  const normalising = { api: { normalise: ['trim'] }, source: [['1', 'Ada', ' Team ', 5]] } as const;
  const stored = [['1', 'Ada', 'Team', '5', null]];

  test('read back after the write: base knows both, and nothing is written again', async () => {
    await using p = await project(normalising);
    await expectCycle(p, {
      args: ['--refresh', 'all'],
      plan: { create: 1 },
      apply: { applied: 1 },
      live: stored,
      sent: { 1: { Name: 'Ada', Plan: ' Team ', Seats: '5' } },
      again: { unchanged: 1 },
    });
    expect((await p.records())['1']).toMatchObject({ returned: { Plan: 'Team' }, verified: true });
    await p.source(['1', 'Ada', ' Team ', 6]);
    const document = await expectCycle(p, {
      args: ['--refresh', 'all'],
      plan: { update: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Team', '6', null]],
      again: { unchanged: 1 },
    });
    expect(written(document)).toEqual({ Seats: 1 });
  });

  test('a write into a field that is shown its own way: returned follows', async () => {
    await using p = await established(normalising);
    await p.source(['1', 'Ada', 'Scale ', 5]);
    await expectCycle(p, {
      args: ['--refresh', 'all'],
      plan: { update: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Scale', '5', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Scale ', Seats: '5' } },
      again: { unchanged: 1 },
    });
    expect((await p.records())['1']).toMatchObject({ returned: { Plan: 'Scale' } });
  });

  test('when it does move, that is drift', async () => {
    await using p = await established(normalising);
    await p.edit((values) => ({ ...values, Plan: 'Typed' }));
    expect(await p.summary()).toEqual({ unchanged: 1, unverified: 1 });
    await expectCycle(p, {
      args: ['--refresh', 'all'],
      plan: { update: 1, drift: 1 },
      apply: { applied: 1 },
      live: stored,
      again: { unchanged: 1 },
    });
  });

  test('verify: none: what is found for the first time becomes returned', async () => {
    await using p = await established({ ...normalising, sync: { verify: 'none' } });
    expect((await p.records())['1']).toMatchObject({ returned: null, verified: false });
    await expectCycle(p, { args: ['--refresh', 'all'], plan: { unchanged: 1 }, apply: {}, live: stored, again: { unchanged: 1 } });
    expect((await p.records())['1']).toMatchObject({ returned: { Plan: 'Team' }, verified: true });
    expect(await p.writes()).toHaveLength(1);
  });
});

describe('L unreadable', () => {
  const hidden = { api: { unreadable: ['Plan'] } } as const;

  test('blind: no base, D is written', async () => {
    await using p = await project({ ...hidden, source: [['1', 'Ada', 'Team', 5]], live: [['1', 'Ada', 'Old', 5]] });
    const document = await expectCycle(p, {
      plan: { update: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Team', '5', 'note 1']],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '5' } },
      again: { unchanged: 1, unverified: 1 },
    });
    expect(written(document)).toEqual({ Plan: 1 });
    expect(planOf(document).samples).toMatchObject([{ reason: 'blind', fields: [{ field: 'Plan', case: 'blind' }] }]);
  });

  test('blind: the source moved, D is written', async () => {
    await using p = await established({ process: true, ...hidden, source: [['1', 'Ada', 'Team', 5]] });
    await p.source(['1', 'Ada', 'Scale', 5]);
    await expectCycle(p, {
      plan: { update: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Scale', '5', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Scale', Seats: '5' } },
      again: { unchanged: 1, unverified: 1 },
    });
  });

  test('unverified: the source did not move, so nothing is written and what moved there is not seen', async () => {
    await using p = await established({ ...hidden, source: [['1', 'Ada', 'Team', 5]] });
    await p.edit((values) => ({ ...values, Plan: 'Typed' }));
    await expectCycle(p, {
      args: ['--refresh', 'all'],
      plan: { unchanged: 1 },
      apply: {},
      live: [['1', 'Ada', 'Typed', '5', null]],
      again: { unchanged: 1 },
    });
  });

  test('unverified: a neighbour is written without it', async () => {
    await using p = await established({ ...hidden, source: [['1', 'Ada', 'Team', 5]] });
    await p.source(['1', 'Ada', 'Team', 6]);
    await p.edit((values) => ({ ...values, Plan: 'Typed' }));
    await expectCycle(p, {
      plan: { update: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Typed', '6', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Team', Seats: '6' } },
      again: { unchanged: 1, unverified: 1 },
    });
  });

  test('a destination that cannot be read at all: L is taken to be B, and the plan says so', async () => {
    await using p = await established({ api: { no_read: true }, source: [['1', 'Ada', 'Team', 5]] });
    expect(await p.planText()).toMatch(/drift not checked/);
    await p.source(['1', 'Ada', 'Scale', 5]);
    await expectCycle(p, {
      plan: { update: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Scale', '5', null]],
      sent: { 1: { Name: 'Ada', Plan: 'Scale', Seats: '5' } },
      again: { unchanged: 1, unverified: 1 },
    });
  });
});
