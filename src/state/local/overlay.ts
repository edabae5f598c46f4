/** Base as readers see it: the state file with the journals that are not folded yet laid over it. */
import type { Workspace } from '../../workspace/workspace.ts';
import type { BaseRelations } from '../state.ts';
import { dropAttempts } from '../attempts.ts';
import { readAttempts } from './attempts.ts';
import { isFolded, NO_BASE, storedLayer, storedSyncs } from './heads.ts';
import { type JournalFile, listJournals } from './journal.ts';
import { laidOver, resolve } from './resolve.ts';
import type { Store } from './store.ts';
import type { Layer } from './tables.ts';

/**
 * Journals of runs that the state file does not hold. To be called while the state file is attached: as long as it is,
 * nobody can fold a journal, so that none is missed and none is counted twice.
 */
export async function openJournals(store: Store, workspace: Workspace, exists: boolean, sync?: string): Promise<JournalFile[]> {
  const journals = await listJournals(store.layout.journals, sync);
  if (!exists) return journals;
  const open: JournalFile[] = [];
  for (const journal of journals) if (!(await isFolded(workspace, journal))) open.push(journal);
  return open;
}

/** Makes base of one sync readable in the workspace. `unique` keeps the temporary tables of several calls apart. */
export async function attachBase(store: Store, workspace: Workspace, sync: string, unique: string): Promise<BaseRelations> {
  const exists = await store.attach(workspace);
  const stored = exists ? (await storedSyncs(workspace, sync))[0] : undefined;
  const journals = await openJournals(store, workspace, exists, sync);
  const lineage = journals.at(-1)?.head.lineage ?? stored?.lineage ?? '';
  // What came before a change of lineage is released.
  const foreign = journals.findLastIndex((journal) => journal.head.lineage !== lineage);
  let layer = foreign < 0 ? storedLayer(stored, lineage) : NO_BASE;
  for (const journal of journals.slice(foreign + 1)) layer = await overlay(workspace, layer, journal, `${unique}_${journal.serial}`);
  return { ...layer, count: await workspace.count(`SELECT count(*) FROM ${layer.records}`) };
}

async function overlay(workspace: Workspace, base: Layer, journal: JournalFile, prefix: string): Promise<Layer> {
  const attempts = await readAttempts(workspace, journal, prefix);
  const plan = attempts.end === undefined ? undefined : attempts.plan;
  const at = attempts.end?.finishedAt ?? journal.head.startedAt;
  const touched = await resolve(workspace, { base, sync: journal.sync, runId: journal.head.runId, at, attempts, plan, prefix });
  await dropAttempts(workspace, prefix);
  await workspace.detach(attempts.plan);
  return laidOver(base, touched);
}
