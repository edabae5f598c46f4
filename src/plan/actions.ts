/** What becomes of each record: its action, why, and the fields it concerns. SQL over the cases of `classify.ts`. */
import { literal } from '../workspace/quote.ts';
import type { BoundField, BoundSync } from './bind.ts';
import type { BaseFacts, ClassifyRequest } from './classify.ts';
import { PLANNED_REJECTS } from './document.ts';
import {
  caseBits,
  clearsExpression,
  endsAsDesired,
  FIELD_CASES,
  type FieldCase,
  hasCase,
  heldCases,
  heldExpression,
  writesExpression,
  writtenCases,
} from './field-sql.ts';
import { images, nextBase } from './images.ts';
import { deletableCondition, effectiveOnMissing, mayClear } from './left.ts';

/**
 * The SELECT behind `c_results`. `compared`: candidates with the case of each field (`c<i>`), its values and `field_reject`.
 * What was compared ends here; later steps read what each record comes to:
 *
 *  - `action`, `reason`, `fields` (written), `held_fields`, and whether it drifted, is in conflict, is taken over, is passed over by policy
 *  - `before`, `after`, `cases`, `wanted` (what a held record should be), as JSON; null where nothing shows them
 *  - `next_sent`, `next_returned`, `next_live_hash`: base once the change is acknowledged, or at once for a state-only change;
 *    `restated`: base that is not what it will be
 *  - `c<i>`, and `nulls`, the number of values that are nulled
 */
export function results(request: ClassifyRequest, facts: BaseFacts, compared: string): string {
  const { bound } = request;
  const columns = [
    ...KEPT,
    ...(request.accept === undefined ? [] : ['accepted']),
    ...bound.fields.map((field) => `c${field.index}`),
    ...fieldLists(bound),
    ...marks(bound),
    `${reason(bound)} AS reason`,
    ...nulls(bound),
    ...images(bound, request.refresh),
    ...nextBase(bound, facts),
  ];
  return `
    SELECT * EXCLUDE (sent, returned, b_row_hash, b_live_hash, verified, left_at), sent IS NULL AS unsent, ${RESTATED} AS restated
    FROM (SELECT ${columns.join(',\n      ')} FROM (${acted(request, compared)}))`;
}

/** The columns of `c_results` with their types, for a plan without a candidate: it needs no statement with hundreds of expressions. */
export function resultColumns({ fields }: BoundSync): string {
  const texts = [
    'key',
    'remote_id',
    'origin',
    'known_code',
    'known_message',
    'action',
    'reason',
    'before',
    'after',
    'cases',
    'wanted',
    'next_sent',
    'next_returned',
  ];
  const booleans = [
    'has_d',
    'has_b',
    'in_state',
    'has_l',
    'pending',
    'drifted',
    'conflicted',
    'taken_over',
    'passed_over',
    'unsent',
    'restated',
  ];
  const bits = ['kinds', 'nulls', ...fields.map((field) => `c${field.index}`)];
  const references = fields.filter((field) => field.mapping.reference !== undefined).map((field) => `a${field.index}`);
  const typed = (names: readonly string[], type: string): string[] => names.map((name) => `${name} ${type}`);
  return [
    ...typed(texts, 'VARCHAR'),
    ...typed([...booleans, ...references], 'BOOLEAN'),
    ...typed(bits, 'INTEGER'),
    ...typed(['key_hash', 'row_hash', 'next_live_hash'], 'UBIGINT'),
    ...typed(['fields', 'held_fields'], 'VARCHAR[]'),
    'copies BIGINT',
    'field_reject STRUCT(code VARCHAR, field VARCHAR, message VARCHAR)',
  ].join(', ');
}

const KEPT = [
  'key', 'key_hash', 'row_hash', 'has_d', 'has_b', 'in_state', 'has_l', 'copies', 'remote_id', 'sent', 'returned', 'b_row_hash', 'b_live_hash',
  'verified', 'origin', 'left_at', 'pending', 'known_code', 'known_message', 'field_reject', 'action',
] as const; // prettier-ignore

const RESTATED = `(sent IS NULL OR next_sent IS DISTINCT FROM sent OR next_returned IS DISTINCT FROM returned OR b_row_hash IS DISTINCT FROM row_hash
      OR b_live_hash IS DISTINCT FROM next_live_hash OR left_at IS NOT NULL OR pending OR NOT verified)`;

/**
 * The action of each record, from the cases of all its fields at once: `kinds` every case it has, `written` those of fields
 * that are written, `withheld` those of fields that `on_drift` leaves alone.
 */
