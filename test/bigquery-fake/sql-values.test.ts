/** Exact texts, hashes and JSON: what Sluice asks BigQuery for. Expected values are from the recordings or Google's reference. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { SqlSession, text } from './sql-session.ts';

let sql: SqlSession;
beforeAll(async () => {
  sql = await SqlSession.open();
  await sql.results(`
    CREATE SCHEMA d;
    CREATE TABLE d.all_types (
      k STRING NOT NULL, i INT64, n NUMERIC, big BIGNUMERIC, f FLOAT64, b BOOL, bytes BYTES, d DATE, dt DATETIME, tm TIME, ts TIMESTAMP,
      j JSON, arr ARRAY<STRING>, s STRUCT<a INT64, more ARRAY<STRUCT<c NUMERIC>>>, g GEOGRAPHY
    );
    INSERT INTO d.all_types VALUES (
      'Grüße "1" \\\\', 9223372036854775807, NUMERIC '-99999999999999999999999999999.999999999',
      BIGNUMERIC '578960446186580977117854925043439539266.34992332820282019728792003956564819967', 1e20, TRUE, b'\\x00\\xffa',
      DATE '0001-01-01', DATETIME '2024-01-15T12:34:56.5', TIME '23:59:59.000001', TIMESTAMP '2024-03-31 02:30:00.123456+02',
      JSON '{"b": 1, "a": [1.50, "x", 12345678901234567890123]}', ['a', 'b'], STRUCT(1, [STRUCT(NUMERIC '1.5')]), ST_GEOGPOINT(1.5, -2));
    INSERT INTO d.all_types (k) VALUES ('nulls')`);
});
afterAll(async () => sql[Symbol.asyncDispose]());

it('sends every type as it goes on the wire', async () => {
  const [first, second] = await sql.rows(`SELECT * EXCEPT (k) FROM d.all_types ORDER BY k`);
  expect(first).toEqual([
    '9223372036854775807',
    '-99999999999999999999999999999.999999999',
    '578960446186580977117854925043439539266.34992332820282019728792003956564819967',
    '1.0E20',
    'true',
    'AP9h',
    '0001-01-01',
    '2024-01-15T12:34:56.500000',
    '23:59:59.000001',
    '1711845000123456',
    '{"a":[1.5,"x",12345678901234567890123],"b":1}',
    [{ v: 'a' }, { v: 'b' }],
    { f: [{ v: '1' }, { v: [{ v: { f: [{ v: '1.5' }] } }] }] },
    'POINT(1.5 -2)',
  ]);
  expect(second).toEqual([null, null, null, null, null, null, null, null, null, null, null, [], null, null]);
});

it('casts every type to its exact text', async () => {
  const columns = ['k', 'i', 'n', 'big', 'f', 'b', 'd', 'dt', 'tm', 'ts'].map((name) => `CAST(${name} AS STRING) AS ${name}`);
  expect((await sql.rows(`SELECT ${columns.join(', ')} FROM d.all_types ORDER BY k`))[0]).toEqual([
    'Grüße "1" \\',
    '9223372036854775807',
    '-99999999999999999999999999999.999999999',
    '578960446186580977117854925043439539266.34992332820282019728792003956564819967',
    '1e+20',
    'true',
    '0001-01-01',
    '2024-01-15 12:34:56.500',
    '23:59:59.000001',
    '2024-03-31 00:30:00.123456+00',
  ]);
});

it('casts doubles to the shortest text that reads back the same', async () => {
  const values = ['1.0', '0.1', '-0.0', '1e15', '123456789012345.0', '1e-5', '1e-7', `CAST('nan' AS FLOAT64)`, `CAST('-inf' AS FLOAT64)`];
  expect((await sql.rows(`SELECT ${values.map((value) => `CAST(${value} AS STRING)`).join(', ')}`))[0]).toEqual([
    '1', '0.1', '-0', '1e+15', '123456789012345', '1e-05', '1e-07', 'NaN', '-inf',
  ]); // prettier-ignore
});

it('writes JSON of every type', async () => {
  const [row] = await sql.rows(
    `SELECT TO_JSON_STRING(t), TO_JSON_STRING(STRUCT(t.k, 'x' AS y, NULL, 2 > 1)) FROM d.all_types AS t ORDER BY k LIMIT 1`,
  );
  expect(row).toEqual([
    `{"k":"Grüße \\"1\\" \\\\","i":"9223372036854775807","n":"-99999999999999999999999999999.999999999",` +
      `"big":"578960446186580977117854925043439539266.34992332820282019728792003956564819967","f":1e+20,"b":true,"bytes":"AP9h",` +
      `"d":"0001-01-01","dt":"2024-01-15T12:34:56.500","tm":"23:59:59.000001","ts":"2024-03-31T00:30:00.123456Z",` +
      `"j":{"a":[1.5,"x",12345678901234567890123],"b":1},"arr":["a","b"],"s":{"a":1,"more":[{"c":1.5}]},"g":"POINT(1.5 -2)"}`,
    `{"k":"Grüße \\"1\\" \\\\","y":"x","_field_3":null,"_field_4":true}`,
  ]);
});

it('hashes as BigQuery does', async () => {
  expect(
    await sql.rows(`SELECT FARM_FINGERPRINT('hello'), FARM_FINGERPRINT(b'hello'), FARM_FINGERPRINT(NULL), TO_HEX(SHA256('hello')),
      TO_HEX(MD5('hello')), TO_BASE64(SHA1('')), FARM_FINGERPRINT(TO_JSON_STRING(STRUCT('a', 'bc'))) = FARM_FINGERPRINT(TO_JSON_STRING(STRUCT('ab', 'c')))`),
  ).toEqual([
    [
      '-5436999610281751320', '-5436999610281751320', null, '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      '5d41402abc4b2a76b9719d911017c592', '2jmj7l5rSw0yVb/vlWAYkK/YBwk=', 'false',
    ],
  ]); // prettier-ignore
});

it('formats and reads timestamps', async () => {
  expect(
    await sql.rows(`SELECT FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E6SZ', ts), FORMAT_TIMESTAMP('%F %T%Ez', ts, 'Europe/Berlin'), UNIX_MICROS(ts),
      UNIX_MICROS(TIMESTAMP '1969-12-31 23:59:59.999999+00'), DATETIME(ts, 'Europe/Berlin'), TIMESTAMP(DATETIME '2024-03-31 04:30:00', 'Europe/Berlin'),
      CAST('2024-01-15T10:00:00Z' AS TIMESTAMP), CURRENT_TIMESTAMP(), CAST(CURRENT_DATE() AS STRING) FROM d.all_types WHERE ts IS NOT NULL`),
  ).toEqual([
    [
      '2024-03-31T00:30:00.123456Z', '2024-03-31 01:30:00+01:00', '1711845000123456', '-1', '2024-03-31T01:30:00.123456', '1711852200000000',
      '1705312800000000', '1767323045678000', '2026-01-02',
    ],
  ]); // prettier-ignore
});

it('casts texts strictly, and SAFE_CAST gives null', async () => {
  expect(await sql.rows(`SELECT SAFE_CAST('x' AS INT64), SAFE_CAST('1.5' AS INT64), CAST(' 12 ' AS INT64), CAST('0x1F' AS INT64), CAST(2.5 AS INT64),
    SAFE_CAST('2024-02-30' AS DATE), CAST('1e2' AS NUMERIC), CAST('0.1234567895' AS NUMERIC), CAST('t' = 't' AS STRING)`)).toEqual([
    [null, null, '12', '31', '3', null, '100', '0.12345679', 'true'],
  ]); // prettier-ignore
  expect(await sql.refusal(`SELECT CAST('x' AS INT64)`)).toBe('invalidQuery: Bad int64 value: x');
  expect(await sql.refusal(`SELECT CAST('2024-02-30' AS DATE)`)).toBe(`invalidQuery: Invalid date: '2024-02-30'`);
  expect(await sql.refusal(`SELECT 9223372036854775807 + 1`)).toBe('invalidQuery: int64 overflow: 9223372036854775807 + 1');
});

it('takes values through JSON paths', async () => {
  expect(
    await sql.rows(
      `SELECT JSON_VALUE(j, '$.a[1]'), JSON_VALUE(j, '$.a'), JSON_QUERY(j, '$.a'), JSON_VALUE_ARRAY('{"x y": ["1"]}', "$['x y']") FROM d.all_types WHERE j IS NOT NULL`,
    ),
  ).toEqual([['x', null, '[1.5,"x",12345678901234567890123]', [{ v: '1' }]]]);
});

it('takes parameters for values, never for SQL', async () => {
  const evil = `'); DROP TABLE d.all_types; -- \\`;
  const array = {
    name: 'ks',
    parameterType: { type: 'ARRAY', arrayType: { type: 'STRING' } },
    parameterValue: { arrayValues: [{ value: evil }, { value: 'b' }] },
  };
  const number = { name: 'n', parameterType: { type: 'INT64' }, parameterValue: { value: '9007199254740993' } };
  expect(
    await sql.rows(`SELECT @evil, @n + 1, @none IS NULL, @evil IN UNNEST(@ks), (SELECT STRING_AGG(x, '|' ORDER BY o) FROM UNNEST(@ks) AS x WITH OFFSET AS o)`, [
      text('evil', evil), number, text('none', null), array,
    ]),
  ).toEqual([[evil, '9007199254740994', 'true', 'true', `${evil}|b`]]); // prettier-ignore
  expect(await sql.refusal('SELECT @nowhere', [])).toBe(`invalidQuery: Query parameter 'nowhere' not found at [1:8]`);
});
