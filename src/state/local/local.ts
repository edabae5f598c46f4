/** State in a DuckDB file (`tables.ts`) with the journals of unfinished runs (`journal.ts`) and the leases (`lease.ts`) beside it. */
import { relative } from 'node:path';

import type { Context } from '../../context.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { Dump } from '../dump.ts';
import type { BaseRelations, Lease, LeaseHolder, PlannedChanges, Run, RunStart, RunStatus, RunWriter, State, SyncState } from '../state.ts';
import { readAttempts, readProgress } from './attempts.ts';
import { runRecordsSql } from './fold.ts';
import { headAfter, journalRun, newestFirst, storedRuns, storedSyncs } from './heads.ts';
import { type JournalFile, listJournals, readEnding } from './journal.ts';
import { acquireLease, endLease, leaseHolder } from './lease.ts';
import { attachBase, openJournals } from './overlay.ts';
import { makeFolders } from './paths.ts';
import { restoreState } from './restore.ts';
import { beginRun, type LocalRun } from './run.ts';
import { Store } from './store.ts';
import { columnList, emptyRelation, RUN_RECORD_COLUMNS, STATE_DB } from './tables.ts';
import { moveSync, removeSync } from './upkeep.ts';
import { literal } from '../../workspace/quote.ts';

export interface LocalStateOptions {
  /** Absolute path of the DuckDB file. */
  readonly path: string;
  readonly project: string;
  readonly environment: string | null;
}

export class LocalState implements State {
  readonly description: string;
  readonly #store: Store;
  readonly #runs: LocalRun[] = [];
  #attachments = 0;

  constructor(context: Context, options: LocalStateOptions) {
    this.#store = new Store(context, options.path, options.project, options.environment);
    this.description = relative(context.cwd, options.path);
  }

  async head(sync: string): Promise<SyncState | undefined> {
    return (await this.#heads(sync))[0];
  }

  async heads(): Promise<readonly SyncState[]> {
    return this.#heads(undefined);
  }

  async attach(workspace: Workspace, sync: string): Promise<BaseRelations> {
    return attachBase(this.#store, workspace, sync, this.#unique());
  }

  async acquire(sync: string, owner: string): Promise<Lease> {
    await makeFolders(this.#store.layout);
    return acquireLease(this.#store.context, this.#store.layout.leases, sync, owner);
  }

  async holder(sync: string): Promise<LeaseHolder | undefined> {
    return leaseHolder(this.#store.context, this.#store.layout.leases, sync);
  }

  async unlock(sync: string, generation: number): Promise<void> {
    await endLease(this.#store.context, this.#store.layout.leases, sync, generation);
  }

  async begin(run: RunStart, lease: Lease, plan: PlannedChanges): Promise<RunWriter> {
    const twin = this.#runs.find((each) => each.planId === run.planId)?.planCopy;
    const writer = await beginRun(this.#store, { run, lease, plan, twin });
    this.#runs.push(writer);
    return writer;
  }

  async runs(sync?: string): Promise<readonly Run[]> {
    return this.#store.reading(async (workspace, exists) => {
      const runs = exists ? await storedRuns(workspace, sync) : [];
      for (const journal of await openJournals(this.#store, workspace, exists, sync)) {
        const { end, counts } = await readProgress(workspace, journal, this.#unique());
        runs.push(journalRun(journal, end, counts, await this.#isRunning(journal)));
      }
      return newestFirst(runs);
    });
  }

  async runRecords(workspace: Workspace, runId: string): Promise<string> {
    const exists = await this.#store.attach(workspace);
    const journal = (await openJournals(this.#store, workspace, exists)).find((each) => each.head.runId === runId);
    if (journal !== undefined) return `(${runRecordsSql(journal, (await readAttempts(workspace, journal, this.#unique())).view)})`;
    if (!exists) return emptyRelation(RUN_RECORD_COLUMNS);
    return `(SELECT ${columnList(RUN_RECORD_COLUMNS)} FROM ${STATE_DB}.run_records WHERE run_id = ${literal(runId)})`;
  }

  async move(from: string, to: string): Promise<void> {
    await moveSync(this.#store, from, to);
  }

  async remove(sync: string, keys?: readonly string[]): Promise<number> {
    return removeSync(this.#store, sync, keys);
  }

  async restore(dump: Dump): Promise<void> {
    await restoreState(this.#store, this.description, dump);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#runs) await run.close();
  }

  async #heads(sync: string | undefined): Promise<readonly SyncState[]> {
    if (!(await this.#store.exists()) && (await listJournals(this.#store.layout.journals, sync)).length === 0) return [];
    return this.#store.reading(async (workspace, exists) => {
      const stored = exists ? await storedSyncs(workspace, sync) : [];
      const heads = new Map<string, SyncState>(stored.map(({ id: _id, ...head }) => [head.sync, head]));
      for (const journal of await openJournals(this.#store, workspace, exists, sync)) {
        heads.set(journal.sync, headAfter(heads.get(journal.sync), journal, await this.#statusOf(journal)));
      }
      return [...heads.values()].sort((a, b) => (a.sync < b.sync ? -1 : 1));
    });
  }

  async #statusOf(journal: JournalFile): Promise<RunStatus> {
    return (await readEnding(journal.path)) ?? ((await this.#isRunning(journal)) ? 'running' : 'partial');
  }

  async #isRunning(journal: JournalFile): Promise<boolean> {
    return (await this.holder(journal.sync))?.generation === journal.head.generation;
  }

  #unique(): string {
    this.#attachments += 1;
    return `state_${this.#attachments}`;
  }
}
