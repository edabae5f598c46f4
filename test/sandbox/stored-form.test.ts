import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { describeField } from '../../src/sandbox/salesforce/describe-field.ts';
import { toId18 } from '../../src/sandbox/salesforce/ids.ts';
import type { FieldDef, FieldDescribe } from '../../src/sandbox/salesforce/schema.ts';
import { doubleText, storedForm } from '../../src/sandbox/salesforce/stored-form.ts';

function field(def: FieldDef): FieldDescribe {
  return describeField('F__c', def);
}

/** The stored text, the code of the refusal, or `misfit` for a value of the wrong type. */
function stored(def: FieldDef, value: unknown): string | null {
  const result = storedForm(field(def), value);
  if ('value' in result) return result.value;
  return 'error' in result ? result.error.statusCode : 'misfit';
}

const COLOURS = ['Red', 'Green', 'Blue'];

describe('what is stored', () => {
  const cases: readonly (readonly [string, FieldDef, unknown, string | null])[] = [
    ['text loses the white space at its ends', { type: 'string' }, ' \t\n\u000bAcme Inc \r\f', 'Acme Inc'],
    ['text keeps other spaces', { type: 'string' }, '\u00a0Acme\u3000', '\u00a0Acme\u3000'],
    ['text of nothing is null', { type: 'string' }, '  ', null],
    ['text as long as the field', { type: 'string', length: 3 }, ' 😀😀😀 ', '😀😀😀'],
    ['text that is longer is refused', { type: 'string', length: 3 }, 'four', 'STRING_TOO_LONG'],
    ['a line break in one line stays', { type: 'string' }, 'a\r\nb', 'a\r\nb'],
    ['text areas end their lines with LF', { type: 'textarea' }, 'a\r\nb\rc\n', 'a\nb\nc'],
    ['e-mail addresses are lower case', { type: 'email' }, ' Jane@ACME.com ', 'jane@acme.com'],
    ['what is no address is refused', { type: 'email' }, 'jane@acme', 'INVALID_EMAIL_ADDRESS'],
    ['a checkbox is never null', { type: 'boolean' }, null, 'false'],
    ['a checkbox of text', { type: 'boolean' }, 'TRUE', 'true'],
    ['a checkbox takes no yes', { type: 'boolean' }, 'yes', 'misfit'],
    ['a date', { type: 'date' }, '2024-02-29', '2024-02-29'],
    ['a day that is not in the calendar', { type: 'date' }, '2023-02-29', 'misfit'],
    ['a date of a year before 1700', { type: 'date' }, '1699-12-31', 'misfit'],
    ['a datetime is UTC, cut to the second', { type: 'datetime' }, '2024-03-10T02:30:59.999-07:00', '2024-03-10T09:30:59.000+0000'],
    ['a datetime as the API wrote it', { type: 'datetime' }, '2024-03-10T10:00:00.000+0000', '2024-03-10T10:00:00.000+0000'],
    ['a datetime without a zone', { type: 'datetime' }, '2024-03-10T10:00:00', 'misfit'],
    ['a time of day', { type: 'time' }, '10:30', '10:30:00.000Z'],
    ['chosen values come in the order of the definition', { type: 'multipicklist', values: COLOURS }, 'Blue; Red;Blue', 'Red;Blue'],
    ['unknown values come behind', { type: 'multipicklist', values: COLOURS }, 'Pink;Blue', 'Blue;Pink'],
    [
      'a restricted choice knows case',
      { type: 'picklist', values: COLOURS, restrictedPicklist: true },
      'red',
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
    ],
    ['an unrestricted choice takes anything', { type: 'picklist', values: COLOURS }, 'Pink', 'Pink'],
    ['a value that is no longer offered', { type: 'picklist', values: [{ value: 'Old', active: false }], restrictedPicklist: true }, 'Old', 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST'], // prettier-ignore
    ['an integer', { type: 'int', digits: 9 }, 42, '42'],
    ['an integer of text', { type: 'int', digits: 9 }, ' -7.0 ', '-7'],
    ['no integer', { type: 'int' }, 1.5, 'misfit'],
    ['an integer with too many digits', { type: 'int', digits: 9 }, 1_000_000_000, 'NUMBER_OUTSIDE_VALID_RANGE'],
    ['a number keeps more decimals than its scale', { type: 'currency', precision: 18, scale: 2 }, 1.23456789, '1.23456789'],
    ['a number is a double', { type: 'double', precision: 18, scale: 0 }, '12345678901234567', '1.2345678901234568E16'],
    ['a number with too many digits before the point', { type: 'double', precision: 5, scale: 2 }, 1000, 'NUMBER_OUTSIDE_VALID_RANGE'],
    ['no number', { type: 'percent' }, '12%', 'misfit'],
    ['an id grows to 18 characters', { type: 'reference', referenceTo: ['Account'] }, '0014S000007Nxml', '0014S000007NxmlQAC'],
    ['an id of the wrong form', { type: 'reference', referenceTo: ['Account'] }, '0014S000007Nxml!', 'MALFORMED_ID'],
  ];

  it.each(cases)('%s', (_what, def, value, expected) => {
    expect(stored(def, value)).toBe(expected);
  });

  it('is stored as it is when it is written again', () => {
    const defs: readonly FieldDef[] = [
      { type: 'string', length: 20 },
      { type: 'textarea', length: 20 },
      { type: 'email' },
      { type: 'multipicklist', values: COLOURS },
      { type: 'double', precision: 18, scale: 2 },
      { type: 'int' },
      { type: 'datetime' },
      { type: 'boolean' },
    ];
    const values = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.stringMatching(/^[ \t\r\n;abRedBlue]*$/),
      fc.double({ noNaN: true, min: -1e18, max: 1e18 }),
      fc.integer(),
      fc.boolean(),
      fc.emailAddress(),
      fc.date({ min: new Date('1700-01-01'), max: new Date('4000-01-01'), noInvalidDate: true }).map((date) => date.toISOString()),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.constantFrom(...defs), values, (def, value) => {
        const once = storedForm(field(def), value);
        if ('value' in once) expect(storedForm(field(def), once.value)).toEqual(once);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('numbers', () => {
  it.each([
    [0, '0.0'],
    [-0, '0.0'],
    [24, '24.0'],
    [0.001, '0.001'],
    [0.0001, '1.0E-4'],
    [9_999_999, '9999999.0'],
    [10_000_000, '1.0E7'],
    [350_000_000, '3.5E8'],
    [-1.5e-10, '-1.5E-10'],
  ])('%d is written %s', (value, text) => {
    expect(doubleText(value)).toBe(text);
  });

  it('are read back as the same double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(doubleText(value))).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});

describe('ids', () => {
  it.each(['0014S000007NxmlQAC', '0034S000005YJTJQA4', '0054S000000JFmhQAG', '0FT4S000001MwbUWAS', '0TO4S000000GuXSWA0'])(
    '%s, as recorded, follows from its first 15 characters, and from all 18 in any case',
    (id) => {
      expect(toId18(id.slice(0, 15))).toBe(id);
      expect(toId18(id.toLowerCase())).toBe(id);
      expect(toId18(id.toUpperCase())).toBe(id);
    },
  );
});
