/** From what a connector said to what state records: held records, looked-up unknowns, read-back values. */
import type { Context } from '../context.ts';
import { selectionOf } from '../destinations/batch.ts';
import type { Destination, Outcome, WriteBatch } from '../destinations/destination.ts';
import type { PlannedSync } from '../plan/plan-file.ts';
import type { RecordedOutcome } from '../state/state.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { compareLive } from './reread.ts';
import { send, type Sent } from './send.ts';

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

/** What became of the change at one position of a batch: an outcome as state records it, without its place in the plan. */
export type Settled = Omit<RecordedOutcome, 'from' | 'to'>;

export interface Delivered {
  /** One for each change of the batch, in order. */
  readonly outcomes: readonly Settled[];
  readonly failure: Sent['failure'];
}

/** Sends a batch and says what became of each change. `verifiedSoFar`: records this run has read back. */
export async function deliver(delivery: Delivery, batch: WriteBatch, verifiedSoFar: number): Promise<Delivered> {
  const { destination, planned } = delivery;
  const held = destination.capabilities.atomicCompare.can ? new Map<number, Settled>() : await movedSincePlan(delivery, batch);
  const ready = positionsOf(batch).filter((position) => !held.has(position));
  if (ready.length === 0) return { outcomes: positionsOf(batch).map((position) => held.get(position) ?? NOTHING_SAID), failure: undefined };
  const rest = held.size === 0 ? batch : await selectionOf(batch, ready);
  const sent = await send(delivery.context, destination, rest, planned.sync);
  const settled = await readBack(delivery, rest, await lookUpUnknown(delivery, rest, sent), verifiedSoFar);
  if (held.size === 0) return { outcomes: settled, failure: sent.failure };
  const bySent = new Map(ready.map((position, index) => [position, settled[index]]));
  const outcomes = positionsOf(batch).map((position) => held.get(position) ?? bySent.get(position) ?? NOTHING_SAID);
  return { outcomes, failure: sent.failure };
}

const NOTHING_SAID: Settled = { status: 'unknown', message: 'the connector said nothing about this record' };

function positionsOf(batch: WriteBatch): number[] {
  return Array.from({ length: batch.size }, (_, position) => position);
}

function settledAs(outcome: Outcome): Settled {
  return outcome.status === 'applied' || outcome.status === 'unchanged' ? { status: outcome.status, remoteId: outcome.remoteId } : outcome;
}

/** Destinations that cannot compare and write in one step: read the records again right before the batch is sent. */
async function movedSincePlan(delivery: Delivery, batch: WriteBatch): Promise<Map<number, Settled>> {
  const { destination, workspace, planned } = delivery;
  const held = new Map<number, Settled>();
  if (!destination.capabilities.readByKey.can) return held;
  const live = await compareLive(workspace, destination, planned, batch, 'before');
  for (const position of positionsOf(batch)) {
    const now = live.get(position);
    const message = sinceThePlan(batch.action, now?.exists ?? false, Object.keys(now?.differing ?? {}));
    if (message !== undefined) held.set(position, { status: 'held', message });
  }
  return held;
}

function sinceThePlan(action: WriteBatch['action'], exists: boolean, moved: readonly string[]): string | undefined {
  if (action === 'create') return exists ? 'the record exists: it was created since the plan' : undefined;
  if (!exists) return 'the record is gone: it was deleted since the plan';
  return moved.length === 0 ? undefined : `${moved.join(', ')} moved since the plan`;
}

/** An unknown outcome is looked up: it landed when the record holds what was sent; otherwise it stays unknown. */
async function lookUpUnknown(delivery: Delivery, batch: WriteBatch, { outcomes, failure }: Sent): Promise<readonly Settled[]> {
  const unsent: Settled = { status: 'not_attempted', message: failure?.message };
  const settled = outcomes.map((outcome) => (outcome === undefined ? unsent : settledAs(outcome)));
  const unknown = positionsOf(batch).filter((position) => settled[position]?.status === 'unknown');
  if (unknown.length === 0 || !delivery.destination.capabilities.readByKey.can) return settled;
  await delivery.destination.attach(delivery.workspace);
  const live = await compareLive(delivery.workspace, delivery.destination, delivery.planned, await selectionOf(batch, unknown), 'after');
  for (const [index, position] of unknown.entries()) {
    const now = live.get(index);
    if (now === undefined) continue;
    const landed = batch.action === 'delete' ? !now.exists : now.exists && Object.keys(now.differing).length === 0;
    if (landed) settled[position] = { status: 'applied', remoteId: now.remoteId ?? undefined };
  }
  return settled;
}

/** What the destination made of the acknowledged records; fills `returned`. A destination that stores exactly needs no look. */
async function readBack(
  delivery: Delivery,
  batch: WriteBatch,
  outcomes: readonly Settled[],
  verifiedSoFar: number,
): Promise<readonly Settled[]> {
  const { destination } = delivery;
  if (destination.capabilities.storesExactly.can) return verifiedAlike(outcomes);
  const acknowledged = positionsOf(batch).filter((position) => isAcknowledged(outcomes[position]));
  if (delivery.verify === 'none' || !destination.capabilities.readByKey.can || batch.action === 'delete' || acknowledged.length === 0)
    return outcomes;
  const all = delivery.verify === 'all' && verifiedSoFar < VERIFY_ALL;
  const chosen = all ? acknowledged : acknowledged.slice(0, VERIFY_SAMPLE);
  const live = await compareLive(delivery.workspace, destination, delivery.planned, await selectionOf(batch, chosen), 'after');
  const looked = new Map(chosen.map((position, index) => [position, live.get(index)]));
  return outcomes.map((outcome, position) => {
    const now = looked.get(position);
    if (now === undefined || !now.exists) return outcome;
    const returned = Object.keys(now.differing).length === 0 ? undefined : JSON.stringify(now.differing);
    return { ...outcome, verified: true, returned, remoteId: outcome.remoteId ?? now.remoteId ?? undefined };
  });
}

function isAcknowledged(outcome: Settled | undefined): boolean {
  return outcome?.status === 'applied' || outcome?.status === 'unchanged';
}

/** Outcomes that were one object stay one: a million equal outcomes take no room. */
function verifiedAlike(outcomes: readonly Settled[]): readonly Settled[] {
  const made = new Map<Settled, Settled>();
  return outcomes.map((outcome) => {
    const known = made.get(outcome);
    if (known !== undefined) return known;
    const verified = { ...outcome, verified: true };
    made.set(outcome, verified);
    return verified;
  });
}

/** The outcomes with their places in the plan; neighbours that say the same are one entry. `seqs`: the number at each position. */
export function recorded(seqs: readonly number[], outcomes: readonly Settled[]): RecordedOutcome[] {
  const entries: RecordedOutcome[] = [];
  for (const [position, outcome] of outcomes.entries()) {
    const seq = seqs[position] ?? -1;
    const last = entries.at(-1);
    if (last?.to === seq - 1 && saySame(last, outcome)) entries[entries.length - 1] = { ...last, to: seq };
    else entries.push({ ...outcome, from: seq, to: seq });
  }
  return entries;
}

function saySame(a: Settled, b: Settled): boolean {
  return (
    a.status === b.status &&
    a.remoteId === b.remoteId &&
    a.code === b.code &&
    a.message === b.message &&
    a.returned === b.returned &&
    a.verified === b.verified
  );
}
