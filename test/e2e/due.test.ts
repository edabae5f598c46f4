/** `apply --due`: schedules decide what runs, and the clock is the test's own. */
import { expect, test } from 'vitest';

import { must, project, syncOf, type TestProject } from '../support/project.ts';

/** A clock that stands still until it is set. */
function clock(): { at: (text: string) => void; now: () => number } {
  let ms = Date.parse('2026-11-23T10:07:00Z');
  return { at: (text) => void (ms = Date.parse(text)), now: () => ms };
}

async function scheduled(syncs: readonly Readonly<Record<string, unknown>>[]): Promise<{ p: TestProject } & ReturnType<typeof clock>> {
  const time = clock();
  const p = await project({
    source: [['1', 'Ada', 'Team', 5]],
    crm: [
      'CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)',
      'CREATE TABLE Person (Id VARCHAR UNIQUE, Name VARCHAR)',
    ],
    sync: syncs,
    overrides: { context: { now: time.now } },
  });
  return { p, ...time };
}

const PERSON = { name: 'people', destination: { connection: 'crm', object: 'Person', key: 'Id' }, fields: { Name: 'name' } };

async function due(p: TestProject, code = 0): Promise<string> {
  const ran = await p.run(['apply', '--due', '--yes']);
  must(ran, code);
  return ran.stderr;
}

test('a sync is due when its scheduled time has come since its last finished run', async () => {
  const { p, at } = await scheduled([{ schedule: 'hourly' }, { ...PERSON, schedule: '30 6 * * *' }]);
  await using _ = p;
  expect(await due(p)).toContain(
    [
      'sync      schedule    due',
      'accounts  hourly      due: it has never run',
      'people    30 6 * * *  due: it has never run',
      '2 of 2 due at 2026-11-23 10:07 UTC.',
    ].join('\n'),
  );
  expect(await p.live()).toHaveLength(1);
  at('2026-11-23T10:59:59Z');
  expect(await due(p)).toContain('0 of 2 due at 2026-11-23 10:59 UTC.');
  at('2026-11-23T11:00:00Z');
  expect(await due(p)).toContain(
    [
      'accounts  hourly      due since 2026-11-23 11:00, last run 2026-11-23 10:07',
      'people    30 6 * * *  next 2026-11-24 06:30, last run 2026-11-23 10:07',
      '1 of 2 due at 2026-11-23 11:00 UTC.',
    ].join('\n'),
  );
});

test('a run that found nothing to write counts as a run, and only for --due', async () => {
  const { p, at } = await scheduled([{ schedule: 'daily' }]);
  await using _ = p;
  await p.apply();
  at('2026-11-24T00:07:00Z');
  await p.apply();
  const history = await p.run(['history', '--json']);
  expect((history.json as { runs: unknown[] }).runs).toHaveLength(1);
  expect(await due(p)).toContain('due since 2026-11-24 00:00');
  expect(await due(p)).toContain('next 2026-11-25 00:00, last run 2026-11-24 00:07');
  await p.source(['1', 'Ada', 'Pro', 6]);
  at('2026-11-25T00:00:00Z');
  const { summary } = await p.apply(['--due']);
  expect(summary.applied).toBe(1);
});

test('a sync that a guard stopped stays due', async () => {
  const { p, at } = await scheduled([{ schedule: 'hourly', guards: { creates: { max: 1 } } }]);
  await using _ = p;
  await p.source(['1', 'Ada', 'Team', 5], ['2', 'Bob', 'Team', 5]);
  expect(await due(p, 3)).toContain('due: it has never run');
  at('2026-11-23T10:08:00Z');
  expect(await due(p, 3)).toContain('due: it has never run');
  await p.source(['1', 'Ada', 'Team', 5]);
  await due(p);
  expect(await due(p)).toContain('next 2026-11-23 11:00');
});

test('named syncs narrow it down, and a sync without a schedule is never due', async () => {
  const { p } = await scheduled([syncOf(), { ...PERSON, schedule: 'weekly' }]);
  await using _ = p;
  const ran = await p.run(['apply', 'accounts', '--due', '--yes']);
  expect(ran.stderr).toContain('accounts  -         no schedule');
  expect(ran.stderr).toContain('No sync has a schedule: write one, such as schedule: hourly.');
  expect(await p.live()).toEqual([]);
  expect((await p.run(['apply', '--due', '--yes', '--json'])).json).toMatchObject({ syncs: [{ name: 'people', status: 'applied' }] });
});

test('a renamed sync keeps its schedule', async () => {
  const { p, at } = await scheduled([{ schedule: 'hourly' }]);
  await using _ = p;
  await due(p);
  await p.sync({ name: 'customers', moved: { from: 'accounts' }, schedule: 'hourly' });
  expect(await due(p)).toContain('customers  hourly    next 2026-11-23 11:00');
  at('2026-11-23T11:00:00Z');
  expect(await due(p)).toContain('1 of 1 due');
});

test('--due and a saved plan exclude each other', async () => {
  const { p } = await scheduled([{ schedule: 'hourly' }]);
  await using _ = p;
  await p.plan(['--out', 'plan.duckdb']);
  const ran = await p.run(['apply', 'plan.duckdb', '--due']);
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('--due chooses what to plan, and this plan is already made')]);
});
