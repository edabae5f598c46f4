/** Numbers, values and keys as people read them. */
import type { FieldChange } from '../plan/document.ts';
import { cut, cutPair, quoted, visible } from './escape.ts';

export { bytes, count, plural } from '../words.ts';

/** Longest value shown, in characters. */
const VALUE_LENGTH = 60;
const KEY_LENGTH = 40;

const PLAIN_NUMBER = /^-?(0|[1-9]\d{0,38})(\.\d+)?$/;
const PLAIN_WORDS = /^[\p{L}\p{N}][\p{L}\p{N}_.-]*( [\p{L}\p{N}_.-]+)*$/u;

/** One value: numbers and booleans bare, text in quotation marks, so that null, "null" and "" differ. */
export function value(text: string | null): string {
  return text === null ? 'null' : show(cut(text, VALUE_LENGTH));
}

function show(text: string): string {
  return isBare(text) ? text : quoted(text);
}

function isBare(text: string): boolean {
  return PLAIN_NUMBER.test(text) || text === 'true' || text === 'false';
}

/** A value inside a list of many: quotation marks only where it could be misread. */
export function brief(text: string | null): string {
  if (text === null) return 'null';
  const short = cut(text, 24);
  return short === text && PLAIN_WORDS.test(text) && text !== 'null' ? text : show(short);
}

/** A key: its parts, bare where they are plain. */
export function keyText(key: readonly (string | null)[]): string {
  return key.map((part) => (part === null ? 'null' : keyPart(part))).join(', ');
}

function keyPart(part: string): string {
  const short = cut(part, KEY_LENGTH);
  const shown = visible(short);
  return shown === short && part !== '' && part !== 'null' && !/[\s",\\]/.test(part) ? short : quoted(short);
}

/** `Tier__c: "SMB" -> "Enterprise"`; a create shows only what will be. */
export function fieldChange(change: FieldChange, action: 'create' | 'update' | 'delete' | 'clear'): string {
  const name = visible(change.field);
  const [before, after] = sides(change);
  if (action === 'create') return `${name}: ${after}`;
  if (action === 'delete') return `${name}: ${before}`;
  return `${name}: ${before} -> ${after}`;
}

function sides(change: FieldChange): readonly [string, string] {
  if (change.sensitive) return ['(sensitive)', '(sensitive)'];
  const known = change.before !== null && change.after !== null && !change.after_apply;
  if (known) {
    const [before, after] = cutPair(change.before, change.after, VALUE_LENGTH);
    return [show(before), show(after)];
  }
  return [value(change.before), change.after_apply ? '(known after apply)' : value(change.after)];
}

/** `420 ms`, `3.2 s`, `2 min 05 s`, `1 h 02 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  if (minutes < 60) return `${minutes} min ${String(rest).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** `2026-11-22 16:30:11` in UTC. */
export function time(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
