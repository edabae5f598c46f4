/** What a plan makes of a project that changed: fields, keys, objects, names, destinations and syncs. */
import { describe, expect, test } from 'vitest';

import { CRM, nonZero, planOf, project } from '../support/project.ts';
import { established, expectCycle, written } from './cycle.ts';

const ADA = ['1', 'Ada', 'Team', 5] as const;
const BOB = ['2', 'Bob', 'Team', 7] as const;
const SENT_ADA = { Name: 'Ada', Plan: 'Team', Seats: '5' };
const SENT_BOB = { Name: 'Bob', Plan: 'Team', Seats: '7' };
const LIVE_ADA = ['1', 'Ada', 'Team', '5', null];
const LIVE_BOB = ['2', 'Bob', 'Team', '7', null];
const OTHER = { name: 'other', fields: { Notes: 'name' } };
const WITHOUT_PLAN = { fields: { Name: 'name', Seats: 'seats' } };

describe('fields', () => {
  test('unmapping a field releases it: nothing is written, sent drops it', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.sync(WITHOUT_PLAN);
    const document = await expectCycle(p, {
      plan: { release: 2, unchanged: 2 },
      shows: [/release +2/],
      apply: {},
      live: [LIVE_ADA, LIVE_BOB],
      sent: { 1: { Name: 'Ada', Seats: '5' }, 2: { Name: 'Bob', Seats: '7' } },
      again: { unchanged: 2 },
    });
    expect(planOf(document).released_fields).toEqual(['Plan']);
  });

  test('mapping it again is no base: what stands there is a takeover', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.sync(WITHOUT_PLAN);
    await p.apply();
    await p.crm("UPDATE Account SET Plan = 'Typed' WHERE Id = '1'");
    await p.sync({});
    await expectCycle(p, {
      plan: { update: 1, takeover: 1, unchanged: 1 },
      apply: { applied: 1 },
      live: [LIVE_ADA, LIVE_BOB],
      sent: { 1: SENT_ADA, 2: SENT_BOB },
      again: { unchanged: 2 },
    });
  });

  test('adding a field plans only the records whose live value differs', async () => {
    await using p = await established({ sync: WITHOUT_PLAN, source: [ADA, BOB, ['3', 'Cy', 'Team', 1]] });
    await p.crm("UPDATE Account SET Plan = 'Team' WHERE Id = '1'", "UPDATE Account SET Plan = 'Old' WHERE Id = '2'");
    await p.sync({});
    const document = await expectCycle(p, {
      plan: { update: 2, takeover: 1, unchanged: 1 },
      apply: { applied: 2 },
      live: [LIVE_ADA, LIVE_BOB, ['3', 'Cy', 'Team', '1', null]],
      sent: { 1: SENT_ADA, 2: SENT_BOB, 3: { Name: 'Cy', Plan: 'Team', Seats: '1' } },
      again: { unchanged: 3 },
    });
    expect(written(document)).toEqual({ Plan: 2 });
  });

  test('another order of the fields, or another SQL for the same values, changes nothing', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.sync({ fields: { Seats: 'seats', Plan: { sql: 'trim(plan)' }, Name: 'name' } });
    expect(await p.summary()).toEqual({ unchanged: 2 });
    await p.apply();
    expect(await p.summary()).toEqual({ unchanged: 2 });
    expect(await p.live()).toEqual([LIVE_ADA, LIVE_BOB]);
  });

  test('a constant field is a field', async () => {
    await using p = await established({ sync: { fields: { Name: 'name', Plan: { value: 'Fixed' } } }, source: [ADA] });
    expect(await p.live()).toEqual([['1', 'Ada', 'Fixed', null, null]]);
    await p.sync({ fields: { Name: 'name', Plan: { value: 'Other' } } });
    await expectCycle(p, {
      plan: { update: 1 },
      apply: { applied: 1 },
      live: [['1', 'Ada', 'Other', null, null]],
      again: { unchanged: 1 },
    });
  });
});

