/** What became of each row of a job: a byte, and a text where there is one. Small enough for a million rows. */
import type { WriteResult } from './write-result.ts';

const [UNPROCESSED, CREATED, UPDATED, FAILED] = [0, 1, 2, 3];

export type ResultKind = 'successfulResults' | 'failedResults' | 'unprocessedrecords';

export class Ledger {
  readonly rows: number;
  readonly #what: Uint8Array;
  /** Ids of rows that were written. */
  readonly #ids: (string | undefined)[] = [];
  readonly #errors = new Map<number, string>();
  #processed = 0;

  constructor(rows: number) {
    this.rows = rows;
    this.#what = new Uint8Array(rows);
  }

  get processed(): number {
    return this.#processed;
  }

  get failed(): number {
    return this.#errors.size;
  }

  note(row: number, result: WriteResult, created: boolean): void {
    this.#processed += 1;
    this.#ids[row] = result.id;
    this.#what[row] = result.success ? (created ? CREATED : UPDATED) : FAILED;
    if (!result.success) this.#errors.set(row, errorText(result));
  }

  is(row: number, kind: ResultKind): boolean {
    const what = this.#what[row];
    if (kind === 'unprocessedrecords') return what === UNPROCESSED;
    return kind === 'failedResults' ? what === FAILED : what === CREATED || what === UPDATED;
  }

  /** The values that stand in front of the uploaded ones; none for rows that nobody looked at. */
  prefix(row: number, kind: ResultKind): readonly string[] {
    if (kind === 'unprocessedrecords') return [];
    const id = this.#ids[row] ?? '';
    return kind === 'failedResults' ? [id, this.#errors.get(row) ?? ''] : [id, String(this.#what[row] === CREATED)];
  }
}

/** `REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --` */
function errorText({ errors }: WriteResult): string {
  return errors
    .map(({ statusCode, message, fields }) => `${statusCode}:${message}:${fields.join(',')}${fields.length > 0 ? ' ' : ''}--`)
    .join('');
}
