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
  /** What the project was compared with (`plan --base`). Absent: with nothing. */
  readonly base?: PlanBase;
}

/** The project at the merge base of this branch and another. */
export interface PlanBase {
  /** The other branch as typed: `origin/main`. */
  readonly ref: string;
  /** The merge base: 40 hexadecimal digits. */
  readonly commit: string;
  /** The working tree holds changes that are in no commit. They were planned, too. */
  readonly dirty: boolean;
  /**
   * `compared`; `new`: there was no project in this folder, so that every sync is added; `invalid`: the project there has
   * problems, so that the branch is planned alone: no sync then has a `change` or an `attribution`.
   */
  readonly status: 'compared' | 'new' | 'invalid';
  /** Why the status is not `compared`; null when it is. */
  readonly why: string | null;
  /** Syncs of the project that mean the same at both commits, planned or not. */
  readonly unchanged: number;
  /** Syncs that the branch takes away (a renamed one is none). */
  readonly removed: readonly RemovedSync[];
}

/** Its records are released: state is left as it is, and nothing is deleted in the destination. */
export interface RemovedSync {
  readonly name: string;
  readonly source: string;
  readonly destination: string;
  readonly object: string;
  /** Records in state; 0 when it never ran. */
  readonly records: number;
  /** `file:line:column` at the merge base. */
  readonly where: string;
}

/** How the configuration of a sync differs from the one at the merge base, in meaning. */
export interface SyncChange {
  readonly kind: 'added' | 'modified' | 'renamed' | 'unchanged';
  /** The former name of a renamed sync (`moved.from`, whether or not anything else changed); null for every other kind. */
  readonly from: string | null;
  /** Empty for `added` and `unchanged`. */
  readonly properties: readonly PropertyChange[];
  /** Unified diff of the sync as YAML, references and defaults resolved, with what it uses of connections; '' when nothing differs. */
  readonly diff: string;
}

/** One property that differs. Values are text: lists joined by commas, SQL as it stands. */
export interface PropertyChange {
  /** Whose property it is: the sync's own, that of a connection it uses, or the project's (`vars`, `guards`, `state`). */
  readonly of: 'sync' | 'connection' | 'project';
  /** Name of the sync, connection or project. */
  readonly name: string;
  /** Dotted path inside the document: `fields.Tier__c.sql`. */
  readonly property: string;
  /** Null where it was not, or is no longer, written and has no default. */
  readonly before: string | null;
  readonly after: string | null;
  /** The values are secret: null, although they differ. */
  readonly secret: boolean;
  /** `file:line:column` in the working tree; of what was taken away: at the merge base. */
  readonly where: string;
}

/** Records to be written. */
export interface ChangeCounts {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly clear: number;
}

/**
 * Both configurations planned on the same rows and the same live records. A change that the configuration at the merge base
 * would make as well, to the same values, is `pending`; a record with some fields of either counts as `branch`.
 */
export interface Attribution {
  readonly branch: ChangeCounts;
  readonly pending: ChangeCounts;
  /** Records that the configuration at the merge base would have changed and this one does not. */
  readonly withdrawn: ChangeCounts;
  /** Updated records by field; adds up to `SyncPlan.fields`. */
  readonly fields: Readonly<Record<string, { readonly branch: number; readonly pending: number }>>;
}

export interface SyncPlan {
  readonly name: string;
  /** Connection names. */
  readonly source: string;
  readonly destination: string;
  /** What the destination says it is (`salesforce:00D...`); absent where planning failed. */
  readonly destination_id?: string;
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
  /** With `plan --base`: what the branch changed about the sync. */
  readonly change?: SyncChange;
  /** With `plan --base`: what its changes are due to. Null where the former configuration could not be planned; a note says why. */
  readonly attribution?: Attribution | null;
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
  /** True when only `--allow` or an approval let it pass. */
  readonly allowed: boolean;
  /** The approval that let it pass: its file, and the last day on which it counts. */
  readonly approved_by?: { readonly file: string; readonly until: string };
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
  /** With `plan --base`: what the change is due to; `branch` when at least one of its fields is. */
  readonly due_to?: 'branch' | 'pending';
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
  /** With `plan --base`, of a record to be written. */
  readonly due_to?: 'branch' | 'pending';
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

/** A limit stopped the plan of this sync before there was one: nothing is known of its records. */
export function isStopped({ blocked }: SyncPlan): boolean {
  return blocked.some(({ kind }) => kind === 'limit');
}

export function addSummaries(summaries: readonly Summary[]): Summary {
  const keys = Object.keys(EMPTY_SUMMARY) as SummaryKey[];
  return Object.fromEntries(keys.map((key) => [key, summaries.reduce((sum, each) => sum + each[key], 0)])) as unknown as Summary;
}

/** What is said of a record that a revert put back (code `REVERTED`). */
export const LEFT_REVERTED = 'reverted by hand: left alone until its row changes';

/** Codes of rejects that every plan decides anew. */
export const PLANNED_REJECTS = [
  'TYPE_MISMATCH',
  'STRING_TOO_LONG',
  'NOT_ALLOWED',
  'NULL_NOT_ALLOWED',
  'REFERENCE_NOT_FOUND',
  'AMBIGUOUS_TARGET',
  'SHARED_KEY',
] as const;
