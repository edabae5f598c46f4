/** Sends one batch: retries what a retry may cure, splits what holds a bad record, and always ends with one outcome per change. */
import type { Context } from '../context.ts';
import { BatchRejectedError, type Destination, type Outcome, type WriteBatch } from '../destinations/destination.ts';
import { InternalError, TransientError } from '../errors.ts';

const ATTEMPTS = 5;
const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

/**
 * Outcomes of the batch, in order. Throws `TransientError` when the destination stayed out of reach through every attempt
 * (nothing of the batch was written then), and `UserError` when no write can succeed.
 */
export async function send(context: Context, destination: Destination, batch: WriteBatch, sync: string): Promise<readonly Outcome[]> {
  try {
    return checked(batch, await withRetry(context, sync, async () => destination.write(batch)));
  } catch (error) {
    if (!(error instanceof BatchRejectedError)) throw error;
    const [only, ...others] = batch.changes;
    if (only === undefined || others.length === 0) return [{ status: 'rejected', code: error.code, message: error.message }];
    const middle = Math.ceil(batch.changes.length / 2);
    const left = await send(context, destination, { ...batch, changes: batch.changes.slice(0, middle) }, sync);
    const right = await send(context, destination, { ...batch, changes: batch.changes.slice(middle) }, sync);
    return [...left, ...right];
  }
}

function checked(batch: WriteBatch, outcomes: readonly Outcome[]): readonly Outcome[] {
  if (outcomes.length !== batch.changes.length) {
    throw new InternalError(`the connector returned ${outcomes.length} outcomes for ${batch.changes.length} changes`);
  }
  return outcomes;
}

async function withRetry<T>(context: Context, sync: string, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError) || attempt === ATTEMPTS || context.signal.aborted) throw error;
      const waitMs = error.retryAfterMs ?? backoff(context, attempt);
      context.emit({ type: 'apply:retry', sync, attempt, waitMs, reason: error.message });
      await context.sleep(waitMs);
    }
  }
}

/** Exponential, with full jitter: many runners must not come back at the same instant. */
function backoff(context: Context, attempt: number): number {
  const ceiling = Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (attempt - 1));
  const random = Number.parseInt(context.randomHex(4), 16) / 0xffffffff;
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
