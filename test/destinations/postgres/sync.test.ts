/** A whole sync into Postgres by the command line: plan, apply, and a plan that is empty. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { onPostgres, type Postgres, startPostgres } from '../../support/postgres.ts';
import { must, nonZero, project, type TestProject } from '../../support/project.ts';

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => server.stop());

const TABLE =
  'CREATE TABLE "Account" ("Id" text PRIMARY KEY, "Name" varchar(12), "Plan" text, "Seats" int CHECK ("Seats" >= 0), "Notes" text)';
const ALL = 'SELECT * FROM "Account" ORDER BY "Id"';

async function synced(sync: Record<string, unknown> = {}, table = TABLE): Promise<{ of: TestProject; url: string }> {
  const url = await server.createDatabase();
  await onPostgres(url, table);
  const source = [['1', 'One', 'basic', 1], ['2', 'Two', null, 2], ['3', 'Three', 'pro', 3]] as const; // prettier-ignore
  return { of: await project({ source, sync, connection: { type: 'postgres', url } }), url };
}

describe('a sync into Postgres', () => {
  it('creates, updates, deletes and clears; a plan right after is empty', async () => {
    const { of, url } = await synced({ on_missing: 'delete', guards: { deletes: { max: 5 }, updates: { percent: 100 } } });
    await using _of = of;
    await onPostgres(url, `INSERT INTO "Account" VALUES ('9', 'Theirs', null, null, 'mine')`);
    expect(await of.summary()).toEqual({ create: 3 });
    await of.apply();
    expect(await of.summary()).toEqual({ unchanged: 3 });
    await onPostgres(url, `UPDATE "Account" SET "Notes" = 'note ' || "Id"`);
    await of.source(['1', 'Uno', 'basic', 1], ['3', 'Three', null, 3], ['4', '', 'new', 0]);
    expect(await of.summary()).toMatchObject({ create: 1, update: 2, delete: 1 });
    await of.apply();
    expect(await of.summary()).toEqual({ unchanged: 3 });
    expect(await onPostgres(url, ALL)).toEqual([
      { Id: '1', Name: 'Uno', Plan: 'basic', Seats: '1', Notes: 'note 1' },
      { Id: '3', Name: 'Three', Plan: null, Seats: '3', Notes: 'note 3' },
      { Id: '4', Name: '', Plan: 'new', Seats: '0', Notes: null },
      { Id: '9', Name: 'Theirs', Plan: null, Seats: null, Notes: 'note 9' },
    ]);
  });

  it('rejects what a constraint refuses, writes the rest, and does not try again', async () => {
    const { of, url } = await synced();
    await using _of = of;
    await of.source(['1', 'One', 'basic', 1], ['2', 'Two', null, -2], ['3', 'Far too long a name', 'pro', 3]);
    expect(await of.summary()).toMatchObject({ create: 2, rejected: 1 });
    const applied = await of.apply([], 5);
    expect(JSON.stringify(applied)).toContain('the record breaks a check (constraint \\"Account_Seats_check\\", SQLSTATE 23514)');
    expect(await onPostgres(url, 'SELECT "Id" FROM "Account"')).toEqual([{ Id: '1' }]);
    expect(await of.summary()).toEqual({ unchanged: 1, known_rejected: 2 });
  });

  it('what a trigger makes of a value is no difference in the next plan, and a change from outside is drift', async () => {
    const { of, url } = await synced();
    await using _of = of;
    await onPostgres(
      url,
      `CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new."Name" := upper(new."Name"); RETURN new; END $$`,
      'CREATE TRIGGER loud BEFORE INSERT OR UPDATE ON "Account" FOR EACH ROW EXECUTE FUNCTION loud()',
    );
    await of.apply();
    expect((await onPostgres(url, ALL)).map((row) => row['Name'])).toEqual(['ONE', 'TWO', 'THREE']);
    expect(await of.summary()).toEqual({ unchanged: 3 });
    await onPostgres(url, `UPDATE "Account" SET "Plan" = 'theirs' WHERE "Id" = '1'`);
    expect(await of.summary()).toMatchObject({ update: 1, drift: 1 });
  });

  it('a change from outside is drift, of however many records, and in fields that the last run did not write', async () => {
    const { of, url } = await synced({ guards: { updates: { percent: 100 } } });
    await using _of = of;
    const rows = (seats: number) => Array.from({ length: 2500 }, (_, index) => [String(index), 'One', 'basic', seats] as const);
    await of.source(...rows(1));
    await of.apply();
    await onPostgres(url, `UPDATE "Account" SET "Name" = 'theirs'`);
    expect(await of.summary()).toEqual({ update: 2500, drift: 2500 });
    await of.apply();
    await of.source(...rows(2));
    must(await of.run(['plan', '--out', 'p.duckdb']), 0);
    await onPostgres(url, `UPDATE "Account" SET "Plan" = 'theirs'`);
    must(await of.run(['apply', 'p.duckdb', '--yes']), 0);
    expect(await of.summary()).toEqual({ update: 2500, drift: 2500 });
  });

  it('a value that the workspace does not have is told by the column that the file names', async () => {
    const url = await server.createDatabase();
    const source = { connection: 'pg', query: `select 1 as id, 'NaN'::numeric(10,2) as arr, 'x' as "full name"`, key: 'id' };
    const sync = { source, fields: { Name: 'full name', Seats: { sql: 'arr' }, Notes: 'arr' } };
    await using of = await project({ sync, connections: [{ kind: 'Connection', name: 'pg', type: 'postgres', url }] });
    const { stdout } = await of.run(['plan']);
    expect(stdout).toMatch(/syncs\.yaml:\d+:\d+: the expression holds values that a DECIMAL\(10,2\) cannot hold, in 1 row/);
    await of.sync({ source, fields: { Name: 'full name', Notes: 'arr' } });
    expect((await of.run(['plan'])).stdout).toMatch(
      /syncs\.yaml:\d+:\d+: column "arr" holds values that a DECIMAL\(10,2\) cannot hold, in 1 row/,
    );
  });

  it('references are found by keys of every type, however the source writes them', async () => {
    const url = await server.createDatabase();
    await onPostgres(
      url,
      'CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n numeric UNIQUE, d numeric(9,2) UNIQUE, u uuid UNIQUE, t timestamptz UNIQUE, i int UNIQUE)',
      "INSERT INTO p (n, d, u, t, i) VALUES (1.50, 5, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-01-01 12:00Z', 7), (2, 6, NULL, NULL, 8)",
      'CREATE TABLE c (id int PRIMARY KEY, n int REFERENCES p, d int REFERENCES p, u int REFERENCES p, t int REFERENCES p, i int REFERENCES p)',
      `CREATE VIEW src AS SELECT 1 AS id, 1.500::numeric(9,3) AS n, 5.000::numeric AS d, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::text AS u, '2024-01-01 13:00+01'::timestamptz AS t, 7::int8 AS i
       UNION ALL SELECT 2, 2, 6, NULL, NULL, 8`,
    );
    const fields = Object.fromEntries(['n', 'd', 'u', 't', 'i'].map((name) => [name, { column: name, reference: { object: 'p', key: name } }])); // prettier-ignore
    const sync = { source: { connection: 'pg', query: 'select * from src', key: 'id' }, destination: { connection: 'own', object: 'c', key: 'id' }, fields }; // prettier-ignore
    await using of = await project({
      sync,
      connections: ['pg', 'own'].map((name) => ({ kind: 'Connection', name, type: 'postgres', url })),
    });
    expect(await of.summary()).toEqual({ create: 2 });
    await of.apply();
    expect(await onPostgres(url, 'SELECT * FROM c ORDER BY id')).toEqual([
      { id: '1', n: '1', d: '1', u: '1', t: '1', i: '1' },
      { id: '2', n: '2', d: '2', u: null, t: null, i: '2' },
    ]);
    expect(await of.summary()).toEqual({ unchanged: 2 });
    await onPostgres(url, 'UPDATE c SET t = 2, n = 2');
    expect(await of.summary()).toEqual({ update: 2, drift: 2 });
    await of.apply();
    expect(await of.summary(['--refresh', 'all'])).toEqual({ unchanged: 2 });
  });

  it('a key without a unique constraint names the statement that creates one', async () => {
    const { of } = await synced({}, TABLE.replace(' PRIMARY KEY', ''));
    await using _of = of;
    const { code, stdout } = await of.run(['plan']);
    expect(code).toBe(1);
    expect(stdout).toContain('Account has no unique constraint on "Id"');
    expect(stdout).toContain('CREATE UNIQUE INDEX ON "public"."Account" ("Id");');
  });

  it('a key that the database numbers itself cannot be created', async () => {
    const { of } = await synced({}, TABLE.replace('text PRIMARY KEY', 'int GENERATED ALWAYS AS IDENTITY PRIMARY KEY'));
    await using _of = of;
    const { code, stdout } = await of.run(['plan']);
    expect(code).toBe(1);
    expect(stdout).toContain('key field "Id" cannot be written: it is numbered by the database');
  });
});

describe('from Postgres to Postgres', () => {
  const VALUES = {
    inet: ['1.2.3.4', '10.0.0.1/8', '::1'],
    cidr: ['10.0.0.0/8', '1.2.3.4'],
    date: ['infinity', '-infinity', '2024-02-29', '0044-03-15 BC'],
    timestamp: ['infinity', '-infinity', '2024-02-29 01:02:03.000004'],
    timestamptz: ['infinity', '-infinity', '2024-02-29 01:02:03.000004+05:30'],
    time: ['00:00:00', '24:00:00', '01:02:03.000004'],
    timetz: ['01:02:03+05:30', '01:02:03-11'],
    interval: ['1 mon -1 day +01:02:03.000004', '-1 mon +40 days -00:30', '3 years'],
    numeric: ['1.5', 'NaN', '1e40', '-0.000001'],
    float8: ['1.5', '-0.1', '1e300', 'Infinity'],
    int8: ['9223372036854775807', '-1'],
    uuid: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    bytea: ['\\x00ff', '\\x'],
    text: ['', ' a ', 'it\'\'s "x"', '😀'],
    'varchar(5)': ['a', 'abcde'],
    'char(5)': ['a', 'abcde'],
    bool: ['true', 'false'],
    jsonb: ['{"b": 1.50, "a": [null]}', '[]', '"x"'],
    'int[]': ['{1,NULL,3}', '{}'],
    int4range: ['[1,5)', 'empty'],
    macaddr: ['08:00:2b:01:02:03'],
    bit: ['1', '0'],
    tsvector: ['a b c'],
  } as const;

  /** Those whose text has several forms, or that have a value beyond all others. */
  const KEYS = ['inet', 'cidr', 'date', 'timestamp', 'timestamptz', 'timetz', 'numeric', 'uuid', 'bytea', 'char(5)'] as const;

  it('every value of every type arrives, as field and as key', async () => {
    const url = await server.createDatabase();
    const types = Object.entries<readonly string[]>(VALUES);
    const columns = types.map(([type], index) => `f${index} ${type}`).join(', ');
    const names = types.map((_, index) => `f${index}`);
    const rows = [0, 1, 2, 3, 4].map((row) => `(${row}, ${types.map(([, values]) => (values[row] === undefined ? 'NULL' : `'${values[row]}'`)).join(', ')}, 0)`); // prettier-ignore
    await onPostgres(url, `CREATE TABLE src (id int PRIMARY KEY, ${columns}, v int)`, `INSERT INTO src VALUES ${rows.join(', ')}`, `CREATE TABLE dst (id int PRIMARY KEY, ${columns}, v int)`); // prettier-ignore
    for (const [index, type] of KEYS.entries()) {
      const values = VALUES[type].map((value) => `('${value}', 0)`).join(', ');
      await onPostgres(url, `CREATE TABLE src_${index} (k ${type}, v int)`, `INSERT INTO src_${index} VALUES ${values}`, `CREATE TABLE dst_${index} (k ${type} PRIMARY KEY, v int)`); // prettier-ignore
    }
    const fields = Object.fromEntries([...names, 'v'].map((name) => [name, name]));
    const wide = { name: 'wide', source: { connection: 'pg', query: 'select * from src', key: 'id' }, destination: { connection: 'own', object: 'dst', key: 'id' }, fields }; // prettier-ignore
    const keyed = KEYS.map((_, index) => ({ name: `keyed_${index}`, source: { connection: 'pg', query: `select * from src_${index}`, key: 'k' }, destination: { connection: 'own', object: `dst_${index}`, key: 'k' }, fields: { v: 'v' } })); // prettier-ignore
    const connections = ['pg', 'own'].map((name) => ({ kind: 'Connection', name, type: 'postgres', url }));
    await using of = await project({ sync: [wide, ...keyed], connections });

    const planned = async (...args: readonly string[]): Promise<unknown> => {
      const { syncs } = (await of.run(['plan', '--json', ...args])).json as { syncs: readonly { name: string; summary: Record<string, number>; error: unknown }[] }; // prettier-ignore
      return syncs.map(({ name, summary, error }) => [
        name === 'wide' ? name : KEYS[Number(name.slice('keyed_'.length))],
        error ?? nonZero(summary),
      ]);
    };
    const each = (of: (count: number) => unknown): unknown => [...KEYS.map((type) => [type, of(VALUES[type].length)]), ['wide', of(5)]];
    expect(await planned()).toEqual(each((create) => ({ create })));
    must(await of.run(['apply', '--yes']), 0);
    expect(await planned('--refresh', 'all')).toEqual(each((unchanged) => ({ unchanged })));
    for (const table of ['src', ...KEYS.map((_, index) => `src_${index}`)]) await onPostgres(url, `UPDATE ${table} SET v = 1`);
    expect(await planned('--refresh', 'changed')).toEqual(each((update) => ({ update })));
    must(await of.run(['apply', '--yes', '--refresh', 'changed']), 0);
    expect(await planned('--refresh', 'all')).toEqual(each((unchanged) => ({ unchanged })));
    const shown = (table: string): string => `SELECT id, ${names.map((name) => `CAST(${name} AS text) COLLATE "C" AS ${name}`).join(', ')}, v FROM ${table} ORDER BY id`; // prettier-ignore
    expect(await onPostgres(url, shown('dst'))).toEqual(await onPostgres(url, shown('src')));
  });
});
