/** A record that refers to one this plan creates waits for it: when the parent failed, the child is held, not sent. */
import type { PlannedSync } from '../plan/plan-file.ts';
import type { RecordedOutcome } from '../state/state.ts';
import type { ChangeBatch, PlannedChange } from './batches.ts';
import type { Tally } from './tally.ts';

/** What the applier knows of the other syncs: which of them create records of an object, and which creates failed. */
export interface Siblings {
  readonly entries: readonly {
    readonly run?: { readonly planned: PlannedSync; readonly tally: Tally } | undefined;
  }[];
}

/** Splits a batch into what may be sent and the outcomes of what must wait. */
export function holdChildren(
  batch: ChangeBatch,
  planned: PlannedSync,
  own: Tally,
  siblings: Siblings,
): { readonly ready: ChangeBatch; readonly held: readonly RecordedOutcome[] } {
  const held = batch.changes.flatMap((change): RecordedOutcome[] => {
    const missing = waitsFor(change, planned, own, siblings);
    return missing === undefined ? [] : [{ seq: change.seq, status: 'held', message: missing }];
  });
  if (held.length === 0) return { ready: batch, held };
  const waiting = new Set(held.map((outcome) => outcome.seq));
  return { ready: { ...batch, changes: batch.changes.filter((change) => !waiting.has(change.seq)) }, held };
}

function waitsFor(change: PlannedChange, planned: PlannedSync, own: Tally, siblings: Siblings): string | undefined {
  if (change.after_apply.length === 0) return undefined;
  const ownKey = (JSON.parse(change.key) as string[])[0] ?? '';
  if (own.failedCreates.has(ownKey)) return 'the record itself was not created';
  const after = change.after === null ? {} : (JSON.parse(change.after) as Record<string, string | null>);
  for (const field of change.after_apply.filter((name) => change.fields.includes(name))) {
    const object = planned.fieldTypes.find((each) => each.name === field)?.reference?.object;
    const parents = siblings.entries.flatMap((entry) =>
      entry.run !== undefined && entry.run.planned.object === object ? [entry.run] : [],
    );
    const value = after[field] ?? '';
    if (parents.length === 0 || parents.some((parent) => parent.tally.failedCreates.has(value)))
      return `${field}: the ${object ?? 'record'} it refers to was not created`;
  }
  return undefined;
}
