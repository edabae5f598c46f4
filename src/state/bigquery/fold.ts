/**
 * Folds a run into base: what it changes is loaded into a table of its own, and one script with one transaction does the
 * rest, so that a run is in it wholly or not at all. The head of the sync is changed in the same transaction, which two
 * processes cannot do at once.
 */
import { BigQueryError } from '../../bigquery/errors.ts';
import { TransientError } from '../../errors.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { dropAttempts } from '../attempts.ts';
import type { RunStatus } from '../state.ts';
import { type Changes, changesOf, mergeRecords, mergeRejects } from './changes.ts';
import { type OpenRun, readHead, type StoredHead, type StoredState } from './heads.ts';
import { attemptsIn, deleteJournal } from './journal.ts';
import { type BigQueryLease, lostError } from './lease.ts';
import type { Store } from './store.ts';
import { loadStage, makeBase, retire } from './stage.ts';
import { RUN_RECORDS, RUNS, tablesOf } from './names.ts';
import { columnList, RUN_COLUMNS, RUN_RECORD_COLUMNS } from './tables.ts';

/** How a run ended, told by the run itself; the plan in the workspace says what it changes in state only. */
export interface Ending {
  readonly status: RunStatus;
  readonly finishedAt: number;
}

const FENCE = 'the run is not under way any more, or a later lease has written';

export interface Folding {
  readonly lease: BigQueryLease;
  readonly run: OpenRun;
  /** Holds the journal. */
  readonly workspace: Workspace;
  /** A relation of the workspace. */
  readonly journal: string;
  /** Undefined: its process died. Then nothing is known of what the plan changes in state only. */
  readonly ending: Ending | undefined;
}

/** Does nothing when the run is folded already. */
export async function foldRun(store: Store, folding: Folding): Promise<void> {
  const { workspace, run, ending, journal } = folding;
  const prefix = `fold_${run.serial}`;
  const attempts = await attemptsIn(workspace, journal, prefix);
  const changes = await changesOf(workspace, {
    run: { sync: run.sync, runId: run.runId, at: ending?.finishedAt ?? run.startedAt },
    attempts,
    plan: ending === undefined ? undefined : 'plan',
    table: `${prefix}_changes`,
  });
  await dropAttempts(workspace, prefix);
  try {
    await storeChanges(store, folding, changes, attempts.counts);
  } finally {
    await workspace.run(`DROP TABLE ${changes.table}`);
  }
}

async function storeChanges(store: Store, folding: Folding, changes: Changes, counts: Readonly<Record<string, number>>): Promise<void> {
  const { run, lease } = folding;
  const before = await readHead(store, run.sync);
  if (before?.run?.runId !== run.runId) throw lostError(run.sync, lease.generation);
  const stage = await loadStage(store, folding, changes);
  const head = await nextHead(store, folding, before);
  await lease.confirm();
  try {
    await store.script({
      phase: 'fold',
      key: `fold ${run.journal} ${lease.generation} ${store.context.randomHex(8)}`,
      sql: foldScript(store, folding, { before, head, changes, stage }),
      lease,
      params: foldParams(folding, { before, head }, counts),
    });
  } catch (error) {
    if (!isFence(error)) throw error;
    await lease.confirm();
    // Nobody else did it, so the script was repeated after it took effect.
    if (!(await isFolded(store, run))) throw lostError(run.sync, lease.generation);
  }
  await cleanUp(store, folding, { before, head, stage });
}

function isFence(error: unknown): boolean {
  return error instanceof BigQueryError && error.message.includes(FENCE);
}

async function isFolded(store: Store, run: OpenRun): Promise<boolean> {
  return (await readHead(store, run.sync))?.head?.lastRun?.runId === run.runId;
}

/** The head afterwards. Another lineage begins with tables of its own. */
async function nextHead(store: Store, { run, ending }: Folding, before: StoredHead): Promise<Omit<StoredState, 'records'>> {
  const { lineage, hashId, destination, fields, runId, planId } = run;
  const lastRun = { runId, planId, status: ending?.status ?? 'partial' };
  const kept = before.head?.lineage === lineage ? before.head.tables : undefined;
  return { lineage, hashId, destination, fields, lastRun, tables: kept ?? (await makeBase(store, run.sync, run.serial)) };
}

