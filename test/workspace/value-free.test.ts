/** What DuckDB really says about a bad value, and what of it may be repeated. */
import { writeFile } from 'node:fs/promises';
import { inspect } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SqlError } from '../../src/workspace/duckdb-errors.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { folder } from '../support/database.ts';

/** Stands in every value below, in several disguises. */
const MARKS = ['kim', '4711', 'KIM'];
const ROW = `(VALUES ('kim''s "4711"' || chr(10) || 'to INT32'': kim', 47110000000, 4711.4711, 4711e300, '{"kim'))`;

let workspace: Workspace;
let dir: Awaited<ReturnType<typeof folder>>;
beforeAll(async () => {
  workspace = await Workspace.open({ memoryLimit: '500MB' });
  dir = await folder();
  await workspace.run(`CREATE TABLE t AS SELECT * FROM ${ROW} AS v(s, n, d, f, j)`);
});
afterAll(async () => {
  await workspace[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function errorOf(sql: string): Promise<SqlError> {
  const error = await workspace.rows(sql).catch((thrown: unknown) => thrown);
  if (!(error instanceof SqlError)) throw new Error(`expected an SqlError, got ${inspect(error)}`);
  return error;
}

/** Nothing that a report or a stack trace shows of the error holds a value. */
function expectNoValue(error: SqlError): void {
  for (const text of [error.message, inspect(error, { depth: 10 }), error.suggestion ?? ''])
    for (const mark of MARKS) expect(text).not.toContain(mark);
}

describe('a value that cannot be worked with', () => {
  it.each([
    ['s::INTEGER', 'Could not convert a string to INT32 (column s)'],
    ['(s || s)::DOUBLE', 'Could not convert a string to DOUBLE'],
    ['s::DECIMAL(5,2)', 'Could not convert a string to DECIMAL(5,2) (column s)'],
    ['s::DATE', 'invalid date field format, expected format is (YYYY-MM-DD) (column s)'],
    ["'4711-47-11'::VARCHAR::DATE", 'date field value out of range'],
    ['s::TIMESTAMPTZ', 'invalid timestamp field format, expected format is (YYYY-MM-DD HH:MM:SS[.US][±HH[:MM[:SS]]| ZONE]) (column s)'],
    ['s::INTEGER[]', 'A value of type VARCHAR cannot be cast to INTEGER[] (column s)'],
    ['s::JSON', 'Malformed JSON at byte 0: unexpected character (column s)'],
    ["j -> '$.a'", 'Malformed JSON at byte 5: unexpected end of data'],
    ['n::INTEGER', 'A value of type INT64 is out of range for INT32 (column n)'],
    ['d::DECIMAL(3,2)', 'A value does not fit DECIMAL(3,2) (column d)'],
    ['n * n * n', 'Overflow in multiplication of INT64'],
    ["strptime(s, '%Y-%m-%d')", 'Could not parse a string according to its format: Expected a number'],
    ['from_base64(s)', 'Could not decode a string as base64'],
    ['json_transform_strict(\'{"a":"kim"}\', \'{"a":"INT"}\')', 'A value cannot be cast to numerical'],
    ["regexp_matches(s, '(' || s)", 'missing )'],
    ["error('no owner: ' || s)", 'no owner'],
    ["error('no owner for ' || s[1:3] || ' in this row')", 'no owner for ... in this row'],
    ["format('{' || s[1:3], 1)", 'Argument with name ... not found, did you mean to use it as a format specifier (e.g. {:...}'],
    ["error('kim@4711.org')", 'a value cannot be worked with'],
    ["error('kim4711')", 'a value cannot be worked with'],
    ['make_date(4711, 47, 11)', 'Date out of range'],
    ["timezone(s, TIMESTAMP '2020-01-01')", 'Unknown TimeZone ...!'],
    ['ln(-n)', 'cannot take logarithm of a negative number'],
  ])('%s', async (expression, expected) => {
    const error = await errorOf(`SELECT ${expression} AS x FROM t`);
    expect(error.message).toBe(expected);
    expectNoValue(error);
  });

  it('in a file is told by file, line, column and type', async () => {
    const rows = Array.from({ length: 50 }, (_, index) => `${index},x`).join('\n');
    await writeFile(dir.file('bad.csv'), `a,b\n${rows}\nkim,4711\n`);
    const typed = await errorOf(
      `SELECT sum(a) FROM read_csv('${dir.file('bad.csv')}', header = true, columns = {a: 'INTEGER', b: 'VARCHAR'})`,
    );
    expect(typed.message).toBe(`CSV file ${dir.file('bad.csv')}, line 52: column "a" cannot be converted to INTEGER`);
    expectNoValue(typed);
    await writeFile(dir.file('wide.csv'), `a,b\n${rows}\nkim,4711,kim\n`);
    const wide = await errorOf(
      `SELECT * FROM read_csv('${dir.file('wide.csv')}', auto_detect = false, header = true, columns = {a: 'VARCHAR', b: 'VARCHAR'})`,
    );
    expect(wide.message).toBe(`CSV file ${dir.file('wide.csv')}, line 52: 2 columns were expected, 3 were found`);
    expectNoValue(wide);
    await writeFile(dir.file('bad.json'), '{"a": 1}\n{"a": "kim"}\n');
    const json = await errorOf(`SELECT * FROM read_json('${dir.file('bad.json')}', columns = {a: 'INTEGER'})`);
    expect(json.message).toBe(`JSON transform error in file "${dir.file('bad.json')}", in line 2: a value cannot be cast to numerical`);
    expectNoValue(json);
  });

  it('does not take from an error of the statement what helps', async () => {
    expect((await errorOf('SELECT sx FROM t')).message).toBe('Referenced column "sx" not found in FROM clause!');
    expect((await errorOf('SELECT * FROM nowhere')).message).toBe('Table with name nowhere does not exist!');
  });
});
