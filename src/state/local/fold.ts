/** Folds journals into the state file: one transaction per run, so that a run is in it wholly or not at all. */
import { literal } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { type Attempts, dropAttempts } from '../attempts.ts';
import { readAttempts } from './attempts.ts';
import { isFolded, storedLayer, storedSyncs } from './heads.ts';
import { type JournalFile, listJournals, removeJournal, type RunEnd } from './journal.ts';
import { resolve, type Touched } from './resolve.ts';
import type { Store } from './store.ts';
import { columnList, columnTypes, RECORD_COLUMNS, recordsTable, REJECT_COLUMNS, RUN_RECORD_COLUMNS, STATE_DB } from './tables.ts';

/** How a run ended, when its journal does not say: told by the run itself, which is about to fold it. */
export interface Ending extends RunEnd {
  readonly runId: string;
}

/**
 * Folds the journals of a sync that are left, oldest first, and removes them. One whose process died counts as a partial
 * run: outcomes that were never recorded stay pending. Returns the ids of the runs that were folded here.
 */
export async function foldJournals(store: Store, sync: string, ending?: Ending): Promise<string[]> {
  if ((await listJournals(store.layout.journals, sync)).length === 0) return [];
  return store.writing((workspace) => foldAll(store, workspace, sync, ending));
}

/** The same inside a session that is open for writing. */
export async function foldAll(store: Store, workspace: Workspace, sync: string, ending?: Ending): Promise<string[]> {
  const folded: string[] = [];
  // Listed again: another process may have folded them while we waited.
  for (const journal of await listJournals(store.layout.journals, sync)) {
    if (!(await isFolded(workspace, journal))) {
      await foldOne(workspace, journal, ending?.runId === journal.head.runId ? ending : undefined);
      folded.push(journal.head.runId);
    }
    await removeJournal(store.layout.journals, journal.path);
  }
  return folded;
}

async function foldOne(workspace: Workspace, journal: JournalFile, ending: Ending | undefined): Promise<void> {
  const prefix = `fold_${journal.serial}`;
  const attempts = await readAttempts(workspace, journal, prefix);
  const end = ending ?? attempts.end;
  const stored = (await storedSyncs(workspace, journal.sync))[0];
  const { runId, lineage, startedAt } = journal.head;
  const touched = await resolve(workspace, {
    base: storedLayer(stored, lineage),
    sync: journal.sync,
    runId,
    at: end?.finishedAt ?? startedAt,
    attempts,
    plan: end === undefined ? undefined : attempts.plan,
    prefix,
  });
  await workspace.transaction(() => store(workspace, journal, { attempts, touched, end }));
  await dropAttempts(workspace, prefix);
  for (const table of [touched.records, touched.rejects]) await workspace.run(`DROP TABLE ${table}`);
  await workspace.detach(attempts.plan);
}

interface Folding {
  readonly attempts: Attempts;
  readonly touched: Touched;
  readonly end: RunEnd | undefined;
}

async function store(workspace: Workspace, journal: JournalFile, folding: Folding): Promise<void> {
  const before = (await storedSyncs(workspace, journal.sync))[0];
  const id = await prepareSync(workspace, journal);
  await storeRecords(workspace, id, folding.touched);
  if (before !== undefined && before.hashId !== journal.head.hashId) await forgetHashes(workspace, id, journal.head.runId);
  await storeRejects(workspace, id, folding.touched);
  await storeRun(workspace, journal, folding);
  await storeHead(workspace, journal, id, folding.end);
}

/** The number of the sync's table, which is made when the sync is new and emptied when a new lineage begins. */
async function prepareSync(workspace: Workspace, journal: JournalFile): Promise<number> {
  const { sync } = journal;
  const stored = (await storedSyncs(workspace, sync))[0];
  if (stored?.lineage === journal.head.lineage) return stored.id;
  const id = stored?.id ?? (await workspace.count(`SELECT coalesce(max(id), 0) + 1 FROM ${STATE_DB}.syncs`));
  await workspace.run(`DROP TABLE IF EXISTS ${recordsTable(id)}`);
  await workspace.run(`CREATE TABLE ${recordsTable(id)} (${columnTypes(RECORD_COLUMNS)})`);
  await workspace.run(`DELETE FROM ${STATE_DB}.rejects WHERE sync_id = ${id}`);
  if (stored === undefined) await workspace.run(`INSERT INTO ${STATE_DB}.syncs (sync, id, records) VALUES ($sync, ${id}, 0)`, { sync });
  return id;
}

