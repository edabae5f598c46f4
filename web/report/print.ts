/** What paper gets: the first records that fit the filters, as a plain table. */
import { cut, visible } from '../../src/report/escape.ts';
import { byId, count, element } from './dom.ts';
import type { Found, Store } from './store.ts';
import { keyText, SYMBOLS, valueNode } from './values.ts';

/** Records on paper. */
const MOST = 200;

/** Fills the table that only the print style shows. `length` records fit; `idAt` names them in their order. */
export async function preparePrint(store: Store, length: number, idAt: (place: number) => number): Promise<void> {
  const ids = Array.from({ length: Math.min(MOST, length) }, (_, place) => idAt(place));
  const found = await Promise.all(ids.map(async (id) => store.get(id)));
  const said =
    length > MOST
      ? `Printed: the first ${count(MOST)} of ${count(length)} records. Filter the page before printing to choose others.`
      : `Printed: all ${count(length)} records that were shown.`;
  const head = element('tr', {}, ...['Change', 'Record', 'Field', 'Before', 'After'].map((text) => element('th', { scope: 'col' }, text)));
  const rows = found.flatMap((each) => printedRows(each, store));
  byId('printed').replaceChildren(element('p', {}, said), element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows)));
}

function printedRows({ row, sync }: Found, store: Store): readonly HTMLElement[] {
  const [kind, reason, , , label, fields, message] = row;
  const name = store.meta.syncs.length > 1 ? `${store.meta.syncs[sync]?.name ?? ''} ` : '';
  const record = `${name}${keyText(row)}${label === null ? '' : ` ${visible(label)}`}`;
  const cells = (first: readonly [string, string], ...rest: readonly Node[]): HTMLElement =>
    element(
      'tr',
      first[0] === '' ? { class: 'more' } : {},
      element('td', {}, first[0]),
      element('td', {}, first[1]),
      ...rest.map((each) => element('td', {}, each)),
    );
  const what = `${SYMBOLS[kind]} ${kind}`;
  if (kind === 'reject') {
    return [
      cells(
        [what, record],
        element('span', {}, visible(fields[0]?.[0] ?? '')),
        element('b', {}, reason),
        element('span', {}, visible(cut(message ?? '', 300))),
      ),
    ];
  }
  return fields.map((field, index) =>
    cells(
      index === 0 ? [what, record] : ['', ''],
      element('span', {}, visible(field[0])),
      valueNode(field, 'before', kind, false),
      valueNode(field, 'after', kind, false),
    ),
  );
}
