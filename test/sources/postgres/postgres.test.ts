import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { onPostgres, type Postgres, startPostgres } from '../../support/postgres.ts';
import { problemOf, thrownBy } from '../../support/postgres-client.ts';
import { open, type Opened, query } from './harness.ts';

let server: Postgres;
let url: string;
let opened: Opened;
beforeAll(async () => {
  server = await startPostgres({ settings: { TimeZone: 'Asia/Tokyo', DateStyle: 'German' } });
  url = await server.createDatabase();
  await onPostgres(
    url,
    `CREATE EXTENSION citext`,
    `CREATE EXTENSION hstore`,
    `CREATE TYPE tier AS ENUM ('a', 'b')`,
    `CREATE TYPE point2 AS (x int, y numeric)`,
    `CREATE DOMAIN price AS numeric(10,2) CHECK (value > 0)`,
    `CREATE DOMAIN dear AS price CHECK (value > 100)`,
    `CREATE TABLE accounts (id int PRIMARY KEY, name text, "Mixed Case" text)`,
    `INSERT INTO accounts VALUES (1, 'Ann', 'x'), (2, NULL, '')`,
    `CREATE SCHEMA gold`,
    `CREATE TABLE gold.orders (id int)`,
    `CREATE ROLE reader LOGIN PASSWORD 'reader'`,
  );
  opened = await open(url);
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await server.stop();
});

