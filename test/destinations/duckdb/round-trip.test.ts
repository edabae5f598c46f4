/** Every DuckDB type, as a source yields it: written as exact text, it is stored to the bit, and a second write finds nothing to do. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { exactText } from '../../../src/canonical/canonical.ts';
import { registerFunctions } from '../../../src/canonical/functions.ts';
import type { FieldType } from '../../../src/canonical/types.ts';
import type { Outcome } from '../../../src/destinations/destination.ts';
import { typeInfo } from '../../../src/destinations/duckdb/types.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { batchOf, type WrittenOut } from '../../support/write-batch.ts';
import { openAt, target } from './harness.ts';

/** Text of a value, in DuckDB's notation. */
type Texts = fc.Arbitrary<string>;

const digits = (length: number): Texts => fc.stringMatching(new RegExp(`^[1-9][0-9]{0,${length - 1}}$`));
const signed = (text: Texts): Texts => fc.tuple(fc.constantFrom('', '-'), text).map((parts) => parts.join(''));
const integers = (min: bigint, max: bigint): Texts => fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n)).map(String);
const decimals = (whole: number, scale: number): Texts =>
  signed(fc.tuple(digits(whole), fc.stringMatching(new RegExp(`^[0-9]{${scale}}$`))).map((parts) => parts.join('.')));
const pad = (value: number, length = 2): string => String(value).padStart(length, '0');
const dates = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 9999 }), fc.constantFrom(1, 1582, 1969, 1970, 9999)),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 28 }),
    fc.constantFrom('', '', ' (BC)'),
  )
  .map(([year, month, day, era]) => `${pad(year, 4)}-${pad(month)}-${pad(day)}${era}`);
const clock = (fraction: number): Texts =>
  fc
    .tuple(
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 0, max: 10 ** fraction - 1 }),
    )
    .map(([hour, minute, second, part]) => `${pad(hour)}:${pad(minute)}:${pad(second)}${fraction === 0 ? '' : `.${pad(part, fraction)}`}`);
const stamps = (fraction: number, zone = ''): Texts => fc.tuple(dates, clock(fraction)).map(([date, time]) => `${date} ${time}${zone}`);
const recentStamps = fc.tuple(fc.integer({ min: 1700, max: 2200 }), clock(9)).map(([year, time]) => `${year}-02-28 ${time}`);
const doubles = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true }).map(String),
  fc.constantFrom('nan', 'inf', '-inf', '5e-324', '1.7976931348623157e308', '0'),
);
const floats = fc.oneof(fc.float({ noDefaultInfinity: true, noNaN: true }).map(String), fc.constantFrom('nan', 'inf', '-inf', '1e-45'));
const strings = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', ' ', 'null', '\r\n', "O'Brien", '😀', '"quoted"', '\\', '#1', '\u202e', '\u001b[31m', '001'),
  )
  .map((text) => text.replaceAll('\0', '').toWellFormed());
const json = fc.oneof(
  fc.json(),
  fc.constantFrom('null', '[]', '{ "b" : 1.50, "a": [1, null] }', '123456789012345678901234567890', '"\\u00e9"'),
);
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const listOf = (items: Texts): Texts =>
  fc.array(fc.oneof(items, fc.constant('NULL')), { maxLength: 4 }).map((texts) => `[${texts.join(', ')}]`);
const words = fc.constantFrom('a', 'b c', "it's", '"', '😀', 'NULL', '', ',', '{x}').map(quoted);

