/**
 * Where base, desired and live meet. One statement over the candidates, in three layers: `joined` (every field's values
 * side by side), `cases` (the case of each field) and `results` (what becomes of the record: the table `c_results`).
 * The truth tables are in docs/plan-semantics.md.
 */
import { canonicalValue, exactText } from '../canonical/canonical.ts';
import { literal } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type BoundField, type BoundSync, desiredText, liveValueOfText, readableFields } from './bind.ts';
import {
  caseExpression,
  heldColumn,
  isCase,
  writesColumn,
  clearsExpression,
  heldExpression,
  keepsBaseExpression,
  movedExpression,
  PLANNED_REJECTS,
  rejectExpression,
  writesExpression,
} from './field-sql.ts';
import { hasMember, memberText, memberTexts, objectOf } from './json-sql.ts';
import { deletableCondition, effectiveOnMissing } from './left.ts';

export interface ClassifyRequest {
  readonly bound: BoundSync;
  /** Nothing may be deleted, cleared or forgotten in this plan: the source cannot be trusted to be whole. */
  readonly suspended: boolean;
  /** Records whose live values are taken as they are (`sluice accept`): these keys, or every record that drifted. */
  readonly accept?: Acceptance | undefined;
}

/** Keys as JSON arrays; left out: every held or drifted record. */
export interface Acceptance {
  readonly keys?: readonly string[] | undefined;
}

export async function classify(workspace: Workspace, request: ClassifyRequest): Promise<void> {
  await workspace.run(`CREATE TEMP TABLE c_results AS ${results(request)}`, acceptedKeys(request));
  if (request.accept !== undefined) await workspace.run('DELETE FROM c_results WHERE NOT accepted');
}

/** One row per record: base, desired and live side by side. */
function joined(request: ClassifyRequest): string {
  const { bound } = request;
  const columns = bound.fields.flatMap((field) => joinedField(field));
  return `
    SELECT coalesce(d.key, b.key) AS key, coalesce(d.key_hash, b.key_hash) AS key_hash, d.row_hash, d.desired_hash,
      d.key IS NOT NULL AS has_d, b.base IS NOT NULL AS has_b, b.key IS NOT NULL AS in_state, l.key IS NOT NULL AS has_l,
      coalesce(l.copies, 0) AS copies, coalesce(l.remote_id, b.remote_id) AS remote_id,
      b.sent, b.returned, b.row_hash AS b_row_hash, b.live_hash AS b_live_hash, coalesce(b.verified, true) AS verified,
      CASE WHEN b.sent IS NOT NULL THEN b.origin WHEN b.base IS NOT NULL THEN 'created' ELSE 'adopted' END AS origin,
      b.left_at, b.left_as, b.pending IS NOT NULL AS pending,
      rj.code AS known_code, rj.message AS known_message,
      ${columns.join(',\n      ')}
    FROM (${desired(bound)}) AS d
    FULL OUTER JOIN (${stored(bound)}) AS b ON d.key = b.key
    LEFT JOIN c_live AS l ON l.key = coalesce(d.key, b.key)
    LEFT JOIN c_known AS rj ON rj.key = d.key AND rj.row_hash = d.row_hash`;
}

/**
 * Base of each record. What was sent but never acknowledged is no base, but for a create that is found just as it was sent:
 * that one landed. A record that looks different may be somebody else's.
 */
function stored(bound: BoundSync): string {
  const asSent = readableFields(bound).map(
    ({ index, name }) => `(NOT ${hasMember('p.sent', name)} OR l.l${index} IS NOT DISTINCT FROM ${memberText('p.sent', name)})`,
  );
  const pending = `SELECT key, CAST(json_extract(pending, '/sent') AS VARCHAR) AS sent FROM c_base WHERE sent IS NULL AND pending IS NOT NULL`;
  const texts = memberTexts(
    'base',
    bound.fields.map((field) => field.name),
  );
  return `
    SELECT *, ${texts} AS texts FROM (
    SELECT b.*, coalesce(b.sent, landed.sent) AS base, CAST(json_extract(b.pending, '/sent') AS VARCHAR) AS unacknowledged
    FROM c_base AS b LEFT JOIN (
      SELECT p.* FROM (${pending}) AS p JOIN c_live AS l ON l.key = p.key WHERE ${['true', ...asSent].join(' AND ')}) AS landed ON landed.key = b.key)`;
}

