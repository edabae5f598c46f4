import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { BatchRejectedError, type Outcome } from '../../../src/destinations/destination.ts';
import { TransientError } from '../../../src/errors.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { onDatabase, otherProcess } from '../../support/database.ts';
import { batchOf } from '../../support/write-batch.ts';
import { AT, openAt, target, writingWorkspace } from './harness.ts';

const ACCOUNTS = [
  'CREATE TABLE accounts (id VARCHAR, name VARCHAR, arr DECIMAL(18,2), note VARCHAR)',
  "INSERT INTO accounts VALUES ('1', 'One', 1.50, 'own'), ('2', 'Two', null, null), ('4', 'copy', 1, null), ('4', 'copy', 2, null)",
];
const ALL = 'SELECT id, name, CAST(arr AS VARCHAR) AS arr, note FROM accounts ORDER BY ALL';
const applied: Outcome = { status: 'applied' };
const unchanged: Outcome = { status: 'unchanged' };
const held = (message: string): Outcome => ({ status: 'held', message });

describe('what becomes of a change', () => {
  it('create: only what does not exist', async () => {
    await using of = await target(ACCOUNTS);
    const outcomes = await of.write('accounts', 'create', 'id', [
      { key: '3', after: { name: "O'Brien 😀", arr: null } },
      { key: '1', after: { name: 'One', arr: '1.5' } },
      { key: '2', after: { name: 'Zwei', arr: null } },
      { key: '4', after: { name: 'copy', arr: '1' } },
      { key: '5', after: { name: '', arr: '99999999.99' } },
    ]);
    const exists = 'the record exists: it was created since the plan';
    const several = 'several records have this id: which one is meant is not known';
    expect(outcomes).toEqual([applied, unchanged, held(exists), held(several), applied]);
    expect(await of.sql(ALL)).toEqual([
      { id: '1', name: 'One', arr: '1.50', note: 'own' },
      { id: '2', name: 'Two', arr: null, note: null },
      { id: '3', name: "O'Brien 😀", arr: null, note: null },
      { id: '4', name: 'copy', arr: '1.00', note: null },
      { id: '4', name: 'copy', arr: '2.00', note: null },
      { id: '5', name: '', arr: '99999999.99', note: null },
    ]);
  });

  it('update: only what is as the plan saw it', async () => {
    await using of = await target([
      ...ACCOUNTS,
      "INSERT INTO accounts VALUES ('5', 'Five', 5, 'x'), ('6', 'moved', 6, null), ('7', 'New', 7, null), ('8', null, 8, null)",
    ]);
    const after = { name: 'New', arr: '7' };
    const outcomes = await of.write('accounts', 'update', 'id', [
      { key: '1', before: { name: 'One', arr: '1.5' }, after },
      { key: '2', before: { name: 'Two', arr: null }, after: { name: null, arr: '0.01' } },
      { key: '3', before: { name: 'Three', arr: null }, after },
      { key: '4', before: { name: 'copy', arr: '1' }, after },
      { key: '5', before: { name: 'Five', arr: '5.5' }, after },
      { key: '6', before: { name: 'was', arr: '6' }, after },
      { key: '7', before: { name: 'Old', arr: null }, after },
      { key: '8', before: { name: '', arr: '8' }, after },
    ]);
    expect(outcomes).toEqual([
      applied,
      applied,
      held('the record is gone: it was deleted since the plan'),
      held('several records have this id: which one is meant is not known'),
      held('arr moved since the plan'),
      held('name moved since the plan'),
      unchanged,
      held('name moved since the plan'),
    ]);
    expect(
      await of.sql("SELECT id, name, CAST(arr AS VARCHAR) AS arr, note FROM accounts WHERE id NOT IN ('4', '7', '8') ORDER BY id"),
    ).toEqual([
      { id: '1', name: 'New', arr: '7.00', note: 'own' },
      { id: '2', name: null, arr: '0.01', note: null },
      { id: '5', name: 'Five', arr: '5.00', note: 'x' },
      { id: '6', name: 'moved', arr: '6.00', note: null },
    ]);
  });

  it('delete: only what is as the plan saw it', async () => {
    await using of = await target(ACCOUNTS);
    const outcomes = await of.write('accounts', 'delete', 'id', [
      { key: '1', before: { name: 'One', arr: '1.5' } },
      { key: '2', before: { name: 'Zwei', arr: null } },
      { key: '3', before: { name: 'x', arr: null } },
      { key: '4', before: { name: 'copy', arr: '1' } },
    ]);
    expect(outcomes).toEqual([
      applied,
      held('name moved since the plan'),
      unchanged,
      held('several records have this id: which one is meant is not known'),
    ]);
    expect(await of.sql('SELECT DISTINCT id FROM accounts ORDER BY id')).toEqual([{ id: '2' }, { id: '4' }]);
  });

  it('without expected values: written as it is', async () => {
    await using of = await target(ACCOUNTS);
    expect(await of.write('accounts', 'update', 'id', [{ key: '1', before: null, after: { name: 'Forced' } }])).toEqual([applied]);
    expect(await of.sql("SELECT name FROM accounts WHERE id = '1'")).toEqual([{ name: 'Forced' }]);
  });

  it('a second time: unchanged, whatever the action', async () => {
    await using of = await target(ACCOUNTS);
    for (const expected of [applied, unchanged]) {
      expect(await of.write('accounts', 'create', 'id', [{ key: '9', after: { name: 'Nine', arr: '9.9' } }])).toEqual([expected]);
    }
    for (const expected of [applied, unchanged]) {
      expect(await of.write('accounts', 'update', 'id', [{ key: '9', before: { name: 'Nine' }, after: { name: 'Neun' } }])).toEqual([
        expected,
      ]);
    }
    for (const expected of [applied, unchanged]) {
      expect(await of.write('accounts', 'delete', 'id', [{ key: '9', before: { name: 'Neun' } }])).toEqual([expected]);
    }
  });

  it('an empty batch is nothing', async () => {
    await using of = await target(ACCOUNTS);
    expect(await of.write('accounts', 'create', 'id', [])).toEqual([]);
  });

  it('JSON counts as moved by its text and as written by its meaning', async () => {
    await using of = await target([
      'CREATE TABLE t (id INTEGER, j JSON)',
      `INSERT INTO t VALUES (1, '{"a": 1, "b": 2}'), (2, '{"a": 1, "b": 2}')`,
    ]);
    expect(
      await of.write('t', 'update', 'id', [
        { key: '1', before: { j: '{"a": 1, "b": 2}' }, after: { j: '{ "c" : 1.50 }' } },
        { key: '2', before: { j: '{"a":0}' }, after: { j: '{"b":2,"a":1.0}' } },
      ]),
    ).toEqual([applied, unchanged]);
    expect(await of.sql('SELECT CAST(j AS VARCHAR) AS j FROM t ORDER BY id')).toEqual([{ j: '{ "c" : 1.50 }' }, { j: '{"a": 1, "b": 2}' }]);
  });

  it('composite keys, hostile names, and more records than one vector holds', async () => {
    await using of = await target([
      'CREATE TABLE "select" ("we""ird col" INTEGER, "Ünï" VARCHAR, "from" VARCHAR, PRIMARY KEY ("we""ird col", "Ünï"))',
    ]);
    const keys = Array.from({ length: 5000 }, (_, index) => [String(index % 70), `k${index}`]);
    const created = await of.write(
      'select',
      'create',
      ['we"ird col', 'Ünï'],
      keys.map((key) => ({ key, after: { from: `v${key.join()}` } })),
    );
    expect(created.filter((outcome) => outcome.status !== 'applied')).toEqual([]);
    const some = keys.filter((_, index) => index % 3 === 0);
    const updated = await of.write(
      'select',
      'update',
      ['we"ird col', 'Ünï'],
      some.map((key) => ({ key, before: { from: `v${key.join()}` }, after: { from: null } })),
    );
    expect(updated.filter((outcome) => outcome.status !== 'applied')).toEqual([]);
    expect(await of.sql('SELECT CAST(count(*) AS INTEGER) AS n, CAST(count("from") AS INTEGER) AS filled FROM "select"')).toEqual([
      { n: 5000, filled: 5000 - some.length },
    ]);
  });
});

