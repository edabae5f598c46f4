/** One job of Bulk API 2.0 ingest: made, filled, started, waited for. Nothing of it is written before it is started. */
import type { Context } from '../../context.ts';
import { TransientError } from '../../errors.ts';
import type { SalesforceClient } from '../../salesforce/client.ts';
import { SalesforceError } from '../../salesforce/errors.ts';

/** A job as Salesforce describes it. */
export interface JobInfo {
  readonly id: string;
  readonly state: 'Open' | 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';
  readonly object: string;
  readonly createdById: string;
  /** `2026-11-22T10:00:00.000+0000` */
  readonly createdDate: string;
  readonly numberRecordsProcessed?: number;
  readonly numberRecordsFailed?: number;
  readonly errorMessage?: string;
}

export interface JobSpec {
  readonly object: string;
  readonly operation: 'upsert' | 'update' | 'delete';
  readonly externalIdFieldName?: string | undefined;
  readonly assignmentRuleId?: string | undefined;
}

/** Files of results, by what becomes of the rows in them. */
export type ResultFile = 'successfulResults' | 'failedResults' | 'unprocessedrecords';

/** Milliseconds between two looks at a job: growing, so that a long one costs few calls. */
const FIRST_LOOK = 500;
const LAST_LOOK = 20_000;
/** So many looks in a row may fail before nobody knows what becomes of the job: a minute or two. */
const BLIND_LOOKS = 12;

/** A request that ends what was begun: it goes out once, also when the run is told to stop or the day's budget is used up. */
const FINISH = { sends: 'data', essential: true } as const;

const ENDED: ReadonlySet<JobInfo['state']> = new Set(['JobComplete', 'Failed', 'Aborted']);

export class IngestJob {
  readonly #client: SalesforceClient;
  readonly #context: Context;
  readonly #path: string;

  private constructor(client: SalesforceClient, context: Context, id: string) {
    this.#client = client;
    this.#context = context;
    this.#path = `/jobs/ingest/${id}`;
  }

  static async create(client: SalesforceClient, context: Context, spec: JobSpec): Promise<IngestJob> {
    const body = JSON.stringify({ ...spec, contentType: 'CSV', columnDelimiter: 'COMMA', lineEnding: 'LF' });
    const { id } = await client.json<JobInfo>({ method: 'POST', path: '/jobs/ingest', body, sends: 'nothing' });
    return new IngestJob(client, context, id);
  }

  /** A job that is there already. */
  static of(client: SalesforceClient, context: Context, id: string): IngestJob {
    return new IngestJob(client, context, id);
  }

  /** A job takes one file: a second try would be refused. */
  async upload(file: string): Promise<void> {
    await this.#client.request({ method: 'PUT', path: `${this.#path}/batches`, body: { file }, contentType: 'text/csv' });
  }

  /** A lost reply is no harm: the next look shows whether the job runs. */
  async start(): Promise<void> {
    try {
      await this.#become('UploadComplete');
    } catch (error) {
      if (!(error instanceof TransientError) && !isWrongState(error)) throw error;
    }
  }

  /**
   * Waits for the end of a job that was started. When the run is told to stop, so is the job. Throws `TransientError` when it
   * could not be seen for a minute or two: it may go on.
   */
  async finished(): Promise<JobInfo> {
    let blind = 0;
    let isStopping = false;
    for (let wait = FIRST_LOOK; ; wait = Math.min(wait * 1.6, LAST_LOOK)) {
      if (isStopping) await this.#context.sleep(wait);
      else await pause(this.#context, wait);
      try {
        isStopping = isStopping || (await this.#stopIfAsked());
        const info = await this.info();
        if (ENDED.has(info.state)) return info;
        if (info.state === 'Open' && !isStopping) await this.start();
        blind = 0;
      } catch (error) {
        blind += 1;
        if (!(error instanceof TransientError) || blind >= BLIND_LOOKS) throw error;
      }
    }
  }

  async #stopIfAsked(): Promise<boolean> {
    if (!this.#context.signal.aborted) return false;
    await this.abort();
    return true;
  }

  async info(): Promise<JobInfo> {
    return this.#client.json<JobInfo>({ method: 'GET', path: this.#path, ...FINISH });
  }

  /** What is written stays written. A job that has ended stays as it is. */
  async abort(): Promise<void> {
    try {
      await this.#become('Aborted');
    } catch (error) {
      if (!isWrongState(error)) throw error;
    }
  }

  async download(what: ResultFile, file: string): Promise<void> {
    await this.#client.download({ method: 'GET', path: `${this.#path}/${what}`, accept: 'text/csv', ...FINISH }, file);
  }

  async #become(state: JobInfo['state']): Promise<void> {
    await this.#client.request({ method: 'PATCH', path: this.#path, body: JSON.stringify({ state }), ...FINISH });
  }
}

function isWrongState(error: unknown): boolean {
  return error instanceof SalesforceError && /^INVALID_?JOB_?STATE$/.test(error.code);
}

const SLICE_MS = 250;

/** Waits, but not on when the run is told to stop. */
export async function pause(context: Context, ms: number): Promise<void> {
  for (let left = ms; left > 0 && !context.signal.aborted; left -= SLICE_MS) await context.sleep(Math.min(SLICE_MS, left));
}
