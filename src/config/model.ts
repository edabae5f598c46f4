/** The resolved project: what the rest of the program works with, after validation, interpolation and defaults. */
import type { Location } from '../errors.ts';
import type { FieldType } from '../canonical/types.ts';

export type Mode = 'upsert' | 'update' | 'create';
export type OnMissing = 'keep' | 'clear' | 'delete';
export type OnDrift = 'overwrite' | 'keep' | 'fail';
export type OnNull = 'clear' | 'skip';
export type When = 'always' | 'create' | 'empty';
export type Compare = 'value' | 'set' | 'sent';
export type Refresh = 'changed' | 'all' | 'none';

export interface Project {
  readonly name: string;
  /** Absolute path of the project folder. */
  readonly dir: string;
  /** The chosen environment, or null when the project has none or none was chosen. */
  readonly environment: string | null;
  /** Names of the environments the project defines. */
  readonly environments: readonly string[];
  readonly vars: Readonly<Record<string, string>>;
  readonly state: StateConfig;
  readonly guards: Guards;
  readonly connections: ReadonlyMap<string, Connection>;
  /** In the order of their names. */
  readonly syncs: readonly Sync[];
  readonly tests: readonly SyncTest[];
  readonly approvals?: readonly Approval[] | undefined;
  readonly dbt?: DbtProject | undefined;
  /** Values that must never be printed: every resolved `${env.X}` and secret property. */
  readonly secrets: readonly string[];
  /** Absent in a project that was not read from files. */
  readonly written?: WrittenProject | undefined;
}

