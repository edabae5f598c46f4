/**
 * What Sluice remembers about each sync, and who may write. Backends implement {@link State}; one shared suite
 * (`test/state/`) holds them to it. State records only what a destination acknowledged.
 */
import type { BaseTable } from '../workspace/base-table.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Dump } from './dump.ts';

/** Version of the stored format. A newer one than this program knows is refused. */
export const STATE_FORMAT = 1;

/** The head of one sync's state. */
export interface SyncState {
  readonly sync: string;
  /** Which key, destination and object the records belong to. Another one starts a new lineage. */
  readonly lineage: string;
  /** Rises by one for every run that writes. */
  readonly serial: number;
  /** What the stored row hashes were computed with; see `hashId` in `plan/`. */
  readonly hashId: string;
  /** `identify()` of the destination that holds the records. */
  readonly destination: string;
  /** Destination fields under management, in mapping order. */
  readonly fields: readonly string[];
  /** Records in base (those that left included). */
  readonly records: number;
  /** Plan and status of the last run that wrote; a saved plan resumes when it is its own. */
  readonly lastRun: { readonly runId: string; readonly planId: string; readonly status: RunStatus } | null;
}

export type RunStatus = 'running' | 'finished' | 'partial';

/**
 * Base of one sync as workspace relations, ready to stand in a FROM clause. A journal that has not been folded is
 * already laid over them.
 *
 * `records`: `key_hash UBIGINT, row_hash UBIGINT, live_hash UBIGINT, key VARCHAR` (JSON array of canonical text)`,
 * sent VARCHAR, returned VARCHAR` (JSON objects)`, verified BOOLEAN, origin VARCHAR, remote_id VARCHAR,
 * left_at TIMESTAMP, left_as VARCHAR, run_id VARCHAR, pending VARCHAR`. `sent` is null for a record that is only
 * pending (its create was sent, never acknowledged). A null `row_hash` makes the record a candidate of every plan.
 *
 * `rejects`: `key VARCHAR, row_hash UBIGINT, code VARCHAR, message VARCHAR, next_try TIMESTAMP, run_id VARCHAR`.
 */
export interface BaseRelations {
  readonly records: string;
  readonly rejects: string;
  /** Rows of `records`. */
  readonly count: number;
}

/** Changes of a plan, by their sequence numbers: both ends belong to it. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

/**
 * What became of the changes `from`..`to`, all alike. Acknowledged (`applied`, `unchanged`) moves base to what the plan's
 * change says (`key, sent, returned, row_hash, live_hash, ...` of the table `changes`, see {@link PlannedChanges}).
 */
export interface RecordedOutcome extends SeqRange {
  readonly status: 'applied' | 'unchanged' | 'held' | 'rejected' | 'unknown' | 'not_attempted';
  readonly remoteId?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  /** What a read-back showed: fields that came back different (JSON object) and that it was looked at. */
  readonly returned?: string | undefined;
  readonly verified?: boolean | undefined;
}

/**
 * The plan that a run executes: what it changes is in the plan's tables, so that no record passes through JavaScript to be
 * remembered. Of `changes` a backend reads `seq, pass, action, key, key_hash, remote_id, fields, before, sent, after, returned,
 * row_hash, live_hash, origin` (a create whose `sent` is null sends what it remembers: `after`); of `adoptions` and
 * `rejects`, everything. Rows of other syncs are not this run's.
 */
export interface PlannedChanges {
  /** A workspace in which the plan is attached as the database `plan`. */
  readonly workspace: Workspace;
  /** Path of the plan file, unencrypted. */
  readonly file: string;
}

export interface RunStart {
  readonly runId: string;
  readonly planId: string;
  readonly sync: string;
  readonly lineage: string;
  readonly hashId: string;
  readonly destination: string;
  readonly fields: readonly string[];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly commit: string | null;
}

export interface Run {
  readonly runId: string;
  readonly planId: string;
  readonly sync: string;
  readonly serial: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly status: RunStatus;
  readonly owner: string;
  readonly commit: string | null;
  /** Records by outcome and, of the acknowledged ones, by action. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A run that writes. Every method returns once what it was given survives `kill -9`. */
export interface RunWriter {
  readonly serial: number;
  /** Sequence numbers of this plan that already have a final outcome from an earlier, unfinished run of the same plan. */
  acknowledged(): Promise<ReadonlySet<number>>;
  /** These changes of the plan are about to be sent: until their outcome is recorded they are pending. */
  intend(changes: readonly SeqRange[]): Promise<void>;
  record(outcomes: readonly RecordedOutcome[]): Promise<void>;
  /** Ends the run: folds the journal, applies the state-only changes of the plan (its `adoptions` and `rejects`), stores the counts. */
  finish(end: { readonly status: RunStatus; readonly finishedAt: number }): Promise<void>;
}

/** The right to write one sync. */
export interface Lease {
  readonly generation: number;
  /** Milliseconds since 1970, by the backend's clock. */
  readonly expiresAt: number;
  /** Throws when the lease was lost. Renews it when it is due. */
  hold(): Promise<void>;
  /** Expires it; idempotent. */
  release(): Promise<void>;
}

export interface LeaseHolder {
  readonly owner: string;
  readonly generation: number;
  readonly since: number;
  readonly expiresAt: number;
}

export interface State extends AsyncDisposable {
  /** For messages: `.sluice/state.duckdb`. */
  readonly description: string;
  /** Head of one sync's state; undefined while nothing was ever written. */
  head(sync: string): Promise<SyncState | undefined>;
  heads(): Promise<readonly SyncState[]>;
  /** Makes base readable in the workspace. Runs before the workspace is locked against outside access. */
  attach(workspace: Workspace, sync: string): Promise<BaseRelations>;
  /**
   * Base of the sync as a table of the state's database, without loading its records: for a source in the same database.
   * Undefined while there is none, or while a run is not folded into it.
   */
  readonly table?: (workspace: Workspace, sync: string) => Promise<BaseTable | undefined>;
  /** Fills a state that holds nothing: with everything, compared with the dump before it counts, or with nothing. */
  readonly restore?: (dump: Dump) => Promise<void>;
  /** Whether an apply may do all it needs, as a sentence; a `UserError` names what it may not. Nothing is written. */
  readonly rights?: () => Promise<string>;
  /** Throws a `UserError` that names the holder when another run has it. */
  acquire(sync: string, owner: string): Promise<Lease>;
  holder(sync: string): Promise<LeaseHolder | undefined>;
  /** Ends somebody else's lease; `generation` proves that the caller looked at the one it ends. */
  unlock(sync: string, generation: number): Promise<void>;
  begin(run: RunStart, lease: Lease, plan: PlannedChanges): Promise<RunWriter>;
  runs(sync?: string): Promise<readonly Run[]>;
  /** Changes of one run with their before-images, as a workspace relation: `sync, seq, key, action, status, fields VARCHAR[], before VARCHAR, remote_id, code, message`. */
  runRecords(workspace: Workspace, runId: string): Promise<string>;
  /** Renames a sync. Its records keep their base. */
  move(from: string, to: string): Promise<void>;
  /** Forgets a sync, or some of its records (keys as JSON arrays). Nothing is written to a destination. Returns how many records. */
  remove(sync: string, keys?: readonly string[]): Promise<number>;
}
