/** Everything a command takes from outside the program: clock, network, randomness, environment. Nothing else reads them. */
import { setTimeout as delay } from 'node:timers/promises';

import type { SluiceEvent } from './events.ts';

export interface Context {
  /** The folder the user stands in: relative paths of the command line start here. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly fetch: typeof fetch;
  /** `length` random bytes as hexadecimal text. */
  readonly randomHex: (length: number) => string;
  /** One stream of events; terminal, progress and JSON are subscribers. Core code never prints. */
  readonly emit: (event: SluiceEvent) => void;
  /** Aborted by Ctrl-C and SIGTERM: finish the batch in flight, record it, release the lease. */
  readonly signal: AbortSignal;
}

/**
 * A connection or a state backend that can tell its own time. `doctor` compares it with ours: leases and rate limits run by
 * the other side's clock, and what people read about runs by this one.
 */
export interface TellsTime {
  /** Milliseconds since 1970, as the system says. */
  clock(): Promise<number>;
}

/** Whether a job runs the program, and not a person: `CI` is set, as every CI service does. */
export function inCi(env: Context['env']): boolean {
  return !['', '0', 'false'].includes((env['CI'] ?? '').toLowerCase());
}

/** A context of this process: real clock, network and randomness. */
export function processContext(options: {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  emit: (event: SluiceEvent) => void;
  signal: AbortSignal;
}): Context {
  return {
    ...options,
    now: () => Date.now(),
    sleep: async (ms) => delay(ms),
    fetch: globalThis.fetch,
    randomHex: (length) => Buffer.from(crypto.getRandomValues(new Uint8Array(length))).toString('hex'),
  };
}
