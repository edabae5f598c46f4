/** One call of the REST API, and its answer. */

export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Below `/services/data/vNN.0`, with its query: `/query?q=...`; or the whole path when it starts with `/services/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Text, or a file that is streamed. */
  readonly body?: string | { readonly file: string } | undefined;
  /** Of the body. Default: `application/json`. */
  readonly contentType?: string | undefined;
  /** Default: `application/json`. */
  readonly accept?: string | undefined;
  /**
   * Whether the org would hold something else after it. Default: `nothing` for GET, `data` for all others. A lost reply is a
   * `LostReplyError` for `data` and a plain `TransientError` for `nothing`: that may simply be sent again.
   */
  readonly sends?: 'nothing' | 'data' | undefined;
  /** Goes out although the day's budget is used up: ends what was begun (closing or aborting a job). */
  readonly essential?: boolean | undefined;
}

export interface Reply {
  /** 2xx or 304: everything else is thrown. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Who is logged in, and where. */
export interface Identity {
  /** 18 characters. */
  readonly orgId: string;
  /** 18 characters. */
  readonly userId: string;
  /** For messages: `jane@acme.com`. */
  readonly username: string;
  readonly instanceUrl: string;
}

/** Calls counted by `Sforce-Limit-Info` in the last 24 hours, by everybody. */
export interface Usage {
  readonly used: number;
  readonly max: number;
}

export interface Limit {
  readonly max: number;
  readonly remaining: number;
}

/** The allocations that matter to us; undefined where the org does not tell. */
export interface Limits {
  /** Calls of the API in 24 hours. */
  readonly daily: Limit | undefined;
  /** Batches of Bulk ingest jobs in 24 hours. */
  readonly bulkBatches: Limit | undefined;
  /** Bulk 2.0 query jobs in 24 hours. */
  readonly bulkQueries: Limit | undefined;
}