async function storeRecords(workspace: Workspace, id: number, touched: Touched): Promise<void> {
  const table = recordsTable(id);
  if ((await workspace.count(`SELECT count(*) FROM ${table}`)) > 0)
    await workspace.run(`DELETE FROM ${table} WHERE key IN (SELECT key FROM ${touched.records})`);
  await workspace.run(`INSERT INTO ${table} SELECT ${columnList(RECORD_COLUMNS)} FROM ${touched.records} WHERE NOT gone`);
}

/** Hashes of another kind say nothing from here on: whatever the run did not touch is a candidate of the next plan. */
async function forgetHashes(workspace: Workspace, id: number, runId: string): Promise<void> {
  await workspace.run(`UPDATE ${recordsTable(id)} SET row_hash = NULL WHERE run_id IS DISTINCT FROM $runId`, { runId });
}

async function storeRejects(workspace: Workspace, id: number, touched: Touched): Promise<void> {
  await workspace.run(`DELETE FROM ${STATE_DB}.rejects WHERE sync_id = ${id} AND key IN (SELECT key FROM ${touched.rejects})`);
  await workspace.run(`INSERT INTO ${STATE_DB}.rejects SELECT ${id}, ${columnList(REJECT_COLUMNS)} FROM ${touched.rejects} WHERE NOT gone`);
}

async function storeRun(workspace: Workspace, journal: JournalFile, folding: Folding): Promise<void> {
  const { head, sync } = journal;
  await workspace.run(`INSERT INTO ${STATE_DB}.run_records ${runRecordsSql(journal, folding.attempts.view)}`);
  await workspace.run(
    `INSERT INTO ${STATE_DB}.runs VALUES ($runId, $planId, $sync, ${head.serial}, epoch_ms(CAST($startedAt AS BIGINT)), epoch_ms(CAST($finishedAt AS BIGINT)),
       $status, $owner, $commit, $counts)`,
    {
      runId: head.runId,
      planId: head.planId,
      sync,
      startedAt: BigInt(head.startedAt),
      finishedAt: folding.end === undefined ? null : BigInt(folding.end.finishedAt),
      status: folding.end?.status ?? 'partial',
      owner: head.owner,
      commit: head.commit,
      counts: JSON.stringify(folding.attempts.counts),
    },
  );
}

/** Every attempted change with its before-image, as rows of `run_records`. */
export function runRecordsSql(journal: JournalFile, attempts: string): string {
  const columns = RUN_RECORD_COLUMNS.filter((column) => column.name !== 'sync' && column.name !== 'run_id');
  return `SELECT ${literal(journal.sync)} AS sync, ${literal(journal.head.runId)} AS run_id, ${columnList(columns)} FROM ${attempts}`;
}

async function storeHead(workspace: Workspace, journal: JournalFile, id: number, end: Folding['end']): Promise<void> {
  const { head } = journal;
  await workspace.run(
    `UPDATE ${STATE_DB}.syncs SET lineage = $lineage, serial = ${head.serial}, hash_id = $hashId, destination = $destination,
       fields = CAST(from_json($fields, '["VARCHAR"]') AS VARCHAR[]), records = (SELECT count(*) FROM ${recordsTable(id)}),
       last_run_id = $runId, last_plan_id = $planId, last_status = $status WHERE id = ${id}`,
    {
      lineage: head.lineage,
      hashId: head.hashId,
      destination: head.destination,
      fields: JSON.stringify(head.fields),
      runId: head.runId,
      planId: head.planId,
      status: end?.status ?? 'partial',
    },
  );
}
