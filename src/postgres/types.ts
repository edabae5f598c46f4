/** Types of Postgres: what a column holds, as which type it comes into the workspace, and the SQL that writes its text for it. */
import type { DescribedColumn, PgClient } from './client.ts';

export interface PgType {
  /** As people write it, with its modifier: `numeric(10,2)`, `text[]`, `gold.tier`. */
  readonly name: string;
  /** Name in the catalog of the type itself or, of a domain, of the type it is made of: `int4`, `bpchar`, `_text`. */
  readonly base: string;
  /** The base type with its modifier: `numeric(10,2)`. */
  readonly baseName: string;
  readonly kind: 'base' | 'enum' | 'composite' | 'range' | 'pseudo' | 'array';
}

/** The types of described columns, in their order. */
export async function typesOf(client: PgClient, columns: readonly DescribedColumn[]): Promise<readonly PgType[]> {
  const ids = columns.map(({ type }) => type);
  const modifiers = columns.map(({ modifier }) => String(modifier));
  const rows = await client.rows(TYPES, [ids, modifiers]);
  return rows.map((row) => ({
    name: row['name'] ?? '',
    base: row['base'] ?? '',
    baseName: row['base_name'] ?? '',
    kind: kindOf(row['kind'] ?? '', row['is_array'] === 't'),
  }));
}

/** Domains are followed to what they are made of; a domain's own modifier applies. */
const TYPES = `
  WITH RECURSIVE wanted AS (
    SELECT n, id, modifier FROM unnest(CAST($1 AS oid[]), CAST($2 AS int4[])) WITH ORDINALITY AS w (id, modifier, n)
  ), path AS (
    SELECT n, id, modifier FROM wanted
    UNION ALL
    SELECT p.n, t.typbasetype, t.typtypmod FROM path AS p JOIN pg_type AS t ON t.oid = p.id WHERE t.typtype = 'd'
  )
  SELECT format_type(w.id, w.modifier) AS name, t.typname AS base, format_type(t.oid, p.modifier) AS base_name, t.typtype AS kind,
         t.typcategory = 'A' AND t.typelem <> 0 AS is_array
  FROM wanted AS w JOIN path AS p USING (n) JOIN pg_type AS t ON t.oid = p.id AND t.typtype <> 'd'
  ORDER BY w.n`;

const KINDS: Readonly<Record<string, PgType['kind']>> = { e: 'enum', c: 'composite', r: 'range', m: 'range', p: 'pseudo' };

function kindOf(typtype: string, isArray: boolean): PgType['kind'] {
  return isArray ? 'array' : (KINDS[typtype] ?? 'base');
}

/** How a column comes into the workspace, or why it does not. */
export type Passage =
  | {
      /** DuckDB's name of the type. */
      readonly type: string;
      /** SQL for Postgres: what to copy, from SQL of the column (which may stand in it several times). */
      readonly copied: (column: string) => string;
    }
  | { readonly refused: string; readonly hint: string };

/** Types whose text DuckDB reads as it is. */
const AS_IT_IS: Readonly<Record<string, string>> = {
  int2: 'SMALLINT',
  int4: 'INTEGER',
  int8: 'BIGINT',
  oid: 'UINTEGER',
  float4: 'FLOAT',
  float8: 'DOUBLE',
  bool: 'BOOLEAN',
  bytea: 'BLOB',
  jsonb: 'JSON',
};

const DATED: Readonly<Record<string, string>> = { date: 'DATE', timestamp: 'TIMESTAMP', timestamptz: 'TIMESTAMP WITH TIME ZONE' };

const asItIs = (column: string): string => column;
const asText = (column: string): string => `CAST(${column} AS text)`;

/**
 * The way of a type into the workspace. What DuckDB has no type for comes as Postgres's own text: of an `interval` without
 * the `+` that DuckDB cannot read, of an `inet` without the mask that a cast adds.
 */
export function passageOf({ base, baseName, kind, name }: PgType): Passage {
  if (kind === 'pseudo' && base !== 'record') return { refused: `a column of the type ${name}`, hint: 'Cast it to text.' };
  if (base === 'money') {
    return { refused: 'a column of the type money, whose text depends on a setting of the server', hint: 'Cast it to numeric.' };
  }
  // What has parts is JSON: its numbers stay exact, and its nulls stay nulls.
  if (kind === 'array' || kind === 'composite' || base === 'record') return { type: 'JSON', copied: (column) => `to_json(${column})` };
  const same = kind === 'base' ? AS_IT_IS[base] : undefined;
  if (same !== undefined) return { type: same, copied: asItIs };
  const dated = DATED[base];
  if (dated !== undefined) return { type: dated, copied: eraAfterDay };
  if (base === 'interval') return { type: 'VARCHAR', copied: (column) => `replace(CAST(${column} AS text), '+', '')` };
  if (base === 'inet') return { type: 'VARCHAR', copied: (column) => `CASE WHEN ${column} IS NOT NULL THEN concat(${column}) END` };
  if (base === 'numeric') return { type: decimalType(baseName), copied: asItIs };
  return { type: 'VARCHAR', copied: asText };
}

/** Postgres writes the era at the very end, where DuckDB overlooks it. */
function eraAfterDay(column: string): string {
  const day = String.raw`regexp_replace(CAST(${column} AS text), '^(\S+)(.*) BC$', '\1 (BC)\2')`;
  return `CASE WHEN ${column} < '0001-01-01' AND isfinite(${column}) THEN ${day} ELSE CAST(${column} AS text) END`;
}

/** DuckDB's decimals have up to 38 digits; numbers without bounds, or with more, stay text. */
function decimalType(name: string): string {
  const [, precision = '0', scale = '0'] = /^numeric\((\d+),(-?\d+)\)$/.exec(name) ?? [];
  const [p, s] = [Number(precision), Number(scale)];
  return p > 0 && p <= 38 && s >= 0 && s <= p ? `DECIMAL(${p},${s})` : 'VARCHAR';
}

/** Types of which two values are equal exactly when their texts are, and whose hash sees every bit: it may stand for the text. */
const EXACT: ReadonlySet<string> = new Set(['int2', 'int4', 'oid', 'bool', 'date', 'uuid', 'bytea']);

/**
 * Types whose bytes on the wire differ exactly when their texts do. Floats, because -0 equals 0; 64-bit numbers and times,
 * because Postgres folds them to 32 bits before it hashes them: 1 and 4294967296 would be one.
 */
const SENT: Readonly<Record<string, string>> = {
  int8: 'int8send',
  float4: 'float4send',
  float8: 'float8send',
  time: 'time_send',
  timestamp: 'timestamp_send',
  timestamptz: 'timestamptz_send',
};

/**
 * SQL of a value of which two hash alike exactly when the raw texts of the column are the same. Texts to the byte, whatever
 * their collation; all types that are not known to be exact (numeric 1.0 and 1.00, citext, jsonb, intervals, enums, whose
 * labels may be renamed) by their text.
 */
export function exactValue({ base, kind }: PgType, column: string): string {
  const text = `CAST(${column} AS text) COLLATE "C"`;
  if (kind !== 'base') return text;
  const send = SENT[base];
  if (send !== undefined) return `pg_catalog.${send}(${column})`;
  return EXACT.has(base) ? column : text;
}
