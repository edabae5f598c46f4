/**
 * The right to write one sync: one file per generation, the highest one counts. A generation is taken by linking a
 * finished file into place, which exactly one process can do.
 */
import { link, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Context } from '../../context.ts';
import { UserError } from '../../errors.ts';
import type { Lease, LeaseHolder } from '../state.ts';
import { codeOf, encodeName, explain, syncFolder } from './paths.ts';
import { livenessOf, type ProcessId, thisProcess } from './process.ts';

const TTL_MS = 60_000;
/** Generations kept for people who look into the folder. */
const KEPT = 8;

interface LeaseFile extends LeaseHolder {
  readonly process: ProcessId;
  /** Tells two holders apart that ended up with the same generation. */
  readonly nonce: string;
  readonly released: boolean;
}

export interface LocalLease extends Lease {
  readonly owner: string;
}

export async function acquireLease(context: Context, folder: string, sync: string, owner: string): Promise<LocalLease> {
  return explain(folder, 'write', async () => {
    const top = await highest(folder, sync);
    const held = top === undefined ? undefined : await activeLease(context, folder, sync, top);
    if (held !== undefined) throw heldError(sync, held);
    const now = context.now();
    const file: LeaseFile = {
      owner,
      generation: (top ?? 0) + 1,
      since: now,
      expiresAt: now + TTL_MS,
      process: await thisProcess(),
      nonce: context.randomHex(8),
      released: false,
    };
    await place(context, folder, sync, file);
    await prune(folder, sync, file.generation);
    return new FileLease(context, folder, sync, file);
  });
}

/** Who may write now; undefined when nobody does, or when the local process that did is dead. */
export async function leaseHolder(context: Context, folder: string, sync: string): Promise<LeaseHolder | undefined> {
  const top = await highest(folder, sync);
  const held = top === undefined ? undefined : await activeLease(context, folder, sync, top);
  return held === undefined ? undefined : { owner: held.owner, generation: held.generation, since: held.since, expiresAt: held.expiresAt };
}

/** Ends the lease by taking the next generation and releasing it: its holder sees that at its next step. */
export async function endLease(context: Context, folder: string, sync: string, generation: number): Promise<void> {
  const held = await leaseHolder(context, folder, sync);
  if (held === undefined) throw new UserError(`nobody holds the lease of ${sync}`, { hint: 'There is nothing to unlock.' });
  if (held.generation !== generation) {
    throw new UserError(`the lease of ${sync} is at generation ${held.generation}, not ${generation}: ${held.owner} took it since`, {
      hint: `If that run is dead too: sluice state unlock ${sync} --generation ${held.generation}`,
    });
  }
  const now = context.now();
  const released = {
    ...held,
    generation: generation + 1,
    since: now,
    expiresAt: now - 1,
    process: await thisProcess(),
    nonce: context.randomHex(8),
    released: true,
  };
  await explain(folder, 'write', () => place(context, folder, sync, released));
}

class FileLease implements LocalLease {
  readonly #context: Context;
  readonly #folder: string;
  readonly #sync: string;
  #file: LeaseFile;

  constructor(context: Context, folder: string, sync: string, file: LeaseFile) {
    this.#context = context;
    this.#folder = folder;
    this.#sync = sync;
    this.#file = file;
  }

  get owner(): string {
    return this.#file.owner;
  }

  get generation(): number {
    return this.#file.generation;
  }

  get expiresAt(): number {
    return this.#file.expiresAt;
  }

