/** Counts and examples of one sync's plan, read from the workspace and the plan file. Aggregates and first rows only. */
import { isSealed } from '../canonical/functions.ts';
import type { Row, Workspace } from '../workspace/workspace.ts';
import type { BoundSync } from './bind.ts';
import type { CandidateCounts } from './candidates.ts';
import { caseBits, type FieldCase, isCase } from './field-sql.ts';
import { memberTexts } from './json-sql.ts';
import { STAYS_REVERTED } from './actions.ts';
import { RECORDS, WRITTEN_FIELDS } from './plan-tables.ts';
import { type ChangeSample, type FieldChange, type HeldExample, type RejectGroup, type Summary, type Transition } from './document.ts';

const SAMPLES = 10;
const TRANSITIONS = 3;
const REJECT_EXAMPLES = 3;

/** Everything a sync's part of the plan document counts. */
export interface SyncCounts {
  readonly summary: Summary;
  /** Values that the plan would null. */
  readonly nulls: number;
  /** Records in base, plus live ones that were matched without a base. */
  readonly existing: number;
  /** Records held by `on_drift: fail`. */
  readonly failing: number;
  /** Records that came back in another form, and records that moved in the destination, by field. */
  readonly normalised: Readonly<Record<string, number>>;
  readonly drifted: Readonly<Record<string, number>>;
}

export async function countPlan(
  workspace: Workspace,
  request: { bound: BoundSync; candidates: CandidateCounts; baseCount: number; refreshAll: boolean; released: number },
): Promise<SyncCounts> {
  const { bound } = request;
  const row = await workspace.row(`
    SELECT ${['create', 'update', 'delete', 'clear', 'forget', 'skip', 'hold'].map((action) => `count(*) FILTER (WHERE action = '${action}') AS n_${action}`).join(', ')},
      count(*) FILTER (WHERE action = 'update' AND len(held_fields) > 0) AS part_held,
      count(*) FILTER (WHERE (drifted AND NOT conflicted) OR (action = 'hold' AND reason IN ('gone', 'left')) OR (action = 'create' AND reason = 'gone')) AS drift,
      count(*) FILTER (WHERE conflicted) AS conflict, count(*) FILTER (WHERE taken_over AND action IN ('update', 'hold')) AS takeover,
      count(*) FILTER (WHERE action = 'same' AND has_d AND has_l AND unsent) AS adopt,
      count(*) FILTER (WHERE action = 'same' AND has_d AND passed_over AND NOT ${STAYS_REVERTED}) AS passed_over,
      count(*) FILTER (WHERE action = 'same' AND has_d AND NOT passed_over AND NOT ${STAYS_REVERTED}) AS same,
      count(*) FILTER (WHERE has_d) AS desired,
      count(*) FILTER (WHERE has_l AND NOT in_state) AS matched,
      count(*) FILTER (WHERE ${failing(bound)}) AS failing,
      sum(nulls) AS nulls, coalesce(bit_or(kinds), 0) AS kinds
    FROM c_results`);
  const number = (name: string): number => Number(row[name] ?? 0);
  const rejected = await workspace.row(
    `SELECT coalesce(sum(copies) FILTER (WHERE NOT known), 0) AS fresh, coalesce(sum(copies) FILTER (WHERE known), 0) AS known,
       coalesce(sum(copies) FILTER (WHERE code IN ('NULL_KEY', 'KEY_UNREADABLE', 'AMBIGUOUS_SOURCE', 'SHARED_KEY')), 0) AS outside,
       count(*) FILTER (WHERE code = 'REVERTED' AND key NOT IN (SELECT key FROM c_results WHERE key IS NOT NULL)) AS reverted FROM plan.rejects WHERE sync = $sync`,
    { sync: bound.sync.name },
  );
  const quiet = Math.max(0, request.candidates.rows - Number(rejected['outside']) - Number(rejected['reverted']) - number('desired'));
  return {
    summary: {
      create: number('n_create'),
      update: number('n_update'),
      delete: number('n_delete'),
      clear: number('n_clear'),
      unchanged: quiet + number('same'),
      unverified: request.refreshAll ? 0 : quiet,
      skipped: number('n_skip') + number('passed_over'),
      held: number('n_hold') + number('part_held'),
      drift: number('drift'),
      conflict: number('conflict'),
      takeover: number('takeover'),
      adopt: number('adopt'),
      forget: number('n_forget'),
      release: request.released,
      rejected: Number(rejected['fresh']),
      known_rejected: Number(rejected['known']),
    },
    nulls: number('nulls'),
    existing: request.baseCount + number('matched'),
    failing: number('failing'),
    ...(await countByField(workspace, bound, number('kinds'))),
  };
}

