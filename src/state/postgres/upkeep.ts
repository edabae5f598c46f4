/** Looking after state by hand: renaming a sync, forgetting one or some of its records. Each takes the lease while it works. */
import { UserError } from '../../errors.ts';
import type { PgClient } from '../../postgres/client.ts';
import { dropUnused } from './fold.ts';
import { storedSyncs, type StoredSync } from './heads.ts';
import { acquireLease, type Fence, fence } from './lease.ts';
import { foldLeftovers } from './run.ts';
import type { Store } from './store.ts';

export async function moveSync(store: Store, from: string, to: string): Promise<void> {
  await withLeases(store, [from, to], 'state mv', async ([source, target]) => {
    if (source === undefined || target === undefined) return;
    await store.writing(async (client) => {
      await fence(client, store.tables, target);
      await fence(client, store.tables, source);
      await checkMove(client, store, from, to);
      // The history of the name stays with it.
      await client.run(`UPDATE ${store.tables.runs} SET sync_id = $1 WHERE sync_id = $2`, [source.syncId, target.syncId]);
      await client.run(`DELETE FROM ${store.tables.syncs} WHERE id = $1`, [target.syncId]);
      await client.run(`UPDATE ${store.tables.syncs} SET sync = $2 WHERE id = $1`, [source.syncId, to]);
    });
  });
}

async function checkMove(client: PgClient, store: Store, from: string, to: string): Promise<void> {
  const syncs = (await storedSyncs(client, store.tables, store.owner)).filter((each) => each.head !== undefined);
  if (!syncs.some((each) => each.sync === from)) throw unknownSync(from, syncs);
  if (syncs.some((each) => each.sync === to)) {
    throw new UserError(`there is state of ${to} already`, { hint: `Forget it first, if it is not needed: sluice state rm ${to}` });
  }
}

/** Returns how many records were forgotten. */
export async function removeSync(store: Store, sync: string, keys: readonly string[] | undefined): Promise<number> {
  return withLeases(store, [sync], 'state rm', async ([held]) => {
    if (held === undefined) return 0;
    const removed = await store.writing(async (client) => {
      await fence(client, store.tables, held);
      const stored = (await storedSyncs(client, store.tables, store.owner, sync))[0];
      if (stored?.head === undefined) return 0;
      return keys === undefined ? removeAll(client, store, stored) : removeKeys(client, store, stored, keys);
    });
    await dropUnused(store);
    return removed;
  });
}

/** The history stays, and with it the serial: a plan made before does not fit what comes after. */
async function removeAll(client: PgClient, { tables }: Store, stored: StoredSync): Promise<number> {
  await client.run(`DELETE FROM ${tables.rejects} WHERE sync_id = $1`, [stored.id]);
  await client.run(
    `UPDATE ${tables.syncs} SET lineage = NULL, records = 0, records_table = NULL, last_run_id = NULL, last_plan_id = NULL, last_status = NULL WHERE id = $1`,
    [stored.id],
  );
  return stored.head?.records ?? 0;
}

/** The serial rises: a plan made before was made on another base, and resuming its run would skip what is forgotten. */
async function removeKeys(client: PgClient, { tables }: Store, stored: StoredSync, keys: readonly string[]): Promise<number> {
  const chosen = `key IN (SELECT json_array_elements_text($1::json))`;
  const removed =
    stored.recordsTable === undefined
      ? 0
      : await client.run(`DELETE FROM ${tables.records(stored.recordsTable)} WHERE ${chosen}`, [JSON.stringify(keys)]);
  await client.run(`DELETE FROM ${tables.rejects} WHERE ${chosen} AND sync_id = $2`, [JSON.stringify(keys), stored.id]);
  await client.run(
    `UPDATE ${tables.syncs} SET serial = serial + 1, records = records - $2, last_run_id = NULL, last_plan_id = NULL, last_status = NULL WHERE id = $1`,
    [stored.id, removed],
  );
  return removed;
}

/** Takes the leases one after the other, with nothing left of an earlier run unfolded. */
async function withLeases<T>(
  store: Store,
  syncs: readonly string[],
  owner: string,
  work: (held: readonly Fence[]) => Promise<T>,
  taken: readonly Fence[] = [],
): Promise<T> {
  const [sync, ...rest] = syncs;
  if (sync === undefined) return work(taken);
  const lease = await acquireLease(store, sync, owner);
  try {
    const held = { sync, syncId: lease.syncId, generation: lease.generation };
    await foldLeftovers(store, held);
    return await withLeases(store, rest, owner, work, [...taken, held]);
  } finally {
    await lease.release();
  }
}

function unknownSync(name: string, syncs: readonly StoredSync[]): UserError {
  const known = syncs.map((each) => each.sync).join(', ');
  return new UserError(`there is no state of ${name}`, {
    hint: known === '' ? 'It holds no sync yet.' : `It holds: ${known}.`,
  });
}
