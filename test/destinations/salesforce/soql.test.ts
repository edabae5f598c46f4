import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inQueries, keyLiterals, quote } from '../../../src/destinations/salesforce/soql.ts';
import { textOf, tokenize } from '../../../src/sandbox/salesforce/soql-tokens.ts';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', '"': '"', "'": "'", '\\': '\\' };

/** What the documentation says a literal is: the text, or undefined for what is not one literal from end to end. */
function readBack(literal: string): string | undefined {
  const [, inner] = /^'((?:[^'\\\r\n]|\\u[0-9a-f]{4}|\\[nrtbf"'\\])*)'$/.exec(literal) ?? [];
  return inner?.replaceAll(/\\(?:u([0-9a-f]{4})|([^u]))/g, (_, code: string | undefined, character: string) =>
    code === undefined ? (ESCAPES[character] ?? '') : String.fromCharCode(parseInt(code, 16)),
  );
}

async function collected(queries: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const soql of queries) all.push(soql);
  return all;
}

const nasty = fc.string({
  unit: fc.constantFrom("'", '\\', '"', '\n', '\r', '\u2028', '\u0000', '@', '{', '}', '%', '+', ' ', 'u', 'n', 'é', '\u{1F680}', '\uD800'),
});
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), nasty);

describe('a text in SOQL', () => {
  it('is one literal that says exactly this text, whatever it is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(readBack(quote(text))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is read by the parser of the sandbox as one token, and passes through an address', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const soql = new URLSearchParams(`q=${encodeURIComponent(quote(text))}`).get('q') ?? '';
        const [token, end] = tokenize(soql);
        expect(token?.kind).toBe('text');
        expect(end?.kind).toBe('end');
        expect(token === undefined ? undefined : textOf(soql, token)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not end early', () => {
    expect(quote("x\\' OR Name != '")).toBe(String.raw`'x\\\' OR Name != \''`);
    expect(quote('@{q0.Id}')).not.toContain('@{');
  });
});

describe('literals of a key', () => {
  it.each([
    ['a number', 'double', '42.0', ['42.0']],
    ['a small number', 'double', '-1.5e-7', ['-0.00000015']],
    ['a large number', 'double', '1e+20', ['100000000000000000000']],
    ['no number', 'double', "1' OR Name != '", []],
    ['not a number', 'double', 'NaN', []],
    ['an id', 'id', '001000000000001', ["'001000000000001AAA'"]],
    ['no id', 'id', 'ab', []],
    ['an empty text', 'string', '', []],
    ['a text that is too long', 'string', 'x'.repeat(5_000), []],
    ['a text with two forms', 'string', '\u00e9', ["'\u00e9'", "'e\u0301'"]],
  ])('%s', (_title, type, key, literals) => {
    expect(keyLiterals(type, key)).toEqual(literals);
  });

  it('of numbers are the very number, without an exponent', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const [literal = ''] = keyLiterals('double', String(number));
        expect(literal).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Number(literal) + 0).toBe(number + 0); // without a sign of zero
      }),
    );
  });
});

describe('queries for many keys', () => {
  it('ask for every key once, in order, and none is longer than Salesforce takes', async () => {
    const select = fc.integer({ min: 1, max: 600 }).map((fields) => `SELECT ${Array.from({ length: fields }, (_, index) => `Some_Long_Field_${index}__c`).join(', ')} FROM Account`); // prettier-ignore
    const keys = fc.array(
      fc.oneof(fc.string({ maxLength: 80, unit: 'binary' }), fc.string({ minLength: 200, maxLength: 255, unit: fc.constant('\u6f22') })),
      { maxLength: 2_000, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(select, keys, async (head, texts) => {
        const literals = texts.map((text) => quote(text));
        const queries = await collected(inQueries({ select: head, field: 'Ext__c' }, literals));
        const start = `${head} WHERE Ext__c IN (`;
        expect(queries.every((soql) => soql.startsWith(start) && soql.endsWith(')'))).toBe(true);
        expect(queries.map((soql) => soql.slice(start.length, -1)).join(',')).toBe(literals.join(','));
        expect(queries.every((soql) => soql.length <= 100_000)).toBe(true);
        const room = Math.max(14_000, encodeURIComponent(`${start})`).length + 4_000);
        expect(queries.every((soql) => encodeURIComponent(soql).length <= room)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('are as few as fit', async () => {
    const literals = Array.from({ length: 1_000 }, (_, index) => quote(`ACME-${String(index).padStart(6, '0')}`));
    expect(await collected(inQueries({ select: 'SELECT Id, Name FROM Account', field: 'Ext__c' }, literals))).toHaveLength(2);
    expect(await collected(inQueries({ select: 'SELECT Id FROM Account', field: 'Ext__c' }, []))).toEqual([]);
  });
});