/** Records with the case, by field, most first. Looked for only when a record has it at all: `kinds` are the cases of all. */
async function countByField(workspace: Workspace, bound: BoundSync, kinds: number): Promise<Pick<SyncCounts, 'normalised' | 'drifted'>> {
  const count = async (cases: readonly FieldCase[]): Promise<Record<string, number>> => {
    if ((kinds & caseBits(...cases)) === 0) return {};
    const row = await workspace.row(
      `SELECT ${bound.fields.map((field) => `count(*) FILTER (WHERE ${isCase(field, ...cases)}) AS n${field.index}`).join(', ')} FROM c_results`,
    );
    const counts = bound.fields.map((field) => [field.name, Number(row[`n${field.index}`] ?? 0)] as const);
    return Object.fromEntries(counts.filter(([, records]) => records > 0).sort(([, a], [, b]) => b - a));
  };
  return { normalised: await count(['normalised']), drifted: await count(['drift', 'conflict']) };
}

/** The record is left alone where `on_drift` says that the plan fails. */
function failing(bound: BoundSync): string {
  const fields = bound.fields.filter((field) => field.mapping.onDrift === 'fail').map((field) => isCase(field, 'drift', 'conflict'));
  const whole = bound.sync.onDrift === 'fail' ? ["action = 'hold'"] : [];
  return [...fields, ...whole].join(' OR ') || 'false';
}

/** Updated records by field, most first. */
export async function updatedFields(workspace: Workspace, sync: string): Promise<Record<string, number>> {
  const rows = await workspace.rows(
    `SELECT field, count(*) AS n FROM (SELECT unnest(${WRITTEN_FIELDS}) AS field FROM plan.changes WHERE sync = $sync AND action = 'update' AND ${RECORDS})
     GROUP BY field ORDER BY n DESC, field`,
    { sync },
  );
  return Object.fromEntries(rows.map((row) => [String(row['field']), Number(row['n'])]));
}

/** The most frequent changes of value, for fields where they repeat. Never for sensitive fields. */
export async function transitions(
  workspace: Workspace,
  bound: BoundSync,
  updated: Readonly<Record<string, number>>,
): Promise<Record<string, Transition[]>> {
  const shown = bound.fields.filter((field) => (updated[field.name] ?? 0) > 1 && !field.sensitive && field.readable);
  if (shown.length === 0) return {};
  const names = shown.map((field) => field.name);
  const rows = await workspace.rows(
    `WITH updates AS MATERIALIZED (SELECT ${WRITTEN_FIELDS} AS fields, before, after FROM plan.changes WHERE sync = $sync AND action = 'update' AND ${RECORDS})
     SELECT field, before, after, count(*) AS n FROM (
       SELECT unnest($names::JSON::VARCHAR[]) AS field, unnest(${memberTexts('before', names)}) AS before, unnest(${memberTexts('after', names)}) AS after, fields FROM updates)
     WHERE list_contains(fields, field) GROUP BY field, before, after HAVING count(*) > 1
     QUALIFY row_number() OVER (PARTITION BY field ORDER BY count(*) DESC, before, after) <= ${TRANSITIONS}
     ORDER BY count(*) DESC, before, after`,
    { sync: bound.sync.name, names: JSON.stringify(names) },
  );
  const repeated = shown.map((field): [string, Transition[]] => [
    field.name,
    rows
      .filter((row) => row['field'] === field.name)
      .map((row) => ({ before: textOrNull(row['before']), after: textOrNull(row['after']), count: Number(row['n']) })),
  ]);
  return Object.fromEntries(repeated.filter(([, found]) => found.length > 0));
}

export async function rejectGroups(workspace: Workspace, sync: string): Promise<RejectGroup[]> {
  const rows = await workspace.rows(
    `SELECT code, field, sum(copies) AS n, coalesce(sum(copies) FILTER (WHERE known), 0) AS known,
       list({'key': key, 'message': message} ORDER BY key)[1:${REJECT_EXAMPLES}] AS examples
     FROM plan.rejects WHERE sync = $sync GROUP BY code, field ORDER BY n DESC, code, field`,
    { sync },
  );
  return rows.map((row) => ({
    code: String(row['code']),
    field: textOrNull(row['field']),
    count: Number(row['n']),
    known: Number(row['known']),
    examples: (row['examples'] as { key: string; message: string }[]).map((each) => ({
      key: JSON.parse(each.key) as (string | null)[],
      message: each.message,
    })),
  }));
}

