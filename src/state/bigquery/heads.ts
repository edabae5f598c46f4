/** Heads of syncs and the list of runs: what is stored, then what a run adds that is not folded in yet. */
import { InternalError } from '../../errors.ts';
import type { Run, RunStart, RunStatus, SyncState } from '../state.ts';
import { leaseHolder } from './lease.ts';
import type { Store } from './store.ts';
import { isHead, RUNS, tablesOf } from './names.ts';
import { HEAD_COLUMNS, RUN_COLUMNS } from './tables.ts';

/** Rows of small tables, as text. */
export type TextRow = Readonly<Record<string, string | null>>;

/** A run that is not folded in: it is under way, or its process died. */
export interface OpenRun extends RunStart {
  readonly owner: string;
  readonly generation: number;
  readonly serial: number;
  /** Name of its journal; there is none while nothing was announced. */
  readonly journal: string;
}

/** What the head table of a sync holds. */
export interface StoredHead {
  /** Stays the same when the sync is renamed. */
  readonly syncId: string;
  readonly sync: string;
  /** The highest serial the sync ever had, an open run's included: never starts again, which would revive old plans. */
  readonly serial: number;
  /** Generation of the lease that wrote last. */
  readonly generation: number;
  /** Undefined while nothing was written, and after everything was forgotten. */
  readonly head: StoredState | undefined;
  readonly run: OpenRun | undefined;
  /** Changes with the row: two readings that agree saw the same state. */
  readonly version: string;
}

/** Head of what is folded in. */
export interface StoredState extends Omit<SyncState, 'sync' | 'serial'> {
  /** Names of the tables that hold base. */
  readonly tables: { readonly records: string; readonly rejects: string };
}

/** Read without a job. Undefined while nothing was ever written. */
export async function readHead(store: Store, sync: string): Promise<StoredHead | undefined> {
  const rows = await store.client.tables.rows(
    store.ref(tablesOf(store.owner, sync).head),
    HEAD_COLUMNS.map(({ name }) => name),
  );
  const row = rows?.[0];
  return row === undefined ? undefined : headOf(row);
}

/** Of all syncs, in the order of their names. */
export async function readHeads(store: Store): Promise<StoredHead[]> {
  const { owner } = store;
  const names = HEAD_COLUMNS.map(({ name }) => name);
  const heads: StoredHead[] = [];
  for (const table of await store.client.tables.list(store.place.dataset)) {
    if (!isHead(table, owner)) continue;
    const row = (await store.client.tables.rows(store.ref(table), names))?.[0];
    if (row?.['project'] === owner.project && row['environment'] === owner.environment) heads.push(headOf(row));
  }
  return heads.sort((a, b) => (a.sync < b.sync ? -1 : 1));
}

function headOf(row: TextRow): StoredHead {
  const serial = Number(row['serial']);
  const stored = parsed(row['head']) as Omit<StoredState, 'records'> | undefined;
  const run = parsed(row['run']) as Omit<OpenRun, 'serial'> | undefined;
  return {
    syncId: text(row, 'sync_id'),
    sync: text(row, 'sync'),
    serial,
    generation: Number(row['generation']),
    head: stored === undefined ? undefined : { ...stored, records: Number(row['records']) },
    run: run === undefined ? undefined : { ...run, serial },
    version: JSON.stringify([row['sync'], row['serial'], row['records'], row['head'], row['run']]),
  };
}

/** As readers see it; undefined while there is none. */
export async function currentHead(store: Store, stored: StoredHead): Promise<SyncState | undefined> {
  const { head, run, sync, serial } = stored;
  if (run === undefined) {
    if (head === undefined) return undefined;
    const { tables: _tables, ...state } = head;
    return { sync, serial, ...state };
  }
  const isKept = head?.lineage === run.lineage;
  return {
    sync,
    lineage: run.lineage,
    serial,
    // What the run did not touch has hashes of the former kind until it is folded.
    hashId: isKept ? head.hashId : run.hashId,
    destination: run.destination,
    fields: run.fields,
    records: isKept ? head.records : 0,
    lastRun: { runId: run.runId, planId: run.planId, status: await statusOf(store, run) },
  };
}

/** Its lease is held, or its process died. */
async function statusOf(store: Store, run: OpenRun): Promise<RunStatus> {
  return (await leaseHolder(store, run.sync))?.generation === run.generation ? 'running' : 'partial';
}

export async function runUnderWay(store: Store, run: OpenRun, counts: Run['counts']): Promise<Run> {
  const { runId, planId, sync, serial, startedAt, owner, commit } = run;
  return { runId, planId, sync, serial, startedAt, finishedAt: null, status: await statusOf(store, run), owner, commit, counts };
}

/** Folded runs of these syncs. One job. */
export async function storedRuns(store: Store, heads: readonly StoredHead[]): Promise<Run[]> {
  if (heads.length === 0) return [];
  const names = new Map(heads.map(({ syncId, sync }) => [syncId, sync]));
  const rows = await store.select(
    'runs',
    `SELECT ${RUN_COLUMNS.map(({ name }) => `CAST(\`${name}\` AS STRING) AS \`${name}\``).join(', ')} FROM ${store.table(RUNS)}
     WHERE sync_id IN UNNEST(JSON_VALUE_ARRAY(@syncs))`,
    { syncs: JSON.stringify([...names.keys()]) },
  );
  return rows.map((row) => ({
    runId: text(row, 'run_id'),
    planId: text(row, 'plan_id'),
    sync: names.get(text(row, 'sync_id')) ?? '',
    serial: Number(row['serial']),
    startedAt: Number(row['started_at']),
    finishedAt: row['finished_at'] === null ? null : Number(row['finished_at']),
    status: row['status'] === 'finished' || row['status'] === 'running' ? row['status'] : 'partial',
    owner: text(row, 'owner'),
    commit: row['commit'] ?? null,
    counts: JSON.parse(text(row, 'counts')) as Record<string, number>,
  }));
}

export function newestFirst(runs: readonly Run[]): Run[] {
  return [...runs].sort((a, b) => b.startedAt - a.startedAt || b.serial - a.serial);
}

function parsed(json: string | null | undefined): unknown {
  return typeof json === 'string' ? JSON.parse(json) : undefined;
}

function text(row: TextRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new InternalError(`state has no ${column}`);
  return value;
}
