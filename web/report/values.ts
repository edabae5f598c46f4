/** Values as people read them: what is invisible is shown, what is no text is told apart from text. */
import { cut, visible, visibleLines } from '../../src/report/escape.ts';
import { FIELD_FLAGS, type WireField, type WireRow } from '../../src/report/html/wire.ts';
import { count, element } from './dom.ts';

export const SYMBOLS = { create: '+', update: '~', clear: '~', delete: '-', held: '=', reject: 'x' } as const;

export function keyText([, , number, key]: WireRow): string {
  return key === null ? `#${count(number)}` : key.map((part) => (part === null ? 'null' : visible(part))).join(', ');
}

export type Side = 'before' | 'after';

/** One side of a change on one line, or on as many as it has. */
export function valueNode(field: WireField, side: Side, kind: WireRow[0], whole: boolean): Node {
  const text = field[side === 'before' ? 2 : 3];
  const word = standIn(field, side, kind);
  if (word !== undefined) return element('span', { class: 'word' }, word);
  if (text === null) return element('span', { class: 'word' }, 'null');
  if (text === '') return element('span', { class: 'word' }, 'empty');
  if (!whole) return element('bdi', {}, visible(cut(text, 200)));
  const other = field[side === 'before' ? 3 : 2];
  return element('bdi', {}, ...(other === null || other === '' ? [visibleLines(text)] : marked(text, other)));
}

/** A word in place of the text. */
function standIn([, , , after, flags = 0]: WireField, side: Side, kind: WireRow[0]): string | undefined {
  if ((flags & FIELD_FLAGS.noValues) !== 0) return '';
  if ((kind === 'create' && side === 'before') || (kind === 'delete' && side === 'after')) return '—';
  if ((flags & FIELD_FLAGS.sensitive) !== 0) return 'sensitive';
  if (side === 'after' && (flags & FIELD_FLAGS.afterApply) !== 0) return after === null ? 'known after apply' : undefined;
  return (flags & (side === 'before' ? FIELD_FLAGS.maskedBefore : FIELD_FLAGS.maskedAfter)) === 0 ? undefined : '••••';
}

/** Shorter texts are taken in at a glance. */
const GLANCE = 24;

/** In a long text, the part that differs from the other side stands out. */
function marked(text: string, other: string): readonly (Node | string)[] {
  if (Math.max(text.length, other.length) <= GLANCE) return [visibleLines(text)];
  const [a, b] = [Array.from(text), Array.from(other)];
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const part = (from: number, to: number): string => visibleLines(a.slice(from, to).join(''));
  if (head + tail === 0) return [visibleLines(text)];
  return [part(0, head), element('mark', {}, part(head, a.length - tail)), part(a.length - tail, a.length)];
}

/** Says that a value was cut, and how long it is. */
export function cutNote(field: WireField, side: Side): Node | undefined {
  const length = field[side === 'before' ? 5 : 6] ?? 0;
  return length === 0 ? undefined : element('p', { class: 'cut' }, `cut: the value has ${count(length)} characters`);
}