interface Parts {
  readonly before: StoredHead;
  readonly head: Omit<StoredState, 'records'>;
  readonly changes: Changes;
  readonly stage: string | undefined;
}

function foldScript(store: Store, folding: Folding, { before, head, changes, stage }: Parts): string {
  const { run, lease } = folding;
  const heads = store.table(tablesOf(store.owner, run.sync).head);
  const records = store.table(head.tables.records);
  const from = stage === undefined ? '' : store.table(stage);
  const isRehashed = before.head?.lineage === run.lineage && before.head.hashId !== run.hashId;
  const list = columnList(RUN_RECORD_COLUMNS);
  return inTransaction([
    unlessFound(`${heads} WHERE run_id = @run_id AND generation <= ${lease.generation}`, FENCE),
    ...Array.from({ length: changes.steps }, (_, index) => mergeRecords(records, from, index + 1)),
    // Hashes of another kind say nothing from here on: whatever the run did not touch is a candidate of the next plan.
    ...(isRehashed ? [`UPDATE ${records} SET row_hash = NULL WHERE row_hash IS NOT NULL AND run_id IS DISTINCT FROM @run_id`] : []),
    ...(changes.rejects > 0 ? [mergeRejects(store.table(head.tables.rejects), from)] : []),
    ...(changes.runRecords > 0
      ? [`INSERT INTO ${store.table(RUN_RECORDS)} (\`run_id\`, ${list}) SELECT @run_id, ${list} FROM ${from} WHERE part = 'run_record'`]
      : []),
    insertRun(store, folding),
    `UPDATE ${heads} SET generation = ${lease.generation}, records = (SELECT COUNT(*) FROM ${records}), head = @head, run_id = NULL, run = NULL WHERE TRUE`,
  ]);
}

export function inTransaction(statements: readonly string[]): string {
  return ['BEGIN TRANSACTION', ...statements, 'COMMIT TRANSACTION'].map((statement) => `${statement};\n`).join('');
}

/** Ends the script with an error, and its transaction with it, unless there is one such row. */
export function unlessFound(from: string, message: string): string {
  return `SELECT IF((SELECT COUNT(*) FROM ${from}) = 1, 'found', ERROR('${message}'))`;
}

function insertRun(store: Store, { run, ending }: Folding): string {
  const numbers: Readonly<Record<string, number | undefined>> = {
    serial: run.serial,
    started_at: run.startedAt,
    finished_at: ending?.finishedAt,
  };
  const values = RUN_COLUMNS.map(({ name, type }) => (type === 'INT64' ? `CAST(${numbers[name] ?? 'NULL'} AS INT64)` : `@${name}`));
  return `INSERT INTO ${store.table(RUNS)} (${columnList(RUN_COLUMNS)}) VALUES (${values.join(', ')})`;
}

function foldParams(
  { run, ending }: Folding,
  { before, head }: Pick<Parts, 'before' | 'head'>,
  counts: Readonly<Record<string, number>>,
): Record<string, string | null> {
  return {
    sync_id: before.syncId,
    run_id: run.runId,
    plan_id: run.planId,
    status: ending?.status ?? 'partial',
    owner: run.owner,
    commit: run.commit,
    counts: JSON.stringify(counts),
    head: JSON.stringify(head),
  };
}

/** What is no longer needed goes; base of a former lineage only when its readers are done. The fold stands, whatever fails here. */
async function cleanUp(store: Store, { run }: Folding, { before, head, stage }: Omit<Parts, 'changes'>): Promise<void> {
  try {
    await deleteJournal(store, run.journal);
    if (stage !== undefined) await store.client.tables.delete(store.ref(stage));
    await retire(store, before.head?.tables, head.tables);
  } catch (error) {
    if (!(error instanceof TransientError || error instanceof BigQueryError)) throw error;
    store.context.emit({
      type: 'note',
      sync: run.sync,
      message: `a table that is not needed any more could not be deleted: ${error.message}`,
    });
  }
}
