/** One record with all its fields, before and after side by side. */
import { visible, visibleLines } from '../../src/report/escape.ts';
import { FIELD_FLAGS, type WireField, type WireRow } from '../../src/report/html/wire.ts';
import { element } from './dom.ts';
import type { Found } from './store.ts';
import { cutNote, keyText, type Side, SYMBOLS, valueNode } from './values.ts';

const REASONS: Readonly<Record<string, string>> = {
  gone: 'It was deleted in the destination.',
  drift: 'It moved in the destination since the last run.',
  conflict: 'Both sides changed, to different values.',
  takeover: 'It holds values that Sluice did not write.',
  left: 'It left the query.',
};

/** The content of the panel. */
export function detailOf({ row, sync }: Found, syncName: string, close: () => void): readonly Node[] {
  const [kind, reason, , , label, fields, message, due] = row;
  const button = element('button', { type: 'button', class: 'close', 'aria-label': 'Close' }, '×');
  button.addEventListener('click', close);
  const title = label === null || label === keyText(row) ? [] : [element('p', {}, element('bdi', {}, visible(label)))];
  return [
    element(
      'header',
      { 'data-sync': String(sync) },
      element('p', { class: 'eyebrow' }, element('span', { class: `tone-text-${kind}` }, `${SYMBOLS[kind]} ${kind}`), ` · ${syncName}`),
      button,
      element('h3', {}, element('bdi', {}, keyText(row))),
      ...title,
      ...(kind === 'reject' ? [element('p', {}, element('b', {}, reason))] : []),
      ...(typeof message !== 'string' ? [] : [element('p', { class: 'lines' }, visibleLines(message))]),
      ...(due === undefined ? [] : [element('p', { class: 'quiet' }, due === 'branch' ? 'Due to this branch.' : 'Pending anyway.')]),
      ...(REASONS[reason] === undefined ? [] : [element('p', { class: 'quiet' }, REASONS[reason])]),
    ),
    ...(kind === 'reject' ? rejectedField(fields) : [fieldTable(kind, fields, due === 'branch')]),
  ];
}

function rejectedField(fields: readonly WireField[]): readonly Node[] {
  const [first] = fields;
  if (first === undefined) return [];
  const where = first[0] === '' ? 'the record' : `field ${visible(first[0])}`;
  const known = first[1] === 'known reject' ? '; known from an earlier run' : '';
  return [element('p', { class: 'quiet' }, `${where}${known}`)];
}

/** A side that cannot hold anything is left out. */
function fieldTable(kind: WireRow[0], fields: readonly WireField[], isOfBranch: boolean): HTMLElement {
  const sides = SIDES.filter((side) => !(kind === 'create' && side === 'before') && !(kind === 'delete' && side === 'after'));
  const titles = ['Field', ...sides.map((side) => (side === 'before' ? 'Before' : 'After'))];
  const head = element('tr', {}, ...titles.map((text) => element('th', { scope: 'col' }, text)));
  const rows = fields.map((field) => {
    const isPending = isOfBranch && ((field[4] ?? 0) & FIELD_FLAGS.pending) !== 0;
    const words = [...(field[1] === kind ? [] : [field[1]]), ...(isPending ? ['pending anyway'] : [])];
    const cells = sides.map((side) => sideCell(field, side, kind));
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, visible(field[0]), ...words.map((word) => element('span', { class: 'case' }, word))),
      ...cells,
    );
  });
  return element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows));
}

const SIDES: readonly Side[] = ['before', 'after'];

function sideCell(field: WireField, side: Side, kind: WireRow[0]): HTMLElement {
  const note = cutNote(field, side);
  return element('td', { class: side }, valueNode(field, side, kind, true), ...(note === undefined ? [] : [note]));
}
