/** One sync's part of the plan document, from what the workspace and the plan file hold. */
import type { Refresh, Sync } from '../config/model.ts';
import { EXIT, formatProblem, messageOf, UserError } from '../errors.ts';
import type { SyncState } from '../state/state.ts';
import { count, plural } from '../words.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { BoundSync } from './bind.ts';
import { emptySyncPlan } from './assemble.ts';
import { attributionOf, type Due } from './attribution.ts';
import type { Blocked, CheckResult, SyncChange, SyncPlan } from './document.ts';
import { type Allowance, breaches, evaluateGuards } from './guards.ts';
import { changeSamples, countPlan, heldExamples, rejectGroups, type SyncCounts, transitions, updatedFields } from './summary.ts';
import type { Selected } from './select.ts';

export interface SyncPlanRequest {
  readonly bound: BoundSync;
  /** What the destination says it is. */
  readonly destinationId: string;
  readonly head: SyncState | undefined;
  readonly refresh: Refresh;
  readonly candidates: Selected;
  readonly baseCount: number;
  /** Records of another lineage that this plan releases. */
  readonly formerRecords: number;
  readonly liveRead: number;
  /** Records of the destination that the sync neither owns nor wants; null unless all were read. */
  readonly unmanaged: number | null;
  /** Why nothing may be deleted, cleared or forgotten; undefined when it may. */
  readonly suspended: string | undefined;
  readonly allow: readonly Allowance[];
  /** What to say to a sync that looks like another one under a new name. */
  readonly renamed: string | undefined;
  readonly cost: SyncPlan['cost'];
  /** What the branch changed about the sync, and what the changes are due to: with `plan --base`. */
  readonly change: SyncChange | undefined;
  readonly due: Due | undefined;
}

export async function syncPlan(workspace: Workspace, request: SyncPlanRequest): Promise<SyncPlan> {
  const { bound } = request;
  const { sync } = bound;
  const releasedFields = (request.head?.fields ?? []).filter(
    (name) => request.baseCount > 0 && !bound.fields.some((field) => field.name === name),
  );
  const released = releasedFields.length > 0 ? request.baseCount : request.formerRecords;
  const counts = await countPlan(workspace, { ...request, refreshAll: request.refresh === 'all', released });
  const { summary } = counts;
  const guards = evaluateGuards(
    sync.name,
    sync.guards,
    {
      creates: summary.create,
      updates: summary.update,
      deletes: summary.delete,
      clears: summary.clear,
      nulls: counts.nulls,
      rejects: summary.rejected,
      existing: counts.existing,
    },
    request.allow,
  );
  const fields = await updatedFields(workspace, sync.name);
  return {
    name: sync.name,
    source: sync.source.connection,
    destination: sync.destination.connection,
    destination_id: request.destinationId,
    object: sync.destination.object,
    refresh: request.refresh,
    engine: request.candidates.engine,
    report_values: sync.report.values,
    live_read: request.liveRead,
    rows: request.candidates.rows,
    unmanaged: request.unmanaged,
    summary,
    fields,
    transitions: await transitions(workspace, bound, fields),
    drift_fields: counts.drifted,
    guards,
    checks: [],
    rejects: await rejectGroups(workspace, sync.name),
    held: await heldExamples(workspace, sync.name),
    samples: await changeSamples(workspace, sync.name),
    released_fields: releasedFields,
    notes: notes(request, counts),
    blocked: [...breaches(sync.name, guards), ...driftFailure(counts)],
    error: null,
    cost: request.cost,
    ...(request.change === undefined
      ? {}
      : { change: request.change, attribution: await attributionOf(workspace, sync, request.due, summary) }),
  };
}

/** What is said of values that the destination shows in another form than they were sent. */
export function normalisedSentence(field: string, records: number): string {
  return `the destination normalises ${field} (${plural(records, 'record')}): its form is accepted`;
}

