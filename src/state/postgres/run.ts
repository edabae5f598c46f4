/** A run that writes: what it announces and what becomes of it is in the journal before it goes on; the end folds it in. */
import { InternalError } from '../../errors.ts';
import type { PgClient } from '../../postgres/client.ts';
import { copyChunks } from '../../postgres/copy-text.ts';
import { signedHashText } from '../../workspace/base-table.ts';
import { qualified, literal } from '../../workspace/quote.ts';
import { intentsSql } from '../planned.ts';
import type { Lease, PlannedChanges, RecordedOutcome, RunStart, RunWriter, SeqRange } from '../state.ts';
import { dropUnused, foldRun } from './fold.ts';
import { highestSerial, type OpenRun, openRuns } from './heads.ts';
import { appendLines, intentLine, type Line, outcomeLine } from './journal.ts';
import { type Fence, fence } from './lease.ts';
import type { Store } from './store.ts';
import { columnList, columnTypes, INTENT_COLUMNS } from './tables.ts';

/** Lines in one statement. */
const PAGE = 5_000;
/** Sequence numbers in one chunk: about what DuckDB decompresses at once. */
const CHUNK = 120_000;

/** Folds what an earlier run left behind, then starts this one. */
export async function beginRun(store: Store, start: RunStart, lease: Lease, plan: PlannedChanges): Promise<PostgresRun> {
  const { sync } = start;
  const held: Fence = { sync, syncId: await store.syncId(sync), generation: lease.generation };
  await foldLeftovers(store, held);
  const repeats = await hasRepeats(plan, sync);
  const run = await store.writing(async (client) => {
    await fence(client, store.tables, held);
    const [leftover] = await openRuns(client, store.tables, store.owner, sync);
    // Repeated after a COMMIT of unknown outcome.
    if (leftover?.runId === start.runId) return leftover;
    const serial = (await highestSerial(client, store.tables, held.syncId)) + 1;
    await client.run(
      `INSERT INTO ${store.tables.runs} (sync_id, run_id, plan_id, serial, lineage, hash_id, destination, fields, started_at, status, owner, generation, "commit", repeats, folded)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, 'running', owner, generation, $10, $11, false FROM ${store.tables.leases} WHERE sync_id = $1`,
      [held.syncId, start.runId, start.planId, serial, start.lineage, start.hashId, start.destination, JSON.stringify(start.fields), start.startedAt, start.commit, repeats],
    ); // prettier-ignore
    const [begun] = await openRuns(client, store.tables, store.owner, sync);
    if (begun === undefined) throw new InternalError(`the run ${start.runId} did not begin`);
    await client.run(`CREATE TABLE ${store.tables.intents(begun.id)} (${columnTypes(INTENT_COLUMNS)})`);
    return begun;
  });
  return new PostgresRun(store, held, run, plan);
}

/** Runs whose process died count as partial: outcomes that were never recorded stay pending. */
export async function foldLeftovers(store: Store, held: Fence): Promise<void> {
  const open = await store.writing(async (client) => {
    await fence(client, store.tables, held);
    return openRuns(client, store.tables, store.owner, held.sync);
  });
  for (const run of open) await foldRun(store, held, run);
  await dropUnused(store);
}

/** Whether some key occurs in several changes: a second pass sets references to records of the same object. */
async function hasRepeats(plan: PlannedChanges, sync: string): Promise<boolean> {
  const keys = `SELECT key FROM ${qualified('plan', 'main', 'changes')} WHERE sync = ${literal(sync)} GROUP BY key HAVING count(*) > 1`;
  return (await plan.workspace.count(`SELECT count(*) FROM (${keys})`)) > 0;
}

export class PostgresRun implements RunWriter {
  readonly #store: Store;
  readonly #fence: Fence;
  readonly #run: OpenRun;
  readonly #plan: PlannedChanges;
  /** Chunks of the plan whose content is stored. */
  readonly #stored = new Set<number>();
  #lines = 0;

