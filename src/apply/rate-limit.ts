/** Keeps within the rate that a destination declares, so that it never has to say no. */
import type { Context } from '../context.ts';
import type { Rate } from '../destinations/destination.ts';
import { pause } from './retry.ts';

/**
 * A token bucket: full at first, refilled steadily. Callers are served in the order in which they came, because each books
 * its tokens when it asks and waits until they are there; a request bigger than the bucket runs it into debt.
 */
export class RateLimiter {
  readonly #context: Context;
  readonly #rate: Rate;
  #tokens: number;
  #filledAt: number;

  constructor(context: Context, rate: Rate) {
    this.#context = context;
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAt = context.now();
  }

  /** Returns when one request with so many records may be sent, or when the run is told to stop. */
  async take(records: number): Promise<void> {
    this.#refill();
    this.#tokens -= this.#rate.of === 'requests' ? 1 : records;
    if (this.#tokens >= 0) return;
    const waitMs = Math.ceil((-this.#tokens / this.#rate.perSecond) * 1_000);
    this.#tokens = (-waitMs / 1_000) * this.#rate.perSecond; // the rest of the last millisecond is nobody's
    await pause(this.#context, waitMs);
  }

  /** A clock that is set back gives nothing and takes nothing. */
  #refill(): void {
    const now = this.#context.now();
    const elapsed = Math.max(0, now - this.#filledAt) / 1_000;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + elapsed * this.#rate.perSecond);
    this.#filledAt = now;
  }
}

/** One limiter for each connection, whichever syncs write to it: a destination counts what one account does. */
export class RateLimiters {
  readonly #context: Context;
  readonly #limiters = new Map<string, RateLimiter>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Undefined where the destination declares no rate. */
  of(connection: string, rate: Rate | undefined): RateLimiter | undefined {
    if (rate === undefined) return undefined;
    const known = this.#limiters.get(connection);
    if (known !== undefined) return known;
    const made = new RateLimiter(this.#context, rate);
    this.#limiters.set(connection, made);
    return made;
  }
}