describe('a refused record', () => {
  const TABLES = [
    'CREATE TABLE parents (id INTEGER PRIMARY KEY)',
    'INSERT INTO parents VALUES (1), (2)',
    `CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, code VARCHAR UNIQUE, n TINYINT CHECK (n > 0), parent INTEGER REFERENCES parents (id))`,
    "INSERT INTO t VALUES (1, 'one', 'a', 1, 1), (2, 'two', 'b', 2, 1)",
  ];
  const good = { name: 'ok', code: 'z', n: '1', parent: '1' };
  it.each([
    ['NOT_NULL', { ...good, name: null }, 'field "name" takes no null'],
    ['UNIQUE', { ...good, code: 'b' }, 'another record has the same code'],
    ['CHECK', { ...good, n: '-1' }, 'the record breaks the constraint CHECK((n > 0))'],
    ['FOREIGN_KEY', { ...good, parent: '77' }, 'it refers to a record that does not exist, by its id'],
    ['CONVERSION', { ...good, n: '300' }, 'the value of field "n" does not fit TINYINT'],
    ['CONVERSION', { ...good, n: 'secret' }, 'the value of field "n" does not fit TINYINT'],
  ])('%s: alone it is rejected, in company nothing of the batch is written', async (code, after, message) => {
    await using of = await target(TABLES);
    expect(await of.write('t', 'create', 'id', [{ key: '9', after }])).toEqual([{ status: 'rejected', code, message }]);
    expect(await of.write('t', 'update', 'id', [{ key: '1', before: null, after }])).toEqual([{ status: 'rejected', code, message }]);
    const company = [
      { key: '10', after: { ...good, code: 'y' } },
      { key: '11', after },
      { key: '12', after: { ...good, code: 'x' } },
    ];
    const thrown = await of.write('t', 'create', 'id', company).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(BatchRejectedError);
    expect(thrown).toMatchObject({ code });
    expect(String(thrown)).not.toMatch(/secret|77|300/);
    expect(await of.sql('SELECT id, code FROM t ORDER BY id')).toEqual([
      { id: 1, code: 'a' },
      { id: 2, code: 'b' },
    ]);
    const rest = company.filter((change) => change.key !== '11');
    expect(await of.write('t', 'create', 'id', rest)).toEqual([applied, applied]);
  });

  it('a key that is no value of its column', async () => {
    await using of = await target(TABLES);
    const [outcome] = await of.write('t', 'create', 'id', [{ key: 'x', after: good }]);
    expect(outcome).toEqual({ status: 'rejected', code: 'CONVERSION', message: 'the value of field "id" does not fit INTEGER' });
    expect(await of.write('t', 'delete', 'id', [{ key: 'x', before: { name: 'one' } }])).toEqual([unchanged]);
  });

  it('a record that others refer to: its plain fields can be written, what DuckDB cannot do is said', async () => {
    await using of = await target([
      'CREATE TABLE parents (id INTEGER PRIMARY KEY, name VARCHAR, code VARCHAR UNIQUE, tags VARCHAR[])',
      "INSERT INTO parents VALUES (1, 'one', 'a', ['x'])",
      'CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id))',
      'INSERT INTO children VALUES (1, 1)',
    ]);
    const update = async (before: Record<string, string>, after: Record<string, string>): Promise<Outcome | undefined> =>
      (await of.write('parents', 'update', 'id', [{ key: '1', before, after }]))[0];
    expect(await update({ name: 'one' }, { name: 'ONE' })).toEqual(applied);
    expect(await update({ code: 'a' }, { code: 'b' })).toMatchObject({ status: 'rejected', code: 'FOREIGN_KEY' });
    expect(await update({ tags: '["x"]' }, { tags: '["y"]' })).toMatchObject({ status: 'rejected', code: 'FOREIGN_KEY' });
    expect(await of.write('parents', 'delete', 'id', [{ key: '1', before: { name: 'ONE' } }])).toMatchObject([
      { status: 'rejected', code: 'FOREIGN_KEY' },
    ]);
    expect(await of.write('children', 'update', 'id', [{ key: '1', before: { parent: '1' }, after: { parent: null } }])).toEqual([applied]);
    expect(await update({ code: 'a' }, { code: 'b' })).toEqual(applied);
    expect(await of.write('parents', 'delete', 'id', [{ key: '1', before: { name: 'ONE' } }])).toEqual([applied]);
  });
});

