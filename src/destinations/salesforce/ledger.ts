/** What became of each change of a batch, as far as it is known. */
import { type TransientError, UserError } from '../../errors.ts';
import type { Outcome } from '../destination.ts';

export class Ledger {
  readonly #outcomes: (Outcome | undefined)[];
  #said = 0;

  constructor(size: number) {
    this.#outcomes = Array.from({ length: size }, () => undefined);
  }

  say(position: number, outcome: Outcome): void {
    if (this.#outcomes[position] === undefined) this.#said += 1;
    this.#outcomes[position] = outcome;
  }

  /** Says it of those of the positions that nothing was said of. */
  sayRest(positions: Iterable<number>, outcome: Outcome): void {
    for (const position of positions) if (this.#outcomes[position] === undefined) this.say(position, outcome);
  }

  /** Whether something is known. */
  get hasBegun(): boolean {
    return this.#said > 0;
  }

  /** One outcome for each change. After a failure, what is known stays known, and the rest may be sent again. */
  end(failure?: TransientError | UserError): readonly Outcome[] {
    return this.#outcomes.map((outcome) => outcome ?? unsent(failure));
  }
}

/** A failure that lasts comes back when the rest is sent again. */
function unsent(failure: TransientError | UserError | undefined): Outcome {
  if (failure === undefined) return { status: 'unknown', message: 'nothing was said about this record' };
  const { message } = failure;
  if (failure instanceof UserError) return { status: 'again', why: 'busy', code: 'STOPPED', message };
  return { status: 'again', why: 'busy', code: 'UNAVAILABLE', message, afterMs: failure.retryAfterMs };
}
