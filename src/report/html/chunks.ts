/** Rows packed for the page: small groups, each JSON, gzip and base64 in a script element that holds data. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { ROW_KINDS, type RowKind, type WireMeta, type WireRow, type WireSync } from './wire.ts';

const compress = promisify(gzip);

/** Rows that are unpacked together: what the page has to do before it can show one of them. */
const ROWS = 500;
/** Characters of JSON that are unpacked together: rows may hold long texts. */
const LENGTH = 400_000;
/** Names to filter by: a plan with more of them is searched by text. */
const NAMES = 500;

/** Takes the rows of one sync after another, and counts what the page needs to know about all of them. */
export class Packer {
  readonly #kinds = new Map<RowKind, number>();
  readonly #fields = new Set<string>();
  readonly #cases = new Set<string>();
  #due = false;
  readonly #pending: { sync: number; rows: string[]; kinds: Set<RowKind>; length: number } = {
    sync: 0,
    rows: [],
    kinds: new Set(),
    length: 0,
  };

  /** A chunk, when enough has come together. */
  async add(sync: number, row: WireRow): Promise<string | undefined> {
    const text = JSON.stringify(row);
    const pending = this.#pending;
    const isFull = pending.rows.length >= ROWS || pending.length + text.length > LENGTH || sync !== pending.sync;
    const chunk = isFull ? await this.flush() : undefined;
    pending.sync = sync;
    pending.rows.push(text);
    pending.kinds.add(row[0]);
    pending.length += text.length;
    this.#count(row);
    return chunk;
  }

  /** What is left. */
  async flush(): Promise<string | undefined> {
    const { sync, rows, kinds } = this.#pending;
    if (rows.length === 0) return undefined;
    const data = (await compress(`[${rows.join(',')}]`)).toString('base64');
    const chunk = `<script type="application/gzip" data-sync="${sync}" data-rows="${rows.length}" data-kinds="${[...kinds].join(' ')}">${data}</script>\n`;
    Object.assign(this.#pending, { rows: [], kinds: new Set(), length: 0 });
    return chunk;
  }

  /** About everything that was added. */
  meta(syncs: readonly WireSync[], leftOut: number): WireMeta {
    const kinds = Object.fromEntries(ROW_KINDS.flatMap((kind) => (this.#kinds.has(kind) ? [[kind, this.#kinds.get(kind) ?? 0]] : [])));
    return { syncs, kinds, fields: [...this.#fields].sort(), cases: [...this.#cases].sort(), due: this.#due, leftOut };
  }

  #count(row: WireRow): void {
    const [kind, reason, , , , fields, , due] = row;
    if (due !== undefined) this.#due = true;
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    remember(this.#cases, reason);
    for (const [field, fieldCase] of fields) {
      remember(this.#fields, field);
      remember(this.#cases, fieldCase);
    }
  }
}

function remember(names: Set<string>, name: string): void {
  if (name !== '' && names.size < NAMES) names.add(name);
}
