/** What the plan shows of a record, and what base becomes of it, as JSON objects. SQL over the cases of `classify.ts`. */
import { FUNCTIONS } from '../canonical/functions.ts';
import type { Refresh } from '../config/model.ts';
import { type BoundField, type BoundSync, liveValueOfText, readableFields } from './bind.ts';
import type { BaseFacts } from './classify.ts';
import { caseName, clearsExpression, hasCase, isCase, keepsBaseExpression, writesExpression } from './field-sql.ts';
import { hasMember, type Member, objectOf } from './json-sql.ts';
import { mayClear } from './left.ts';

// ---- what the plan shows: exact text, sensitive values sealed

/** `before`, `after` and `cases` of what changes, `before` and `wanted` of what is held. */
export function images(bound: BoundSync, refresh: Refresh): string[] {
  const held = `(action = 'hold' OR (action = 'update' AND withheld <> 0))`;
  const changes = `action IN ('create', 'update', 'clear')`;
  return [
    `CASE WHEN has_l AND (${changes} OR action = 'delete' OR action = 'hold') THEN ${beforeObject(bound, refresh)} END AS before`,
    `CASE WHEN action = 'create' AND writes_all THEN ${wantedObject(bound)} WHEN ${changes} THEN ${afterObject(bound)} END AS after`,
    `CASE WHEN action = 'update' THEN ${casesObject(bound)} END AS cases`,
    `CASE WHEN has_d AND ${held} THEN ${wantedObject(bound)} END AS wanted`,
  ];
}

/** Exact text for the plan file: sensitive values sealed. */
function sealed(field: BoundField, text: string): string {
  return field.sensitive ? `${FUNCTIONS.seal}(${text})` : text;
}

/** Live values: unknown (left out) where they cannot be read, or are only known as a keyed hash. */
function beforeObject(bound: BoundSync, refresh: Refresh): string {
  const known = bound.fields.filter((field) => field.readable && !(field.sensitive && refresh === 'none'));
  return objectOf(known.map((field) => ({ name: field.name, text: sealed(field, `v${field.index}`) })));
}

function wantedObject(bound: BoundSync): string {
  return objectOf(bound.fields.map((field) => ({ name: field.name, text: sealed(field, `w${field.index}`) })));
}

function afterObject(bound: BoundSync): string {
  return objectOf(
    bound.fields.map((field) => {
      const { index: i } = field;
      const live = field.readable ? `v${i}` : 'NULL';
      const written = `WHEN ${writesExpression(field)} THEN w${i}`;
      const cleared = mayClear(bound.sync)
        ? `WHEN action = 'clear' THEN CASE WHEN ${clearsExpression(field)} THEN NULL ELSE ${live} END`
        : '';
      return { name: field.name, text: sealed(field, `(CASE ${cleared} ${written} ELSE ${live} END)`) };
    }),
  );
}

function casesObject(bound: BoundSync): string {
  return objectOf(bound.fields.map((field) => ({ name: field.name, text: caseName(`c${field.index}`) })));
}

// ---- what base becomes once the change is acknowledged, or at once for a state-only change

export function nextBase(bound: BoundSync, facts: BaseFacts): string[] {
  const { fields } = bound;
  const asDesired = objectOf(fields.map((field) => ({ name: field.name, text: `d${field.index}` })));
  const returned = nullIfEmpty(objectOf(fields.map((field) => nextReturned(field, facts))));
  return [
    `CASE WHEN ${sentIsAfter(bound)} THEN NULL WHEN as_desired THEN ${asDesired} ELSE ${objectOf(fields.map((field) => nextSent(field)))} END AS next_sent`,
    facts.returned || facts.mayNormalise
      ? `CASE WHEN returned IS NOT NULL OR ${hasCase('kinds', 'normalised')} THEN ${returned} END AS next_returned`
      : 'CAST(NULL AS VARCHAR) AS next_returned',
    `CASE WHEN as_desired OR (action = 'create' AND writes_all) THEN desired_hash ELSE ${nextLiveHash(bound)} END AS next_live_hash`,
  ];
}

/** A new record of a sync whose exact texts are canonical: what state will remember is what is sent, and is not stored twice. */
function sentIsAfter(bound: BoundSync): string {
  const exact = bound.fields.every(
    (field) =>
      !field.sensitive && field.type.kind !== 'json' && (field.type.kind !== 'text' || Object.keys(bound.capabilities.text).length === 0),
  );
  return exact ? `action = 'create' AND writes_all` : 'false';
}

function nullIfEmpty(object: string): string {
  return `nullif(${object}, '{}')`;
}

/** `sent` after a clear is null for every field that can be cleared; otherwise desired, but for fields whose base stays. */
function nextSent(field: BoundField): Member {
  const { index: i } = field;
  const keeps = keepsBaseExpression(field);
  const cleared = clearsExpression(field) === 'false' ? `s${i}` : 'NULL';
  return {
    name: field.name,
    text: `CASE WHEN NOT has_d THEN ${cleared} WHEN ${keeps} THEN s${i} ELSE d${i} END`,
    when: `(NOT has_d OR NOT ${keeps} OR p${i})`,
  };
}

function nextReturned(field: BoundField, facts: BaseFacts): Member {
  const { index: i } = field;
  const normalised = isCase(field, 'normalised');
  const live = field.readable ? `CASE WHEN ${normalised} THEN l${i} ELSE r${i} END` : `r${i}`;
  const stays = facts.returned
    ? ` OR ((${isCase(field, 'shown')} OR ${keepsBaseExpression(field)}) AND ${hasMember('returned', field.name)})`
    : '';
  return { name: field.name, text: live, when: `(has_d AND (${normalised}${stays}))` };
}

/** The live hash that a later full read will find if the write lands as sent. A wrong guess costs one look, never a write. */
function nextLiveHash(bound: BoundSync): string {
  const values = readableFields(bound).map((field) => {
    const { index: i } = field;
    const cleared = mayClear(bound.sync) ? `WHEN action = 'clear' THEN CASE WHEN ${clearsExpression(field)} THEN NULL ELSE l${i} END` : '';
    return liveValueOfText(field, `(CASE ${cleared} WHEN ${writesExpression(field)} THEN d${i} ELSE l${i} END)`);
  });
  return values.length === 0 ? '0::UBIGINT' : `hash(${values.join(', ')})`;
}
