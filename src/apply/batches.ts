/** Changes of a plan as batches: changes of one action and one set of fields, never more than the destination takes. */
import { FUNCTIONS } from '../canonical/functions.ts';
import { writeBatch } from '../destinations/batch.ts';
import type { WriteBatch } from '../destinations/destination.ts';
import { InternalError } from '../errors.ts';
import { elementText, hasMember, memberTexts } from '../plan/json-sql.ts';
import type { PlannedField, PlannedSync } from '../plan/plan-file.ts';
import type { SeqRange } from '../state/state.ts';
import { literal } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';

export type PlannedAction = 'create' | 'update' | 'clear' | 'delete';

/** Changes by their sequence numbers; what they are stands in the plan. */
export interface ChangeBatch {
  readonly action: PlannedAction;
  readonly fields: readonly string[];
  /** Ascending, without overlap. */
  readonly ranges: readonly SeqRange[];
}

/** Which changes of a sync: those that write records in the first or second pass, or the deletes. */
export interface Phase {
  readonly pass: 1 | 2;
  readonly deletes: boolean;
}

/** The batches of a phase in the plan's order, without the changes that are done. */
export async function* readBatches(
  workspace: Workspace,
  sync: string,
  phase: Phase,
  options: { batchSize: number; skip: ReadonlySet<number> },
): AsyncGenerator<ChangeBatch> {
  for (const group of await readGroups(workspace, sync, phase)) {
    const left = without(await rangesOf(workspace, sync, phase, group), options.skip);
    for (const ranges of cut(left, options.batchSize)) yield { action: group.action, fields: group.fields, ranges };
  }
}

/** Changes of one action and one set of fields, all of a phase. */
interface Group {
  readonly action: PlannedAction;
  readonly fields: readonly string[];
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

const OF_PHASE = `sync = $sync AND pass = $pass AND (action = 'delete') = $deletes`;

async function readGroups(workspace: Workspace, sync: string, phase: Phase): Promise<Group[]> {
  const rows = await workspace.rows(
    `SELECT action, fields, min(seq) AS first, max(seq) AS last, count(*) AS count FROM plan.changes WHERE ${OF_PHASE} GROUP BY action, fields ORDER BY first`,
    { sync, ...phase },
  );
  return rows.map((row) => ({
    action: row['action'] as PlannedAction,
    fields: row['fields'] as string[],
    first: Number(row['first']),
    last: Number(row['last']),
    count: Number(row['count']),
  }));
}

/** Nearly always one: the plan is ordered by action and fields. */
async function rangesOf(workspace: Workspace, sync: string, phase: Phase, group: Group): Promise<SeqRange[]> {
  if (group.last - group.first + 1 === group.count) return [{ from: group.first, to: group.last }];
  const rows = await workspace.rows(
    `SELECT min(seq) AS first, max(seq) AS last FROM (
       SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island FROM plan.changes
       WHERE ${OF_PHASE} AND action = $action AND fields = CAST(from_json($fields, '["VARCHAR"]') AS VARCHAR[]))
     GROUP BY island ORDER BY first`,
    { sync, ...phase, action: group.action, fields: JSON.stringify(group.fields) },
  );
  return rows.map((row) => ({ from: Number(row['first']), to: Number(row['last']) }));
}

/** The ranges without some of their numbers. */
export function without(ranges: readonly SeqRange[], skip: ReadonlySet<number>): SeqRange[] {
  if (skip.size === 0) return [...ranges];
  const left: SeqRange[] = [];
  for (const { from, to } of ranges) {
    for (let seq = from; seq <= to; seq += 1) {
      if (skip.has(seq)) continue;
      const last = left.at(-1);
      if (last?.to === seq - 1 && last.from >= from) left[left.length - 1] = { from: last.from, to: seq };
      else left.push({ from: seq, to: seq });
    }
  }
  return left;
}

/** Groups of ranges that hold at most `size` numbers each. */
function* cut(ranges: readonly SeqRange[], size: number): Generator<SeqRange[]> {
  let open: SeqRange[] = [];
  let room = size;
  for (const range of ranges) {
    for (let from = range.from; from <= range.to;) {
      const to = Math.min(range.to, from + room - 1);
      open.push({ from, to });
      room -= to - from + 1;
      from = to + 1;
      if (room > 0) continue;
      yield open;
      open = [];
      room = size;
    }
  }
  if (open.length > 0) yield open;
}

/** The first `size` changes of a batch. */
export function firstOf(batch: ChangeBatch, size: number): ChangeBatch {
  const [ranges = []] = [...cut(batch.ranges, size)];
  return { ...batch, ranges };
}

export function sizeOf({ ranges }: Pick<ChangeBatch, 'ranges'>): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}

