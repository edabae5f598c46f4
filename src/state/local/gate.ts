/**
 * Many readers or one writer of the DuckDB file. DuckDB's own lock belongs to the process (POSIX): it neither keeps two
 * databases of one process apart nor survives the closing of one of them. So readers and writers announce themselves by
 * a file each, then look who else is there: of two that meet, at least one sees the other and steps back.
 */
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Context } from '../../context.ts';
import { TransientError, UserError } from '../../errors.ts';
import { codeOf, decodeName, encodeName, explain } from './paths.ts';
import { livenessOf, type ProcessId, thisProcess } from './process.ts';

/** How long a reader waits for a writer and a writer for readers, in milliseconds. */
export const PATIENCE_MS = 10_000;
/** A process of another machine that has been there longer than this is taken for dead. */
const FOREIGN_MS = 3_600_000;

/** The state file stayed in use for as long as we were willing to wait. */
export class StateBusyError extends TransientError {}

export type Leave = () => Promise<void>;

/** Waits until nobody writes, then keeps writers out until the returned function is called. */
export async function enterAsReader(context: Context, gate: string): Promise<Leave> {
  try {
    return await enter(context, gate, 'r');
  } catch (error) {
    if (error instanceof StateBusyError) throw busyForReaders(gate, error);
    // Where nothing can be written, this user's runs write nothing either; DuckDB's own lock still stands.
    if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOSPC'].includes(codeOf(error) ?? '')) return async () => undefined;
    throw error;
  }
}

/** Waits until nobody reads or writes. Throws {@link StateBusyError} when that takes too long. */
export async function enterAsWriter(context: Context, gate: string): Promise<Leave> {
  return explain(gate, 'write', () => enter(context, gate, 'w'));
}

async function enter(context: Context, gate: string, role: 'r' | 'w'): Promise<Leave> {
  const mine = `${role}.${nameOf(await thisProcess())}.${context.randomHex(6)}`;
  const leave = (): Promise<void> => rm(join(gate, mine), { force: true });
  return patiently(context, async () => {
    await writeFile(join(gate, mine), '', { mode: 0o600, flag: 'wx' });
    const other = await othersIn(context, gate, mine, role === 'r' ? ['w'] : ['r', 'w']).catch(async (error: unknown) => {
      await leave();
      throw error;
    });
    if (other === undefined) return leave;
    await leave();
    throw new StateBusyError(`the state is in use by ${other}`);
  });
}

/** Repeats what is refused for now, with growing pauses, until {@link PATIENCE_MS} have been slept. */
export async function patiently<T>(context: Context, work: () => Promise<T>): Promise<T> {
  for (let waited = 0, pause = 10; ; waited += pause, pause = Math.min(pause * 1.6, 250)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError) || waited >= PATIENCE_MS) throw error;
    }
    await context.sleep(jitter(context, pause));
  }
}

/** Two writers that met must not meet again: 50% to 150% of the pause. */
function jitter(context: Context, pause: number): number {
  return Math.round(pause * (0.5 + parseInt(context.randomHex(2), 16) / 65_536));
}

/** Somebody else in one of the roles, described for people. Files of dead processes are swept away. */
async function othersIn(context: Context, gate: string, mine: string, roles: readonly string[]): Promise<string | undefined> {
  for (const file of await readdir(gate)) {
    if (file === mine || !roles.includes(file.slice(0, 1))) continue;
    const who = processOf(file);
    if (who === undefined) continue;
    if (await isHere(context, join(gate, file), who)) return `process ${who.pid}${file.startsWith('r') ? ' (reading)' : ' (writing)'}`;
    await rm(join(gate, file), { force: true });
  }
  return undefined;
}

async function isHere(context: Context, path: string, who: ProcessId): Promise<boolean> {
  const liveness = await livenessOf(who);
  if (liveness !== 'unknown') return liveness === 'alive';
  const seen = await stat(path).catch(() => undefined);
  return seen !== undefined && context.now() - seen.mtimeMs < FOREIGN_MS;
}

function nameOf(who: ProcessId): string {
  return [who.host, who.boot, who.namespace, String(who.pid), who.start].map((part) => encodeName(part)).join('.');
}

function processOf(file: string): ProcessId | undefined {
  const [, host, boot, namespace, pid, start] = file.split('.');
  if (host === undefined || boot === undefined || namespace === undefined || pid === undefined || start === undefined) return undefined;
  return { host: decodeName(host), boot, namespace, pid: Number(pid), start };
}

function busyForReaders(gate: string, cause: StateBusyError): UserError {
  return new UserError(`${cause.message} and stayed so for ${PATIENCE_MS / 1000} seconds`, {
    hint: `Run the command again when that process is done. (Who is there: ${gate})`,
    cause,
  });
}
