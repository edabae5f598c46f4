/** Jobs: made, run, polled, cancelled. */
import { createHash } from 'node:crypto';

import { ApiError, asApiError } from './errors.ts';
import type { JobFault } from './faults.ts';
import type { Job, JobConfiguration, JobReference, Outcome, Work } from './job.ts';

export class Jobs {
  readonly #now: () => number;
  readonly #jobs = new Map<string, Job>();
  #made = 0;
  /** One job at a time: BigQuery queues statements that change a table, DuckDB would refuse the second. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Newest first, as the API lists them. */
  list(): readonly Job[] {
    return [...this.#jobs.values()].reverse();
  }

  newId(): string {
    this.#made += 1;
    return `job_${createHash('sha256').update(`${this.#made} ${this.#now()}`).digest('base64url').slice(0, 28)}`;
  }

  /** Makes a job and, unless a fault holds it back, runs it to its end. */
  async insert(reference: JobReference, configuration: JobConfiguration, work: Work, fault: JobFault | undefined): Promise<Job> {
    const { projectId, jobId, location } = reference;
    if (!/^[A-Za-z0-9_-]{1,1024}$/.test(jobId)) throw new ApiError('invalid', `Invalid job ID "${jobId}".`);
    const key = jobKey(reference);
    if (this.#jobs.has(key)) throw new ApiError('duplicate', `Already Exists: Job ${projectId}:${location}.${jobId}`);
    const job = this.#job(reference, configuration, undefined);
    this.#jobs.set(key, job);
    job.finish = once(() => this.#run(job, fault === undefined ? work : faulty(fault, work)));
    job.polls = fault?.do === 'slow-job' ? (fault.polls ?? 2) : 0;
    if (fault === undefined || fault.do === 'fail-job') await finished(job);
    return job;
  }

  /** A child job of a script: one executed statement. */
  addChild(parent: Job, configuration: JobConfiguration, outcome: Outcome): void {
    const { projectId, jobId, location } = parent.reference;
    const hash = createHash('sha256').update(jobId).digest('hex').slice(0, 32);
    const reference = { projectId, location, jobId: `script_job_${hash}_${parent.children}` };
    parent.children += 1;
    const child = this.#job(reference, configuration, parent.reference.jobId);
    this.#jobs.set(jobKey(reference), Object.assign(child, { state: 'DONE', ended: this.#now(), outcome }));
  }

  /** Without a location only jobs in US and EU are found. */
  get(projectId: string, jobId: string, location: string | undefined): Job {
    const places = location === undefined ? ['US', 'EU'] : [location.toUpperCase(), location];
    const job = places.map((place) => this.#jobs.get(jobKey({ projectId, jobId, location: place }))).find((found) => found !== undefined);
    if (job === undefined) {
      throw new ApiError('notFound', `Not found: Job ${projectId}:${location === undefined ? '' : `${location}.`}${jobId}`);
    }
    return job;
  }

  delete(job: Job): void {
    this.#jobs.delete(jobKey(job.reference));
  }

  /**
   * Somebody looks at a job: one that a fault holds back stays so for as many looks as the fault said, and then does its work. Who asks for
   * rows also waits for a job that is at work.
   */
  async look(job: Job, wait: boolean): Promise<void> {
    if (job.state === 'DONE' || (job.started && !wait)) return;
    if (job.polls > 0) job.polls -= 1;
    else await finished(job);
  }

  cancel(job: Job): void {
    if (job.state === 'DONE') return;
    job.stop.abort(stopped());
    this.#end(job, undefined, stopped());
  }

  /** Waits for jobs that run, for the end of the server. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  /** Runs something alone. */
  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #run(job: Job, work: Work): Promise<void> {
    job.started = true;
    await this.exclusive(async () => {
      if (job.stop.signal.aborted) return;
      try {
        this.#end(job, await work(job), undefined);
      } catch (error) {
        this.#end(job, undefined, asApiError(error));
      }
    });
  }

  #end(job: Job, outcome: Outcome | undefined, error: ApiError | undefined): void {
    // The first end counts: a cancelled job stays cancelled.
    if (job.state === 'DONE') return;
    Object.assign(job, { state: 'DONE', ended: this.#now(), outcome, error });
  }

  #job(reference: JobReference, configuration: JobConfiguration, parent: string | undefined): Job {
    const state = {
      state: 'RUNNING',
      created: this.#now(),
      ended: undefined,
      error: undefined,
      outcome: undefined,
      statementType: undefined,
      compiled: false,
    } as const;
    return {
      reference,
      configuration,
      ...state,
      parent,
      started: false,
      children: 0,
      stop: new AbortController(),
      polls: 0,
      finish: async () => undefined,
    };
  }
}

/** Waits for the end, which is at once when somebody cancels: the engine may need a moment longer. */
async function finished(job: Job): Promise<void> {
  const { signal } = job.stop;
  const { promise: cancelled, resolve } = Promise.withResolvers<undefined>();
  signal.addEventListener('abort', () => resolve(undefined), { once: true });
  await Promise.race([job.finish(), cancelled]);
}

/** What became of a job that somebody cancelled. */
function stopped(): ApiError {
  return new ApiError('stopped', 'Job execution was cancelled: User requested cancellation');
}

function faulty(fault: JobFault, work: Work): Work {
  if (fault.do === 'slow-job') return work;
  if (fault.do === 'cancel-job') return async () => Promise.reject(stopped());
  const { reason = 'backendError', message = 'Error encountered during execution. Retrying may solve the problem.', status } = fault;
  return async () => Promise.reject(new ApiError(reason, message, status === undefined ? {} : { code: status }));
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return async () => {
    running ??= work();
    return running;
  };
}

function jobKey({ projectId, jobId, location }: JobReference): string {
  return `${projectId}:${location}.${jobId}`;
}
