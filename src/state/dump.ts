/** Everything a state holds, in a DuckDB file of its own: what travels from one backend to another. */
import type { Run, State, SyncState } from './state.ts';
import { literal, qualified } from '../workspace/quote.ts';
import { Workspace } from '../workspace/workspace.ts';

/** The name under which a dump is attached. */
export const DUMP_DB = 'state_dump';

export interface Dump {
  readonly path: string;
  /** In the order of their names. Their records are in {@link recordsIn}, by their place in this list. */
  readonly heads: readonly SyncState[];
  readonly runs: readonly Run[];
}

/** Relations of a workspace that hold what a dump holds, with the same columns. */
export interface Contents {
  /** By the place of the sync. */
  readonly records: readonly string[];
  readonly rejects: string;
  readonly runRecords: string;
}

const RECORDS = `key_hash UBIGINT, row_hash UBIGINT, live_hash UBIGINT, key VARCHAR, sent VARCHAR, returned VARCHAR, verified BOOLEAN, origin VARCHAR,
  remote_id VARCHAR, left_at TIMESTAMP, left_as VARCHAR, run_id VARCHAR, pending VARCHAR`;
const REJECTS = 'sync VARCHAR, key VARCHAR, row_hash UBIGINT, code VARCHAR, message VARCHAR, next_try TIMESTAMP, run_id VARCHAR';
const RUN_RECORDS = `sync VARCHAR, run_id VARCHAR, seq BIGINT, key VARCHAR, action VARCHAR, status VARCHAR, fields VARCHAR[], before VARCHAR,
  remote_id VARCHAR, code VARCHAR, message VARCHAR`;

/** What an attached dump holds. */
export function contentsOf(dump: Dump): Contents {
  return {
    records: dump.heads.map((_, place) => inDump(`records_${place}`)),
    rejects: inDump('rejects'),
    runRecords: inDump('run_records'),
  };
}

function inDump(table: string): string {
  return qualified(DUMP_DB, 'main', table);
}

/** Reads a whole state into a new file. Nothing may be written to it meanwhile. */
export async function dumpState(state: State, path: string): Promise<Dump> {
  const [found, runs] = [await state.heads(), await state.runs()];
  const contents = contentsOf({ path, heads: found, runs });
  await using workspace = await Workspace.open();
  await workspace.attach(path, DUMP_DB, 'write');
  await workspace.run(`CREATE TABLE ${contents.rejects} (${REJECTS})`);
  await workspace.run(`CREATE TABLE ${contents.runRecords} (${RUN_RECORDS})`);
  const heads: SyncState[] = [];
  for (const [place, head] of found.entries()) {
    const records = await dumpBase(workspace, state, {
      sync: head.sync,
      rejects: contents.rejects,
      records: contents.records[place] ?? '',
    });
    heads.push({ ...head, records });
  }
  for (const run of runs) {
    const records = await state.runRecords(workspace, run.runId);
    await workspace.run(`INSERT INTO ${contents.runRecords} BY NAME SELECT * FROM ${records} WHERE sync = $sync`, { sync: run.sync });
  }
  await workspace.detach(DUMP_DB);
  return { path, heads, runs };
}

/** Returns the number of records: a head does not count those of a run that is not folded in. */
async function dumpBase(workspace: Workspace, state: State, into: { sync: string; records: string; rejects: string }): Promise<number> {
  const base = await state.attach(workspace, into.sync);
  await workspace.run(`CREATE TABLE ${into.records} (${RECORDS})`);
  await workspace.run(`INSERT INTO ${into.records} BY NAME SELECT * FROM ${base.records}`);
  await workspace.run(`INSERT INTO ${into.rejects} BY NAME SELECT ${literal(into.sync)} AS sync, * FROM ${base.rejects}`);
  return base.count;
}

/** How many rows each relation has and a checksum of their contents that does not depend on their order. */
export async function checksums(workspace: Workspace, contents: Contents): Promise<string> {
  const sums: string[] = [];
  for (const [relation, columns] of [
    ...contents.records.map((records) => [records, RECORDS] as const),
    [contents.rejects, REJECTS] as const,
    [contents.runRecords, RUN_RECORDS] as const,
  ]) {
    const names = columns.split(',').map((column) => `"${column.trim().split(' ', 1)[0] ?? ''}"`);
    const row = await workspace.row(
      `SELECT count(*) || ' rows, ' || coalesce(sum(CAST(hash(${names.join(', ')}) AS HUGEINT)), 0) AS sum FROM ${relation}`,
    );
    sums.push(String(row['sum']));
  }
  return sums.join('; ');
}
