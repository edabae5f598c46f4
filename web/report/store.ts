/**
 * The records of the page. They stay packed, and are unpacked in chunks when somebody looks at them: a page of 200,000
 * records takes little more memory than its file.
 */
import type { RowKind, WireMeta, WireRow } from '../../src/report/html/wire.ts';

/** Unpacked chunks that are kept. */
const KEPT = 250;

interface Chunk {
  readonly packed: HTMLScriptElement;
  /** Index among all records of its first one. */
  readonly start: number;
  readonly rows: number;
  readonly sync: number;
  readonly kinds: ReadonlySet<string>;
}

export interface Found {
  readonly row: WireRow;
  readonly sync: number;
}

export class Store {
  readonly meta: WireMeta;
  readonly total: number;
  readonly #chunks: readonly Chunk[];
  readonly #unpacked = new Map<number, readonly WireRow[]>();
  readonly #pending = new Map<number, Promise<readonly WireRow[]>>();

  constructor(meta: WireMeta, scripts: Iterable<HTMLScriptElement>) {
    this.meta = meta;
    let start = 0;
    this.#chunks = [...scripts].map((packed) => {
      const rows = Number(packed.dataset['rows']);
      const chunk: Chunk = {
        packed,
        start,
        rows,
        sync: Number(packed.dataset['sync']),
        kinds: new Set(packed.dataset['kinds']?.split(' ')),
      };
      start += rows;
      return chunk;
    });
    this.total = start;
  }

  /** The record, when its chunk is unpacked. */
  peek(id: number): Found | undefined {
    const index = this.#chunkOf(id);
    const row = this.#touch(index)?.[id - (this.#chunks[index]?.start ?? 0)];
    return row === undefined ? undefined : { row, sync: this.#chunks[index]?.sync ?? 0 };
  }

  async get(id: number): Promise<Found> {
    const index = this.#chunkOf(id);
    const rows = await this.#rows(index);
    const chunk = this.#chunks[index];
    const row = rows[id - (chunk?.start ?? 0)];
    if (row === undefined || chunk === undefined) throw new Error(`the page has no record ${id}`);
    return { row, sync: chunk.sync };
  }

  /** Every chunk that may hold such records, one after another. */
  async *chunks(wanted: {
    readonly sync: number | undefined;
    readonly kinds: ReadonlySet<RowKind>;
  }): AsyncGenerator<{ start: number; rows: readonly WireRow[] }> {
    for (const [index, chunk] of this.#chunks.entries()) {
      if (wanted.sync !== undefined && chunk.sync !== wanted.sync) continue;
      if (wanted.kinds.size > 0 && ![...wanted.kinds].some((kind) => chunk.kinds.has(kind))) continue;
      yield { start: chunk.start, rows: await this.#rows(index) };
    }
  }

  #chunkOf(id: number): number {
    let [low, high] = [0, this.#chunks.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#chunks[middle]?.start ?? 0) <= id) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The least recently used chunk stands first. */
  #touch(index: number): readonly WireRow[] | undefined {
    const rows = this.#unpacked.get(index);
    if (rows === undefined) return undefined;
    this.#unpacked.delete(index);
    this.#unpacked.set(index, rows);
    return rows;
  }

  async #rows(index: number): Promise<readonly WireRow[]> {
    const ready = this.#touch(index);
    if (ready !== undefined) return ready;
    const pending = this.#pending.get(index) ?? this.#unpack(index);
    this.#pending.set(index, pending);
    return pending;
  }

  async #unpack(index: number): Promise<readonly WireRow[]> {
    const rows = await unpacked(this.#chunks[index]?.packed.textContent ?? '');
    this.#pending.delete(index);
    this.#unpacked.set(index, rows);
    const [oldest] = this.#unpacked.keys();
    if (this.#unpacked.size > KEPT && oldest !== undefined) this.#unpacked.delete(oldest);
    return rows;
  }
}

async function unpacked(base64: string): Promise<readonly WireRow[]> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return (await new Response(stream).json()) as readonly WireRow[];
}
