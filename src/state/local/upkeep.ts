/** Looking after state by hand: renaming a sync, forgetting one or some of its records. Each takes the lease while it works. */
import { TransientError, UserError } from '../../errors.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { foldAll } from './fold.ts';
import { type StoredSync, storedSyncs } from './heads.ts';
import { acquireLease } from './lease.ts';
import type { Store } from './store.ts';
import { makeFolders } from './paths.ts';
import { recordsTable, STATE_DB } from './tables.ts';

export async function moveSync(store: Store, from: string, to: string): Promise<void> {
  await withLeases(store, [from, to], 'state mv', () =>
    store.writing(async (workspace) => {
      for (const sync of [from, to]) await foldAll(store, workspace, sync);
      const syncs = await storedSyncs(workspace);
      if (!syncs.some((each) => each.sync === from)) throw unknownSync(from, syncs);
      if (syncs.some((each) => each.sync === to)) {
        throw new UserError(`there is state of ${to} already`, { hint: `Forget it first, if it is not needed: sluice state rm ${to}` });
      }
      await workspace.transaction(async () => {
        for (const table of ['syncs', 'runs', 'run_records']) {
          await workspace.run(`UPDATE ${STATE_DB}.${table} SET sync = $to WHERE sync = $from`, { from, to });
        }
      });
    }),
  );
}

/** Returns how many records were forgotten. */
export async function removeSync(store: Store, sync: string, keys: readonly string[] | undefined): Promise<number> {
  return withLeases(store, [sync], 'state rm', () =>
    store.writing(async (workspace) => {
      await foldAll(store, workspace, sync);
      const stored = (await storedSyncs(workspace, sync))[0];
      if (stored === undefined) return 0;
      return workspace.transaction(() => (keys === undefined ? removeAll(workspace, stored) : removeKeys(workspace, stored, keys)));
    }),
  );
}

/** The history stays, and with it the serial: a plan made before does not fit what comes after. */
async function removeAll(workspace: Workspace, stored: StoredSync): Promise<number> {
  await workspace.run(`DROP TABLE ${recordsTable(stored.id)}`);
  await workspace.run(`DELETE FROM ${STATE_DB}.rejects WHERE sync_id = ${stored.id}`);
  await workspace.run(`DELETE FROM ${STATE_DB}.syncs WHERE id = ${stored.id}`);
  return stored.records;
}

/** The serial rises: a plan made before was made on another base, and resuming its run would skip what is forgotten. */
async function removeKeys(workspace: Workspace, stored: StoredSync, keys: readonly string[]): Promise<number> {
  const table = recordsTable(stored.id);
  const chosen = `(SELECT unnest(CAST(from_json($keys, '["VARCHAR"]') AS VARCHAR[])))`;
  const params = { keys: JSON.stringify(keys) };
  await workspace.run(`DELETE FROM ${table} WHERE key IN ${chosen}`, params);
  await workspace.run(`DELETE FROM ${STATE_DB}.rejects WHERE sync_id = ${stored.id} AND key IN ${chosen}`, params);
  const left = await workspace.count(`SELECT count(*) FROM ${table}`);
  await workspace.run(
    `UPDATE ${STATE_DB}.syncs SET serial = serial + 1, records = ${left}, last_run_id = NULL, last_plan_id = NULL, last_status = NULL WHERE id = ${stored.id}`,
  );
  return stored.records - left;
}

async function withLeases<T>(store: Store, syncs: readonly string[], owner: string, work: () => Promise<T>): Promise<T> {
  if (!(await store.exists()))
    throw new UserError(`there is no state file ${store.layout.database}`, { hint: 'It is made by the first apply.' });
  await makeFolders(store.layout);
  const [first, ...rest] = syncs;
  if (first === undefined) return whenFree(store, work);
  const lease = await acquireLease(store.context, store.layout.leases, first, owner);
  try {
    return await withLeases(store, rest, owner, work);
  } finally {
    await lease.release();
  }
}

async function whenFree<T>(store: Store, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    throw new UserError(`the state file ${store.layout.database} cannot be changed now: ${error.message}`, {
      hint: 'Run the command again when that process is done.',
      cause: error,
    });
  }
}

function unknownSync(name: string, syncs: readonly StoredSync[]): UserError {
  const known = syncs.map((each) => each.sync).join(', ');
  return new UserError(`there is no state of ${name}`, {
    hint: known === '' ? 'The state file holds no sync yet.' : `The state file holds: ${known}.`,
  });
}
