/** The cells of a row of the table. */
import { visible } from '../../src/report/escape.ts';
import type { WireField, WireRow } from '../../src/report/html/wire.ts';
import { count, element } from './dom.ts';
import type { Found, Store } from './store.ts';
import { keyText, SYMBOLS, valueNode } from './values.ts';

export interface CellOptions {
  readonly store: Store;
  /** Whether to name the sync of a record. */
  readonly syncs: boolean;
  /** Which field of a record to show. */
  readonly lead: (row: WireRow) => WireField | undefined;
}

/** One record on one line: the field that leads, and how many more there are. */
export function cellsOf({ row, sync }: Found, options: CellOptions): readonly HTMLElement[] {
  const [kind, reason, , , label, fields, message] = row;
  const lead = options.lead(row);
  const name = options.syncs ? [element('span', { class: 'quiet' }, ` · ${options.store.meta.syncs[sync]?.name ?? ''}`)] : [];
  const what = element('span', { role: 'gridcell', class: `kind tone-text-${kind}` }, `${SYMBOLS[kind]} ${kind}`);
  const labelled = label === null ? [] : [' ', element('bdi', { class: 'label' }, visible(label))];
  const key = element('bdi', { class: 'key' }, keyText(row));
  const record = element('span', { role: 'gridcell', class: 'record' }, key, ...labelled, ...name);
  const cell = (className: string, ...children: readonly (Node | string)[]): HTMLElement =>
    element('span', { role: 'gridcell', class: className }, ...children);
  if (kind === 'reject')
    return [what, record, cell('field', lead?.[0] ?? ''), cell('said', element('b', {}, reason), ' ', visible(message ?? ''))];
  if (lead === undefined) return [what, record, cell('field', reason), cell('before'), cell('after')];
  const more = fields.length > 1 ? [element('span', { class: 'more' }, ` +${count(fields.length - 1)}`)] : [];
  return [
    what,
    record,
    cell('field', visible(lead[0]), ...more),
    cell('before', valueNode(lead, 'before', kind, false)),
    cell('after', valueNode(lead, 'after', kind, false)),
  ];
}

export function headRow(): HTMLElement {
  const heads = ['Change', 'Record', 'Field', 'Before', 'After'];
  const row = element('div', { class: 'head', role: 'row', 'aria-rowindex': '1' });
  row.append(...heads.map((head) => element('span', { role: 'columnheader' }, head)));
  return row;
}
