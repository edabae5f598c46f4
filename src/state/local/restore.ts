/** Fills an empty state file with the contents of another state. */
import { InternalError } from '../../errors.ts';
import { literal } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { checksums, contentsOf, type Contents, type Dump, DUMP_DB } from '../dump.ts';
import { filledError } from '../migrate.ts';
import type { Run, SyncState } from '../state.ts';
import { storedRuns, storedSyncs } from './heads.ts';
import type { Store } from './store.ts';
import { columnList, columnTypes, RECORD_COLUMNS, recordsTable, REJECT_COLUMNS, RUN_RECORD_COLUMNS, STATE_DB } from './tables.ts';

/** All of it, compared with the dump before it counts, or nothing. */
export async function restoreState(store: Store, description: string, dump: Dump): Promise<void> {
  await store.create();
  await store.writing(async (workspace) => {
    const syncs = await storedSyncs(workspace);
    if (syncs.length + (await storedRuns(workspace, undefined)).length > 0)
      throw filledError(
        description,
        syncs.map((each) => each.sync),
      );
    await workspace.attach(dump.path, DUMP_DB, 'read');
    await workspace.transaction(async () => {
      await fill(workspace, dump);
      const [copied, given] = [await checksums(workspace, stored(dump)), await checksums(workspace, contentsOf(dump))];
      if (copied !== given) throw new InternalError(`the copy differs from what was copied: ${copied} instead of ${given}`);
    });
    await workspace.detach(DUMP_DB);
  });
}

async function fill(workspace: Workspace, dump: Dump): Promise<void> {
  const from = contentsOf(dump);
  for (const [place, head] of dump.heads.entries()) {
    await workspace.run(`CREATE TABLE ${recordsTable(place + 1)} (${columnTypes(RECORD_COLUMNS)})`);
    await workspace.run(`INSERT INTO ${recordsTable(place + 1)} SELECT ${columnList(RECORD_COLUMNS)} FROM ${from.records[place] ?? ''}`);
    await storeHead(workspace, head, place + 1);
    await workspace.run(
      `INSERT INTO ${STATE_DB}.rejects SELECT ${place + 1}, ${columnList(REJECT_COLUMNS)} FROM ${from.rejects} WHERE sync = $sync`,
      { sync: head.sync },
    );
  }
  for (const run of dump.runs) await storeRun(workspace, run);
  await workspace.run(`INSERT INTO ${STATE_DB}.run_records SELECT ${columnList(RUN_RECORD_COLUMNS)} FROM ${from.runRecords}`);
}

function stored(dump: Dump): Contents {
  const names = dump.heads.map((head, place) => `(${place + 1}, ${literal(head.sync)})`);
  const syncs = names.length === 0 ? '(SELECT 0, NULL WHERE false)' : `(VALUES ${names.join(', ')})`;
  return {
    records: dump.heads.map((_, place) => recordsTable(place + 1)),
    rejects: `(SELECT s.sync, r.* FROM ${STATE_DB}.rejects AS r JOIN ${syncs} AS s(id, sync) ON s.id = r.sync_id)`,
    runRecords: `${STATE_DB}.run_records`,
  };
}

async function storeHead(workspace: Workspace, head: SyncState, id: number): Promise<void> {
  await workspace.run(
    `INSERT INTO ${STATE_DB}.syncs (sync, id, lineage, serial, hash_id, destination, fields, records, last_run_id, last_plan_id, last_status)
     VALUES ($sync, ${id}, $lineage, ${head.serial}, $hashId, $destination, CAST(from_json($fields, '["VARCHAR"]') AS VARCHAR[]),
       (SELECT count(*) FROM ${recordsTable(id)}), $runId, $planId, $status)`,
    {
      sync: head.sync,
      lineage: head.lineage,
      hashId: head.hashId,
      destination: head.destination,
      fields: JSON.stringify(head.fields),
      runId: head.lastRun?.runId ?? null,
      planId: head.lastRun?.planId ?? null,
      status: head.lastRun?.status ?? null,
    },
  );
}

async function storeRun(workspace: Workspace, run: Run): Promise<void> {
  await workspace.run(
    `INSERT INTO ${STATE_DB}.runs VALUES ($runId, $planId, $sync, ${run.serial}, epoch_ms(CAST($startedAt AS BIGINT)), epoch_ms(CAST($finishedAt AS BIGINT)),
       $status, $owner, $commit, $counts)`,
    {
      runId: run.runId,
      planId: run.planId,
      sync: run.sync,
      startedAt: BigInt(run.startedAt),
      finishedAt: run.finishedAt === null ? null : BigInt(run.finishedAt),
      status: run.status,
      owner: run.owner,
      commit: run.commit,
      counts: JSON.stringify(run.counts),
    },
  );
}
