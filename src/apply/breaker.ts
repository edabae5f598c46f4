/** Ends a run whose batches keep failing: a destination that is down is not asked ten thousand times. */

/** Batches in a row that failed as a whole. One may be bad luck (a deadlock that outlives its retries). */
const FAILURES = 3;

export class Breaker {
  #failures = 0;
  #reason = '';

  /** A batch got through: whatever became of its records, the destination answers. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Nothing is known to be written of a batch, retries included. */
  failed(reason: string): void {
    this.#failures += 1;
    this.#reason = reason;
  }

  /** Why nothing more is sent; undefined while sending goes on. */
  get open(): string | undefined {
    return this.#failures < FAILURES ? undefined : `stopped: ${FAILURES} batches in a row failed, the last one with: ${this.#reason}`;
  }
}
