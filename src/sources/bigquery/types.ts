/** How a column of BigQuery comes into the workspace: as exact text that our own SQL makes, so that no client rounds it. */
import type { TableField } from '../../bigquery/client.ts';

/** A way of a column into the workspace. */
export interface Passage {
  /** Its type in the workspace. */
  readonly type: string;
  /** SQL of BigQuery: the exact text of a column, null for null. */
  readonly text: (column: string) => string;
  /** SQL of the workspace: the value, from that text. */
  readonly value: (text: string) => string;
}

export interface Refused {
  readonly refused: string;
  readonly hint: string;
}

const same = (text: string): string => text;
const cast = (column: string): string => `CAST(${column} AS STRING)`;
/** Null stays null: `TO_JSON_STRING` would make the text `null` of it. */
const nested = (column: string): string => `IF(${column} IS NULL, NULL, TO_JSON_STRING(${column}))`;

function as(type: string, text: (column: string) => string = cast): Passage {
  return { type, text, value: (loaded) => `CAST(${loaded} AS ${type})` };
}

const TEXT: Passage = { type: 'VARCHAR', text: cast, value: same };

/** What has parts is JSON, in which BigQuery writes numbers beyond 2^53 as text. */
const NESTED = as('JSON', nested);

const SCALARS: Readonly<Record<string, Passage>> = {
  STRING: { ...TEXT, text: same },
  INTEGER: as('BIGINT'),
  // As many digits as it takes to read the same number again: 15, else 17.
  FLOAT: as('DOUBLE'),
  BOOLEAN: as('BOOLEAN'),
  BYTES: { type: 'BLOB', text: (column) => `TO_BASE64(${column})`, value: (text) => `from_base64(${text})` },
  DATE: as('DATE'),
  DATETIME: as('TIMESTAMP'),
  TIME: TEXT,
  // As a number: the text of an instant depends on the time zone that the project has set.
  TIMESTAMP: {
    type: 'TIMESTAMP WITH TIME ZONE',
    text: (column) => `CAST(UNIX_MICROS(${column}) AS STRING)`,
    value: (text) => `make_timestamptz(CAST(${text} AS BIGINT))`,
  },
  GEOGRAPHY: { ...TEXT, text: (column) => `ST_ASTEXT(${column})` },
  RECORD: NESTED,
  JSON: NESTED,
};

/** Standard names of the types that the API calls by their old ones. */
const OLD_NAMES: Readonly<Record<string, string>> = { INT64: 'INTEGER', FLOAT64: 'FLOAT', BOOL: 'BOOLEAN', STRUCT: 'RECORD' };

/** The way of a column into the workspace, or why there is none. */
export function passageOf(field: TableField): Passage | Refused {
  const { name } = field;
  const type = OLD_NAMES[field.type] ?? field.type;
  if (field.mode === 'REPEATED') return NESTED;
  if (type === 'NUMERIC' || type === 'BIGNUMERIC') return decimal(type, field);
  if (type === 'TIMESTAMP' && field.timestampPrecision === '12') {
    return {
      refused: 'a column of the type TIMESTAMP(12), which is finer than a microsecond',
      hint: `Select CAST(${name} AS TIMESTAMP(6)) instead.`,
    };
  }
  const known = SCALARS[type];
  if (known !== undefined) return known;
  const cure = type === 'RANGE' ? `RANGE_START(${name}) and RANGE_END(${name})` : `CAST(${name} AS STRING)`;
  return { refused: `a column of the type ${type}, which has no canonical form`, hint: `Select ${cure} instead.` };
}

/** DuckDB's decimals have up to 38 digits; numbers that may have more stay text. */
function decimal(type: string, { precision, scale }: TableField): Passage {
  const [p, s] = precision === undefined ? (type === 'NUMERIC' ? [38, 9] : [76, 38]) : [Number(precision), Number(scale ?? 0)];
  return p <= 38 ? as(`DECIMAL(${p},${s})`) : TEXT;
}