describe('references', () => {
  const TABLES = [
    'CREATE TABLE plans (id INTEGER PRIMARY KEY, code VARCHAR)',
    'CREATE TABLE accounts (id INTEGER PRIMARY KEY, plan INTEGER, boss INTEGER, name VARCHAR)',
    "INSERT INTO plans VALUES (10, 'basic'), (11, 'pro'), (12, 'twice'), (13, 'twice')",
    "INSERT INTO accounts VALUES (1, 10, null, 'one'), (2, 99, 1, 'two')",
  ];
  const references = { plan: { object: 'plans', key: 'code' }, boss: { object: 'accounts', key: 'name' } };

  it('are written as the id of the parent, and compared by its key', async () => {
    await using of = await target(TABLES);
    expect(
      await of.write('accounts', 'create', 'id', [
        { key: '3', after: { plan: 'pro', boss: 'one' } },
        { key: '4', after: { plan: null, boss: null } },
        { key: '5', after: { plan: 'none', boss: null } },
        { key: '6', after: { plan: 'twice', boss: null } },
        { key: '1', after: { plan: 'basic', boss: null } },
      ], references), // prettier-ignore
    ).toEqual([
      applied,
      applied,
      { status: 'rejected', code: 'REFERENCE_NOT_FOUND', message: 'plan: no plans has this code' },
      { status: 'rejected', code: 'REFERENCE_AMBIGUOUS', message: 'plan: more than one plans has this code' },
      unchanged,
    ]);
    expect(
      await of.write('accounts', 'update', 'id', [
        { key: '1', before: { plan: 'basic', boss: null }, after: { plan: 'pro', boss: 'two' } },
        { key: '2', before: { plan: '#99', boss: 'one' }, after: { plan: null, boss: 'one' } },
        { key: '3', before: { plan: 'basic', boss: 'one' }, after: { plan: 'basic', boss: 'one' } },
        { key: '4', before: { plan: null, boss: null }, after: { plan: 'gone', boss: null } },
      ], references), // prettier-ignore
    ).toEqual([
      applied,
      applied,
      held('plan moved since the plan'),
      { status: 'rejected', code: 'REFERENCE_NOT_FOUND', message: 'plan: no plans has this code' },
    ]);
    expect(await of.sql('SELECT id, plan, boss FROM accounts ORDER BY id')).toEqual([
      { id: 1, plan: 11, boss: 2 },
      { id: 2, plan: null, boss: 1 },
      { id: 3, plan: 11, boss: 1 },
      { id: 4, plan: null, boss: null },
    ]);
    expect(await of.write('accounts', 'delete', 'id', [{ key: '3', before: { plan: 'pro' } }], references)).toEqual([applied]);
  });

  it('to a table without a key hold the parent’s key itself, which must exist', async () => {
    await using of = await target([
      'CREATE TABLE plans (code VARCHAR)',
      "INSERT INTO plans VALUES ('pro')",
      'CREATE TABLE accounts (id INTEGER, plan VARCHAR)',
    ]);
    const outcomes = await of.write('accounts', 'create', 'id', [{ key: '1', after: { plan: 'pro' } }, { key: '2', after: { plan: 'none' } }], { plan: { object: 'plans', key: 'code' } }); // prettier-ignore
    expect(outcomes).toMatchObject([applied, { status: 'rejected', code: 'REFERENCE_NOT_FOUND' }]);
    expect(await of.sql('SELECT * FROM accounts')).toEqual([{ id: 1, plan: 'pro' }]);
  });
});

