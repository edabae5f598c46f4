/** Sends one batch: retries what a retry may cure, splits what holds a bad record, and always ends with one answer per change. */
import type { Context } from '../context.ts';
import { partOf } from '../destinations/batch.ts';
import { type Again, BatchRejectedError, type Destination, type Outcome, type WriteBatch } from '../destinations/destination.ts';
import { InternalError, TransientError, UserError } from '../errors.ts';
import type { RateLimiter } from './rate-limit.ts';
import { resend } from './resend.ts';
import { RETRY, withRetry } from './retry.ts';

/** The way to a destination, for one sync. */
export interface Line {
  readonly context: Context;
  readonly destination: Destination;
  /** Name of the sync, for progress. */
  readonly sync: string;
  readonly limiter: RateLimiter | undefined;
  /** Throws when the lease was lost: nothing may be sent then. */
  readonly hold: () => Promise<void>;
}

/** What became of a change that was sent: what the connector said in the end, or that the record stayed busy. */
export type Answer = Exclude<Outcome, Again> | { readonly status: 'not_attempted'; readonly message: string };

/** What became of a batch. */
export interface Sent {
  /** One for each change, in order; undefined for those that were not sent because of `failure`. */
  readonly outcomes: readonly (Answer | undefined)[];
  /** Why sending ended early: the destination stayed out of reach (`TransientError`), or no write can succeed (`UserError`). */
  readonly failure: TransientError | UserError | undefined;
}

/** `attempt`: how often these changes have been sent, this time included. */
export async function send(line: Line, batch: WriteBatch, attempt = 1): Promise<Sent> {
  try {
    const outcomes = checked(batch, await retrying(line, async () => writeOnce(line, batch)));
    return await resend(line, batch, outcomes, attempt, send);
  } catch (error) {
    if (error instanceof BatchRejectedError) return await bisect(line, batch, error);
    if (!(error instanceof TransientError) && !(error instanceof UserError)) throw error;
    return { outcomes: nothing(batch.size), failure: error };
  }
}

/** The lease is looked at last: waiting, for a limit or for another try, may outlast it. */
async function writeOnce({ destination, limiter, hold }: Line, batch: WriteBatch): Promise<readonly Outcome[]> {
  await limiter?.take(batch.size);
  await hold();
  return destination.write(batch);
}

/** What was written of a half stays written and known, whatever becomes of the other. */
async function bisect(line: Line, batch: WriteBatch, refusal: BatchRejectedError): Promise<Sent> {
  if (batch.size <= 1) return { outcomes: [{ status: 'rejected', code: refusal.code, message: refusal.message }], failure: undefined };
  const middle = Math.ceil(batch.size / 2);
  const left = await send(line, partOf(batch, 0, middle));
  if (left.failure !== undefined) return { outcomes: [...left.outcomes, ...nothing(batch.size - middle)], failure: left.failure };
  const right = await send(line, partOf(batch, middle, batch.size - middle));
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

/** Runs `work` again after failures that may pass, and tells the user that it waits. */
export async function retrying<T>({ context, sync }: Pick<Line, 'context' | 'sync'>, work: () => Promise<T>): Promise<T> {
  return withRetry(context, RETRY, work, (retry) => {
    context.emit({ type: 'apply:retry', sync, ...retry });
  });
}
