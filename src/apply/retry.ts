/** Tries again what a retry may cure: bounded in attempts and in time, and never two runners at the same instant. */
import type { Context } from '../context.ts';
import { TransientError } from '../errors.ts';

export interface RetryPolicy {
  /** Calls, the first one included. */
  readonly attempts: number;
  /** The longest first wait; it doubles with every attempt. Milliseconds. */
  readonly baseMs: number;
  readonly maxWaitMs: number;
  /** No wait begins that would end later than this after the first call. Milliseconds. */
  readonly budgetMs: number;
}

/** Waits up to a minute in all, half of that on average: a database fails over in less. What asks for more gets up to three. */
export const RETRY: RetryPolicy = { attempts: 8, baseMs: 500, maxWaitMs: 30_000, budgetMs: 180_000 };

export interface Retry {
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  readonly waitMs: number;
  readonly reason: string;
}

/**
 * Runs `work` until it succeeds. Repeats only after a `TransientError`; throws the last one when attempts or time are used
 * up, when the other side asks for a longer wait than there is time, and when the run was told to stop.
 */
export async function withRetry<T>(
  context: Context,
  policy: RetryPolicy,
  work: () => Promise<T>,
  onRetry: (retry: Retry) => void,
): Promise<T> {
  const begun = context.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError) || attempt >= policy.attempts || context.signal.aborted) throw error;
      const waitMs = waitBefore(context, policy, attempt, error.retryAfterMs);
      if (context.now() - begun + waitMs > policy.budgetMs) throw error;
      onRetry({ attempt, waitMs, reason: error.message });
      await pause(context, waitMs);
      if (context.signal.aborted) throw error;
    }
  }
}

/**
 * How long to wait after a failed attempt (from 1), in milliseconds. Exponential with full jitter: anything between nothing
 * and the ceiling, which spreads many callers best (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 * What the other side asks for is waited in full, and a little more, because everybody was told the same.
 */
export function waitBefore(context: Context, policy: RetryPolicy, attempt: number, retryAfterMs: number | undefined): number {
  if (retryAfterMs !== undefined) return Math.round(retryAfterMs + random(context) * policy.baseMs);
  const ceiling = Math.min(policy.maxWaitMs, policy.baseMs * 2 ** (attempt - 1));
  return Math.round(random(context) * ceiling);
}

/** At least 0, below 1. */
function random(context: Context): number {
  return Number.parseInt(context.randomHex(4), 16) / 2 ** 32;
}

const SLICE_MS = 250;

/** Waits, but not on when the run is told to stop. */
export async function pause(context: Context, ms: number): Promise<void> {
  for (let left = ms; left > 0 && !context.signal.aborted; left -= SLICE_MS) await context.sleep(Math.min(SLICE_MS, left));
}
