/** Fills an empty state with the contents of another one. */
import { InternalError } from '../../errors.ts';
import type { PgClient } from '../../postgres/client.ts';
import { copyChunks } from '../../postgres/copy-text.ts';
import { signedHashText } from '../../workspace/base-table.ts';
import { literal } from '../../workspace/quote.ts';
import { Workspace } from '../../workspace/workspace.ts';
import { checksums, contentsOf, type Contents, type Dump, DUMP_DB } from '../dump.ts';
import { filledError } from '../migrate.ts';
import type { Run, SyncState } from '../state.ts';
import { loadedRelation, loadTable } from './base.ts';
import { storedRuns, storedSyncs } from './heads.ts';
import type { Store } from './store.ts';
import { columnList, columnTypes, RECORD_COLUMNS, REJECT_COLUMNS, RUN_RECORD_COLUMNS, type TypedColumn } from './tables.ts';

/** All of it, compared with the dump before it counts, or nothing. */
export async function restoreState(store: Store, dump: Dump): Promise<void> {
  await using workspace = await Workspace.open();
  await workspace.attach(dump.path, DUMP_DB, 'read');
  const attempts = { count: 0 };
  await store.writing(async (client) => {
    const isRepeated = attempts.count > 0;
    attempts.count += 1;
    const target: Target = { client, store, workspace, dump, prefix: `restored_${attempts.count}` };
    const syncs = (await storedSyncs(client, store.tables, store.owner)).filter((each) => each.head !== undefined);
    const isFilled = syncs.length > 0 || (await storedRuns(client, store.tables, store.owner, undefined)).length > 0;
    if (isFilled && !isRepeated)
      throw filledError(
        store.place.description,
        syncs.map((each) => each.sync),
      );
    // After a COMMIT of unknown outcome it may be there: the comparison tells.
    if (!isFilled) await fill(target);
    const [copied, given] = [await checksums(workspace, await stored(target)), await checksums(workspace, contentsOf(dump))];
    if (copied !== given) throw new InternalError(`the copy differs from what was copied: ${copied} instead of ${given}`);
  });
}

interface Target {
  readonly client: PgClient;
  readonly store: Store;
  /** The dump is attached to it. */
  readonly workspace: Workspace;
  readonly dump: Dump;
  readonly prefix: string;
}

async function fill(target: Target): Promise<void> {
  const { client, store, workspace, dump } = target;
  const contents = contentsOf(dump);
  for (const [place, head] of dump.heads.entries()) await storeSync(target, head, contents.records[place] ?? '');
  const runs: { id: string; sync: string; run_id: string }[] = [];
  for (const run of dump.runs) runs.push({ id: await storeRun(target, run), sync: run.sync, run_id: run.runId });
  const ids = `${target.prefix}_runs`;
  await workspace.run(
    `CREATE TEMP TABLE ${ids} AS SELECT unnest(r) FROM (SELECT unnest(from_json($runs, '[{"id": "VARCHAR", "sync": "VARCHAR", "run_id": "VARCHAR"}]')) AS r)`,
    { runs: JSON.stringify(runs) },
  );
  const columns = RUN_RECORD_COLUMNS.map((column) => `${asText(column, 'r.')} AS ${column.name}`).join(', ');
  await copy(
    target,
    `${store.tables.runRecords} (run, ${columnList(RUN_RECORD_COLUMNS)})`,
    `SELECT i.id AS run, ${columns} FROM ${contents.runRecords} AS r JOIN ${ids} AS i ON i.sync = r.sync AND i.run_id = r.run_id`,
  );
  await client.run(`ANALYZE ${store.tables.runRecords} (run)`);
}

async function copy({ client, workspace }: Target, into: string, select: string): Promise<void> {
  await client.copyIn(`COPY ${into} FROM STDIN`, copyChunks(workspace, select));
}

function asText({ name, loaded }: TypedColumn, prefix = ''): string {
  if (loaded === 'hash') return signedHashText(`${prefix}${name}`);
  return loaded === 'texts' ? `CAST(to_json(${prefix}${name}) AS VARCHAR)` : `CAST(${prefix}${name} AS VARCHAR)`;
}

function asTexts(columns: readonly TypedColumn[]): string {
  return columns.map((column) => `${asText(column)} AS ${column.name}`).join(', ');
}

