/** Writing to the test-only destination, with the failures it was told to have. */
import { setTimeout as delay } from 'node:timers/promises';

import type { FieldType } from '../../../src/canonical/types.ts';
import { BatchRejectedError, type Outcome, type WriteBatch, type WriteChange } from '../../../src/destinations/destination.ts';
import { TransientError } from '../../../src/errors.ts';
import { NORMALISERS, type TestOptions } from './options.ts';
import { addRecord, type Call, changeStore, type Store, type StoredRecord, type Values } from './store.ts';

/** A batch with its changes as objects. */
type LoadedBatch = Omit<WriteBatch, 'changes'> & { readonly changes: readonly WriteChange[] };

export async function write(options: TestOptions, written: WriteBatch): Promise<readonly Outcome[]> {
  const batch: LoadedBatch = { ...written, changes: await written.changes() };
  const { faults } = options;
  if (faults.latencyMs > 0) await delay(faults.latencyMs);
  let outcomes: readonly Outcome[] = [];
  let fault: string | undefined;
  await changeStore(options.file, (before) => {
    const store = { ...before, writes: before.writes + 1 };
    fault = faultOf(options, batch, store.writes);
    const done = REFUSED.has(fault ?? '') ? { store, outcomes: [] } : writeChanges(options, store, batch, fault);
    outcomes = done.outcomes;
    return { ...done.store, calls: [...before.calls, callOf(batch, fault)] };
  });
  return endOf(options, batch, fault, outcomes);
}

const REFUSED: ReadonlySet<string> = new Set(['transient', 'rate_limit', 'timeout_before_write', 'batch_rejected']);

function faultOf({ faults }: TestOptions, batch: LoadedBatch, call: number): string | undefined {
  const planned: readonly (readonly [string, readonly number[]])[] = [
    ['transient', faults.transient],
    ['rate_limit', faults.rateLimit],
    ['timeout_before_write', faults.timeoutBeforeWrite],
    ['timeout_after_write', faults.timeoutAfterWrite],
    ['kill_after_write', faults.killAfterWrite],
    ['kill_in_the_middle', faults.killInTheMiddle],
  ];
  const found = planned.find(([, calls]) => calls.includes(call))?.[0];
  if (found !== undefined) return found;
  const refused =
    faults.rejectWholeBatch && batch.changes.length > 1 && batch.changes.some((change) => isMarked(change, faults.rejectValue));
  return refused ? 'batch_rejected' : undefined;
}

function endOf({ faults }: TestOptions, batch: LoadedBatch, fault: string | undefined, outcomes: readonly Outcome[]): readonly Outcome[] {
  switch (fault) {
    case 'transient':
      throw new TransientError('the destination is not available');
    case 'rate_limit':
      throw new TransientError('too many requests', { retryAfterMs: faults.retryAfterMs });
    case 'batch_rejected':
      throw new BatchRejectedError('REFUSED', 'a record of the batch is refused');
    case 'timeout_before_write':
    case 'timeout_after_write':
      return batch.changes.map(() => ({ status: 'unknown', message: 'the destination did not answer in time' }));
    case 'kill_after_write':
    case 'kill_in_the_middle':
      process.kill(process.pid, 'SIGKILL');
      return outcomes;
    default:
      return outcomes;
  }
}

function callOf(batch: LoadedBatch, fault: string | undefined): Call {
  const keys = batch.changes.map((change) => JSON.stringify(change.key));
  return {
    call: 'write',
    object: batch.object,
    action: batch.action,
    keys,
    fields: batch.fields.map(({ field }) => field),
    ...(fault === undefined ? {} : { fault }),
  };
}

interface Written {
  readonly store: Store;
  readonly outcomes: readonly Outcome[];
}

function writeChanges(options: TestOptions, store: Store, batch: LoadedBatch, fault: string | undefined): Written {
  const count = fault === 'kill_in_the_middle' ? Math.floor(batch.changes.length / 2) : batch.changes.length;
  return batch.changes.slice(0, count).reduce<Written>(
    (done, change) => {
      const one = writeChange(options, done.store, batch, change);
      return { store: one.store, outcomes: [...done.outcomes, one.outcome] };
    },
    { store, outcomes: [] },
  );
}

interface One {
  readonly store: Store;
  readonly outcome: Outcome;
}

