/** Brings the page to life: the table of records, its filters, the panel of one record. */
import type { WireField, WireMeta, WireRow } from '../../src/report/html/wire.ts';
import { detailOf } from './detail.ts';
import { byId, count } from './dom.ts';
import { Filters } from './filters.ts';
import { Grid } from './grid.ts';
import { preparePrint } from './print.ts';
import { isOpen, search } from './search.ts';
import { Store } from './store.ts';
import { startTheme } from './theme.ts';

function start(): void {
  startTheme();
  const meta = JSON.parse(byId('meta').textContent) as WireMeta;
  const store = new Store(meta, document.querySelectorAll<HTMLScriptElement>('script[type="application/gzip"]'));
  if (store.total === 0) {
    byId('status').textContent = 'The plan changes no record.';
    return;
  }
  startRecords(store);
}

function startRecords(store: Store): void {
  const grid = new Grid(byId('grid'), {
    store,
    syncs: store.meta.syncs.length > 1,
    lead: (row) => leadOf(row, filters.query.field, filters.query.words),
    open: (id, focus) => void openDetail(store, id, focus, () => grid.focus()),
    move: (id) => {
      if (!byId('detail').hidden) void openDetail(store, id, false, () => grid.focus());
    },
  });
  let running = new AbortController();
  const update = (): void => {
    running.abort();
    running = new AbortController();
    void refresh(store, filters, grid, running.signal);
  };
  const filters: Filters = new Filters(store.meta, update);
  filters.onLeave(() => grid.focus());
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    filters.focus();
  });
  byId('explorer').hidden = false;
  byId('keys').hidden = false;
  update();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
}

async function refresh(store: Store, filters: Filters, grid: Grid, signal: AbortSignal): Promise<void> {
  const { query } = filters;
  if (isOpen(query)) {
    grid.show(null, true);
    say(`${count(store.total)} ${store.total === 1 ? 'record' : 'records'}${missing(store)}`);
    return preparePrint(store, grid.length, (place) => grid.idAt(place));
  }
  let first = true;
  await search(store, query, signal, ({ found, done }) => {
    grid.show(found, first);
    first = false;
    say(`${count(found.length)} of ${count(store.total)} records${done ? '' : ', looking ...'}${missing(store)}`);
  });
  if (!signal.aborted) await preparePrint(store, grid.length, (place) => grid.idAt(place));
}

function missing({ meta }: Store): string {
  return meta.leftOut === 0 ? '' : `; ${count(meta.leftOut)} more are in the plan file only`;
}

function say(text: string): void {
  byId('status').textContent = text;
}

/** The field that was filtered by or searched for, else the first that says more than the record's name. */
function leadOf([, , , , label, fields]: WireRow, name: string | undefined, words: readonly string[]): WireField | undefined {
  const chosen = name === undefined ? undefined : fields.find((each) => each[0] === name);
  const has = (text: string | null): boolean => text !== null && words.some((word) => text.toLowerCase().includes(word));
  return (
    chosen ??
    fields.find(([, , before, after]) => has(before) || has(after)) ??
    fields.find((each) => label === null || each[3] !== label) ??
    fields[0]
  );
}

async function openDetail(store: Store, id: number, focus: boolean, back: () => void): Promise<void> {
  const panel = byId('detail');
  const found = await store.get(id);
  const close = (): void => {
    panel.hidden = true;
    panel.onkeydown = null;
    back();
  };
  panel.replaceChildren(...detailOf(found, store.meta.syncs[found.sync]?.name ?? '', close));
  panel.hidden = false;
  panel.scrollTop = 0;
  panel.onkeydown = (event) => {
    if (event.key === 'Escape') close();
  };
  if (focus) panel.focus();
}

start();
