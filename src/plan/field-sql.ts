/**
 * The three-way comparison of one field (DESIGN 4), as SQL over the columns of `classify.ts`:
 * `d<i>` desired, `s<i>` sent, `p<i>` whether there is a base, `r<i>` returned (else sent), `u<i>` sent but never acknowledged,
 * `l<i>` live, all canonical text.
 */
import { canonicalOfExact } from '../canonical/canonical.ts';
import type { FieldType, TextRules } from '../canonical/types.ts';
import type { Sync } from '../config/model.ts';
import type { FieldSchema } from '../destinations/destination.ts';
import { literal } from '../workspace/quote.ts';
import type { BoundField } from './bind.ts';
import { hasMember } from './json-sql.ts';

/** Names of the cases, in the order of the truth table. */
export const FIELD_CASES = [
  'policy', 'blind', 'unverified', 'same', 'fill', 'takeover', 'shown', 'normalised', 'update', 'drift', 'conflict', 'create',
] as const; // prettier-ignore
export type FieldCase = (typeof FIELD_CASES)[number];

/**
 * A case is one bit of `c<i>`, so that the cases of a whole record are one number and a question about several cases is one
 * operation: a plan of twenty fields asks hundreds of them.
 */
export function caseBits(...names: readonly FieldCase[]): number {
  return names.reduce((bits, name) => bits | (1 << FIELD_CASES.indexOf(name)), 0);
}

/** One of these cases is among the bits of an expression. */
export function hasCase(bits: string, ...names: readonly FieldCase[]): string {
  return names.length === 0 ? 'false' : `(${bits} & ${caseBits(...names)}) <> 0`;
}

/** The name of the case in `c<i>`; null where there is none. */
export function caseName(column: string): string {
  return `[${FIELD_CASES.map((name) => literal(name)).join(', ')}][bit_count(${column} - 1) + 1]`;
}

/** The case of a field of a record that is desired; 0 for records that are not. */
export function caseExpression(field: BoundField): string {
  const { index: i, mapping } = field;
  const when = (condition: string, name: FieldCase): string => `WHEN ${condition} THEN ${caseBits(name)}`;
  const sourceStayed = `d${i} IS NOT DISTINCT FROM s${i} AND NOT g${i}`;
  const skipsNull = mapping.onNull === 'skip' ? `d${i} IS NULL` : 'false';
  const absent = mapping.onNull === 'skip' ? `CASE ${when(skipsNull, 'policy')} ELSE ${caseBits('create')} END` : caseBits('create');
  const head = `CASE WHEN NOT has_d THEN 0 WHEN NOT has_l THEN ${absent} ${when(policyCondition(field, skipsNull), 'policy')}`;
  if (!field.readable) return `${head} ${when(`NOT p${i} OR NOT (${sourceStayed})`, 'blind')} ELSE ${caseBits('unverified')} END`;
  return `${head}
    ${when(`d${i} IS NOT DISTINCT FROM l${i}`, 'same')}
    WHEN NOT p${i} THEN CASE ${when(`l${i} IS NULL`, 'fill')} ELSE ${caseBits('takeover')} END
    WHEN ${sourceStayed} THEN CASE ${when(`NOT m${i}`, 'shown')} ${when('NOT verified', 'normalised')} ELSE ${caseBits('drift')} END
    ${when(`NOT m${i}`, 'update')}
    ELSE ${caseBits('conflict')} END`;
}

function policyCondition(field: BoundField, skipsNull: string): string {
  const { index: i, mapping } = field;
  if (mapping.when === 'create') return 'true';
  const conditions = [skipsNull, `(d${i} IS NULL AND NOT p${i})`];
  // What fills it may be ours, of a write that nobody acknowledged.
  if (mapping.when === 'empty' && field.readable)
    conditions.push(`(l${i} IS NOT NULL AND NOT (g${i} AND d${i} IS NOT DISTINCT FROM l${i}))`);
  return `(${conditions.filter((condition) => condition !== 'false').join(' OR ')})`;
}

/**
 * `g<i>`: whether a write that was never acknowledged is what the destination holds. It landed: the field is neither moved by
 * somebody else, nor does it hold what base says. Of a field that cannot be read nobody knows, so that it is written again.
 */
export function landedExpression(field: BoundField): string {
  const { index: i, name } = field;
  const sent = hasMember('unacknowledged', name);
  return field.readable ? `(${sent} AND l${i} IS NOT DISTINCT FROM u${i})` : sent;
}

/** Whether the destination moved: live differs from what is known of it. A field without base cannot have moved. */
export function movedExpression(field: BoundField): string {
  const { index: i } = field;
  return field.readable ? `(coalesce(p${i}, false) AND l${i} IS DISTINCT FROM r${i} AND NOT g${i})` : 'false';
}

