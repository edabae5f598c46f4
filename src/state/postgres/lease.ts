/**
 * The right to write one sync: a row with a generation, which rises with every new holder. Every write of a run checks the
 * generation in its own transaction and keeps the row locked until it ends, so that a run whose lease was taken over can
 * record nothing more. Times are the server's.
 */
import { TransientError, UserError } from '../../errors.ts';
import type { PgClient, PgRow } from '../../postgres/client.ts';
import type { Lease, LeaseHolder } from '../state.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

const TTL = "interval '60 seconds'";
/** A lease is renewed when less than this is left of it. */
const DUE = "interval '40 seconds'";
/** How long an expired lease is waited for whose holder is writing at this moment. */
const PATIENCE = "'5s'";

const TIMES = `CAST(extract(epoch FROM since) * 1000 AS bigint) AS since, CAST(extract(epoch FROM expires_at) * 1000 AS bigint) AS expires_at`;

export interface PostgresLease extends Lease {
  readonly syncId: string;
  readonly owner: string;
}

interface Holder extends LeaseHolder {
  readonly process: string;
  /** By the server's clock. */
  readonly active: boolean;
}

/** Takes the lease, or throws a `UserError` that names who has it. */
export async function acquireLease(store: Store, sync: string, owner: string): Promise<PostgresLease> {
  const syncId = await store.syncId(sync);
  const nonce = store.context.randomHex(8);
  const row = await store
    .writing(async (client) => {
      const held = await holderOf(client, store.tables, syncId);
      if (held?.active === true && held.nonce !== nonce) throw heldError(sync, held);
      return (await take(client, store.tables, { syncId, owner, nonce }))[0];
    })
    .catch(async (error: unknown) => {
      throw error instanceof TransientError ? ((await heldNow(store, sync, syncId)) ?? error) : error;
    });
  // Somebody was faster between the two statements.
  if (row === undefined) throw (await heldNow(store, sync, syncId)) ?? missedError(sync);
  return new RowLease(store, { sync, syncId, owner, generation: Number(row['generation']), expiresAt: Number(row['expires_at']) });
}

/** Repeated after a COMMIT of unknown outcome, it finds its own nonce and takes nothing more. */
async function take(client: PgClient, tables: Tables, lease: { syncId: string; owner: string; nonce: string }): Promise<readonly PgRow[]> {
  await client.run(`SET LOCAL lock_timeout = ${PATIENCE}`);
  return client.rows(
    `INSERT INTO ${tables.leases} AS l (sync_id, generation, owner, process, nonce, since, expires_at)
     VALUES ($1, 1, $2, $3, $4, clock_timestamp(), clock_timestamp() + ${TTL})
     ON CONFLICT (sync_id) DO UPDATE SET owner = excluded.owner, process = excluded.process, nonce = excluded.nonce,
       since = excluded.since, expires_at = excluded.expires_at,
       generation = CASE WHEN l.nonce = excluded.nonce THEN l.generation ELSE l.generation + 1 END
     WHERE l.expires_at <= clock_timestamp() OR l.nonce = excluded.nonce
     RETURNING generation, ${TIMES}`,
    [lease.syncId, lease.owner, process.pid, lease.nonce],
  );
}

async function holderOf(client: PgClient, tables: Tables, syncId: string): Promise<(Holder & { readonly nonce: string }) | undefined> {
  const [row] = await client.rows(
    `SELECT owner, process, nonce, generation, ${TIMES}, expires_at > clock_timestamp() AS active FROM ${tables.leases} WHERE sync_id = $1`,
    [syncId],
  );
  if (row === undefined) return undefined;
  return {
    owner: row['owner'] ?? '',
    process: row['process'] ?? '',
    nonce: row['nonce'] ?? '',
    generation: Number(row['generation']),
    since: Number(row['since']),
    expiresAt: Number(row['expires_at']),
    active: row['active'] === 't',
  };
}

/** Who may write now; undefined when nobody does. */
export async function leaseHolder(client: PgClient, tables: Tables, syncId: string): Promise<LeaseHolder | undefined> {
  const held = await holderOf(client, tables, syncId);
  if (held?.active !== true) return undefined;
  return { owner: held.owner, generation: held.generation, since: held.since, expiresAt: held.expiresAt };
}