/** What the documents say beside their syncs, in the form in which two versions of a project are compared. By dotted path. */
export interface WrittenProject {
  readonly vars: ReadonlyMap<string, WrittenValue>;
  /** The project's `name`, its `guards` and `state`. */
  readonly defaults: ReadonlyMap<string, WrittenValue>;
  /** By the connection's name. */
  readonly connections: ReadonlyMap<string, ReadonlyMap<string, WrittenValue>>;
  /** Variables that a sync refers to, by its name. */
  readonly variablesOf: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface WrittenValue {
  /** Variables are put in; `${env.NAME}` stands as it is written. */
  readonly text: string;
  /** Never shown. */
  readonly secret: boolean;
  readonly location: Location;
}

/** Where tables of state live in a connection that does not say: the schema, or the dataset. */
export const DEFAULT_STATE_NAME = 'sluice';

/** `path` is absolute. `key` is the passphrase for sensitive values. */
export type StateConfig =
  | { readonly type: 'local'; readonly path: string; readonly key?: string | undefined; readonly location?: Location | undefined }
  | {
      readonly type: 'connection';
      readonly connection: string;
      /** Schema of a Postgres connection, when the project names one. */
      readonly schema?: string | undefined;
      /** Dataset of a BigQuery connection, when the project names one. */
      readonly dataset?: string | undefined;
      readonly key?: string | undefined;
      readonly location?: Location | undefined;
    };

export interface Connection {
  readonly name: string;
  readonly type: string;
  /** Everything else the document says, validated by the schema of its type; paths are absolute. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly location: Location;
}

export interface Sync {
  readonly name: string;
  readonly description?: string | undefined;
  readonly owner?: string | undefined;
  readonly tags: readonly string[];
  readonly movedFrom?: string | undefined;
  readonly source: SyncSource;
  readonly destination: SyncDestination;
  readonly mode: Mode;
  readonly onMissing: OnMissing;
  readonly deleteAdopted: boolean;
  readonly onDrift: OnDrift;
  readonly fields: readonly FieldMapping[];
  readonly guards: Guards;
  readonly checks: readonly Check[];
  readonly refresh?: Refresh | undefined;
  readonly maxLiveReads?: number | undefined;
  readonly partition?: string | undefined;
  readonly schedule?: string | undefined;
  readonly report: { readonly values: 'masked' | 'shown' };
  readonly verify?: 'all' | 'sample' | 'none' | undefined;
  readonly location: Location;
  /** Where a property stands: `at('fields', 'Name', 'column')`. Falls back to the nearest enclosing property that exists. */
  readonly at: (...path: (string | number)[]) => Location;
}

export interface SyncSource {
  readonly connection: string;
  /** The interpolated SELECT, without a trailing semicolon. */
  readonly query: string;
  /** File, line and column of each line of the query text, for errors inside it: index 0 is line 1. */
  readonly lines: readonly Location[];
  readonly key: readonly string[];
  /** IANA zone of zoneless timestamps. */
  readonly timezone?: string | undefined;
  readonly maxBytesBilled?: string | undefined;
  /** The dbt model that the query reads. */
  readonly dbt?: DbtSource | undefined;
  readonly waitFor?: WaitFor | undefined;
}

export interface DbtSource {
  /** `model.acme.account_health`. */
  readonly id: string;
  readonly name: string;
  /** Null for a model of the dbt project itself. */
  readonly package: string | null;
  /** Null: the latest. */
  readonly version: string | null;
  /** Ids of the model's tests. */
  readonly tests: readonly string[];
}

/** A run of dbt without whose success the sync is not applied. */
export interface WaitFor {
  /** Absolute path of its `run_results.json`. */
  readonly path: string;
  /** The path as messages name it. */
  readonly shown: string;
  /** The run may be so old, in milliseconds; undefined: as old as it likes. */
  readonly maxAgeMs: number | undefined;
  /** What must have gone well: the model and its tests. Undefined: everything in the run. */
  readonly model: Pick<DbtSource, 'id' | 'tests'> | undefined;
}

/** The dbt project that builds what syncs read. */
export interface DbtProject {
  /** Absolute path of its `target` folder. */
  readonly target: string;
  /** Address of a sync in exposures; `{sync}` and `{file}` stand for its name and its file. */
  readonly exposureUrl: string | undefined;
}

export interface SyncDestination {
  readonly connection: string;
  readonly object: string;
  /** Fields, in the same order as the source's key columns. */
  readonly key: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

export interface FieldMapping {
  readonly field: string;
  readonly from: FieldSource;
  readonly reference?: Reference | undefined;
  readonly when: When;
  readonly onNull: OnNull;
  readonly onDrift: OnDrift;
  readonly sensitive: boolean;
  readonly compare: Compare;
  /** Overrides the type that the destination describes. */
  readonly type?: FieldType | undefined;
}

export type FieldSource =
  | { readonly kind: 'column'; readonly column: string }
  /** `lines`: where each line of the SQL stands, for errors inside it. */
  | { readonly kind: 'sql'; readonly sql: string; readonly lines: readonly Location[] }
  | { readonly kind: 'value'; readonly value: string | null };

/** The field points at a record of another object, which the value identifies by `key`. */
export interface Reference {
  readonly object: string;
  readonly key: string;
}

export interface Check {
  readonly name: string;
  readonly sql: string;
}

/** Trips above `max`, or above `percent` of the existing records when there are at least `min`. */
export interface Guard {
  readonly max?: number | undefined;
  readonly percent?: number | undefined;
  readonly min?: number | undefined;
}
export const GUARD_NAMES = ['creates', 'updates', 'deletes', 'clears', 'nulls', 'rejects'] as const;
export type GuardName = (typeof GUARD_NAMES)[number];
export type Guards = Readonly<Record<GuardName, Guard>>;

/** An `Approval` document: lets guards of a sync pass, because people said so in review. */
export interface Approval {
  readonly sync: string;
  readonly limits: readonly { readonly guard: GuardName; readonly limit: number }[];
  readonly reason: string;
  /** The last day, `YYYY-MM-DD`, UTC; and its last moment in milliseconds since 1970. */
  readonly expires: string;
  readonly expiresAt: number;
  readonly location: Location;
  readonly at: Sync['at'];
}

/** A `Test` document: given rows, live records and base, expect these changes. */
export interface SyncTest {
  readonly name: string;
  readonly sync: string;
  readonly location: Location;
  /** The document, every scalar as its exact text. */
  readonly document: Readonly<Record<string, unknown>>;
  /** The same with numbers and booleans as such: tells how a scalar was written, never what its value is. */
  readonly plain: unknown;
  /** Where a property stands: `at('expect', 'create', 0, 'Name')`. */
  readonly at: Sync['at'];
}