/** `c<i>` is one of these cases. */
export function isCase(field: BoundField, ...names: readonly FieldCase[]): string {
  return hasCase(`c${field.index}`, ...names);
}

/** Cases in which the field is written by the action the plan shows. */
export function writtenCases(field: BoundField): readonly FieldCase[] {
  return ['create', 'fill', 'takeover', 'update', 'blind', ...(field.mapping.onDrift === 'overwrite' ? MOVED : [])];
}

/** Cases in which the field is left alone by `on_drift`. */
export function heldCases(field: BoundField): readonly FieldCase[] {
  return field.mapping.onDrift === 'overwrite' ? [] : MOVED;
}

const MOVED = ['drift', 'conflict'] as const;

export function writesExpression(field: BoundField): string {
  return isCase(field, ...writtenCases(field));
}

export function heldExpression(field: BoundField): string {
  return isCase(field, ...heldCases(field));
}

/** Base of the field does not move, whatever happens to the record. */
export function keepsBaseExpression(field: BoundField): string {
  return isCase(field, 'policy', 'unverified', ...heldCases(field));
}

/** Once the change is acknowledged the destination holds the field as desired. */
export function endsAsDesired(field: BoundField): string {
  return isCase(field, 'same', ...writtenCases(field));
}
/**
 * The value that clearing the field would change: only what can be null and is set. Where a clear landed that nobody heard of,
 * also what base still holds: clearing it again changes nothing, and settles it.
 */
export function clearsExpression(field: BoundField): string {
  const { index: i, schema } = field;
  if (!schema.nullable || !schema.updatable) return 'false';
  return field.readable ? `(l${i} IS NOT NULL OR (g${i} AND s${i} IS NOT NULL))` : `s${i} IS NOT NULL`;
}

/**
 * Why the desired value cannot be stored: a struct of code, field and message, or null. Never contains a value.
 * A null is refused where it would be written, or where a create would leave a required field out.
 */
export function rejectExpression(field: BoundField, sync: Sync, text: TextRules): string {
  const { index: i, schema } = field;
  const reject = (code: string, message: string): string =>
    `struct_pack(code := ${literal(code)}, field := ${literal(field.name)}, message := ${message})`;
  const rules: string[] = [`WHEN has_d AND b${i} THEN ${reject('TYPE_MISMATCH', literal(`the value does not fit ${schema.nativeType}`))}`];
  const stored = canonicalOfExact({ kind: 'text' }, `w${i}`, text);
  if (schema.maxLength !== undefined && field.type.kind === 'text') {
    const length = `length(${stored}) || ' characters, the field takes ${schema.maxLength}'`;
    rules.push(`WHEN has_d AND length(${stored}) > ${schema.maxLength} THEN ${reject('STRING_TOO_LONG', length)}`);
  }
  if (schema.allowed !== undefined) {
    const message = `${literal(`the field takes only ${listed(schema.allowed)}`)} || ${suggestion(schema, field.type, stored)}`;
    rules.push(`WHEN has_d AND ${isForbidden(schema.allowed, field.type, stored)} THEN ${reject('NOT_ALLOWED', message)}`);
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

/** A set is allowed when each of its values is. */
function isForbidden(allowed: readonly string[], type: FieldType, stored: string): string {
  const list = allowed.map((value) => literal(value)).join(', ');
  if (type.kind === 'text') return `${stored} NOT IN (${list})`;
  return type.kind === 'set' ? `NOT list_has_all([${list}], ${members(stored)})` : 'false';
}

function members(json: string): string {
  return `CAST(from_json(${json}, '["VARCHAR"]') AS VARCHAR[])`;
}

/** What may have been meant: a value in another case, or the one that people see under this label. */
function suggestion({ allowed = [], labels = {} }: FieldSchema, type: FieldType, stored: string): string {
  if (type.kind !== 'text' || allowed.length === 0) return "''";
  const meant = new Map(
    [...Object.entries(labels), ...allowed.map((value) => [value, value] as const)].map(([said, value]) => [said.toLowerCase(), value]),
  );
  const list = (texts: Iterable<string>): string => `[${[...texts].map((each) => literal(each)).join(', ')}]`;
  return `coalesce('; did you mean "' || map(${list(meant.keys())}, ${list(meant.values())})[lower(${stored})] || '"?', '')`;
}

function listed(values: readonly string[]): string {
  const shown = values.slice(0, 8).join(', ');
  return values.length > 8 ? `${shown}, ... (${values.length} values)` : shown;
}
