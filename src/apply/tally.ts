/** Counts of one sync's run, and which creates did not happen: their children must wait. */
import type { ApplyCounts, RejectGroup } from '../plan/document.ts';
import { RECORDS } from '../plan/plan-tables.ts';
import type { RecordedOutcome } from '../state/state.ts';
import { literal } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type ChangeBatch, inBatch } from './batches.ts';

const REJECT_EXAMPLES = 3;

export class Tally {
  readonly #counts: Record<keyof ApplyCounts, number> = { applied: 0, unchanged: 0, held: 0, rejected: 0, unknown: 0, not_attempted: 0 };
  readonly #rejects = new Map<string, { count: number; examples: { key: (string | null)[]; message: string }[] }>();
  readonly #settled = { 1: 0, 2: 0 };
  /** First key part of creates without acknowledgement. Bounded by the reject guard and by stopping on faults. */
  readonly failedCreates = new Set<string>();

  /** `workspace` holds the plan: only changes that were not acknowledged are looked up in it. */
  async add(
    workspace: Workspace,
    sync: string,
    work: { batch: Pick<ChangeBatch, 'action'>; pass: 1 | 2 },
    outcomes: readonly RecordedOutcome[],
  ): Promise<void> {
    const failed = outcomes.filter((outcome) => !isAcknowledged(outcome));
    const keys = await keysOf(workspace, sync, failed);
    for (const outcome of outcomes) {
      const size = outcome.to - outcome.from + 1;
      if (outcome.status !== 'not_attempted') this.#settled[work.pass] += size;
      if (work.pass === 1 || !isAcknowledged(outcome)) this.#counts[outcome.status] += size;
      else this.#counts[outcome.status] += await ownChanges(workspace, sync, outcome);
    }
    for (const outcome of failed) {
      for (let seq = outcome.from; seq <= outcome.to; seq += 1) {
        const key = keys.get(seq) ?? [];
        if (work.batch.action === 'create') this.failedCreates.add(key[0] ?? '');
        if (outcome.status === 'rejected') this.#addReject(key, outcome);
      }
    }
  }

  #addReject(key: readonly (string | null)[], outcome: RecordedOutcome): void {
    const code = outcome.code ?? 'REJECTED';
    const group = this.#rejects.get(code) ?? { count: 0, examples: [] };
    const example = { key: [...key], message: outcome.message ?? '' };
    this.#rejects.set(code, {
      count: group.count + 1,
      examples: group.examples.length < REJECT_EXAMPLES ? [...group.examples, example] : group.examples,
    });
  }

  /** Changes of a pass that were attempted. */
  settled(pass: 1 | 2): number {
    return this.#settled[pass];
  }

  get counts(): ApplyCounts {
    return { ...this.#counts };
  }

  /** Changes with an outcome so far. */
  get done(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }

  rejectGroups(): RejectGroup[] {
    return [...this.#rejects].map(([code, group]) => ({ code, field: null, count: group.count, known: 0, examples: group.examples }));
  }
}

function isAcknowledged(outcome: RecordedOutcome): boolean {
  return outcome.status === 'applied' || outcome.status === 'unchanged';
}

/** Changes of a second pass that had no first one: what happened to the others was counted there. */
async function ownChanges(workspace: Workspace, sync: string, outcome: RecordedOutcome): Promise<number> {
  return workspace.count(
    `SELECT count(*) FROM plan.changes WHERE sync = ${literal(sync)} AND ${RECORDS} AND ${inBatch({ ranges: [outcome] })}`,
  );
}

/** Keys of the changes that these outcomes are about. */
async function keysOf(workspace: Workspace, sync: string, outcomes: readonly RecordedOutcome[]): Promise<Map<number, (string | null)[]>> {
  if (outcomes.length === 0) return new Map();
  const ranges = [...outcomes].sort((a, b) => a.from - b.from);
  const row = await workspace.row(
    `SELECT CAST(to_json(list([CAST(seq AS VARCHAR), key])) AS VARCHAR) AS keys FROM plan.changes WHERE sync = ${literal(sync)} AND ${inBatch({ ranges })}`,
  );
  const pairs = typeof row['keys'] === 'string' ? (JSON.parse(row['keys']) as [string, string][]) : [];
  return new Map(pairs.map(([seq, key]) => [Number(seq), JSON.parse(key) as (string | null)[]]));
}
