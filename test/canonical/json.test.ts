import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { canonicalJson, canonicalNumber, canonicalSet, plainDecimal } from '../../src/canonical/json.ts';

/** A number as a fraction of integers: the meaning of its text, found in another way than by moving digits. */
function fractionOf(text: string): { over: bigint; under: bigint } {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const power = BigInt(exponent);
  const digits = BigInt(`${whole.replace(/[+-]/, '')}${fraction}`) * (whole.startsWith('-') ? -1n : 1n);
  return { over: digits * (power > 0n ? 10n ** power : 1n), under: 10n ** BigInt(fraction.length) * (power < 0n ? 10n ** -power : 1n) };
}

function sameNumber(a: string, b: string): boolean {
  const [left, right] = [fractionOf(a), fractionOf(b)];
  return left.over * right.under === right.over * left.under;
}

const digits = fc.stringMatching(/^[0-9]{1,25}$/);
const jsonNumber = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.stringMatching(/^(0|[1-9][0-9]{0,25})$/),
    fc.option(digits),
    fc.option(fc.integer({ min: -60, max: 60 })),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `E${exponent > 0 ? '+' : ''}${exponent}`}`,
  );

/** The same number, written in another way. */
function rewritten(text: string, shift: number): string {
  const { over, under } = fractionOf(text);
  const scale = String(under).length - 1; // a power of ten
  return `${over}${'0'.repeat(Math.max(shift, 0))}e${-scale - Math.max(shift, 0)}`;
}

describe('canonical numbers', () => {
  it('mean what they meant', () => {
    fc.assert(
      fc.property(jsonNumber, (text) => sameNumber(canonicalNumber(text), text)),
      { numRuns: 2000 },
    );
  });

  it('are the same text exactly when they are the same number', () => {
    fc.assert(
      fc.property(jsonNumber, jsonNumber, fc.integer({ min: 0, max: 5 }), (a, b, shift) => {
        expect(canonicalNumber(rewritten(a, shift))).toBe(canonicalNumber(a));
        expect(canonicalNumber(a) === canonicalNumber(b)).toBe(sameNumber(a, b));
      }),
      { numRuns: 2000 },
    );
  });

  it('are JSON, and canonical already', () => {
    fc.assert(
      fc.property(jsonNumber, (text) => {
        const once = canonicalNumber(text);
        expect(once).toMatch(/^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?(e-?[1-9][0-9]*)?$/);
        expect(canonicalNumber(once)).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['-0', '0'], ['0.000', '0'], ['0e99', '0'], ['1.50', '1.5'], ['15e-1', '1.5'], ['1E+2', '100'], ['100000', '100000'], ['1e400', '1e400'], ['10e399', '1e400'], ['-0.1e-400', '-1e-401'],
    ['12345678901234567890.12345678901234567890', '12345678901234567890.1234567890123456789'], ['1e1000000000000000000000', '1e1000000000000000000000'],
  ])('%s is %s', (text, result) => {
    expect(canonicalNumber(text)).toBe(result);
  }); // prettier-ignore
});

describe('plain decimals', () => {
  it('mean what they meant, without an exponent', () => {
    fc.assert(
      fc.property(fc.constantFrom('', '+', '-'), digits, digits, fc.integer({ min: -30, max: 30 }), (sign, whole, fraction, exponent) => {
        const text = `${sign}${whole}.${fraction}e${exponent}`;
        const plain = plainDecimal(text) ?? '';
        expect(plain).toMatch(/^-?[0-9]+(\.[0-9]+)?$/);
        expect(sameNumber(plain, text)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([['.5e1', '5'], ['5.e0', '5'], ['1e80', null], ['1e-1000000000000', '0'], ['1e1000000000000', null], ['0e1000000000000', '0'], ['1x', null], ['-.05E+1', '-0.5']])('%s is %s', (text, result) => {
    expect(plainDecimal(text)).toBe(result);
  }); // prettier-ignore
});

type Tree = null | boolean | string | Tree[] | { number: string } | { members: (readonly [string, Tree])[] };

const key = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 4 }),
  fc.constantFrom('10', '9', '-1', '__proto__', 'constructor', 'rawJSON', 'toJSON', '', 'é', 'e\u0301', '\u{1F600}', '\uffff'),
);
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: 'binary', maxLength: 6 }),
    jsonNumber.map((number) => ({ number })),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('tree')), { maxLength: 5 }).map((members) => ({ members })),
  ),
}));

/** JSON as somebody else would write it: members in their order, white space anywhere, everything escaped. */
function written(node: Tree): string {
  if (node === null || typeof node === 'boolean') return ` ${node}`;
  if (typeof node === 'string') return escaped(node);
  if (Array.isArray(node)) return `[ ${node.map(written).join(' ,\n')}]`;
  if ('number' in node) return node.number;
  return `{${node.members.map(([name, value]) => `${escaped(name)}\t: ${written(value)}`).join(',')} }`;
}

function escaped(text: string): string {
  return `"${Array.from({ length: text.length }, (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')}"`;
}

/** The canonical text, made from the tree and not from the text: the last of equal keys counts. */
function expected(node: Tree): string {
  if (node === null || typeof node === 'boolean' || typeof node === 'string') return JSON.stringify(node);
  if (Array.isArray(node)) return `[${node.map(expected).join(',')}]`;
  if ('number' in node) return canonicalNumber(node.number);
  const members = [...new Map(node.members)].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${expected(value)}`).join(',')}}`;
}

describe('canonical JSON', () => {
  it('has sorted keys and exact numbers, whatever it looked like', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const text = canonicalJson(written(node));
        expect(text).toBe(expected(node));
        expect(canonicalJson(text ?? '')).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['{"10":1,"9":2,"a":3}', '{"10":1,"9":2,"a":3}'], ['{"b":1,"a":2}', '{"a":2,"b":1}'], ['{"a":1,"a":[2.50]}', '{"a":[2.5]}'], ['{"__proto__":{"x":1.0},"a":1}', '{"__proto__":{"x":1},"a":1}'],
    ['"\\ud800"', '"\\ud800"'], ['"\\u00e9\\/"', '"é/"'], ['"\\u0000"', '"\\u0000"'], ['null', 'null'], [' [1e2, -0 ] ', '[100,0]'], ['9007199254740993', '9007199254740993'],
    ['', null], ['{', null], ['NaN', null], ['[1,]', null], ["{'a':1}", null], ['01', null], ['{"a":1}{}', null],
  ])('%s is %s', (text, result) => {
    expect(canonicalJson(text)).toBe(result);
  }); // prettier-ignore

  it('does not fail on what is nested too deeply', () => {
    for (const depth of [2000, 3000, 4000, 5000, 200_000]) {
      const text = '['.repeat(depth) + ']'.repeat(depth);
      expect([text, null]).toContain(canonicalJson(text));
    }
    expect(canonicalJson(`${'['.repeat(1000)}${']'.repeat(1000)}`)).not.toBeNull();
  });
});

describe('canonical sets', () => {
  it.each([
    ['a;b', '["a","b"]'], ['b;a;b', '["a","b"]'], [' a ; ;b\t', '["a","b"]'], ['', '[]'], [';', '[]'], ['[]', '[]'], [' \n["b","a"] ', '["a","b"]'], ['["a;b",""]', '["","a;b"]'],
    ['[1,"1",1.0,10e-1]', '["1"]'], ['[null]', '[]'], ['[{"b":1,"a":2},[1.0]]', '["[1]","{\\"a\\":2,\\"b\\":1}"]'], ['\u00a0;\u00a0', '["\u00a0"]'], ['[', null], ['[1', null],
  ])('%j is %j', (text, result) => {
    expect(canonicalSet(text)).toBe(result);
  }); // prettier-ignore
});