describe('a rename', () => {
  test('with moved.from keeps the state', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.sync({ name: 'customers', moved: { from: 'accounts' } });
    expect(await p.summary()).toEqual({ unchanged: 2 });
    await p.source(['1', 'Ada', 'Scale', 5], BOB);
    await p.apply();
    expect(await p.sent('customers')).toEqual({ 1: { ...SENT_ADA, Plan: 'Scale' }, 2: SENT_BOB });
    expect(await p.records('accounts')).toEqual({});
    expect(await p.summary()).toEqual({ unchanged: 2 });
  });

  test('without it warns and names the line to add', async () => {
    await using p = await established({ source: [ADA, BOB] });
    await p.sync({ name: 'customers' });
    const ran = await p.run(['plan']);
    expect(ran.code).toBe(0);
    expect(ran.stdout + ran.stderr).toMatch(/moved: *{ *from: accounts *}/);
  });
});

describe('another key or object: a release and a new lineage', () => {
  test('another object', async () => {
    await using p = await established({ crm: [CRM, CRM.replace('Account', 'Company')], sync: { on_missing: 'delete' }, source: [ADA] });
    await p.sync({ on_missing: 'delete', destination: { connection: 'crm', object: 'Company', key: 'Id' } });
    const document = await p.plan();
    expect(nonZero(document.summary)).toEqual({ create: 1, release: 1 });
    await p.apply();
    expect(await p.live()).toEqual([LIVE_ADA]);
    expect(await p.live('Company')).toEqual([LIVE_ADA]);
    expect(await p.sent()).toEqual({ 1: SENT_ADA });
    expect(await p.summary()).toEqual({ unchanged: 1 });
  });

  test('another key', async () => {
    await using p = await established({ sync: { on_missing: 'delete' }, source: [ADA] });
    await p.sync({
      on_missing: 'delete',
      source: { connection: 'warehouse', query: 'select * from account', key: 'name' },
      destination: { connection: 'crm', object: 'Account', key: 'Name' },
      fields: { Plan: 'plan', Seats: 'seats' },
    });
    await expectCycle(p, {
      plan: { release: 1, unchanged: 1, adopt: 1 },
      apply: {},
      live: [LIVE_ADA],
      sent: { Ada: { Plan: 'Team', Seats: '5' } },
      again: { unchanged: 1 },
    });
    expect((await p.records())['Ada']).toMatchObject({ origin: 'adopted' });
  });
});

test('pointing a sync at another destination is an error, not an empty plan', async () => {
  await using p = await established({
    source: [ADA],
    connections: [{ kind: 'Connection', name: 'sandbox', type: 'duckdb', path: '../sandbox.duckdb' }],
  });
  await p.onFile('sandbox.duckdb', CRM);
  await p.sync({ destination: { connection: 'sandbox', object: 'Account', key: 'Id' } });
  const ran = await p.run(['plan']);
  expect(ran.code).toBe(1);
  expect(ran.stdout + ran.stderr).toMatch(/duckdb:.*crm\.duckdb.*sandbox\.duckdb/);
  expect((await p.run(['apply', '--yes'])).code).toBe(1);
  expect(await p.onFile('sandbox.duckdb', 'SELECT * FROM Account')).toEqual([]);
});

describe('two syncs that write one field', () => {
  const OTHER_NAME = { name: 'again', destination: { connection: 'crm', object: 'main.Account', key: 'Id' } };

  test('are found by the object that they write, however they spell it', async () => {
    await using p = await project({ sync: [{}, { ...OTHER_NAME, fields: { Seats: 'seats' } }], source: [ADA] });
    const document = await p.plan([], 1);
    expect(document.syncs.map(({ error }) => error?.message)).toEqual([
      undefined,
      'again and accounts both write Seats of main.Account in crm, which accounts calls Account in crm',
    ]);
    const validated = await p.run(['validate', '--online']);
    expect(validated.stdout).toContain('again and accounts both write Seats of main.Account in crm, which accounts calls Account in crm');
    expect(validated.code).toBe(1);
  });

  test('other fields are no matter', async () => {
    await using p = await project({ sync: [{}, { ...OTHER_NAME, fields: { Notes: 'name' } }], source: [ADA] });
    expect((await p.run(['validate', '--online'])).code).toBe(0);
    expect((await p.plan()).syncs.map(({ error }) => error)).toEqual([null, null]);
  });
});

