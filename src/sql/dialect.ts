/**
 * What differs between the SQL of the engines that hash rows and compare them with base: the workspace (DuckDB) and the
 * warehouses that hold a state. Dialects agree on raw text and on keys as they were sent; what two values are worth to a
 * destination (their canonical form) is the workspace's business alone.
 */
export interface Dialect {
  readonly name: 'duckdb' | 'postgres' | 'bigquery';
  /** A quoted identifier. Throws a `UserError` for a name that the engine cannot have. */
  readonly ident: (name: string) => string;
  /** A qualified, quoted name. */
  readonly qualified: (...parts: readonly string[]) => string;
  /** A text literal. For names and constants of the configuration only: values from data are bound. */
  readonly literal: (text: string) => string;
  /**
   * A 64-bit hash of a row from expressions of its values' exact text (or of values that differ exactly when their texts do).
   * Null and empty text differ, and so do `('a', 'bc')` and `('ab', 'c')`. Signed but for DuckDB, see `base-table.ts`.
   */
  readonly rowHash: (values: readonly string[]) => string;
}

/** The user's query as a relation. The line ends keep a comment on its last line from swallowing the parenthesis. */
export function embedded(sql: string): string {
  return `(\n${sql}\n)`;
}

export interface Meeting {
  /** Quoted columns of the rows that travel. */
  readonly columns: readonly string[];
  /** Relation of the rows, with `row_hash`. */
  readonly rows: string;
  /** Name of the base table. */
  readonly base: string;
  /** Expression of base that finds its record again. */
  readonly place: string;
  /** Condition of records that are not compared. */
  readonly settled: string;
}

/**
 * Rows and records meet on the row hash alone, which covers the key; what has no counterpart is left: a row of the query
 * (`place` is null), or the place of a record.
 */
export function unmet({ columns, rows, base, place, settled }: Meeting): string {
  return `SELECT ${columns.map((column) => `m.${column}`).join(', ')}, b.place
    FROM ${rows} AS m
    FULL JOIN (SELECT ${place} AS place, row_hash FROM ${base} WHERE NOT (${settled})) AS b ON b.row_hash = m.row_hash
    WHERE b.place IS NULL OR m.row_hash IS NULL`;
}
