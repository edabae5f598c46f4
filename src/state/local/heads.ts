/** Heads of syncs and the list of runs: what the state file says, then what journals add. */
import type { Row, Workspace } from '../../workspace/workspace.ts';
import type { Run, RunStatus, SyncState } from '../state.ts';
import type { JournalFile, RunEnd } from './journal.ts';
import { emptyRelation, type Layer, RECORD_COLUMNS, recordsTable, REJECT_COLUMNS, rejectsOf, STATE_DB } from './tables.ts';

/** What the state file knows of a sync. */
export interface StoredSync extends SyncState {
  /** Number of its records table. */
  readonly id: number;
}

export const NO_BASE: Layer = { records: emptyRelation(RECORD_COLUMNS), rejects: emptyRelation(REJECT_COLUMNS) };

/** Base as the state file has it, for a run of this lineage: another lineage starts from nothing. */
export function storedLayer(stored: StoredSync | undefined, lineage: string): Layer {
  return stored?.lineage === lineage ? { records: recordsTable(stored.id), rejects: rejectsOf(stored.id) } : NO_BASE;
}

export async function storedSyncs(workspace: Workspace, sync?: string): Promise<StoredSync[]> {
  const where = sync === undefined ? '' : 'WHERE sync = $sync';
  const rows = await workspace.rows(`SELECT * FROM ${STATE_DB}.syncs ${where} ORDER BY sync`, sync === undefined ? undefined : { sync });
  return rows.map((row) => storedSync(row));
}

function storedSync(row: Row): StoredSync {
  const lastRun =
    row['last_run_id'] === null
      ? null
      : { runId: text(row['last_run_id']), planId: text(row['last_plan_id']), status: status(row['last_status']) };
  return {
    id: Number(row['id']),
    sync: text(row['sync']),
    lineage: text(row['lineage']),
    serial: Number(row['serial']),
    hashId: text(row['hash_id']),
    destination: text(row['destination']),
    fields: texts(row['fields']),
    records: Number(row['records']),
    lastRun,
  };
}

/** The highest serial a sync ever had: one that was forgotten does not start again at 1, which would revive old plans. */
export async function highestSerial(workspace: Workspace, sync: string): Promise<number> {
  return workspace.count(
    `SELECT max(serial) FROM (SELECT serial FROM ${STATE_DB}.syncs WHERE sync = $sync UNION ALL SELECT serial FROM ${STATE_DB}.runs WHERE sync = $sync)`,
    { sync },
  );
}

/** Whether the journal's run is in the state file already: its process died before it could remove the journal. */
export async function isFolded(workspace: Workspace, journal: JournalFile): Promise<boolean> {
  return (await workspace.count(`SELECT count(*) FROM ${STATE_DB}.runs WHERE run_id = $runId`, { runId: journal.head.runId })) > 0;
}

/** The head after a run that is not folded yet. */
export function headAfter(stored: SyncState | undefined, journal: JournalFile, status: RunStatus): SyncState {
  const { head } = journal;
  return {
    sync: journal.sync,
    lineage: head.lineage,
    serial: head.serial,
    // What the run did not touch has hashes of the former kind until it is folded.
    hashId: stored?.lineage === head.lineage ? stored.hashId : head.hashId,
    destination: head.destination,
    fields: head.fields,
    records: stored?.lineage === head.lineage ? stored.records : 0,
    lastRun: { runId: head.runId, planId: head.planId, status },
  };
}

export async function storedRuns(workspace: Workspace, sync: string | undefined): Promise<Run[]> {
  const where = sync === undefined ? '' : 'WHERE sync = $sync';
  const rows = await workspace.rows(
    `SELECT * REPLACE (epoch_ms(started_at) AS started_at, epoch_ms(finished_at) AS finished_at) FROM ${STATE_DB}.runs ${where}`,
    sync === undefined ? undefined : { sync },
  );
  return rows.map((row) => ({
    runId: text(row['run_id']),
    planId: text(row['plan_id']),
    sync: text(row['sync']),
    serial: Number(row['serial']),
    startedAt: Number(row['started_at']),
    finishedAt: row['finished_at'] === null ? null : Number(row['finished_at']),
    status: status(row['status']),
    owner: text(row['owner']),
    commit: row['commit'] === null ? null : text(row['commit']),
    counts: JSON.parse(text(row['counts'])) as Record<string, number>,
  }));
}

export function journalRun(journal: JournalFile, end: RunEnd | undefined, counts: Run['counts'], isRunning: boolean): Run {
  const { runId, planId, serial, startedAt, owner, commit } = journal.head;
  const state = end?.status ?? (isRunning ? 'running' : 'partial');
  return {
    runId,
    planId,
    sync: journal.sync,
    serial,
    startedAt,
    finishedAt: end?.finishedAt ?? null,
    status: state,
    owner,
    commit,
    counts,
  };
}

export function newestFirst(runs: readonly Run[]): Run[] {
  return [...runs].sort((a, b) => b.startedAt - a.startedAt || b.serial - a.serial);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map((each) => text(each)) : [];
}

function status(value: unknown): RunStatus {
  return value === 'finished' || value === 'running' ? value : 'partial';
}
