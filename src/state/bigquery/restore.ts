/** Fills an empty state with the contents of another one. */
import { InternalError } from '../../errors.ts';
import { literal } from '../../workspace/quote.ts';
import { Workspace } from '../../workspace/workspace.ts';
import { checksums, contentsOf, type Contents, type Dump, DUMP_DB } from '../dump.ts';
import { filledError } from '../migrate.ts';
import type { Run, SyncState } from '../state.ts';
import { loadTable as readTable, type Reading } from './base.ts';
import { staged } from './changes.ts';
import { inTransaction } from './fold.ts';
import { readHead, readHeads, type StoredHead, type StoredState, storedRuns } from './heads.ts';
import { makeHead } from './run.ts';
import { loadTable, makeBase } from './stage.ts';
import type { Store } from './store.ts';
import { RUN_RECORDS, RUNS, tablesOf } from './names.ts';
import {
  columnList,
  emptyLoaded,
  RECORD_COLUMNS,
  REJECT_COLUMNS,
  RUN_COLUMNS,
  RUN_RECORD_COLUMNS,
  STAGE_COLUMNS,
  type TypedColumn,
} from './tables.ts';

/**
 * All of it, compared with the dump before it counts, or nothing: tables are filled that nothing names yet, read back and
 * compared; then one script with one transaction names them.
 */
export async function restoreState(store: Store, dump: Dump): Promise<void> {
  await store.make();
  await refuseFilled(store);
  await using workspace = await Workspace.open();
  await workspace.attach(dump.path, DUMP_DB, 'read');
  const names = [...new Set([...dump.heads.map(({ sync }) => sync), ...dump.runs.map(({ sync }) => sync)])];
  const heads = new Map<string, StoredHead>();
  for (const name of names) heads.set(name, (await readHead(store, name)) ?? (await makeHead(store, name)));
  const copy = await copyContents(store, workspace, dump);
  const [copied, given] = [await checksums(workspace, copy.contents), await checksums(workspace, contentsOf(dump))];
  if (copied !== given) throw new InternalError(`the copy differs from what was copied: ${copied} instead of ${given}`);
  await publish(store, dump, copy, heads);
  for (const stage of copy.stages) await store.client.tables.delete(store.ref(stage));
}

async function refuseFilled(store: Store): Promise<void> {
  const heads = await readHeads(store);
  const filled = heads.filter(({ head, run }) => head !== undefined || run !== undefined);
  if (filled.length > 0 || (await storedRuns(store, heads)).length > 0) {
    throw filledError(
      store.place.description,
      filled.map(({ sync }) => sync),
    );
  }
}

interface Copy {
  /** By the place of the sync in the dump. */
  readonly tables: readonly StoredState['tables'][];
  readonly stages: readonly string[];
  /** The table with the records of past runs. */
  readonly runRecords: string;
  /** What the tables hold, read back. */
  readonly contents: Contents;
}

async function copyContents(store: Store, workspace: Workspace, dump: Dump): Promise<Copy> {
  const from = contentsOf(dump);
  const reading = { store, workspace, prefix: 'restored' };
  const [tables, stages, records, rejects]: [StoredState['tables'][], string[], string[], string[]] = [[], [], [], []];
  for (const [place, head] of dump.heads.entries()) {
    const base = await makeBase(store, head.sync, head.serial);
    stages.push(await fillBase(reading, { head, base, records: from.records[place] ?? '', rejects: from.rejects }));
    tables.push(base);
    records.push(await readTable(reading, base.records, RECORD_COLUMNS));
    rejects.push(`SELECT ${literal(head.sync)} AS sync, * FROM ${await readTable(reading, base.rejects, REJECT_COLUMNS)}`);
  }
  const runRecords = await stageRunRecords(reading, dump, from.runRecords);
  const none = `SELECT CAST(NULL AS VARCHAR) AS sync, * FROM ${emptyLoaded(REJECT_COLUMNS)}`;
  return {
    tables,
    stages: [...stages, runRecords],
    runRecords,
    contents: {
      records,
      rejects: `(${[none, ...rejects].join(' UNION ALL ')})`,
      runRecords: await readRunRecords(reading, dump, runRecords),
    },
  };
}

interface BaseCopy {
  readonly head: SyncState;
  readonly base: StoredState['tables'];
  readonly records: string;
  readonly rejects: string;
}

/** Through a stage, because a table of base may hold what a restore that failed has left. Returns its name. */
async function fillBase({ store, workspace }: Reading, { head, base, records, rejects }: BaseCopy): Promise<string> {
  const stage = tablesOf(store.owner, head.sync).stage(head.serial, store.context.randomHex(4));
  await loadTable(store, workspace, {
    table: stage,
    sync: head.sync,
    relation: stageOf([
      `SELECT 'record' AS part, * FROM ${records}`,
      `SELECT 'reject' AS part, * EXCLUDE (sync) FROM ${rejects} WHERE sync = ${literal(head.sync)}`,
    ]),
  });
  const fill = (table: string, columns: readonly TypedColumn[], part: string): string[] => [
    `DELETE FROM ${store.table(table)} WHERE TRUE`,
    `INSERT INTO ${store.table(table)} (${columnList(columns)}) SELECT ${staged(columns)} FROM ${store.table(stage)} WHERE part = '${part}'`,
  ];
  await store.script({
    phase: 'migrate',
    key: `fill ${stage}`,
    sql: inTransaction([...fill(base.records, RECORD_COLUMNS, 'record'), ...fill(base.rejects, REJECT_COLUMNS, 'reject')]),
  });
  return stage;
}

