import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { cannotConvert, canonicalText, canonicalValue, exactText } from '../../src/canonical/canonical.ts';
import type { FieldType, TextRules } from '../../src/canonical/types.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { canonical, ofText, openBench, sqlText } from './bench.ts';

const INT64: FieldType = { kind: 'integer', min: '-9223372036854775808', max: '9223372036854775807' };
const INT8: FieldType = { kind: 'integer', min: '-128', max: '127' };
const NATURAL: FieldType = { kind: 'integer', min: '0', max: String(2n ** 128n - 1n) };
const DECIMAL: FieldType = { kind: 'decimal', precision: 18, scale: 2 };
const FRACTION: FieldType = { kind: 'decimal', precision: 4, scale: 4 };
const DOUBLE: FieldType = { kind: 'float', bits: 64 };
const FLOAT: FieldType = { kind: 'float', bits: 32 };
const BOOLEAN: FieldType = { kind: 'boolean' };
const DATE: FieldType = { kind: 'date' };
const WALL: FieldType = { kind: 'timestamp', precision: 6, zoned: false };
const INSTANT: FieldType = { kind: 'timestamp', precision: 6, zoned: true };
const SET: FieldType = { kind: 'set' };

let workspace: Workspace;
beforeAll(async () => {
  workspace = await openBench();
});
afterAll(async () => workspace[Symbol.asyncDispose]());

type Case = readonly [type: FieldType, text: string, result: string | null];

describe('text that is a value', () => {
  const cases: readonly Case[] = [
    [INT64, ' 12 ', '12'], [INT64, '+5', '5'], [INT64, '-0', '0'], [INT64, '007', '7'], [INT64, '12\n', '12'], [INT64, '-9223372036854775808', '-9223372036854775808'],
    [INT8, '127', '127'], [NATURAL, '340282366920938463463374607431768211455', '340282366920938463463374607431768211455'],
    [DECIMAL, '1e3', '1000'], [DECIMAL, '1.50', '1.5'], [DECIMAL, '.5', '0.5'], [DECIMAL, '5.', '5'], [DECIMAL, '-0.00', '0'], [DECIMAL, '9999999999999999.99', '9999999999999999.99'],
    [DECIMAL, '9.99e-5', '0'], [DECIMAL, '5e-324', '0'], [DECIMAL, '1005e-3', '1.01'], [DECIMAL, '-1005e-3', '-1.01'], [DECIMAL, `1${'0'.repeat(50)}e-50`, '1'], [DECIMAL, '1e-999999999999', '0'],
    [FRACTION, '0', '0'], [FRACTION, '-0.001', '-0.001'], [FRACTION, '.9999', '0.9999'],
    [DOUBLE, '1e3', '1000.0'], [DOUBLE, ' +5 ', '5.0'], [DOUBLE, '-0.0', '0.0'], [DOUBLE, 'NaN', 'nan'], [DOUBLE, '-Infinity', '-inf'], [DOUBLE, '0.1', '0.1'], [FLOAT, '0.1', '0.1'],
    [BOOLEAN, 'TRUE', 'true'], [BOOLEAN, ' no\n', 'false'], [BOOLEAN, '1', 'true'], [BOOLEAN, 'Off', 'false'],
    [DATE, '2024-02-29', '2024-02-29'], [DATE, ' 0001-01-01 ', '0001-01-01'], [DATE, '0044-03-15 (BC)', '0044-03-15 (BC)'], [DATE, 'Infinity', 'infinity'],
    [WALL, '2024-01-01', '2024-01-01T00:00:00'], [WALL, '2024-01-01 10:00', '2024-01-01T10:00:00'], [WALL, '2024-01-01T10:00:00.1234567', '2024-01-01T10:00:00.123456'],
    [WALL, '2024-01-01T10:00:00+02:00', '2024-01-01T08:00:00'], [WALL, '1960-01-01 00:00:00.9999999', '1960-01-01T00:00:00.999999'],
    [INSTANT, '2024-01-01T10:00:00+02:00', '2024-01-01T08:00:00Z'], [INSTANT, '2024-01-01t10:00:00.5z', '2024-01-01T10:00:00.5Z'], [INSTANT, '2024-01-01 10:00:00 UTC', '2024-01-01T10:00:00Z'],
    [INSTANT, '2024-01-01 10:00:00.000 -0800', '2024-01-01T18:00:00Z'], [INSTANT, '12024-01-01 10:00:00-00:30', '12024-01-01T10:30:00Z'], [INSTANT, '-infinity', '-infinity'],
    [INSTANT, '0044-03-15 (BC) 10:00:00Z', '0044-03-15 (BC)T10:00:00Z'],
    [SET, 'b; a ;;b', '["a","b"]'], [SET, '\u00a0a', '["\u00a0a"]'], [SET, '["b","a",null,1.0]', '["1","a","b"]'], [SET, '', '[]'],
  ]; // prettier-ignore

  it.each(cases)('%j of %j is %j', async (type, text, result) => {
    expect(await ofText(workspace, type, text)).toBe(result);
  });
});

