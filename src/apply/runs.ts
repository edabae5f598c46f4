/** The syncs of one apply: those that run, with everything they hold, and those that stayed out. */
import type { Project, Sync } from '../config/model.ts';
import type { Context } from '../context.ts';
import type { Destination } from '../destinations/destination.ts';
import type { SyncApply, SyncPlan } from '../plan/document.ts';
import type { Registry } from '../plan/ends.ts';
import type { Allowance } from '../plan/guards.ts';
import type { PlannedSync } from '../plan/plan-file.ts';
import type { Lease, RunWriter, State } from '../state/state.ts';
import type { Breaker } from './breaker.ts';
import { RateLimiters } from './rate-limit.ts';
import type { ReadBack } from './read-back.ts';
import type { Tally } from './tally.ts';

export interface ApplyRequest {
  readonly project: Project;
  /** Absolute path of the plan file. */
  readonly planFile: string;
  /** Names; all of the plan when left out. */
  readonly syncs?: readonly string[] | undefined;
  /** At most this many changes in the whole run. */
  readonly limit?: number | undefined;
  /** State-only: adopt what agrees, write nothing. */
  readonly adoptOnly: boolean;
  /** A plan without anything to do is recorded as a run, too: a schedule counts from it. Default: it is not. */
  readonly recordEmpty?: boolean | undefined;
  readonly allow: readonly Allowance[];
  readonly registry: Registry;
  readonly state: State;
  /** Who applies: `alice@host`. */
  readonly owner: string;
}

/** A sync that may be applied: its destination is open, its lease is held, its run has begun. */
export interface Run {
  readonly plan: SyncPlan;
  readonly planned: PlannedSync;
  readonly sync: Sync;
  readonly destination: Destination;
  readonly lease: Lease;
  readonly writer: RunWriter;
  readonly runId: string;
  readonly startedAt: number;
  readonly done: ReadonlySet<number>;
  readonly total: number;
  /** There is nothing to write and nothing to remember. */
  readonly empty: boolean;
  readonly tally: Tally;
  readonly breaker: Breaker;
  readonly readBack: ReadBack;
  /** It stops once the destination has refused more; null: it does not. */
  readonly rejectLimit: number | null;
  /** Why it stopped before its end; undefined while it has not. */
  stopped: string | undefined;
  /** What the last batch said that was not written although the run went on. */
  trouble: string | undefined;
  /** What connectors remarked on applied changes, and on how many. */
  readonly notes: Map<string, number>;
  limited: boolean;
}

export type Entry = { readonly run: Run } | { readonly run?: undefined; readonly object?: string; readonly result: SyncApply };

/** The runs of one apply. Leaving its scope closes what is still open, whatever happened. */
export class Runs implements AsyncDisposable {
  readonly entries: Entry[] = [];
  readonly limiters: RateLimiters;

  constructor(context: Context) {
    this.limiters = new RateLimiters(context);
  }

  add(entry: Entry): void {
    this.entries.push(entry);
  }

  get active(): Run[] {
    return this.entries.flatMap((entry) => (entry.run === undefined ? [] : [entry.run]));
  }

  /** Every lease of the apply lives as long as the apply. */
  async hold(): Promise<void> {
    for (const run of this.active) await run.lease.hold();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using all = new AsyncDisposableStack(); // each is closed, whatever the others throw
    for (const run of this.active) {
      all.defer(async () => run.lease.release());
      all.use(run.destination);
    }
  }
}

/** How many changes may still be sent. */
export class Budget {
  #left: number;
  constructor(limit: number | undefined) {
    this.#left = limit ?? Number.POSITIVE_INFINITY;
  }
  get left(): number {
    return this.#left;
  }
  take(count: number): void {
    this.#left -= count;
  }
}
