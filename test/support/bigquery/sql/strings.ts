/** Texts of GoogleSQL (escapes) and of DuckDB (quotes). */
import { invalidQuery, type Position } from './error.ts';

/** A DuckDB text literal. */
export function text(value: string): string {
  return value.includes('\0') ? `decode(${blob(Buffer.from(value, 'utf8'))})` : `'${value.replaceAll("'", "''")}'`;
}

/** A DuckDB bytes literal. */
export function blob(bytes: Buffer): string {
  return `'${bytes.toString('hex').replace(/../g, '\\x$&')}'::BLOB`;
}

/** A quoted DuckDB identifier. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Offset of the quote that closes, or -1. */
export function closingQuote(script: string, from: number, quote: string): number {
  for (let index = from; index < script.length; index += 1) {
    if (script[index] === '\\') index += 1;
    else if (script.startsWith(quote, index)) return index;
    else if (script[index] === '\n' && quote.length === 1) return -1;
  }
  return -1;
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '?': '?',
  '"': '"',
  "'": "'",
  '`': '`',
  '\n': '\n',
};

const ESCAPE = /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]?))/g;

/** A text's value: escapes resolved; of bytes one character per byte. */
export function unescaped(inside: string, bytes: boolean, where: Position): string {
  const value = (bytes ? Buffer.from(inside, 'utf8').toString('latin1') : inside).replace(
    ESCAPE,
    (all: string, hex?: string, short?: string, long?: string, octal?: string, simple?: string) => {
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
      const point = short ?? long;
      if (point !== undefined && !bytes) return String.fromCodePoint(parseInt(point, 16));
      const character = SIMPLE[simple ?? ''];
      if (character === undefined) throw invalidQuery(`Syntax error: Illegal escape sequence: ${all}`, where);
      return character;
    },
  );
  return value;
}
