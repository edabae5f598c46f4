/** From what a connector said to what state records: held records, looked-up unknowns, read-back values. */
import type { Context } from '../context.ts';
import type { Destination, Outcome, WriteBatch } from '../destinations/destination.ts';
import type { PlannedSync } from '../plan/plan-file.ts';
import type { RecordedOutcome } from '../state/state.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { compareLive } from './reread.ts';
import { send } from './send.ts';

/** Records read back in one run before it turns to samples, and the records of a batch in a sample. */
const VERIFY_ALL = 2_000;
const VERIFY_SAMPLE = 20;

export interface Delivery {
  readonly context: Context;
  readonly workspace: Workspace;
  readonly destination: Destination;
  readonly planned: PlannedSync;
  readonly verify: 'all' | 'sample' | 'none';
}

/** Sends a batch and says what became of each change. `verifiedSoFar`: records this run has read back. */
export async function deliver(delivery: Delivery, batch: WriteBatch, verifiedSoFar: number): Promise<readonly RecordedOutcome[]> {
  const { destination, planned } = delivery;
  const held = destination.capabilities.atomicCompare.can ? [] : await movedSincePlan(delivery, batch);
  const heldSeqs = new Set(held.map((outcome) => outcome.seq));
  const rest = { ...batch, changes: batch.changes.filter((change) => !heldSeqs.has(change.seq)) };
  if (rest.changes.length === 0) return held;
  const raw = await send(delivery.context, destination, rest, planned.sync);
  const settled = await lookUpUnknown(delivery, rest, raw);
  const recorded = rest.changes.map((change, index) => record(change.seq, settled[index]));
  return [...held, ...(await readBack(delivery, rest, recorded, verifiedSoFar))];
}

function record(seq: number, outcome: Outcome | undefined): RecordedOutcome {
  if (outcome === undefined) return { seq, status: 'unknown', message: 'the connector said nothing about this record' };
  switch (outcome.status) {
    case 'applied':
    case 'unchanged':
      return { seq, status: outcome.status, remoteId: outcome.remoteId };
    case 'held':
    case 'unknown':
      return { seq, status: outcome.status, message: outcome.message };
    case 'rejected':
      return { seq, status: 'rejected', code: outcome.code, message: outcome.message };
  }
}

/** Destinations that cannot compare and write in one step: read the records again right before the batch is sent. */
async function movedSincePlan(delivery: Delivery, batch: WriteBatch): Promise<RecordedOutcome[]> {
  const { destination, workspace, planned } = delivery;
  if (!destination.capabilities.readByKey.can) return [];
  const live = await compareLive(workspace, destination, planned, batch, 'before');
  return batch.changes.flatMap((change): RecordedOutcome[] => {
    const now = live.get(change.seq);
    const exists = now?.exists ?? false;
    if (batch.action === 'create')
      return exists ? [{ seq: change.seq, status: 'held', message: 'the record exists: it was created since the plan' }] : [];
    if (!exists) return [{ seq: change.seq, status: 'held', message: 'the record is gone: it was deleted since the plan' }];
    const moved = Object.keys(now?.differing ?? {});
    return moved.length === 0 ? [] : [{ seq: change.seq, status: 'held', message: `${moved.join(', ')} moved since the plan` }];
  });
}

/** An unknown outcome is looked up: it landed when the record holds what was sent; otherwise it stays unknown. */
async function lookUpUnknown(delivery: Delivery, batch: WriteBatch, outcomes: readonly Outcome[]): Promise<readonly Outcome[]> {
  const unknown = new Set(batch.changes.filter((_, index) => outcomes[index]?.status === 'unknown').map((change) => change.seq));
  if (unknown.size === 0 || !delivery.destination.capabilities.readByKey.can) return outcomes;
  const asked = { ...batch, changes: batch.changes.filter((change) => unknown.has(change.seq)) };
  await delivery.destination.attach(delivery.workspace);
  const live = await compareLive(delivery.workspace, delivery.destination, delivery.planned, asked, 'after');
  return batch.changes.map((change, index): Outcome => {
    const outcome = outcomes[index] ?? { status: 'unknown', message: 'the connector said nothing about this record' };
    const now = live.get(change.seq);
    if (!unknown.has(change.seq) || now === undefined) return outcome;
    const landed = batch.action === 'delete' ? !now.exists : now.exists && Object.keys(now.differing).length === 0;
    return landed ? { status: 'applied', remoteId: now.remoteId ?? undefined } : outcome;
  });
}

/** What the destination made of the acknowledged records; fills `returned`. A destination that stores exactly needs no look. */
async function readBack(
  delivery: Delivery,
  batch: WriteBatch,
  outcomes: readonly RecordedOutcome[],
  verifiedSoFar: number,
): Promise<RecordedOutcome[]> {
  const { destination } = delivery;
  const acknowledged = outcomes.filter((outcome) => outcome.status === 'applied' || outcome.status === 'unchanged');
  if (destination.capabilities.storesExactly.can) return outcomes.map((outcome) => ({ ...outcome, verified: true }));
  if (delivery.verify === 'none' || !destination.capabilities.readByKey.can || batch.action === 'delete' || acknowledged.length === 0)
    return [...outcomes];
  const all = delivery.verify === 'all' && verifiedSoFar < VERIFY_ALL;
  const chosen = new Set((all ? acknowledged : acknowledged.slice(0, VERIFY_SAMPLE)).map((outcome) => outcome.seq));
  const asked = { ...batch, changes: batch.changes.filter((change) => chosen.has(change.seq)) };
  const live = await compareLive(delivery.workspace, destination, delivery.planned, asked, 'after');
  return outcomes.map((outcome) => {
    const now = live.get(outcome.seq);
    if (now === undefined || !now.exists) return outcome;
    const returned = Object.keys(now.differing).length === 0 ? undefined : JSON.stringify(now.differing);
    return { ...outcome, verified: true, returned, remoteId: outcome.remoteId ?? now.remoteId ?? undefined };
  });
}
