/** A run that writes: what it announces and what becomes of it is in the journal before it goes on; the end folds it in. */
import { InternalError } from '../../errors.ts';
import { copyChunks } from '../../postgres/copy-text.ts';
import { signedHashText } from '../../workspace/base-table.ts';
import { qualified, literal } from '../../workspace/quote.ts';
import { intentsSql } from '../planned.ts';
import type { Lease, PlannedChanges, RecordedOutcome, RunStart, RunWriter, SeqRange } from '../state.ts';
import { dropUnused, foldRun } from './fold.ts';
import { highestSerial, type OpenRun, openRuns } from './heads.ts';
import { type Fence, fence, lostError } from './lease.ts';
import { subtract } from './ranges.ts';
import type { Store } from './store.ts';
import { columnList, columnTypes, INTENT_COLUMNS } from './tables.ts';

/** Outcomes in one statement. */
const CHUNK = 5_000;

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
  /** What was announced so far: its content is stored already. */
  #announced: readonly SeqRange[] = [];
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

  async intend(changes: readonly SeqRange[]): Promise<void> {
    if (changes.length === 0) return;
    const first = this.#lines;
    this.#lines += changes.length;
    const lines = changes.map(({ from, to }, index) => ({ n: first + index, from, to }));
    const fresh = subtract(changes, this.#announced);
    await this.#store.writing(async (client) => {
      await fence(client, this.#store.tables, this.#fence);
      const added = await client.run(
        `INSERT INTO ${this.#store.tables.journal} (run, n, kind, seq_from, seq_to)
         SELECT $1, l.n, 'i', l."from", l."to" FROM json_to_recordset($2::json) AS l(n integer, "from" bigint, "to" bigint) ON CONFLICT DO NOTHING`,
        [this.#run.id, JSON.stringify(lines)],
      );
      // Repeated after a COMMIT that did arrive: everything is there.
      if (added === 0 || fresh.length === 0) return;
      const into = `${this.#store.tables.intents(this.#run.id)} (${columnList(INTENT_COLUMNS)})`;
      await client.copyIn(`COPY ${into} FROM STDIN`, copyChunks(this.#plan.workspace, this.#contentSql(first, fresh)));
    });
    this.#announced = [...this.#announced, ...fresh];
  }

  /** The announced changes as the plan has them, every column as text. */
  #contentSql(n: number, ranges: readonly SeqRange[]): string {
    const [from, to] = [Math.min(...ranges.map((range) => range.from)), Math.max(...ranges.map((range) => range.to))];
    const intents = `SELECT * FROM (${intentsSql('plan', this.#run.sync)}) WHERE seq BETWEEN ${from} AND ${to}`;
    const list = `[${ranges.map((range) => `{f: ${range.from}, t: ${range.to}}`).join(', ')}]`;
    const chosen =
      ranges.length === 1
        ? intents
        : `SELECT i.* FROM (${intents}) AS i SEMI JOIN (SELECT unnest(range(r.f, r.t + 1)) AS seq FROM (SELECT unnest(${list}) AS r)) AS c ON c.seq = i.seq`;
    const columns = INTENT_COLUMNS.map(({ name, loaded }) => {
      if (name === 'n') return `'${n}'`;
      if (loaded === 'hash') return signedHashText(name);
      return loaded === 'texts' ? `CAST(to_json(${name}) AS VARCHAR)` : `CAST(${name} AS VARCHAR)`;
    });
    return `SELECT ${columns.map((column, index) => `${column} AS c${index}`).join(', ')} FROM (${chosen})`;
  }

  async record(outcomes: readonly RecordedOutcome[]): Promise<void> {
    const first = this.#lines;
    this.#lines += outcomes.length;
    for (let start = 0; start < outcomes.length; start += CHUNK) {
      await this.#append(outcomes.slice(start, start + CHUNK).map((outcome, index) => lineOf(first + start + index, outcome)));
    }
  }

  /** One statement: the lease is checked in it. */
  async #append(lines: readonly object[]): Promise<void> {
    const { journal, leases } = this.#store.tables;
    const [row] = await this.#store.writing(async (client) =>
      client.rows(
        `WITH held AS (
           UPDATE ${leases} SET expires_at = greatest(expires_at, clock_timestamp() + interval '60 seconds') WHERE sync_id = $1 AND generation = $2 RETURNING 1
         ), added AS (
           INSERT INTO ${journal} (run, n, kind, seq_from, seq_to, status, remote_id, code, message, returned, verified)
           SELECT $3, l.n, 'o', l."from", l."to", l.status, l.remote_id, l.code, l.message, l.returned, l.verified
           FROM json_to_recordset($4::json) AS l(n integer, "from" bigint, "to" bigint, status text, remote_id text, code text, message text, returned text, verified boolean), held
           ON CONFLICT DO NOTHING
         ) SELECT count(*) AS held FROM held`,
        [this.#fence.syncId, this.#fence.generation, this.#run.id, JSON.stringify(lines)],
      ),
    );
    if (row?.['held'] !== '1') throw lostError(this.#fence.sync, this.#fence.generation);
  }

  async finish(end: Parameters<RunWriter['finish']>[0]): Promise<void> {
    await foldRun(this.#store, this.#fence, this.#run, { ...end, workspace: this.#plan.workspace });
    await dropUnused(this.#store);
  }
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function lineOf(n: number, outcome: RecordedOutcome): object {
  const { from, to, status, verified } = outcome;
  return {
    n,
    from,
    to,
    status,
    remote_id: storable(outcome.remoteId),
    code: storable(outcome.code),
    message: storable(outcome.message),
    returned: storable(outcome.returned),
    verified,
  };
}

/** Postgres stores neither NUL nor half a surrogate pair; both only ever come in a message from outside. */
function storable(text: string | undefined): string | undefined {
  return text?.replaceAll('\0', '').toWellFormed();
}
