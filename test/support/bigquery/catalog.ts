/** The fake's datasets and tables: what is known about them, not their rows. */
import { createHash } from 'node:crypto';

import type { Catalog, DatasetOptions, DatasetRef, TableEntry, TableRef } from './engine.ts';

/** When something was made and last changed, and the etag that says so. */
export interface Stamp {
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly modified: number;
}

interface StoredTable {
  readonly entry: TableEntry;
  readonly stamp: Stamp;
}

interface StoredDataset {
  readonly ref: DatasetRef;
  readonly options: DatasetOptions;
  readonly stamp: Stamp;
  readonly tables: ReadonlyMap<string, StoredTable>;
}

export class MemoryCatalog implements Catalog {
  readonly project: string;
  readonly #now: () => number;
  // Maps are replaced, never changed, so that a snapshot is one reference.
  #datasets: ReadonlyMap<string, StoredDataset> = new Map();
  #changes = 0;

  constructor(project: string, now: () => number) {
    this.project = project;
    this.#now = now;
  }

  hasDataset(projectId: string, datasetId: string): boolean {
    return this.#datasets.has(datasetKey(projectId, datasetId));
  }

  datasetOptions(projectId: string, datasetId: string): DatasetOptions | undefined {
    return this.#datasets.get(datasetKey(projectId, datasetId))?.options;
  }

  datasetStamp(projectId: string, datasetId: string): Stamp | undefined {
    return this.#datasets.get(datasetKey(projectId, datasetId))?.stamp;
  }

  datasets(projectId: string): readonly DatasetRef[] {
    return [...this.#datasets.values()]
      .map(({ ref }) => ref)
      .filter((ref) => ref.projectId === projectId && !ref.datasetId.startsWith('_'));
  }

  /** Creates, or gives an existing one other options. */
  createDataset(projectId: string, datasetId: string, options: DatasetOptions): void {
    const key = datasetKey(projectId, datasetId);
    const before = this.#datasets.get(key);
    const stored = { ref: { projectId, datasetId }, options, stamp: this.#stamp(before?.stamp), tables: before?.tables ?? new Map() };
    this.#datasets = new Map(this.#datasets).set(key, stored);
  }

  dropDataset(projectId: string, datasetId: string): void {
    const datasets = new Map(this.#datasets);
    datasets.delete(datasetKey(projectId, datasetId));
    this.#datasets = datasets;
  }

  table(ref: TableRef): TableEntry | undefined {
    return this.#stored(ref)?.entry;
  }

  tableStamp(ref: TableRef): Stamp | undefined {
    return this.#stored(ref)?.stamp;
  }

  tables(projectId: string, datasetId: string): readonly TableEntry[] {
    const dataset = this.#datasets.get(datasetKey(projectId, datasetId));
    return [...(dataset?.tables.values() ?? [])].filter((table) => !this.#expired(table)).map(({ entry }) => entry);
  }

  put(entry: TableEntry): void {
    const { projectId, datasetId, tableId } = entry.ref;
    const before = this.#stored(entry.ref);
    const ms = this.#datasets.get(datasetKey(projectId, datasetId))?.options.defaultTableExpirationMs;
    const expires = before === undefined && entry.expirationTime === undefined && ms !== undefined;
    const made = expires ? { ...entry, expirationTime: String(this.#now() + Number(ms)) } : entry;
    this.#change(projectId, datasetId, (tables) => tables.set(tableId, { entry: made, stamp: this.#stamp(before?.stamp) }));
  }

  touch(ref: TableRef): void {
    const before = this.#stored(ref);
    if (before === undefined) return;
    this.#change(ref.projectId, ref.datasetId, (tables) =>
      tables.set(ref.tableId, { entry: before.entry, stamp: this.#stamp(before.stamp) }),
    );
  }

  drop(ref: TableRef): void {
    this.#change(ref.projectId, ref.datasetId, (tables) => tables.delete(ref.tableId));
  }

  snapshot(): () => void {
    const datasets = this.#datasets;
    return () => {
      this.#datasets = datasets;
    };
  }

  /** The location of a dataset; undefined: there is none. */
  location({ projectId, datasetId }: DatasetRef): string | undefined {
    return this.datasetOptions(projectId, datasetId)?.location;
  }

  #stored(ref: TableRef): StoredTable | undefined {
    const table = this.#datasets.get(datasetKey(ref.projectId, ref.datasetId))?.tables.get(ref.tableId);
    return table === undefined || this.#expired(table) ? undefined : table;
  }

  #expired({ entry }: StoredTable): boolean {
    return entry.expirationTime !== undefined && Number(entry.expirationTime) <= this.#now();
  }

  #change(projectId: string, datasetId: string, change: (tables: Map<string, StoredTable>) => unknown): void {
    const key = datasetKey(projectId, datasetId);
    const dataset = this.#datasets.get(key);
    if (dataset === undefined) throw new Error(`no dataset ${key}`);
    const tables = new Map(dataset.tables);
    change(tables);
    this.#datasets = new Map(this.#datasets).set(key, { ...dataset, tables });
  }

  #stamp(before: Stamp | undefined): Stamp {
    const now = this.#now();
    this.#changes += 1;
    return { etag: etagOf([now, this.#changes]), created: before?.created ?? now, modified: now };
  }
}

/** An etag as BigQuery makes them: 16 bytes in base64. */
export function etagOf(value: unknown): string {
  return createHash('md5').update(JSON.stringify(value)).digest('base64');
}

function datasetKey(projectId: string, datasetId: string): string {
  return `${projectId}.${datasetId}`;
}