describe('text that is no value', () => {
  const integers = [
    '12abc',
    '1.5',
    '1.0',
    '',
    ' ',
    '1_000',
    '0x1F',
    '0b1',
    '1e3',
    '1,000',
    '--1',
    '+',
    'nan',
    '\u00a012',
    '\uff11\uff12',
    '9223372036854775808',
    '-9223372036854775809',
    '9'.repeat(40),
  ];
  const numbers = ['12abc', '', ' ', '1_000', '0x1F', '1,5', '.', 'e5', '1e', '1e+', '1.5.5', '1 2', '\u00a01', 'infinit'];
  const times = [
    '',
    ' ',
    '12abc',
    'now',
    'epoch',
    'today',
    '2024-13-01',
    '2024-02-30',
    '2024-00-10',
    '20240101',
    '01/02/2024',
    '2024/01/01',
    '2024-01-01\u00a0',
  ];
  const cases: readonly (readonly [FieldType, string])[] = [
    ...integers.map((text) => [INT64, text] as const),
    ...['128', '-129'].map((text) => [INT8, text] as const),
    ...['-1', '340282366920938463463374607431768211456'].map((text) => [NATURAL, text] as const),
    ...[...numbers, 'nan', 'inf', '1e16', '9999999999999999.995', '1e400', '1e99999999999'].map((text) => [DECIMAL, text] as const),
    ...['1', '-1', '0.99999'].map((text) => [FRACTION, text] as const),
    ...[...numbers, '1e400', '-1e400'].map((text) => [DOUBLE, text] as const),
    ...['3.5e38', '1e300'].map((text) => [FLOAT, text] as const),
    ...['tru', 'yess', '2', '', '1.0', 'null', '\u00a0true'].map((text) => [BOOLEAN, text] as const),
    ...[...times, '2024-01-01 10:00:00', '2024-01-01Z'].map((text) => [DATE, text] as const),
    ...[...times, '2024-01-01 25:00', '2024-01-01 10', '2024-01-01 10:00:61', '2024-01-01 10:00 Europe/Berlin', '2024-01-01 10:00:00,5'].map((text) => [WALL, text] as const),
    ...[...times, '2024-01-01 25:00Z', '2024-01-01 10:00:00', '2024-01-01', '2024-01-01T10:00:00+2', '2024-01-01 10:00:00 CET', 'infinityZ'].map((text) => [INSTANT, text] as const),
    ...['[broken', '[1,]'].map((text) => [SET, text] as const),
    ...['', 'nan', '{a:1}', "{'a':1}", '{"a":1,}', '01', 'undefined', '{"a":1}x'].map((text) => [{ kind: 'json' }, text] as const),
    ...['x', '!!!!'].map((text) => [{ kind: 'bytes' }, text] as const),
    [{ kind: 'text', native: 'UUID' }, 'not a uuid'], [{ kind: 'text', native: 'TIME' }, '25:00'], [{ kind: 'text', native: 'BIGNUM' }, '1.5'],
  ]; // prettier-ignore

  it.each(cases)('%j refuses %j', async (type, text) => {
    expect(await ofText(workspace, type, text)).toBeNull();
  });
});

