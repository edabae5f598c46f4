/** Jobs with ids of our own: a request that is repeated finds the job of the first instead of starting another. */
import { createHash } from 'node:crypto';

import type { Context } from '../context.ts';
import { TransientError } from '../errors.ts';
import { BigQueryError, isFailedJob, refusal } from './errors.ts';
import { type DryRun, dryRunOf, type JobResource, type Work, workOf } from './job-resource.ts';
import type { ClientOptions } from './options.ts';
import { type Job, queryConfiguration } from './query.ts';
import { pauseAfter, repeated } from './retry.ts';
import type { Reply, Request, Transport } from './transport.ts';
import { type Labels, labelsOf, PAGE_ROWS, type TableField } from './types.ts';

export interface JobResult extends Started, Work {
  /** Of the result (of a script: of its last SELECT). */
  readonly schema: readonly TableField[];
  readonly totalRows: number;
}

export interface Started {
  readonly jobId: string;
  readonly location: string | undefined;
}

/** A job to be started: the same key is the same job, whatever the process. */
export interface NewJob {
  readonly labels: Labels;
  readonly idempotencyKey: string;
  /** Awaited whenever a look finds that the job has not ended; what it throws ends the waiting, not the job. */
  readonly whileWaiting?: (() => Promise<void>) | undefined;
}

/** How long BigQuery holds an answer back while a job runs. */
const POLL_MS = 10_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** Times that a job is started which BigQuery itself failed to run. */
const ATTEMPTS = 3;

type Ended = Started & Pick<JobResult, 'schema' | 'totalRows'>;

/** What a job does, and how its end is awaited. */
interface Undertaking<T> {
  readonly configuration: object;
  /** Goes along with it. */
  readonly file?: string;
  readonly attempts: number;
  readonly wait: (started: Started) => Promise<T>;
}

export class Jobs {
  readonly #transport: Transport;
  readonly #options: ClientOptions;
  readonly #context: Context;

  constructor(transport: Transport, options: ClientOptions, context: Context) {
    this.#transport = transport;
    this.#options = options;
    this.#context = context;
  }

