/**
 * Every Postgres type: a value that a source yields, written as exact text, is found again as the same canonical value (a
 * plan right after is empty), is compared as such by the next write, and is what Postgres itself makes of the text.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { canonicalOfExact, canonicalText, canonicalValue, exactText } from '../../../src/canonical/canonical.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { Target } from './harness.ts';

/** Text of a value as a source might hold it. */
type Texts = fc.Arbitrary<string>;

const digits = (length: number): Texts => fc.stringMatching(new RegExp(`^[1-9][0-9]{0,${length - 1}}$`));
const signed = (text: Texts): Texts => fc.tuple(fc.constantFrom('', '-'), text).map((parts) => parts.join(''));
const integers = (min: bigint, max: bigint): Texts => fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n)).map(String);
const decimals = (whole: number, scale: number): Texts =>
  signed(fc.tuple(digits(whole), fc.stringMatching(new RegExp(`^[0-9]{${scale}}$`))).map((parts) => parts.join('.')));
const pad = (value: number, length = 2): string => String(value).padStart(length, '0');
const dates = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 4000 }), fc.constantFrom(1, 1582, 1969, 1970, 4712)),
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
const doubles = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true }).map(String),
  fc.constantFrom('nan', 'inf', '-inf', '5e-324', '1.7976931348623157e308', '-0'),
);
const floats = fc.oneof(fc.float({ noDefaultInfinity: true, noNaN: true }).map(String), fc.constantFrom('nan', 'inf', '-inf', '1e-45'));
const strings = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '',
      ' ',
      'null',
      '\\N',
      '\\.',
      '\r\n',
      '\n',
      "O'Brien",
      '😀',
      '"quoted"',
      '\\',
      ',',
      '\u202e',
      '\u001b[31m',
      '001',
      '\ufeffx',
    ),
  )
  .map((text) => text.replaceAll('\0', '').toWellFormed());
const json = fc.oneof(
  fc.json().filter((text) => !text.includes('\\u0000')),
  fc.constantFrom('null', '[]', '{ "b" : 1.50, "a": [1, null] }', '123456789012345678901234567890', '"\\u00e9"'),
);
const intervals = fc
  .tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: -(10 ** 12), max: 10 ** 12 }))
  .map(([months, days, micros]) => `${months} months ${days} days ${micros} microseconds`);
const listOf = (items: Texts): Texts =>
  fc.array(fc.oneof(items, fc.constant('null')), { maxLength: 4 }).map((texts) => `[${texts.join(', ')}]`);
const word = fc.constantFrom('a', 'b c', "it's", '"', '😀', 'NULL', '', ',', '{x}').map((text) => JSON.stringify(text));

/** Column type, DuckDB type of the source's column, values. */
const TYPES: readonly (readonly [string, string, Texts])[] = [
  ['text', 'VARCHAR', strings],
  ['varchar(300)', 'VARCHAR', strings],
  ['char(12)', 'VARCHAR', fc.stringMatching(/^[a-z ]{0,11}[a-z]$/)],
  ['citext', 'VARCHAR', strings],
  ['label', 'VARCHAR', strings],
  ['mood', 'VARCHAR', fc.constantFrom('good', "it's", 'BAD', 'ü')],
  ['int2', 'SMALLINT', integers(-(2n ** 15n), 2n ** 15n - 1n)],
  ['int4', 'VARCHAR', integers(-(2n ** 31n), 2n ** 31n - 1n)],
  ['int8', 'BIGINT', integers(-(2n ** 63n), 2n ** 63n - 1n)],
  ['percent', 'INTEGER', integers(0n, 100n)],
  ['oid', 'BIGINT', integers(0n, 2n ** 32n - 1n)],
  [
    'numeric',
    'VARCHAR',
    fc.oneof(decimals(60, 15), digits(50), fc.constantFrom('NaN', 'Infinity', '-infinity', '1e30', '1.50', '0.00', '-0', '1e-20')),
  ],
  ['numeric', 'DECIMAL(18,4)', decimals(14, 4)],
  ['numeric', 'DOUBLE', doubles],
  ['numeric', 'INTEGER', integers(-100n, 100n)],
  ['numeric(38,10)', 'DECIMAL(38,10)', decimals(28, 10)],
  ['numeric(18,2)', 'VARCHAR', decimals(16, 4)],
  ['numeric(4,4)', 'VARCHAR', fc.stringMatching(/^0\.[0-9]{4}$/)],
  ['numeric(60,20)', 'VARCHAR', decimals(38, 20)],
  ['numeric(3,-2)', 'VARCHAR', fc.constantFrom('100', '12300', '0', '-99900')],
  ['float4', 'FLOAT', floats],
  ['float8', 'DOUBLE', doubles],
  ['bool', 'BOOLEAN', fc.constantFrom('true', 'false')],
  ['date', 'DATE', fc.oneof(dates, fc.constantFrom('infinity', '-infinity', '4713-11-24 (BC)', '5874897-12-31'))],
  ['time', 'TIME', fc.oneof(clock(6), fc.constant('24:00:00'))],
  ['timetz', 'TIME WITH TIME ZONE', fc.tuple(clock(6), fc.constantFrom('+00', '-05', '+05:30')).map((parts) => parts.join(''))],
  ['timestamp', 'TIMESTAMP', fc.oneof(stamps(6), fc.constantFrom('infinity', '-infinity', '294246-12-30 04:00:54.775806'))],
  ['timestamp(0)', 'TIMESTAMP', stamps(6)],
  ['timestamp(3)', 'TIMESTAMP', stamps(6)],
  ['timestamptz', 'TIMESTAMP WITH TIME ZONE', fc.oneof(stamps(6, '+00'), stamps(6, '+05:30'), fc.constantFrom('infinity', '-infinity'))],
  ['interval', 'INTERVAL', intervals],
  ['uuid', 'VARCHAR', fc.uuid().map((text) => text.toUpperCase())],
  ['bytea', 'BLOB', fc.uint8Array().map((bytes) => [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''))],
  ['json', 'VARCHAR', json],
  ['jsonb', 'JSON', json],
  ['int8[]', 'BIGINT[]', listOf(integers(-(2n ** 63n), 2n ** 63n - 1n))],
  ['numeric(30,10)[]', 'VARCHAR', listOf(decimals(19, 10))],
  ['text[]', 'VARCHAR', listOf(word)],
  ['int4[]', 'VARCHAR', fc.constantFrom('[[1,2],[3,4]]', '[[1],[null]]')],
  ['pair', 'VARCHAR', fc.tuple(integers(0n, 9n), word, listOf(word)).map(([n, s, list]) => `{"s": ${s}, "n": ${n}, "list": ${list}}`)],
  ['inet', 'VARCHAR', fc.constantFrom('10.0.0.1', '10.1.0.0/16', '2001:db8::1', '0.0.0.0')],
  [
    'int4range',
    'VARCHAR',
    fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 10, max: 20 })).map(([low, high]) => `[${low},${high})`),
  ],
  ['varbit(20)', 'VARCHAR', fc.stringMatching(/^[01]{1,20}$/)],
];

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => server.stop());

