import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Outcome } from '../../../src/destinations/destination.ts';
import { UserError } from '../../../src/errors.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { Target } from './harness.ts';

const ACCOUNTS = [
  'CREATE TABLE accounts (id text PRIMARY KEY, name text, arr numeric(18,2), note text)',
  "INSERT INTO accounts VALUES ('1', 'One', 1.50, 'own'), ('2', 'Two', null, null)",
];
const ALL = 'SELECT id, name, arr, note FROM accounts ORDER BY id';
const applied: Outcome = { status: 'applied', verified: true };
const deleted: Outcome = { status: 'applied' };
const unchanged: Outcome = { status: 'unchanged' };
const held = (message: string): Outcome => ({ status: 'held', message });
const rejected = (code: string): unknown => expect.objectContaining({ status: 'rejected', code });

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => server.stop());
const target = async (statements: readonly string[], options?: Record<string, unknown>): Promise<Target> =>
  Target.create(server, statements, options);

describe('what becomes of a change', () => {
  it('create: only what does not exist', async () => {
    await using of = await target(ACCOUNTS);
    const outcomes = await of.write('accounts', 'create', 'id', [
      { key: '3', after: { name: "O'Brien 😀", arr: null } },
      { key: '1', after: { name: 'One', arr: '1.5' } },
      { key: '2', after: { name: 'Zwei', arr: null } },
      { key: '5', after: { name: '', arr: '99999999.99' } },
    ]);
    expect(outcomes).toEqual([applied, unchanged, held('the record exists: it was created since the plan'), applied]);
    expect(await of.sql(ALL)).toEqual([
      { id: '1', name: 'One', arr: '1.50', note: 'own' },
      { id: '2', name: 'Two', arr: null, note: null },
      { id: '3', name: "O'Brien 😀", arr: null, note: null },
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
      { key: '5', before: { name: 'Five', arr: '5.5' }, after },
      { key: '6', before: { name: 'was', arr: '6' }, after },
      { key: '7', before: { name: 'Old', arr: null }, after },
      { key: '8', before: { name: '', arr: '8' }, after },
    ]);
    expect(outcomes).toEqual([
      applied,
      applied,
      held('the record is gone: it was deleted since the plan'),
      held('arr moved since the plan'),
      held('name moved since the plan'),
      unchanged,
      held('name moved since the plan'),
    ]);
    expect(await of.sql("SELECT id, name, arr, note FROM accounts WHERE id NOT IN ('7', '8') ORDER BY id")).toEqual([
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
    ]);
    expect(outcomes).toEqual([deleted, held('name moved since the plan'), unchanged]);
    expect(await of.sql('SELECT id FROM accounts ORDER BY id')).toEqual([{ id: '2' }]);
  });

  it('without expected values: written as it is; a field that was not read is not compared', async () => {
    await using of = await target(ACCOUNTS);
    expect(await of.write('accounts', 'update', 'id', [{ key: '1', before: null, after: { name: 'Forced' } }])).toEqual([applied]);
    const outcomes = await of.write('accounts', 'update', 'id', [
      { key: '1', before: { arr: '1.5' }, after: { name: 'A', arr: '2' } },
      { key: '2', before: { name: 'Two', arr: '7' }, after: { name: 'B', arr: '2' } },
    ]);
    expect(outcomes).toEqual([applied, held('arr moved since the plan')]);
    expect(await of.sql(ALL)).toEqual([
      { id: '1', name: 'A', arr: '2.00', note: 'own' },
      { id: '2', name: 'Two', arr: null, note: null },
    ]);
  });

  it('a second time: unchanged, whatever the action', async () => {
    await using of = await target(ACCOUNTS);
    for (const expected of [applied, unchanged]) {
      expect(await of.write('accounts', 'create', 'id', [{ key: '9', after: { name: 'Nine', arr: '9.9' } }])).toEqual([expected]);
    }
    for (const expected of [applied, unchanged]) {
      const change = { key: '9', before: { name: 'Nine' }, after: { name: 'Neun' } };
      expect(await of.write('accounts', 'update', 'id', [change])).toEqual([expected]);
    }
    for (const expected of [deleted, unchanged]) {
      expect(await of.write('accounts', 'delete', 'id', [{ key: '9', before: { name: 'Neun' } }])).toEqual([expected]);
    }
  });

  it('an empty batch is nothing', async () => {
    await using of = await target(ACCOUNTS);
    expect(await of.write('accounts', 'create', 'id', [])).toEqual([]);
  });

  it('writes the fields of the batch and leaves every other column alone', async () => {
    await using of = await target([
      "CREATE TABLE t (id int PRIMARY KEY, a text, b text DEFAULT 'default', c timestamptz DEFAULT '2020-01-01')",
      "INSERT INTO t VALUES (1, 'a', 'mine', null)",
    ]);
    await of.write('t', 'update', 'id', [{ key: '1', before: { a: 'a' }, after: { a: 'A' } }]);
    await of.write('t', 'create', 'id', [{ key: '2', after: { a: null } }]);
    expect(await of.sql('SELECT id, a, b, c FROM t ORDER BY id')).toEqual([
      { id: '1', a: 'A', b: 'mine', c: null },
      { id: '2', a: null, b: 'default', c: '2020-01-01 00:00:00+00' },
    ]);
  });

  it('takes composite keys, odd names and a dotted object', async () => {
    await using of = await target([
      'CREATE SCHEMA "Odd.Schema ""x"""',
      'CREATE TABLE "Odd.Schema ""x"""."select" ("Ünï key" int, "from" date, "b0" text, "pos" text, "we""ird" text, PRIMARY KEY ("from", "Ünï key"))',
      `INSERT INTO "Odd.Schema ""x"""."select" VALUES (1, '2024-01-01', 'b', 'p', 'w'), (1, '2024-01-02', 'b', 'p', 'w')`,
    ]);
    const object = 'Odd.Schema "x".select';
    const key = ['Ünï key', 'from'];
    expect(await of.write(object, 'create', key, [{ key: ['2', '2024-01-01'], after: { b0: 'n', pos: 'n', 'we"ird': 'n' } }])).toEqual([
      applied,
    ]);
    const before = { b0: 'b', pos: 'p', 'we"ird': 'w' };
    const after = { b0: 'B', pos: 'P', 'we"ird': 'W' };
    expect(await of.write(object, 'update', key, [{ key: ['1', '2024-01-02'], before, after }])).toEqual([applied]);
    expect(await of.write(object, 'delete', key, [{ key: ['1', '2024-01-01'], before }])).toEqual([deleted]);
    expect(await of.sql('SELECT * FROM "Odd.Schema ""x"""."select" ORDER BY 1')).toEqual([
      { 'Ünï key': '1', from: '2024-01-02', b0: 'B', pos: 'P', 'we"ird': 'W' },
      { 'Ünï key': '2', from: '2024-01-01', b0: 'n', pos: 'n', 'we"ird': 'n' },
    ]);
  });

  it('takes a partitioned table, whose rows may move between partitions', async () => {
    await using of = await target([
      'CREATE TABLE t (id int, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region)',
      "CREATE TABLE t_eu PARTITION OF t FOR VALUES IN ('eu')",
      "CREATE TABLE t_us PARTITION OF t FOR VALUES IN ('us')",
    ]);
    const key = ['id', 'region'];
    const outcomes = await of.write('t', 'create', key, [
      { key: ['1', 'eu'], after: { v: 'a' } },
      { key: ['2', 'mars'], after: { v: 'a' } },
      { key: ['3', 'us'], after: { v: 'a' } },
    ]);
    expect(outcomes).toEqual([applied, rejected('CHECK'), applied]);
    expect(await of.write('t', 'update', key, [{ key: ['1', 'eu'], before: { v: 'a' }, after: { v: 'b' } }])).toEqual([applied]);
    expect(await of.sql('SELECT id, region, v FROM t ORDER BY id')).toEqual([
      { id: '1', region: 'eu', v: 'b' },
      { id: '3', region: 'us', v: 'a' },
    ]);
  });
});

