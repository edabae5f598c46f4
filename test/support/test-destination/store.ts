/** The records of the test-only destination: a JSON file that several processes share, guarded by a lock file. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export type Values = Readonly<Record<string, string | null>>;

export interface StoredRecord {
  readonly id: string;
  readonly values: Values;
}

/** One call, as the system saw it. Keys of writes as JSON arrays of text. */
export interface Call {
  readonly call: 'write' | 'read' | 'describe';
  readonly object: string;
  readonly action?: string;
  readonly keys?: readonly string[];
  readonly fields?: readonly string[];
  /** Records read. */
  readonly records?: number;
  /** How it ended, other than well. */
  readonly fault?: string;
}

export interface Store {
  readonly objects: Readonly<Record<string, readonly StoredRecord[]>>;
  readonly calls: readonly Call[];
  /** Ids given so far. */
  readonly lastId: number;
  /** Write calls so far. */
  readonly writes: number;
}

const EMPTY: Store = { objects: {}, calls: [], lastId: 0, writes: 0 };

/** What the file holds; a file that does not exist is an empty system. */
export async function readStore(file: string): Promise<Store> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Store;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return EMPTY;
    throw error;
  }
}

/** Puts records there as if a person had: no call is counted. Records get new ids. */
export async function seedStore(file: string, object: string, records: readonly Values[]): Promise<void> {
  await changeStore(file, (store) => ({
    ...records.reduce((seeded, values) => addRecord(seeded, object, values), store),
    calls: store.calls,
  }));
}

/** Changes records as a person would. `change` returns the new values, or null to delete the record. */
export async function editStore(file: string, object: string, change: (values: Values) => Values | null): Promise<void> {
  await changeStore(file, (store) => {
    const records = (store.objects[object] ?? []).flatMap((record) => {
      const values = change(record.values);
      return values === null ? [] : [{ ...record, values }];
    });
    return { ...store, objects: { ...store.objects, [object]: records } };
  });
}

export function addRecord(store: Store, object: string, values: Values): Store {
  const lastId = store.lastId + 1;
  const record = { id: `T${String(lastId).padStart(6, '0')}`, values };
  return { ...store, lastId, objects: { ...store.objects, [object]: [...(store.objects[object] ?? []), record] } };
}

/** Reads, changes and replaces the file while nobody else does. */
export async function changeStore(file: string, change: (store: Store) => Store): Promise<Store> {
  const release = await lock(`${file}.lock`);
  try {
    const next = change(await readStore(file));
    const temporary = `${file}.${process.pid}.new`;
    await writeFile(temporary, JSON.stringify(next));
    await rename(temporary, file);
    return next;
  } finally {
    await release();
  }
}

async function lock(path: string): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < 2000; attempt += 1) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      return async () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await isAbandoned(path)) await rm(path, { force: true });
      else await delay(5);
    }
  }
  throw new Error(`nobody lets go of ${path}`);
}

/** Its process was killed. */
async function isAbandoned(path: string): Promise<boolean> {
  const pid = Number(await readFile(path, 'utf8').catch(() => '0'));
  if (!Number.isInteger(pid) || pid === 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