const SETUP = [
  'CREATE EXTENSION citext',
  `CREATE TYPE mood AS ENUM ('good', 'it''s', 'BAD', 'ü')`,
  'CREATE DOMAIN label AS varchar(300)',
  'CREATE DOMAIN percent AS int CHECK (value BETWEEN 0 AND 100)',
  'CREATE TYPE pair AS (n int, s text, list text[])',
];

describe('a value survives the way into a table and back', () => {
  it.each(TYPES)('%s from %s', async (native, raw, values) => {
    await using of = await Target.create(server, [...SETUP, `CREATE TABLE t (id int PRIMARY KEY, f ${native})`]);
    const { workspace } = of;
    const type = (await of.destination.describe('t')).fields[1]?.type ?? { kind: 'text' };
    const next = { id: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 80 }), async (given) => {
        await workspace.run('CREATE OR REPLACE TEMP TABLE given (n INTEGER, v VARCHAR)');
        const appender = await workspace.connection.createAppender('given', 'main', 'temp');
        for (const [index, value] of given.entries()) {
          appender.appendInteger(next.id + index);
          appender.appendVarchar(value);
          appender.endRow();
        }
        appender.closeSync();
        next.id += given.length;
        const source = { sql: 'x', type: raw };
        const desired = await workspace.rows(
          `SELECT CAST(n AS VARCHAR) AS id, ${exactText(type, source)} AS exact, ${canonicalText(type, canonicalValue(type, source))} AS canonical
           FROM (SELECT n, CAST(v AS ${raw}) AS x FROM given) ORDER BY n`,
        );
        expect(desired.map((row) => row['canonical'])).not.toContain(null);
        const changes = desired.map((row) => ({ key: String(row['id']), after: { f: String(row['exact']) } }));
        const keys = changes.map((change) => [change.key]);
        const all = (status: string): unknown => changes.map(() => (status === 'applied' ? { status, verified: true } : { status }));
        expect(await of.write('t', 'create', 'id', changes)).toEqual(all('applied'));

        const live = new Map((await of.read('t', ['id'], ['f'], { keys })).map((row) => [row['id'], row['f']]));
        const seen = changes.map((change) => live.get(change.key) ?? null);
        expect(await canonicals(of, type, seen)).toEqual(desired.map((row) => row['canonical']));

        // What was read is what the next write compares with.
        const touched = changes.map((change, index) => ({ ...change, before: { f: seen[index] ?? null } }));
        expect(await of.write('t', 'update', 'id', touched)).toEqual(all('applied'));
        const moved = changes.map((change) => ({ ...change, before: { f: null } }));
        const again = (await of.write('t', 'update', 'id', moved)).map((outcome) => outcome.status);
        expect(again).toEqual(changes.map(() => 'unchanged'));
      }),
      { numRuns: 3 },
    );
    const cleared = Array.from({ length: next.id }, (_, id) => ({ key: String(id), after: { f: null } }));
    await of.write('t', 'update', 'id', cleared);
    expect(await of.sql('SELECT count(*) AS all, count(f) AS set FROM t')).toEqual([{ all: String(next.id), set: '0' }]);
  });
});

async function canonicals(of: Target, type: Parameters<typeof canonicalOfExact>[0], texts: readonly (string | null)[]): Promise<unknown[]> {
  await of.workspace.run('CREATE OR REPLACE TEMP TABLE seen (n INTEGER, v VARCHAR)');
  const appender = await of.workspace.connection.createAppender('seen', 'main', 'temp');
  for (const [index, text] of texts.entries()) {
    appender.appendInteger(index);
    if (text === null) appender.appendNull();
    else appender.appendVarchar(text);
    appender.endRow();
  }
  appender.closeSync();
  const rows = await of.workspace.rows(`SELECT ${canonicalOfExact(type, 'v')} AS text FROM seen ORDER BY n`);
  return rows.map((row) => row['text']);
}
