/** Which values may go into which columns: DuckDB would convert what BigQuery refuses. */
import type { Target } from './dml.ts';
import { invalidQuery, type Position } from './error.ts';
import { type SqlType, typeOfField, typeText } from './types.ts';

const WIDER: Readonly<Record<string, readonly string[]>> = {
  INT64: ['NUMERIC', 'BIGNUMERIC', 'FLOAT64'],
  NUMERIC: ['BIGNUMERIC', 'FLOAT64'],
  BIGNUMERIC: ['FLOAT64'],
  DATE: ['DATETIME'],
};

/** Types that a text literal turns into by itself. */
const FROM_LITERAL: ReadonlySet<string> = new Set(['DATE', 'DATETIME', 'TIME', 'TIMESTAMP']);

/** Throws for the first value whose type the column does not take. */
export function assignable(
  target: Target,
  columns: readonly string[],
  types: readonly SqlType[],
  literals: boolean,
  where: Position | undefined,
): void {
  const fields = target.entry?.fields;
  if (fields === undefined) return;
  columns.forEach((column, index) => {
    const field = fields.find((other) => other.name.toLowerCase() === column.toLowerCase());
    const from = types[index];
    if (field === undefined || from === undefined) return;
    const to = typeOfField(field);
    if (fits(from, to, literals)) return;
    throw invalidQuery(
      `Value has type ${typeText(from)} which cannot be inserted into column ${field.name}, which has type ${typeText(to)}`,
      where,
    );
  });
}

function fits(from: SqlType, to: SqlType, literals: boolean): boolean {
  if (from.maybeNull === true || from.name === to.name || (WIDER[from.name] ?? []).includes(to.name)) return true;
  return literals && from.name === 'STRING' && FROM_LITERAL.has(to.name);
}
