/** One query job: the query runs when the job is made, its results are read in pages. */
import { JobStatus, type JobBasics } from './bulk-job.ts';
import { DELIMITERS, LINE_ENDINGS } from './csv-read.ts';
import { csvLine, pieces } from './csv-write.ts';
import type { StoredRecord } from './record.ts';
import { Refusal } from './reply.ts';
import { shuffled } from './shuffled.ts';
import type { Column } from './soql-shape.ts';
import type { Prepared } from './soql-run.ts';

/** Rows in one set of results where the request does not say. */
const SET = 50_000;

export interface ResultSet {
  readonly rows: number;
  /** What the next request asks for; `null` behind the last. */
  readonly locator: string;
  readonly csv: AsyncIterable<string>;
}

export class QueryJob {
  readonly status: JobStatus;
  readonly #columns: readonly Column[];
  readonly #prepared: Prepared;
  #found: readonly StoredRecord[] = [];

  constructor(basics: JobBasics, prepared: Prepared, now: () => number) {
    this.status = new JobStatus(basics, 'UploadComplete', now);
    this.#prepared = prepared;
    this.#columns = prepared.shape.columns;
  }

  /** `seed`: another order than the org's. Salesforce promises none without ORDER BY. */
  run(seed: number | undefined): void {
    this.status.enter('InProgress');
    const found = this.#prepared.run();
    const inOrder = seed === undefined || this.#prepared.query.orderBy.length > 0;
    this.#found = inOrder ? found : [...shuffled(found.length, seed)].map((at) => found[at]).filter((record) => record !== undefined);
    this.status.enter('JobComplete');
  }

  info(): Readonly<Record<string, unknown>> {
    const state = this.status.poll();
    return {
      ...this.status.describe(state),
      jobType: 'V2Query',
      ...(state === 'JobComplete' ? { numberRecordsProcessed: this.#found.length } : {}),
      retries: 0,
      totalProcessingTime: this.status.elapsedMs,
      isPkChunkingSupported: true,
    };
  }

  /** `maxRecords`: rows in this set, at most. Throws for locators that the job never gave. */
  results(locator: string | undefined, maxRecords: number | undefined): ResultSet {
    const start = locator === undefined ? 0 : startOf(locator);
    if (start > 0 && start >= this.#found.length) throw badLocator();
    const end = Math.min(this.#found.length, start + (maxRecords ?? SET));
    const lines = this.#lines(start, end);
    return {
      rows: end - start,
      locator: end < this.#found.length ? locatorOf(end) : 'null',
      csv: pieces(lines, LINE_ENDINGS[this.status.basics.lineEnding]),
    };
  }

  *#lines(start: number, end: number): Iterable<string> {
    const delimiter = DELIMITERS[this.status.basics.columnDelimiter];
    yield csvLine(
      this.#columns.map(({ name }) => name),
      delimiter,
    );
    for (let at = start; at < end; at += 1) {
      const record = this.#found[at];
      if (record === undefined) continue;
      yield csvLine(
        this.#columns.map((column) => cell(column, record)),
        delimiter,
      );
    }
  }
}

/** A stored value as Bulk writes it: datetimes with `Z`, where REST has `+0000`. */
function cell({ field, get }: Column, record: StoredRecord): string {
  const stored = get(record) ?? '';
  return field.type === 'datetime' ? stored.replace('+0000', 'Z') : stored;
}

/** `MTAwMDA`: the number of the first row in base64, without padding. */
function locatorOf(start: number): string {
  return Buffer.from(String(start)).toString('base64url');
}

function startOf(locator: string): number {
  const text = Buffer.from(locator, 'base64url').toString('latin1');
  if (!/^[1-9]\d*$/.test(text)) throw badLocator();
  return Number(text);
}

function badLocator(): Refusal {
  return new Refusal(400, 'API_ERROR', 'Invalid locator');
}