/** Desired side: `d<i>` canonical and `w<i>` exact text, `b<i>` when the value cannot be read as the field's type, `q<i>` whether a reference resolves. */
function desired(bound: BoundSync): string {
  const columns = bound.fields.flatMap((field) => {
    const value = canonicalValue(field.type, field.raw, bound.capabilities.text);
    const unreadable =
      field.type.kind === 'text' && field.type.native === undefined ? 'false' : `(${field.raw.sql} IS NOT NULL AND ${value} IS NULL)`;
    return [
      `${desiredText(bound, field)} AS d${field.index}`,
      `${exactText(field.type, field.raw)} AS w${field.index}`,
      `${unreadable} AS b${field.index}`,
    ];
  });
  const references = bound.fields.filter((field) => field.mapping.reference !== undefined);
  const resolved = references.map(
    (field) => `, w${field.index} IN (SELECT value FROM c_parents WHERE field = ${field.index}) AS q${field.index}
      , w${field.index} IN (SELECT value FROM c_parents WHERE field = ${field.index} AND planned) AS a${field.index}`,
  );
  const base = `SELECT key, key_hash, row_hash, ${desiredHash(bound)} AS desired_hash, ${columns.join(', ')} FROM c_desired WHERE key IS NOT NULL`;
  return references.length === 0 ? base : `SELECT *${resolved.join('')} FROM (${base})`;
}

/** The live hash of a record that holds everything as desired: from typed values, which is cheaper than from their texts. */
function desiredHash(bound: BoundSync): string {
  const values = readableFields(bound).map((field) => {
    const value = canonicalValue(field.type, field.raw, bound.capabilities.text);
    return field.sensitive ? desiredText(bound, field) : value;
  });
  return values.length === 0 ? '0::UBIGINT' : `hash(${values.join(', ')})`;
}

function joinedField(field: BoundField): string[] {
  const { index: i, name } = field;
  const sent = `b.texts[${i + 1}]`;
  const live = field.readable ? [`l.l${i}`, `l.v${i}`] : [];
  const reference = field.mapping.reference === undefined ? [] : [`coalesce(d.q${i}, false) AS q${i}`, `coalesce(d.a${i}, false) AS a${i}`];
  return [
    `d.d${i}`,
    `d.w${i}`,
    `coalesce(d.b${i}, false) AS b${i}`,
    `${sent} AS s${i}`,
    `CASE WHEN ${sent} IS NOT NULL THEN true ELSE ${hasMember('b.base', name)} END AS p${i}`,
    `CASE WHEN b.returned IS NULL THEN ${sent} WHEN ${hasMember('b.returned', name)} THEN ${memberText('b.returned', name)} ELSE ${sent} END AS r${i}`,
    `${memberText('b.unacknowledged', name)} AS u${i}`,
    ...live,
    ...reference,
  ];
}

/** The case of each field, whether it moved in the destination, and the first reason to reject the record. */
function cases(request: ClassifyRequest): string {
  const { bound } = request;
  const moved = bound.fields.map((field) => `${movedExpression(field)} AS m${field.index}`);
  const rejects = bound.fields.map((field) => rejectExpression(field, bound.sync));
  const named = bound.fields.map((field) => `${caseExpression(field)} AS c${field.index}`);
  const compared = `SELECT *, ${[...named, `coalesce(${rejects.join(', ')}) AS field_reject`].join(',\n ')} FROM (SELECT *, ${moved.join(', ')} FROM (${joined(request)}))`;
  return request.accept === undefined ? compared : acceptedCases(request, compared);
}

