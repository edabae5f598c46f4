/** Types from how values are written. */
import { describe, expect, it } from 'vitest';

import { type Cell, cellOf } from '../../src/rehearsal/cell.ts';
import { columnType, fieldType } from '../../src/rehearsal/infer.ts';

const number = (text: string): Cell => ({ text, kind: 'number' });
const text = (value: string): Cell => ({ text: value, kind: 'text' });
const nothing: Cell = { text: null, kind: 'null' };

describe('columnType', () => {
  it.each<[readonly Cell[], string | null]>([
    [[], null],
    [[nothing], null],
    [[number('1'), nothing, number('-20')], 'BIGINT'],
    [[number('9'.repeat(18))], 'BIGINT'],
    [[number('9'.repeat(19))], 'HUGEINT'],
    [[number('9'.repeat(39))], 'VARCHAR'],
    [[number('1'), number('2.50')], 'DECIMAL(18,2)'],
    [[number('1.5'), number('2.25'), number('.125')], 'DECIMAL(18,3)'],
    [[number(`${'9'.repeat(30)}.5`)], 'DECIMAL(38,1)'],
    [[number(`${'9'.repeat(38)}.5`)], 'VARCHAR'],
    [[number('1'), number('1e3')], 'DOUBLE'],
    [[number('0x1F')], 'VARCHAR'],
    [[number('1'), text('1')], 'VARCHAR'],
    [[{ text: 'true', kind: 'boolean' }, nothing], 'BOOLEAN'],
    [[{ text: 'true', kind: 'boolean' }, text('yes')], 'VARCHAR'],
    [[text('2026-01-31'), nothing], 'DATE'],
    [[text('2026-01-31'), text('soon')], 'VARCHAR'],
    [[text('2026-01-31 10:00')], 'TIMESTAMP'],
    [[text('2026-01-31T10:00:00.5+02')], 'TIMESTAMP WITH TIME ZONE'],
    [[{ text: '[]', kind: 'json' }, text('{"a":1}')], 'JSON'],
    [[{ text: '[]', kind: 'json' }, text('a')], 'VARCHAR'],
    [[text('[]')], 'VARCHAR'],
  ])('of %j is %s', (cells, type) => {
    expect(columnType(cells)).toBe(type);
  });
});

describe('fieldType', () => {
  it('has room for every number of the test', () => {
    expect(fieldType('INTEGER', [number('5000000000')])).toEqual({ kind: 'integer', min: `-${2n ** 127n}`, max: String(2n ** 127n - 1n) });
    expect(fieldType('BIGINT', [number('1.5'), text('2.25')])).toEqual({ kind: 'decimal', precision: 38, scale: 2 });
    expect(fieldType('DECIMAL(18,3)', [number('1.5')])).toEqual({ kind: 'decimal', precision: 38, scale: 3 });
  });

  it('follows what feeds the field, else its values', () => {
    expect(fieldType('VARCHAR', [number('1')])).toEqual({ kind: 'text' });
    expect(fieldType('DATE', [])).toEqual({ kind: 'date' });
    expect(fieldType(null, [{ text: 'true', kind: 'boolean' }])).toEqual({ kind: 'boolean' });
    expect(fieldType(null, [])).toEqual({ kind: 'text' });
  });
});

describe('cellOf', () => {
  it('keeps every digit, in lists and maps, too', () => {
    expect(cellOf('12345678901234567890', 12345678901234567000)).toEqual({ text: '12345678901234567890', kind: 'number' });
    const exact = { id: '12345678901234567890', list: ['1.10', '0x1F', 'a"b', 'true', null] };
    expect(cellOf(exact, { id: 12345678901234567000, list: [1.1, 31, 'a"b', true, null] })).toEqual({
      text: '{"id":12345678901234567890,"list":[1.10,31,"a\\"b",true,null]}',
      kind: 'json',
    });
  });
});
