/** A run that writes: what it announces and what becomes of it is in its journal before it goes on; the end folds it in. */
import { InternalError } from '../../errors.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { PlannedChanges, RecordedOutcome, RunStart, RunWriter, SeqRange } from '../state.ts';
import { foldRun } from './fold.ts';
import { type OpenRun, readHead, type StoredHead } from './heads.ts';
import { deleteJournal, JournalWriter, readJournal } from './journal.ts';
import type { BigQueryLease } from './lease.ts';
import type { Store } from './store.ts';
import { RUN_RECORDS, RUNS, tablesOf } from './names.ts';
import { HEAD_COLUMNS } from './tables.ts';

const ATTEMPTS = 5;

/** Folds what an earlier run left behind, then starts this one. */
export async function beginRun(
  store: Store,
  start: RunStart,
  { lease, plan }: { lease: BigQueryLease; plan: PlannedChanges },
): Promise<BigQueryRun> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await foldLeftovers(store, lease, plan.workspace);
    await deleteForgotten(store, start.sync, before);
    const run = openRun(store, start, lease, before.serial + 1);
    if (await announce(store, run, before)) return new BigQueryRun(store, { lease, run, plan, before });
    await lease.confirm();
  }
  throw new InternalError(`the run ${start.runId} did not begin`);
}

function openRun(store: Store, start: RunStart, lease: BigQueryLease, serial: number): OpenRun {
  const journal = tablesOf(store.owner, start.sync).journal(serial, start.runId);
  return { ...start, serial, owner: lease.owner, generation: lease.generation, journal };
}

/** The journal of the last run, if its process died before it could delete it. */
async function deleteForgotten(store: Store, sync: string, { head, serial }: StoredHead): Promise<void> {
  const last = head?.lastRun;
  if (last !== null && last !== undefined) await deleteJournal(store, tablesOf(store.owner, sync).journal(serial, last.runId));
}

/** Writes the run into the head, if it is as it was. False when it is not. */
async function announce(store: Store, run: OpenRun, before: StoredHead): Promise<boolean> {
  const { serial: _serial, ...stored } = run;
  const result = await store.script({
    phase: 'begin',
    key: `begin ${run.journal} ${run.generation}`,
    sql: `UPDATE ${store.table(tablesOf(store.owner, run.sync).head)}
      SET serial = ${run.serial}, generation = ${run.generation}, run_id = @run_id, run = @run
      WHERE serial = ${before.serial} AND generation <= ${run.generation} AND run_id IS NULL`,
    params: { run_id: run.runId, run: JSON.stringify(stored) },
  });
  if (result.dml.updated === 1) return true;
  // The statement may have been repeated after it took effect.
  const found = (await readHead(store, run.sync))?.run;
  return found?.runId === run.runId && found.generation === run.generation;
}

/** Runs whose process died count as partial: outcomes that were never recorded stay pending. Returns the head afterwards. */
export async function foldLeftovers(store: Store, lease: BigQueryLease, workspace: Workspace): Promise<StoredHead> {
  await lease.confirm();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const head = (await readHead(store, lease.sync)) ?? (await makeHead(store, lease.sync));
    if (head.run === undefined) return head;
    const journal = await readJournal(store, workspace, head.run, `leftover_${head.run.serial}_${attempt}`);
    await foldRun(store, { lease, run: head.run, workspace, journal, ending: undefined });
  }
  throw new InternalError(`the unfinished run of ${lease.sync} could not be folded in`);
}

/** The row of a sync: made with its table, so that there is one. */
export async function makeHead(store: Store, sync: string): Promise<StoredHead> {
  const given: Readonly<Record<string, string>> = {
    sync_id: '@sync_id',
    project: '@project',
    environment: '@environment',
    sync: '@sync',
    serial: '0',
    generation: '0',
    records: '0',
  };
  const columns = HEAD_COLUMNS.map(({ name, type }) => `CAST(${given[name] ?? 'NULL'} AS ${type}) AS \`${name}\``);
  const name = tablesOf(store.owner, sync).head;
  const syncId = store.context.randomHex(8);
  await store.script({
    phase: 'begin',
    key: `head ${name} ${syncId}`,
    sql: `CREATE TABLE IF NOT EXISTS ${store.table(name)} AS SELECT ${columns.join(', ')}`,
    params: { sync_id: syncId, project: store.owner.project, environment: store.owner.environment, sync },
  });
  const head = await readHead(store, sync);
  if (head === undefined) throw new InternalError(`the head of ${sync} is gone`);
  return head;
}

export class BigQueryRun implements RunWriter {
  readonly #store: Store;
  readonly #lease: BigQueryLease;
  readonly #run: OpenRun;
  readonly #plan: PlannedChanges;
  readonly #before: StoredHead;
  readonly #journal: JournalWriter;

  constructor(store: Store, parts: { lease: BigQueryLease; run: OpenRun; plan: PlannedChanges; before: StoredHead }) {
    this.#store = store;
    this.#lease = parts.lease;
    this.#run = parts.run;
    this.#plan = parts.plan;
    this.#before = parts.before;
    this.#journal = new JournalWriter(store, parts.run, parts.plan.workspace);
  }

  get serial(): number {
    return this.#run.serial;
  }

  /** Changes with a final outcome (rejected and held ones too) in earlier runs of this plan that did not finish it. */
  async acknowledged(): Promise<ReadonlySet<number>> {
    // After a run of another plan this one would be stale.
    if (this.#before.head?.lastRun?.planId !== this.#run.planId) return new Set();
    const done = `SELECT DISTINCT c.seq FROM ${this.#store.table(RUN_RECORDS)} AS c JOIN ${this.#store.table(RUNS)} AS r ON r.run_id = c.run_id
      WHERE r.sync_id = @sync_id AND r.plan_id = @plan_id AND r.status <> 'finished' AND c.status IN ('applied', 'unchanged', 'rejected', 'held')`;
    const rows = await this.#store.select(
      'resume',
      `SELECT CAST(MIN(seq) AS STRING) AS first, CAST(MAX(seq) AS STRING) AS last
       FROM (SELECT seq, seq - ROW_NUMBER() OVER (ORDER BY seq) AS island FROM (${done}) AS d) AS i GROUP BY island`,
      { sync_id: this.#before.syncId, plan_id: this.#run.planId },
    );
    return new Set(rows.flatMap((row) => numbers(Number(row['first']), Number(row['last']))));
  }

  /** Asked after each write: who takes the lease later finds this in the journal. */
  async intend(changes: readonly SeqRange[]): Promise<void> {
    await this.#store.explained(async () => this.#journal.announce(changes));
    await this.#lease.confirm();
  }

  async record(outcomes: readonly RecordedOutcome[]): Promise<void> {
    await this.#store.explained(async () => this.#journal.record(outcomes));
    await this.#lease.confirm();
  }

  async finish(ending: Parameters<RunWriter['finish']>[0]): Promise<void> {
    await this.#lease.confirm();
    const { workspace } = this.#plan;
    await this.#store.explained(async () =>
      foldRun(this.#store, { lease: this.#lease, run: this.#run, workspace, journal: this.#journal.appended, ending }),
    );
    await this.close();
  }

  /** Removes what it left in the workspace's folder. */
  async close(): Promise<void> {
    await this.#journal.close();
  }
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
