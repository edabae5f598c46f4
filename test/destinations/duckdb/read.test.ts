import { describe, expect, it } from 'vitest';

import { target } from './harness.ts';

describe('reading', () => {
  it('returns every record, or those asked for, each as often as it is there', async () => {
    await using of = await target([
      'CREATE TABLE t (id VARCHAR, name VARCHAR)',
      "INSERT INTO t VALUES ('1', 'one'), ('2', 'two'), ('2', 'two again'), ('3', null), (null, 'nobody')",
    ]);
    expect(await of.read('t', ['id'], ['name'])).toHaveLength(5);
    expect(await of.read('t', ['id'], ['name'], { keys: [['2'], ['3'], ['4']] })).toEqual([
      { id: '2', name: 'two' },
      { id: '2', name: 'two again' },
      { id: '3', name: null },
    ]);
  });

  it.each([
    ['INTEGER', '1', '1'],
    ['UHUGEINT', '340282366920938463463374607431768211455', '340282366920938463463374607431768211455'],
    ['DECIMAL(18,2)', '1.50', '1.5'],
    ['DOUBLE', '0.1', '0.1'],
    ['DATE', '2024-02-29', '2024-02-29'],
    ['TIMESTAMP', '2024-05-01 10:00:00.5', '2024-05-01T10:00:00.5'],
    ['TIMESTAMPTZ', '2024-05-01 12:00:00+02', '2024-05-01T10:00:00Z'],
    ['UUID', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ["ENUM('x', 'y')", 'x', 'x'],
    ['BLOB', '\\xAA\\x00', 'qgA='],
    ['VARCHAR', "O'Brien 😀", "O'Brien 😀"],
  ])('finds a key of type %s by its canonical text', async (native, stored, canonical) => {
    await using of = await target([
      `CREATE TABLE t (id ${native}, n INTEGER)`,
      `INSERT INTO t VALUES ('${stored.replaceAll("'", "''")}', 7)`,
    ]);
    expect(await of.read('t', ['id'], ['n'], { keys: [[canonical], ['no such key']] })).toEqual([{ id: canonical, n: '7' }]);
  });

  it('finds composite keys and hostile names', async () => {
    await using of = await target([
      'CREATE SCHEMA "s""x"',
      'CREATE TABLE "s""x"."select" ("we""ird col" INTEGER, "Ünï" VARCHAR, "from" VARCHAR, "k0" VARCHAR)',
      `INSERT INTO "s""x"."select" VALUES (1, 'a', 'x', 'own'), (1, 'b', 'y', null), (2, 'a', 'z', null)`,
    ]);
    expect(
      await of.read('s"x.select', ['we"ird col', 'Ünï'], ['from', 'k0'], {
        keys: [
          ['1', 'a'],
          ['2', 'b'],
        ],
      }),
    ).toEqual([{ 'we"ird col': '1', Ünï: 'a', from: 'x', k0: 'own' }]);
  });

  it('shows a reference as the key of its target, and a dangling one as no key at all', async () => {
    await using of = await target([
      'CREATE TABLE plans (id INTEGER PRIMARY KEY, code VARCHAR)',
      'CREATE TABLE accounts (id INTEGER, plan INTEGER)',
      "INSERT INTO plans VALUES (10, 'basic'), (11, null)",
      'INSERT INTO accounts VALUES (1, 10), (2, null), (3, 99), (4, 11)',
    ]);
    const references = { plan: { object: 'plans', key: 'code' } };
    expect(await of.read('accounts', ['id'], ['plan'], { references })).toEqual([
      { id: '1', plan: 'basic' },
      { id: '2', plan: null },
      { id: '3', plan: '#99' },
      { id: '4', plan: '#11' },
    ]);
  });

  it('follows the column of the foreign key, and takes a stored key as it is', async () => {
    await using of = await target([
      'CREATE TABLE plans (id INTEGER PRIMARY KEY, code VARCHAR UNIQUE, label VARCHAR)',
      'CREATE TABLE accounts (id INTEGER, plan VARCHAR REFERENCES plans (code))',
      'CREATE TABLE loose (label VARCHAR)',
      'CREATE TABLE more (id INTEGER, plan VARCHAR)',
      "INSERT INTO plans VALUES (10, 'basic', 'Basic plan')",
      "INSERT INTO accounts VALUES (1, 'basic')",
      "INSERT INTO more VALUES (1, 'anything')",
    ]);
    const read = async (object: string, parent: string, key: string): Promise<unknown> =>
      (await of.read(object, ['id'], ['plan'], { references: { plan: { object: parent, key } } }))[0]?.['plan'];
    expect(await read('accounts', 'plans', 'label')).toBe('Basic plan');
    expect(await read('accounts', 'plans', 'code')).toBe('basic');
    expect(await read('more', 'loose', 'label')).toBe('anything');
  });
});
