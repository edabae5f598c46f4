/** TO_JSON_STRING, TO_JSON and PARSE_JSON. */
import {
  DuckDBTypeId,
  DuckDBBlobValue,
  type DuckDBDateValue,
  type DuckDBDecimalValue,
  type DuckDBIntervalValue,
  type DuckDBListType,
  DuckDBListValue,
  type DuckDBStructType,
  type DuckDBStructValue,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';

import { as } from './as.ts';
import { doubleText, intervalText, unscaled } from './number-text.ts';

const SAFE = 2n ** 53n;

/** A number stays a number as long as a double holds it. */
function whole(value: bigint): string {
  return value > SAFE || value < -SAFE ? `"${value}"` : String(value);
}

function decimal(text: string): string {
  return doubleText(Number(text)).replace('e+', 'e+') === text || BigInt(text.replace(/[-.]/g, '')) < 10n ** 15n ? text : `"${text}"`;
}

/** `2024-01-15T12:34:56.789` */
function moment(text: string): string {
  const [date, time] = text.replace(/\+00$/, '').split(' ');
  return `${date}T${fraction(time ?? '')}`;
}

function fraction(time: string): string {
  return time.replace(/\.(\d+)$/, (_all, digits: string) => `.${digits.padEnd(digits.length <= 3 ? 3 : 6, '0')}`);
}

type Render = (value: DuckDBValue, type: DuckDBType) => string;

const RENDER: Readonly<Partial<Record<DuckDBTypeId, Render>>> = {
  [DuckDBTypeId.VARCHAR]: (value, type) => (type.alias === 'JSON' ? String(value) : quoted(value as string)),
  [DuckDBTypeId.BOOLEAN]: String,
  [DuckDBTypeId.INTEGER]: String,
  [DuckDBTypeId.BIGINT]: (value) => whole(value as bigint),
  [DuckDBTypeId.HUGEINT]: (value) => whole(value as bigint),
  [DuckDBTypeId.DOUBLE]: (value) => (Number.isFinite(value) ? doubleText(value as number) : quoted(String(value))),
  [DuckDBTypeId.DECIMAL]: (value) => decimal(unscaled((value as DuckDBDecimalValue).value, (value as DuckDBDecimalValue).scale)),
  [DuckDBTypeId.BIGNUM]: (value) => decimal(unscaled(value as bigint, 38)),
  [DuckDBTypeId.BLOB]: (value) => quoted(Buffer.from(as(DuckDBBlobValue, value).bytes).toString('base64')),
  [DuckDBTypeId.DATE]: (value) => quoted((value as DuckDBDateValue).toString()),
  [DuckDBTypeId.TIME]: (value) => quoted(fraction(String(value))),
  [DuckDBTypeId.TIMESTAMP]: (value) => quoted(moment(String(value))),
  [DuckDBTypeId.TIMESTAMP_TZ]: (value) => quoted(`${moment(utc(as(DuckDBTimestampTZValue, value)))}Z`),
  [DuckDBTypeId.INTERVAL]: (value) => quoted(intervalText(value as DuckDBIntervalValue)),
  [DuckDBTypeId.LIST]: (value, type) =>
    `[${as(DuckDBListValue, value)
      .items.map((item) => jsonOf(item, (type as DuckDBListType).valueType))
      .join(',')}]`,
  [DuckDBTypeId.STRUCT]: struct,
};

function utc({ micros }: DuckDBTimestampTZValue): string {
  const milliseconds = (micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n;
  const text = new Date(Number(milliseconds)).toISOString();
  const rest = String(((micros % 1_000_000n) + 1_000_000n) % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${rest === '' ? '' : `.${rest}`}`;
}

function struct(value: DuckDBValue, type: DuckDBType): string {
  const { entryNames, entryTypes } = type as DuckDBStructType;
  const { entries } = value as DuckDBStructValue;
  if (entryNames[0] === '$geography') return quoted(String(entries['$geography']));
  const fields = entryNames.map((name, index) => {
    const shown = /^_field_\d+$/.test(name) ? `_field_${index + 1}` : name;
    return `${quoted(shown)}:${jsonOf(entries[name] ?? null, entryTypes[index] as DuckDBType)}`;
  });
  return `{${fields.join(',')}}`;
}

/** A text as BigQuery quotes it: like JSON, and `<` and `=` stay as they are. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** TO_JSON_STRING of a value. */
export function jsonOf(value: DuckDBValue, type: DuckDBType): string {
  if (value === null) return 'null';
  const render = RENDER[type.typeId];
  if (render === undefined) throw new Error(`the fake BigQuery does not know TO_JSON_STRING of DuckDB's ${type.toString()}`);
  return render(value, type);
}

/** JSON as BigQuery keeps it: no blanks, names in order, whole numbers as written and others as doubles. */
export function canonicalJson(text: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, function revive(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
      return typeof value === 'number' ? new Written(numberText(value, context?.source ?? '')) : value;
    } as (key: string, value: unknown) => unknown);
  } catch (error) {
    throw new Error(`syntax error while parsing value - ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return rendered(parsed);
}

function numberText(value: number, source: string): string {
  if (/^-?\d+$/.test(source)) return source;
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : doubleText(value);
}

/** A number as it will be written. */
class Written {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

function rendered(value: unknown): string {
  if (value instanceof Written) return value.source;
  if (Array.isArray(value)) return `[${value.map(rendered).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${rendered((value as Record<string, unknown>)[name])}`).join(',')}}`;
}
