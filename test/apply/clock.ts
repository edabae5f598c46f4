/** A context whose clock moves only when somebody sleeps. */
import { type Context, processContext } from '../../src/context.ts';

export interface Clock {
  readonly context: Context;
  /** Milliseconds since the clock was made. */
  readonly at: () => number;
  readonly stop: () => void;
}

/** `random`: what every draw gives, as four bytes of hexadecimal text. */
export function clock(random = '80000000'): Clock {
  const begin = 1_700_000_000_000;
  const time = { now: begin };
  const abort = new AbortController();
  const real = processContext({ cwd: '/', env: {}, emit: () => undefined, signal: abort.signal });
  const sleep = async (ms: number): Promise<void> => {
    time.now += ms;
    return Promise.resolve();
  };
  return {
    context: { ...real, now: () => time.now, sleep, randomHex: () => random },
    at: () => time.now - begin,
    stop: () => {
      abort.abort();
    },
  };
}