async function storeSync(target: Target, head: SyncState, records: string): Promise<void> {
  const { client, store, dump } = target;
  const { tables, owner } = store;
  const [{ number = null } = {}] = await client.rows('SELECT nextval($1::regclass) AS number', [tables.numbers]);
  const table = tables.records(String(number));
  await client.run(`CREATE TABLE ${table} (${columnTypes(RECORD_COLUMNS)})`);
  await copy(target, `${table} (${columnList(RECORD_COLUMNS)})`, `SELECT ${asTexts(RECORD_COLUMNS)} FROM ${records}`);
  await client.run(`ALTER TABLE ${table} ADD PRIMARY KEY (key)`);
  await client.run(`ANALYZE ${table} (key, row_hash)`);
  await client.run(
    `UPDATE ${tables.syncs} SET lineage = $4, serial = $5, hash_id = $6, destination = $7, fields = $8, records = (SELECT count(*) FROM ${table}), records_table = $9,
       last_run_id = $10, last_plan_id = $11, last_status = $12 WHERE project = $1 AND environment = $2 AND sync = $3`,
    [owner.project, owner.environment, head.sync, head.lineage, head.serial, head.hashId, head.destination, JSON.stringify(head.fields), number,
      head.lastRun?.runId ?? null, head.lastRun?.planId ?? null, head.lastRun?.status ?? null],
  ); // prettier-ignore
  const id = await store.findSyncId(client, head.sync);
  const rejects = `SELECT ${literal(String(id))} AS sync_id, ${asTexts(REJECT_COLUMNS)} FROM ${contentsOf(dump).rejects} WHERE sync = ${literal(head.sync)}`;
  await copy(target, `${tables.rejects} (sync_id, ${columnList(REJECT_COLUMNS)})`, rejects);
}

/** Its number. */
async function storeRun({ client, store }: Target, run: Run): Promise<string> {
  const { tables } = store;
  const [row] = await client.rows(
    `INSERT INTO ${tables.runs} (sync_id, run_id, plan_id, serial, started_at, finished_at, status, owner, generation, "commit", repeats, counts, folded)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, false, $10, true) RETURNING id`,
    [(await store.findSyncId(client, run.sync)) ?? null, run.runId, run.planId, run.serial, run.startedAt, run.finishedAt, run.status, run.owner, run.commit, JSON.stringify(run.counts)],
  ); // prettier-ignore
  return String(row?.['id']);
}

/** What is there now, read back. */
async function stored({ client, store, workspace, dump, prefix }: Target): Promise<Contents> {
  const { tables, owner } = store;
  const syncs = await storedSyncs(client, tables, owner);
  const load = async (name: string, columns: readonly TypedColumn[], select: string): Promise<string> => {
    const table = { columns, table: `${prefix}_${name}` };
    await loadTable(client, workspace, table, select);
    return loadedRelation(table);
  };
  const records: string[] = [];
  for (const [place, head] of dump.heads.entries()) {
    const number = syncs.find((each) => each.sync === head.sync)?.recordsTable;
    if (number === undefined) throw new InternalError(`there is no table of ${head.sync}`);
    records.push(await load(`records_${place}`, RECORD_COLUMNS, `SELECT ${columnList(RECORD_COLUMNS)} FROM ${tables.records(number)}`));
  }
  const ofOwner = `s.project = ${literal(owner.project)} AND s.environment = ${literal(owner.environment)}`;
  const sync = { name: 'sync', type: 'text', loaded: 'VARCHAR' } as const;
  const runId = { name: 'run_id', type: 'text', loaded: 'VARCHAR' } as const;
  return {
    records,
    rejects: await load('rejects', [sync, ...REJECT_COLUMNS],
      `SELECT s.sync, ${columnList(REJECT_COLUMNS, 'r.')} FROM ${tables.rejects} AS r JOIN ${tables.syncs} AS s ON s.id = r.sync_id WHERE ${ofOwner}`),
    runRecords: await load('run_records', [sync, runId, ...RUN_RECORD_COLUMNS],
      `SELECT s.sync, r.run_id, ${columnList(RUN_RECORD_COLUMNS, 'c.')} FROM ${tables.runRecords} AS c JOIN ${tables.runs} AS r ON r.id = c.run
       JOIN ${tables.syncs} AS s ON s.id = r.sync_id WHERE ${ofOwner}`),
  }; // prettier-ignore
}
