/** Changes of a plan as batches: contiguous changes of one action and one set of fields, never more than the destination takes. */
import { isSealed, type SensitiveKey } from '../canonical/functions.ts';
import type { WriteBatch, WriteChange } from '../destinations/destination.ts';
import { InternalError } from '../errors.ts';
import type { PlannedSync } from '../plan/plan-file.ts';
import type { Intent } from '../state/state.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** A row of the plan's `changes`, numbers of 64 bits as text. */
export interface PlannedChange {
  readonly seq: number;
  readonly action: Intent['action'];
  readonly key: string;
  readonly key_hash: string;
  readonly remote_id: string | null;
  readonly fields: readonly string[];
  readonly before: string | null;
  readonly after: string | null;
  readonly sent: string | null;
  readonly returned: string | null;
  readonly row_hash: string | null;
  readonly live_hash: string | null;
  readonly origin: Intent['origin'];
  readonly after_apply: readonly string[];
}

export interface ChangeBatch {
  readonly action: Intent['action'];
  readonly fields: readonly string[];
  readonly changes: readonly PlannedChange[];
}

/** Which changes of a sync: those that write records in the first or second pass, or the deletes. */
export interface Phase {
  readonly pass: 1 | 2;
  readonly deletes: boolean;
}

/** Reads the changes of a phase in order and cuts them into batches. */
export async function* readBatches(
  workspace: Workspace,
  sync: string,
  phase: Phase,
  options: { batchSize: number; skip: ReadonlySet<number> },
): AsyncGenerator<ChangeBatch> {
  const range = await workspace.row(
    `SELECT min(seq) AS first, max(seq) AS last FROM plan.changes WHERE sync = $sync AND pass = $pass AND (action = 'delete') = $deletes`,
    { sync, ...phase },
  );
  if (range['first'] === null) return;
  for (let from = Number(range['first']); from <= Number(range['last']); from += options.batchSize) {
    const page = await readPage(workspace, sync, phase, { from, to: from + options.batchSize - 1 });
    for (const batch of cut(page)) {
      const changes = batch.changes.filter((change) => !options.skip.has(change.seq));
      if (changes.length > 0) yield { ...batch, changes };
    }
  }
}

/**
 * One page as one JSON text: an order of magnitude cheaper to bring into JavaScript than cell by cell. By a range of
 * sequence numbers, because the file is in their order: DuckDB reads the few row groups that hold them.
 */
async function readPage(workspace: Workspace, sync: string, phase: Phase, range: { from: number; to: number }): Promise<PlannedChange[]> {
  const row = await workspace.row(
    `SELECT CAST(to_json(list(c ORDER BY c.seq)) AS VARCHAR) AS page FROM (
       SELECT seq, action, key, CAST(key_hash AS VARCHAR) AS key_hash, remote_id, fields, before, after, sent, returned,
         CAST(row_hash AS VARCHAR) AS row_hash, CAST(live_hash AS VARCHAR) AS live_hash, origin, after_apply
       FROM plan.changes WHERE sync = $sync AND pass = $pass AND (action = 'delete') = $deletes AND seq BETWEEN $from AND $to) AS c`,
    { sync, ...phase, ...range },
  );
  return typeof row['page'] === 'string' ? (JSON.parse(row['page']) as PlannedChange[]) : [];
}

function cut(page: readonly PlannedChange[]): ChangeBatch[] {
  const batches: { action: Intent['action']; fields: readonly string[]; signature: string; changes: PlannedChange[] }[] = [];
  for (const change of page) {
    const signature = JSON.stringify([change.action, change.fields]);
    const open = batches.at(-1);
    if (open?.signature === signature) open.changes.push(change);
    else batches.push({ action: change.action, fields: change.fields, signature, changes: [change] });
  }
  return batches;
}

/** What state must remember before the batch is sent. */
export function intentOf(change: PlannedChange): Intent {
  return {
    seq: change.seq,
    key: change.key,
    keyHash: change.key_hash,
    action: change.action,
    remoteId: change.remote_id,
    rowHash: change.row_hash,
    liveHash: change.live_hash,
    sent: change.action === 'create' ? (change.sent ?? change.after) : change.sent,
    returned: change.returned,
    origin: change.origin,
    fields: change.fields,
    before: change.action === 'create' ? null : beforeImage(change),
  };
}

/** Former values of what the change touches: of its fields, or of the whole record when it is deleted. */
function beforeImage(change: PlannedChange): string | null {
  if (change.before === null || change.action === 'delete') return change.before;
  const values = JSON.parse(change.before) as Record<string, string | null>;
  return JSON.stringify(
    Object.fromEntries(change.fields.filter((field) => field in values).map((field) => [field, values[field] ?? null])),
  );
}

/** The batch as a connector takes it: sensitive values opened, only the fields that change. */
export function writeBatchOf(planned: PlannedSync, batch: ChangeBatch, key: SensitiveKey | undefined): WriteBatch {
  const types = new Map(planned.fieldTypes.map((field) => [field.name, field]));
  const names = batch.action === 'delete' ? planned.fieldTypes.filter((field) => field.readable).map((field) => field.name) : batch.fields;
  return {
    object: planned.object,
    action: batch.action === 'clear' ? 'update' : batch.action,
    key: planned.keyFields,
    fields: names.map((field) => {
      const known = types.get(field);
      if (known === undefined) throw new InternalError(`the plan changes ${planned.sync}.${field} but does not describe it`);
      return { field, type: known.storedType, reference: known.reference ?? undefined };
    }),
    changes: batch.changes.map((change) => writeChangeOf(change, names, key)),
  };
}

function writeChangeOf(change: PlannedChange, names: readonly string[], key: SensitiveKey | undefined): WriteChange {
  return {
    seq: change.seq,
    key: JSON.parse(change.key) as string[],
    remoteId: change.remote_id ?? undefined,
    before: change.action === 'create' ? null : pick(change.before, names, key),
    after: change.action === 'delete' ? null : pick(change.after, names, key),
  };
}

function pick(json: string | null, names: readonly string[], key: SensitiveKey | undefined): Record<string, string | null> {
  const values = json === null ? {} : (JSON.parse(json) as Record<string, string | null>);
  const picked: Record<string, string | null> = {};
  for (const name of names) {
    const value = values[name];
    if (value !== undefined) picked[name] = isSealed(value) ? opened(value, key) : value;
  }
  return picked;
}

function opened(value: string, key: SensitiveKey | undefined): string {
  if (key === undefined) throw new InternalError('a sealed value in a plan whose project has no state.key');
  return key.open(value);
}
