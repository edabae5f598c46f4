/** One ingest job: upload, work in transactions of 200 rows, results. */
import { setImmediate as otherWork } from 'node:timers/promises';

import { JobStatus } from './bulk-job.ts';
import { Ledger, type ResultKind } from './bulk-ledger.ts';
import { type IngestOptions, type JobFaults, RowWriter, TRANSACTION } from './bulk-row-writer.ts';
import { CsvError, CsvFile, DELIMITERS, LINE_ENDINGS } from './csv-read.ts';
import { csvLine, pieces } from './csv-write.ts';
import type { Fault } from './faults.ts';
import type { Org } from './org.ts';
import { Refusal } from './reply.ts';
import { shuffled } from './shuffled.ts';
import type { SandboxUser } from './users.ts';

/** Transactions before other requests get their turn. */
const TURN = 10;

export class IngestJob {
  readonly status: JobStatus;
  readonly options: IngestOptions;
  readonly #org: Org;
  readonly #user: SandboxUser;
  readonly #seed: number;
  #bytes: Buffer | undefined;
  #file: CsvFile | undefined;
  #ledger = new Ledger(0);
  #downloads = 0;
  #message: string | undefined;
  /** Results come in another order each time they are read. */
  reorder = false;

  constructor(options: IngestOptions, org: Org, user: SandboxUser, seed: number) {
    this.options = options;
    this.status = new JobStatus(options, 'Open', org.now);
    this.#org = org;
    this.#user = user;
    this.#seed = seed;
  }

  get hasData(): boolean {
    return this.#bytes !== undefined;
  }

  upload(bytes: Buffer): void {
    this.#bytes = bytes;
  }

  close(faults: JobFaults): void {
    this.status.enter('UploadComplete');
    const start = (): void => void this.#run(faults);
    if (faults.slow === undefined) start();
    else this.status.hold(faults.slow.polls ?? 1, start);
  }

  /** Rows that have not had their turn stay unprocessed. */
  abort(): void {
    this.status.enter('Aborted');
    try {
      this.#open();
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      // A file that cannot be read has no rows to show.
    }
  }

  info(): Readonly<Record<string, unknown>> {
    const state = this.status.poll();
    return {
      ...this.summary(),
      ...this.status.describe(state),
      retries: 0,
      totalProcessingTime: this.status.elapsedMs,
      apiActiveProcessingTime: this.status.elapsedMs,
      apexProcessingTime: 0,
      numberRecordsProcessed: this.#ledger.processed,
      numberRecordsFailed: this.#ledger.failed,
      ...(this.#message === undefined || state !== 'Failed' ? {} : { errorMessage: this.#message }),
    };
  }

  /** As lists show it. */
  summary(): Readonly<Record<string, unknown>> {
    const { externalIdFieldName, assignmentRuleId, id, apiVersion } = this.options;
    return {
      ...this.status.describe(),
      jobType: 'V2Ingest',
      contentUrl: `services/data/v${apiVersion}/jobs/ingest/${id}/batches`,
      ...(externalIdFieldName === undefined ? {} : { externalIdFieldName }),
      ...(assignmentRuleId === undefined ? {} : { assignmentRuleId }),
    };
  }

  /** CSV in pieces, in an order that is not the file's. */
  results(kind: ResultKind): AsyncIterable<string> {
    if (this.reorder) this.#downloads += 1;
    return pieces(this.#resultLines(kind, this.#seed + this.#downloads), LINE_ENDINGS[this.options.lineEnding]);
  }

  *#resultLines(kind: ResultKind, seed: number): Iterable<string> {
    const delimiter = DELIMITERS[this.options.columnDelimiter];
    const names = { successfulResults: ['sf__Id', 'sf__Created'], failedResults: ['sf__Id', 'sf__Error'], unprocessedrecords: [] }[kind];
    const file = this.#file;
    yield [...names.map((name) => `"${name}"`), ...(file === undefined ? [] : [file.headerText])].join(delimiter);
    if (file === undefined) return;
    for (const row of shuffled(file.rows, seed)) {
      if (!this.#ledger.is(row, kind)) continue;
      // What nobody looked at may not be readable as CSV.
      yield kind === 'unprocessedrecords' ? file.text(row) : csvLine([...this.#ledger.prefix(row, kind), ...file.row(row)], delimiter);
    }
  }

  /** Cuts the upload into rows. Throws {@link CsvError}. */
  #open(): CsvFile | undefined {
    if (this.#file !== undefined || this.#bytes === undefined) return this.#file;
    this.#file = new CsvFile(this.#bytes, this.options.columnDelimiter, this.options.lineEnding);
    this.#ledger = new Ledger(this.#file.rows);
    return this.#file;
  }

  /** Never rejects: what goes wrong is the job's state. */
  async #run(faults: JobFaults): Promise<void> {
    await otherWork();
    if (this.status.hasEnded) return;
    this.status.enter('InProgress');
    try {
      const file = this.#open();
      if (file === undefined) throw new CsvError('InvalidBatch : The job has no data');
      await this.#writeAll(new RowWriter({ org: this.#org, user: this.#user, options: this.options, file, faults }));
      if (!this.status.hasEnded) this.#finish(faults.stop);
    } catch (error) {
      this.#fail(error);
    }
  }

  #finish(stop: Fault | undefined): void {
    if (stop === undefined) return this.status.enter('JobComplete');
    if (stop.do === 'unprocessed') return this.status.enter('Aborted');
    this.#message = stop.message ?? 'InternalServerError : The batch could not be processed';
    return this.status.enter('Failed');
  }

  /** What is wrong with the file or the object fails the job; anything else is a bug of the sandbox, and shown as such. */
  #fail(error: unknown): void {
    const known = error instanceof CsvError || error instanceof Refusal;
    this.#message = known ? describeFailure(error) : `InternalServerError : The sandbox failed: ${String(error)}`;
    this.status.enter('Failed');
  }

  async #writeAll(writer: RowWriter): Promise<void> {
    for (let start = 0, turn = 1; start < writer.end; start += TRANSACTION, turn += 1) {
      for (const [at, { result, created }] of writer.transaction(start).entries()) this.#ledger.note(start + at, result, created);
      if (turn % TURN === 0) await otherWork();
      if (this.status.hasEnded) return;
    }
  }
}

function describeFailure(error: CsvError | Refusal): string {
  return error instanceof CsvError ? error.message : `InvalidBatch : ${error.code}: ${error.message}`;
}
