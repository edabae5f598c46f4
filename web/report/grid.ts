/** The table of records. Only the rows in sight are elements; a row is filled when its record is unpacked. */
import { element } from './dom.ts';
import { type CellOptions, cellsOf, headRow } from './row.ts';

/** Rows beyond both edges. */
const MARGIN = 8;

export interface GridOptions extends CellOptions {
  /** A record was opened. */
  readonly open: (id: number, focus: boolean) => void;
  /** Another record is the active one. */
  readonly move: (id: number) => void;
}

interface Drawn {
  readonly element: HTMLElement;
  readonly id: number;
  readonly filled: boolean;
}

export class Grid {
  readonly #root: HTMLElement;
  readonly #body: HTMLElement;
  readonly #options: GridOptions;
  /** Null: every record. */
  #found: readonly number[] | null = null;
  #active = 0;
  #frame = 0;
  /** What is drawn, by its place. */
  readonly #rows = new Map<number, Drawn>();

  constructor(root: HTMLElement, options: GridOptions) {
    this.#root = root;
    this.#options = options;
    this.#body = element('div', { class: 'body', role: 'rowgroup' });
    root.append(headRow(), this.#body);
    root.addEventListener('scroll', () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.#soon()).observe(root);
    root.addEventListener('keydown', (event) => this.#onKey(event));
    this.#body.addEventListener('click', (event) => this.#onClick(event));
    root.addEventListener('focus', () => this.#soon());
  }

  get length(): number {
    return this.#found?.length ?? this.#options.store.total;
  }

  /** Index among all records of the record at a place of the table. */
  idAt(place: number): number {
    return this.#found === null ? place : (this.#found[place] ?? 0);
  }

  show(found: readonly number[] | null, fromTop: boolean): void {
    this.#found = found;
    if (fromTop) {
      this.#forget();
      this.#active = 0;
      this.#root.scrollTop = 0;
    }
    this.#soon();
  }

  /** What a row shows depends on what was looked for. */
  #forget(): void {
    for (const { element: row } of this.#rows.values()) row.remove();
    this.#rows.clear();
  }

  focus(): void {
    this.#root.focus();
  }

  #soon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  get #rowHeight(): number {
    return Number.parseFloat(getComputedStyle(this.#root).getPropertyValue('--row')) || 36;
  }

  #draw(): void {
    const height = this.#rowHeight;
    const first = Math.max(0, Math.floor(this.#root.scrollTop / height) - MARGIN);
    const last = Math.min(this.length, Math.ceil((this.#root.scrollTop + this.#root.clientHeight) / height) + MARGIN);
    this.#body.style.height = `${this.length * height}px`;
    this.#place(first, last, height);
    this.#root.setAttribute('aria-rowcount', String(this.length + 1));
    if (this.length === 0) this.#root.removeAttribute('aria-activedescendant');
    else this.#root.setAttribute('aria-activedescendant', `row-${this.#active}`);
  }

  /** Rows that stay are left where they are: a click would miss an element that is put anew under the pointer. */
  #place(first: number, last: number, height: number): void {
    for (const [place, { element: row }] of this.#rows) {
      if (place >= first && place < last) continue;
      row.remove();
      this.#rows.delete(place);
    }
    let before: Element | undefined;
    for (let place = first; place < last; place++) {
      const row = this.#row(place);
      row.style.transform = `translateY(${place * height}px)`;
      row.setAttribute('aria-selected', String(place === this.#active));
      const next = before === undefined ? this.#body.firstElementChild : before.nextElementSibling;
      if (row !== next) this.#body.insertBefore(row, next);
      before = row;
    }
  }

  #row(place: number): HTMLElement {
    const id = this.idAt(place);
    const drawn = this.#rows.get(place);
    if (drawn?.id === id && drawn.filled) return drawn.element;
    const found = this.#options.store.peek(id);
    if (drawn?.id === id && found === undefined) return drawn.element;
    drawn?.element.remove();
    const row = element('div', {
      class: 'row',
      role: 'row',
      id: `row-${place}`,
      'aria-rowindex': String(place + 2),
      'data-place': String(place),
    });
    if (found === undefined) {
      row.append(element('span', { role: 'gridcell', class: 'quiet' }, '...'));
      void this.#options.store.get(id).then(() => this.#soon());
    } else row.append(...cellsOf(found, this.#options));
    this.#rows.set(place, { element: row, id, filled: found !== undefined });
    return row;
  }

  #onClick(event: Event): void {
    const row = (event.target as Element).closest<HTMLElement>('.row');
    if (row === null) return;
    this.#move(Number(row.dataset['place']));
    this.#options.open(this.idAt(this.#active), false);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || this.length === 0) return;
    const page = Math.max(1, Math.floor(this.#root.clientHeight / this.#rowHeight) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + page,
      PageUp: this.#active - page,
      Home: 0,
      End: this.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) {
      this.#move(Math.min(this.length - 1, Math.max(0, to)));
      this.#options.move(this.idAt(this.#active));
    } else if (event.key === 'Enter' || event.key === ' ') this.#options.open(this.idAt(this.#active), true);
    else return;
    event.preventDefault();
  }

  /** Makes a row the active one and brings it into sight. */
  #move(place: number): void {
    this.#active = place;
    const height = this.#rowHeight;
    const head = this.#root.firstElementChild?.clientHeight ?? 0;
    const [top, bottom] = [place * height, (place + 1) * height];
    const room = this.#root.clientHeight - head;
    if (top < this.#root.scrollTop) this.#root.scrollTop = top;
    else if (bottom > this.#root.scrollTop + room) this.#root.scrollTop = bottom - room;
    this.#draw();
  }
}
