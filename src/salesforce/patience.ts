/** Requests that change nothing are sent again when that may help: few times, and never two runners at the same instant. */
import type { Context } from '../context.ts';
import { TransientError } from '../errors.ts';

/** Calls, the first one included: about ten seconds in all. */
const ATTEMPTS = 5;
const BASE_MS = 500;
/** What asks for more is told to the caller, who may have more time. */
const LONGEST_MS = 60_000;
/** No attempt begins that late after the first one: each may have waited for minutes for an answer that does not come. */
const BUDGET_MS = 300_000;
const SLICE_MS = 250;

/**
 * Throws the last `TransientError`. When the run was told to stop: that too (`finish`), or the reason that the signal gives
 * (`stop`), for what is worth nothing after an abort.
 */
export async function patiently<T>(context: Context, onAbort: 'stop' | 'finish', work: () => Promise<T>): Promise<T> {
  const begun = context.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError) || attempt >= ATTEMPTS) throw error;
      const waitMs = waitAfter(context, attempt, error.retryAfterMs);
      if (waitMs > LONGEST_MS || context.now() - begun + waitMs > BUDGET_MS) throw error;
      await pause(context, waitMs);
      if (onAbort === 'stop') context.signal.throwIfAborted();
      else if (context.signal.aborted) throw error;
    }
  }
}

/** What is asked for in full and a little more, because everybody was told the same; else between half and all of a doubling wait. */
function waitAfter(context: Context, attempt: number, retryAfterMs: number | undefined): number {
  const random = Number.parseInt(context.randomHex(4), 16) / 2 ** 32;
  if (retryAfterMs !== undefined) return Math.round(retryAfterMs + random * BASE_MS);
  return Math.round(BASE_MS * 2 ** (attempt - 1) * (0.5 + random / 2));
}

async function pause(context: Context, ms: number): Promise<void> {
  for (let left = ms; left > 0 && !context.signal.aborted; left -= SLICE_MS) await context.sleep(Math.min(SLICE_MS, left));
}