/** An accepted record differs in nothing: what it holds is what became of what the warehouse says. */
function acceptedCases(request: ClassifyRequest, compared: string): string {
  const { bound, accept } = request;
  const drifted = anyOf(bound.fields, (field) => `(${isCase(field, 'drift', 'conflict')} OR (NOT has_d AND m${field.index}))`);
  const chosen = accept?.keys === undefined ? drifted : `list_contains(json_transform($keys::JSON, '["VARCHAR"]'), key)`;
  const replaced = bound.fields.map(
    (field) =>
      `CASE WHEN accepted AND ${isCase(field, 'fill', 'takeover', 'update', 'drift', 'conflict')} THEN 'normalised' ELSE c${field.index} END AS c${field.index}`,
  );
  return `SELECT * REPLACE (${replaced.join(', ')}) FROM (SELECT *, ${chosen} AND has_l AS accepted FROM (${compared}))`;
}

function acceptedKeys(request: ClassifyRequest): Record<string, string> {
  return request.accept?.keys === undefined ? {} : { keys: JSON.stringify(request.accept.keys) };
}

function anyOf(fields: readonly BoundField[], expression: (field: BoundField) => string): string {
  return fields.length === 0 ? 'false' : `(${fields.map(expression).join(' OR ')})`;
}

function namesWhere(fields: readonly BoundField[], expression: (field: BoundField) => string): string {
  const names = fields.map((field) => `CASE WHEN ${expression(field)} THEN ${literal(field.name)} END`);
  return names.length === 0 ? 'CAST([] AS VARCHAR[])' : `list_filter([${names.join(', ')}], lambda x: x IS NOT NULL)`;
}

function namesOf(fields: readonly BoundField[]): string {
  return `CAST([${fields.map((field) => literal(field.name)).join(', ')}] AS VARCHAR[])`;
}

/** What becomes of each record. */
function results(request: ClassifyRequest): string {
  const { bound } = request;
  const { fields } = bound;
  const left = leftAction(request);
  const columns = ['true AS compared', ...fields.flatMap((field) => [writesColumn(field), heldColumn(field)])];
  return `
    SELECT ${resultColumns(request)},
      CASE WHEN action = 'clear' THEN ${namesWhere(fields, clearsExpression)}
           WHEN action = 'create' AND writes_all THEN ${namesOf(fields)}
           WHEN action = 'create' OR action = 'update' THEN ${namesWhere(fields, writesExpression)}
           ELSE CAST([] AS VARCHAR[]) END AS fields,
      CASE WHEN ${anyOf(fields, heldExpression)} THEN ${namesWhere(fields, heldExpression)} ELSE CAST([] AS VARCHAR[]) END AS held_fields,
      ${anyOf(fields, (field) => isCase(field, 'drift'))} AS drifted,
      any_conflict AS conflicted,
      ${anyOf(fields, (field) => isCase(field, 'takeover'))} AS taken_over,
      ${anyOf(fields, (field) => (field.readable ? `coalesce(c${field.index} = 'policy' AND d${field.index} IS DISTINCT FROM l${field.index}, false)` : 'false'))} AS passed_over,
      CASE action WHEN 'create' THEN CASE WHEN has_b THEN 'gone' ELSE 'new' END
        WHEN 'update' THEN ${updateReason(fields)}
        WHEN 'hold' THEN CASE ${bound.capabilities.readByKey.can ? '' : "WHEN pending THEN 'unacknowledged'"} WHEN NOT has_d THEN 'left' WHEN NOT has_l THEN 'gone' WHEN any_conflict THEN 'conflict' ELSE 'drift' END
        WHEN 'clear' THEN 'left' WHEN 'delete' THEN 'left' ELSE NULL END AS reason,
      CASE WHEN ${sentIsAfter(bound)} THEN NULL ELSE ${objectOf(fields.map((field) => nextSent(field)))} END AS next_sent,
      CASE WHEN returned IS NOT NULL OR ${anyOf(fields, (field) => isCase(field, 'normalised'))}
        THEN nullif(${objectOf(fields.map((field) => nextReturned(field)))}, '{}') END AS next_returned,
      CASE WHEN action = 'create' AND writes_all THEN desired_hash ELSE ${nextLiveHash(bound)} END AS next_live_hash
    FROM (
      SELECT *, ${anyOf(fields, (field) => isCase(field, 'conflict'))} AS any_conflict,
        has_d AND NOT has_l AND NOT ${anyOf(fields, (field) => isCase(field, 'policy'))} AS writes_all,
        CASE WHEN has_d THEN ${desiredAction(request)} ELSE ${left} END AS action
      FROM (SELECT *, ${columns.join(', ')} FROM (${cases(request)})))`;
}

