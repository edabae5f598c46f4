/**
 * The right to write one sync: a table without rows, whose description says who holds it. BigQuery makes a table once (409
 * for the second that tries) and changes it only if it is as it was read (`If-Match` with its etag, 412 otherwise), which
 * is all that a lease needs. No job runs, so it costs nothing and a tenth of a second. Times are BigQuery's, from the `Date`
 * of its answers. The table has no expiration of its own: an expired table is gone, and with it the generation, which
 * must never start again. So a released lease is one that has expired.
 */
import { InternalError, UserError } from '../../errors.ts';
import type { Lease, LeaseHolder } from '../state.ts';
import { readHead } from './heads.ts';
import type { Store } from './store.ts';
import { tablesOf } from './names.ts';

const TTL_MS = 60_000;
/** A lease is renewed when less than this is left of it. */
const DUE_MS = 40_000;
/** For so long nobody asks again whether a lease is still held. What a run records is always asked after. */
const FRESH_MS = 5_000;
const ATTEMPTS = 10;

/** What the description of the table says, as JSON. */
interface Held extends LeaseHolder {
  readonly process: number;
  /** Who took it, so that a repeated request finds itself. Empty: it was ended by hand. */
  readonly nonce: string;
}

interface Found {
  readonly held: Held;
  readonly etag: string;
  /** BigQuery's time. */
  readonly now: number;
}

/** Takes the lease, or throws a `UserError` that names who has it. */
export async function acquireLease(store: Store, sync: string, owner: string): Promise<BigQueryLease> {
  await store.make();
  const nonce = store.context.randomHex(8);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const found = await find(store, sync);
    if (found === undefined) {
      await create(store, sync, owner, nonce);
      continue;
    }
    const { held } = found;
    if (held.nonce === nonce) return new BigQueryLease(store, sync, held);
    if (held.expiresAt > found.now) throw heldError(sync, held);
    const taken = { owner, process: process.pid, nonce, generation: held.generation + 1, since: found.now, expiresAt: found.now + TTL_MS };
    await write(store, sync, taken, found.etag);
  }
  throw missedError(sync);
}

/** Who may write now; undefined when nobody does. */
export async function leaseHolder(store: Store, sync: string): Promise<LeaseHolder | undefined> {
  const found = await find(store, sync);
  if (found === undefined || found.held.expiresAt <= found.now) return undefined;
  const { owner, generation, since, expiresAt } = found.held;
  return { owner, generation, since, expiresAt };
}

/** Ends the lease by raising its generation: the holder sees that at its next step. */
export async function endLease(store: Store, sync: string, generation: number): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const found = await find(store, sync);
    const held = found?.held;
    // A repeated request finds what it did.
    if (held?.generation === generation + 1 && held.nonce === '' && attempt > 1) return;
    if (found === undefined || held === undefined || held.expiresAt <= found.now) {
      throw new UserError(`nobody holds the lease of ${sync}`, { hint: 'There is nothing to unlock.' });
    }
    if (held.generation !== generation) {
      throw new UserError(`the lease of ${sync} is at generation ${held.generation}, not ${generation}: ${held.owner} took it since`, {
        hint: `If that run is dead too: sluice state unlock ${sync} --generation ${held.generation}`,
      });
    }
    const ended = { ...held, generation: generation + 1, nonce: '', expiresAt: found.now };
    if (await write(store, sync, ended, found.etag)) return;
  }
  throw missedError(sync);
}

async function find(store: Store, sync: string): Promise<Found | undefined> {
  const info = await store.client.tables.get(store.ref(tablesOf(store.owner, sync).lease));
  if (info === undefined) return undefined;
  return { held: parse(sync, info.description), etag: info.etag, now: info.at };
}

function parse(sync: string, description: string | undefined): Held {
  try {
    const held = JSON.parse(description ?? '') as Held;
    if (Number.isSafeInteger(held.generation) && Number.isFinite(held.expiresAt)) return held;
  } catch {
    // said below
  }
  throw new UserError(`the description of the lease table of ${sync} has been changed: it says nothing that Sluice wrote`, {
    hint: 'Make sure that no run is under way, delete the table, and run the command again.',
  });
}

/** The generation goes on where the head of the sync left it, if somebody deleted the table. */
async function create(store: Store, sync: string, owner: string, nonce: string): Promise<void> {
  const head = await readHead(store, sync);
  const now = await store.client.clock();
  const held = { owner, process: process.pid, nonce, generation: (head?.generation ?? 0) + 1, since: now, expiresAt: now + TTL_MS };
  await store.client.tables.create(store.ref(tablesOf(store.owner, sync).lease), {
    schema: [{ name: 'unused', type: 'STRING' }],
    description: JSON.stringify(held satisfies Held),
  });
}

/** False when somebody else changed the lease since it was read. */
async function write(store: Store, sync: string, held: Held, etag: string): Promise<boolean> {
  const table = store.ref(tablesOf(store.owner, sync).lease);
  return (await store.client.tables.patch(table, { description: JSON.stringify(held) }, etag)) !== undefined;
}

export class BigQueryLease implements Lease {
  readonly #store: Store;
  readonly sync: string;
  readonly owner: string;
  readonly generation: number;
  readonly #nonce: string;
  #expiresAt: number;
  /** By our own clock. */
  #askedAt: number;
  #released = false;

  constructor(store: Store, sync: string, held: Held) {
    this.#store = store;
    this.sync = sync;
    this.owner = held.owner;
    this.generation = held.generation;
    this.#nonce = held.nonce;
    this.#expiresAt = held.expiresAt;
    this.#askedAt = store.context.now();
  }

  get expiresAt(): number {
    return this.#expiresAt;
  }

  async hold(): Promise<void> {
    if (this.#released) throw lostError(this.sync, this.generation);
    const age = this.#store.context.now() - this.#askedAt;
    if (age < 0 || age >= FRESH_MS) await this.confirm();
  }

  /** Asks BigQuery whether it is still ours, and renews it when that is due. An expired lease that nobody took is still ours. */
  async confirm(): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const found = await find(this.#store, this.sync);
      if (this.#released || found === undefined || !this.#isOurs(found.held)) throw lostError(this.sync, this.generation);
      this.#askedAt = this.#store.context.now();
      this.#expiresAt = found.held.expiresAt;
      if (found.held.expiresAt - found.now >= DUE_MS) return;
      const renewed = { ...found.held, expiresAt: found.now + TTL_MS };
      if (await write(this.#store, this.sync, renewed, found.etag)) {
        this.#expiresAt = renewed.expiresAt;
        return;
      }
    }
    throw new InternalError(`the lease of ${this.sync} could not be renewed in ${ATTEMPTS} attempts`);
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const found = await find(this.#store, this.sync);
      if (found === undefined || !this.#isOurs(found.held) || found.held.expiresAt <= found.now) return;
      if (await write(this.#store, this.sync, { ...found.held, expiresAt: found.now }, found.etag)) return;
    }
  }

  #isOurs(held: Held): boolean {
    return held.generation === this.generation && held.nonce === this.#nonce;
  }
}

function missedError(sync: string): UserError {
  return new UserError(`other processes changed the lease of ${sync} at the same moment`, { hint: 'Run the command again.' });
}

function heldError(sync: string, held: Held): UserError {
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
