/** The form above the table. */
import { ROW_KINDS, type RowKind, type WireMeta } from '../../src/report/html/wire.ts';
import { visible } from '../../src/report/escape.ts';
import { byId, count, element } from './dom.ts';
import type { Query } from './search.ts';
import { SYMBOLS } from './values.ts';

/** Time after the last key before the search begins, in milliseconds. */
const PATIENCE = 120;

export class Filters {
  readonly #form = byId('filters') as HTMLFormElement;
  readonly #text = byId('search') as HTMLInputElement;
  readonly #sync = byId('filter-sync') as HTMLSelectElement;
  readonly #field = byId('filter-field') as HTMLSelectElement;
  readonly #case = byId('filter-case') as HTMLSelectElement;
  readonly #due = byId('filter-due') as HTMLSelectElement;
  readonly #kinds = byId('kinds');

  constructor(meta: WireMeta, changed: () => void) {
    fill(this.#sync, meta.syncs.map(({ name }, index) => [String(index), name] as const)); // prettier-ignore
    fill(this.#field, meta.fields.map((name) => [name, name] as const)); // prettier-ignore
    fill(this.#case, meta.cases.map((name) => [name, name] as const)); // prettier-ignore
    this.#due.closest('label')?.toggleAttribute('hidden', !meta.due);
    this.#kinds.append(...ROW_KINDS.filter((kind) => meta.kinds[kind] !== undefined).map((kind) => kindBox(kind, meta.kinds[kind] ?? 0)));
    this.#form.hidden = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.#form.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(changed, PATIENCE);
    });
    this.#form.addEventListener('reset', () => setTimeout(changed));
    this.#form.addEventListener('submit', (event) => event.preventDefault());
  }

  get query(): Query {
    const chosen = this.#kinds.querySelectorAll<HTMLInputElement>('input:checked');
    return {
      words: this.#text.value.toLowerCase().split(/\s+/).filter((word) => word !== ''), // prettier-ignore
      kinds: new Set([...chosen].map((each) => each.value as RowKind)),
      sync: this.#sync.value === '' ? undefined : Number(this.#sync.value),
      field: this.#field.value === '' ? undefined : this.#field.value,
      fieldCase: this.#case.value === '' ? undefined : this.#case.value,
      due: this.#due.value === '' ? undefined : this.#due.value,
    };
  }

  focus(): void {
    this.#text.focus();
    this.#text.select();
  }

  /** Keys that leave the search box for the table. */
  onLeave(leave: () => void): void {
    this.#text.addEventListener('keydown', (event) => {
      if (!['ArrowDown', 'Enter', 'Escape'].includes(event.key)) return;
      event.preventDefault();
      leave();
    });
  }
}

function fill(select: HTMLSelectElement, options: readonly (readonly [value: string, text: string])[]): void {
  select.append(...options.map(([value, text]) => element('option', { value }, visible(text))));
  if (options.length < 2) select.closest('label')?.setAttribute('hidden', '');
}

function kindBox(kind: RowKind, records: number): HTMLElement {
  const box = element('input', { type: 'checkbox', value: kind, class: 'hidden' });
  return element(
    'label',
    { class: `kind-box tone-text-${kind}` },
    box,
    element('span', {}, `${SYMBOLS[kind]} ${kind} `, element('b', {}, count(records))),
  );
}
