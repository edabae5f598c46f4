import type { Column, FieldType, TextRules } from '../canonical/types.ts';
import type { Relation, Workspace } from '../workspace/workspace.ts';

/** Whether the system can do a thing and, if not, why: the sentence a user reads. */
export type Support = { readonly can: true } | { readonly can: false; readonly reason: string };

/** How much a destination takes: the core keeps within it. */
export interface Rate {
  readonly perSecond: number;
  /** What it takes at once after a pause. */
  readonly burst: number;
  /** What it counts: `write` calls, or the records in them. */
  readonly of: 'requests' | 'records';
}

/** What a destination can do, as data. The table in the docs is generated from it. */
export interface Capabilities {
  readonly readByKey: Support;
  readonly readAll: Support;
  readonly create: Support;
  readonly update: Support;
  readonly delete: Support;
  /** `write` compares each record with `before` and writes in one step, so that nothing can move in between. */
  readonly atomicCompare: Support;
  /** What was acknowledged is stored to the byte as sent: no read-back is needed to know the record. */
  readonly storesExactly: Support;
  /** The key of a sync must be unique by a constraint of the system: without one no record can be created safely. */
  readonly keyNeedsConstraint?: boolean;
  /** Records in one write batch, at most. */
  readonly batchSize: number;
  /** Batches of one sync in flight at once, at most. */
  readonly concurrency: number;
  /** How fast it may be written to; absent: as fast as it answers. */
  readonly rate?: Rate | undefined;
  /** What the destination does to text before storing it. */
  readonly text: TextRules;
  /** Default of `refresh`: `all` for databases, `changed` for APIs. */
  readonly refresh: 'all' | 'changed' | 'none';
}

export interface FieldSchema {
  readonly name: string;
  readonly type: FieldType;
  /** The system's own name of the type, for messages: `VARCHAR(40)`. */
  readonly nativeType: string;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  /** False: a computed or system field; `reason` says which. */
  readonly creatable: boolean;
  readonly updatable: boolean;
  readonly readable: boolean;
  readonly reason?: string | undefined;
  /** Unicode characters. */
  readonly maxLength?: number | undefined;
  /** The only values the field takes. */
  readonly allowed?: readonly string[] | undefined;
  /** What people see instead of a value of `allowed`, by label: whoever maps a label is told the value. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Exact text of what the system stores for null: `false` for a checkbox. Null is then a value like any other. */
  readonly nullAs?: string | undefined;
  /** Another name of this very field, which comes behind it in the list or before: a sync maps one of the two. */
  readonly sameAs?: string | undefined;
  /** For a reference: the objects that it may point at. */
  readonly referenceTo?: readonly string[] | undefined;
}

export interface ObjectSchema {
  readonly object: string;
  readonly fields: readonly FieldSchema[];
  /** Sets of fields that identify a record by a constraint of the system. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Whether this user may delete its records; undefined where the system does not say. */
  readonly deletable?: Support | undefined;
  /** Fields that the system looks records up by although several may have the same value. Taken as keys, with a warning. */
  readonly looseKeys?: readonly string[] | undefined;
  /** What to add to "has no field ...": that it may exist and be hidden from this user. */
  readonly hiddenHint?: string | undefined;
  /** The object's full name, the same whichever way it was asked for: `"public"."accounts"`. Default: `object`, in lower case. */
  readonly qualifiedName?: string | undefined;
  /** The fields of a foreign key and what they point at. */
  readonly references: readonly { readonly field: string; readonly object: string; readonly target: string }[];
}

/** A reference field: live values are read as the `key` of the record that the field points at. */
export interface ReferenceField {
  readonly object: string;
  readonly key: string;
}

export interface ReadField {
  readonly field: string;
  readonly reference?: ReferenceField | undefined;
}

export interface ReadRequest {
  readonly object: string;
  readonly key: readonly string[];
  readonly fields: readonly ReadField[];
  /**
   * Workspace table with columns `k0`, `k1`, ... (VARCHAR, canonical text of the key) of the records to read;
   * absent: every record of the object.
   */
  readonly keys?: string | undefined;
}

/**
 * Live records as a workspace relation with the columns `k0`.. (the key fields, native type), `f0`.. (the fields of the
 * request, in its order, native type; a reference as the key of its target) and `remote_id` (VARCHAR, null where the
 * system has none). Readable while the workspace and the destination are open.
 */
export type LiveRelation = Relation;

export interface WriteChange {
  readonly seq: number;
  /** Canonical text of the key, one entry for each key field. */
  readonly key: readonly string[];
  readonly remoteId?: string | undefined;
  /** Live value of each field of the batch when it was planned, as exact text; a field that is absent was not read and is not compared. Null for creates. */
  readonly before: Readonly<Record<string, string | null>> | null;
  /** Value to write for each field of the batch, as exact text. Null for deletes. */
  readonly after: Readonly<Record<string, string | null>> | null;
}

