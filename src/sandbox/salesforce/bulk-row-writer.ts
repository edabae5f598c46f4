/** The rows of an ingest job, written in transactions of 200 as Salesforce does, with what goes wrong on request. */
import type { JobBasics } from './bulk-job.ts';
import { RowReader } from './bulk-rows.ts';
import { CsvError, type CsvFile } from './csv-read.ts';
import type { Fault } from './faults.ts';
import type { Org } from './org.ts';
import type { Row } from './parse-row.ts';
import type { SandboxUser } from './users.ts';
import { failed, type WriteOp, type WriteResult } from './write-result.ts';

/** Rows that Salesforce writes in one transaction. */
export const TRANSACTION = 200;

export interface IngestOptions extends JobBasics {
  readonly operation: WriteOp;
  readonly externalIdFieldName: string | undefined;
  readonly assignmentRuleId: string | undefined;
}

/** What goes wrong in the job, taken when it is closed. */
export interface JobFaults {
  readonly slow?: Fault | undefined;
  readonly lock?: Fault | undefined;
  readonly cpuLimit?: Fault | undefined;
  /** Nothing is done behind its `rows`; `fail-job` fails the job there, `unprocessed` aborts it, as an administrator would. */
  readonly stop?: Fault | undefined;
}

interface Work {
  readonly org: Org;
  readonly user: SandboxUser;
  readonly options: IngestOptions;
  readonly file: CsvFile;
  readonly faults: JobFaults;
}

export interface WrittenRow {
  readonly result: WriteResult;
  readonly created: boolean;
}

export class RowWriter {
  /** Nothing is done behind this row. */
  readonly end: number;
  readonly #work: Work;
  readonly #reader: RowReader;
  /** Rows that the fault `lock` may still strike. */
  #locks: number;

  /** Throws {@link CsvError} for a header that does not fit the object or the operation. */
  constructor(work: Work) {
    const { org, user, options, file, faults } = work;
    if (options.operation === 'delete' && file.header.join().toLowerCase() !== 'id') {
      throw new CsvError('InvalidBatch : Delete batch must include only ids');
    }
    const table = org.tableFor(options.object, user);
    this.#work = work;
    this.#reader = new RowReader(file.header, { table, tableOf: (object) => org.table(object), user });
    this.#locks = faults.lock?.rows ?? Infinity;
    this.end = Math.min(file.rows, faults.stop === undefined ? Infinity : (faults.stop.rows ?? 0));
  }

  /** Writes the transaction that begins at this row, and says what became of each of its rows. Throws {@link CsvError}, `Refusal`. */
  transaction(start: number): readonly WrittenRow[] {
    const { file, faults, options } = this.#work;
    const rows: Row[] = [];
    for (let at = start; at < Math.min(this.end, start + TRANSACTION); at += 1) rows.push(this.#reader.read(file.row(at)));
    const tooMuch = faults.cpuLimit !== undefined && file.rows > (faults.cpuLimit.rows ?? 0);
    const results = tooMuch ? rows.map(() => cpuLimit(options.object)) : this.#write(rows);
    return results.map((result) => ({ result, created: result.created ?? options.operation === 'insert' }));
  }

  #write(rows: readonly Row[]): readonly WriteResult[] {
    const { org, user, options } = this.#work;
    const { operation, object, externalIdFieldName, assignmentRuleId } = options;
    const locked = new Set(rows.filter((row) => this.#isLocked(row)));
    const free = rows.filter((row) => !locked.has(row));
    const settings = { externalIdField: externalIdFieldName, text: true, autoAssign: assignmentRuleId ?? false };
    const written = org.writeMany(user, operation, object, free, settings).values();
    return rows.map((row) => (locked.has(row) ? lockedRow(this.#work.faults.lock) : (written.next().value ?? lockedRow(undefined))));
  }

  #isLocked(row: Row): boolean {
    const { lock } = this.#work.faults;
    if (lock === undefined || this.#locks <= 0 || lock.match?.test(JSON.stringify(row)) === false) return false;
    this.#locks -= 1;
    return true;
  }
}

function lockedRow(fault: Fault | undefined): WriteResult {
  return failed('UNABLE_TO_LOCK_ROW', fault?.message ?? 'unable to obtain exclusive access to this record');
}

function cpuLimit(object: string): WriteResult {
  return failed('CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', `${object}Trigger: System.LimitException: Apex CPU time limit exceeded`);
}