const TYPES: readonly (readonly [string, Texts])[] = [
  ['VARCHAR', strings],
  ['TINYINT', integers(-(2n ** 7n), 2n ** 7n - 1n)],
  ['SMALLINT', integers(-(2n ** 15n), 2n ** 15n - 1n)],
  ['INTEGER', integers(-(2n ** 31n), 2n ** 31n - 1n)],
  ['BIGINT', integers(-(2n ** 63n), 2n ** 63n - 1n)],
  ['HUGEINT', integers(-(2n ** 127n), 2n ** 127n - 1n)],
  ['UTINYINT', integers(0n, 2n ** 8n - 1n)],
  ['USMALLINT', integers(0n, 2n ** 16n - 1n)],
  ['UINTEGER', integers(0n, 2n ** 32n - 1n)],
  ['UBIGINT', integers(0n, 2n ** 64n - 1n)],
  ['UHUGEINT', integers(0n, 2n ** 128n - 1n)],
  ['BIGNUM', signed(digits(60))],
  ['DECIMAL(38,0)', signed(digits(38))],
  ['DECIMAL(38,10)', decimals(28, 10)],
  ['DECIMAL(18,2)', decimals(16, 2)],
  ['DECIMAL(4,4)', fc.stringMatching(/^0\.[0-9]{4}$/)],
  ['FLOAT', floats],
  ['DOUBLE', doubles],
  ['BOOLEAN', fc.constantFrom('true', 'false')],
  ['DATE', fc.oneof(dates, fc.constantFrom('infinity', '-infinity', '5877642-06-25 (BC)', '5881580-07-10'))],
  ['TIME', clock(6)],
  ['TIME WITH TIME ZONE', fc.tuple(clock(6), fc.constantFrom('+00', '-05', '+05:30')).map((parts) => parts.join(''))],
  ['TIMESTAMP_S', stamps(0)],
  ['TIMESTAMP_MS', stamps(3)],
  ['TIMESTAMP', fc.oneof(stamps(6), fc.constantFrom('infinity', '-infinity', '294247-01-10 04:00:54.775806'))],
  ['TIMESTAMP_NS', recentStamps],
  ['TIMESTAMP WITH TIME ZONE', fc.oneof(stamps(6, '+00'), stamps(6, '+05:30'), fc.constantFrom('infinity', '-infinity'))],
  [
    'INTERVAL',
    fc
      .tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 }), clock(6))
      .map(([months, days, time]) => `${months} months ${days} days ${time}`),
  ],
  ['BLOB', fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('hex').replaceAll(/../g, '\\x$&'))],
  ['BIT', fc.stringMatching(/^[01]{1,70}$/)],
  ['UUID', fc.uuid()],
  ['JSON', json],
  ["ENUM('a', 'it''s', 'c, d')", fc.constantFrom('a', "it's", 'c, d')],
  ['INTEGER[]', listOf(integers(-(2n ** 31n), 2n ** 31n - 1n))],
  ['INTEGER[2]', fc.tuple(integers(0n, 9n), integers(0n, 9n)).map((pair) => `[${pair.join(', ')}]`)],
  ['VARCHAR[]', listOf(words)],
  ['VARCHAR[][]', listOf(listOf(words))],
  ['DECIMAL(38,10)[]', listOf(decimals(28, 10))],
  ['HUGEINT[]', listOf(integers(-(2n ** 127n), 2n ** 127n - 1n))],
  ['TIMESTAMP[]', listOf(stamps(6).map(quoted))],
  ['TIMESTAMP WITH TIME ZONE[]', listOf(stamps(6, '+00').map(quoted))],
  ['BLOB[]', listOf(fc.constantFrom("'\\\\xAA\\\\x00'", "'abc'"))],
  ['BIT[]', listOf(fc.constantFrom('0101', '1'))],
  ['DOUBLE[]', listOf(fc.constantFrom('0.1', '1e300', '5e-324', '-2.5'))],
  ['MAP(VARCHAR, DECIMAL(20,2))', decimals(18, 2).map((value) => `{k=${value}}`)],
  [
    'STRUCT(a INTEGER, "b c" VARCHAR, "DECIMAL(9,2)" DECIMAL(20,2)[])',
    fc.tuple(words, decimals(18, 2)).map(([word, value]) => `{'a': 1, 'b c': ${word}, 'DECIMAL(9,2)': [${value}]}`),
  ],
  [
    'STRUCT(d DECIMAL(38,10), f DOUBLE, s VARCHAR, b BOOLEAN)',
    // No number of JSON is infinite: these two stand for it in every run.
    fc
      .tuple(decimals(28, 10), words, fc.oneof(doubles, fc.constantFrom('inf', 'nan')))
      .map(([value, word, double]) => `{'d': ${value}, 'f': ${double}, 's': ${word}, 'b': true}`),
  ],
  ['UNION(n INTEGER, s VARCHAR)', fc.constantFrom('1', 'x')],
];