/** Every sequence number of a batch: the number at a position is that of the change there. */
export function seqsOf({ ranges }: Pick<ChangeBatch, 'ranges'>): number[] {
  return ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
}

/** SQL condition: the change with this sequence number is in the batch. */
export function inBatch({ ranges }: Pick<ChangeBatch, 'ranges'>, seq = 'seq'): string {
  const first = ranges[0]?.from ?? 0;
  const last = ranges.at(-1)?.to ?? -1;
  const within = `${seq} BETWEEN ${first} AND ${last}`; // by this DuckDB finds the few row groups that hold them
  if (ranges.length <= 1) return within;
  const seqs = `SELECT unnest(range(r.a, r.b + 1)) FROM (VALUES ${ranges.map(({ from, to }) => `(${from}, ${to})`).join(', ')}) AS r(a, b)`;
  return `${within} AND ${seq} IN (${seqs})`;
}

/** Loads the batch into the workspace as a connector takes it: exact text, sensitive values opened, only the fields that change. */
export async function loadBatch(workspace: Workspace, planned: PlannedSync, batch: ChangeBatch): Promise<WriteBatch> {
  const fields = writtenFields(planned, batch);
  const table = 'temp.main.apply_batch';
  await workspace.run(`CREATE OR REPLACE TEMP TABLE ${table} AS ${batchSql(planned, batch, fields)}`);
  return writeBatch({
    object: planned.object,
    action: batch.action === 'clear' ? 'update' : batch.action,
    key: planned.keyFields,
    fields: fields.map(({ name, type, storedType, reference }) => ({ field: name, type, storedType, reference: reference ?? undefined })),
    size: sizeOf(batch),
    workspace,
    relation: table,
  });
}

function writtenFields(planned: PlannedSync, batch: ChangeBatch): readonly PlannedField[] {
  if (batch.action === 'delete') return planned.fieldTypes.filter((field) => field.readable);
  const byName = new Map(planned.fieldTypes.map((field) => [field.name, field]));
  return batch.fields.map((name) => {
    const known = byName.get(name);
    if (known === undefined) throw new InternalError(`the plan changes ${planned.sync}.${name} but does not describe it`);
    return known;
  });
}

/** Each JSON text is taken apart once, not once for each of its members. */
function batchSql(planned: PlannedSync, batch: ChangeBatch, fields: readonly PlannedField[]): string {
  const names = fields.map((field) => field.name);
  const hasBefore = batch.action !== 'create';
  const hasAfter = batch.action !== 'delete';
  const keys = planned.keyFields.map((_, index) => `${elementText('coalesce(sent_key, key)', index)} AS k${index}`);
  const columns = fields.flatMap((field, index) => [
    `${hasAfter ? plain(field, `after_texts[${index + 1}]`) : 'CAST(NULL AS VARCHAR)'} AS a${index}`,
    `${hasBefore ? plain(field, `before_texts[${index + 1}]`) : 'CAST(NULL AS VARCHAR)'} AS b${index}`,
    `${hasBefore ? hasMember('before', field.name) : 'false'} AS h${index}`,
  ]);
  const texts = (json: string): string => (names.length === 0 ? 'CAST([] AS VARCHAR[])' : memberTexts(json, names));
  return `SELECT ${position(batch)} AS pos, seq, remote_id, ${[...keys, ...columns].join(', ')}
    FROM (SELECT seq, remote_id, key, sent_key, before, ${texts('after')} AS after_texts, ${texts('before')} AS before_texts
      FROM plan.changes WHERE sync = ${literal(planned.sync)} AND ${inBatch(batch)})`;
}

function position({ ranges }: ChangeBatch): string {
  const [only, ...others] = ranges;
  return `CAST(${others.length === 0 ? `seq - ${only?.from ?? 0}` : 'row_number() OVER (ORDER BY seq) - 1'} AS INTEGER)`;
}

function plain(field: PlannedField, text: string): string {
  return field.sensitive ? `${FUNCTIONS.open}(${text})` : text;
}