export interface WrittenField {
  readonly field: string;
  /** What the sync takes the field for: the exact texts are of this type, and live is compared in it. */
  readonly type: FieldType;
  /** The destination's own type of the field, where it is another. */
  readonly storedType?: FieldType | undefined;
  readonly reference?: ReferenceField | undefined;
}

/** Changes of one action and one set of fields: nothing but `fields` (and, on create, the key) is written. */
export interface WriteBatch {
  readonly object: string;
  readonly action: 'create' | 'update' | 'delete';
  readonly key: readonly { readonly field: string; readonly type: FieldType }[];
  readonly fields: readonly WrittenField[];
  /** Number of changes. */
  readonly size: number;
  readonly workspace: Workspace;
  /**
   * The changes as a relation of `workspace`, for destinations that write sets: `pos INTEGER` (0, 1, ...: the place of the
   * change, and of its outcome), `seq BIGINT`, `remote_id`, `k<i>` (parts of the key), `a<i>` (value to write of `fields[i]`,
   * null for deletes), `b<i>` (its live value when it was planned, null for creates), all exact text (VARCHAR), and
   * `h<i> BOOLEAN`: whether `b<i>` is known; a field whose live value is not known is not compared.
   */
  readonly relation: string;
  /** The same as objects, in order, for destinations that are spoken to record by record. */
  readonly changes: () => Promise<readonly WriteChange[]>;
}

/** What became of one change. */
export type Outcome =
  | {
      readonly status: 'applied';
      readonly remoteId?: string | undefined;
      /** What people should know of it: "existed already and was updated". A sentence about one record, without a value. */
      readonly note?: string | undefined;
      /** The connector has seen that the record holds what was sent, field by field: nothing needs to be read back. */
      readonly verified?: boolean | undefined;
    }
  /** The destination already held exactly this. */
  | { readonly status: 'unchanged'; readonly remoteId?: string | undefined }
  /** The live record moved since the plan (for a create: it exists; for an update or delete: it differs or is gone). */
  | { readonly status: 'held'; readonly message: string }
  | { readonly status: 'rejected'; readonly code: string; readonly message: string }
  | Again
  /** Nobody knows whether it was written: looked up before anything else happens to the record. */
  | { readonly status: 'unknown'; readonly message: string };

/**
 * Not written; the same change may be taken when it is sent again. `busy` (somebody holds the record): later, in smaller
 * batches; a few times, then it is left to the next run. `too_much` (the batch was more work than is allowed): in smaller
 * batches at once; refused alone, it is rejected with this code and message.
 */
export interface Again {
  readonly status: 'again';
  readonly why: 'busy' | 'too_much';
  readonly code: string;
  readonly message: string;
  /** What the system asks to wait before. Milliseconds. */
  readonly afterMs?: number | undefined;
}

/**
 * Thrown by `write` when the whole batch was refused and nothing of it was written because of at least one bad record.
 * The core bisects until it has found every bad one.
 */
export class BatchRejectedError extends Error {
  override readonly name = 'BatchRejectedError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Changes of one action and one set of fields that a plan would send. */
export interface PlannedWrites {
  readonly action: 'create' | 'update' | 'delete';
  readonly count: number;
}

/** What a plan costs in calls of an API that counts them. */
export interface CallCost {
  readonly calls: number;
  /** Calls that may still be made today; undefined where the system does not say. */
  readonly left: number | undefined;
}

/** A system whose records we own in part. A connector translates; the core diffs, batches, retries, bisects and journals. */
export interface Destination extends AsyncDisposable {
  readonly capabilities: Capabilities;
  /** What tells this system apart from another of its kind (org id, database): kept in state. */
  identify(): Promise<string>;
  /** Makes the system reachable from the workspace for reading. Runs before the workspace is locked against outside access. */
  attach(workspace: Workspace): Promise<void>;
  describe(object: string): Promise<ObjectSchema>;
  read(request: ReadRequest): Promise<LiveRelation>;
  /** Columns of `read` without reading. */
  readonly readColumns?: (request: ReadRequest) => Promise<readonly Column[]>;
  /** What the system still lets us do today, as a sentence. Throws `UserError` when nothing. Only for systems that count calls. */
  readonly limits?: () => Promise<string>;
  /**
   * Waits for what an earlier run, killed since, left under way on the object: only then does live say what that run did. Only
   * for systems that go on with a write when nobody listens any more.
   */
  readonly settle?: (object: string) => Promise<void>;
  /** What applying would cost, re-reading and read-back included. Only for systems that count calls. */
  readonly cost?: (writes: readonly PlannedWrites[]) => Promise<CallCost>;
  /**
   * Exactly one outcome per change, in order. Throws `TransientError` when the same call may succeed later (nothing was
   * written), `BatchRejectedError` when the batch must be split, `UserError` when no write can succeed.
   */
  write(batch: WriteBatch): Promise<readonly Outcome[]>;
}
