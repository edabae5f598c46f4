/** What goes wrong on request: faults are added by a test, and used up by the requests they fit. */

export type FaultAction =
  /** Answers `status` (default 503) with `reason` (default that of the status) and `message`, and `Retry-After: retryAfter`; does nothing. */
  | 'status'
  /** Closes the connection and does nothing. */
  | 'cut-before'
  /** Does what was asked, then closes the connection: the reply is lost. */
  | 'cut-after'
  /** Runs `then` before what was asked is done. */
  | 'call'
  /** The job this request makes is RUNNING for the next `polls` (default 2) looks at it, and only then does its work. */
  | 'slow-job'
  /** The job this request makes is RUNNING, and when next looked at somebody has cancelled it; it did nothing. */
  | 'cancel-job'
  /** The job this request makes ends with `reason` (default backendError) and `message`; it did nothing. */
  | 'fail-job'
  /** The result table of the job that this request makes or reads expires first. */
  | 'expire-table';

export interface Fault {
  /** What `METHOD /projects/p/...?query` must look like; without `/bigquery/v2` and `prettyPrint`. */
  readonly on: RegExp;
  readonly do: FaultAction;
  /** How many requests it strikes; default 1. */
  readonly times?: number;
  /** How many fitting requests it lets pass first; default 0. */
  readonly after?: number;
  readonly status?: number;
  readonly reason?: string;
  readonly message?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly polls?: number;
  readonly then?: () => void | Promise<void>;
}

/** What becomes of the job that a request makes. */
export type JobFault = Fault & { readonly do: 'slow-job' | 'cancel-job' | 'fail-job' };

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
  take(request: string, actions: readonly FaultAction[]): Fault | undefined {
    for (const armed of this.#armed) {
      if (!actions.includes(armed.fault.do) || !armed.fault.on.test(request)) continue;
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
