import type { Column } from '../canonical/types.ts';
import type { Dialect } from '../sql/dialect.ts';
import type { BaseTable } from '../workspace/base-table.ts';
import type { Relation, Workspace } from '../workspace/workspace.ts';
import type { Location } from '../errors.ts';

export interface Query {
  /** One SELECT, no trailing semicolon. */
  readonly sql: string;
  /** Where each line of `sql` stands in the user's file; an error inside the query is reported there. */
  readonly lines: readonly Location[];
  /** Name of the sync, for labels and messages. */
  readonly sync: string;
  /** Bytes that it may bill, exact, as text, and where that is written: more fails before it is billed. */
  readonly limit?: { readonly bytesBilled: string; readonly location: Location } | undefined;
}

export interface Estimate {
  /** Exact, as text: may exceed a JS number. */
  readonly bytesBilled?: string;
  readonly rows?: string;
}

/** What a database found when it compared the rows of a query with base. Tables of the workspace. */
export interface Comparison {
  /** Rows of the query, and records of base that were compared with them. */
  readonly rows: number;
  readonly compared: number;
  /** Serial of the sync's state as the source's snapshot sees it. */
  readonly serial: number;
  /** Rows whose hash no compared record has, and any others that need a look: the columns of the query, and `row_hash BIGINT`. */
  readonly desired: Relation;
  /** Compared records whose hash no row has, and those of the other rows in `desired`, with the columns of {@link BaseTable}. */
  readonly records: Relation;
}

export interface ComparisonTerms {
  /** SQL condition of records that are not compared, because they left the query and need nothing more. */
  readonly settled: string;
  /** Columns of the query that make its key: where looking for a key that stands twice is cheap, all its rows travel. */
  readonly key: readonly string[];
}

/** A database that hashes its rows itself and can compare them with base, when that lives in it too. Only candidates travel. */
export interface Warehouse {
  /** `extract` with one column more: `row_hash BIGINT`, a hash of the raw text of all the others. */
  extractHashed(query: Query): Promise<Relation>;
  compare(query: Query, base: BaseTable, how: ComparisonTerms): Promise<Comparison>;
  /** Records of base with the keys in a workspace table (`key VARCHAR`), with the columns of {@link BaseTable}. */
  lookUp(base: BaseTable, keys: string): Promise<Relation>;
}

/** A system that can be queried. */
export interface Source extends AsyncDisposable {
  /** In which the planner writes what it puts around the user's query. */
  readonly dialect: Dialect;
  /** Name and version of what computes row hashes, in the workspace or in the source's own database; part of the state's `hash_id`. */
  readonly engine: string;
  /** Makes the system reachable from the workspace. Runs before the workspace is locked against outside access. */
  attach(workspace: Workspace): Promise<void>;
  /** Names and types of the query's columns, without running it. Rejects everything that is not one SELECT. */
  describe(query: Query): Promise<readonly Column[]>;
  estimate?(query: Query): Promise<Estimate>;
  /** What the connection may do beyond the queries, as a sentence: for `doctor`. Throws a `UserError` that names what it lacks. */
  rights?(): Promise<string>;
  /** Bytes billed so far, exact, as text, where the system bills them. */
  billed?(): string;
  /**
   * Makes the query's rows readable in the workspace: a relation, which may be the query itself where the
   * workspace can reach the system (it may then be scanned more than once, under one snapshot).
   */
  extract(query: Query): Promise<Relation>;
  /** Absent: rows are hashed and compared in the workspace. */
  readonly warehouse?: Warehouse;
}