/** Exact text of typed values, as the planner makes it from a source's columns. */
async function textsOf(
  workspace: Workspace,
  native: string,
  type: FieldType,
  values: readonly string[],
): Promise<{ stored: string; text: string }[]> {
  await workspace.run('CREATE OR REPLACE TEMP TABLE given (n INTEGER, v VARCHAR)');
  const appender = await workspace.connection.createAppender('given', 'main', 'temp');
  values.forEach((value, index) => {
    appender.appendInteger(index);
    appender.appendVarchar(value);
    appender.endRow();
  });
  appender.closeSync();
  const rows = await workspace.rows(
    `SELECT CAST(x AS VARCHAR) AS stored, ${exactText(type, { sql: 'x', type: native })} AS text FROM (SELECT n, CAST(v AS ${native}) AS x FROM given) ORDER BY n`,
  );
  return rows.map((row) => ({ stored: String(row['stored']), text: String(row['text']) }));
}

describe('a value survives the way through text', () => {
  it.each(TYPES)('%s', async (native, values) => {
    const { type } = typeInfo(native);
    await using of = await target([`CREATE TABLE t (id INTEGER PRIMARY KEY, f ${native})`]);
    await using workspace = await Workspace.open({ memoryLimit: '500MB' });
    registerFunctions(workspace.connection, undefined);
    const destination = await openAt(of.folder, { path: of.path });
    const expected: string[] = [];
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 40 }), async (given) => {
        const texts = await textsOf(workspace, native, type, given);
        const first = expected.length;
        const batch = {
          object: 't',
          key: [{ field: 'id', type: typeInfo('INTEGER').type }],
          fields: [{ field: 'f', type }],
          changes: texts.map(({ text }, index) => ({ seq: index, key: [String(first + index)], before: null, after: { f: text } })),
        };
        const write = async (own: Partial<WrittenOut>): Promise<readonly Outcome[]> =>
          destination.write(await batchOf(workspace, { ...batch, action: 'update', ...own }));
        const created = await write({ action: 'create' });
        expect(created.every((outcome) => outcome.status === 'applied')).toBe(true);
        expected.push(...texts.map(({ stored }) => stored));
        const again: readonly Outcome[] = [
          ...(await write({ action: 'create' })),
          ...(await write({ changes: batch.changes.map((change) => ({ ...change, before: { f: 'never' } })) })),
        ];
        for (const outcome of again) outcomes.add(outcome.status);
        const seen = await write({ changes: batch.changes.map((change) => ({ ...change, before: change.after })) });
        expect(seen.every((outcome) => outcome.status === 'applied')).toBe(true);
      }),
      { numRuns: 15 },
    );
    expect([...outcomes]).toEqual(['unchanged']);
    const key = [{ field: 'id', type: typeInfo('INTEGER').type }];
    const nulls = [{ seq: 0, key: ['0'], before: null, after: { f: null } }, { seq: 1, key: ['-1'], before: null, after: { f: null } }]; // prettier-ignore
    const shape = { object: 't', key, fields: [{ field: 'f', type }] };
    await destination.write(await batchOf(workspace, { ...shape, action: 'update', changes: nulls.slice(0, 1) }));
    await destination.write(await batchOf(workspace, { ...shape, action: 'create', changes: nulls.slice(1) }));
    await destination[Symbol.asyncDispose]();
    const stored = await of.sql('SELECT CAST(f AS VARCHAR) AS f FROM t ORDER BY id');
    expect(stored.map((row) => row['f'])).toEqual([null, null, ...expected.slice(1)]);
  });
});