describe('other types', () => {
  const cases: readonly (readonly [FieldType, string, readonly string[], readonly (string | null)[]])[] = [
    [INT64, 'DOUBLE', ['3.7', '3.0', "'nan'", "'inf'", '9223372036854775807', '-1e30', '-0.5'], [null, '3', null, null, null, null, null]],
    [INT64, 'DECIMAL(6,2)', ['12.50', '12.00', '-7'], [null, '12', '-7']],
    [INT8, 'BIGINT', ['127', '128', '-128', '-129'], ['127', null, '-128', null]],
    [INT64, 'BIGNUM', ["'12'", `'${2n ** 63n}'`], ['12', null]],
    [NATURAL, 'BIGNUM', [`'${2n ** 128n - 1n}'`, "'-1'"], [String(2n ** 128n - 1n), null]],
    [DECIMAL, 'DOUBLE', ['9999999999999.99', '1.005', '0.29', '1e30', "'nan'", '1e-7', '-1.005'], ['9999999999999.99', '1.01', '0.29', null, null, '0', '-1.01']],
    [{ kind: 'decimal', precision: 38, scale: 9 }, 'DOUBLE', ['123456789.1', '1e22'], ['123456789.1', '10000000000000000000000']],
    [{ kind: 'decimal', precision: 20, scale: 10 }, 'FLOAT', ['0.1'], ['0.1']],
    [DECIMAL, 'DECIMAL(10,4)', ['12.3450', '12.3449', '-12.3450'], ['12.35', '12.34', '-12.35']],
    [FLOAT, 'DOUBLE', ['1e300', "'inf'", '0.1'], [null, 'inf', '0.1']],
    [FLOAT, 'UHUGEINT', [String(2n ** 128n - 1n), '16777217'], [null, '16777216.0']],
    [BOOLEAN, 'INTEGER', ['0', '1', '2', '-1'], ['false', 'true', null, null]],
    [DATE, 'TIMESTAMP', ["'2024-01-01 23:59:59.999999'", "'infinity'"], ['2024-01-01', 'infinity']],
    [DATE, 'TIMESTAMP_NS', ["'1960-01-01 23:59:59.999999999'"], ['1960-01-01']],
    [WALL, 'TIMESTAMP_NS', ["'1960-01-01 00:00:00.000000999'", "'2024-01-01 00:00:00.999999999'"], ['1960-01-01T00:00:00', '2024-01-01T00:00:00.999999']],
    [WALL, 'DATE', ["'2024-01-01'", "'5881580-07-10'", "'infinity'"], ['2024-01-01T00:00:00', null, 'infinity']],
    [{ kind: 'timestamp', precision: 9, zoned: false }, 'TIMESTAMP', ["'2262-01-01'", "'9999-12-31'", "'0044-01-01 (BC)'"], ['2262-01-01T00:00:00', null, null]],
    [{ kind: 'timestamp', precision: 0, zoned: true }, 'TIMESTAMP WITH TIME ZONE', ["'1969-12-31 23:59:59.9+00'"], ['1969-12-31T23:59:59Z']],
    [{ kind: 'timestamp', precision: 3, zoned: false }, 'TIMESTAMP', ["'1969-12-31 23:59:59.9999'", "'2024-01-01 00:00:00.1239'"], ['1969-12-31T23:59:59.999', '2024-01-01T00:00:00.123']],
    [{ kind: 'json' }, 'STRUCT(b INTEGER, a DECIMAL(38,10))', ["{'b': 1, 'a': 1234567890123456789012345678.5}"], ['{"a":1234567890123456789012345678.5,"b":1}']],
    [{ kind: 'json' }, 'DOUBLE', ["'nan'", '0.1', '1e300'], [null, '0.1', '1e300']],
    [SET, 'INTEGER[]', ['[10, 9, NULL, 9]', '[]'], ['["10","9"]', '[]']],
    [SET, 'JSON', [`'["b","a"]'`, `'null'`, `'{"a":1}'`], ['["a","b"]', null, null]],
    [{ kind: 'text' }, 'DECIMAL(6,2)', ['1.50'], ['1.50']],
    [{ kind: 'text' }, "ENUM('x', 'Y ')", ["'Y '"], ['Y ']],
    [{ kind: 'text', native: 'TIME' }, 'TIMESTAMP', ["'2024-01-01 10:00:00'", "'infinity'"], ['10:00:00', null]],
    [{ kind: 'text', native: 'BIGNUM' }, 'DOUBLE', ['1.5', '2'], [null, '2']],
  ]; // prettier-ignore

  it.each(cases)('%j of %s %j', async (type, raw, values, results) => {
    expect(await canonical(workspace, type, { type: raw, values })).toEqual(results);
  });

  it.each([
    [INT64, 'BOOLEAN'], [INT64, 'JSON'], [DECIMAL, 'DATE'], [BOOLEAN, 'DOUBLE'], [DATE, 'INTEGER'], [WALL, 'TIME'], [{ kind: 'bytes' }, 'VARCHAR'],
    [SET, 'STRUCT(a INTEGER)'], [SET, 'MAP(VARCHAR, INTEGER)'], [SET, 'INTEGER'],
  ] as const)('%j cannot be made of a %s', (type, raw) => {
    expect(cannotConvert(type, { sql: 'x', type: raw })).toContain(raw);
  }); // prettier-ignore

  it('an instant needs a declared zone to have a day, and a zoneless time to be an instant', () => {
    const declared = { sql: 'x', timezone: 'Asia/Tokyo' };
    for (const [type, raw] of [[DATE, 'TIMESTAMP WITH TIME ZONE'], [INSTANT, 'TIMESTAMP'], [INSTANT, 'TIMESTAMP_NS'], [INSTANT, 'DATE']] as const) {
      expect(cannotConvert(type, { sql: 'x', type: raw })).toContain('source.timezone');
      expect(cannotConvert(type, { ...declared, type: raw })).toBeUndefined();
    } // prettier-ignore
  });

  it('a column that is nothing but null fits every type', async () => {
    for (const type of [
      INT64,
      DECIMAL,
      DOUBLE,
      BOOLEAN,
      DATE,
      WALL,
      INSTANT,
      SET,
      { kind: 'json' },
      { kind: 'bytes' },
      { kind: 'text' },
    ] as const) {
      const raw = { sql: 'NULL', type: '"NULL"', timezone: undefined };
      expect(cannotConvert(type, raw)).toBeUndefined();
      expect((await workspace.row(`SELECT ${canonicalText(type, canonicalValue(type, raw))} AS c`))['c']).toBeNull();
    }
  });
});

