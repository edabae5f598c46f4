import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { likePattern, textOf, tokenize } from '../../src/sandbox/salesforce/soql-tokens.ts';

/** Every documented way to write one character between quotes. */
const ESCAPED: Readonly<Record<string, readonly string[]>> = {
  '\n': [String.raw`\n`, String.raw`\N`],
  '\r': [String.raw`\r`, String.raw`\R`],
  '\t': [String.raw`\t`, String.raw`\T`, '\t'],
  '\b': [String.raw`\b`, String.raw`\B`, '\b'],
  '\f': [String.raw`\f`, String.raw`\F`, '\f'],
  '"': [String.raw`\"`, '"'],
  "'": [String.raw`\'`],
  '\\': [String.raw`\\`],
};

function unicode(unit: string): string {
  return String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A text, and one of the ways to write it in a query. */
const written = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...Object.keys(ESCAPED), '_', '%'), fc.string({ unit: 'grapheme', maxLength: 1 })), fc.nat()))
  .map((parts) => ({
    text: parts.map(([part]) => part).join(''),
    literal: parts
      .map(([part, pick]) => {
        const ways = [...(ESCAPED[part] ?? [part]), [...part].flatMap((char) => char.split('').map((unit) => unicode(unit))).join('')];
        return ways[pick % ways.length];
      })
      .join(''),
  }));

function valueOf(literal: string): string {
  const soql = `SELECT Id FROM A WHERE Name = '${literal}' AND Id != null`;
  const token = tokenize(soql).find(({ kind }) => kind === 'text');
  if (token === undefined) throw new Error('no text');
  return textOf(soql, token);
}

describe('a text in a query', () => {
  it('comes back as it was, whichever documented way it was written', () => {
    const comesBack = fc.property(written, ({ text, literal }) => {
      expect(valueOf(literal)).toBe(text);
    });
    fc.assert(comesBack, { numRuns: 500 });
  });

  it('never reaches beyond its closing quote', () => {
    fc.assert(
      fc.property(written, ({ literal }) => {
        const kinds = tokenize(`SELECT Id FROM A WHERE Name = '${literal}' AND Id != null`).map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind === 'text')).toHaveLength(1);
        expect(kinds).toHaveLength(13);
      }),
    );
  });

  it('may hold a backslash only in front of what the documentation lists', () => {
    const listed = new Set(['n', 'N', 'r', 'R', 't', 'T', 'b', 'B', 'f', 'F', '"', "'", '\\', 'u']);
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 1, unit: 'binary-ascii' }).filter((char) => !listed.has(char)),
        (char) => {
          expect(() => valueOf(`a\\${char}b`)).toThrow(/Illegal character sequence/);
        },
      ),
    );
    expect(() => valueOf(String.raw`\u12G4`)).toThrow(/Illegal character sequence/);
    expect(() => valueOf(String.raw`50\%`)).toThrow(/Illegal character sequence/);
  });

  it.each(["'", "'a", String.raw`'a\'`, String.raw`'a\\\'`, "'a\nb'", "'a\r'"])('must be closed on its line: %j', (text) => {
    expect(() => tokenize(`SELECT Id FROM A WHERE Name = ${text}`)).toThrow(/string literals/);
  });
});

describe('a LIKE pattern', () => {
  function matches(pattern: string, text: string): boolean {
    const soql = `Name LIKE '${pattern}'`;
    const token = tokenize(soql).find(({ kind }) => kind === 'text');
    return token !== undefined && likePattern(soql, token).test(text);
  }

  it('whose wildcards are escaped matches its own text only', () => {
    const plain = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ''));
    fc.assert(
      fc.property(plain, (text) => {
        const literal = text.replaceAll(/['\\]/g, String.raw`\$&`).replaceAll(/[%_]/g, String.raw`\$&`);
        expect(matches(literal, text)).toBe(true);
        expect(matches(literal, `${text}x`)).toBe(false);
      }),
    );
  });

  it.each([
    ['Ter%', 'terabyte', true],
    ['Ter%', 'a terabyte', false],
    ['%b_te', 'TeraByte', true],
    [String.raw`Ter\%`, 'Ter%', true],
    [String.raw`Ter\%`, 'Tera', false],
    [String.raw`Ter\%%`, 'Ter%abc', true],
    ['a.c', 'abc', false],
    ['a%z', 'a\nz', true],
    ['_', '😀', true],
  ])('%s and %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });
});