describe('values and their types', () => {
  it.each([
    ['smallint', 'SMALLINT', ["'-32768'"], ['-32768']],
    ['int', 'INTEGER', ["'2147483647'"], ['2147483647']],
    ['bigint', 'BIGINT', ["'9223372036854775807'"], ['9223372036854775807']],
    ['oid', 'UINTEGER', ["'4294967295'"], ['4294967295']],
    ['numeric', 'VARCHAR', ["'1.50'", "'NaN'", "'-0.000'", "'1e50'"], ['1.50', 'NaN', '0.000', `1${'0'.repeat(50)}`]],
    ['numeric(12,2)', 'DECIMAL(12,2)', ["'9999999999.99'", "'-0.01'"], ['9999999999.99', '-0.01']],
    ['numeric(38,38)', 'DECIMAL(38,38)', ["'0.00000000000000000000000000000000000001'"], ['.00000000000000000000000000000000000001']],
    ['numeric(39,0)', 'VARCHAR', [`'${'9'.repeat(39)}'`], ['9'.repeat(39)]],
    ['numeric(5,-2)', 'VARCHAR', ["'12300'"], ['12300']],
    ['real', 'FLOAT', ["'0.1'", "'NaN'", "'-Infinity'", "'1e-45'"], ['0.1', 'nan', '-inf', '1e-45']],
    [
      'double precision',
      'DOUBLE',
      ["'0.1'", "'1.7976931348623157e308'", "'-0'", "'5e-324'"],
      ['0.1', '1.7976931348623157e+308', '-0.0', '5e-324'],
    ],
    ['boolean', 'BOOLEAN', ["'t'", "'f'"], ['true', 'false']],
    [
      'date',
      'DATE',
      ["'2024-03-10'", "'0044-03-15 BC'", "'infinity'", "'-infinity'", "'5874897-12-31'", "'10000-01-01'"],
      ['2024-03-10', '0044-03-15 (BC)', 'infinity', '-infinity', '5874897-12-31', '10000-01-01'],
    ],
    [
      'timestamp',
      'TIMESTAMP',
      ["'2024-03-10 01:02:03.123456'", "'0044-03-15 10:00:00 BC'", "'infinity'", "'4713-01-01 BC'"],
      ['2024-03-10 01:02:03.123456', '0044-03-15 (BC) 10:00:00', 'infinity', '4713-01-01 (BC) 00:00:00'],
    ],
    [
      'timestamptz',
      'TIMESTAMP WITH TIME ZONE',
      ["'2024-03-10 00:30:00+09'", "'0001-01-01 00:30:00+09'", "'-infinity'"],
      ['2024-03-09 15:30:00+00', '0001-12-31 (BC) 15:30:00+00', '-infinity'],
    ],
    ['timestamp(0)', 'TIMESTAMP', ["'2024-03-10 01:02:03.6'"], ['2024-03-10 01:02:04']],
    ['time', 'VARCHAR', ["'24:00:00'"], ['24:00:00']],
    ['timetz', 'VARCHAR', ["'10:00:00+09'"], ['10:00:00+09']],
    ['interval', 'VARCHAR', ["'1 year -2 days 03:04:05.000001'"], ['1 year -2 days 03:04:05.000001']],
    ['text', 'VARCHAR', ["''", "E'a\\r\\nb'", "E'\\uFEFFx'"], ['', 'a\r\nb', '\uFEFFx']],
    ['varchar(5)', 'VARCHAR', ["'abc  '"], ['abc  ']],
    ['char(5)', 'VARCHAR', ["'abc'"], ['abc']],
    ['"char"', 'VARCHAR', ["'x'"], ['x']],
    ['name', 'VARCHAR', ["'x'"], ['x']],
    ['citext', 'VARCHAR', ["'MiXed'"], ['MiXed']],
    ['uuid', 'VARCHAR', ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"], ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
    ['tier', 'VARCHAR', ["'b'"], ['b']],
    ['price', 'DECIMAL(10,2)', ["'1.5'"], ['1.50']],
    ['dear', 'DECIMAL(10,2)', ["'150'"], ['150.00']],
    [
      'jsonb',
      'JSON',
      [`'{"b": 1.50, "a": 12345678901234567890123, "b2": null}'`, "'null'"],
      ['{"a": 12345678901234567890123, "b": 1.50, "b2": null}', 'null'],
    ],
    ['json', 'VARCHAR', [`'{"b": 1.50,  "b": "\\u0000"}'`], ['{"b": 1.50,  "b": "\\u0000"}']],
    ['bytea', 'BLOB', ["'\\x00ff'", "''"], ['\\x00\\xFF', '']],
    ['int[]', 'JSON', ["'{1,NULL,3}'", "'{}'", "'{{1,2},{3,4}}'"], ['[1,null,3]', '[]', '[[1,2],[3,4]]']],
    ['numeric[]', 'JSON', ["'{1.50,12345678901234567890.1}'"], ['[1.50,12345678901234567890.1]']],
    ['text[]', 'JSON', [`ARRAY['a,"b', '', NULL]`], ['["a,\\"b","",null]']],
    ['tier[]', 'JSON', ["'{a,b}'"], ['["a","b"]']],
    ['point2', 'JSON', ["'(1,2.50)'"], ['{"x":1,"y":2.50}']],
    ['int4range', 'VARCHAR', ["'[1,5]'"], ['[1,6)']],
    ['hstore', 'VARCHAR', [`'"a"=>"1", "b"=>NULL'`], ['"a"=>"1", "b"=>NULL']],
    ['inet', 'VARCHAR', ["'10.0.0.0/8'"], ['10.0.0.0/8']],
    ['bit(3)', 'VARCHAR', ["'101'"], ['101']],
    ['point', 'VARCHAR', ["'(1,2.5)'"], ['(1,2.5)']],
    ['tsvector', 'VARCHAR', ["'b a'"], ["'a' 'b'"]],
    ['xml', 'VARCHAR', ["'<a>é</a>'"], ['<a>é</a>']],
  ])('%s comes as %s', async (type, expected, inputs, outputs) => {
    const values = inputs.map((input, n) => `SELECT ${n} AS n, CAST(${input} AS ${type}) AS v`).join(' UNION ALL ');
    const sql = `${values} UNION ALL SELECT ${inputs.length}, CAST(NULL AS ${type})`;
    expect(await opened.source.describe(query(sql))).toEqual([{ name: 'n', type: 'INTEGER' }, { name: 'v', type: expected }]); // prettier-ignore
    const rows = (await opened.texts(sql)).toSorted((a, b) => Number(a['n']) - Number(b['n']));
    expect(rows.map((row) => row['v'])).toEqual([...outputs, null]);
  });

  it.each([
    [
      `select 1 as id, 5::money as price`,
      'the query yields a column of the type money, whose text depends on a setting of the server: "price"\n  Cast it to numeric.',
    ],
    ['select pg_sleep(0) as nothing', 'the query yields a column of the type void: "nothing"\n  Cast it to text.'],
  ])('%s is refused with the cast to write', async (sql, expected) => {
    expect(await problemOf(opened.source.describe(query(sql)))).toBe(`syncs/accounts.yaml:10:5: ${expected}`);
  });

  it.each([
    ["select id, 'NaN'::numeric(10,2) as price from accounts", 'price', 'DECIMAL(10,2)', 2],
    ["select 1 as id, '294276-12-31'::timestamp as late", 'late', 'TIMESTAMP', 1],
  ])('what the workspace has no value for stops the query: %s', async (sql, column, type, rows) => {
    const problem = await problemOf(opened.source.extract(query(sql)));
    expect(problem).toContain(`syncs/accounts.yaml:10:5: column "${column}" holds values that a ${type} cannot hold, in ${rows} row`);
    expect(problem).toContain('cast the column to text');
    expect((await opened.texts(sql.replace(`as ${column}`, `::text as ${column}`)))[0]?.[column]).toMatch(/NaN|294276-12-31 00:00:00/);
  });

  it('is NULL and is empty are two things, also in a query of one column', async () => {
    expect(
      (await opened.texts("select v from (values (null), (''), ('x')) as t (v)")).map(({ v }) => JSON.stringify(v)).toSorted(),
    ).toEqual(['""', '"x"', 'null']);
  });

  it('any name of a column is kept', async () => {
    const sql = `select 1 as "Mixed Case", 2 as "a""b;--", 3 as "é", 4 as "x'y"`;
    expect((await opened.source.describe(query(sql))).map(({ name }) => name)).toEqual(['Mixed Case', 'a"b;--', 'é', "x'y"]);
    const { from } = await opened.source.extract(query(sql));
    expect(await opened.workspace.rows(`SELECT * FROM ${from}`)).toEqual([{ 'Mixed Case': 1, 'a"b;--': 2, é: 3, "x'y": 4 }]);
  });
});

describe('what is not one SELECT', () => {
  it.each([
    ['insert into accounts values (3)', 'this is an INSERT'],
    ['insert into accounts values (3) returning id', 'this is an INSERT'],
    ['-- all\n update accounts set name = null', 'this is an UPDATE'],
    ['/* x */ delete from accounts returning id', 'this is a DELETE'],
    ["copy accounts to '/tmp/x'", 'this is a COPY'],
    ['set search_path = gold', 'this is a SET'],
    ['explain select 1', 'this is an EXPLAIN'],
    ['show all', 'this is a SHOW'],
    ['create table x as select 1', 'this is a CREATE'],
    ['commit', 'this is a COMMIT'],
    ['select 1; select 2', 'this is several statements'],
    ['select 1; drop table accounts', 'this is several statements'],
    ['select 1 as a; commit; drop table accounts; begin', 'this is several statements'],
    ['', 'this one is empty'],
    ['-- nothing', 'this one is empty'],
    ['select', 'the query yields no columns'],
    ['select name from accounts where id = $1', 'the query has parameters'],
    ['select id as x, id as X from accounts', 'the query yields two columns named "x"'],
    ['select id as x, id as "X" from accounts', 'the query yields two columns named "X"'],
    ['select 1 as a;', 'can stand in parentheses'],
    ['select 1 as a) as x, (select 2 as b', 'syntax error'],
    ['select 1) to stdout; commit; drop table accounts; --', 'syntax error'],
    ['with gone as (delete from accounts returning id) select id from gone', 'this one writes, in its WITH'],
    ['select id from accounts for update', 'this one locks or writes rows'],
    ['select id into x from accounts', ''],
    ["select nextval('pg_catalog.nothing')", 'does not exist'],
  ])('%j', async (sql, message) => {
    const problem = await problemOf(opened.source.describe(query(sql)));
    expect(problem).toMatch(/^syncs\/accounts\.yaml:1\d:\d+: /);
    expect(problem).toContain(message);
    expect(await problemOf(opened.source.extract(query(sql)))).toBe(problem);
    expect(await onPostgres(url, 'SELECT count(*) AS n FROM accounts')).toEqual([{ n: '2' }]);
  });

  it.each([
    'table accounts',
    'values (1)',
    '(select 1 as a)',
    'with x as (select * from accounts) select id from x',
    'select 1 as a -- trailing',
    'select 1 as a /* x */',
    "select ';' as a",
    'select $$a;b$$ as a',
    '(select 1 as a) union all (select 2)',
    'select id from accounts order by id limit 1',
  ])('allows %j', async (sql) => {
    expect((await opened.texts(sql)).length).toBeGreaterThan(0);
  });

  it('cannot write through a function either', async () => {
    await onPostgres(url, `CREATE FUNCTION sneaky() RETURNS int LANGUAGE sql AS 'DELETE FROM accounts RETURNING id'`);
    await using own = await open(url);
    expect(await problemOf(own.source.extract(query('select sneaky() as a')))).toContain(
      'cannot execute DELETE in a read-only transaction',
    );
    expect(await onPostgres(url, 'SELECT count(*) AS n FROM accounts')).toEqual([{ n: '2' }]);
  });
});

describe('an error inside the query', () => {
  const wide = Array.from({ length: 40 }, (_, index) => `'é😀 ${index}' as c${index}`).join(', ');
  it.each([
    ['select aa from accounts', '10:12: column "aa" does not exist\n  Names in double quotes keep their case; all others are lower-case.'],
    [
      'select id,\n  nmae\nfrom accounts',
      '11:7: column "nmae" does not exist\n  Perhaps you meant to reference the column "accounts.name".',
    ],
    ['select id\nfrom accounts\nwher id = 1', '12:10: syntax error at or near "id"'],
    ['selec 1', '10:5: syntax error at or near "selec"'],
    ['select * from', '10:18: syntax error at end of input'],
    ['select *\nfrom  acounts', '11:11: relation "acounts" does not exist\n  Did you mean "accounts"?'],
    ['select * from orders', '10:19: relation "orders" does not exist\n  It is in the schema "gold": write the schema in front'],
    ['select * from gold.ordres', '10:19: relation "gold.ordres" does not exist\n  Did you mean "gold.orders"?'],
    [`select ${wide}, foo_x from accounts`, `10:${5 + 'select '.length + wide.length + 2}: column "foo_x" does not exist`],
    ['select nope(id) from accounts', '10:12: function nope(integer) does not exist'],
    ["select id + 'a' from accounts", '10:17: invalid input syntax for type integer'],
  ])('is reported at its place: %j', async (sql, expected) => {
    const problem = await problemOf(opened.source.describe(query(sql)));
    expect(problem.startsWith(`syncs/accounts.yaml:${expected}`), problem).toBe(true);
    expect((await opened.source.describe(query('select id from accounts'))).length).toBe(1); // the snapshot goes on
  });

  it('that only shows in the data is reported on the query as a whole, without the value', async () => {
    const sql = "select 1 as x,\n cast(name || 'secret' as integer) as n from accounts";
    expect(await problemOf(opened.source.extract(query(sql)))).toBe(
      'syncs/accounts.yaml:10:5: the query failed while it ran: invalid input syntax for type integer',
    );
    expect(await opened.texts('select id from accounts')).toHaveLength(2);
  });

  it('that is a missing right names what to grant', async () => {
    const reader = new URL(url);
    [reader.username, reader.password] = ['reader', 'reader'];
    await using own = await open(reader.href);
    expect(await problemOf(own.source.describe(query('select * from accounts')))).toBe(
      'syncs/accounts.yaml:10:5: permission denied for table accounts\n  Run as its owner: GRANT SELECT ON accounts TO "reader";',
    );
    expect(await problemOf(own.source.describe(query('select * from gold.orders')))).toBe(
      'syncs/accounts.yaml:10:19: permission denied for schema gold\n  Run as its owner: GRANT USAGE ON SCHEMA gold TO "reader";',
    );
  });

  it('that is a lack of time says which setting', async () => {
    await using own = await open(url, { statement_timeout: '200ms' });
    expect(await problemOf(own.source.extract(query('select pg_sleep(10)::text as a')))).toBe(
      'syncs/accounts.yaml:10:5: the query failed while it ran: canceling statement due to statement timeout\n  Raise `statement_timeout` of the connection, or make the query cheaper.',
    );
  });
});

describe('one plan', () => {
  it('sees one snapshot, from attaching to the end', async () => {
    await onPostgres(url, 'CREATE TABLE moving (id int)', 'INSERT INTO moving VALUES (1)');
    await using own = await open(url);
    expect(await own.source.describe(query('select id from moving'))).toHaveLength(1);
    await onPostgres(url, 'INSERT INTO moving VALUES (2)', 'DELETE FROM moving WHERE id = 1');
    expect(await own.texts('select id from moving')).toEqual([{ id: '1' }]);
    expect(await own.texts('select count(*) as n from moving')).toEqual([{ n: '1' }]);
  });

  it('asks a query once, however often its rows are read', async () => {
    await onPostgres(url, 'CREATE SEQUENCE asked', 'CREATE TABLE one AS SELECT 1 AS id');
    await using own = await open(url);
    const asked = query('select id, random() as r from one');
    const [first, second] = await Promise.all([own.source.extract(asked), own.source.extract(asked)]);
    expect(second.from).toBe(first.from);
    const other = await own.source.extract(query('select id as other from one'));
    expect(await own.workspace.count(`SELECT count(*) FROM ${first.from} AS a JOIN ${other.from} AS b ON a.id = b.other`)).toBe(1);
  });

  it('looks names up where the connection says', async () => {
    await using own = await open(url, { schema: ['gold', 'public'] });
    expect(await own.source.describe(query('select o.id, a.name from orders o, accounts a'))).toHaveLength(2);
    expect(own.source.engine).toBe('postgres 18');
  });

  it('ends at once when it is stopped, and its query with it', async () => {
    const controller = new AbortController();
    await using own = await open(url, {}, { signal: controller.signal });
    setTimeout(() => controller.abort(), 150);
    const started = performance.now();
    expect((await thrownBy(own.source.extract(query("select pg_sleep(30)::text || 'stopped_query' as a")))).name).toBe('AbortError');
    expect(performance.now() - started).toBeLessThan(25_000);
    const running = `SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%stopped_query%' AND state = 'active' AND pid <> pg_backend_pid()`;
    expect(await onPostgres(url, running)).toEqual([{ n: '0' }]);
  });
});