  /** Runs a statement or a script to its end. Ctrl-C cancels it on the server. */
  async run(job: Job): Promise<JobResult> {
    const work: Undertaking<Ended> = {
      configuration: { query: queryConfiguration(job, this.#options) },
      attempts: job.repeatable === true ? ATTEMPTS : 1,
      wait: async (each) => ({ ...each, ...(await this.#results(each, job.whileWaiting)) }),
    };
    const started = await this.#attempted(job, work);
    return { ...started, ...workOf((await this.#get(started)).body) };
  }

  /** Loads a file; free. */
  async load(configuration: object, job: NewJob, file: string): Promise<void> {
    await this.#attempted(job, {
      configuration: { load: configuration },
      file,
      attempts: ATTEMPTS,
      wait: async (each) => this.#ended(each, job.whileWaiting),
    });
  }

  /** Free: nothing runs. Throws what the statement would be refused for. */
  async dryRun(sql: string, params: Job['params'] = {}): Promise<DryRun> {
    const configuration = { dryRun: true, query: queryConfiguration({ sql, params }, { ...this.#options, maxBytesBilled: undefined }) };
    const { body } = await this.#repeated({ method: 'POST', path: '/jobs', body: { configuration, jobReference: this.#reference() } });
    const { status }: JobResource = body;
    if (status?.errorResult !== undefined) throw refusal(this.#transport.place, status.errorResult, 400);
    return dryRunOf(body);
  }

  /** Rows of a result, a page at a time. */
  async *pages(result: Started): AsyncGenerator<Reply['body']> {
    let pageToken: string | undefined;
    do {
      const query = {
        location: result.location,
        pageToken,
        maxResults: PAGE_ROWS,
        'formatOptions.useInt64Timestamp': true,
        timeoutMs: POLL_MS,
      };
      const { body } = await this.#repeated({ method: 'GET', path: `/queries/${result.jobId}`, query });
      yield body;
      pageToken = body['pageToken'] as string | undefined;
    } while (pageToken !== undefined);
  }

  /** A job that BigQuery itself failed to run (`backendError`) is started again under another id: its own stands for the failure. */
  async #attempted<T>(job: NewJob, work: Undertaking<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const started = await this.#insert(job, work, attempt);
      try {
        return await this.#cancelled(started, async () => work.wait(started));
      } catch (error) {
        if (!(error instanceof TransientError) || !isFailedJob(error) || attempt >= work.attempts) throw error;
        await this.#context.sleep(pauseAfter(this.#context, attempt, error));
      }
    }
  }

  /** Starts a job, or finds the one that was started by a request whose answer got lost. */
  async #insert<T>(job: NewJob, { configuration, file }: Undertaking<T>, attempt: number): Promise<Started> {
    const jobId = jobIdOf(job.idempotencyKey, attempt);
    const labels = labelsOf(job.labels, this.#options.labels);
    const body = { configuration: { ...configuration, labels }, jobReference: { ...this.#reference(), jobId } };
    const request: Request = { method: 'POST', path: '/jobs', body, ...(file === undefined ? {} : { file }) };
    const { location } = this.#options;
    this.#context.signal.throwIfAborted();
    try {
      return { jobId, location: locationOf(await this.#repeated(request)) ?? location };
    } catch (error) {
      // Whether it has started, nobody said.
      if (this.#context.signal.aborted) await this.#cancel({ jobId, location });
      if (!(error instanceof BigQueryError) || (error.status !== 409 && error.reason !== 'duplicate')) throw error;
      return { jobId, location: locationOf(await this.#get({ jobId, location })) ?? location };
    }
  }

  /** Waits for a query. Why it failed stands in the job itself, whatever the answer here makes of it. */
  async #results(started: Started, whileWaiting: NewJob['whileWaiting']): Promise<{ schema: readonly TableField[]; totalRows: number }> {
    for (;;) {
      const query = { location: started.location, maxResults: 0, timeoutMs: POLL_MS };
      const request: Request = { method: 'GET', path: `/queries/${started.jobId}`, query };
      const { body } = await this.#repeated(request, async (error) => {
        // Without an answer there is nothing to look into.
        if (!(error instanceof TransientError) || error.cause instanceof BigQueryError) await this.#throwFailure(started);
      });
      if (body['jobComplete'] === true) {
        const { fields = [] } = (body['schema'] ?? {}) as { fields?: readonly TableField[] };
        return { schema: fields, totalRows: Number(body['totalRows'] ?? 0) };
      }
      await whileWaiting?.();
    }
  }

  /** Waits until a job has ended; throws when it failed. */
  async #ended(started: Started, whileWaiting: NewJob['whileWaiting']): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !(await this.#throwFailure(started)); pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5)) {
      await whileWaiting?.();
      await this.#context.sleep(Math.round(pause));
      this.#context.signal.throwIfAborted();
    }
  }

  /** Whether the job is done; throws why it failed. */
  async #throwFailure(started: Started): Promise<boolean> {
    const { status } = (await this.#get(started)).body as JobResource;
    if (status?.errorResult !== undefined) throw refusal(this.#transport.place, status.errorResult);
    return status?.state === 'DONE';
  }

  async #get({ jobId, location }: Started): Promise<Reply> {
    return this.#repeated({ method: 'GET', path: `/jobs/${jobId}`, query: { location } });
  }

  /** A job outlives the process that asked for it, and goes on costing money: it is cancelled when we stop waiting for it. */
  async #cancelled<T>(started: Started, wait: () => Promise<T>): Promise<T> {
    const { signal } = this.#context;
    const waiting = wait();
    const listening = new AbortController();
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: listening.signal });
    });
    try {
      return await Promise.race([waiting, aborted]);
    } catch (error) {
      if (signal.aborted) await this.#cancel(started);
      throw error;
    } finally {
      listening.abort();
      waiting.catch(() => undefined); // whoever stopped waiting does not ask how it went on
    }
  }

  async #cancel({ jobId, location }: Started): Promise<void> {
    // It may have ended meanwhile; and whoever stops wants to hear of that, not of this.
    await this.#transport.send({ method: 'POST', path: `/jobs/${jobId}/cancel`, query: { location } }).catch(() => undefined);
  }

  async #repeated(request: Request, judge?: (error: unknown) => Promise<void>): Promise<Reply> {
    return repeated(this.#context, async () => {
      try {
        return await this.#transport.send(request);
      } catch (error) {
        await judge?.(error);
        throw error;
      }
    });
  }

  #reference(): object {
    const { project, location } = this.#options;
    return { projectId: project, ...(location === undefined ? {} : { location }) };
  }
}

/** The same for the same key, whatever the process. */
function jobIdOf(key: string, attempt: number): string {
  const id = `sluice_${createHash('sha256').update(key).digest('hex').slice(0, 40)}`;
  return attempt === 1 ? id : `${id}_${attempt}`;
}

function locationOf({ body }: Reply): string | undefined {
  return (body as JobResource).jobReference?.location;
}