/** What later steps read of a record; the rest of what was compared ends here. */
function resultColumns(request: ClassifyRequest): string {
  const { fields } = request.bound;
  const columns = [
    'key',
    'key_hash',
    'row_hash',
    'has_d',
    'has_b',
    'in_state',
    'has_l',
    'copies',
    'remote_id',
    'sent',
    'returned',
    'b_row_hash',
    'b_live_hash',
  ];
  const more = [
    'verified',
    'origin',
    'left_at',
    'pending',
    'known_code',
    'known_message',
    'field_reject',
    'action',
    ...(request.accept === undefined ? [] : ['accepted']),
  ];
  const perField = fields.flatMap((field) => [
    `w${field.index}`,
    `c${field.index}`,
    `y${field.index}`,
    ...(field.readable ? [`l${field.index}`, `v${field.index}`] : [`s${field.index}`]),
  ]);
  const references = fields.filter((field) => field.mapping.reference !== undefined).map((field) => `a${field.index}`);
  return [...columns, ...more, ...perField, ...references].join(', ');
}

/** A new record of a sync whose exact texts are canonical: what state will remember is what is sent, and is not stored twice. */
export function sentIsAfter(bound: BoundSync): string {
  const exact = bound.fields.every(
    (field) =>
      !field.sensitive && field.type.kind !== 'json' && (field.type.kind !== 'text' || Object.keys(bound.capabilities.text).length === 0),
  );
  return exact ? `action = 'create' AND writes_all` : 'false';
}

/** Records that are desired: the rows `- D -`, `- D L`, `B D L` and `B D -` of the truth table. */
function desiredAction(request: ClassifyRequest): string {
  const { bound } = request;
  const { sync } = bound;
  const writes = anyOf(bound.fields, writesExpression);
  const held = anyOf(bound.fields, heldExpression);
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
    WHEN ${writes} THEN ${rejectedBefore(differs)}
    WHEN ${held} THEN 'hold'
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

/** The weightiest case among the fields that are written. */
function updateReason(fields: readonly BoundField[]): string {
  const order = ['takeover', 'conflict', 'drift', 'update', 'blind', 'fill'] as const;
  const branches = order.map(
    (name) => `WHEN ${anyOf(fields, (field) => `(${writesExpression(field)} AND ${isCase(field, name)})`)} THEN '${name}'`,
  );
  return `CASE ${branches.join(' ')} END`;
}

// ---- what base becomes once the change is acknowledged, or at once for a state-only change

/** `sent` after a clear is null for every field; otherwise desired, but for fields whose base stays. */
function nextSent(field: BoundField): { name: string; text: string; when: string } {
  const { index: i } = field;
  const keeps = keepsBaseExpression(field);
  return {
    name: field.name,
    text: `CASE WHEN NOT has_d THEN NULL WHEN ${keeps} THEN s${i} ELSE d${i} END`,
    when: `(NOT has_d OR NOT ${keeps} OR p${i})`,
  };
}

function nextReturned(field: BoundField): { name: string; text: string; when: string } {
  const { index: i } = field;
  const had = hasMember('returned', field.name);
  const live = field.readable ? `CASE WHEN c${i} = 'normalised' THEN l${i} ELSE r${i} END` : `r${i}`;
  return {
    name: field.name,
    text: live,
    when: `(has_d AND (${isCase(field, 'normalised')} OR ((${isCase(field, 'shown')} OR ${keepsBaseExpression(field)}) AND ${had})))`,
  };
}

/** The live hash that a later full read will find if the write lands as sent. A wrong guess costs one look, never a write. */
function nextLiveHash(bound: BoundSync): string {
  const values = readableFields(bound).map((field) => {
    const { index: i } = field;
    const expected = `CASE WHEN action = 'clear' THEN CASE WHEN ${clearsExpression(field)} THEN NULL ELSE l${i} END WHEN ${writesExpression(field)} THEN d${i} ELSE l${i} END`;
    return liveValueOfText(field, `(${expected})`);
  });
  return values.length === 0 ? '0::UBIGINT' : `hash(${values.join(', ')})`;
}
