/** Tables that a fold fills or makes: what it is made of, and base of a new lineage. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { literal } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { Lease } from '../state.ts';
import type { Changes } from './changes.ts';
import type { OpenRun, StoredState } from './heads.ts';
import type { Store } from './store.ts';
import { tablesOf } from './names.ts';
import { fieldsOf, RECORD_COLUMNS, REJECT_COLUMNS, STAGE_COLUMNS, toStored } from './tables.ts';

/** Tables that readers may still have in hand, and those of a fold that failed, live so long. */
const KEPT_MS = 24 * 3_600_000;

/** Name of the table with the changes; undefined when there are none. */
export async function loadStage(
  store: Store,
  { run, workspace, lease }: { run: OpenRun; workspace: Workspace; lease: Lease },
  changes: Changes,
): Promise<string | undefined> {
  if (changes.steps + changes.rejects + changes.runRecords === 0) return undefined;
  const stage = tablesOf(store.owner, run.sync).stage(run.serial, store.context.randomHex(4));
  await loadTable(store, workspace, { table: stage, relation: changes.table, sync: run.sync, lease });
  return stage;
}

/** Loads a relation with {@link STAGE_COLUMNS} into a new table, which expires by itself. */
export async function loadTable(
  store: Store,
  workspace: Workspace,
  { table, relation, sync, lease }: { table: string; relation: string; sync: string; lease?: Lease },
): Promise<void> {
  const file = join(workspace.folder, `${table}.parquet`);
  const columns = STAGE_COLUMNS.map((column) => `${toStored(column)} AS "${column.name}"`);
  try {
    await workspace.run(`COPY (SELECT ${columns.join(', ')} FROM ${relation}) TO ${literal(file)} (FORMAT parquet)`);
    await store.client.tables.create(store.ref(table), { schema: fieldsOf(STAGE_COLUMNS), expirationMs: KEPT_MS });
    await store.load(table, file, { phase: 'fold', sync, key: table, columns: STAGE_COLUMNS, writeDisposition: 'WRITE_TRUNCATE', lease });
  } finally {
    await rm(file, { force: true });
  }
}

/** Clustered by key, so that looking up some records reads some blocks. */
export async function makeBase(store: Store, sync: string, serial: number): Promise<StoredState['tables']> {
  const names = tablesOf(store.owner, sync);
  const tables = { records: names.records(serial), rejects: names.rejects(serial) };
  await store.client.tables.create(store.ref(tables.records), { schema: fieldsOf(RECORD_COLUMNS), clustering: ['key'] });
  await store.client.tables.create(store.ref(tables.rejects), { schema: fieldsOf(REJECT_COLUMNS) });
  return tables;
}

/** Tables of base that were replaced expire by themselves. */
export async function retire(
  store: Store,
  former: StoredState['tables'] | undefined,
  current: StoredState['tables'] | undefined,
): Promise<void> {
  if (former === undefined || former.records === current?.records) return;
  const expirationTime = String((await store.client.clock()) + KEPT_MS);
  for (const table of [former.records, former.rejects]) await store.client.tables.patch(store.ref(table), { expirationTime });
}
