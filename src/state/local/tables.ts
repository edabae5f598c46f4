/** The tables of the state file (format 1). */
import { ident, qualified } from '../../workspace/quote.ts';

/** The name under which the state file is attached to a workspace. */
export const STATE_DB = 'sluice_state';

/** Base of one sync: relations that may stand after FROM. */
export interface Layer {
  readonly records: string;
  readonly rejects: string;
}

interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

export const RECORD_COLUMNS: readonly TypedColumn[] = [
  { name: 'key_hash', type: 'UBIGINT' },
  { name: 'row_hash', type: 'UBIGINT' },
  { name: 'live_hash', type: 'UBIGINT' },
  { name: 'key', type: 'VARCHAR' },
  { name: 'sent', type: 'VARCHAR' },
  { name: 'returned', type: 'VARCHAR' },
  { name: 'verified', type: 'BOOLEAN' },
  { name: 'origin', type: 'VARCHAR' },
  { name: 'remote_id', type: 'VARCHAR' },
  { name: 'left_at', type: 'TIMESTAMP' },
  { name: 'left_as', type: 'VARCHAR' },
  { name: 'run_id', type: 'VARCHAR' },
  { name: 'pending', type: 'VARCHAR' },
];

export const REJECT_COLUMNS: readonly TypedColumn[] = [
  { name: 'key', type: 'VARCHAR' },
  { name: 'row_hash', type: 'UBIGINT' },
  { name: 'code', type: 'VARCHAR' },
  { name: 'message', type: 'VARCHAR' },
  { name: 'next_try', type: 'TIMESTAMP' },
  { name: 'run_id', type: 'VARCHAR' },
];

export const RUN_RECORD_COLUMNS: readonly TypedColumn[] = [
  { name: 'sync', type: 'VARCHAR' },
  { name: 'run_id', type: 'VARCHAR' },
  { name: 'seq', type: 'BIGINT' },
  { name: 'key', type: 'VARCHAR' },
  { name: 'action', type: 'VARCHAR' },
  { name: 'status', type: 'VARCHAR' },
  { name: 'fields', type: 'VARCHAR[]' },
  { name: 'before', type: 'VARCHAR' },
  { name: 'remote_id', type: 'VARCHAR' },
  { name: 'code', type: 'VARCHAR' },
  { name: 'message', type: 'VARCHAR' },
];

/** `"key_hash", "row_hash", ...`, each with a prefix such as `b.` when one is given. */
export function columnList(columns: readonly TypedColumn[], prefix = ''): string {
  return columns.map((column) => `${prefix}${ident(column.name)}`).join(', ');
}

export function columnTypes(columns: readonly TypedColumn[]): string {
  return columns.map((column) => `${ident(column.name)} ${column.type}`).join(', ');
}

/** A relation of these columns without rows. */
export function emptyRelation(columns: readonly TypedColumn[]): string {
  return `(SELECT ${columns.map((column) => `CAST(NULL AS ${column.type}) AS ${ident(column.name)}`).join(', ')} WHERE false)`;
}

/** Each sync has a table of its own, so that a scan touches no other sync's rows. */
export function recordsTable(id: number): string {
  return qualified(STATE_DB, 'main', `records_${id}`);
}

export function rejectsOf(id: number): string {
  return `(SELECT ${columnList(REJECT_COLUMNS)} FROM ${STATE_DB}.rejects WHERE sync_id = ${id})`;
}

/** No indexes: an ART index over ten million keys costs more than every scan it would save. */
export const CREATE_TABLES: readonly string[] = [
  `CREATE TABLE ${STATE_DB}.meta (format INTEGER, project VARCHAR, environment VARCHAR, created_at TIMESTAMP)`,
  `CREATE TABLE ${STATE_DB}.syncs (sync VARCHAR, id INTEGER, lineage VARCHAR, serial BIGINT, hash_id VARCHAR, destination VARCHAR,
     fields VARCHAR[], records BIGINT, last_run_id VARCHAR, last_plan_id VARCHAR, last_status VARCHAR)`,
  `CREATE TABLE ${STATE_DB}.rejects (sync_id INTEGER, ${columnTypes(REJECT_COLUMNS)})`,
  `CREATE TABLE ${STATE_DB}.runs (run_id VARCHAR, plan_id VARCHAR, sync VARCHAR, serial BIGINT, started_at TIMESTAMP, finished_at TIMESTAMP,
     status VARCHAR, owner VARCHAR, "commit" VARCHAR, counts VARCHAR)`,
  `CREATE TABLE ${STATE_DB}.run_records (${columnTypes(RUN_RECORD_COLUMNS)})`,
];
