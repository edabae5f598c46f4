/** Writing: one transaction for each batch, compared with live and written as a set; one outcome for each change. */
import { InternalError } from '../../errors.ts';
import type { DatabaseFile } from '../../workspace/attach-file.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { BatchRejectedError, type Outcome, type WriteBatch } from '../destination.ts';
import { outcomeOf, type Verdict } from '../verdict.ts';
import { type Catalog, describeTable } from './describe.ts';
import { type Refusal, refusalOf, writeFailure } from './reject.ts';
import { type Parent, parentOf } from './table-sql.ts';
import { type BoundBatch, bindBatch, columnsWritten, createVerdicts, markCopies, misfits, SKIPPED, writeStatement } from './write-sql.ts';

const APPLIED: Outcome = { status: 'applied' };

/** Writes through the workspace, in which the file is attached for writing: no row leaves DuckDB. */
export class Writer {
  readonly #workspace: Workspace;
  readonly #catalog: Catalog;
  readonly #path: string;

  constructor(workspace: Workspace, file: DatabaseFile, place: { readonly database: string; readonly schema: string }) {
    this.#workspace = workspace;
    this.#path = file.path;
    this.#catalog = { rows: async (sql, params) => workspace.rows(sql, params), ...place, known: new Map() };
  }

  /** Throws `BatchRejectedError` when a record of several is refused: nothing of the batch is then written. */
  async write(batch: WriteBatch): Promise<readonly Outcome[]> {
    if (batch.size === 0) return [];
    const bound = await this.#bind(batch);
    try {
      return await this.#workspace.transaction(() => this.#writeBatch(bound));
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw writeFailure(error, this.#path);
      if (batch.size > 1) throw new BatchRejectedError(refusal.code, refusal.message);
      const { code, message } = await this.#explain(bound, refusal);
      return [{ status: 'rejected', code, message }];
    }
  }

  async #bind(batch: WriteBatch): Promise<BoundBatch> {
    const table = await describeTable(this.#catalog, batch.object);
    const parents = new Map<string, Parent>();
    for (const { field, reference } of batch.fields) {
      if (reference === undefined) continue;
      parents.set(field, await parentOf(this.#catalog, table, field, reference));
    }
    return bindBatch(batch, table, parents);
  }

  async #writeBatch(bound: BoundBatch): Promise<readonly Outcome[]> {
    const { size } = bound.batch;
    await this.#workspace.run(createVerdicts(bound));
    const copies = markCopies(bound);
    if (copies !== undefined) await this.#workspace.run(copies);
    const skipped = await this.#workspace.rows(SKIPPED);
    const expected = size - skipped.length;
    const written = expected === 0 ? 0 : await this.#workspace.change(writeStatement(bound));
    if (written !== expected) throw new InternalError(`${written} records were written instead of ${expected}`);
    const outcomes: Outcome[] = Array.from({ length: size }, () => APPLIED);
    for (const row of skipped) {
      const field = bound.fields.find((each) => row['field'] !== null && each.index === Number(row['field']));
      outcomes[Number(row['pos'])] = outcomeOf(row['verdict'] as Verdict, bound.batch, field?.name);
    }
    return outcomes;
  }

  /** Which field of the one record it was, where DuckDB does not say. */
  async #explain(bound: BoundBatch, refusal: Refusal): Promise<Refusal> {
    if (refusal.code !== 'CONVERSION') return refusal;
    const row = (await this.#workspace.rows(misfits(bound)))[0]?.['misfits'];
    const position = Array.isArray(row) ? row.indexOf(true) : -1;
    const column = columnsWritten(bound)[position]?.column;
    return column === undefined ? refusal : { ...refusal, message: `the value of field "${column.name}" does not fit ${column.native}` };
  }
}