function acted(request: ClassifyRequest, compared: string): string {
  const { bound } = request;
  const { fields } = bound;
  const cases = [
    `${bitsOf(fields, () => FIELD_CASES)} AS kinds`,
    `${bitsOf(fields, writtenCases)} AS written`,
    `${bitsOf(fields, heldCases)} AS withheld`,
    `${allOf(fields, endsAsDesired)} AS as_desired`,
  ];
  const writesAll = `has_d AND NOT has_l AND NOT ${hasCase('kinds', 'policy')} AS writes_all`;
  const action = `CASE WHEN has_d THEN ${desiredAction(request)} ELSE ${leftAction(request)} END AS action`;
  return `SELECT *, ${writesAll}, ${action} FROM (SELECT *, ${cases.join(', ')} FROM (${compared}))`;
}

/** The cases of a record's fields as one number, each field's cut down to some of them. */
function bitsOf(fields: readonly BoundField[], some: (field: BoundField) => readonly FieldCase[]): string {
  const bits = fields.filter((field) => some(field).length > 0).map((field) => `(c${field.index} & ${caseBits(...some(field))})`);
  return bits.length === 0 ? '0' : `(${bits.join(' | ')})`;
}

function anyOf(fields: readonly BoundField[], expression: (field: BoundField) => string): string {
  const conditions = fields.map(expression).filter((condition) => condition !== 'false');
  return conditions.length === 0 ? 'false' : `(${conditions.join(' OR ')})`;
}

function allOf(fields: readonly BoundField[], expression: (field: BoundField) => string): string {
  return fields.length === 0 ? 'true' : `(${fields.map(expression).join(' AND ')})`;
}

/** It differs from the warehouse because somebody reverted it, and its row is the same since. */
export const STAYS_REVERTED = `(action = 'same' AND has_d AND ${hasCase('kinds', 'shown', 'normalised')} AND coalesce(known_code = 'REVERTED', false))`;

// ---- the action

/** Records that are desired: the rows `- D -`, `- D L`, `B D L` and `B D -` of the truth table. */
function desiredAction({ bound }: ClassifyRequest): string {
  const { sync } = bound;
  const create = sync.mode === 'update' ? "'skip'" : "'create'";
  const gone = sync.onDrift === 'overwrite' ? create : "'hold'";
  // Where nobody can look whether the last write landed, it is not repeated.
  const unknown = bound.capabilities.readByKey.can ? '' : "WHEN pending THEN 'hold'";
  const differs = sync.mode === 'create' ? "'skip'" : "'update'";
  return `CASE
    WHEN copies > 1 THEN 'ambiguous'
    ${unknown}
    WHEN field_reject IS NOT NULL THEN 'reject'
    WHEN NOT has_l AND has_b THEN ${rejectedBefore(gone)}
    WHEN NOT has_l THEN ${rejectedBefore(create)}
    WHEN written <> 0 THEN ${rejectedBefore(differs)}
    WHEN withheld <> 0 THEN 'hold'
    ELSE 'same' END`;
}

/**
 * A write that the destination refused before is not sent again while the row is unchanged. What only a plan found wrong
 * was never sent, and this plan no longer finds it wrong: the parent exists by now, or the field is longer.
 */
function rejectedBefore(action: string): string {
  const refused = ['known_code IS NOT NULL', ...PLANNED_REJECTS.map((code) => `known_code <> ${literal(code)}`)].join(' AND ');
  return action === "'create'" || action === "'update'" ? `CASE WHEN ${refused} THEN 'known_reject' ELSE ${action} END` : action;
}

/** Records that left the query: the rows `B - L` and `B - -`. */
function leftAction(request: ClassifyRequest): string {
  const { bound, suspended } = request;
  const { sync } = bound;
  if (suspended) return "'suspended'";
  const moved = anyOf(bound.fields, (field) => `m${field.index}`);
  const guarded = (action: string): string => (sync.onDrift === 'overwrite' ? action : `CASE WHEN ${moved} THEN 'hold' ELSE ${action} END`);
  if (request.accept !== undefined) return "'forget'"; // the record is nobody's any more
  const keep = "CASE WHEN left_as IS NULL THEN 'leave' ELSE 'same' END";
  const clears = anyOf(bound.fields, clearsExpression);
  const policy = {
    keep,
    clear: `CASE WHEN left_as = 'clear' THEN 'same' WHEN ${clears} THEN ${guarded("'clear'")} ELSE 'leave' END`,
    delete: `CASE WHEN ${deletableCondition(sync)} THEN ${guarded("'delete'")} ELSE ${keep} END`,
  }[effectiveOnMissing(sync)];
  return `CASE WHEN NOT has_l OR NOT has_b THEN 'forget' WHEN copies > 1 THEN 'ambiguous' ELSE ${policy} END`;
}

