/** Every value leaves BigQuery as exact text. Runs against any server. */
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';

import { type AnyBigQuery, anyBigQuery } from '../../support/bigquery/any.ts';
import { problemOf } from '../../support/bigquery-client.ts';
import { open, type Opened, query } from './harness.ts';

let server: AnyBigQuery;
let opened: Opened;
beforeAll(async () => {
  server = await anyBigQuery();
  opened = await open(server.env, { project: server.project });
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

describe('values and their types', () => {
  it.each<[string, string, readonly string[], readonly (string | null)[]]>([
    [
      'STRING',
      'VARCHAR',
      [`'Ann'`, `''`, `'a\\tb\\nc\\\\'`, `'\uFEFF é \u{1F600} "x"'`],
      ['Ann', '', 'a\tb\nc\\', '\uFEFF é \u{1F600} "x"'],
    ],
    ['INT64', 'BIGINT', ['9223372036854775807', '-9223372036854775808', '0'], ['9223372036854775807', '-9223372036854775808', '0']],
    [
      'NUMERIC',
      'DECIMAL(38,9)',
      [`'99999999999999999999999999999.999999999'`, `'-0.000000001'`, `'1.50'`],
      ['99999999999999999999999999999.999999999', '-0.000000001', '1.500000000'],
    ],
    ['BIGNUMERIC', 'VARCHAR', [`'1.${'0'.repeat(37)}1'`, `'${'9'.repeat(38)}'`], [`1.${'0'.repeat(37)}1`, '9'.repeat(38)]],
    [
      'FLOAT64',
      'DOUBLE',
      ['0.1', '1.7976931348623157e308', '5e-324', `'nan'`, `'inf'`, `'-inf'`, '123456789.12345679'],
      ['0.1', '1.7976931348623157e+308', '5e-324', 'nan', 'inf', '-inf', '123456789.12345679'],
    ],
    ['BOOL', 'BOOLEAN', ['TRUE', 'FALSE'], ['true', 'false']],
    [
      'TIMESTAMP',
      'TIMESTAMP WITH TIME ZONE',
      [`'2024-03-10 02:30:00.123456+05:45'`, `'0001-01-01 00:00:00+00'`, `'9999-12-31 23:59:59.999999+00'`],
      ['2024-03-09 20:45:00.123456+00', '0001-01-01 00:00:00+00', '9999-12-31 23:59:59.999999+00'],
    ],
    ['DATE', 'DATE', [`'0001-01-01'`, `'2024-02-29'`, `'9999-12-31'`], ['0001-01-01', '2024-02-29', '9999-12-31']],
    [
      'DATETIME',
      'TIMESTAMP',
      [`'2024-03-10 02:30:00'`, `'2024-03-10 02:30:00.000001'`, `'0001-01-01 00:00:00.5'`],
      ['2024-03-10 02:30:00', '2024-03-10 02:30:00.000001', '0001-01-01 00:00:00.5'],
    ],
    ['TIME', 'VARCHAR', [`'23:59:59.999999'`, `'00:00:00'`], ['23:59:59.999999', '00:00:00']],
  ])('%s is %s', async (type, workspaceType, literals, texts) => {
    const rows = literals.map((literal, index) => `SELECT ${index} AS n, CAST(${literal} AS ${type}) AS v`);
    const sql = `${rows.join(' UNION ALL ')} UNION ALL SELECT ${literals.length}, CAST(NULL AS ${type})`;
    expect((await opened.source.describe(query(sql)))[1]).toEqual({ name: 'v', type: workspaceType });
    const found = [...(await opened.texts(sql))].sort((a, b) => Number(a['n']) - Number(b['n']));
    expect(found.map((row) => row['v'])).toEqual([...texts, null]);
  });

  test('bytes are bytes', async () => {
    const { from } = await opened.source.extract(query(`SELECT b'\\x00\\xff' AS v UNION ALL SELECT b'' UNION ALL SELECT NULL`));
    const rows = await opened.workspace.rows(`SELECT hex(v) AS v FROM ${from} ORDER BY v NULLS LAST`);
    expect(rows.map((row) => row['v'])).toEqual(['', '00FF', null]);
  });

  test('what has parts is JSON, with its nulls and its exact numbers; null is null', async () => {
    const rows = await opened.texts(
      `SELECT [1, 9007199254740993] AS list, STRUCT('x' AS a, CAST(NULL AS INT64) AS b) AS parts, JSON '{"b":[1.5,null],"a":"é"}' AS doc, JSON 'null' AS nothing
       UNION ALL SELECT [], NULL, NULL, NULL`,
    );
    const described = await opened.source.describe(query('SELECT [1] AS list, STRUCT(1 AS a) AS parts, JSON "1" AS doc'));
    expect(described.map(({ type }) => type)).toEqual(['JSON', 'JSON', 'JSON']);
    expect([...rows].sort((a, b) => (b['parts'] ?? '').localeCompare(a['parts'] ?? ''))).toEqual([
      { list: '[1,"9007199254740993"]', parts: '{"a":"x","b":null}', doc: '{"a":"é","b":[1.5,null]}', nothing: 'null' },
      { list: '[]', parts: null, doc: null, nothing: null },
    ]);
  });

  test('a point on the earth is its text', async () => {
    expect(await opened.texts('SELECT ST_GEOGPOINT(-122.25, 47.5) AS v')).toEqual([{ v: 'POINT(-122.25 47.5)' }]);
  });

  test('names of columns need not be names of SQL', async () => {
    expect(await opened.texts('SELECT 1 AS `order`, 2 AS `grüße`')).toEqual([{ order: '1', grüße: '2' }]);
  });

  test('a query without rows yields its columns', async () => {
    expect(await opened.texts('SELECT 1 AS id LIMIT 0')).toEqual([]);
  });
});

describe('types without a canonical form', () => {
  test.each([
    ['INTERVAL 1 DAY', 'INTERVAL', 'CAST(v AS STRING)'],
    [`RANGE<DATE> '[2024-01-01, 2024-02-01)'`, 'RANGE', 'RANGE_START(v) and RANGE_END(v)'],
  ])('%s', async (literal, type, cure) => {
    expect(await problemOf(opened.source.describe(query(`SELECT ${literal} AS v`)))).toBe(
      `syncs/accounts.yaml:10:5: the query yields a column of the type ${type}, which has no canonical form: "v"\n  Select ${cure} instead.`,
    );
  });
});

describe('row hashes', () => {
  const hashes = async (sql: string): Promise<readonly unknown[]> => {
    const { from } = await opened.source.warehouse.extractHashed(query(sql));
    return (await opened.workspace.rows(`SELECT CAST(row_hash AS VARCHAR) AS h FROM ${from}`)).map((row) => row['h']);
  };

  test('are equal for equal rows, and tell null from empty and columns from each other', async () => {
    const row = `SELECT 'a' AS x, 'bc' AS y, 1.5 AS z`;
    expect(new Set(await hashes(`${row} UNION ALL ${row}`)).size).toBe(1);
    const others = [`SELECT 'ab' AS x, 'c' AS y`, `SELECT 'a', 'bc'`, `SELECT '', 'bc'`, `SELECT NULL, 'bc'`, `SELECT 'null', 'bc'`];
    expect(new Set(await hashes(others.join(' UNION ALL '))).size).toBe(others.length);
  });
});
