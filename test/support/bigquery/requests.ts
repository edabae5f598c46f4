/** The log of requests, for tests that ask what travelled and what it cost. */

/** Method of the API that a request called, as its reference names them; a POST of a job has its type behind a colon. */
export type RequestKind =
  | 'jobs.insert:query'
  | 'jobs.insert:load'
  | 'jobs.insert:copy'
  | 'jobs.query'
  | 'jobs.get'
  | 'jobs.list'
  | 'jobs.cancel'
  | 'jobs.delete'
  | 'jobs.getQueryResults'
  | 'datasets.insert'
  | 'datasets.get'
  | 'datasets.list'
  | 'datasets.patch'
  | 'datasets.delete'
  | 'tables.insert'
  | 'tables.get'
  | 'tables.list'
  | 'tables.patch'
  | 'tables.update'
  | 'tables.delete'
  | 'tabledata.list'
  | 'upload'
  | 'token'
  | 'unknown';

/** One request as it came. */
export interface LoggedRequest {
  readonly method: string;
  /** Without `/bigquery/v2` and without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON; of an upload the first part; undefined: there was none. */
  readonly body: unknown;
  kind: RequestKind;
  /** The job it made or asked for. */
  jobId: string | undefined;
  /** Labels of the job or table it makes. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of the reply; 0: none was sent. */
  status: number;
}

export class RequestLog {
  #all: LoggedRequest[] = [];

  /** Oldest first; also those that a fault struck. */
  get all(): readonly LoggedRequest[] {
    return this.#all;
  }

  of(kind: RequestKind): readonly LoggedRequest[] {
    return this.#all.filter((request) => request.kind === kind);
  }

  count(kind?: RequestKind): number {
    return kind === undefined ? this.#all.length : this.of(kind).length;
  }

  reset(): void {
    this.#all = [];
  }

  /** Of the server only. */
  add(request: LoggedRequest): void {
    this.#all.push(request);
  }
}
