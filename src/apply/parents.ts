/** A record that refers to one this plan creates waits for it: when the parent failed, the child is held, not sent. */
import type { PlannedSync } from '../plan/plan-file.ts';
import type { RecordedOutcome } from '../state/state.ts';
import { literal } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type ChangeBatch, inBatch, without } from './batches.ts';
import type { Tally } from './tally.ts';

/** What the applier knows of the other syncs: which of them create records of an object, and which creates failed. */
export interface Siblings {
  readonly entries: readonly {
    readonly run?: { readonly planned: PlannedSync; readonly tally: Tally; readonly stopped: string | undefined } | undefined;
    /** Of a sync that has no run: what became of it, and which records it writes. */
    readonly object?: string;
    readonly result?: { readonly status: string };
  }[];
}

/** The sync whose batch it is, and what became of its records so far. */
export interface Child {
  readonly planned: PlannedSync;
  readonly tally: Tally;
}

/** Splits a batch into what may be sent and the outcomes of what must wait. */
export async function holdChildren(
  workspace: Workspace,
  batch: ChangeBatch,
  child: Child,
  siblings: Siblings,
): Promise<{ readonly ready: ChangeBatch; readonly held: readonly RecordedOutcome[] }> {
  if (nothingFailed(batch, child, siblings)) return { ready: batch, held: [] };
  const changes = await waitingChanges(workspace, batch, child.planned);
  const held = changes.flatMap((change): RecordedOutcome[] => {
    const message = waitsFor(change, child, siblings);
    return message === undefined ? [] : [{ from: change.seq, to: change.seq, status: 'held', message }];
  });
  if (held.length === 0) return { ready: batch, held };
  return { ready: { ...batch, ranges: without(batch.ranges, new Set(held.map((outcome) => outcome.from))) }, held };
}

/** Usual: every parent has a run in this apply, and every create of it was acknowledged. */
function nothingFailed(batch: ChangeBatch, child: Child, siblings: Siblings): boolean {
  const objects = child.planned.fieldTypes.flatMap((field) =>
    field.reference === null || !batch.fields.includes(field.name) ? [] : [field.reference.object],
  );
  const parents = objects.map((object) => parentsOf(object, siblings));
  const isCalm = parents.flat().every((parent) => parent.failed.size === 0 && !parent.stopped);
  return objects.length === 0 || (parents.every((each) => each.length > 0) && isCalm && child.tally.failedCreates.size === 0);
}

/** What is known of the syncs that create records of an object. One that an earlier run finished has created them all. */
function parentsOf(object: string | undefined, siblings: Siblings): Parent[] {
  return siblings.entries.flatMap(({ run, object: written, result }): Parent[] => {
    if (run !== undefined)
      return run.planned.object === object ? [{ failed: run.tally.failedCreates, stopped: run.stopped !== undefined }] : [];
    return written === object && result?.status === 'already_applied' ? [{ failed: new Set(), stopped: false }] : [];
  });
}

interface Parent {
  /** First key part of creates without acknowledgement. */
  readonly failed: ReadonlySet<string>;
  /** It ended early: which of the rest it would have created is not looked up, they all wait. */
  readonly stopped: boolean;
}

interface WaitingChange {
  readonly seq: number;
  readonly key: string;
  readonly fields: readonly string[];
  readonly after: string | null;
  readonly after_apply: readonly string[];
}

/** Changes of the batch that refer to a record which the plan creates. */
async function waitingChanges(workspace: Workspace, batch: ChangeBatch, planned: PlannedSync): Promise<WaitingChange[]> {
  const row = await workspace.row(
    `SELECT CAST(to_json(list(c ORDER BY c.seq)) AS VARCHAR) AS page FROM (
       SELECT seq, key, fields, after, after_apply FROM plan.changes
       WHERE sync = ${literal(planned.sync)} AND ${inBatch(batch)} AND len(after_apply) > 0) AS c`,
  );
  return typeof row['page'] === 'string' ? (JSON.parse(row['page']) as WaitingChange[]) : [];
}

function waitsFor(change: WaitingChange, { planned, tally }: Child, siblings: Siblings): string | undefined {
  const ownKey = (JSON.parse(change.key) as string[])[0] ?? '';
  if (tally.failedCreates.has(ownKey)) return 'the record itself was not created';
  const after = change.after === null ? {} : (JSON.parse(change.after) as Record<string, string | null>);
  for (const field of change.after_apply.filter((name) => change.fields.includes(name))) {
    const { type, reference } = planned.fieldTypes.find((each) => each.name === field) ?? {};
    const object = reference?.object;
    const parents = parentsOf(object, siblings);
    const value = type?.kind === 'text' && type.lower === true ? (after[field] ?? '').toLowerCase() : (after[field] ?? '');
    if (parents.length === 0 || parents.some((parent) => parent.stopped || parent.failed.has(value)))
      return `${field}: the ${object ?? 'record'} it refers to was not created`;
  }
  return undefined;
}
