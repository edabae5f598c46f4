/** The command line as a real process that a test may end at any instant. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { childEnv } from './compile-cache.ts';
import { CLI } from './project.ts';

const KILL_SWITCH = fileURLToPath(new URL('kill-switch.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface Ending {
  /** SIGKILL after so many milliseconds. */
  readonly afterMs?: number;
  /** At an instant: see `kill-switch.ts`. */
  readonly at?: string;
  /** At that instant, instead of SIGKILL. */
  readonly signal?: NodeJS.Signals;
  /** Notes the instants into this file. */
  readonly log?: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves once the text stands in stdout or stderr. */
  readonly says: (text: string) => Promise<void>;
}

/** Starts `node src/cli.ts`. */
export function start(cwd: string, args: readonly string[], ending: Ending = {}): Running {
  const begun = performance.now();
  const watched = ending.at !== undefined || ending.log !== undefined;
  const child = spawn(process.execPath, [...(watched ? ['--import', KILL_SWITCH] : []), CLI, ...args], {
    cwd,
    env: { ...childEnv(), SLUICE_KILL_AT: ending.at, SLUICE_KILL_SIGNAL: ending.signal, SLUICE_KILL_LOG: ending.log },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  const hear = (name: 'stdout' | 'stderr') => (text: string) => {
    output[name] += text;
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding('utf8').on('data', hear('stdout'));
  child.stderr.setEncoding('utf8').on('data', hear('stderr'));
  const timer = ending.afterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), ending.afterMs);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...output, ms: performance.now() - begun });
    });
  });
  const says = async (text: string): Promise<void> => {
    const heard = new Promise<void>((resolve) => {
      const listen = (): void => ((output.stdout + output.stderr).includes(text) ? resolve() : undefined);
      listeners.add(listen);
      listen();
    });
    const end = ended.then((result) => Promise.reject(new Error(`it ended before it said ${text}: ${result.stdout}${result.stderr}`)));
    await Promise.race([heard, end]);
  };
  return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal), says };
}