describe('removing a sync', () => {
  test('releases its records and never deletes', async () => {
    await using p = await established({ sync: [{ on_missing: 'delete' }, OTHER], source: [ADA], live: [BOB, ADA] });
    await p.sync([OTHER]);
    expect(nonZero((await p.plan()).summary)).toMatchObject({ unchanged: 1 });
    await p.apply();
    expect(await p.live()).toEqual([
      ['1', 'Ada', 'Team', '5', 'Ada'],
      ['2', 'Bob', 'Team', '7', 'note 2'],
    ]);
  });

  test('a sync that is back finds its base', async () => {
    await using p = await established({ sync: [{}, OTHER], source: [ADA], live: [ADA] });
    await p.sync([OTHER]);
    await p.apply();
    await p.sync([{}, OTHER]);
    expect(await p.summary()).toEqual({ unchanged: 2 });
  });
});

describe('selection', () => {
  const two = [{ tags: ['hot'] }, { name: 'notes', fields: { Notes: 'name' }, tags: ['cold'] }];

  test.each([[['accounts']], [['--select', 'tag:hot']], [['--select', 'accounts']]])('plan %s plans only that sync', async (args) => {
    await using p = await project({ sync: two, source: [ADA], live: [ADA] });
    expect((await p.plan(args)).syncs.map((sync) => sync.name)).toEqual(['accounts']);
  });

  test('select by destination takes all of it', async () => {
    await using p = await project({ sync: two, source: [ADA], live: [ADA] });
    expect((await p.plan(['--select', 'destination:crm'])).syncs.map((sync) => sync.name).toSorted()).toEqual(['accounts', 'notes']);
  });

  test('a sync that does not exist is an error with a suggestion', async () => {
    await using p = await project({ sync: two, source: [ADA] });
    const ran = await p.run(['plan', 'acounts']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/accounts/);
  });

  test('apply of one sync leaves the others alone', async () => {
    await using p = await project({ sync: two, source: [ADA], live: [['1', 'Ada', 'Old', 5]] });
    await p.apply(['notes']);
    expect(await p.live()).toEqual([['1', 'Ada', 'Old', '5', 'Ada']]);
    expect(await p.records('accounts')).toEqual({});
  });
});

test('a field that becomes sensitive: what is pending stays an update, and its plain text leaves state', async () => {
  const env = { KEY: 'a passphrase that is long enough' };
  await using p = await established({
    env,
    project: { state: { path: '../state.duckdb', key: '${env.KEY}' } },
    source: [
      ['1', 'Ada', 'Team', 5],
      ['2', 'Bob', 'Team', 7],
      ['3', 'Cy', 'Team', 9],
    ],
  });
  await p.sync({ fields: { Name: { column: 'name', sensitive: true }, Plan: 'plan', Seats: 'seats' } });
  await p.source(['1', 'Ada L', 'Team', 5], ['2', 'Bob', 'Team', 7], ['3', 'Cy', 'Team', 9]);
  await p.crm("UPDATE Account SET Name = 'Typed' WHERE Id = '3'");
  expect(await p.summary(['--refresh', 'all'])).toEqual({ update: 2, drift: 1, unchanged: 1 });
  await p.apply(['--refresh', 'all']);
  expect((await p.live()).map(([, name]) => name)).toEqual(['Ada L', 'Bob', 'Cy']);
  const names = Object.values((await p.sent()) as Record<string, { Name: string }>).map(({ Name }) => Name);
  expect(names).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^hmac:/) as string));
});

test('moved from a name that state does not know: the plan says which one it knows', async () => {
  await using p = await established({ source: [ADA, BOB] });
  await p.sync({ name: 'clients', moved: { from: 'acounts' } });
  expect(planOf(await p.plan([]), 'clients').notes).toContainEqual(
    'state knows no acounts, from which clients was moved; it has 2 records of accounts, which is gone from the project: if clients is its new name, write `moved: { from: accounts }`',
  );
  await p.sync({ name: 'clients', moved: { from: 'accounts' } });
  expect(planOf(await p.plan([]), 'clients').notes.join()).not.toContain('state knows');
});

test('a record that was cleared and comes back: a field that could not be cleared is no conflict', async () => {
  await using p = await established({
    sync: { on_missing: 'clear', on_drift: 'keep' },
    crm: ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR NOT NULL, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)'],
    source: [ADA, BOB],
  });
  await p.source(BOB);
  await p.apply();
  expect((await p.sent())['1']).toEqual({ Name: 'Ada', Plan: null, Seats: null });
  await p.source(['1', 'Ada L', 'Team', 5], BOB);
  expect(await p.summary(['--refresh', 'all'])).toEqual({ update: 1, unchanged: 1 });
});
