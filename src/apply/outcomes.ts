/** From what a connector said to what state records: held records, looked-up unknowns, read-back values. */
import { selectionOf } from '../destinations/batch.ts';
import type { WriteBatch } from '../destinations/destination.ts';
import type { TransientError, UserError } from '../errors.ts';
import type { PlannedSync } from '../plan/plan-file.ts';
import type { RecordedOutcome } from '../state/state.ts';
import type { RateLimiter } from './rate-limit.ts';
import { look, type Looking } from './look.ts';
import type { LiveComparison } from './reread.ts';
import type { ReadBack } from './read-back.ts';
import { type Answer, send, type Sent } from './send.ts';

export interface Delivery extends Looking {
  readonly readBack: ReadBack;
  readonly limiter: RateLimiter | undefined;
  /** Throws when the lease was lost. */
  readonly hold: () => Promise<void>;
}

/** What became of the change at one position of a batch: an outcome as state records it, without its place in the plan. */
export type Settled = Omit<RecordedOutcome, 'from' | 'to'>;

export interface Delivered {
  /** One for each change of the batch, in order. */
  readonly outcomes: readonly Settled[];
  readonly failure: Sent['failure'];
  /** What connectors remarked on applied changes, and on how many. */
  readonly notes: ReadonlyMap<string, number>;
}

/** Sends a batch and says what became of each change. */
export async function deliver(delivery: Delivery, batch: WriteBatch): Promise<Delivered> {
  const { destination, planned } = delivery;
  const held = destination.capabilities.atomicCompare.can ? new Map<number, Settled>() : await movedSincePlan(delivery, batch);
  if (held instanceof Error) return { outcomes: positionsOf(batch).map(() => unsent(held)), failure: held, notes: new Map() };
  const ready = positionsOf(batch).filter((position) => !held.has(position));
  if (ready.length === 0)
    return { outcomes: positionsOf(batch).map((position) => held.get(position) ?? NOTHING_SAID), failure: undefined, notes: new Map() };
  const rest = held.size === 0 ? batch : await selectionOf(batch, ready);
  const sent = await send({ ...delivery, sync: planned.sync }, rest);
  const settled = await delivery.readBack.add(rest, await lookUpUnknown(delivery, rest, sent));
  const said = { failure: sent.failure, notes: notesOf(sent) };
  if (held.size === 0) return { outcomes: settled, ...said };
  const bySent = new Map(ready.map((position, index) => [position, settled[index]]));
  const outcomes = positionsOf(batch).map((position) => held.get(position) ?? bySent.get(position) ?? NOTHING_SAID);
  return { outcomes, ...said };
}

function notesOf({ outcomes }: Sent): ReadonlyMap<string, number> {
  const notes = new Map<string, number>();
  for (const outcome of outcomes)
    if (outcome?.status === 'applied' && outcome.note !== undefined) notes.set(outcome.note, (notes.get(outcome.note) ?? 0) + 1);
  return notes;
}

const NOTHING_SAID: Settled = { status: 'unknown', message: 'the connector said nothing about this record' };

function positionsOf(batch: WriteBatch): number[] {
  return Array.from({ length: batch.size }, (_, position) => position);
}

function settledAs(outcome: Answer): Settled {
  if (outcome.status === 'unchanged') return { status: 'unchanged', remoteId: outcome.remoteId, verified: true };
  return outcome.status === 'applied' ? { status: 'applied', remoteId: outcome.remoteId, verified: outcome.verified } : outcome;
}

function unsent(failure: Error | undefined): Settled {
  return { status: 'not_attempted', message: failure?.message };
}

/** Destinations that cannot compare and write in one step: read the records again right before the batch is sent. */
async function movedSincePlan(delivery: Delivery, batch: WriteBatch): Promise<Map<number, Settled> | TransientError | UserError> {
  const held = new Map<number, Settled>();
  if (!delivery.destination.capabilities.readByKey.can) return held;
  const live = await look(delivery, batch, 'before');
  if (live instanceof Error) return live;
  for (const position of positionsOf(batch)) {
    const now = live.get(position);
    const message = sinceThePlan(batch.action, now);
    if (message !== undefined) held.set(position, { status: 'held', message });
  }
  if (batch.action === 'update') await acknowledgeLanded(delivery, batch, held);
  return held;
}

/** An update whose record holds what would be written needs none: an earlier run of this plan wrote it, and never heard so. */
async function acknowledgeLanded(delivery: Delivery, batch: WriteBatch, held: Map<number, Settled>): Promise<void> {
  const moved = [...held.keys()];
  if (moved.length === 0 || !tellsWhatItHolds(delivery.planned, batch)) return;
  const live = await look(delivery, await selectionOf(batch, moved), 'after');
  if (live instanceof Error) return;
  for (const [index, position] of moved.entries()) {
    const now = live.get(index);
    if (now?.exists === true && now.mistaken === undefined && Object.keys(now.differing).length === 0)
      held.set(position, { status: 'unchanged', remoteId: now.remoteId ?? undefined });
  }
}

function sinceThePlan(action: WriteBatch['action'], now: LiveComparison | undefined): string | undefined {
  if (action === 'create') return now?.exists === true ? 'the record exists: it was created since the plan' : undefined;
  if (now?.exists !== true) return 'the record is gone: it was deleted since the plan';
  if (now.mistaken !== undefined) return MISTAKEN[now.mistaken];
  const moved = Object.keys(now.differing);
  return moved.length === 0 ? undefined : `${moved.join(', ')} moved since the plan`;
}

const MISTAKEN: Readonly<Record<NonNullable<LiveComparison['mistaken']>, string>> = {
  other: 'another record has this key since the plan',
  several: 'several records have this key since the plan: which one is meant is not known',
};

/** An unknown outcome is looked up: it landed when the record holds what was sent; otherwise, and when nobody can look, it stays unknown. */
async function lookUpUnknown(delivery: Delivery, batch: WriteBatch, { outcomes, failure }: Sent): Promise<readonly Settled[]> {
  const left = unsent(failure);
  const settled = outcomes.map((outcome) => (outcome === undefined ? left : settledAs(outcome)));
  const unknown = positionsOf(batch).filter((position) => settled[position]?.status === 'unknown');
  if (unknown.length === 0 || !delivery.destination.capabilities.readByKey.can) return settled;
  await delivery.destination.attach(delivery.workspace);
  const live = await look(delivery, await selectionOf(batch, unknown), 'after');
  if (live instanceof Error) return settled;
  const tells = tellsWhatItHolds(delivery.planned, batch);
  for (const [index, position] of unknown.entries()) {
    const now = live.get(index);
    if (now === undefined || now.mistaken !== undefined) continue;
    const landed = batch.action === 'delete' ? !now.exists : now.exists && tells && Object.keys(now.differing).length === 0;
    if (landed) settled[position] = { status: 'applied', remoteId: now.remoteId ?? undefined };
  }
  return settled;
}

/** Of a record without one readable field of the batch nobody can say what it holds. */
function tellsWhatItHolds({ fieldTypes }: PlannedSync, { fields }: WriteBatch): boolean {
  return fields.length === 0 || fields.some(({ field }) => fieldTypes.some((each) => each.name === field && each.readable));
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
