/** Raw values: what a column of a source or a destination holds before it is canonical, and the SQL that all conversions share. */

/** A value in the workspace before it is canonical: an SQL expression and its DuckDB type. */
export interface RawValue {
  readonly sql: string;
  readonly type: string;
  /** Zone of zoneless timestamps of this side, when declared. */
  readonly timezone?: string | undefined;
}

/** Families of DuckDB types that conversions treat alike. */
export type Family =
  'text' | 'integer' | 'decimal' | 'float' | 'boolean' | 'date' | 'timestamp' | 'timestamptz' | 'bytes' | 'json' | 'nested' | 'other';

/** The family of a type, by DuckDB's name for it. */
export function familyOf(duckType: string): Family {
  const name = duckType.toUpperCase();
  if (/[[\]]$|^(STRUCT|MAP|UNION|LIST)\b/.test(name)) return 'nested';
  if (/^(VARCHAR|TEXT|STRING|CHAR|ENUM)/.test(name)) return 'text';
  if (/^U?(TINYINT|SMALLINT|INTEGER|INT|BIGINT|HUGEINT)$|^BIGNUM$|^VARINT$/.test(name)) return 'integer';
  if (name.startsWith('DECIMAL')) return 'decimal';
  if (name === 'FLOAT' || name === 'DOUBLE') return 'float';
  if (name === 'BOOLEAN') return 'boolean';
  if (name === 'DATE') return 'date';
  if (name === 'TIMESTAMP WITH TIME ZONE' || name === 'TIMESTAMPTZ') return 'timestamptz';
  if (name.startsWith('TIMESTAMP')) return 'timestamp';
  if (name === 'BLOB') return 'bytes';
  if (name === 'JSON') return 'json';
  return 'other';
}

/** A list or an array, of any depth. */
export function isList(duckType: string): boolean {
  return duckType.endsWith(']');
}

/** DuckDB's text of a value. */
export function asText(sql: string): string {
  return `CAST(${sql} AS VARCHAR)`;
}

const WHITE_SPACE = "E' \\t\\n\\f\\r'"; // what \s matches

/** Without the white space around it that {@link matches} lets pass: ASCII only, NBSP is data. */
export function stripped(sql: string): string {
  return `trim(${sql}, ${WHITE_SPACE})`;
}

/** The whole text has this form, in any case of letters. */
export function matches(sql: string, pattern: string): string {
  return `regexp_full_match(${sql}, '${pattern}', 'i')`;
}
