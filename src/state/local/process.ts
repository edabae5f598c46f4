/** Which process did something, told apart from a later one with the same number. */
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

import { codeOf } from './paths.ts';

export interface ProcessId {
  readonly host: string;
  /** Which start of the machine, and which process namespace of it; empty where the system does not say. */
  readonly boot: string;
  readonly namespace: string;
  readonly pid: number;
  /** When it started, in ticks since boot; empty where the system does not say. */
  readonly start: string;
}

export type Liveness = 'alive' | 'dead' | 'unknown';

export async function thisProcess(): Promise<ProcessId> {
  return { ...(await machine()), pid: process.pid, start: await startOf(process.pid) };
}

/** `unknown` for a process of another machine or container. */
export async function livenessOf(other: ProcessId): Promise<Liveness> {
  const here = await machine();
  if (other.host !== here.host) return 'unknown';
  if (other.boot !== here.boot) return 'dead';
  if (other.namespace !== here.namespace) return 'unknown';
  if (!isRunning(other.pid)) return 'dead';
  return other.start === (await startOf(other.pid)) ? 'alive' : 'dead';
}

async function machine(): Promise<Pick<ProcessId, 'host' | 'boot' | 'namespace'>> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return { host: hostname(), boot: boot.slice(0, 8), namespace: namespace.replace(/\D/g, '') };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Field 22 of `/proc/PID/stat`; the command before it, in parentheses, may contain anything. A zombie counts as ended. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '');
}
