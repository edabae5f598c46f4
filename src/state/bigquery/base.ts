/**
 * Base as readers see it: the stored records, with the run that is not folded yet laid over them. Read without a job. A reader
 * that finds the head as it was when it began has seen one state, because whatever changes base changes the head.
 */
import { TransientError } from '../../errors.ts';
import type { BaseTable } from '../../workspace/base-table.ts';
import { ident } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { dropAttempts } from '../attempts.ts';
import type { BaseRelations } from '../state.ts';
import { changesOf, laidOver, type Layer, NO_BASE } from './changes.ts';
import { type OpenRun, readHead, type StoredHead, type StoredState } from './heads.ts';
import { attemptsIn, readJournal } from './journal.ts';
import type { Store } from './store.ts';
import { tablesOf } from './names.ts';
import { fromText, RECORD_COLUMNS, REJECT_COLUMNS, type TypedColumn } from './tables.ts';

const ATTEMPTS = 5;

/** `prefix` keeps the tables of several readers apart. */
export interface Reading {
  readonly store: Store;
  readonly workspace: Workspace;
  readonly prefix: string;
}

/** Base of a sync that has none. */
export function emptyBase(): BaseRelations {
  return { ...NO_BASE, count: 0 };
}

export async function loadBase(reading: Reading, sync: string): Promise<BaseRelations> {
  return undisturbed(reading, sync, async (head, prefix) => {
    if (head === undefined) return emptyBase();
    const at = { ...reading, prefix };
    const isKept = head.head !== undefined && (head.run === undefined || head.run.lineage === head.head.lineage);
    const stored = isKept && head.head !== undefined ? await loadLayer(at, head.head.tables) : NO_BASE;
    const layer = head.run === undefined ? stored : await overlay(at, stored, head.run);
    return { ...layer, count: await reading.workspace.count(`SELECT count(*) FROM ${layer.records}`) };
  });
}

/** Base as a table, for a source that compares there. Undefined while there is none, or a run is not folded into it. */
export async function storedTable(reading: Reading, sync: string): Promise<BaseTable | undefined> {
  const { store } = reading;
  return undisturbed(reading, sync, async (head, prefix) => {
    if (head?.head === undefined || head.run !== undefined) return undefined;
    return {
      table: store.table(head.head.tables.records),
      serial: `SELECT CAST(serial AS STRING) FROM ${store.table(tablesOf(store.owner, sync).head)}`,
      columns: RECORD_COLUMNS.map((column) => ({ name: column.name, loaded: 'VARCHAR', value: fromText(column) })),
      count: head.head.records,
      rejects: await loadTable({ ...reading, prefix }, head.head.tables.rejects, REJECT_COLUMNS),
    };
  });
}

/** Reads again when a run begins or ends meanwhile. */
async function undisturbed<T>(
  { store, prefix }: Reading,
  sync: string,
  work: (head: StoredHead | undefined, prefix: string) => Promise<T>,
): Promise<T> {
  let head = await readHead(store, sync);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const result = await work(head, `${prefix}_${attempt}`).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    const after = await readHead(store, sync);
    // A journal that grows is read up to where it was; the head does not change with it.
    if (after?.version === head?.version) {
      if ('error' in result) throw result.error;
      return result.value;
    }
    head = after;
  }
  throw new TransientError(`runs of ${sync} begin and end all the time: its state could not be read in ${ATTEMPTS} attempts`);
}

async function loadLayer(reading: Reading, tables: StoredState['tables']): Promise<Layer> {
  return {
    records: await loadTable(reading, tables.records, RECORD_COLUMNS),
    rejects: await loadTable(reading, tables.rejects, REJECT_COLUMNS),
  };
}

/** A table of the dataset as a relation of the workspace. */
export async function loadTable({ store, workspace, prefix }: Reading, table: string, columns: readonly TypedColumn[]): Promise<string> {
  const into = `${prefix}_${table}`;
  await store.client.rows(store.ref(table), workspace, into);
  return `(SELECT ${columns.map((column) => `${fromText(column)} AS ${ident(column.name)}`).join(', ')} FROM ${ident(into)})`;
}

async function overlay({ store, workspace, prefix }: Reading, base: Layer, run: OpenRun): Promise<Layer> {
  const journal = await readJournal(store, workspace, run, prefix);
  const attempts = await attemptsIn(workspace, journal, prefix);
  const changes = await changesOf(workspace, {
    run: { sync: run.sync, runId: run.runId, at: run.startedAt },
    attempts,
    plan: undefined,
    table: `${prefix}_changes`,
  });
  await dropAttempts(workspace, prefix);
  return laidOver(base, changes);
}
