/** A run that writes: everything it is given goes to the journal first; the end folds the journal into the state file. */
import { InternalError, TransientError } from '../../errors.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { Lease, PlannedChanges, RecordedOutcome, RunStart, RunWriter, SeqRange } from '../state.ts';
import { readAttempts } from './attempts.ts';
import { type Ending, foldJournals } from './fold.ts';
import { highestSerial } from './heads.ts';
import { journalPath, JournalWriter, keepPlan, listJournals, type RunHead } from './journal.ts';
import { leaseHolder } from './lease.ts';
import { openJournals } from './overlay.ts';
import type { Store } from './store.ts';
import { STATE_DB } from './tables.ts';

/** What a later run of the same plan need not do again: everything that has a final outcome. */
const FINAL = `('applied', 'unchanged', 'rejected', 'held')`;

export interface Beginning {
  readonly run: RunStart;
  readonly lease: Lease;
  readonly plan: PlannedChanges;
  /** A copy of the same plan beside another journal of this apply. */
  readonly twin: string | undefined;
}

/** Folds what an earlier run left behind, then starts the journal of this one. */
export async function beginRun(store: Store, { run, lease, plan, twin }: Beginning): Promise<LocalRun> {
  await lease.hold();
  await store.create();
  await foldLeftovers(store, run.sync);
  const serial = (await lastSerial(store, run.sync)) + 1;
  const holder = await leaseHolder(store.context, store.layout.leases, run.sync);
  const head: RunHead = { ...run, serial, owner: holder?.owner ?? '', generation: lease.generation };
  const copy = await keepPlan(plan.file, journalPath(store.layout.journals, run.sync, serial), twin);
  const journal = await JournalWriter.create(store.layout.journals, head);
  await lease.hold();
  return new LocalRun(store, { head, lease, journal, planCopy: copy });
}

async function foldLeftovers(store: Store, sync: string): Promise<void> {
  try {
    await foldJournals(store, sync);
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    noteUnfolded(store, sync, error);
  }
}

function noteUnfolded(store: Store, sync: string, error: TransientError): void {
  const message = `${error.message}, so the journal of ${sync} stays beside the state file for now; every command reads it, and the next run folds it in`;
  store.context.emit({ type: 'note', sync, message });
}

async function lastSerial(store: Store, sync: string): Promise<number> {
  const stored = (await store.exists()) ? await store.reading(async (workspace) => highestSerial(workspace, sync)) : 0;
  const journals = await listJournals(store.layout.journals, sync);
  return Math.max(stored, ...journals.map((journal) => journal.serial));
}

export class LocalRun implements RunWriter {
  readonly #store: Store;
  readonly #head: RunHead;
  readonly #lease: Lease;
  readonly #journal: JournalWriter;

  /** Where this run keeps its plan. */
  readonly planCopy: string;

  constructor(store: Store, parts: { head: RunHead; lease: Lease; journal: JournalWriter; planCopy: string }) {
    this.#store = store;
    this.#head = parts.head;
    this.#lease = parts.lease;
    this.#journal = parts.journal;
    this.planCopy = parts.planCopy;
  }

  get serial(): number {
    return this.#head.serial;
  }

  get planId(): string {
    return this.#head.planId;
  }

  /** Changes with a final outcome (rejected and held ones too) in earlier runs of this plan that did not finish it. */
  async acknowledged(): Promise<ReadonlySet<number>> {
    return this.#store.reading(async (workspace, exists) => {
      const seqs = new Set(exists ? await this.#storedSeqs(workspace) : []);
      const journals = await openJournals(this.#store, workspace, exists, this.#head.sync);
      for (const journal of journals.filter((each) => each.head.planId === this.#head.planId && each.head.runId !== this.#head.runId)) {
        const attempts = await readAttempts(workspace, journal, `earlier_${journal.serial}`);
        const rows = await workspace.rows(`SELECT seq FROM ${attempts.view} WHERE status IN ${FINAL}`);
        for (const row of rows) seqs.add(Number(row['seq']));
      }
      return seqs;
    });
  }

  async #storedSeqs(workspace: Workspace): Promise<number[]> {
    const rows = await workspace.rows(
      `SELECT DISTINCT c.seq FROM ${STATE_DB}.run_records AS c JOIN ${STATE_DB}.runs AS r ON r.run_id = c.run_id AND r.sync = c.sync
       WHERE r.plan_id = $planId AND r.sync = $sync AND r.status <> 'finished' AND c.status IN ${FINAL}`,
      { planId: this.#head.planId, sync: this.#head.sync },
    );
    return rows.map((row) => Number(row['seq']));
  }

  async intend(changes: readonly SeqRange[]): Promise<void> {
    await this.#journal.intend(changes);
    // Asked after the write: who takes the lease later finds this in the journal.
    await this.#lease.hold();
  }

  async record(outcomes: readonly RecordedOutcome[]): Promise<void> {
    await this.#journal.record(outcomes);
    await this.#lease.hold();
  }

  async finish(end: Parameters<RunWriter['finish']>[0]): Promise<void> {
    try {
      await this.#lease.hold();
      await this.#fold({ runId: this.#head.runId, status: end.status, finishedAt: end.finishedAt });
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#journal.close();
  }

  async #fold(ending: Ending): Promise<void> {
    try {
      if ((await foldJournals(this.#store, this.#head.sync, ending)).includes(ending.runId)) return;
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      await this.#leaveUnfolded(ending, error);
      return;
    }
    await this.#lease.hold();
    throw new InternalError(`the journal of run ${ending.runId} is gone, though this process holds the lease of ${this.#head.sync}`);
  }

  /** Readers keep the state file open: the run's end goes to the journal, to be folded by the next run. */
  async #leaveUnfolded(ending: Ending, error: TransientError): Promise<void> {
    await this.#lease.hold();
    await this.#journal.end({ status: ending.status, finishedAt: ending.finishedAt });
    noteUnfolded(this.#store, this.#head.sync, error);
  }
}
