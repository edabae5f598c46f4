/** Repeats a request that BigQuery can take twice: reads, and jobs and tables with a name of our own. */
import type { Context } from '../context.ts';
import { TransientError } from '../errors.ts';
import { isFailedJob } from './errors.ts';

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Runs `work` up to five times; pauses double, jittered, and last at least as long as BigQuery asked for. */
export async function repeated<T>(context: Context, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    context.signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      // A job that failed stays so, however often it is asked for.
      if (!(error instanceof TransientError) || isFailedJob(error) || attempt === ATTEMPTS) throw error;
      await context.sleep(pauseAfter(context, attempt, error));
    }
  }
}

/** How long to wait after an attempt, counted from 1: half of the pause to all of it, so that two programs do not meet again. */
export function pauseAfter(context: Context, attempt: number, { retryAfterMs = 0 }: TransientError): number {
  const pause = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + parseInt(context.randomHex(2), 16) / 131_072);
  return Math.min(LONGEST_PAUSE_MS, Math.max(Math.round(pause), retryAfterMs));
}
