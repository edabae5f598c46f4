/** Literals with a type: dates, decimals, JSON, ranges, intervals. */
import { castTo } from './casts.ts';
import { invalidQuery } from './error.ts';
import { expression } from './expression.ts';
import type { Parser } from './parser.ts';
import { text } from './strings.ts';
import { duckdbType, type SqlType, typeName } from './types.ts';

const TYPED: ReadonlySet<string> = new Set(['DATE', 'DATETIME', 'TIME', 'TIMESTAMP', 'NUMERIC', 'BIGNUMERIC', 'JSON']);

/** `DATE '2024-01-15'` and the like; undefined: not one. */
export function typedLiteral(parser: Parser): string | undefined {
  const token = parser.peek();
  const name = token.kind === 'word' ? typeName(token.text) : undefined;
  if (name === undefined || !TYPED.has(name)) return undefined;
  parser.next();
  const value = text(parser.next().text);
  return name === 'JSON' ? `bq_parse_json(${value})::JSON` : castTo(value, { name });
}

export function rangeLiteral(parser: Parser): string {
  const type = parser.type();
  const token = parser.next();
  const match = /^\[\s*(.*?)\s*,\s*(.*?)\s*\)$/.exec(token.text);
  if (token.kind !== 'string' || match === null) throw invalidQuery(`Invalid range literal: ${token.text}`, token);
  return rangeOf(match[1] ?? '', match[2] ?? '', type);
}

export function rangeOf(from: string, to: string, type: SqlType): string {
  const element = type.element ?? { name: 'DATE' };
  const end = (value: string): string =>
    /^(UNBOUNDED|NULL)$/i.test(value) ? `CAST(NULL AS ${duckdbType(element)})` : castTo(text(value), element);
  return `struct_pack("$from" := ${end(from)}, "$to" := ${end(to)})`;
}

/** How DuckDB makes an interval of a number of units. */
const UNITS: Readonly<Record<string, (amount: string) => string>> = {
  YEAR: (amount) => `to_years(${amount}::INTEGER)`,
  QUARTER: (amount) => `to_months((3 * ${amount})::INTEGER)`,
  MONTH: (amount) => `to_months(${amount}::INTEGER)`,
  WEEK: (amount) => `to_days((7 * ${amount})::INTEGER)`,
  DAY: (amount) => `to_days(${amount}::INTEGER)`,
  HOUR: (amount) => `to_hours(${amount}::BIGINT)`,
  MINUTE: (amount) => `to_minutes(${amount}::BIGINT)`,
  SECOND: (amount) => `to_seconds(${amount}::BIGINT)`,
  MILLISECOND: (amount) => `to_microseconds(1000 * ${amount}::BIGINT)`,
  MICROSECOND: (amount) => `to_microseconds(${amount}::BIGINT)`,
};

/** `INTERVAL 5 DAY`, `INTERVAL '1-2' YEAR TO MONTH`. */
export function interval(parser: Parser): string {
  parser.expect('INTERVAL');
  const value = expression(parser);
  const unit = parser.next();
  if (parser.accept('TO')) {
    const last = parser.next().upper;
    if (value.constant === undefined) throw parser.unexpected();
    return compound(value.constant, unit.upper, last);
  }
  const make = UNITS[unit.upper];
  if (make === undefined) throw invalidQuery(`A valid date part name is required but found ${unit.text}`, unit);
  return make(value.sql);
}

const PARTS = ['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND'];

/** The text of an interval over several parts: `[Y-M] [D] [H:M:S]`, from the first part named to the last. */
function compound(value: string, first: string, last: string): string {
  const parts = PARTS.slice(PARTS.indexOf(first), PARTS.indexOf(last) + 1);
  const numbers = value.match(/-?\d+(?:\.\d+)?/g) ?? [];
  const negative = value.trim().startsWith('-') && first === 'YEAR';
  if (parts.length === 0 || numbers.length !== parts.length) throw invalidQuery(`Invalid INTERVAL literal '${value}'`);
  const intervals = parts.map((part, index) => {
    const number = numbers[index] ?? '0';
    const amount = negative || index === 0 ? number : number.replace('-', '');
    return part === 'SECOND'
      ? `to_microseconds(${BigInt(Math.round(Number(amount) * 1e6))}::BIGINT)`
      : (UNITS[part]?.(`(${amount})`) ?? '');
  });
  return `(${intervals.join(' + ')})`;
}
