/** Heads of syncs and the list of runs: what is stored, then what a run adds that is not folded in yet. */
import { InternalError } from '../../errors.ts';
import type { PgClient, PgRow } from '../../postgres/client.ts';
import type { Run, RunStatus, SyncState } from '../state.ts';
import type { Tables } from './tables.ts';

/** Whose state: several projects and environments may share a schema. */
export interface Owner {
  readonly project: string;
  /** Empty: the project has none. */
  readonly environment: string;
}

/** A row of `syncs`. */
export interface StoredSync {
  readonly id: string;
  readonly sync: string;
  /** Undefined while nothing was written, and after everything was forgotten. */
  readonly head: SyncState | undefined;
  /** Number of its records table. */
  readonly recordsTable: string | undefined;
}

/** A run that is not folded in: it is under way, or its process died. */
export interface OpenRun {
  readonly id: string;
  readonly syncId: string;
  readonly sync: string;
  readonly runId: string;
  readonly planId: string;
  readonly serial: number;
  readonly lineage: string;
  readonly hashId: string;
  readonly destination: string;
  readonly fields: readonly string[];
  readonly startedAt: number;
  readonly owner: string;
  readonly commit: string | null;
  /** Some key occurs in several of its changes. */
  readonly repeats: boolean;
  /** Its lease is held. */
  readonly isRunning: boolean;
}

export async function storedSyncs(client: PgClient, tables: Tables, { project, environment }: Owner, sync?: string): Promise<StoredSync[]> {
  const rows = await client.rows(
    `SELECT * FROM ${tables.syncs} WHERE project = $1 AND environment = $2 AND ($3::text IS NULL OR sync = $3) ORDER BY sync COLLATE "C"`,
    [project, environment, sync ?? null],
  );
  return rows.map((row) => ({
    id: text(row, 'id'),
    sync: text(row, 'sync'),
    head: headOf(row),
    recordsTable: row['records_table'] ?? undefined,
  }));
}

function headOf(row: PgRow): SyncState | undefined {
  const lineage = row['lineage'];
  if (typeof lineage !== 'string') return undefined;
  const lastRun =
    row['last_run_id'] === null
      ? null
      : { runId: text(row, 'last_run_id'), planId: text(row, 'last_plan_id'), status: status(row['last_status']) };
  return {
    sync: text(row, 'sync'),
    lineage,
    serial: Number(row['serial']),
    hashId: text(row, 'hash_id'),
    destination: text(row, 'destination'),
    fields: texts(row['fields']),
    records: Number(row['records']),
    lastRun,
  };
}

/** Runs that are not folded in, by the id of their sync: one at most for each. */
export async function openRuns(client: PgClient, tables: Tables, { project, environment }: Owner, sync?: string): Promise<OpenRun[]> {
  const rows = await client.rows(
    `SELECT r.*, s.sync, coalesce(l.generation = r.generation AND l.expires_at > clock_timestamp(), false) AS is_running
     FROM ${tables.runs} AS r JOIN ${tables.syncs} AS s ON s.id = r.sync_id LEFT JOIN ${tables.leases} AS l ON l.sync_id = r.sync_id
     WHERE NOT r.folded AND s.project = $1 AND s.environment = $2 AND ($3::text IS NULL OR s.sync = $3)`,
    [project, environment, sync ?? null],
  );
  return rows.map((row) => openRun(row));
}

function openRun(row: PgRow): OpenRun {
  return {
    id: text(row, 'id'),
    syncId: text(row, 'sync_id'),
    sync: text(row, 'sync'),
    runId: text(row, 'run_id'),
    planId: text(row, 'plan_id'),
    serial: Number(row['serial']),
    lineage: text(row, 'lineage'),
    hashId: text(row, 'hash_id'),
    destination: text(row, 'destination'),
    fields: texts(row['fields']),
    startedAt: Number(row['started_at']),
    owner: text(row, 'owner'),
    commit: row['commit'] ?? null,
    repeats: row['repeats'] === 't',
    isRunning: row['is_running'] === 't',
  };
}

/** The head after a run that is not folded yet. */
export function headAfter(stored: SyncState | undefined, run: OpenRun): SyncState {
  return {
    sync: run.sync,
    lineage: run.lineage,
    serial: run.serial,
    // What the run did not touch has hashes of the former kind until it is folded.
    hashId: stored?.lineage === run.lineage ? stored.hashId : run.hashId,
    destination: run.destination,
    fields: run.fields,
    records: stored?.lineage === run.lineage ? stored.records : 0,
    lastRun: { runId: run.runId, planId: run.planId, status: run.isRunning ? 'running' : 'partial' },
  };
}

/** The highest serial a sync ever had: one that was forgotten does not start again at 1, which would revive old plans. */
export async function highestSerial(client: PgClient, tables: Tables, syncId: string): Promise<number> {
  const [row] = await client.rows(
    `SELECT greatest((SELECT serial FROM ${tables.syncs} WHERE id = $1), (SELECT max(serial) FROM ${tables.runs} WHERE sync_id = $1)) AS serial`,
    [syncId],
  );
  return Number(row?.['serial'] ?? 0);
}

/** Folded runs. */
export async function storedRuns(
  client: PgClient,
  tables: Tables,
  { project, environment }: Owner,
  sync: string | undefined,
): Promise<Run[]> {
  const rows = await client.rows(
    `SELECT r.*, s.sync FROM ${tables.runs} AS r JOIN ${tables.syncs} AS s ON s.id = r.sync_id
     WHERE r.folded AND s.project = $1 AND s.environment = $2 AND ($3::text IS NULL OR s.sync = $3)`,
    [project, environment, sync ?? null],
  );
  return rows.map((row) => ({
    runId: text(row, 'run_id'),
    planId: text(row, 'plan_id'),
    sync: text(row, 'sync'),
    serial: Number(row['serial']),
    startedAt: Number(row['started_at']),
    finishedAt: row['finished_at'] === null ? null : Number(row['finished_at']),
    status: status(row['status']),
    owner: text(row, 'owner'),
    commit: row['commit'] ?? null,
    counts: JSON.parse(text(row, 'counts')) as Record<string, number>,
  }));
}

export function runUnderWay(run: OpenRun, counts: Run['counts']): Run {
  const { runId, planId, sync, serial, startedAt, owner, commit } = run;
  return { runId, planId, sync, serial, startedAt, finishedAt: null, status: run.isRunning ? 'running' : 'partial', owner, commit, counts };
}

export function newestFirst(runs: readonly Run[]): Run[] {
  return [...runs].sort((a, b) => b.startedAt - a.startedAt || b.serial - a.serial);
}

function text(row: PgRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new InternalError(`state has no ${column}`);
  return value;
}

function texts(json: string | null | undefined): string[] {
  return typeof json === 'string' ? (JSON.parse(json) as string[]) : [];
}

function status(value: string | null | undefined): RunStatus {
  return value === 'finished' || value === 'running' ? value : 'partial';
}
