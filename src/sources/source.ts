import type { Column } from '../canonical/types.ts';
import type { Relation, Workspace } from '../workspace/workspace.ts';
import type { Location } from '../errors.ts';

export interface Query {
  /** One SELECT, no trailing semicolon. */
  readonly sql: string;
  /** Where each line of `sql` stands in the user's file; an error inside the query is reported there. */
  readonly lines: readonly Location[];
  /** Name of the sync, for labels and messages. */
  readonly sync: string;
}

export interface Estimate {
  /** Exact, as text: may exceed a JS number. */
  readonly bytesBilled?: string;
  readonly rows?: string;
}

/** A system that can be queried. */
export interface Source extends AsyncDisposable {
  /** Name and version of what computes row hashes; part of the state's `hash_id`. */
  readonly engine: string;
  /** Makes the system reachable from the workspace. Runs before the workspace is locked against outside access. */
  attach(workspace: Workspace): Promise<void>;
  /** Names and types of the query's columns, without running it. Rejects everything that is not one SELECT. */
  describe(query: Query): Promise<readonly Column[]>;
  estimate?(query: Query): Promise<Estimate>;
  /**
   * Makes the query's rows readable in the workspace: a relation, which may be the query itself where the
   * workspace can reach the system (it may then be scanned more than once, under one snapshot).
   */
  extract(query: Query): Promise<Relation>;
}
