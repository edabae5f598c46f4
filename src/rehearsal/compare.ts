/** Holds what happens to what is expected. */
import type { Location } from '../errors.ts';
import { ACTIONS, type Action } from './given.ts';
import { type Happening, keyId } from './outcome.ts';

/** A value that was written down, and what it is compared as. */
export interface WantedValue {
  readonly text: string | null;
  readonly canonical: string | null;
}

export interface WantedRecord {
  readonly key: readonly (string | null)[];
  /** Key of what happens to the record: canonical, and as it was written where no key can be read from it. */
  readonly ids: readonly string[];
  readonly values: ReadonlyMap<string, WantedValue>;
  readonly why: string | null;
  readonly field: string | null;
  readonly at: Location;
}

export interface Wanted {
  readonly action: Action;
  readonly at: Location;
  /** A number of records, or which ones. */
  readonly expected: number | readonly WantedRecord[];
}

/** What is not as expected. */
export type Difference =
  | { readonly kind: 'count'; readonly action: Action; readonly expected: number; readonly got: number; readonly keys: readonly (readonly (string | null)[])[]; readonly at: Location } // prettier-ignore
  /** Expected, and does not happen. `instead` is what does, null when nothing does; `known` is false for a record that nobody gave, `repeated` true for one that is listed again. */
  | { readonly kind: 'missing'; readonly action: Action; readonly key: readonly (string | null)[]; readonly instead: Happening | null; readonly known: boolean; readonly repeated: boolean; readonly at: Location } // prettier-ignore
  /** Happens, and is not expected. */
  | { readonly kind: 'unexpected'; readonly action: Action; readonly key: readonly (string | null)[]; readonly happening: Happening | null; readonly at: Location } // prettier-ignore
  | { readonly kind: 'different'; readonly action: Action; readonly key: readonly (string | null)[]; readonly fields: readonly FieldDifference[]; readonly at: Location } // prettier-ignore
  | { readonly kind: 'check'; readonly name: string; readonly violated: boolean; readonly examples: readonly string[]; readonly known: readonly string[]; readonly at: Location }; // prettier-ignore

/** `expected` is undefined for what is written unasked, `got` for what is not written. */
export interface FieldDifference {
  readonly field: string;
  readonly expected: string | null | undefined;
  readonly got: string | null | undefined;
  readonly sensitive: boolean;
}

export interface Comparison {
  readonly wanted: readonly Wanted[];
  readonly happenings: readonly Happening[];
  /** Every record that the test gives, by key. */
  readonly records: readonly (readonly (string | null)[])[];
  /** Whether a value of the plan is the one that was written down. */
  readonly isSame: (field: string, got: string | null, wanted: WantedValue) => boolean;
  readonly isSensitive: (field: string) => boolean;
}

/** Empty when everything is as expected; otherwise in the order of the actions, then of the document. */
export function compare(comparison: Comparison): readonly Difference[] {
  return comparison.wanted
    .toSorted((a, b) => ACTIONS.indexOf(a.action) - ACTIONS.indexOf(b.action))
    .flatMap((wanted) =>
      typeof wanted.expected === 'number' ? counted(comparison, wanted, wanted.expected) : listed(comparison, wanted, wanted.expected),
    );
}

interface Found {
  readonly key: readonly (string | null)[];
  readonly happening: Happening | null;
}

/** The records under an action. Unchanged are those that nothing happens to. */
function found({ happenings, records }: Comparison, action: Action): readonly Found[] {
  if (action !== 'unchanged')
    return happenings.filter((each) => each.action === action).map((happening) => ({ key: happening.key, happening }));
  const busy = new Set(happenings.map((each) => keyId(each.key)));
  const quiet = new Map(records.map((key) => [keyId(key), key]));
  return [...quiet].filter(([id]) => !busy.has(id)).map(([, key]) => ({ key, happening: null }));
}

function counted(comparison: Comparison, { action, at }: Wanted, expected: number): readonly Difference[] {
  const keys = found(comparison, action).map((each) => each.key);
  return keys.length === expected ? [] : [{ kind: 'count', action, expected, got: keys.length, keys, at }];
}

function listed(comparison: Comparison, { action, at }: Wanted, records: readonly WantedRecord[]): readonly Difference[] {
  const present = found(comparison, action);
  const seen = new Set<string>();
  const expected = records.flatMap((record): readonly Difference[] => {
    const match = present.find((each) => record.ids.includes(keyId(each.key)));
    const repeats = action !== 'held' && action !== 'rejected' && match !== undefined && seen.has(keyId(match.key));
    if (match === undefined || repeats) return [missing(comparison, action, record, repeats)];
    seen.add(keyId(match.key));
    const fields = match.happening === null ? [] : differingFields(comparison, action, record, match.happening);
    return fields.length === 0 ? [] : [{ kind: 'different', action, key: match.key, fields, at: record.at }];
  });
  const strangers = present.filter((each) => !seen.has(keyId(each.key)));
  return [...expected, ...strangers.map(({ key, happening }): Difference => ({ kind: 'unexpected', action, key, happening, at }))];
}

function missing({ happenings, records }: Comparison, action: Action, record: WantedRecord, repeated: boolean): Difference {
  const instead = happenings.find((each) => each.action !== action && record.ids.includes(keyId(each.key))) ?? null;
  const known = instead !== null || records.some((key) => record.ids.includes(keyId(key)));
  return { kind: 'missing', action, key: record.key, instead, known, repeated, at: record.at };
}

function differingFields(comparison: Comparison, action: Action, record: WantedRecord, happening: Happening): readonly FieldDifference[] {
  if (action === 'held' || action === 'rejected') return differingReason(action, record, happening);
  const values = [...record.values].flatMap(([field, wanted]): readonly FieldDifference[] => {
    const sensitive = comparison.isSensitive(field);
    if (action === 'update' && !happening.fields.includes(field)) return [{ field, expected: wanted.text, got: undefined, sensitive }];
    const got = happening.values.get(field) ?? null;
    return comparison.isSame(field, got, wanted) ? [] : [{ field, expected: wanted.text, got, sensitive }];
  });
  const extra = action === 'update' ? happening.fields.filter((field) => !record.values.has(field)) : [];
  return [
    ...values,
    ...extra.map((field) => ({
      field,
      expected: undefined,
      got: happening.values.get(field) ?? null,
      sensitive: comparison.isSensitive(field),
    })),
  ];
}

function differingReason(action: Action, record: WantedRecord, happening: Happening): readonly FieldDifference[] {
  const word = action === 'held' ? 'reason' : 'code';
  const why =
    record.why === null || record.why === happening.why
      ? []
      : [{ field: word, expected: record.why, got: happening.why, sensitive: false }];
  if (record.field === null || happening.fields.includes(record.field)) return why;
  const got = happening.fields.length === 0 ? undefined : happening.fields.join(', ');
  return [...why, { field: 'field', expected: record.field, got, sensitive: false }];
}
