/** API calls as Salesforce counts them: a composite request is one, logging in is none. */

export const KINDS = [
  'login',
  'identity',
  'versions',
  'describe',
  'record',
  'collections',
  'composite',
  'query',
  'bulk-query',
  'ingest',
  'limits',
] as const;
export type Kind = (typeof KINDS)[number];

/** One request as it came. */
export interface LoggedCall {
  readonly method: string;
  /** Below `/services/data/vNN.0`, without the query. */
  readonly path: string;
  readonly kind: Kind;
  /** Names in lower case, without `authorization` and `cookie`. */
  readonly headers: Readonly<Record<string, string>>;
}

const LOG_LENGTH = 1_000;

/** Requests that do not use up the day's quota. */
const FREE: ReadonlySet<Kind> = new Set(['login', 'identity', 'versions']);

export class Calls {
  #total = 0;
  #log: LoggedCall[] = [];
  readonly #byKind = new Map<Kind, number>();
  readonly #inside = new Map<Kind, number>();

  /** Counted against the quota since the start or the last {@link reset}. */
  get total(): number {
    return this.#total;
  }

  /** Requests of one kind, counted against the quota or not. */
  of(kind: Kind): number {
    return this.#byKind.get(kind) ?? 0;
  }

  /** Requests of one kind inside composite requests: not counted against the quota. */
  inside(kind: Kind): number {
    return this.#inside.get(kind) ?? 0;
  }

  /** The newest requests, oldest first; also those that a fault struck. */
  get recent(): readonly LoggedCall[] {
    return this.#log;
  }

  reset(): void {
    this.#log = [];
    this.#total = 0;
    this.#byKind.clear();
    this.#inside.clear();
  }

  toJSON(): object {
    return { total: this.#total, byKind: Object.fromEntries(this.#byKind), inside: Object.fromEntries(this.#inside) };
  }

  static isFree(kind: Kind): boolean {
    return FREE.has(kind);
  }

  /** This and what follows: of the server only. */
  log(call: LoggedCall): void {
    const { authorization: _token, cookie: _cookie, ...headers } = call.headers;
    if (this.#log.length >= 2 * LOG_LENGTH) this.#log = this.#log.slice(-LOG_LENGTH);
    this.#log.push({ ...call, headers });
  }

  note(kind: Kind): void {
    this.#byKind.set(kind, this.of(kind) + 1);
    if (!FREE.has(kind)) this.#total += 1;
  }

  noteInside(kind: Kind): void {
    this.#inside.set(kind, this.inside(kind) + 1);
  }
}
