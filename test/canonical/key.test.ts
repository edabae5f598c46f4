/** A key is taken over whole or not at all. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { canonicalText, type RawValue } from '../../src/canonical/canonical.ts';
import { canonicalKey, keepsKey } from '../../src/canonical/key.ts';
import type { FieldType, TextRules } from '../../src/canonical/types.ts';
import { typeInfo } from '../../src/destinations/duckdb/types.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { openBench, sqlText } from './bench.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = await openBench();
});
afterAll(async () => workspace[Symbol.asyncDispose]());

/** The key's text; null when it is refused. */
async function keyOf(
  type: FieldType,
  from: string,
  value: string,
  options: { timezone?: string; rules?: TextRules } = {},
): Promise<string | null> {
  const raw: RawValue = { sql: 'x', type: from, timezone: options.timezone };
  const key = canonicalKey(type, raw, options.rules);
  const row = await workspace.row(
    `SELECT CASE WHEN ${keepsKey(type, raw, key)} THEN ${canonicalText(type, key)} END AS key FROM (SELECT CAST(${value} AS ${from}) AS x)`,
  );
  return row['key'] as string | null;
}

const MS: FieldType = { kind: 'timestamp', precision: 3, zoned: true };
const NEW_YORK = 'America/New_York';

describe('a key in the type of the destination', () => {
  it.each([
    // into decimals
    ['DECIMAL(10,2)', 'DECIMAL(10,3)', '1.500', '1.5'],
    ['DECIMAL(10,2)', 'DECIMAL(10,3)', '1.501', null],
    ['DECIMAL(10,2)', 'DECIMAL(10,3)', '1.999', null],
    ['DECIMAL(10,2)', 'DOUBLE', '0.1', '0.1'],
    ['DECIMAL(10,2)', 'DOUBLE', '0.105', null],
    ['DECIMAL(10,2)', 'INTEGER', '7', '7'],
    ['DECIMAL(10,2)', 'VARCHAR', "'1.50'", '1.5'],
    ['DECIMAL(10,2)', 'VARCHAR', "'1.5'", '1.5'],
    ['DECIMAL(10,2)', 'VARCHAR', "'1.5000'", '1.5'],
    ['DECIMAL(10,2)', 'VARCHAR', "'100'", '100'],
    ['DECIMAL(10,2)', 'VARCHAR', "'1.505'", null],
    ['DECIMAL(10,2)', 'VARCHAR', "'007'", null],
    ['DECIMAL(18,0)', 'VARCHAR', "'12345678901234567'", '12345678901234567'],
    ['DECIMAL(18,0)', 'VARCHAR', "'1.4'", null],
    // into integers
    ['BIGINT', 'VARCHAR', "'7'", '7'],
    ['BIGINT', 'VARCHAR', "'007'", null],
    ['BIGINT', 'VARCHAR', "'1.5'", null],
    ['BIGINT', 'DECIMAL(10,2)', '7.00', '7'],
    ['BIGINT', 'DECIMAL(10,2)', '7.01', null],
    ['BIGINT', 'DOUBLE', '7.5', null],
    // into text
    ['VARCHAR', 'INTEGER', '7', '7'],
    ['VARCHAR', 'VARCHAR', "' 007 '", ' 007 '],
    ['UUID', 'VARCHAR', "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['UUID', 'UUID', "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['UUID', 'VARCHAR', "'x'", null],
    // into days
    ['DATE', 'VARCHAR', "'2024-05-01'", '2024-05-01'],
    ['DATE', 'TIMESTAMP', "'2024-05-01 00:00:00'", '2024-05-01'],
    ['DATE', 'TIMESTAMP', "'2024-05-01 00:00:01'", null],
    ['DATE', 'TIMESTAMP_NS', "'2024-05-01 00:00:00.000000001'", null],
    // into wall-clock times
    ['TIMESTAMP_MS', 'TIMESTAMP', "'2024-05-01 10:00:00.123'", '2024-05-01T10:00:00.123'],
    ['TIMESTAMP_MS', 'TIMESTAMP', "'2024-05-01 10:00:00.1234'", null],
    ['TIMESTAMP_S', 'VARCHAR', "'2024-05-01 10:00:00.5'", null],
    ['TIMESTAMP_S', 'VARCHAR', "'2024-05-01 10:00:00.000'", '2024-05-01T10:00:00'],
    ['TIMESTAMP', 'VARCHAR', "'2024-05-01 10:00:00.1234567'", null],
    ['TIMESTAMP', 'VARCHAR', "'2024-05-01 10:00:00.1234560'", '2024-05-01T10:00:00.123456'],
    ['TIMESTAMP', 'TIMESTAMP_NS', "'2024-05-01 10:00:00.123456789'", null],
    ['TIMESTAMP_NS', 'TIMESTAMP', "'2024-05-01 10:00:00.123456'", '2024-05-01T10:00:00.123456'],
    ['TIMESTAMP', 'DATE', "'2024-05-01'", '2024-05-01T00:00:00'],
  ])('%s from %s %s: %s', async (native, from, value, expected) => {
    expect(await keyOf(typeInfo(native).type, from, value)).toBe(expected);
  });

  it.each([
    ['TIMESTAMP', "'2024-05-01 10:00:00.5'", '2024-05-01T14:00:00.5Z'],
    ['TIMESTAMP', "'2024-05-01 10:00:00.0005'", null],
    ['TIMESTAMP WITH TIME ZONE', "'2024-05-01 10:00:00.123+02'", '2024-05-01T08:00:00.123Z'],
    ['TIMESTAMP WITH TIME ZONE', "'2024-05-01 10:00:00.1239+02'", null],
    ['VARCHAR', "'2024-05-01T10:00:00Z'", '2024-05-01T10:00:00Z'],
    ['VARCHAR', "'2024-05-01T10:00:00.0001Z'", null],
    // The clock jumps from 2 to 3 o'clock: half past two is another time on that day.
    ['TIMESTAMP', "'2024-03-10 02:30:00'", null],
  ])('an instant from %s %s: %s', async (from, value, expected) => {
    expect(await keyOf(MS, from, value, { timezone: NEW_YORK })).toBe(expected);
  });

  it('an instant becomes a day, or a time of the clock, only where both say the same', async () => {
    const zoned = 'TIMESTAMP WITH TIME ZONE';
    expect(await keyOf({ kind: 'date' }, zoned, "'2024-05-01 04:00:00+00'", { timezone: NEW_YORK })).toBe('2024-05-01');
    expect(await keyOf({ kind: 'date' }, zoned, "'2024-05-01 04:00:01+00'", { timezone: NEW_YORK })).toBeNull();
    const wall: FieldType = { kind: 'timestamp', precision: 6, zoned: false };
    expect(await keyOf(wall, zoned, "'2024-05-01 04:00:00+00'", { timezone: NEW_YORK })).toBe('2024-05-01T00:00:00');
    expect(await keyOf({ ...wall, precision: 0 }, zoned, "'2024-05-01 04:00:00.5+00'", { timezone: NEW_YORK })).toBeNull();
  });

  it('text keeps to the rules of the destination, and loses nothing that it would keep', async () => {
    const of = (text: string, rules: TextRules, type: FieldType = { kind: 'text' }): Promise<string | null> =>
      keyOf(type, 'VARCHAR', sqlText(text), { rules });
    expect(await of('Ann@X.org', {})).toBe('Ann@X.org');
    expect(await of('Ann@X.org', { caseInsensitiveKeys: true })).toBe('ann@x.org');
    expect(await of('ÄRGER', { caseInsensitiveKeys: true })).toBe('ärger');
    expect(await of(' Ann ', { trim: true, caseInsensitiveKeys: true })).toBe('ann');
    expect(await of('', { emptyIsNull: true })).toBeNull();
    expect(await of('e\u0301', { nfc: true })).toBe('é');
    expect(await of('1.239', { trim: true }, { kind: 'decimal', precision: 10, scale: 2 })).toBeNull();
  });
});
