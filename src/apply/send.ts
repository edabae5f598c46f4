/** Sends one batch: retries what a retry may cure, splits what holds a bad record, and always ends with one outcome per change. */
import type { Context } from '../context.ts';
import { partOf } from '../destinations/batch.ts';
import { BatchRejectedError, type Destination, type Outcome, type WriteBatch } from '../destinations/destination.ts';
import { InternalError, TransientError, UserError } from '../errors.ts';

const ATTEMPTS = 5;
const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

/** What became of a batch. */
export interface Sent {
  /** One for each change, in order; undefined for those that were not sent because of `failure`. */
  readonly outcomes: readonly (Outcome | undefined)[];
  /** Why sending ended early: the destination stayed out of reach (`TransientError`), or no write can succeed (`UserError`). */
  readonly failure: TransientError | UserError | undefined;
}

export async function send(context: Context, destination: Destination, batch: WriteBatch, sync: string): Promise<Sent> {
  try {
    return { outcomes: checked(batch, await withRetry(context, sync, async () => destination.write(batch))), failure: undefined };
  } catch (error) {
    if (error instanceof BatchRejectedError) return await bisect(context, destination, batch, { sync, refusal: error });
    if (!(error instanceof TransientError) && !(error instanceof UserError)) throw error;
    return { outcomes: nothing(batch.size), failure: error };
  }
}

/** What was written of a half stays written and known, whatever becomes of the other. */
async function bisect(
  context: Context,
  destination: Destination,
  batch: WriteBatch,
  { sync, refusal }: { sync: string; refusal: BatchRejectedError },
): Promise<Sent> {
  if (batch.size <= 1) return { outcomes: [{ status: 'rejected', code: refusal.code, message: refusal.message }], failure: undefined };
  const middle = Math.ceil(batch.size / 2);
  const left = await send(context, destination, partOf(batch, 0, middle), sync);
  if (left.failure !== undefined) return { outcomes: [...left.outcomes, ...nothing(batch.size - middle)], failure: left.failure };
  const right = await send(context, destination, partOf(batch, middle, batch.size - middle), sync);
  return { outcomes: [...left.outcomes, ...right.outcomes], failure: right.failure };
}

function nothing(size: number): undefined[] {
  return Array.from({ length: size }, () => undefined);
}

function checked(batch: WriteBatch, outcomes: readonly Outcome[]): readonly Outcome[] {
  if (outcomes.length !== batch.size) {
    throw new InternalError(`the connector returned ${outcomes.length} outcomes for ${batch.size} changes`);
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
