/** FORMAT. */
import { DuckDBTypeId, type DuckDBDecimalValue, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';

import { jsonOf } from './json-text.ts';
import { doubleText, unscaled } from './number-text.ts';

const SPECIFIER = /%([-+ 0#']*)(\*|\d+)?(?:\.(\*|\d+))?([diouxXfFeEgGstTpP%])/g;

/** Values after the first, by the format that the first is. A null makes the whole null, except for `%t` and `%T`. */
export function format(values: readonly DuckDBValue[], types: readonly DuckDBType[]): string | null {
  const [pattern, ...rest] = values;
  if (pattern === null || pattern === undefined) return null;
  let index = 0;
  let isNull = false;
  const take = (): { readonly value: DuckDBValue; readonly type: DuckDBType } => {
    if (index >= rest.length) throw new Error('Too few arguments to FORMAT for pattern');
    index += 1;
    return { value: rest[index - 1] ?? null, type: types[index] as DuckDBType };
  };
  const text = String(pattern).replace(SPECIFIER, (_all, flags: string, width?: string, precision?: string, kind?: string) => {
    if (kind === '%') return '%';
    const columns = width === '*' ? String(take().value) : width;
    const digits = precision === '*' ? String(take().value) : precision;
    const { value, type } = take();
    if (value === null && kind !== 't' && kind !== 'T') isNull = true;
    return value === null ? padded('NULL', flags, columns) : padded(one(value, type, kind ?? '', flags, digits), flags, columns);
  });
  if (index < rest.length) throw new Error('Too many arguments to FORMAT for pattern');
  return isNull ? null : text;
}

function padded(text: string, flags: string, width: string | undefined): string {
  const columns = Number(width ?? 0);
  if (flags.includes('-')) return text.padEnd(columns);
  if (!flags.includes('0')) return text.padStart(columns);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(columns - sign.length, '0');
}

function one(value: DuckDBValue, type: DuckDBType, kind: string, flags: string, precision: string | undefined): string {
  if (kind === 's') return precision === undefined ? String(value) : [...String(value)].slice(0, Number(precision)).join('');
  if (kind === 't') return shown(value, type, false);
  if (kind === 'T') return shown(value, type, true);
  if (kind === 'p' || kind === 'P') return jsonOf(value, type);
  if ('diu'.includes(kind)) return signed(grouped(String(value), flags), flags);
  if ('oxX'.includes(kind)) return radix(value as bigint, kind, flags);
  return signed(real(number(value), kind, precision, flags), flags);
}

function number(value: DuckDBValue): number {
  return typeof value === 'object' && value !== null
    ? Number(unscaled((value as DuckDBDecimalValue).value, (value as DuckDBDecimalValue).scale))
    : Number(value);
}

function radix(value: bigint, kind: string, flags: string): string {
  const text = value.toString(kind === 'o' ? 8 : 16);
  const prefix = flags.includes('#') ? (kind === 'o' ? '0' : '0x') : '';
  return kind === 'X' ? (prefix + text).toUpperCase() : prefix + text;
}

function real(value: number, kind: string, precision: string | undefined, flags: string): string {
  if (!Number.isFinite(value)) return doubleText(value);
  const digits = Number(precision ?? 6);
  if (kind === 'f' || kind === 'F') return grouped(value.toFixed(digits), flags);
  const exponential = (places: number): string => value.toExponential(places).replace(/e([+-])(\d)$/, 'e$10$2');
  if (kind === 'e' || kind === 'E') return kind === 'E' ? exponential(digits).toUpperCase() : exponential(digits);
  const power = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (power < -4 || power >= (digits || 1)) return exponential(Math.max(digits - 1, 0)).replace(/\.?0+e/, 'e');
  return value
    .toFixed(Math.max(digits - 1 - power, 0))
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

function grouped(text: string, flags: string): string {
  return flags.includes("'") ? text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',') : text;
}

function signed(text: string, flags: string): string {
  if (text.startsWith('-')) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

/** `%t` as a person reads it, `%T` as GoogleSQL writes it. */
function shown(value: DuckDBValue, type: DuckDBType, literal: boolean): string {
  const json = jsonOf(value, type);
  if (type.typeId === DuckDBTypeId.VARCHAR) return literal ? json : String(value);
  if (type.typeId === DuckDBTypeId.DOUBLE) return /^-?\d+$/.test(json) ? `${json}.0` : json.replaceAll('"', '');
  if (!json.startsWith('"')) return json;
  const text = String(JSON.parse(json)).replace('T', ' ').replace(/Z$/, '+00');
  const name = {
    [DuckDBTypeId.DATE]: 'DATE',
    [DuckDBTypeId.TIMESTAMP]: 'DATETIME',
    [DuckDBTypeId.TIMESTAMP_TZ]: 'TIMESTAMP',
    [DuckDBTypeId.TIME]: 'TIME',
  }[type.typeId as number];
  if (name === undefined && type.typeId !== DuckDBTypeId.BIGINT)
    throw new Error(`the fake BigQuery does not know FORMAT('%t') of DuckDB's ${type.toString()}`);
  return literal && name !== undefined ? `${name} "${text}"` : text;
}
