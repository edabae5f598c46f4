/**
 * How records travel inside the page: chunks of rows of one sync, as JSON, gzip and base64. The page's own code
 * (`web/report/`) reads the same types.
 */

export type RowKind = 'create' | 'update' | 'clear' | 'delete' | 'held' | 'reject';
export const ROW_KINDS: readonly RowKind[] = ['create', 'update', 'clear', 'delete', 'held', 'reject'];

/** Bits of a field: why a side has no text; and that it was due without the branch, too. */
export const FIELD_FLAGS = { sensitive: 1, afterApply: 2, maskedBefore: 4, maskedAfter: 8, noValues: 16, pending: 32 } as const;

/** The lengths count characters of the whole value; they are there only when its text was cut. */
export type WireField = readonly [
  field: string,
  fieldCase: string,
  before: string | null,
  after: string | null,
  flags?: number,
  beforeLength?: number,
  afterLength?: number,
];

/** `reason` is the code of a reject. A masked record has no key: `number` tells records of a sync apart, from 1. */
export type WireRow = readonly [
  kind: RowKind,
  reason: string,
  number: number,
  key: readonly (string | null)[] | null,
  label: string | null,
  fields: readonly WireField[],
  message?: string | null,
  due?: 'branch' | 'pending',
];

export interface WireSync {
  readonly name: string;
  readonly masked: boolean;
}

/** Everything about the records but the records. Comes behind the chunks, because it counts them. */
export interface WireMeta {
  readonly syncs: readonly WireSync[];
  /** Records in the page, by kind. */
  readonly kinds: Readonly<Partial<Record<RowKind, number>>>;
  /** Fields and cases that occur, to filter by. */
  readonly fields: readonly string[];
  readonly cases: readonly string[];
  /** Whether records are told apart by what they are due to. */
  readonly due: boolean;
  /** Records of the plan that the page leaves out because they are too many. */
  readonly leftOut: number;
}
