/** Looking after state by hand: renaming a sync, forgetting one or some of its records. Each takes the lease while it works. */
import { UserError } from '../../errors.ts';
import { Workspace } from '../../workspace/workspace.ts';
import { inTransaction, unlessFound } from './fold.ts';
import { readHead, readHeads, type StoredHead, type StoredState } from './heads.ts';
import { acquireLease, type BigQueryLease } from './lease.ts';
import { foldLeftovers } from './run.ts';
import { retire } from './stage.ts';
import type { Store } from './store.ts';
import { RUNS, tablesOf } from './names.ts';
import { columnList, HEAD_COLUMNS } from './tables.ts';

const FENCE = 'another process wrote meanwhile';

/** A sync whose lease is held and whose runs are all folded in. */
interface Held {
  readonly lease: BigQueryLease;
  readonly head: StoredHead;
}

export async function moveSync(store: Store, from: string, to: string): Promise<void> {
  await withLeases(store, [from, to], 'state mv', async ([source, target]) => {
    if (source === undefined || target === undefined) return;
    await checkMove(store, source.head, target.head);
    const tableOf = (sync: string): string => store.table(tablesOf(store.owner, sync).head);
    const [old, next] = [tableOf(from), tableOf(to)];
    const columns = columnList(HEAD_COLUMNS.filter(({ name }) => name !== 'sync' && name !== 'generation'));
    await store.script({
      phase: 'mv',
      key: `mv ${source.head.syncId} ${source.lease.generation} ${target.lease.generation}`,
      sql: inTransaction([
        isAsRead(old, source),
        isAsRead(next, target),
        // The history of the name stays with it.
        `UPDATE ${store.table(RUNS)} SET sync_id = @from_id WHERE sync_id = @to_id`,
        `DELETE FROM ${next} WHERE TRUE`,
        `INSERT INTO ${next} (\`sync\`, \`generation\`, ${columns}) SELECT @sync, ${target.lease.generation}, ${columns} FROM ${old}`,
        `DELETE FROM ${old} WHERE TRUE`,
      ]),
      params: { from_id: source.head.syncId, to_id: target.head.syncId, sync: to },
    });
  });
}

/** The head is as it was read, and no later lease has written. */
function isAsRead(table: string, { head, lease }: Held): string {
  return unlessFound(`${table} WHERE serial = ${head.serial} AND generation <= ${lease.generation} AND run_id IS NULL`, FENCE);
}

async function checkMove(store: Store, source: StoredHead, target: StoredHead): Promise<void> {
  if (source.head === undefined) throw unknownSync(source.sync, await readHeads(store));
  if (target.head !== undefined) {
    throw new UserError(`there is state of ${target.sync} already`, {
      hint: `Forget it first, if it is not needed: sluice state rm ${target.sync}`,
    });
  }
}

/** Returns how many records were forgotten. */
export async function removeSync(store: Store, sync: string, keys: readonly string[] | undefined): Promise<number> {
  if ((await readHead(store, sync)) === undefined) return 0;
  return withLeases(store, [sync], 'state rm', async ([held]) => {
    if (held?.head.head === undefined) return 0;
    return keys === undefined ? removeAll(store, held, held.head.head) : removeKeys(store, held, held.head.head, keys);
  });
}

/** The history stays, and with it the serial: a plan made before does not fit what comes after. */
async function removeAll(store: Store, held: Held, state: StoredState): Promise<number> {
  const head = store.table(tablesOf(store.owner, held.head.sync).head);
  await store.script({
    phase: 'rm',
    key: `rm ${held.head.syncId} ${held.lease.generation}`,
    sql: inTransaction([
      isAsRead(head, held),
      `UPDATE ${head} SET head = NULL, records = 0, generation = ${held.lease.generation} WHERE TRUE`,
    ]),
  });
  await retire(store, state.tables, undefined);
  return state.records;
}

/** The serial rises: a plan made before was made on another base, and resuming its run would skip what is forgotten. */
async function removeKeys(store: Store, held: Held, state: StoredState, keys: readonly string[]): Promise<number> {
  const head = store.table(tablesOf(store.owner, held.head.sync).head);
  const [records, rejects] = [state.tables.records, state.tables.rejects].map((table) => store.table(table));
  const chosen = `key IN UNNEST(JSON_VALUE_ARRAY(@keys))`;
  const { records: _records, ...kept } = state;
  await store.script({
    phase: 'rm',
    key: `rm ${held.head.syncId} ${held.lease.generation}`,
    sql: inTransaction([
      isAsRead(head, held),
      `DELETE FROM ${records} WHERE ${chosen}`,
      `DELETE FROM ${rejects} WHERE ${chosen}`,
      `UPDATE ${head} SET serial = serial + 1, generation = ${held.lease.generation}, records = (SELECT COUNT(*) FROM ${records}), head = @head WHERE TRUE`,
    ]),
    params: { keys: JSON.stringify(keys), head: JSON.stringify({ ...kept, lastRun: null }) },
  });
  const after = await readHead(store, held.head.sync);
  return state.records - (after?.head?.records ?? 0);
}

/** Takes the leases one after the other, with nothing left of an earlier run unfolded. */
async function withLeases<T>(
  store: Store,
  syncs: readonly string[],
  owner: string,
  work: (held: readonly Held[]) => Promise<T>,
  taken: readonly Held[] = [],
): Promise<T> {
  const [sync, ...rest] = syncs;
  if (sync === undefined) return work(taken);
  const lease = await acquireLease(store, sync, owner);
  try {
    await using workspace = await Workspace.open();
    const head = await foldLeftovers(store, lease, workspace);
    return await withLeases(store, rest, owner, work, [...taken, { lease, head }]);
  } finally {
    await lease.release();
  }
}

function unknownSync(name: string, heads: readonly StoredHead[]): UserError {
  const known = heads.flatMap(({ head, sync }) => (head === undefined ? [] : [sync])).join(', ');
  return new UserError(`there is no state of ${name}`, {
    hint: known === '' ? 'It holds no sync yet.' : `It holds: ${known}.`,
  });
}
