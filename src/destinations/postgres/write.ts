/** Writing: one transaction for each batch, compared with live and written as a set; one outcome for each change. */
import { TransientError } from '../../errors.ts';
import type { PgClient } from '../../postgres/client.ts';
import { copyChunks } from '../../postgres/copy-text.ts';
import { LostConnectionError } from '../../postgres/errors.ts';
import type { Outcome, WriteBatch } from '../destination.ts';
import { tryWrite } from './attempt.ts';
import type { Session } from './connection.ts';
import { describeTable, type Table } from './describe.ts';
import { writeFailure } from './reject.ts';
import { salvage } from './salvage.ts';
import { Settled } from './settled.ts';
import { type Parent, parentOf } from './table-sql.ts';
import {
  alteredSelect,
  bindBatch,
  type BoundBatch,
  type BoundWrite,
  copyStaged,
  createParents,
  createStaged,
  knownSelect,
  lookSelect,
  orphansSelect,
  stagedSelect,
  writtenParents,
} from './write-sql.ts';

/** Others may write the same records meanwhile: so often the batch is looked at again before it gives way. */
const ROUNDS = 5;

export class Writer {
  readonly #session: Session;
  readonly #tables = new Map<string, Table>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Every bad record is found here: a batch is never refused as a whole. */
  async write(batch: WriteBatch): Promise<readonly Outcome[]> {
    if (batch.size === 0) return [];
    const outcomes = Array.from({ length: batch.size }, (): Outcome => APPLIED);
    try {
      await this.#session.transaction('WRITE', async (client) => this.#writeBatch(client, batch, outcomes));
      return outcomes;
    } catch (error) {
      if (!(error instanceof LostConnectionError && error.committing)) throw error;
      const unknown: Outcome = { status: 'unknown', message: 'the connection was lost while the batch was committed' };
      return outcomes.map((outcome) => (outcome.status === 'applied' ? unknown : outcome));
    }
  }

  async #writeBatch(client: PgClient, batch: WriteBatch, outcomes: Outcome[]): Promise<void> {
    const bound = await this.#bind(client, batch);
    try {
      await stage(client, bound);
      const settled = new Settled(bound, outcomes);
      await resolveParents(client, bound, settled);
      await writeStaged(client, bound, settled);
      if (batch.action !== 'delete') await verifyStored(client, bound, outcomes);
    } catch (error) {
      this.#tables.clear(); // it may have been altered
      throw writeFailure(error, bound);
    }
  }

  async #bind(client: PgClient, batch: WriteBatch): Promise<BoundBatch> {
    const rows = async (sql: string, params?: readonly string[]) => client.rows(sql, params);
    const table = this.#tables.get(batch.object) ?? (await describeTable(rows, batch.object));
    this.#tables.set(batch.object, table);
    const parents = new Map<string, Parent>();
    for (const { field, reference } of batch.fields) {
      if (reference !== undefined) parents.set(field, await parentOf(rows, table, field, reference));
    }
    const known = batch.action === 'create' ? {} : await batch.workspace.row(knownSelect(batch));
    return bindBatch(
      batch,
      table,
      parents,
      batch.fields.map((_, index) => (known[`h${index}`] ?? 'none') as BoundWrite['known']),
    );
  }
}

/** In the same transaction: nobody else can have changed it in between. */
async function verifyStored(client: PgClient, bound: BoundBatch, outcomes: Outcome[]): Promise<void> {
  const altered = new Set((await client.rows(alteredSelect(bound))).map((row) => Number(row['pos'])));
  for (const [pos, outcome] of outcomes.entries()) if (outcome === APPLIED && !altered.has(pos)) outcomes[pos] = VERIFIED;
}

const APPLIED: Outcome = { status: 'applied' };
const VERIFIED: Outcome = { status: 'applied', verified: true };

async function stage(client: PgClient, bound: BoundBatch): Promise<void> {
  // A deferred constraint must fail here, where its record can be found, and not at the end. Lookups go through indexes.
  await client.script(`SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL random_page_cost = 0.1; ${createStaged(bound)}`);
  await client.copyIn(copyStaged(bound), copyChunks(bound.batch.workspace, stagedSelect(bound)));
}

async function resolveParents(client: PgClient, bound: BoundBatch, settled: Settled): Promise<void> {
  const parents = writtenParents(bound);
  if (parents.length === 0) return;
  for (const parent of parents) await client.run(createParents(parent));
  await settled.removeSkipped(client, orphansSelect(parents));
}

/** All at once; when something is in the way, without what a look finds; when that fails too, part by part. */
async function writeStaged(client: PgClient, bound: BoundBatch, settled: Settled): Promise<void> {
  await client.script('SAVEPOINT batch');
  for (let round = 0; round < ROUNDS; round += 1) {
    const left = settled.left();
    if (left === 0) return;
    const attempt = await tryWrite(client, bound, left);
    if (attempt === 'written') return;
    const skipped = await settled.removeSkipped(client, lookSelect(bound));
    if (attempt === 'refused' || skipped === 0) {
      await salvage(client, bound, settled);
      return;
    }
  }
  throw new TransientError('other sessions keep writing the same records');
}
