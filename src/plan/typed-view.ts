/** `changes` as checks and `--sql` see it: one view per sync, `before` and `after` as typed structs. */
import { canonicalType, valueOfText } from '../canonical/canonical.ts';
import type { FieldType } from '../canonical/types.ts';
import { ident, literal } from '../workspace/quote.ts';
import { memberText } from './json-sql.ts';
import { RECORDS, WRITTEN_FIELDS } from './plan-tables.ts';

export interface ViewField {
  readonly name: string;
  readonly type: FieldType;
  readonly sensitive: boolean;
}

/** The SELECT behind a sync's view. `from` is the table of all changes. Sensitive values read `(sensitive)`. */
export function typedChanges(from: string, sync: string, fields: readonly ViewField[]): string {
  const side = (column: string): string =>
    `CASE WHEN ${column} IS NULL THEN NULL ELSE {${fields.map((field) => typedMember(column, field)).join(', ')}} END`;
  return `SELECT seq, action, reason, key, ${WRITTEN_FIELDS} AS fields, ${side('before')} AS before, ${side('after')} AS after, remote_id
    FROM ${from} WHERE sync = ${literal(sync)} AND ${RECORDS}`;
}

function typedMember(column: string, field: ViewField): string {
  const text = memberText(column, field.name);
  if (field.sensitive) return `${ident(field.name)}: CASE WHEN ${text} IS NOT NULL THEN '(sensitive)' END`;
  return `${ident(field.name)}: CAST(${valueOfText(field.type, text)} AS ${canonicalType(field.type)})`;
}
