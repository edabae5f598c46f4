/**
 * Types that nobody saved a snapshot of, from how values are written in the YAML: a plain number is a number, a quoted one
 * is text.
 */
import type { FieldType } from '../canonical/types.ts';
import { typeInfo } from '../destinations/duckdb/types.ts';
import type { Cell } from './cell.ts';

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const DECIMAL = /^-?(0|[1-9]\d*)?\.(\d+)$/;
const FLOAT = /^-?(0|[1-9]\d*)(\.\d+)?[eE][-+]?\d+$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const CLOCK = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)$/;
/** Digits that a DECIMAL has room for, and those up to which arithmetic on it cannot overflow soon. */
const [MOST, COMFORTABLE] = [38, 18];

/** DuckDB's type of a column with these values; null when none of them says anything. Dates and times still have to be read. */
export function columnType(cells: readonly Cell[]): string | null {
  const known = cells.filter((cell): cell is Cell & { text: string } => cell.text !== null);
  if (known.length === 0) return null;
  const texts = known.map((cell) => cell.text);
  if (known.every((cell) => cell.kind === 'number')) return numberType(texts);
  if (known.every((cell) => cell.kind === 'boolean')) return 'BOOLEAN';
  if (known.some((cell) => cell.kind === 'json'))
    return known.every((cell) => cell.kind === 'json' || isContainer(cell.text)) ? 'JSON' : 'VARCHAR';
  if (known.some((cell) => cell.kind !== 'text')) return 'VARCHAR';
  return timeType(texts);
}

function timeType(texts: readonly string[]): string {
  if (texts.every((text) => DAY.test(text))) return 'DATE';
  if (texts.every((text) => CLOCK.test(text))) return 'TIMESTAMP';
  return texts.every((text) => INSTANT.test(text)) ? 'TIMESTAMP WITH TIME ZONE' : 'VARCHAR';
}

function isContainer(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object' && text !== 'null';
  } catch {
    // Not JSON.
    return false;
  }
}

function numberType(texts: readonly string[]): string {
  const places = digitsOf(texts);
  if (places === undefined) return texts.every((text) => isNumber(text)) ? 'DOUBLE' : 'VARCHAR';
  const { whole, fraction } = places;
  if (fraction === 0 && whole <= MOST) return whole <= COMFORTABLE ? 'BIGINT' : 'HUGEINT';
  if (whole + fraction > MOST) return 'VARCHAR';
  return `DECIMAL(${whole + fraction <= COMFORTABLE ? COMFORTABLE : MOST},${fraction})`;
}

function isNumber(text: string): boolean {
  return INTEGER.test(text) || DECIMAL.test(text) || FLOAT.test(text);
}

/** Most digits before and behind the point; undefined when one is no plain number. */
function digitsOf(texts: readonly string[]): { readonly whole: number; readonly fraction: number } | undefined {
  const digits = texts.map((text) => {
    if (INTEGER.test(text)) return { whole: text.replace('-', '').length, fraction: 0 };
    const match = DECIMAL.exec(text);
    return match === null ? undefined : { whole: match[1]?.length ?? 0, fraction: match[2]?.length ?? 0 };
  });
  const known = digits.filter((each) => each !== undefined);
  if (known.length < digits.length) return undefined;
  return { whole: Math.max(...known.map((each) => each.whole)), fraction: Math.max(...known.map((each) => each.fraction)) };
}

const WIDEST: FieldType = { kind: 'integer', min: `-${2n ** 127n}`, max: String(2n ** 127n - 1n) };

/**
 * Type of a field that is fed by a column of this DuckDB type and holds these values elsewhere in the test. Wide enough for
 * every number: without a snapshot nobody knows the field's limits.
 */
export function fieldType(column: string | null, cells: readonly Cell[]): FieldType {
  const source = column ?? columnType(cells);
  if (source === null) return { kind: 'text' };
  const { type } = typeInfo(source);
  if (type.kind !== 'integer' && type.kind !== 'decimal') return type;
  const others = digitsOf(cells.flatMap((cell) => (cell.text === null ? [] : [cell.text])));
  const fraction = Math.max(others?.fraction ?? 0, type.kind === 'decimal' ? type.scale : 0);
  return fraction === 0 ? WIDEST : { kind: 'decimal', precision: MOST, scale: Math.min(fraction, MOST - 1) };
}