function writeChange(options: TestOptions, store: Store, batch: LoadedBatch, change: WriteChange): One {
  const refuse = (outcome: Outcome): One => ({ store, outcome });
  if (isMarked(change, options.faults.rejectValue))
    return refuse({ status: 'rejected', code: 'REFUSED', message: 'the destination refuses this value' });
  const values = storedValues(options, store, batch, change.after);
  if (typeof values === 'string')
    return refuse({ status: 'rejected', code: 'REFERENCE_NOT_FOUND', message: `${values}: there is no such record` });
  const live = find(options, store, batch, change);
  if (options.atomic) {
    const moved = movedField(store, batch, change, live);
    if (moved !== undefined) return refuse(moved);
  }
  if (batch.action === 'create') {
    const key = Object.fromEntries(batch.key.map(({ field }, index) => [field, change.key[index] ?? null]));
    const created = addRecord(store, batch.object, { ...values, ...key }); // without atomic compare, an existing record is no obstacle
    return { store: created, outcome: { status: 'applied', remoteId: idOf(created.lastId) } };
  }
  if (live === undefined)
    return refuse(
      batch.action === 'delete' ? { status: 'unchanged' } : { status: 'rejected', code: 'NOT_FOUND', message: 'there is no such record' },
    );
  const others = (store.objects[batch.object] ?? []).filter((record) => record.id !== live.id);
  const updated = { ...live, values: { ...live.values, ...values } };
  const records =
    batch.action === 'delete' ? others : (store.objects[batch.object] ?? []).map((record) => (record.id === live.id ? updated : record));
  return { store: { ...store, objects: { ...store.objects, [batch.object]: records } }, outcome: { status: 'applied', remoteId: live.id } };
}

function idOf(number: number): string {
  return `T${String(number).padStart(6, '0')}`;
}

function isMarked(change: WriteChange, marker: string | undefined): boolean {
  return marker !== undefined && Object.values(change.after ?? {}).some((value) => value?.includes(marker) === true);
}

function find(options: TestOptions, store: Store, batch: LoadedBatch, change: WriteChange): StoredRecord | undefined {
  const records = store.objects[batch.object] ?? [];
  if (change.remoteId !== undefined) return records.find((record) => record.id === change.remoteId);
  const fold = (text: string | null | undefined): string | undefined =>
    options.textRules.caseInsensitiveKeys === true ? text?.toLowerCase() : (text ?? undefined);
  return records.find((record) => batch.key.every(({ field }, index) => fold(record.values[field]) === fold(change.key[index])));
}

/** What is stored: normalised text, references as ids. The name of a field whose parent does not exist instead. */
function storedValues(options: TestOptions, store: Store, batch: LoadedBatch, after: Values | null): Values | string {
  const values: Record<string, string | null> = {};
  for (const { field, type, reference } of after === null ? [] : batch.fields) {
    const sent = after?.[field] ?? null;
    if (reference === undefined) {
      values[field] = sent === null || type.kind !== 'text' ? sent : normalised(options, sent);
      continue;
    }
    const parent =
      sent === null ? undefined : (store.objects[reference.object] ?? []).find((record) => record.values[reference.key] === sent);
    if (sent !== null && parent === undefined) return field;
    values[field] = parent?.id ?? null;
  }
  return values;
}

function normalised(options: TestOptions, text: string): string | null {
  return options.normalise.reduce<string | null>((value, name) => (value === null ? null : NORMALISERS[name](value)), text);
}

/** With atomic compare: what keeps the change from being written. */
/** A stored text in the field type of the sync, of those types that have several texts for one value. */
function inType({ kind }: FieldType, text: string | null): string | null {
  if (text === null) return null;
  if (kind === 'integer' && /^\d+$/.test(text)) return BigInt(text).toString();
  if (kind !== 'set') return text;
  const members = text.startsWith('[') ? (JSON.parse(text) as string[]) : text.split(';').map((member) => member.trim());
  return JSON.stringify([...new Set(members)].toSorted());
}

function movedField(store: Store, batch: LoadedBatch, change: WriteChange, live: StoredRecord | undefined): Outcome | undefined {
  if (batch.action === 'create')
    return live === undefined ? undefined : { status: 'held', message: 'the record exists: it was created since the plan' };
  if (live === undefined)
    return batch.action === 'delete'
      ? { status: 'unchanged' }
      : { status: 'held', message: 'the record is gone: it was deleted since the plan' };
  const moved = batch.fields.find(({ field, type, reference }) => {
    const stored = live.values[field] ?? null;
    const parent =
      reference === undefined || stored === null
        ? undefined
        : (store.objects[reference.object] ?? []).find((record) => record.id === stored);
    const shown = reference === undefined || stored === null ? stored : (parent?.values[reference.key] ?? `#${stored}`);
    return change.before !== null && change.before[field] !== undefined && inType(type, shown) !== change.before[field];
  });
  return moved === undefined ? undefined : { status: 'held', message: `${moved.field} moved since the plan` };
}
