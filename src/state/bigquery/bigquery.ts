/**
 * State in a dataset of BigQuery, beside the data that it is compared with (`tables.ts`). Reading and the lease take no job;
 * a run announces and records in a journal by load jobs (`journal.ts`) and is folded in by one script (`fold.ts`).
 */
import type { Connection } from '../../config/model.ts';
import type { Context, TellsTime } from '../../context.ts';
import { InternalError, type Location } from '../../errors.ts';
import type { BaseTable } from '../../workspace/base-table.ts';
import { literal } from '../../workspace/quote.ts';
import { Workspace } from '../../workspace/workspace.ts';
import type { Dump } from '../dump.ts';
import type { BaseRelations, Lease, LeaseHolder, PlannedChanges, Run, RunStart, RunWriter, State, SyncState } from '../state.ts';
import { emptyBase, loadBase, type Reading, storedTable } from './base.ts';
import { currentHead, newestFirst, readHead, readHeads, runUnderWay, storedRuns } from './heads.ts';
import { acquireLease, BigQueryLease, endLease, leaseHolder } from './lease.ts';
import { restoreState } from './restore.ts';
import { checkRights } from './rights.ts';
import { beginRun, type BigQueryRun } from './run.ts';
import { openRunRecords, progressOf, storedRunRecords } from './run-records.ts';
import { Store } from './store.ts';
import { emptyLoaded, RUN_RECORD_COLUMNS } from './tables.ts';
import { moveSync, removeSync } from './upkeep.ts';

export interface BigQueryStateOptions {
  readonly connection: Connection;
  readonly dataset: string;
  readonly project: string;
  readonly environment: string | null;
  /** Where the project file names the dataset. */
  readonly location?: Location | undefined;
}

export class BigQueryState implements State, TellsTime {
  readonly description: string;
  readonly #store: Store;
  readonly #runs: BigQueryRun[] = [];
  #attachments = 0;

  constructor(context: Context, options: BigQueryStateOptions) {
    const { connection, dataset, project, environment, location } = options;
    this.description = `dataset ${dataset} of connection ${connection.name}`;
    const place = { description: this.description, dataset, location };
    this.#store = new Store(context, { project, environment: environment ?? '' }, { connection, place });
  }

  async head(sync: string): Promise<SyncState | undefined> {
    return this.#store.reading(undefined, async () => {
      const stored = await readHead(this.#store, sync);
      return stored === undefined ? undefined : currentHead(this.#store, stored);
    });
  }

  async heads(): Promise<readonly SyncState[]> {
    return this.#store.reading([], async () => {
      const heads: SyncState[] = [];
      for (const stored of await readHeads(this.#store)) {
        const head = await currentHead(this.#store, stored);
        if (head !== undefined) heads.push(head);
      }
      return heads;
    });
  }

  async attach(workspace: Workspace, sync: string): Promise<BaseRelations> {
    return this.#store.reading(emptyBase(), async () => loadBase(this.#reading(workspace), sync));
  }

  async table(workspace: Workspace, sync: string): Promise<BaseTable | undefined> {
    return this.#store.reading(undefined, async () => storedTable(this.#reading(workspace), sync));
  }

  async restore(dump: Dump): Promise<void> {
    await this.#store.explained(async () => restoreState(this.#store, dump));
  }

  async rights(): Promise<string> {
    return checkRights(this.#store);
  }

  /** BigQuery's clock, by which leases expire. */
  async clock(): Promise<number> {
    return this.#store.client.clock();
  }

  async acquire(sync: string, owner: string): Promise<Lease> {
    return this.#store.explained(async () => acquireLease(this.#store, sync, owner));
  }

  async holder(sync: string): Promise<LeaseHolder | undefined> {
    return this.#store.reading(undefined, async () => leaseHolder(this.#store, sync));
  }

  async unlock(sync: string, generation: number): Promise<void> {
    await this.#store.explained(async () => endLease(this.#store, sync, generation));
  }

  async begin(run: RunStart, lease: Lease, plan: PlannedChanges): Promise<RunWriter> {
    if (!(lease instanceof BigQueryLease)) throw new InternalError(`the lease of ${run.sync} is not of this state`);
    const writer = await this.#store.explained(async () => beginRun(this.#store, run, { lease, plan }));
    this.#runs.push(writer);
    return writer;
  }

  async runs(sync?: string): Promise<readonly Run[]> {
    return this.#store.reading([], async () => {
      const heads = (await readHeads(this.#store)).filter((head) => sync === undefined || head.sync === sync);
      const runs = await storedRuns(this.#store, heads);
      for (const { run } of heads) {
        if (run === undefined || runs.some(({ runId }) => runId === run.runId)) continue;
        await using workspace = await Workspace.open();
        runs.push(await runUnderWay(this.#store, run, await progressOf(this.#reading(workspace), run)));
      }
      return newestFirst(runs);
    });
  }

  async runRecords(workspace: Workspace, runId: string): Promise<string> {
    const none = runRecordsOf('', runId, emptyLoaded(RUN_RECORD_COLUMNS));
    return this.#store.reading(none, async () => {
      const heads = await readHeads(this.#store);
      const reading = this.#reading(workspace);
      const run = (await storedRuns(this.#store, heads)).find((each) => each.runId === runId);
      if (run !== undefined) return runRecordsOf(run.sync, runId, await storedRunRecords(reading, runId));
      const open = heads.find((each) => each.run?.runId === runId)?.run;
      return open === undefined ? none : runRecordsOf(open.sync, runId, await openRunRecords(reading, open));
    });
  }

  async move(from: string, to: string): Promise<void> {
    await this.#store.explained(async () => moveSync(this.#store, from, to));
  }

  async remove(sync: string, keys?: readonly string[]): Promise<number> {
    return this.#store.reading(0, async () => removeSync(this.#store, sync, keys));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#runs) await run.close();
    await this.#store[Symbol.asyncDispose]();
  }

  #reading(workspace: Workspace): Reading {
    this.#attachments += 1;
    return { store: this.#store, workspace, prefix: `state_${this.#attachments}` };
  }
}

function runRecordsOf(sync: string, runId: string, relation: string): string {
  return `(SELECT ${literal(sync)} AS sync, ${literal(runId)} AS run_id, * FROM ${relation})`;
}