describe('text rules', () => {
  const apply = async (rules: TextRules, text: string): Promise<unknown> =>
    (await workspace.row(`SELECT ${canonicalValue({ kind: 'text' }, { sql: sqlText(text), type: 'VARCHAR' }, rules)} AS c`))['c'];

  it.each([
    [{}, ' a\r\n', ' a\r\n'], [{}, '', ''], [{ trim: true }, '\t a b \r\n', 'a b'], [{ trim: true }, '\u00a0a\u00a0', '\u00a0a\u00a0'], [{ emptyIsNull: true }, '', null], [{ emptyIsNull: true }, ' ', ' '],
    [{ trim: true, emptyIsNull: true }, ' \n', null], [{ lineEnds: true }, 'a\r\nb\rc\nd\r\r\n', 'a\nb\nc\nd\n\n'], [{ nfc: true }, 'e\u0301', '\u00e9'], [{}, 'e\u0301', 'e\u0301'],
  ] as const)('%j make of %j %j', async (rules, text, result) => {
    expect(await apply(rules, text)).toBe(result);
  }); // prettier-ignore

  it('do not touch what is sent', async () => {
    const row = await workspace.row(`SELECT ${exactText({ kind: 'text' }, { sql: sqlText(' e\u0301\r\n'), type: 'VARCHAR' })} AS e`);
    expect(row['e']).toBe(' e\u0301\r\n');
  });
});