  constructor(store: Store, held: Fence, run: OpenRun, plan: PlannedChanges) {
    this.#store = store;
    this.#fence = held;
    this.#run = run;
    this.#plan = plan;
  }

  get serial(): number {
    return this.#run.serial;
  }

  /** Changes with a final outcome (rejected and held ones too) in earlier runs of this plan that did not finish it. */
  async acknowledged(): Promise<ReadonlySet<number>> {
    const { runs, runRecords } = this.#store.tables;
    const done = `SELECT DISTINCT c.seq FROM ${runRecords} AS c JOIN ${runs} AS r ON r.id = c.run
      WHERE r.plan_id = $1 AND r.sync_id = $2 AND r.status <> 'finished' AND c.status IN ('applied', 'unchanged', 'rejected', 'held')`;
    const ranges = await this.#store.writing(async (client) =>
      client.rows(
        `SELECT min(seq) AS first, max(seq) AS last FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island FROM (${done}) AS d) AS i GROUP BY island`,
        [this.#run.planId, this.#run.syncId],
      ),
    );
    return new Set(ranges.flatMap((range) => numbers(Number(range['first']), Number(range['last']))));
  }

  /**
   * What the changes hold is stored in chunks of the plan, each when its first change is announced: the rest of a chunk is
   * announced by lines alone.
   */
  async intend(changes: readonly SeqRange[]): Promise<void> {
    const lines = changes.map((range, index) => intentLine(this.#lines + index, range));
    this.#lines += lines.length;
    const missing = chunksOf(changes).filter((chunk) => !this.#stored.has(chunk));
    for (const page of pagesOf(lines)) {
      await this.#append(page, async (client) => {
        const into = `${this.#store.tables.intents(this.#run.id)} (${columnList(INTENT_COLUMNS)})`;
        for (const chunk of missing)
          await client.copyIn(`COPY ${into} FROM STDIN`, copyChunks(this.#plan.workspace, this.#contentSql(chunk)));
      });
      for (const chunk of missing.splice(0)) this.#stored.add(chunk);
    }
  }

  /** The changes of a chunk as the plan has them, every column as text. */
  #contentSql(chunk: number): string {
    const columns = INTENT_COLUMNS.map(({ name, loaded }) => {
      if (loaded === 'hash') return signedHashText(name);
      return loaded === 'texts' ? `CAST(to_json(${name}) AS VARCHAR)` : `CAST(${name} AS VARCHAR)`;
    });
    return `SELECT ${columns.map((column, index) => `${column} AS c${index}`).join(', ')} FROM (${intentsSql('plan', this.#run.sync)})
      WHERE seq BETWEEN ${chunk * CHUNK} AND ${(chunk + 1) * CHUNK - 1}`;
  }

  async record(outcomes: readonly RecordedOutcome[]): Promise<void> {
    const lines = outcomes.map((outcome, index) => outcomeLine(this.#lines + index, outcome));
    this.#lines += lines.length;
    for (const page of pagesOf(lines)) await this.#append(page);
  }

  /** `work` belongs to the lines: it is done with them or not at all. */
  async #append(lines: readonly Line[], work?: (client: PgClient) => Promise<void>): Promise<void> {
    await this.#store.writing(async (client) => {
      const added = await appendLines(client, this.#store.tables, { held: this.#fence, run: this.#run.id, lines });
      // None are new when this is a repetition after a COMMIT that did arrive: everything is there.
      if (added > 0) await work?.(client);
    });
  }

  async finish(end: Parameters<RunWriter['finish']>[0]): Promise<void> {
    await foldRun(this.#store, this.#fence, this.#run, { ...end, workspace: this.#plan.workspace });
    await dropUnused(this.#store);
  }
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function pagesOf<T>(lines: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(lines.length / PAGE) }, (_, page) => lines.slice(page * PAGE, (page + 1) * PAGE));
}

function chunksOf(changes: readonly SeqRange[]): number[] {
  return [...new Set(changes.flatMap(({ from, to }) => numbers(Math.floor(from / CHUNK), Math.floor(to / CHUNK))))];
}
