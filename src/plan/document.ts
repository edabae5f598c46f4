/**
 * The plan as a document: what `plan --json` prints, what the plan file's manifest holds and what every report renders.
 * Field names are the contract of DESIGN 8 (`schemas/plan.schema.json` describes them); additions are marked.
 */

/** Version of this document and of the plan file's tables. Another major version is refused. */
export const PLAN_FORMAT = '1.0';

/** `create` to `clear` count records to be written; `drift` to `takeover` records with such a field, written or held. */
export interface Summary {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly clear: number;
  readonly unchanged: number;
  /** Unchanged in the warehouse, not read live. */
  readonly unverified: number;
  /** Differs, but `mode`, `when` or `on_null` says not to write. */
  readonly skipped: number;
  /** Left alone by `on_drift`. */
  readonly held: number;
  readonly drift: number;
  readonly conflict: number;
  readonly takeover: number;
  readonly adopt: number;
  readonly forget: number;
  readonly release: number;
  readonly rejected: number;
  readonly known_rejected: number;
}
export type SummaryKey = keyof Summary;

export interface PlanDocument {
  readonly format_version: string;
  readonly plan_id: string;
  /** ISO 8601, UTC. */
  readonly created_at: string;
  readonly sluice_version: string;
  readonly project: string;
  readonly environment: string | null;
  readonly commit: string | null;
  /** False when nothing may be applied: every sync with changes is blocked. */
  readonly applyable: boolean;
  readonly summary: Summary;
  readonly syncs: readonly SyncPlan[];
}

export interface SyncPlan {
  readonly name: string;
  /** Connection names. */
  readonly source: string;
  readonly destination: string;
  readonly object: string;
  readonly refresh: 'changed' | 'all' | 'none';
  /** The sync's `report.values`: whether a pull request may show values. Absent: masked. */
  readonly report_values?: 'masked' | 'shown';
  /** Where candidates were selected: `local` or the warehouse's name. */
  readonly engine: string;
  /** Live records read. */
  readonly live_read: number;
  /** Rows the source yielded. */
  readonly rows: number;
  /** Records in the destination that the sync neither owns nor wants; null unless all were read. */
  readonly unmanaged: number | null;
  readonly summary: Summary;
  /** Records whose field will be written by an update, by field, most first. */
  readonly fields: Readonly<Record<string, number>>;
  /** The most frequent changes of value among updates, by field; empty for sensitive and masked fields. */
  readonly transitions: Readonly<Record<string, readonly Transition[]>>;
  readonly drift_fields: Readonly<Record<string, number>>;
  readonly guards: readonly GuardResult[];
  readonly checks: readonly CheckResult[];
  /** First examples by code. */
  readonly rejects: readonly RejectGroup[];
  readonly held: readonly HeldExample[];
  /** First changed records, to show. */
  readonly samples: readonly ChangeSample[];
  /** Fields released (unmapped since the last run). */
  readonly released_fields: readonly string[];
  /** Sentences a person must read: zero rows, normalised fields, a null key that suspends deletes. */
  readonly notes: readonly string[];
  /** Why this sync may not be applied; empty when it may. */
  readonly blocked: readonly Blocked[];
  /** Set when planning this sync failed; everything else is then zero. */
  readonly error: SyncError | null;
  readonly cost: { readonly api_calls: number | null; readonly api_calls_left: number | null; readonly bytes_billed: number | null };
}

export interface SyncError {
  readonly message: string;
  /** `file:line:column`. */
  readonly where: string | null;
  readonly hint: string | null;
}

/** Values are exact text; null is null. */
export interface Transition {
  readonly before: string | null;
  readonly after: string | null;
  readonly count: number;
}

export interface GuardResult {
  readonly guard: string;
  /** The number that must not be exceeded in this plan; null when the guard does not limit it. */
  readonly limit: number | null;
  readonly actual: number;
  readonly existing: number;
  readonly ok: boolean;
  /** True when only `--allow` let it pass. */
  readonly allowed: boolean;
}

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  /** Rows the check returned. */
  readonly violations: number;
  /** First rows as text, for people. */
  readonly examples: readonly string[];
}

export interface RejectGroup {
  readonly code: string;
  /** Null for record-level codes. */
  readonly field: string | null;
  readonly count: number;
  readonly known: number;
  readonly examples: readonly { readonly key: readonly (string | null)[]; readonly message: string }[];
}

export interface HeldExample {
  readonly key: readonly string[];
  readonly reason: string;
  readonly fields: readonly FieldChange[];
}

export interface ChangeSample {
  readonly action: 'create' | 'update' | 'delete' | 'clear';
  readonly reason: string;
  readonly key: readonly string[];
  /** A readable name of the record, when a mapped field looks like one. */
  readonly label: string | null;
  readonly fields: readonly FieldChange[];
}

/** A sensitive value is `{ sensitive: true }` with null texts. */
export interface FieldChange {
  readonly field: string;
  readonly case: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly sensitive: boolean;
  /** The value is the key of a record that this plan creates first. */
  readonly after_apply: boolean;
}

export interface Blocked {
  readonly kind: 'guard' | 'check' | 'drift' | 'limit' | 'dependency' | 'error';
  readonly message: string;
  /** How to allow it. */
  readonly hint: string | null;
}

/** What became of a sync's changes; printed by `apply --json`. */
export interface ApplyCounts {
  readonly applied: number;
  readonly unchanged: number;
  readonly held: number;
  readonly rejected: number;
  readonly unknown: number;
  readonly not_attempted: number;
}

export interface ApplyDocument {
  readonly format_version: string;
  readonly plan_id: string;
  readonly project: string;
  readonly environment: string | null;
  readonly summary: ApplyCounts;
  readonly syncs: readonly SyncApply[];
}

export interface SyncApply extends ApplyCounts {
  readonly name: string;
  readonly run_id: string | null;
  readonly serial: number | null;
  /** `applied`, `partial`, `blocked`, `stale`, `already_applied`, `nothing`, `failed`. */
  readonly status: 'applied' | 'partial' | 'blocked' | 'stale' | 'already_applied' | 'nothing' | 'failed';
  readonly adopted: number;
  /** A deliberate `--limit` left changes over. */
  readonly limited: boolean;
  /** Milliseconds. */
  readonly duration_ms: number;
  readonly messages: readonly string[];
  readonly rejects: readonly RejectGroup[];
}

export const EMPTY_SUMMARY: Summary = {
  create: 0, update: 0, delete: 0, clear: 0, unchanged: 0, unverified: 0, skipped: 0, held: 0,
  drift: 0, conflict: 0, takeover: 0, adopt: 0, forget: 0, release: 0, rejected: 0, known_rejected: 0,
}; // prettier-ignore

export function addSummaries(summaries: readonly Summary[]): Summary {
  const keys = Object.keys(EMPTY_SUMMARY) as SummaryKey[];
  return Object.fromEntries(keys.map((key) => [key, summaries.reduce((sum, each) => sum + each[key], 0)])) as unknown as Summary;
}
