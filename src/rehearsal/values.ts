/** Given texts as values of field types: what a plan will compare them as. */
import { canonicalText, canonicalValue } from '../canonical/canonical.ts';
import type { FieldType, TextRules } from '../canonical/types.ts';
import { literal } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** A text that stands for a value of a type. */
export interface TypedText {
  readonly type: FieldType;
  readonly text: string | null;
}

/** Meaning of text that the type alone does not decide. */
export interface Reading {
  /** Zone of zoneless timestamps. */
  readonly timezone: string | undefined;
  readonly rules: TextRules;
}

/** Canonical text of each value, in order: null for null and for text that is no value of the type. */
export async function canonicalTexts(
  workspace: Workspace,
  values: readonly TypedText[],
  reading: Reading,
): Promise<readonly (string | null)[]> {
  const byType = Map.groupBy(values.entries(), ([, value]) => JSON.stringify(value.type));
  const found = new Map<number, string | null>();
  for (const group of byType.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const { type } = first[1];
    const rows = group.flatMap(([index, { text }]) => (text === null ? [] : [`(${index}, ${literal(text)})`]));
    if (rows.length === 0) continue;
    const canonical = canonicalText(type, canonicalValue(type, { sql: 'v', type: 'VARCHAR', timezone: reading.timezone }, reading.rules));
    const read = await workspace.rows(`SELECT i, ${canonical} AS c FROM (VALUES ${rows.join(', ')}) AS given(i, v)`);
    for (const row of read) found.set(Number(row['i']), row['c'] as string | null);
  }
  return values.map((_, index) => found.get(index) ?? null);
}
