/** The plan document of several syncs, and the part of a sync that plans nothing yet. */
import type { Project, Sync } from '../config/model.ts';
import type { Context } from '../context.ts';
import { SLUICE_VERSION } from '../version.ts';
import { addSummaries, EMPTY_SUMMARY, PLAN_FORMAT, type PlanBase, type PlanDocument, type SyncPlan } from './document.ts';

/** May be applied when something that changes is not blocked, or nothing changes and not everything is blocked. */
export function planDocument(
  context: Context,
  request: { readonly project: Project; readonly commit: string | null },
  plans: readonly SyncPlan[],
  base?: PlanBase,
): PlanDocument {
  const changing = plans.filter((each) => each.summary.create + each.summary.update + each.summary.delete + each.summary.clear > 0);
  const ready = plans.filter((each) => each.blocked.length === 0 && each.error === null);
  return {
    format_version: PLAN_FORMAT,
    plan_id: context.randomHex(12),
    created_at: new Date(context.now()).toISOString(),
    sluice_version: SLUICE_VERSION,
    project: request.project.name,
    environment: request.project.environment,
    commit: request.commit,
    applyable: ready.length > 0 && (changing.length === 0 || changing.some((each) => ready.includes(each))),
    summary: addSummaries(plans.map((each) => each.summary)),
    syncs: plans,
    ...(base === undefined ? {} : { base }),
  };
}

/** A sync's part without a row, a change or a finding. */
export function emptySyncPlan(sync: Sync): SyncPlan {
  return {
    name: sync.name,
    source: sync.source.connection,
    destination: sync.destination.connection,
    object: sync.destination.object,
    refresh: 'changed',
    engine: 'local',
    live_read: 0,
    rows: 0,
    unmanaged: null,
    summary: EMPTY_SUMMARY,
    fields: {},
    transitions: {},
    drift_fields: {},
    guards: [],
    checks: [],
    rejects: [],
    held: [],
    samples: [],
    released_fields: [],
    notes: [],
    blocked: [],
    error: null,
    cost: { api_calls: null, api_calls_left: null, bytes_billed: null },
  };
}