describe('comparing with what the plan saw', () => {
  it.each([
    ['text', 'a', 'a '],
    ['varchar(9)', 'a', 'A'],
    ['citext', 'a', 'A'],
    ['char(5)', 'ab', 'abc'],
    ['json', '{"a": 1}', '{"a":1}'],
    ['jsonb', '{"b": 2, "a": 1.0}', '{"b": 3}'],
    ['float8', '0.1', '0.10000000000000002'],
    ['float4', 'nan', '1'],
    ['numeric', '1.10', '1.11'],
    ['numeric(6,2)', '1.1', '1.11'],
    ['timestamp(3)', '2024-01-01T10:00:00.123', '2024-01-01T10:00:00.124'],
    ['timestamptz', '2024-01-01T10:00:00Z', '2024-01-01T10:00:00.000001Z'],
    ['date', '0044-03-15 (BC)', '0044-03-15'],
    ['interval', '1 month', '30 days'],
    ['int[]', '[1,2]', '[2,1]'],
    ['inet', '10.0.0.1', '10.0.0.2'],
    ['box', '(2,2),(0,0)', '(4,1),(0,0)'],
    ['bytea', 'AAE=', 'AAI='],
    ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'],
  ])('%s: what moved is held, what did not is written', async (native, was, other) => {
    await using of = await target(['CREATE EXTENSION IF NOT EXISTS citext', `CREATE TABLE t (id int PRIMARY KEY, v ${native})`]);
    await of.write('t', 'create', 'id', [{ key: '1', after: { v: was } }, { key: '2', after: { v: other } }, { key: '3', after: { v: null } }]); // prettier-ignore
    const [one, two] = await of.read('t', ['id'], ['v'], { keys: [['1'], ['2']] });
    const before = { v: one?.['v'] ?? null };
    expect(before.v).not.toBeNull();
    expect(before.v).not.toBe(two?.['v']);
    const outcomes = await of.write('t', 'update', 'id', [
      { key: '1', before, after: { v: null } },
      { key: '2', before, after: { v: null } },
      { key: '3', before, after: { v: other } },
    ]);
    expect(outcomes).toEqual([applied, held('v moved since the plan'), held('v moved since the plan')]);
  });

  it('a field that the sync gives another type is compared in that type', async () => {
    await using of = await target([
      'CREATE TABLE t (id int PRIMARY KEY, at timestamp, n numeric, tags text[], words text, whole text)',
      "INSERT INTO t VALUES (1, '2024-01-01 10:00:00.5', 1.234, '{b,a,a}', 'x; y', '007')",
    ]);
    const change = {
      key: '1',
      before: { at: '2024-01-01T10:00:00', n: '1.23', tags: '["a","b"]', words: '["x","y"]', whole: '7' },
      after: { at: '2024-01-01T11:00:00', n: '2.5', tags: '["c"]', words: '["z"]', whole: '8' },
    };
    const types = {
      at: { kind: 'timestamp', precision: 0, zoned: false },
      n: { kind: 'decimal', precision: 10, scale: 2 },
      tags: { kind: 'set' },
      words: { kind: 'set' },
      whole: { kind: 'integer', min: '0', max: '100' },
    } as const;
    expect(await of.write('t', 'update', 'id', [change], { types })).toEqual([applied]);
    expect(await of.write('t', 'update', 'id', [change], { types })).toEqual([unchanged]);
    expect(await of.write('t', 'update', 'id', [{ ...change, after: { ...change.after, n: '9' } }], { types })).toEqual([
      held('at moved since the plan'),
    ]);
    expect(await of.sql('SELECT * FROM t')).toEqual([
      { id: '1', at: '2024-01-01 11:00:00', n: '2.5', tags: '{c}', words: '["z"]', whole: '8' },
    ]);
  });
});

