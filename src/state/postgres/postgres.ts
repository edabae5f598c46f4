/**
 * State in a schema of a Postgres database, for a team and its CI runners. Records, history and leases are tables
 * (`tables.ts`); a run announces and records in a journal and is folded in by one transaction (`fold.ts`).
 */
import type { Connection } from '../../config/model.ts';
import type { Context, TellsTime } from '../../context.ts';
import type { Location } from '../../errors.ts';
import type { BaseTable } from '../../workspace/base-table.ts';
import { literal } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { Dump } from '../dump.ts';
import type { BaseRelations, Lease, LeaseHolder, PlannedChanges, Run, RunStart, RunWriter, State, SyncState } from '../state.ts';
import { attemptsSql, countOutcomes, expectMany } from './attempts.ts';
import { currentLayer, emptyBase, emptyLoaded, loadBase, loadedRelation, loadTable, storedTable } from './base.ts';
import { RUN_RECORD_LIST } from './fold.ts';
import { headAfter, newestFirst, openRuns, runUnderWay, storedRuns, storedSyncs } from './heads.ts';
import { acquireLease, endLease, leaseHolder } from './lease.ts';
import { restoreState } from './restore.ts';
import { checkRights } from './rights.ts';
import { beginRun } from './run.ts';
import { Store } from './store.ts';
import { RUN_RECORD_COLUMNS } from './tables.ts';
import { moveSync, removeSync } from './upkeep.ts';

export interface PostgresStateOptions {
  readonly connection: Connection;
  readonly schema: string;
  readonly project: string;
  readonly environment: string | null;
  /** Where the project file names the schema. */
  readonly location?: Location | undefined;
}

export class PostgresState implements State, TellsTime {
  readonly description: string;
  readonly #store: Store;
  #attachments = 0;

  constructor(context: Context, options: PostgresStateOptions) {
    const { connection, schema, project, environment, location } = options;
    this.description = `schema ${schema} of connection ${connection.name}`;
    const place = { description: this.description, schema, location };
    this.#store = new Store(context, { project, environment: environment ?? '' }, { connection, place, application: 'sluice state' });
  }

  async head(sync: string): Promise<SyncState | undefined> {
    return (await this.#heads(sync))[0];
  }

  async heads(): Promise<readonly SyncState[]> {
    return this.#heads(undefined);
  }

  async attach(workspace: Workspace, sync: string): Promise<BaseRelations> {
    return this.#store.reading(emptyBase(), async (client) =>
      loadBase(client, workspace, { layer: await currentLayer(client, this.#store, sync), prefix: this.#unique() }),
    );
  }

  async table(workspace: Workspace, sync: string): Promise<BaseTable | undefined> {
    return this.#store.reading(undefined, async (client) =>
      storedTable(client, workspace, { store: this.#store, sync, prefix: this.#unique() }),
    );
  }

  async restore(dump: Dump): Promise<void> {
    await restoreState(this.#store, dump);
  }

  async rights(): Promise<string> {
    return this.#store.askServer(async (client) => checkRights(client, this.#store.place));
  }

  /** The server's clock, by which leases expire. */
  async clock(): Promise<number> {
    return this.#store.askServer(async (client) => {
      const [row] = await client.rows('SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS now');
      return Number(row?.['now']);
    });
  }

  async acquire(sync: string, owner: string): Promise<Lease> {
    return acquireLease(this.#store, sync, owner);
  }

  async holder(sync: string): Promise<LeaseHolder | undefined> {
    return this.#store.reading(undefined, async (client) => {
      const syncId = await this.#store.findSyncId(client, sync);
      return syncId === undefined ? undefined : leaseHolder(client, this.#store.tables, syncId);
    });
  }

  async unlock(sync: string, generation: number): Promise<void> {
    await endLease(this.#store, sync, generation);
  }

  async begin(run: RunStart, lease: Lease, plan: PlannedChanges): Promise<RunWriter> {
    return beginRun(this.#store, run, lease, plan);
  }

  async runs(sync?: string): Promise<readonly Run[]> {
    const { tables, owner } = this.#store;
    return this.#store.reading([], async (client) => {
      const runs = await storedRuns(client, tables, owner, sync);
      await expectMany(client);
      for (const open of await openRuns(client, tables, owner, sync)) {
        const { counts } = await countOutcomes(client, `(${await attemptsSql(client, tables, open)})`);
        runs.push(runUnderWay(open, counts));
      }
      return newestFirst(runs);
    });
  }

  async runRecords(workspace: Workspace, runId: string): Promise<string> {
    const { tables, owner } = this.#store;
    return this.#store.reading(runRecordsOf('', runId, emptyLoaded(RUN_RECORD_COLUMNS)), async (client) => {
      const loaded = { columns: RUN_RECORD_COLUMNS, table: `${this.#unique()}_run_records` };
      const open = (await openRuns(client, tables, owner)).find((run) => run.runId === runId);
      if (open !== undefined) {
        await expectMany(client);
        const attempts = await attemptsSql(client, tables, open);
        await loadTable(client, workspace, loaded, `SELECT ${RUN_RECORD_LIST} FROM (${attempts}) AS a WHERE wave > 0`);
        return runRecordsOf(open.sync, runId, loadedRelation(loaded));
      }
      const run = (await storedRuns(client, tables, owner, undefined)).find((each) => each.runId === runId);
      if (run === undefined) return runRecordsOf('', runId, emptyLoaded(RUN_RECORD_COLUMNS));
      const ids = `SELECT r.id FROM ${tables.runs} AS r JOIN ${tables.syncs} AS s ON s.id = r.sync_id
        WHERE r.run_id = ${literal(runId)} AND s.project = ${literal(owner.project)} AND s.environment = ${literal(owner.environment)}`;
      await loadTable(client, workspace, loaded, `SELECT ${RUN_RECORD_LIST} FROM ${tables.runRecords} WHERE run IN (${ids})`);
      return runRecordsOf(run.sync, runId, loadedRelation(loaded));
    });
  }

  async move(from: string, to: string): Promise<void> {
    await moveSync(this.#store, from, to);
  }

  async remove(sync: string, keys?: readonly string[]): Promise<number> {
    return removeSync(this.#store, sync, keys);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }

  async #heads(sync: string | undefined): Promise<readonly SyncState[]> {
    const { tables, owner } = this.#store;
    return this.#store.reading([], async (client) => {
      const stored = await storedSyncs(client, tables, owner, sync);
      const heads = new Map(stored.flatMap(({ sync: name, head }) => (head === undefined ? [] : [[name, head] as const])));
      for (const open of await openRuns(client, tables, owner, sync)) heads.set(open.sync, headAfter(heads.get(open.sync), open));
      return [...heads.values()].sort((a, b) => (a.sync < b.sync ? -1 : 1));
    });
  }

  #unique(): string {
    this.#attachments += 1;
    return `state_${this.#attachments}`;
  }
}

function runRecordsOf(sync: string, runId: string, relation: string): string {
  return `(SELECT ${literal(sync)} AS sync, ${literal(runId)} AS run_id, * FROM ${relation})`;
}
