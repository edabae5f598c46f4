/** What a Test document gives and expects, in the types that running it needs. Its schema has been checked. */
import type { SyncTest } from '../../config/model.ts';

/** A value as exact text; a list or map for JSON and sets. */
export type GivenValue = string | null | readonly unknown[] | Readonly<Record<string, unknown>>;
export type GivenRecord = Readonly<Record<string, GivenValue>>;

export interface Given {
  /** Rows of the query, or records after the mapping. */
  readonly rows: readonly GivenRecord[];
  readonly isMapped: boolean;
  readonly base: readonly GivenRecord[];
  readonly adopted: readonly GivenRecord[];
  readonly live: readonly GivenRecord[];
}

export type Expectation = readonly GivenRecord[] | number;
export const ACTIONS = ['create', 'update', 'clear', 'delete', 'unchanged', 'held', 'rejected'] as const;
export type ExpectedAction = (typeof ACTIONS)[number];
export type Expected = { readonly [action in ExpectedAction]?: Expectation };

interface TestData {
  readonly given: { readonly [name in 'rows' | 'mapped' | 'base' | 'adopted' | 'live']?: readonly GivenRecord[] };
  /** Numbers arrive as exact text. */
  readonly expect: { readonly [action in ExpectedAction]?: readonly GivenRecord[] | string };
}

export function givenOf(test: SyncTest): Given {
  const { given } = test.document as unknown as TestData;
  const base = given.base ?? [];
  const adopted = given.adopted ?? [];
  return {
    rows: given.rows ?? given.mapped ?? [],
    isMapped: given.mapped !== undefined,
    base,
    adopted,
    live: given.live ?? [...base, ...adopted],
  };
}

export function expectedOf(test: SyncTest): Expected {
  const { expect } = test.document as unknown as TestData;
  const entries = Object.entries(expect).map(([action, wanted]) => [action, typeof wanted === 'string' ? Number(wanted) : wanted] as const);
  return Object.fromEntries(entries);
}

/** A value as a database takes it: lists and maps as JSON. */
export function textOf(value: GivenValue | undefined): string | null {
  if (value === undefined || value === null || typeof value === 'string') return value ?? null;
  return JSON.stringify(value);
}
