/**
 * SOQL cut into tokens, as strictly as the documentation of "Quoted String Escape Sequences" has it (read 2026-11): a backslash
 * before anything that the list does not name is an error, and so is a string without an end.
 */
import { malformed } from './soql-error.ts';

export type TokenKind = 'name' | 'text' | 'number' | 'date' | 'datetime' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written: of a text what stands between the quotes, escapes and all. */
  readonly raw: string;
  /** Index of the first character in the query. */
  readonly at: number;
}

const SPACE = /[ \t\r\n]+/y;
// Number and date stand before name: none of them begins with a letter.
const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ['datetime', /\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})/y],
  ['date', /\d{4}-\d{2}-\d{2}/y],
  ['number', /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['name', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['symbol', /!=|<>|<=|>=|[=<>(),.:]/y],
];
/** Up to the closing quote: anything but quotes, backslashes and line breaks, or a backslash with what it protects. */
const TEXT = /'((?:[^'\\\r\n]|\\[^])*)'/y;

/** All tokens of the query, closed by one of kind `end`. Throws a MALFORMED_QUERY refusal. */
export function tokenize(soql: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < soql.length) {
    SPACE.lastIndex = at;
    const space = SPACE.exec(soql);
    if (space === null) {
      const { token, length } = tokenAt(soql, at);
      tokens.push(token);
      at += length;
    } else {
      at += space[0].length;
    }
  }
  return [...tokens, { kind: 'end', raw: '<EOF>', at: soql.length }];
}

function tokenAt(soql: string, at: number): { readonly token: Token; readonly length: number } {
  if (soql.charAt(at) === "'") return textAt(soql, at);
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const raw = pattern.exec(soql)?.[0];
    if (raw !== undefined) return { token: { kind, raw, at }, length: raw.length };
  }
  throw malformed(soql, at, `unexpected token: '${[...soql.slice(at, at + 2)][0] ?? ''}'`);
}

function textAt(soql: string, at: number): { readonly token: Token; readonly length: number } {
  TEXT.lastIndex = at;
  const found = TEXT.exec(soql);
  const raw = found?.[1];
  if (found === null || raw === undefined) {
    throw malformed(soql, at, "Line breaks not allowed in string literals, or mismatched character '<EOF>' expecting '''");
  }
  return { token: { kind: 'text', raw, at }, length: found[0].length };
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
};

/** One character of a literal, and whether a backslash stood before it. */
interface Char {
  readonly char: string;
  readonly escaped: boolean;
}

/** The characters that a literal stands for. `_` and `%` may be escaped in a LIKE only. */
function* charsOf(soql: string, token: Token, like: boolean): Iterable<Char> {
  const { raw } = token;
  for (let at = 0; at < raw.length; at += 1) {
    const char = raw.charAt(at);
    if (char !== '\\') {
      yield { char, escaped: false };
      continue;
    }
    at += 1;
    const next = raw.charAt(at);
    if (next === 'u' && /^[0-9A-Fa-f]{4}$/.test(raw.slice(at + 1, at + 5))) {
      yield { char: String.fromCharCode(parseInt(raw.slice(at + 1, at + 5), 16)), escaped: true };
      at += 4;
    } else if (like && (next === '_' || next === '%')) {
      yield { char: next, escaped: true };
    } else {
      yield { char: plainEscape(soql, token, next), escaped: true };
    }
  }
}

function plainEscape(soql: string, token: Token, next: string): string {
  const meant = ESCAPES[next] ?? (/[NRTBF]/.test(next) ? ESCAPES[next.toLowerCase()] : undefined);
  if (meant !== undefined) return meant;
  throw malformed(soql, token.at, `Invalid string literal '${token.raw}'. Illegal character sequence '\\${next}' in string literal.`);
}

/** The text that a quoted literal stands for. */
export function textOf(soql: string, token: Token): string {
  let text = '';
  for (const { char } of charsOf(soql, token, false)) text += char;
  return text;
}

/** A LIKE pattern as a regular expression that matches whole texts in any case: `%` is anything, `_` one character. */
export function likePattern(soql: string, token: Token): RegExp {
  let source = '';
  for (const { char, escaped } of charsOf(soql, token, true)) {
    if (!escaped && char === '%') source += '[^]*';
    else if (!escaped && char === '_') source += '[^]';
    else source += char.replace(/[$()*+./?[\\\]^{|}]/, String.raw`\$&`);
  }
  return new RegExp(`^${source}$`, 'iu');
}