describe('bad records among good ones', () => {
  const TABLE = [
    'CREATE EXTENSION IF NOT EXISTS citext',
    "CREATE TYPE mood AS ENUM ('good', 'bad')",
    'CREATE DOMAIN percent AS int CHECK (value BETWEEN 0 AND 100)',
    'CREATE TABLE parent (id int PRIMARY KEY)',
    'INSERT INTO parent VALUES (1)',
    `CREATE TABLE t (id int PRIMARY KEY, name varchar(5) NOT NULL, email text UNIQUE, amount numeric(4,2), mood mood, share percent, born date,
      parent int REFERENCES parent DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "no ""bad"" name" CHECK (name <> 'bad'), EXCLUDE USING btree (amount WITH =))`,
  ];
  const GOOD = { name: 'n', email: null, amount: null, mood: null, share: null, born: null, parent: null };

  it('each is named with its code, its field or constraint and its SQLSTATE, and no value; all others are written', async () => {
    await using of = await target(TABLE);
    const bad: readonly (readonly [Record<string, string | null>, string, string])[] = [
      [{ name: null }, 'NOT_NULL', 'field "name" takes no null (SQLSTATE 23502)'],
      [{ name: 'secret' }, 'STRING_TOO_LONG', 'field "name": value too long for type character varying(5) (SQLSTATE 22001)'],
      [{ name: 'bad' }, 'CHECK', 'the record breaks a check (constraint "no ""bad"" name", SQLSTATE 23514)'],
      [{ email: 'e1' }, 'UNIQUE', 'another record has the same email (constraint "t_email_key", SQLSTATE 23505)'],
      [{ amount: '1' }, 'EXCLUSION', 'it conflicts with another record (constraint "t_amount_excl", SQLSTATE 23P01)'],
      [{ amount: '123.4' }, 'CONVERSION', 'field "amount": numeric field overflow (SQLSTATE 22003)'],
      [{ mood: 'secret' }, 'CONVERSION', 'field "mood": invalid input value for enum mood (SQLSTATE 22P02)'],
      [{ share: '101' }, 'CHECK', 'the record breaks a check (constraint "percent_check", SQLSTATE 23514)'],
      [{ born: 'secret' }, 'CONVERSION', 'field "born": invalid input syntax for type date (SQLSTATE 22007)'],
      [
        { parent: '9' },
        'FOREIGN_KEY',
        'it refers to a record that does not exist, by its parent (constraint "t_parent_fkey", SQLSTATE 23503)',
      ],
    ];
    const first = { key: '0', after: { ...GOOD, email: 'e1', amount: '1', parent: '1' } };
    const changes = bad.flatMap(([values], index) => [
      { key: String(2 * index + 1), after: { ...GOOD, ...values } },
      { key: String(2 * index + 2), after: { ...GOOD, email: `e${index + 10}` } },
    ]);
    const outcomes = await of.write('t', 'create', 'id', [first, ...changes]);
    expect(outcomes).toEqual([applied, ...bad.flatMap(([, code, message]) => [{ status: 'rejected', code, message }, applied])]);
    expect(await of.sql('SELECT count(*) AS n FROM t')).toEqual([{ n: String(bad.length + 1) }]);
    expect(JSON.stringify(outcomes)).not.toContain('secret');
  });

  it('the same for updates, beside held and unchanged ones', async () => {
    await using of = await target([...TABLE, "INSERT INTO t SELECT g, 'n', 'e' || g FROM generate_series(1, 300) AS g"]);
    const changes = Array.from({ length: 300 }, (_, index) => {
      const id = index + 1;
      if (id % 100 === 7) return { key: String(id), before: { name: 'n' }, after: { name: 'bad' } };
      if (id % 100 === 8) return { key: String(id), before: { name: 'other' }, after: { name: 'x' } };
      if (id % 100 === 9) return { key: String(id), before: { name: 'other' }, after: { name: 'n' } };
      return { key: String(id), before: { name: 'n' }, after: { name: 'new' } };
    });
    const outcomes = await of.write('t', 'update', 'id', changes);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(
      changes.map((_, index) => ({ 7: 'rejected', 8: 'held', 9: 'unchanged' })[(index + 1) % 100] ?? 'applied'),
    );
    expect(await of.sql('SELECT name, count(*) AS n FROM t GROUP BY name ORDER BY name')).toEqual([
      { name: 'n', n: '9' },
      { name: 'new', n: '291' },
    ]);
  });

  it('and for deletes', async () => {
    await using of = await target([...TABLE, "INSERT INTO parent VALUES (2), (3)", "INSERT INTO t VALUES (1, 'n', parent => 2)"].map((each) => each.replace("(1, 'n', parent => 2)", "(1, 'n', null, null, null, null, null, 2)"))); // prettier-ignore
    const outcomes = await of.write('parent', 'delete', 'id', [{ key: '1', before: {} }, { key: '2', before: {} }, { key: '3', before: {} }]); // prettier-ignore
    expect(outcomes).toEqual([
      deleted,
      { status: 'rejected', code: 'FOREIGN_KEY', message: 'records of public.t refer to it (constraint "t_parent_fkey", SQLSTATE 23503)' },
      deleted,
    ]);
  });

  it('one that repeats the key of another, or what the other made unique', async () => {
    await using of = await target(TABLE);
    const outcomes = await of.write('t', 'create', 'id', [
      { key: '1', after: { ...GOOD, email: 'same' } },
      { key: '1', after: { ...GOOD, email: 'other' } },
      { key: '2', after: { ...GOOD, email: 'same' } },
      { key: '3', after: GOOD },
    ]);
    expect(outcomes).toEqual([applied, held('the record exists: it was created since the plan'), rejected('UNIQUE'), applied]);
  });

  it('finds them all wherever they stand', async () => {
    await using of = await target(['CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v > 0), p int)', 'CREATE TABLE p (id int PRIMARY KEY)', 'ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES p']); // prettier-ignore
    for (const bad of [[0], [999], [0, 1, 2], [998, 999], [10, 500, 501, 900], [], Array.from({ length: 1000 }, (_, index) => index)]) {
      for (const field of ['v', 'p']) {
        const values = (index: number): Record<string, string | null> =>
          field === 'v' ? { v: bad.includes(index) ? '-1' : '1', p: null } : { v: '1', p: bad.includes(index) ? '-1' : null };
        const changes = Array.from({ length: 1000 }, (_, index) => ({ key: String(index), after: values(index) }));
        const outcomes = await of.write('t', 'create', 'id', changes);
        expect(outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual(bad);
        expect(outcomes.filter(({ status }) => status === 'applied')).toHaveLength(1000 - bad.length);
        expect(await of.sql('SELECT count(*) AS n FROM t')).toEqual([{ n: String(1000 - bad.length) }]);
        await of.sql('TRUNCATE t');
      }
    }
  }, 60_000);

  it('a trigger that refuses, and one that suppresses', async () => {
    await using of = await target([
      'CREATE TABLE t (id int PRIMARY KEY, v text)',
      `CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF new.v = 'refuse' THEN RAISE EXCEPTION 'value % is secret', new.v; END IF;
         IF new.v = 'suppress' THEN RETURN NULL; END IF;
         RETURN new; END $$`,
      'CREATE TRIGGER judge BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION judge()',
      "INSERT INTO t VALUES (11, 'x'), (12, 'x'), (13, 'x')",
    ]);
    const expected = [
      { status: 'rejected', code: 'TRIGGER', message: 'a function or trigger of the database raised an exception (SQLSTATE P0001)' },
      { status: 'rejected', code: 'SUPPRESSED', message: 'a trigger or rule of the table suppressed the write' },
      applied,
    ];
    const after = ['refuse', 'suppress', 'fine'].map((v) => ({ v }));
    expect(await of.write('t', 'create', 'id', after.map((each, index) => ({ key: String(index + 1), after: each })))).toEqual(expected); // prettier-ignore
    const updates = after.map((each, index) => ({ key: String(index + 11), before: { v: 'x' }, after: each }));
    expect(await of.write('t', 'update', 'id', updates)).toEqual(expected);
  });

  it('a value or a trigger that fails like a wrong statement, or with a code of its own, costs no other record its write', async () => {
    await using of = await target([
      'CREATE TABLE t (id int PRIMARY KEY, p jsonpath, r regclass, v text)',
      `CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF new.v = 'own' THEN RAISE EXCEPTION USING ERRCODE = 'U0001', MESSAGE = 'value ' || new.v || ' is secret'; END IF;
         IF new.v = 'assert' THEN ASSERT false, 'value is secret'; END IF;
         IF new.v = 'gone' THEN EXECUTE 'INSERT INTO secret VALUES (1)'; END IF;
         RETURN new; END $$`,
      'CREATE TRIGGER judge BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION judge()',
      "INSERT INTO t SELECT n, NULL, NULL, 'x' FROM generate_series(11, 16) AS n",
    ]);
    const values = [{ p: 'secret((', r: null, v: null }, { p: null, r: 'secret', v: null }, { p: null, r: 't', v: 'own' }, { p: '$.a', r: null, v: 'assert' }, { p: null, r: null, v: 'gone' }, { p: '$.a', r: 't', v: 'fine' }]; // prettier-ignore
    const trigger = 'a function or trigger of the database raised an exception';
    const expected = [
      { status: 'rejected', code: 'CONVERSION', message: 'field "p": the database cannot work with a value (SQLSTATE 42601)' },
      { status: 'rejected', code: 'CONVERSION', message: 'field "r": the database cannot work with a value (SQLSTATE 42P01)' },
      { status: 'rejected', code: 'TRIGGER', message: `${trigger} (SQLSTATE U0001)` },
      { status: 'rejected', code: 'TRIGGER', message: `${trigger} (SQLSTATE P0004)` },
      { status: 'rejected', code: 'CONVERSION', message: 'the database cannot work with a value (SQLSTATE 42P01)' },
      { ...applied },
    ];
    expect(await of.write('t', 'create', 'id', values.map((after, index) => ({ key: String(index + 1), after })))).toEqual(expected); // prettier-ignore
    const before = { p: null, r: null, v: 'x' };
    expect(await of.write('t', 'update', 'id', values.map((after, index) => ({ key: String(index + 11), before, after })))).toEqual(expected); // prettier-ignore
    await of.sql('ALTER TABLE t RENAME COLUMN p TO q');
    const whole = of.write('t', 'create', 'id', [{ key: '30', after: values[5] ?? {} }]);
    await expect(whole).rejects.toThrow(/column "p"/);
  });

  it('a policy that refuses', async () => {
    await using of = await target([
      'CREATE TABLE t (id int PRIMARY KEY, v text)',
      "DO $$ BEGIN CREATE ROLE tenant LOGIN PASSWORD 'x'; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
      'ALTER TABLE t ENABLE ROW LEVEL SECURITY',
      "CREATE POLICY own ON t USING (true) WITH CHECK (v = 'own')",
      'GRANT SELECT, INSERT, UPDATE ON t TO tenant',
    ]);
    const url = new URL(of.url);
    await using tenant = await Target.open(of.url, { url: of.url, user: 'tenant', password: 'x' });
    expect(url.username).toBe('postgres');
    const outcomes = await tenant.write('t', 'create', 'id', [
      { key: '1', after: { v: 'own' } },
      { key: '2', after: { v: 'other' } },
    ]);
    expect(outcomes).toEqual([applied, rejected('ROW_SECURITY')]);
  });

  it('a text too large for the index of a unique column', async () => {
    await using of = await target(['CREATE TABLE t (id int PRIMARY KEY, v text UNIQUE)']);
    const large = Array.from({ length: 20_000 }, (_, index) => String.fromCodePoint(0x4e00 + ((index * 7919) % 20_000))).join('');
    const outcomes = await of.write('t', 'create', 'id', [
      { key: '1', after: { v: large } },
      { key: '2', after: { v: 'small' } },
    ]);
    expect(outcomes).toEqual([rejected('TOO_LARGE'), applied]);
  });
});

describe('references', () => {
  const TABLES = [
    'CREATE TABLE plans (id int PRIMARY KEY, code text, label text)',
    'CREATE TABLE accounts (id int PRIMARY KEY, plan int REFERENCES plans)',
    "INSERT INTO plans VALUES (10, 'basic'), (11, 'pro'), (12, null), (13, 'twice'), (14, 'twice')",
    'INSERT INTO accounts VALUES (1, 10), (2, null), (3, 12)',
  ];
  const references = { plan: { object: 'plans', key: 'code' } };

  it('store the id of the parent; one that does not exist is rejected', async () => {
    await using of = await target(TABLES);
    const outcomes = await of.write(
      'accounts',
      'create',
      'id',
      ['basic', 'gold', null, 'twice', 'pro'].map((plan, index) => ({ key: String(10 + index), after: { plan } })),
      { references },
    );
    expect(outcomes).toEqual([
      applied,
      { status: 'rejected', code: 'REFERENCE_NOT_FOUND', message: 'plan: no plans has this code' },
      applied,
      { status: 'rejected', code: 'REFERENCE_AMBIGUOUS', message: 'plan: more than one plans has this code' },
      applied,
    ]);
    expect(await of.sql('SELECT id, plan FROM accounts WHERE id >= 10 ORDER BY id')).toEqual([
      { id: '10', plan: '10' },
      { id: '12', plan: null },
      { id: '14', plan: '11' },
    ]);
  });

  it('are compared by the key of the parent, and by the stored value where it has none', async () => {
    await using of = await target(TABLES);
    const seen = await of.read('accounts', ['id'], ['plan'], { references });
    expect(seen.map((row) => row['plan'])).toEqual(['basic', null, '#12']);
    const outcomes = await of.write(
      'accounts',
      'update',
      'id',
      [
        { key: '1', before: { plan: 'pro' }, after: { plan: 'pro' } },
        { key: '2', before: { plan: null }, after: { plan: 'pro' } },
        { key: '3', before: { plan: '#12' }, after: { plan: 'basic' } },
      ],
      { references },
    );
    expect(outcomes).toEqual([held('plan moved since the plan'), applied, applied]);
    const again = [{ key: '3', before: { plan: '#12' }, after: { plan: 'basic' } }];
    expect(await of.write('accounts', 'update', 'id', again, { references })).toEqual([unchanged]);
    expect(await of.write('accounts', 'delete', 'id', [{ key: '2', before: { plan: 'pro' } }], { references })).toEqual([deleted]);
  });

  it('to a key that is stored itself, and to a number that is none', async () => {
    await using of = await target([
      'CREATE TABLE plans (id int PRIMARY KEY, num int UNIQUE, code text UNIQUE)',
      'CREATE TABLE accounts (id int PRIMARY KEY, plan text REFERENCES plans (code), num int REFERENCES plans (id))',
      "INSERT INTO plans VALUES (10, 7, 'basic')",
    ]);
    const both = { plan: { object: 'plans', key: 'code' }, num: { object: 'plans', key: 'num' } };
    const outcomes = await of.write(
      'accounts',
      'create',
      'id',
      [
        { key: '1', after: { plan: 'basic', num: '7' } },
        { key: '2', after: { plan: 'gold', num: null } },
        { key: '3', after: { plan: null, num: 'seven' } },
      ],
      { references: both },
    );
    expect(outcomes).toEqual([applied, rejected('REFERENCE_NOT_FOUND'), rejected('REFERENCE_NOT_FOUND')]);
    expect(await of.read('accounts', ['id'], ['plan', 'num'], { references: both })).toEqual([{ id: '1', plan: 'basic', num: '7' }]);
    const change = { key: '1', before: { plan: 'basic', num: '7' }, after: { plan: null, num: null } };
    expect(await of.write('accounts', 'update', 'id', [change], { references: both })).toEqual([applied]);
  });
});

describe('failures that no record is to blame for', () => {
  const raising = (state: string): string[] => [
    ...ACCOUNTS,
    `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '${state}'; END $$`,
    'CREATE TRIGGER fail BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION fail()',
  ];
  const create = [{ key: '3', after: { name: 'x' } }];

  it.each([
    ['53100', UserError, /no space left/],
    ['25006', UserError, /read-only/],
    ['40001', Error, /./],
  ])('%s ends the batch, and nothing of it is written', async (state, kind, message) => {
    await using of = await target(raising(state));
    const failure = of.write('accounts', 'create', 'id', create);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toBeInstanceOf(kind);
    expect(await of.sql('SELECT count(*) AS n FROM accounts')).toEqual([{ n: '2' }]);
  });

  it('a missing right is named', async () => {
    await using of = await target([
      ...ACCOUNTS,
      "DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD 'x'; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
      'GRANT SELECT ON accounts TO reader',
    ]);
    await using reader = await Target.open(of.url, { url: of.url, user: 'reader', password: 'x' });
    const failure = await reader.write('accounts', 'create', 'id', create).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).problems[0]).toMatchObject({
      message: 'accounts cannot be written: permission denied for table accounts',
      hint: expect.stringContaining('GRANT INSERT, UPDATE, DELETE ON "public"."accounts"') as unknown,
    });
  });

  it('a key that lost its constraint', async () => {
    await using of = await target([...ACCOUNTS, 'ALTER TABLE accounts DROP CONSTRAINT accounts_pkey']);
    const failure = await of.write('accounts', 'create', 'id', create).catch((error: unknown) => error);
    expect((failure as UserError).problems[0]).toMatchObject({
      message: 'accounts has no unique constraint on its key',
      hint: 'Create one: CREATE UNIQUE INDEX ON "public"."accounts" ("id");',
    });
  });

  it('goes on with the next batch', async () => {
    await using of = await target(raising('53100'));
    await expect(of.write('accounts', 'create', 'id', create)).rejects.toThrow();
    await of.sql('DROP TRIGGER fail ON accounts');
    expect(await of.write('accounts', 'create', 'id', create)).toEqual([applied]);
  });
});