describe('the file', () => {
  const connect = async (folder: string, path: string): Promise<unknown> => {
    const destination = await openAt(folder, { path });
    await using workspace = await writingWorkspace();
    const batch = await batchOf(workspace, {
      object: 'accounts',
      action: 'create',
      key: [{ field: 'id', type: { kind: 'text' } }],
      fields: [{ field: 'name', type: { kind: 'text' } }],
      changes: [{ seq: 0, key: ['x'], before: null, after: { name: 'x' } }],
    });
    try {
      return await destination.write(batch);
    } catch (error) {
      return error;
    } finally {
      await destination[Symbol.asyncDispose]();
    }
  };

  it('is identified by its path in the project', async () => {
    await using of = await target([]);
    expect(await (await openAt(of.folder, { path: of.path })).identify()).toBe('duckdb:crm.duckdb');
    expect(await (await openAt(`${of.folder}/syncs`, { path: of.path })).identify()).toBe('duckdb:../crm.duckdb');
  });

  it('is never created: a missing one is an error with a hint', async () => {
    await using of = await target([]);
    const path = `${of.folder}/none.duckdb`;
    const problem = {
      message: `there is no database file ${path}`,
      location: AT,
      hint: expect.stringContaining('create the database') as unknown,
    };
    await expect((await openAt(of.folder, { path })).identify()).rejects.toMatchObject({ problems: [problem] });
    expect(await connect(of.folder, path)).toMatchObject({ problems: [problem] });
    expect(existsSync(path)).toBe(false);
    await expect(openAt(of.folder, {})).rejects.toMatchObject({ problems: [{ message: 'connection "crm" has no `path`', location: AT }] });
  });

  it('that another process holds is an error that names the process, for reading and for writing', async () => {
    await using of = await target(ACCOUNTS);
    await using other = await otherProcess(of.path);
    const message = `${of.path} is open in another process (process ${other.pid})`;
    const failure = await connect(of.folder, of.path);
    expect(failure).toBeInstanceOf(TransientError);
    expect(failure).toMatchObject({ message });
    await using workspace = await Workspace.open();
    await expect((await openAt(of.folder, { path: of.path })).attach(workspace)).rejects.toMatchObject({ problems: [{ message }] });
  });

  it('that is no database is an error', async () => {
    await using of = await target([]);
    await writeFile(`${of.folder}/text.duckdb`, 'plain text, long enough to be looked at. '.repeat(200));
    expect(await connect(of.folder, `${of.folder}/text.duckdb`)).toMatchObject({
      problems: [{ message: expect.stringContaining('is not a DuckDB database') as unknown, location: AT }],
    });
  });

  it('has no log beside it once the destination is closed, and is free for others', async () => {
    await using of = await target(ACCOUNTS);
    expect(await of.write('accounts', 'create', 'id', [{ key: '9', after: { name: 'x' } }])).toEqual([applied]);
    expect(existsSync(`${of.path}.wal`)).toBe(true);
    await of.destination[Symbol.asyncDispose]();
    expect(existsSync(`${of.path}.wal`)).toBe(false);
    await using other = await otherProcess(of.path);
    expect(other.pid).toBeGreaterThan(0);
  });

  it('is read and written on where a killed writer left it', async () => {
    await using of = await target(ACCOUNTS);
    const other = await otherProcess(of.path, "INSERT INTO accounts VALUES ('k', 'killed', 1, null)");
    await other.kill();
    expect(existsSync(`${of.path}.wal`)).toBe(true);
    expect(await of.read('accounts', ['id'], ['name'], { keys: [['k']] })).toEqual([{ id: 'k', name: 'killed' }]);
    expect(existsSync(`${of.path}.wal`)).toBe(true);
    expect(await of.write('accounts', 'update', 'id', [{ key: 'k', before: { name: 'killed' }, after: { name: 'alive' } }])).toEqual([
      applied,
    ]);
    expect(await of.sql("SELECT name FROM accounts WHERE id = 'k'")).toEqual([{ name: 'alive' }]);
  });

  it('is read after writing by the same destination', async () => {
    await using of = await target(ACCOUNTS);
    const destination = await openAt(of.folder, { path: of.path });
    await using writing = await writingWorkspace();
    const batch = await batchOf(writing, {
      object: 'accounts',
      action: 'create',
      key: [{ field: 'id', type: { kind: 'text' } }],
      fields: [],
      changes: [{ seq: 0, key: ['n'], before: null, after: {} }],
    });
    await destination.write(batch);
    await using workspace = await Workspace.open();
    await destination.attach(workspace);
    const relation = await destination.read({ object: 'accounts', key: ['id'], fields: [] });
    expect(await workspace.count(`SELECT count(*) FROM ${relation.from} WHERE k0 = 'n'`)).toBe(1);
  });

  it('that may not be written is an error', async () => {
    await using of = await target(ACCOUNTS);
    await chmod(of.path, 0o444);
    const failure = await connect(of.folder, of.path);
    if (process.getuid?.() === 0)
      expect(failure).toEqual([applied]); // root may write everything
    else expect(failure).toMatchObject({ problems: [{ location: AT }] });
    expect(await onDatabase(of.path, 'SELECT 1 AS one').catch(() => [{ one: 1 }])).toEqual([{ one: 1 }]);
  });
});