export async function heldExamples(workspace: Workspace, sync: string): Promise<HeldExample[]> {
  const rows = await workspace.rows(`SELECT ${HELD_COLUMNS} FROM plan.held WHERE sync = $sync ORDER BY key LIMIT ${SAMPLES}`, { sync });
  return rows.map((row) => heldOf(row));
}

/** Columns that {@link heldOf} needs. */
export const HELD_COLUMNS = 'key, reason, fields, before, after';

/** A row of `held` as a document: values that were left alone, sensitive ones withheld. */
export function heldOf(row: Row): HeldExample {
  return { key: keyOf(row), reason: String(row['reason']), fields: fieldChanges(row) };
}

/** The first changes of each kind, as a person would want to see them. */
export async function changeSamples(workspace: Workspace, sync: string): Promise<ChangeSample[]> {
  const rows = await workspace.rows(
    `SELECT ${SAMPLE_COLUMNS} FROM (
       SELECT * REPLACE (${WRITTEN_FIELDS} AS fields), row_number() OVER (PARTITION BY action ORDER BY seq) AS nth FROM plan.changes WHERE sync = $sync AND ${RECORDS})
     WHERE nth <= ${SAMPLES} ORDER BY seq`,
    { sync },
  );
  return rows.map((row) => sampleOf(row));
}

/** Columns that {@link sampleOf} needs; the last two are not in every plan file. */
export const SAMPLE_COLUMNS = "COLUMNS('^(seq|action|reason|key|fields|cases|before|after|after_apply|due_to|branch_fields)$')";

/** A row of `changes` as a document: values of the fields that are written, sensitive ones withheld. */
export function sampleOf(row: Row): ChangeSample {
  return {
    action: row['action'] as ChangeSample['action'],
    reason: String(row['reason']),
    key: keyOf(row),
    label: labelOf(row),
    fields: fieldChanges(row),
    ...dueTo(row),
  };
}

function keyOf(row: Row): string[] {
  return JSON.parse(String(row['key'])) as string[];
}

/** Without a prototype: a field may be called `constructor`. */
function valuesOf(text: unknown): Readonly<Record<string, string | null>> {
  const values = typeof text === 'string' ? (JSON.parse(text) as Record<string, string | null>) : {};
  return Object.assign(Object.create(null), values) as Record<string, string | null>;
}

function fieldChanges(row: Row): FieldChange[] {
  const before = valuesOf(row['before']);
  const after = valuesOf(row['after']);
  const cases = valuesOf(row['cases']);
  const pending = new Set((row['after_apply'] as readonly string[] | undefined) ?? []);
  const ofBranch = typeof row['due_to'] === 'string' ? (row['branch_fields'] as readonly string[]) : undefined;
  const names = row['action'] === 'delete' ? Object.keys(before) : (row['fields'] as readonly string[]);
  return names.map((field) => {
    const sensitive = isSealed(before[field] ?? null) || isSealed(after[field] ?? null);
    return {
      field,
      case: cases[field] ?? String(row['action'] ?? row['reason']),
      before: sensitive ? null : (before[field] ?? null),
      after: sensitive ? null : (after[field] ?? null),
      sensitive,
      after_apply: pending.has(field),
      ...(ofBranch === undefined ? {} : { due_to: ofBranch.includes(field) ? 'branch' : 'pending' }),
    };
  });
}

/** Only of a plan that was compared with another project. */
function dueTo(row: Row): Pick<ChangeSample, 'due_to'> {
  const due = row['due_to'];
  return due === 'branch' || due === 'pending' ? { due_to: due } : {};
}

const LABEL_FIELDS = /(^|_)(name|title|subject|label|email)(_|$)/i;

/** A readable name of the record: the first mapped field that looks like one. */
function labelOf(row: Row): string | null {
  const values = {
    ...valuesOf(row['before']),
    ...Object.fromEntries(Object.entries(valuesOf(row['after'])).filter(([, value]) => value !== null)),
  };
  const found = Object.entries(values).find(
    ([name, value]) => LABEL_FIELDS.test(name.replaceAll(/([a-z])([A-Z])/g, '$1_$2')) && value !== null && !isSealed(value),
  );
  return found?.[1] ?? null;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
