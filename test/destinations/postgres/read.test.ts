import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { Target } from './harness.ts';

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => server.stop());

describe('reading', () => {
  it('returns every record, or those asked for, each as often as it is there', async () => {
    await using of = await Target.create(server, [
      'CREATE TABLE t (id text, name text)',
      "INSERT INTO t VALUES ('1', 'one'), ('2', 'two'), ('2', 'two again'), ('3', null), (null, 'nobody')",
    ]);
    const keys = [['2'], ['3'], ['4'], ['2']];
    const wanted = [{ id: '2', name: 'two' }, { id: '2', name: 'two again' }, { id: '3', name: null }]; // prettier-ignore
    expect(await of.read('t', ['id'], ['name'], { keys })).toEqual(wanted);
    expect(await of.read('t', ['id'], ['name'])).toHaveLength(5);
    // Once everything is there, it is not asked for again: a plan sees one state of the table.
    await of.sql("UPDATE t SET name = 'later'");
    expect(await of.read('t', ['id'], ['name'], { keys })).toEqual(wanted);
  });

  it('sees what was written since', async () => {
    await using of = await Target.create(server, ['CREATE TABLE t (id int PRIMARY KEY, name text)', "INSERT INTO t VALUES (1, 'one')"]);
    await of.read('t', ['id'], ['name']);
    await of.write('t', 'update', 'id', [{ key: '1', before: { name: 'one' }, after: { name: 'two' } }]);
    expect(await of.read('t', ['id'], ['name'])).toEqual([{ id: '1', name: 'two' }]);
  });

  it.each([
    ['int', '1', '1'],
    ['bigint', '9223372036854775807', '9223372036854775807'],
    ['numeric', '1.50', '1.5'],
    ['numeric(18,2)', '1.50', '1.5'],
    ['float8', '0.1', '0.1'],
    ['date', '2024-02-29', '2024-02-29'],
    ['date', '0044-03-15 BC', '0044-03-15 (BC)'],
    ['timestamp', '2024-05-01 10:00:00.5', '2024-05-01T10:00:00.5'],
    ['timestamptz', '2024-05-01 12:00:00+02', '2024-05-01T10:00:00Z'],
    ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['mood', 'x', 'x'],
    ['bytea', '\\xAA00', 'qgA='],
    ['text', 'O\'Brien 😀 {"\\,\n', 'O\'Brien 😀 {"\\,\n'],
    ['char(5)', 'ab', 'ab'],
    ['citext', 'aB', 'aB'],
    ['inet', '10.0.0.1', '10.0.0.1'],
    ['int[]', '{1,2}', '[1,2]'],
    ['code', 'c', 'c'],
  ])('finds a key of type %s by its canonical text, and none by what is no value of the type', async (native, stored, canonical) => {
    await using of = await Target.create(server, [
      'CREATE EXTENSION citext',
      "CREATE TYPE mood AS ENUM ('x', 'y')",
      'CREATE DOMAIN code AS varchar(3)',
      `CREATE TABLE t (id ${native}, n int)`,
      `INSERT INTO t VALUES ('${stored.replaceAll("'", "''")}', 7)`,
    ]);
    const keys = [[canonical], ['no such key'], ['2024-13-45'], ['-1'], ['99999999999999999999'], ['\0'], ['5881580-07-10'], ['']];
    expect(await of.read('t', ['id'], ['n'], { keys })).toEqual([{ id: canonical, n: '7' }]);
  });

  it('finds composite keys and hostile names', async () => {
    await using of = await Target.create(server, [
      'CREATE SCHEMA "s""x"',
      'CREATE TABLE "s""x"."select" ("we""ird col" int, "Ünï" text, "from" text, "k0" text)',
      `INSERT INTO "s""x"."select" VALUES (1, 'a', 'x', 'own'), (1, 'b', 'y', null), (2, 'a', 'z', null)`,
    ]);
    const keys = [['1', 'a'], ['2', 'b']]; // prettier-ignore
    expect(await of.read('s"x.select', ['we"ird col', 'Ünï'], ['from', 'k0'], { keys })).toEqual([
      { 'we"ird col': '1', Ünï: 'a', from: 'x', k0: 'own' },
    ]);
  });

  it('reads many keys page by page, or the whole table where that is cheaper', async () => {
    await using of = await Target.create(server, [
      'CREATE TABLE t (id int PRIMARY KEY, v text)',
      "INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 300000) AS g",
      'ANALYZE t',
    ]);
    const keys = Array.from({ length: 30_000 }, (_, index) => [String(index * 2)]);
    const rows = async (): Promise<unknown> =>
      (
        await of.workspace.rows("SELECT count(*) AS n FROM duckdb_tables() WHERE table_name LIKE 'live_%' AND estimated_size >= 300000")
      )[0]?.['n'];
    const few = await of.read('t', ['id'], ['v'], { keys });
    expect(few).toHaveLength(29_999);
    expect(few[0]).toEqual({ id: '10', v: 'v10' });
    expect(await rows()).toBe(0n);
    const many = await of.read('t', ['id'], ['v'], {
      keys: [...keys, ...Array.from({ length: 30_000 }, (_, index) => [String(index * 2 + 1)])],
    });
    expect(many).toHaveLength(59_999);
    expect(await rows()).toBe(1n);
  });

  it('shows a reference as the key of its target, and a dangling one as no key at all', async () => {
    await using of = await Target.create(server, [
      'CREATE TABLE plans (id int PRIMARY KEY, code numeric(9,3))',
      'CREATE TABLE accounts (id int, plan int)',
      'INSERT INTO plans VALUES (10, 1.500), (11, null)',
      'INSERT INTO accounts VALUES (1, 10), (2, null), (3, 99), (4, 11)',
    ]);
    const references = { plan: { object: 'plans', key: 'code' } };
    expect(await of.read('accounts', ['id'], ['plan'], { references })).toEqual([
      { id: '1', plan: '1.5' },
      { id: '2', plan: null },
      { id: '3', plan: '#99' },
      { id: '4', plan: '#11' },
    ]);
  });

  it('follows the column of the foreign key, and takes a stored key as it is', async () => {
    await using of = await Target.create(server, [
      'CREATE TABLE plans (id int PRIMARY KEY, code text UNIQUE, label text)',
      'CREATE TABLE accounts (id int, plan text REFERENCES plans (code))',
      'CREATE TABLE loose (label text)',
      'CREATE TABLE more (id int, plan text)',
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
