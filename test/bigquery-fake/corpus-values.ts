/** The recordings hold what Google's Python client made of the wire: rows are compared in its form. */
import type { Field, WireRow } from '../support/bigquery/engine.ts';

interface Actual {
  readonly fields: readonly Field[];
  readonly rows: readonly WireRow[];
}

interface Expected {
  readonly fields: readonly Field[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** What differs, in words; undefined: nothing. */
export function differs(actual: Actual, expected: Expected): string | undefined {
  const schema = (fields: readonly Field[]): string => fields.map((field) => `${field.name} ${field.type} ${field.mode}`).join(', ');
  if (schema(actual.fields) !== schema(expected.fields)) return `schema ${schema(actual.fields)}, expected ${schema(expected.fields)}`;
  const got = actual.rows.map((row) => row.f.map(({ v }, index) => shown(v, actual.fields[index] as Field)));
  const wanted = expected.rows.map((row) => expected.fields.map((field) => normal(row[field.name], field)));
  const [left, right] = [JSON.stringify(got), JSON.stringify(wanted)];
  return left === right ? undefined : `${left.slice(0, 300)}, expected ${right.slice(0, 300)}`;
}

function shown(value: unknown, field: Field): unknown {
  if (field.mode === 'REPEATED') return (value as readonly { v: unknown }[]).map(({ v }) => one(v, field));
  return one(value, field);
}

function one(value: unknown, field: Field): unknown {
  if (value === null) return null;
  const text = value as string;
  switch (field.type) {
    case 'RECORD':
      return (field.fields ?? []).map((inner, index) => shown((value as WireRow).f[index]?.v, inner));
    case 'FLOAT':
      return rounded(Number(text));
    case 'BOOLEAN':
      return text === 'true';
    case 'JSON':
      return sorted(JSON.parse(text));
    case 'TIMESTAMP':
      return isoformat(text);
    case 'RANGE':
      return range(text, field);
    default:
      return text;
  }
}

/** Microseconds as Python's `isoformat` has them. */
function isoformat(micros: string): string {
  const value = BigInt(micros);
  const rest = ((value % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const whole = new Date(Number((value - rest) / 1000n)).toISOString().slice(0, 19);
  return `${whole}${rest === 0n ? '' : `.${String(rest).padStart(6, '0')}`}+00:00`;
}

function range(text: string, field: Field): unknown {
  const element = { ...field, type: field.rangeElementType?.type ?? 'DATE' };
  const [from = '', to = ''] = text.slice(1, -1).split(', ');
  return [from, to].map((end) => (end === 'UNBOUNDED' ? null : one(end, element)));
}

/** Doubles differ in the last digit between libraries of mathematics. */
function rounded(value: number): unknown {
  return Number.isFinite(value) ? Number(value.toPrecision(14)) : String(value);
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${sorted(inner)}`).join(',')}}`;
}

/** A recorded value in the form of `one`. */
function normal(value: unknown, field: Field): unknown {
  if (value === null || value === undefined) return field.mode === 'REPEATED' ? [] : null;
  if (Array.isArray(value) && field.mode === 'REPEATED') return value.map((item) => normal(item, { ...field, mode: 'NULLABLE' }));
  switch (field.type) {
    case 'RECORD':
      return (field.fields ?? []).map((inner) => normal((value as Record<string, unknown>)[inner.name], inner));
    case 'FLOAT':
      return typeof value === 'number' ? rounded(value) : value;
    case 'BOOLEAN':
      return value;
    case 'JSON':
      return sorted(typeof value === 'string' ? JSON.parse(value) : value);
    case 'RANGE':
      return ['start', 'end'].map((end) => (value as Record<string, unknown>)[end]);
    case 'INTERVAL':
      return interval(value as string);
    default:
      return `${value as string | number | boolean}`;
  }
}

/** `relativedelta(days=+3, hours=+4)` as BigQuery writes it. */
function interval(text: string): string {
  const part = (name: string): number => Number(new RegExp(`\\b${name}=([+-]\\d+)`).exec(text)?.[1] ?? 0);
  return `${part('years')}-${part('months')} ${part('days')} ${part('hours')}:${part('minutes')}:${part('seconds')}`;
}