/** Times of a stage are text, so the types of the parts must not meet. */
function stageOf(parts: readonly string[]): string {
  const texts = parts.map((part) => `SELECT * REPLACE (${timesOf(part)}) FROM (${part})`);
  const columns = STAGE_COLUMNS.map(({ name }) => `"${name}"`).join(', ');
  return `(SELECT ${columns} FROM (SELECT * FROM ${emptyLoaded(STAGE_COLUMNS)} ${texts.map((part) => `UNION ALL BY NAME ${part}`).join(' ')}))`;
}

function timesOf(part: string): string {
  const time = part.includes("'record'") ? 'left_at' : 'next_try';
  return `CAST(${time} AS VARCHAR) AS ${time}`;
}

/** Runs are known by their ids, which no two share. */
async function stageRunRecords({ store, workspace }: Reading, dump: Dump, runRecords: string): Promise<string> {
  const stage = `sluice_migrate_${store.context.randomHex(8)}`;
  const relation = `(SELECT ${STAGE_COLUMNS.map(({ name }) => `"${name}"`).join(', ')} FROM (SELECT * FROM ${emptyLoaded(STAGE_COLUMNS)}
    UNION ALL BY NAME SELECT 'run_record' AS part, * EXCLUDE (sync) FROM ${runRecords}))`;
  await loadTable(store, workspace, { table: stage, relation, sync: dump.heads[0]?.sync ?? '' });
  return stage;
}

async function readRunRecords(reading: Reading, dump: Dump, stage: string): Promise<string> {
  const { workspace } = reading;
  const relation = await readTable(reading, stage, STAGE_COLUMNS);
  const runs = 'restored_runs';
  await workspace.run(
    `CREATE TEMP TABLE ${runs} AS SELECT unnest(r) FROM (SELECT unnest(from_json($runs, '[{"sync": "VARCHAR", "run_id": "VARCHAR"}]')) AS r)`,
    { runs: JSON.stringify(dump.runs.map(({ sync, runId }) => ({ sync, run_id: runId }))) },
  );
  const columns = RUN_RECORD_COLUMNS.map(({ name }) => `s."${name}"`).join(', ');
  return `(SELECT r.sync, r.run_id, ${columns} FROM ${relation} AS s JOIN ${runs} AS r ON r.run_id = s.run_id)`;
}

async function publish(store: Store, dump: Dump, copy: Copy, heads: ReadonlyMap<string, StoredHead>): Promise<void> {
  const params: Record<string, string> = {};
  const named = dump.heads.map((head, place) => {
    const { sync: _sync, serial: _serial, records: _records, ...state } = head;
    const tables = copy.tables[place];
    params[`head_${place}`] = JSON.stringify({ ...state, tables });
    const table = store.table(tablesOf(store.owner, head.sync).head);
    return `UPDATE ${table} SET serial = ${head.serial}, records = (SELECT COUNT(*) FROM ${store.table(tables?.records ?? '')}), head = @head_${place} WHERE TRUE`;
  });
  const list = columnList(RUN_RECORD_COLUMNS);
  params['runs'] = JSON.stringify(dump.runs.map((run) => runRow(run, heads)));
  await store.script({
    phase: 'migrate',
    key: `publish ${copy.runRecords}`,
    sql: inTransaction([
      ...named,
      ...serialsOf(store, dump),
      `INSERT INTO ${store.table(RUNS)} (${columnList(RUN_COLUMNS)}) SELECT ${RUN_COLUMNS.map(runColumn).join(', ')} FROM UNNEST(JSON_QUERY_ARRAY(@runs)) AS r`,
      `INSERT INTO ${store.table(RUN_RECORDS)} (\`run_id\`, ${list}) SELECT run_id, ${list} FROM ${store.table(copy.runRecords)}`,
    ]),
    params,
  });
}

/** Of syncs that have runs, and no state any more. */
function serialsOf(store: Store, dump: Dump): string[] {
  const gone = new Map<string, number>();
  for (const { sync, serial } of dump.runs) {
    if (!dump.heads.some((head) => head.sync === sync)) gone.set(sync, Math.max(serial, gone.get(sync) ?? 0));
  }
  return [...gone].map(([sync, serial]) => `UPDATE ${store.table(tablesOf(store.owner, sync).head)} SET serial = ${serial} WHERE TRUE`);
}

function runRow(run: Run, heads: ReadonlyMap<string, StoredHead>): Record<string, string | null> {
  return {
    sync_id: heads.get(run.sync)?.syncId ?? '',
    run_id: run.runId,
    plan_id: run.planId,
    serial: String(run.serial),
    started_at: String(run.startedAt),
    finished_at: run.finishedAt === null ? null : String(run.finishedAt),
    status: run.status,
    owner: run.owner,
    commit: run.commit,
    counts: JSON.stringify(run.counts),
  };
}

function runColumn({ name, type }: TypedColumn): string {
  return `CAST(JSON_VALUE(r, '$.${name}') AS ${type})`;
}
