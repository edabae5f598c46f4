/** Text of a GoogleSQL script to tokens. */
import { invalidQuery, type Position } from './error.ts';
import { closingQuote, unescaped } from './strings.ts';

export type TokenKind = 'word' | 'quoted' | 'string' | 'bytes' | 'integer' | 'float' | 'parameter' | 'system' | 'symbol' | 'end';

export interface Token extends Position {
  readonly kind: TokenKind;
  /** The value: of a word as written, of a text without quotes and escapes (bytes: one character per byte), of a parameter its name, or `?2`. */
  readonly text: string;
  /** A word or symbol in capitals; empty for everything else, so that a text is never taken for a keyword. */
  readonly upper: string;
  /** Offsets in the script. */
  readonly start: number;
  readonly end: number;
}

const BLANK = /(?:\s|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const TEXT = /([rR][bB]?|[bB][rR]?)?("""|'''|"|')/y;
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const SYMBOL = /<>|!=|<=|>=|<<|>>|\|\||\|>|=>|[-+*/~^&|=<>()[\]{},.;?:!]/y;

const TAB = 8;

/** The position of an offset; asked for in rising order. As GoogleSQL counts: code points, and a tab goes on to the next multiple of eight. */
function locate(script: string): (offset: number) => Position {
  let at = 0;
  let position: Position = { line: 1, column: 1 };
  return (offset) => {
    let { line, column } = position;
    for (; at < offset; at += 1) {
      const character = script.charCodeAt(at);
      const isLow = character >= 0xdc00 && character <= 0xdfff;
      if (character === 0x0a) [line, column] = [line + 1, 1];
      else if (character === 0x09) column = Math.floor((column - 1) / TAB + 1) * TAB + 1;
      else if (!isLow) column += 1;
    }
    position = { line, column };
    return position;
  };
}

export function tokenize(script: string): readonly Token[] {
  const position = locate(script);
  const tokens: Token[] = [];
  let parameters = 0;
  let offset = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = offset;
    return pattern.exec(script);
  };
  const push = (kind: TokenKind, text: string, end: number): void => {
    const upper = kind === 'word' || kind === 'symbol' ? text.toUpperCase() : '';
    tokens.push({ kind, text, upper, start: offset, end, ...position(offset) });
    offset = end;
  };
  while (offset < script.length) {
    const blank = match(BLANK);
    if (blank !== null) offset += blank[0].length;
    if (offset >= script.length) break;
    const next = nextToken(script, offset, match, position(offset));
    if (next.text === '?' && next.kind === 'symbol') push('parameter', `?${(parameters += 1)}`, next.end);
    else push(next.kind, next.text, next.end);
  }
  push('end', '', script.length);
  return tokens;
}

interface Next {
  readonly kind: TokenKind;
  readonly text: string;
  readonly end: number;
}

function nextToken(script: string, offset: number, match: (pattern: RegExp) => RegExpExecArray | null, where: Position): Next {
  const quote = match(TEXT);
  if (quote !== null) return quotedText(script, offset, quote, where);
  const character = script[offset] ?? '';
  if (character === '`') {
    const end = closingQuote(script, offset + 1, '`');
    if (end === -1) throw invalidQuery('Syntax error: Unclosed identifier literal', where);
    return { kind: 'quoted', text: unescaped(script.slice(offset + 1, end), false, where), end: end + 1 };
  }
  if (character === '@') return parameter(script, offset, where);
  const number = match(NUMBER);
  if (number !== null) {
    const kind = /^0x|^\d+$/i.test(number[0]) ? 'integer' : 'float';
    return { kind, text: number[0], end: offset + number[0].length };
  }
  const word = match(WORD);
  if (word !== null) return { kind: 'word', text: word[0], end: offset + word[0].length };
  const symbol = match(SYMBOL);
  if (symbol !== null) return { kind: 'symbol', text: symbol[0], end: offset + symbol[0].length };
  throw invalidQuery(`Syntax error: Illegal input character "${character}"`, where);
}

function quotedText(script: string, offset: number, match: RegExpExecArray, where: Position): Next {
  const prefix = (match[1] ?? '').toLowerCase();
  const quote = match[2] ?? '';
  const from = offset + match[0].length;
  const end = closingQuote(script, from, quote);
  if (end === -1) throw invalidQuery('Syntax error: Unclosed string literal', where);
  const inside = script.slice(from, end);
  const bytes = prefix.includes('b');
  const text = prefix.includes('r') ? raw(inside, bytes) : unescaped(inside, bytes, where);
  return { kind: bytes ? 'bytes' : 'string', text, end: end + quote.length };
}

function raw(text: string, bytes: boolean): string {
  return bytes ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

function parameter(script: string, offset: number, where: Position): Next {
  const found = /@@[A-Za-z_][\w.]*|@[A-Za-z_]\w*|@`[^`]+`/y;
  found.lastIndex = offset;
  const name = found.exec(script)?.[0];
  if (name === undefined) throw invalidQuery('Syntax error: Unexpected "@"', where);
  const end = offset + name.length;
  return name.startsWith('@@')
    ? { kind: 'system', text: name.slice(2).toLowerCase(), end }
    : { kind: 'parameter', text: name.slice(1).replaceAll('`', ''), end };
}