// ---- why, and which fields

function reason({ fields, capabilities }: BoundSync): string {
  const unacknowledged = capabilities.readByKey.can ? '' : "WHEN pending THEN 'unacknowledged'";
  return `CASE action WHEN 'create' THEN CASE WHEN has_b THEN 'gone' ELSE 'new' END
        WHEN 'update' THEN ${updateReason(fields)}
        WHEN 'hold' THEN CASE ${unacknowledged} WHEN NOT has_d THEN 'left' WHEN NOT has_l THEN 'gone' WHEN ${hasCase('kinds', 'conflict')} THEN 'conflict' ELSE 'drift' END
        WHEN 'clear' THEN 'left' WHEN 'delete' THEN 'left' ELSE NULL END`;
}

/** The weightiest case among the fields that are written. */
function updateReason(fields: readonly BoundField[]): string {
  const order = ['takeover', 'conflict', 'drift', 'update', 'blind', 'fill'] as const;
  const possible = order.filter((name) => fields.some((field) => writtenCases(field).includes(name)));
  return `CASE ${possible.map((name) => `WHEN ${hasCase('written', name)} THEN '${name}'`).join(' ')} END`;
}

function fieldLists(bound: BoundSync): string[] {
  const { fields } = bound;
  const clears = mayClear(bound.sync) ? `WHEN action = 'clear' THEN ${namesWhere(fields, clearsExpression)}` : '';
  return [
    `CASE ${clears} WHEN action = 'create' AND writes_all THEN ${namesOf(fields)}
           WHEN action = 'create' OR action = 'update' THEN ${namesWhere(fields, writesExpression)}
           ELSE CAST([] AS VARCHAR[]) END AS fields`,
    `CASE WHEN withheld <> 0 THEN ${namesWhere(fields, heldExpression)} ELSE CAST([] AS VARCHAR[]) END AS held_fields`,
  ];
}

function namesWhere(fields: readonly BoundField[], expression: (field: BoundField) => string): string {
  const possible = fields.filter((field) => expression(field) !== 'false');
  const names = possible.map((field) => `CASE WHEN ${expression(field)} THEN ${literal(field.name)} END`);
  return names.length === 0 ? 'CAST([] AS VARCHAR[])' : `list_filter([${names.join(', ')}], lambda x: x IS NOT NULL)`;
}

function namesOf(fields: readonly BoundField[]): string {
  return `CAST([${fields.map((field) => literal(field.name)).join(', ')}] AS VARCHAR[])`;
}

function marks({ fields }: BoundSync): string[] {
  const passedOver = anyOf(fields, ({ index: i, readable }) =>
    readable ? `(${hasCase(`c${i}`, 'policy')} AND d${i} IS DISTINCT FROM l${i})` : 'false',
  );
  return [
    'kinds',
    `${hasCase('kinds', 'drift')} AS drifted`,
    `${hasCase('kinds', 'conflict')} AS conflicted`,
    `${hasCase('kinds', 'takeover')} AS taken_over`,
    `CASE WHEN ${hasCase('kinds', 'policy')} THEN ${passedOver} ELSE false END AS passed_over`,
    ...fields.filter((field) => field.mapping.reference !== undefined).map((field) => `a${field.index}`),
  ];
}

/** `nulls`: how many values the record loses. */
function nulls({ fields, sync }: BoundSync): string[] {
  const was = ({ index: i, readable }: BoundField): string => (readable ? `l${i} IS NOT NULL` : `s${i} IS NOT NULL`);
  const sum = (conditions: readonly string[]): string => conditions.map((condition) => `CAST(${condition} AS INTEGER)`).join(' + ');
  const written = sum(fields.map((field) => `(${was(field)} AND w${field.index} IS NULL AND ${writesExpression(field)})`));
  const cleared = mayClear(sync)
    ? `WHEN action = 'clear' THEN ${sum(fields.map((field) => `(${was(field)} AND ${clearsExpression(field)})`))}`
    : '';
  return [`CASE WHEN action = 'update' THEN ${written} ${cleared} ELSE 0 END AS nulls`];
}
