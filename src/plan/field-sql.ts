/**
 * The three-way comparison of one field (DESIGN 4), as SQL over the columns of `c_joined`:
 * `d<i>` desired, `s<i>` sent, `p<i>` whether there is a base, `r<i>` returned (else sent), `l<i>` live, all canonical text.
 */
import type { OnDrift, Sync } from '../config/model.ts';
import { literal } from '../workspace/quote.ts';
import type { BoundField } from './bind.ts';

/** Names of the cases, in the order of the truth table. */
export const FIELD_CASES = [
  'policy', 'blind', 'unverified', 'same', 'fill', 'takeover', 'shown', 'normalised', 'update', 'drift', 'conflict', 'create',
] as const; // prettier-ignore
export type FieldCase = (typeof FIELD_CASES)[number];

/** The case of a field of a record that is desired; null for records that are not. */
export function caseExpression(field: BoundField): string {
  const { index: i, mapping } = field;
  const sourceMoved = `d${i} IS DISTINCT FROM s${i}`;
  const skipsNull = mapping.onNull === 'skip' ? `d${i} IS NULL` : 'false';
  const blind = `WHEN NOT p${i} OR ${sourceMoved} THEN 'blind' ELSE 'unverified' END`;
  const policy = policyCondition(field, skipsNull);
  const head = `CASE WHEN NOT has_d THEN NULL
    WHEN NOT has_l THEN CASE WHEN ${skipsNull} THEN 'policy' ELSE 'create' END
    WHEN ${policy} THEN 'policy'`;
  if (!field.readable) return `${head} ${blind}`;
  return `${head}
    WHEN d${i} IS NOT DISTINCT FROM l${i} THEN 'same'
    WHEN NOT p${i} AND l${i} IS NULL THEN 'fill'
    WHEN NOT p${i} THEN 'takeover'
    WHEN NOT (${sourceMoved}) AND NOT m${i} THEN 'shown'
    WHEN NOT (${sourceMoved}) AND NOT verified THEN 'normalised'
    WHEN NOT m${i} THEN 'update'
    WHEN NOT (${sourceMoved}) THEN 'drift'
    ELSE 'conflict' END`;
}

function policyCondition(field: BoundField, skipsNull: string): string {
  const { index: i, mapping } = field;
  const conditions = [skipsNull, `(d${i} IS NULL AND NOT p${i})`];
  if (mapping.when === 'create') conditions.push('true');
  if (mapping.when === 'empty' && field.readable) conditions.push(`l${i} IS NOT NULL`);
  return `(${conditions.join(' OR ')})`;
}

/** Whether the destination moved: live differs from what is known of it, and is not what an unacknowledged write sent. A field without base cannot have moved. */
export function movedExpression(field: BoundField): string {
  const { index: i } = field;
  return field.readable
    ? `(coalesce(p${i}, false) AND l${i} IS DISTINCT FROM r${i} AND l${i} IS DISTINCT FROM coalesce(u${i}, r${i}))`
    : 'false';
}

function driftPolicy(field: BoundField): OnDrift {
  return field.mapping.onDrift;
}

/**
 * `c<i>` is one of these cases. Spelled as a chain of comparisons: DuckDB turns IN over a list of constants into a join,
 * and a plan of twenty fields into a hundred of them.
 */
export function isCase(field: BoundField, ...names: readonly FieldCase[]): string {
  return `coalesce(${names.map((name) => `c${field.index} = ${literal(name)}`).join(' OR ')}, false)`;
}

/** `y<i>`: the field is written by the action the plan shows. */
export function writesColumn(field: BoundField): string {
  const drifted: FieldCase[] = driftPolicy(field) === 'overwrite' ? ['drift', 'conflict'] : [];
  return `${isCase(field, 'create', 'fill', 'takeover', 'update', 'blind', ...drifted)} AS y${field.index}`;
}

/** `z<i>`: the field is left alone by `on_drift`. */
export function heldColumn(field: BoundField): string {
  return `${driftPolicy(field) === 'overwrite' ? 'false' : isCase(field, 'drift', 'conflict')} AS z${field.index}`;
}

export function writesExpression(field: BoundField): string {
  return `y${field.index}`;
}

export function heldExpression(field: BoundField): string {
  return `z${field.index}`;
}

/** Base of the field does not move, whatever happens to the record. */
export function keepsBaseExpression(field: BoundField): string {
  return `(z${field.index} OR ${isCase(field, 'policy', 'unverified')})`;
}

/** The value that clearing the field would change: only what can be null and is set. */
export function clearsExpression(field: BoundField): string {
  const { index: i, schema } = field;
  if (!schema.nullable || !schema.updatable) return 'false';
  return field.readable ? `l${i} IS NOT NULL` : `s${i} IS NOT NULL`;
}

/** Codes of rejects that every plan decides anew. */
export const PLANNED_REJECTS = [
  'TYPE_MISMATCH',
  'STRING_TOO_LONG',
  'NOT_ALLOWED',
  'NULL_NOT_ALLOWED',
  'REFERENCE_NOT_FOUND',
  'AMBIGUOUS_TARGET',
] as const;

/**
 * Why the desired value cannot be stored: a struct of code, field and message, or null. Never contains a value.
 * A null is refused where it would be written, or where a create would leave a required field out.
 */
export function rejectExpression(field: BoundField, sync: Sync): string {
  const { index: i, schema } = field;
  const reject = (code: string, message: string): string =>
    `struct_pack(code := ${literal(code)}, field := ${literal(field.name)}, message := ${message})`;
  const rules: string[] = [`WHEN has_d AND b${i} THEN ${reject('TYPE_MISMATCH', literal(`the value does not fit ${schema.nativeType}`))}`];
  if (schema.maxLength !== undefined && field.type.kind === 'text') {
    const text = `length(w${i}) || ' characters, the field takes ${schema.maxLength}'`;
    rules.push(`WHEN has_d AND length(w${i}) > ${schema.maxLength} THEN ${reject('STRING_TOO_LONG', text)}`);
  }
  if (schema.allowed !== undefined && field.type.kind === 'text') {
    const allowed = schema.allowed.map((value) => literal(value)).join(', ');
    rules.push(
      `WHEN has_d AND w${i} NOT IN (${allowed}) THEN ${reject('NOT_ALLOWED', literal(`the field takes only ${listed(schema.allowed)}`))}`,
    );
  }
  if (!schema.nullable) {
    const leftOut = sync.mode === 'update' || schema.hasDefault ? 'false' : 'NOT has_l';
    const refused = field.mapping.onNull === 'clear' ? 'true' : leftOut;
    rules.push(`WHEN has_d AND d${i} IS NULL AND ${refused} THEN ${reject('NULL_NOT_ALLOWED', literal('the field takes no null'))}`);
  }
  if (field.mapping.reference !== undefined) {
    const { object, key } = field.mapping.reference;
    const message = literal(`no ${object} has this ${key}`);
    rules.push(`WHEN has_d AND w${i} IS NOT NULL AND NOT q${i} THEN ${reject('REFERENCE_NOT_FOUND', message)}`);
  }
  return `CASE ${rules.join(' ')} END`;
}

function listed(values: readonly string[]): string {
  const shown = values.slice(0, 8).join(', ');
  return values.length > 8 ? `${shown}, ... (${values.length} values)` : shown;
}
