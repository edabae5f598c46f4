/** Counts of one sync's run, and which creates did not happen: their children must wait. */
import type { ApplyCounts, RejectGroup } from '../plan/document.ts';
import type { RecordedOutcome } from '../state/state.ts';
import type { PlannedChange } from './batches.ts';

const REJECT_EXAMPLES = 3;

export class Tally {
  readonly #counts: Record<keyof ApplyCounts, number> = { applied: 0, unchanged: 0, held: 0, rejected: 0, unknown: 0, not_attempted: 0 };
  readonly #rejects = new Map<string, { count: number; examples: { key: (string | null)[]; message: string }[] }>();
  /** First key part of creates without acknowledgement. Bounded by the reject guard and by stopping on faults. */
  readonly failedCreates = new Set<string>();
  verified = 0;

  add(changes: readonly PlannedChange[], outcomes: readonly RecordedOutcome[], pass: 1 | 2): void {
    const bySeq = new Map(outcomes.map((outcome) => [outcome.seq, outcome]));
    for (const change of changes) {
      const outcome = bySeq.get(change.seq);
      if (outcome === undefined) continue;
      const acknowledged = outcome.status === 'applied' || outcome.status === 'unchanged';
      if (outcome.verified === true) this.verified += 1;
      if (!acknowledged && change.action === 'create') this.failedCreates.add((JSON.parse(change.key) as string[])[0] ?? '');
      if (pass === 1 || !acknowledged) this.#counts[outcome.status] += 1;
      if (outcome.status === 'rejected') this.#addReject(change, outcome);
    }
  }

  #addReject(change: PlannedChange, outcome: RecordedOutcome): void {
    const code = outcome.code ?? 'REJECTED';
    const group = this.#rejects.get(code) ?? { count: 0, examples: [] };
    const example = { key: JSON.parse(change.key) as string[], message: outcome.message ?? '' };
    this.#rejects.set(code, {
      count: group.count + 1,
      examples: group.examples.length < REJECT_EXAMPLES ? [...group.examples, example] : group.examples,
    });
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
