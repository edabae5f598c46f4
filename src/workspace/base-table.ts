/** Base of one sync where the state's database holds it: for a source that lives in the same database and compares there. */

export interface BaseTable {
  /** Quoted name in that database. Has the columns below; `row_hash` is a signed 64-bit hash, null for a candidate of every plan. */
  readonly table: string;
  /** A SELECT of one value in that database: the serial of the sync, as text. */
  readonly serial: string;
  readonly columns: readonly BaseColumn[];
  /** Rows of the table. */
  readonly count: number;
  /** The sync's rejects, loaded: a relation of the workspace (see `BaseRelations`). */
  readonly rejects: string;
}

/** A column of base: how it travels, and what it is in the workspace. */
export interface BaseColumn {
  readonly name: string;
  /** Its type in the workspace when it arrives. */
  readonly loaded: string;
  /** Workspace expression of its value, over the loaded column of the same name. */
  readonly value: string;
}

const OFFSET = '9223372036854775808';

/**
 * Hashes are unsigned 64-bit numbers in the workspace and signed ones in a database without such: the same number less 2^63,
 * which keeps the order.
 */
export function unsignedHash(signed: string): string {
  return `CAST(CAST(${signed} AS HUGEINT) + ${OFFSET} AS UBIGINT)`;
}

/** The other way, as text. */
export function signedHashText(unsigned: string): string {
  return `CAST(CAST(${unsigned} AS HUGEINT) - ${OFFSET} AS VARCHAR)`;
}
