/** Which changes of a batch have their outcome already. */
import type { PgClient, PgRow } from '../../postgres/client.ts';
import type { Outcome } from '../destination.ts';
import { outcomeOf, type Verdict } from '../verdict.ts';
import { type BoundBatch, REMOVE_STAGED } from './write-sql.ts';

/** The changes that have an outcome other than `applied`, and are no longer staged. */
export class Settled {
  readonly #bound: BoundBatch;
  readonly #outcomes: Outcome[];
  readonly #gone: Uint8Array;

  constructor(bound: BoundBatch, outcomes: Outcome[]) {
    this.#bound = bound;
    this.#outcomes = outcomes;
    this.#gone = new Uint8Array(outcomes.length);
  }

  /** Changes that are still staged, between two positions. */
  left(from = 0, to = this.#outcomes.length): number {
    return this.#gone.subarray(from, to).reduce((count, gone) => count - gone, to - from);
  }

  settle(pos: number, outcome: Outcome): void {
    this.#outcomes[pos] = outcome;
    this.#gone[pos] = 1;
  }

  /** Takes what a look found out of the batch; returns how many that are. */
  async removeSkipped(client: PgClient, select: string): Promise<number> {
    const rows = await client.rows(select);
    if (rows.length === 0) return 0;
    for (const row of rows) {
      const field = this.#bound.fields.find(({ index }) => String(index) === row['field'])?.name;
      this.settle(Number(row['pos']), outcomeOf(row['verdict'] as Verdict, this.#bound.batch, field));
    }
    await this.remove(client, rows);
    return rows.length;
  }

  /** Takes changes that are settled out of the batch. */
  async remove(client: PgClient, rows: readonly PgRow[]): Promise<void> {
    if (rows.length > 0) await client.run(REMOVE_STAGED, [`{${rows.map((row) => row['pos']).join(',')}}`]);
  }
}
