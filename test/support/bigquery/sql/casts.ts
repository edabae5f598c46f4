/** CAST: what DuckDB converts in another way, or to another text, goes through macros of our own (`macros.ts`). */
import { duckdbType, type SqlType } from './types.ts';

export const CASTS: Readonly<Record<string, 'strict' | 'safe'>> = { CAST: 'strict', SAFE_CAST: 'safe' };

const MACROS: Readonly<Record<string, string>> = {
  STRING: 'bq_string',
  BYTES: 'bq_bytes',
  INT64: 'bq_int64',
  FLOAT64: 'bq_float64',
  BOOL: 'bq_bool',
  NUMERIC: 'bq_numeric',
  BIGNUMERIC: 'bq_bignumeric',
  DATE: 'bq_date',
  DATETIME: 'bq_datetime',
  TIME: 'bq_time',
  TIMESTAMP: 'bq_timestamp',
};

/** From a text: what the macros do after they have looked at the type. */
const FROM_TEXT: Readonly<Record<string, (text: string) => string>> = {
  STRING: (text) => text,
  FLOAT64: (text) => `bq_double(${text})`,
  NUMERIC: (text) => `CAST(bq_numeric_text(${text}) AS DECIMAL(38, 9))`,
  DATE: (text) => `CAST(bq_date_text(${text}) AS DATE)`,
  DATETIME: (text) => `CAST(bq_datetime_text(${text}) AS TIMESTAMP)`,
  TIME: (text) => `CAST(bq_time_text(${text}) AS TIME)`,
  TIMESTAMP: (text) => `CAST(bq_timestamp_checked(${text}) AS TIMESTAMPTZ)`,
  INT64: (text) => (/^\(*'[+-]?\d{1,18}'\)*$/.test(text) ? `(${text.replace(/[()'+]/g, '')})::BIGINT` : `bq_whole(${text})`),
};

const TEXT_LITERAL = /^\(*'(?:[^']|'')*'\)*$/;

/** CAST, or SAFE_CAST, of DuckDB's expression of a value. */
export function castTo(value: string, type: SqlType, safe = false): string {
  const fromText = TEXT_LITERAL.test(value) ? FROM_TEXT[type.name] : undefined;
  const macro = value === 'NULL' ? undefined : MACROS[type.name];
  const other = macro === undefined ? `CAST(${value} AS ${duckdbType(type)})` : `${macro}(${value})`;
  const converted = fromText === undefined ? other : fromText(value);
  return safe ? `TRY(${converted})` : converted;
}
