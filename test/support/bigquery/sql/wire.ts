/** Rows of a DuckDB table in the form that the API sends: texts, nulls, `{f: [{v}]}` for structs and `[{v}]` for arrays. */
import {
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  type DuckDBStructValue,
  DuckDBTimestampTZValue,
  type DuckDBValue,
} from '@duckdb/node-api';

import type { Field, Page, WireRow } from '../engine.ts';
import { as } from './as.ts';
import { doubleOnWire, intervalText, unscaled } from './number-text.ts';
import { ident } from './strings.ts';

type Timestamps = NonNullable<Page['timestamps']>;

export async function pageOf(connection: DuckDBConnection, table: string, fields: readonly Field[], page: Page): Promise<WireRow[]> {
  const wanted =
    page.columns === undefined
      ? fields
      : page.columns.map((name) => fields.find((field) => field.name === name)).filter((field) => field !== undefined);
  const columns = wanted.map((field) => ident(field.name)).join(', ');
  const rows = (await connection.runAndReadAll(`SELECT ${columns} FROM ${table} LIMIT ${page.limit} OFFSET ${page.start}`)).getRows();
  const timestamps = page.timestamps ?? 'FLOAT64';
  return rows.map((row) => ({ f: row.map((value, index) => ({ v: onWire(value, wanted[index] as Field, timestamps) })) }));
}

function onWire(value: DuckDBValue, field: Field, timestamps: Timestamps): unknown {
  if (field.mode === 'REPEATED') {
    const items = value === null ? [] : as(DuckDBListValue, value).items;
    return items.map((item) => ({ v: one(item, field, timestamps) }));
  }
  return one(value, field, timestamps);
}

function one(value: DuckDBValue, field: Field, timestamps: Timestamps): unknown {
  if (value === null) return null;
  if (field.type === 'RECORD' || field.type === 'STRUCT') {
    const { entries } = value as DuckDBStructValue;
    return { f: (field.fields ?? []).map((inner) => ({ v: onWire(entries[inner.name] ?? null, inner, timestamps) })) };
  }
  if (field.type === 'GEOGRAPHY') return (value as DuckDBStructValue).entries['$geography'];
  if (field.type === 'RANGE') return range(value as DuckDBStructValue, timestamps);
  if (field.type === 'BIGNUMERIC') return unscaled(value as bigint, 38);
  return scalar(value, timestamps);
}

function scalar(value: DuckDBValue, timestamps: Timestamps): string {
  if (typeof value === 'number') return doubleOnWire(value);
  if (value instanceof DuckDBDecimalValue) return unscaled(value.value, value.scale);
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64');
  if (value instanceof DuckDBTimestampTZValue) return timestamp(value.micros, timestamps);
  if (value instanceof DuckDBIntervalValue) return intervalText(value);
  if (value instanceof DuckDBDateValue) return value.toString();
  // DATETIME and TIME: six digits of a second, or none.
  if (typeof value === 'object')
    return String(value)
      .replace(' ', 'T')
      .replace(/\.\d+$/, (digits) => digits.padEnd(7, '0'));
  return String(value);
}

function timestamp(micros: bigint, timestamps: Timestamps): string {
  if (timestamps === 'INT64') return String(micros);
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = (micros - rest) / 1_000_000n;
  if (timestamps === 'FLOAT64') return doubleOnWire(Number(seconds) + Number(rest) / 1e6);
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(6, '0')}`;
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}${fraction}Z`;
}

function range({ entries }: DuckDBStructValue, timestamps: Timestamps): string {
  const end = (value: DuckDBValue | undefined): string => (value === null || value === undefined ? 'UNBOUNDED' : scalar(value, timestamps));
  return `[${end(entries['$from'])}, ${end(entries['$to'])})`;
}
