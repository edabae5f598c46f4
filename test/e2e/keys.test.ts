/** Keys meet in the type of the destination's key, whole or not at all. */
import { expect, test } from 'vitest';

import { planOf, project } from '../support/project.ts';

const DECIMAL_CRM = 'CREATE TABLE Account (Id DECIMAL(10,2) UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)';

test('a decimal key is not rounded to somebody else; zeros at its end are nothing', async () => {
  await using p = await project({
    warehouse: ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats INTEGER)'],
    crm: [DECIMAL_CRM],
    live: [['1.24', 'Ada', 'Team', 5], ['2.5', 'Bob', 'Team', 5]], // prettier-ignore
    source: [['1.239', 'Eve', 'Team', 5], ['2.50', 'Bob', 'Scale', 5], ['3', 'Cid', 'Team', 5]], // prettier-ignore
  });
  const document = await p.plan();
  expect(document.summary).toMatchObject({ create: 1, update: 1, rejected: 1 });
  expect(planOf(document).rejects).toMatchObject([{ code: 'KEY_UNREADABLE', examples: [{ key: ['1.239'] }] }]);
  expect(planOf(document).samples.map((sample) => [sample.action, sample.key])).toEqual([
    ['create', ['3']],
    ['update', ['2.5']],
  ]);
});

test('an instant as key: read in the zone of the source, and not cut to the second', async () => {
  await using p = await project({
    warehouse: ['CREATE TABLE account (id TIMESTAMP, name VARCHAR, plan VARCHAR, seats INTEGER)'],
    crm: ['CREATE TABLE Account (Id TIMESTAMPTZ UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)'],
    sync: { source: { connection: 'warehouse', query: 'select * from account', key: 'id', timezone: 'Europe/Berlin' } },
    live: [['2024-05-01 10:00:00+02', 'Ada', 'Team', 5]],
    source: [['2024-05-01 10:00:00', 'Ada', 'Scale', 5]],
  });
  const document = await p.plan();
  expect(document.summary).toMatchObject({ create: 0, update: 1, rejected: 0 });
  expect(planOf(document).samples[0]?.key).toEqual(['2024-05-01T08:00:00Z']);
});

test('where the destination tells no cases apart, neither does the plan', async () => {
  await using p = await project({
    api: { text_rules: { caseInsensitiveKeys: true } },
    live: [['ada@x.org', 'Ada', 'Team', 5], ['BOB@x.org', 'Bob', 'Team', 5]], // prettier-ignore
    source: [['Ada@X.org', 'Ada', 'Scale', 5], ['bob@x.org', 'Bob', 'Team', 5], ['Cid@x.org', 'Cid', 'Team', 5], ['CID@x.org', 'Cid', 'Team', 5]], // prettier-ignore
  });
  const document = await p.plan();
  expect(document.summary).toMatchObject({ create: 0, update: 1, adopt: 1, rejected: 2 });
  expect(planOf(document).rejects).toMatchObject([{ code: 'AMBIGUOUS_SOURCE', examples: [{ key: ['cid@x.org'] }] }]);
});

test('two syncs that share an object by partition: a key in both belongs to the first, and the other is told', async () => {
  const share = (name: string, where: string): Readonly<Record<string, unknown>> => ({
    name,
    partition: name,
    source: { connection: 'warehouse', query: `select * from account where ${where}`, key: 'id' },
  });
  await using p = await project({
    sync: [share('europe', "plan <> 'US'"), share('us', "plan <> 'EU'")],
    source: [['1', 'Ada', 'EU', 5], ['2', 'Bob', 'US', 5], ['3', 'Cid', 'both', 5]], // prettier-ignore
  });
  const first = await p.plan();
  expect(planOf(first, 'europe').summary).toMatchObject({ create: 2, rejected: 0 });
  expect(planOf(first, 'us').summary).toMatchObject({ create: 1, rejected: 1 });
  expect(planOf(first, 'us').rejects).toMatchObject([{ code: 'SHARED_KEY', examples: [{ key: ['3'] }] }]);
  await p.apply([], 5);
  expect((await p.live()).map(([id]) => id)).toEqual(['1', '2', '3']);
  const again = await p.plan();
  expect(again.summary).toMatchObject({ create: 0, update: 0, unchanged: 3, known_rejected: 1 });
  await p.warehouse("UPDATE account SET plan = 'US' WHERE id = '3'");
  await p.apply(['europe']);
  expect(planOf(await p.plan(), 'us').summary).toMatchObject({ rejected: 0, known_rejected: 0, adopt: 0, update: 1 });
});