function notes(request: SyncPlanRequest, counts: SyncCounts): string[] {
  const normalised = Object.entries(counts.normalised).map(([field, records]) => normalisedSentence(field, records));
  return [
    ...(request.candidates.engine === 'warehouse'
      ? [
          `compared in ${request.bound.sync.source.connection}, beside the state: ${count(request.candidates.travelled)} of ${plural(request.candidates.rows, 'row')} travelled`,
        ]
      : []),
    ...looseKeyNote(request.bound),
    ...(request.refresh === 'none' ? ['nothing was read live: the destination is taken to hold what was last written'] : []),
    ...(request.suspended === undefined ? [] : [request.suspended]),
    ...(request.renamed === undefined ? [] : [request.renamed]),
    ...(request.formerRecords > 0
      ? [
          `object or key changed: ${plural(request.formerRecords, 'record of the former one is', 'records of the former one are')} released, not deleted`,
        ]
      : []),
    ...normalised,
    ...(request.due?.kind === 'unknown' ? [`what is due to this branch cannot be told from what was due anyway: ${request.due.why}`] : []),
  ];
}

function looseKeyNote({ schema, sync }: BoundSync): string[] {
  const loose = sync.destination.key.filter((field) => schema.looseKeys?.includes(field) === true);
  return loose.map((field) => `"${field}" is not unique in ${schema.object}: where several records have one key, none of them is written`);
}

function driftFailure(counts: SyncCounts): Blocked[] {
  if (counts.failing === 0) return [];
  const hint = 'Look at the records (`sluice drift`), then `sluice accept` them or set `on_drift` to overwrite or keep.';
  return [{ kind: 'drift', message: `${plural(counts.failing, 'record')} moved in the destination and \`on_drift\` is fail`, hint }];
}

/** Adds what the checks found. The message holds no value: it goes where values are masked. */
export function withChecks(planned: SyncPlan, checks: readonly CheckResult[]): SyncPlan {
  const blocked = checks
    .filter((check) => !check.ok)
    .map((check): Blocked => ({
      kind: 'check',
      message: `check "${check.name}": ${plural(check.violations, 'violation')}`,
      hint: null,
    }));
  return { ...planned, checks, blocked: [...planned.blocked, ...blocked] };
}

/** A sync that could not be planned. The others are planned all the same. */
export function failedSync(sync: Sync, error: unknown, change?: SyncChange): SyncPlan {
  const problems = error instanceof UserError ? error.problems : [{ message: messageOf(error) }];
  const [first] = problems;
  const at = first?.location;
  const limited = error instanceof UserError && error.exitCode === EXIT.forbidden;
  const where = at === undefined ? null : `${at.file}:${at.line}:${at.column}`;
  const message = problems.length > 1 ? problems.map((problem) => formatProblem(problem)).join('\n') : (first?.message ?? messageOf(error));
  const described = { message, where: problems.length > 1 ? null : where, hint: problems.length > 1 ? null : (first?.hint ?? null) };
  return {
    ...emptySyncPlan(sync),
    blocked: limited ? [{ kind: 'limit', message, hint: described.hint }] : [],
    error: limited ? null : described,
    ...(change === undefined ? {} : { change, attribution: null }),
  };
}

/** A sync whose parent may not be applied, or failed, waits for it. */
export function blockedByParent(sync: Sync, syncs: readonly Sync[], before: readonly SyncPlan[]): Blocked | undefined {
  const parents = sync.fields.flatMap((field) => (field.reference === undefined ? [] : [field.reference.object]));
  const blocked = before.find(
    (planned) =>
      (planned.error !== null || planned.blocked.length > 0) &&
      planned.destination === sync.destination.connection &&
      parents.includes(planned.object) &&
      syncs.some((each) => each.name === planned.name),
  );
  if (blocked === undefined) return undefined;
  return { kind: 'dependency', message: `${blocked.name}, which this sync refers to, may not be applied`, hint: null };
}
