/**
 * Types of columns that no snapshot describes, from the values that the tests of a sync give: SQL that compares numbers
 * or dates must be able to run. What fits no pattern in all of its values is text.
 */
import { type GivenRecord, textOf } from './given.ts';

const PATTERNS: readonly (readonly [RegExp, (values: readonly string[]) => string])[] = [
  // No leading zeros: 0042 is a code, not a number.
  [/^-?(0|[1-9]\d{0,27})(\.\d{1,10})?$/, (values) => `DECIMAL(38,${Math.max(...values.map((value) => value.split('.')[1]?.length ?? 0))})`],
  [/^(true|false)$/, () => 'BOOLEAN'],
  [/^\d{4}-\d\d-\d\d$/, () => 'DATE'],
];

/** DuckDB's type for a column, by its name without regard to case. */
export function inferType(name: string, records: readonly GivenRecord[]): string {
  const lower = name.toLowerCase();
  const entries = records.flatMap((record) => Object.entries(record)).filter(([key]) => key.toLowerCase() === lower);
  const known = entries.map(([, value]) => textOf(value)).filter((value) => value !== null);
  const found = known.length === 0 ? undefined : PATTERNS.find(([pattern]) => known.every((value) => pattern.test(value)));
  return found === undefined ? 'VARCHAR' : found[1](known);
}
