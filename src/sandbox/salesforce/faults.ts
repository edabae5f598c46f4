/** What goes wrong on request: faults are added by a test or over `/_sandbox/faults`, and used up by the requests they fit. */
import type { Kind } from './calls.ts';

export const FAULT_ACTIONS = [
  /** Answers `status` (default 503), with `code` and `message` as the error, and `Retry-After: retryAfter`. */
  'status',
  /** Closes the connection and does nothing. */
  'cut-before',
  /** Does what was asked, then closes the connection: the reply is lost. */
  'cut-after',
  /** Answers a page of HTML with status 200: instead of doing what was asked, or behind it (`when: 'after'`). */
  'html',
  /** Ends all sessions: 401 INVALID_SESSION_ID, until there is a new login. */
  'expire-session',
  /** Runs `then` before what was asked is done, or behind it: `when`. Only for tests in the same process. */
  'call',
  /** Refuses rows that `match` fits (default: all) with UNABLE_TO_LOCK_ROW. */
  'lock',
  /** Refuses all rows of a request of more than `rows` rows (default 0) with an Apex CPU limit exception. */
  'cpu-limit',
  /** A job is InProgress for the next `polls` polls (default 1). */
  'slow-job',
  /** Results of a job come in another order. */
  'shuffle',
  /** A job ends with the rows behind the first `rows` (default 0) unprocessed. */
  'unprocessed',
  /** A job ends as Failed with `message`. */
  'fail-job',
] as const;
export type FaultAction = (typeof FAULT_ACTIONS)[number];

export interface Fault {
  /** A kind of request, or what `METHOD /path?query` must look like. */
  readonly on: Kind | RegExp;
  readonly do: FaultAction;
  /** How many requests it strikes; default 1. */
  readonly times?: number;
  /** How many fitting requests it lets pass first; default 0. */
  readonly after?: number;
  readonly status?: number;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly code?: string;
  readonly message?: string;
  readonly rows?: number;
  readonly polls?: number;
  readonly then?: () => void | Promise<void>;
  readonly when?: 'before' | 'after';
  /** What the JSON text of a row must look like. */
  readonly match?: RegExp;
}

interface Armed {
  readonly fault: Fault;
  after: number;
  times: number;
}

export class Faults {
  #armed: Armed[] = [];

  add(fault: Fault): void {
    this.#armed.push({ fault, after: fault.after ?? 0, times: fault.times ?? 1 });
  }

  clear(): void {
    this.#armed = [];
  }

  /** Faults that have not been used up. */
  get pending(): readonly Fault[] {
    return this.#armed.map(({ fault }) => fault);
  }

  /** The first fault of one of these actions that fits the request; it counts as used. */
  take(kind: Kind, request: string, actions: readonly FaultAction[]): Fault | undefined {
    for (const armed of this.#armed) {
      if (!actions.includes(armed.fault.do) || !fits(armed.fault, kind, request)) continue;
      if (armed.after > 0) {
        armed.after -= 1;
        continue;
      }
      armed.times -= 1;
      if (armed.times <= 0) this.#armed = this.#armed.filter((each) => each !== armed);
      return armed.fault;
    }
    return undefined;
  }
}

function fits(fault: Fault, kind: Kind, request: string): boolean {
  return typeof fault.on === 'string' ? fault.on === kind : fault.on.test(request);
}
