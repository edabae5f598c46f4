import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CsvError, CsvFile, type Delimiter, DELIMITERS, type LineEnding, LINE_ENDINGS } from '../../src/sandbox/salesforce/csv-read.ts';
import { csvLine } from '../../src/sandbox/salesforce/csv-write.ts';

function fileOf(text: string, delimiter: Delimiter = 'COMMA', lineEnding: LineEnding = 'LF'): CsvFile {
  return new CsvFile(Buffer.from(text), delimiter, lineEnding);
}

function rowsOf(file: CsvFile): (readonly string[])[] {
  return Array.from({ length: file.rows }, (_, at) => file.row(at));
}

const value = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('"', '\n', '\r', ',', ';', '\t', '|', '`', '^', 'é', ' ') }),
);
const delimiter = fc.constantFrom(...(Object.keys(DELIMITERS) as Delimiter[]));
const lineEnding = fc.constantFrom(...(Object.keys(LINE_ENDINGS) as LineEnding[]));

describe('CSV as Bulk reads it', () => {
  it('gives back every value that was written between quotes', () => {
    const table = fc.array(fc.tuple(value, value, value), { maxLength: 20 });
    fc.assert(
      fc.property(table, delimiter, lineEnding, fc.boolean(), (rows, by, end, closed) => {
        const lines = [['A', 'B', 'C'], ...rows].map((row) => csvLine(row, DELIMITERS[by]));
        const file = fileOf(lines.join(LINE_ENDINGS[end]) + (closed ? LINE_ENDINGS[end] : ''), by, end);
        expect(file.header).toEqual(['A', 'B', 'C']);
        expect(rowsOf(file)).toEqual(rows);
      }),
    );
  });

  it('takes bare values as they stand, blanks and all', () => {
    expect(rowsOf(fileOf('A,B\n x , y\n,\n'))).toEqual([[' x ', ' y'], ['', '']]); // prettier-ignore
  });

  it('drops a byte order mark and empty lines', () => {
    const file = fileOf('\uFEFFA\nx\n\n');
    expect([file.header, rowsOf(file)]).toEqual([['A'], [['x']]]);
  });

  it.each([
    [
      'a line ending that is not the declared one',
      'A,B\r\n1,2\r\n',
      'LF',
      'ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF',
    ],
    [
      'a line ending that is not the declared one',
      'A,B\n1,2\n',
      'CRLF',
      'ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is CRLF',
    ],
    ['a quote that is never closed', 'A\n"x\n', 'LF', 'EOF reached before closing an opened quote'],
    ['a quote inside a bare value', 'A\nx"y"\n', 'LF', 'Found unescaped quote'],
    ['a blank behind a closing quote', 'A,B\n"x" ,y\n', 'LF', 'Found unescaped quote'],
    ['too few values', 'A,B\nx\n', 'LF', 'The row has 1 values, the header 2'],
    ['too many values', 'A,B\nx,y,z\n', 'LF', 'The row has 3 values, the header 2'],
  ] as const)('refuses %s', (_what, text, end, message) => {
    const read = (): unknown => rowsOf(fileOf(text, 'COMMA', end));
    expect(read).toThrow(CsvError);
    expect(read).toThrow(message);
  });
});