/** Ends the lease by raising its generation: the holder sees that at its next step. */
export async function endLease(store: Store, sync: string, generation: number): Promise<void> {
  const { tables } = store;
  await store.writing(async (client) => {
    const syncId = await store.findSyncId(client, sync);
    const held = syncId === undefined ? undefined : await holderOf(client, tables, syncId);
    // Repeated after a COMMIT of unknown outcome.
    if (held?.generation === generation + 1 && held.nonce === '') return;
    if (syncId === undefined || held?.active !== true) {
      throw new UserError(`nobody holds the lease of ${sync}`, { hint: 'There is nothing to unlock.' });
    }
    const ended = await client.run(
      `UPDATE ${tables.leases} SET generation = generation + 1, nonce = '', expires_at = clock_timestamp() WHERE sync_id = $1 AND generation = $2`,
      [syncId, generation],
    );
    if (ended === 0) {
      throw new UserError(`the lease of ${sync} is at generation ${held.generation}, not ${generation}: ${held.owner} took it since`, {
        hint: `If that run is dead too: sluice state unlock ${sync} --generation ${held.generation}`,
      });
    }
  });
}

/** What a statement needs to write in the name of a lease. */
export interface Fence {
  readonly sync: string;
  readonly syncId: string;
  readonly generation: number;
}

/** Renews a lease, of the sync `$1` and the generation `$2`; no row: it was lost. */
export function renewSql(tables: Tables): string {
  return `UPDATE ${tables.leases} SET expires_at = greatest(expires_at, clock_timestamp() + ${TTL}) WHERE sync_id = $1 AND generation = $2 RETURNING ${TIMES}`;
}

/** Renews the lease inside the transaction, whose other statements count only if it is still ours. Returns the new end. */
export async function fence(client: PgClient, tables: Tables, lease: Fence): Promise<number> {
  const [row] = await client.rows(renewSql(tables), [lease.syncId, lease.generation]);
  if (row === undefined) throw lostError(lease.sync, lease.generation);
  return Number(row['expires_at']);
}

class RowLease implements PostgresLease {
  readonly #store: Store;
  readonly #sync: string;
  readonly syncId: string;
  readonly owner: string;
  readonly generation: number;
  #expiresAt: number;
  #released = false;

  constructor(store: Store, parts: { sync: string; syncId: string; owner: string; generation: number; expiresAt: number }) {
    this.#store = store;
    this.#sync = parts.sync;
    this.syncId = parts.syncId;
    this.owner = parts.owner;
    this.generation = parts.generation;
    this.#expiresAt = parts.expiresAt;
  }

  get expiresAt(): number {
    return this.#expiresAt;
  }

  /** An expired lease that nobody took is still ours. */
  async hold(): Promise<void> {
    if (this.#released) throw lostError(this.#sync, this.generation);
    const [row] = await this.#store.writing(async (client) =>
      client.rows(
        `UPDATE ${this.#store.tables.leases} SET expires_at = CASE WHEN expires_at - clock_timestamp() < ${DUE} THEN clock_timestamp() + ${TTL} ELSE expires_at END
         WHERE sync_id = $1 AND generation = $2 RETURNING ${TIMES}`,
        [this.syncId, this.generation],
      ),
    );
    if (row === undefined) throw lostError(this.#sync, this.generation);
    this.#expiresAt = Number(row['expires_at']);
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#store.writing(async (client) =>
      client.run(
        `UPDATE ${this.#store.tables.leases} SET expires_at = least(expires_at, clock_timestamp()) WHERE sync_id = $1 AND generation = $2`,
        [this.syncId, this.generation],
      ),
    );
  }
}

/** Who has the lease, as an error: also when it has expired and its holder is in the middle of a long write. */
async function heldNow(store: Store, sync: string, syncId: string): Promise<UserError | undefined> {
  const held = await store.writing(async (client) => holderOf(client, store.tables, syncId));
  return held === undefined ? undefined : heldError(sync, held);
}

function missedError(sync: string): UserError {
  return new UserError(`another process took the lease of ${sync} at the same moment`, { hint: 'Run the command again.' });
}

function heldError(sync: string, held: Holder): UserError {
  const message = `${sync} is being applied by ${held.owner} (process ${held.process}) since ${clock(held.since)}, lease until ${clock(held.expiresAt)}`;
  return new UserError(message, {
    hint: `Wait until that run is done. If it is dead: sluice state unlock ${sync} --generation ${held.generation}`,
  });
}

export function lostError(sync: string, generation: number): UserError {
  return new UserError(`lost the lease of ${sync} (generation ${generation}): another process took it or it was unlocked`, {
    hint: 'What was acknowledged so far is recorded. Run the command again: it continues with the rest.',
  });
}

function clock(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 19)} UTC`;
}
