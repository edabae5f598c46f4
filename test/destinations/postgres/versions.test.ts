/** The oldest supported servers: describe, read, write, compare, and bad records among good ones. */
import { describe, expect, it } from 'vitest';

import { startPostgres } from '../../support/postgres.ts';
import { Target } from './harness.ts';

const TABLE = [
  "CREATE TYPE mood AS ENUM ('good', 'bad')",
  'CREATE TABLE plans (id int PRIMARY KEY, code text UNIQUE)',
  "INSERT INTO plans VALUES (1, 'basic'), (2, 'pro')",
  `CREATE TABLE t (id bigint PRIMARY KEY, name varchar(5) NOT NULL, amount numeric(9,2) CHECK (amount >= 0), free numeric, at timestamptz,
    mood mood, tags text[], data jsonb, raw bytea, plan int REFERENCES plans)`,
];
const references = { plan: { object: 'plans', key: 'code' } };
const NAMES = ['name', 'amount', 'free', 'at', 'mood', 'tags', 'data', 'raw', 'plan'];

describe.each([14, 16] as const)('Postgres %i', (major) => {
  it('does all that the newest does', async () => {
    await using server = await startPostgres({ major });
    await using of = await Target.create(server, TABLE);
    expect((await of.destination.describe('t')).uniqueKeys).toEqual([['id']]);
    const after = { name: 'one', amount: '1.5', free: 'NaN', at: '2024-05-01T10:00:00Z', mood: 'good', tags: '["a",null]', data: '{"a":1}', raw: 'AAE=', plan: 'pro' }; // prettier-ignore
    const changes = Array.from({ length: 500 }, (_, index) => {
      const bad: Record<number, Partial<typeof after>> = { 7: { amount: '-1' }, 200: { name: 'too long' }, 201: { mood: 'none' }, 499: { plan: 'gold' } }; // prettier-ignore
      return { key: String(index), after: { ...after, ...bad[index] } };
    });
    const outcomes = await of.write('t', 'create', 'id', changes, { references });
    expect(outcomes.flatMap((outcome, index) => (outcome.status === 'rejected' ? [[index, outcome.code]] : []))).toEqual([
      [7, 'CHECK'],
      [200, 'STRING_TOO_LONG'],
      [201, 'CONVERSION'],
      [499, 'REFERENCE_NOT_FOUND'],
    ]);
    expect(await of.read('t', ['id'], NAMES, { keys: [['3'], ['7']], references })).toEqual([
      { id: '3', ...after, tags: '["a",null]', data: '{"a": 1}' },
    ]);
    expect(await of.read('t', ['id'], ['name'])).toHaveLength(496);
    const before = { ...after };
    const update = [
      { key: '1', before, after: { ...after, name: 'new' } },
      { key: '2', before: { ...before, free: '1' }, after },
      { key: '7', before, after },
    ];
    const statuses = (await of.write('t', 'update', 'id', update, { references })).map((outcome) => outcome.status);
    expect(statuses).toEqual(['applied', 'unchanged', 'held']);
    const gone = await of.write('t', 'delete', 'id', [{ key: '1', before: { ...before, name: 'new' } }, { key: '2', before: { ...before, name: 'x' } }], { references }); // prettier-ignore
    expect(gone.map((outcome) => outcome.status)).toEqual(['applied', 'held']);
    expect(await of.sql('SELECT count(*) AS n FROM t')).toEqual([{ n: '495' }]);
  });
});