  async hold(): Promise<void> {
    if (this.#file.released || !(await this.#isOurs())) throw lostError(this.#sync, this.generation);
    const now = this.#context.now();
    if (this.expiresAt - now <= (TTL_MS * 2) / 3) await this.#replace({ ...this.#file, expiresAt: now + TTL_MS });
  }

  async release(): Promise<void> {
    if (this.#file.released || !(await this.#isOurs())) return;
    await this.#replace({ ...this.#file, expiresAt: this.#context.now() - 1, released: true });
  }

  async #isOurs(): Promise<boolean> {
    if ((await highest(this.#folder, this.#sync)) !== this.generation) return false;
    return (await readLease(pathOf(this.#folder, this.#sync, this.generation)))?.nonce === this.#file.nonce;
  }

  async #replace(file: LeaseFile): Promise<void> {
    await explain(this.#folder, 'write', async () => {
      const temporary = await writeTemporary(this.#context, this.#folder, file);
      await rename(temporary, pathOf(this.#folder, this.#sync, file.generation));
    });
    this.#file = file;
  }
}

/** Links the file in under its generation. Throws when another process was faster. */
async function place(context: Context, folder: string, sync: string, file: LeaseFile): Promise<void> {
  const temporary = await writeTemporary(context, folder, file);
  try {
    await link(temporary, pathOf(folder, sync, file.generation));
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? await raceError(context, folder, sync) : error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
  if ((await highest(folder, sync)) !== file.generation) throw await raceError(context, folder, sync);
}

async function writeTemporary(context: Context, folder: string, file: LeaseFile): Promise<string> {
  const path = join(folder, `tmp.${context.randomHex(8)}`);
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(file)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return path;
}

function pathOf(folder: string, sync: string, generation: number): string {
  return join(folder, `${encodeName(sync)}.${generation}.json`);
}

async function generations(folder: string, sync: string): Promise<number[]> {
  const prefix = `${encodeName(sync)}.`;
  const files = await readdir(folder).catch((error: unknown) => (codeOf(error) === 'ENOENT' ? [] : Promise.reject(error as Error)));
  const numbers = files
    .filter((file) => file.startsWith(prefix) && file.endsWith('.json'))
    .map((file) => Number(file.slice(prefix.length, -'.json'.length)));
  return numbers.filter((number) => Number.isSafeInteger(number)).sort((a, b) => a - b);
}

async function highest(folder: string, sync: string): Promise<number | undefined> {
  return (await generations(folder, sync)).at(-1);
}

/** Files are linked in when they are complete and flushed: one that cannot be parsed was cut by a power failure and holds nothing. */
async function readLease(path: string): Promise<LeaseFile | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => (codeOf(error) === 'ENOENT' ? '' : Promise.reject(error as Error)));
  try {
    return JSON.parse(text) as LeaseFile;
  } catch {
    return undefined;
  }
}

async function activeLease(context: Context, folder: string, sync: string, generation: number): Promise<LeaseFile | undefined> {
  const file = await readLease(pathOf(folder, sync, generation));
  if (file === undefined || file.released || file.expiresAt <= context.now()) return undefined;
  return (await livenessOf(file.process)) === 'dead' ? undefined : file;
}

async function prune(folder: string, sync: string, newest: number): Promise<void> {
  const old = (await generations(folder, sync)).filter((generation) => generation <= newest - KEPT);
  await Promise.all(old.map((generation) => rm(pathOf(folder, sync, generation), { force: true })));
}

async function raceError(context: Context, folder: string, sync: string): Promise<UserError> {
  const top = await highest(folder, sync);
  const held = top === undefined ? undefined : await activeLease(context, folder, sync, top);
  return held === undefined
    ? new UserError(`another process took the lease of ${sync} at the same moment`, { hint: 'Run the command again.' })
    : heldError(sync, held);
}

function heldError(sync: string, held: LeaseFile): UserError {
  const message = `${sync} is being applied by ${held.owner} (process ${held.process.pid}) since ${clock(held.since)}, lease until ${clock(held.expiresAt)}`;
  return new UserError(message, {
    hint: `Wait until that run is done. If it is dead: sluice state unlock ${sync} --generation ${held.generation}`,
  });
}

function lostError(sync: string, generation: number): UserError {
  return new UserError(`lost the lease of ${sync} (generation ${generation}): another process took it or it was unlocked`, {
    hint: 'What was acknowledged so far is recorded. Run the command again: it continues with the rest.',
  });
}

function clock(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 19)} UTC`;
}
