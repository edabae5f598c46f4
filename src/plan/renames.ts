/** A sync that was renamed keeps its state when it says so (`moved.from`); one that does not say so is told how. */
import type { Sync } from '../config/model.ts';
import type { State, SyncState } from '../state/state.ts';
import { lineageOf } from './identity.ts';
import { plural } from '../words.ts';

/** The name under which state knows the sync: its own, or its former one while nothing was written since the rename. */
export async function storedName(state: State, sync: Sync): Promise<string> {
  if (sync.movedFrom === undefined || (await state.head(sync.name)) !== undefined) return sync.name;
  return (await state.head(sync.movedFrom)) === undefined ? sync.name : sync.movedFrom;
}

/** The line to add, when a sync without state wants just what a sync that is gone from the project has written. */
export function renameNote(sync: Sync, identity: string, heads: readonly SyncState[], names: readonly string[]): string | undefined {
  if (heads.some((head) => head.sync === sync.name || head.sync === sync.movedFrom)) return undefined;
  const former = heads.find((head) => !names.includes(head.sync) && head.lineage === lineageOf(sync) && head.destination === identity);
  if (former === undefined) return undefined;
  const unknown = sync.movedFrom === undefined ? '' : `state knows no ${sync.movedFrom}, from which ${sync.name} was moved; it `;
  return `${unknown === '' ? 'state ' : unknown}has ${plural(former.records, 'record')} of ${former.sync}, which is gone from the project: if ${sync.name} is its new name, ${unknown === '' ? 'add' : 'write'} \`moved: { from: ${former.sync} }\``;
}
