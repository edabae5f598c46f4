/** One record as the page gets it: values cut to what a person reads, masked where the sync says so. */
import type { ChangeSample, FieldChange, HeldExample } from '../../plan/document.ts';
import type { RejectedRecord } from '../../plan/plan-records.ts';
import { cutPair } from '../escape.ts';
import { FIELD_FLAGS, type WireField, type WireRow } from './wire.ts';

/** Longest value that travels, in characters. */
const VALUE_LENGTH = 2000;
const KEY_LENGTH = 200;

export interface RowOptions {
  /** Neither keys nor values nor messages; that a value is null stays to be seen. */
  readonly masked: boolean;
  /** Tells records of a sync apart, from 1. */
  readonly number: number;
}

export function changeRow(change: ChangeSample, options: RowOptions): WireRow {
  const fields = change.fields.map((each) => wireField(each, options));
  const row = [change.action, change.reason, ...identity(change.key, change.label, options), fields] as const;
  return change.due_to === undefined ? row : [...row, null, change.due_to];
}

export function heldRow(held: HeldExample, options: RowOptions): WireRow {
  return ['held', held.reason, ...identity(held.key, null, options), held.fields.map((each) => wireField(each, options))];
}

export function rejectRow(reject: RejectedRecord, options: RowOptions): WireRow {
  const status = reject.known ? 'known reject' : 'reject';
  const fields: readonly WireField[] = [[reject.field ?? '', status, null, null, FIELD_FLAGS.noValues]];
  const row = ['reject', reject.code, ...identity(reject.key, null, options), fields] as const;
  return options.masked ? row : [...row, cutOne(reject.message, VALUE_LENGTH)];
}

function identity(
  key: readonly (string | null)[],
  label: string | null,
  { masked, number }: RowOptions,
): readonly [number: number, key: readonly (string | null)[] | null, label: string | null] {
  if (masked) return [number, null, null];
  return [number, key.map((part) => (part === null ? null : cutOne(part, KEY_LENGTH))), label === null ? null : cutOne(label, KEY_LENGTH)];
}

function wireField(change: FieldChange, { masked }: RowOptions): WireField {
  const { field, before, after } = change;
  const flags =
    (change.sensitive ? FIELD_FLAGS.sensitive : 0) |
    (change.after_apply ? FIELD_FLAGS.afterApply : 0) |
    (change.due_to === 'pending' ? FIELD_FLAGS.pending : 0) |
    (masked && before !== null ? FIELD_FLAGS.maskedBefore : 0) |
    (masked && after !== null ? FIELD_FLAGS.maskedAfter : 0);
  if (masked) return [field, change.case, null, null, flags];
  const [shownBefore, shownAfter] = cutSides(before, after);
  const cut = [wholeLength(before, shownBefore), wholeLength(after, shownAfter)] as const;
  if (cut[0] + cut[1] > 0) return [field, change.case, shownBefore, shownAfter, flags, ...cut];
  return flags > 0 ? [field, change.case, shownBefore, shownAfter, flags] : [field, change.case, shownBefore, shownAfter];
}

/** Long values are cut around their first difference. */
function cutSides(before: string | null, after: string | null): readonly [string | null, string | null] {
  const longest = Math.max(before?.length ?? 0, after?.length ?? 0);
  if (longest <= VALUE_LENGTH) return [before, after];
  if (before === null) return [null, after === null ? null : cutOne(after, VALUE_LENGTH)];
  if (after === null) return [cutOne(before, VALUE_LENGTH), null];
  return cutPair(before, after, VALUE_LENGTH);
}

/** Never half a character: a lone surrogate would be shown as one. */
function cutOne(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = /[\ud800-\udbff]/.test(text.charAt(max - 1)) ? max - 1 : max;
  return `${text.slice(0, end)}...`;
}

/** 0 when all of it is shown. */
function wholeLength(text: string | null, shown: string | null): number {
  return text === null || text === shown ? 0 : text.length;
}
