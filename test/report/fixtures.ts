/** Plans and results made by hand: a test states only what it is about. */
import {
  addSummaries,
  type ApplyDocument,
  type ChangeSample,
  EMPTY_SUMMARY,
  type FieldChange,
  type PlanDocument,
  type Summary,
  type SyncApply,
  type SyncPlan,
} from '../../src/plan/document.ts';

export function syncPlan(own: Partial<Omit<SyncPlan, 'summary'>> & { summary?: Partial<Summary> } = {}): SyncPlan {
  return {
    name: 'account-health',
    source: 'warehouse',
    destination: 'crm',
    object: 'Account',
    refresh: 'changed',
    engine: 'local',
    live_read: 0,
    rows: 10,
    unmanaged: null,
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
    ...own,
    summary: { ...EMPTY_SUMMARY, ...own.summary },
  };
}

export function planDocument(...syncs: readonly SyncPlan[]): PlanDocument {
  return {
    format_version: '1.0',
    plan_id: 'plan-1',
    created_at: '2026-11-22T16:00:00.000Z',
    sluice_version: '0.1.0',
    project: 'acme-revops',
    environment: null,
    commit: null,
    applyable: syncs.some((sync) => sync.blocked.length === 0 && sync.error === null),
    summary: addSummaries(syncs.map((sync) => sync.summary)),
    syncs,
  };
}

export function change(field: string, before: string | null, after: string | null, own: Partial<FieldChange> = {}): FieldChange {
  return { field, case: 'update', before, after, sensitive: false, after_apply: false, ...own };
}

export function sample(action: ChangeSample['action'], key: string, label: string | null, ...fields: readonly FieldChange[]): ChangeSample {
  return { action, reason: action, key: [key], label, fields };
}

export function syncApply(own: Partial<SyncApply> = {}): SyncApply {
  return {
    name: 'account-health',
    run_id: 'run-1',
    serial: 1,
    status: 'applied',
    adopted: 0,
    limited: false,
    duration_ms: 3200,
    messages: [],
    rejects: [],
    applied: 0,
    unchanged: 0,
    held: 0,
    rejected: 0,
    unknown: 0,
    not_attempted: 0,
    ...own,
  };
}

export function applyDocument(...syncs: readonly SyncApply[]): ApplyDocument {
  const sum = (key: 'applied' | 'unchanged' | 'held' | 'rejected' | 'unknown' | 'not_attempted'): number =>
    syncs.reduce((total, sync) => total + sync[key], 0);
  return {
    format_version: '1.0',
    plan_id: 'plan-1',
    project: 'acme-revops',
    environment: null,
    summary: {
      applied: sum('applied'),
      unchanged: sum('unchanged'),
      held: sum('held'),
      rejected: sum('rejected'),
      unknown: sum('unknown'),
      not_attempted: sum('not_attempted'),
    },
    syncs,
  };
}

/** The example of DESIGN 8. */
export function designPlan(): PlanDocument {
  const sync = syncPlan({
    live_read: 355,
    rows: 48_211,
    summary: { create: 12, update: 340, delete: 3, drift: 2, rejected: 1, unchanged: 47_856 },
    fields: { Tier__c: 291, ARR__c: 31 },
    transitions: {
      Tier__c: [
        { before: 'SMB', after: 'Enterprise', count: 187 },
        { before: 'Enterprise', after: 'SMB', count: 104 },
      ],
    },
    drift_fields: { Tier__c: 2 },
    rejects: [
      {
        code: 'STRING_TOO_LONG',
        field: 'Name',
        count: 1,
        known: 0,
        examples: [{ key: ['0018A'], message: '256 characters, the field takes 255' }],
      },
    ],
    samples: [sample('update', '001A', 'Umbrella', change('Tier__c', 'SMB', 'Enterprise'), change('ARR__c', '900000', '1200000'))],
    cost: { api_calls: 4, api_calls_left: 84_213, bytes_billed: null },
  });
  return planDocument(sync);
}
