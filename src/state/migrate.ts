/** Moves a whole state to another place: copied, compared, and there wholly or not at all. The old one is left as it is. */
import { join } from 'node:path';

import { UserError } from '../errors.ts';
import { Workspace } from '../workspace/workspace.ts';
import { type Dump, dumpState } from './dump.ts';
import type { Lease, State } from './state.ts';

/** Copies everything from one state to another, which holds nothing. Nobody may write either while it works. */
export async function migrateState(from: State, to: State, owner: string): Promise<Dump> {
  const [old, found] = [await from.heads(), await from.runs()];
  if (old.length + found.length === 0) {
    throw new UserError(`there is no state in ${from.description}`, { hint: 'There is nothing to copy. Is the place right?' });
  }
  await refuseFilled(to);
  const names = [...new Set([...old.map((head) => head.sync), ...found.map((run) => run.sync)])].sort();
  return holding(
    [from, to].flatMap((state) => names.map((name) => ({ state, name }))),
    owner,
    async () => {
      await using workspace = await Workspace.open(); // for its folder
      const dump = await dumpState(from, join(workspace.folder, 'dump.duckdb'));
      if (to.restore === undefined) throw new UserError(`state cannot be copied to ${to.description}`);
      await to.restore(dump);
      return dump;
    },
  );
}

async function refuseFilled(state: State): Promise<void> {
  const heads = await state.heads();
  if (heads.length === 0 && (await state.runs()).length === 0) return;
  throw filledError(
    state.description,
    heads.map((head) => head.sync),
  );
}

/** State is copied to an empty place only. */
export function filledError(description: string, syncs: readonly string[]): UserError {
  const what = syncs.length === 0 ? 'a history of runs' : `state of ${syncs.join(', ')}`;
  return new UserError(`${description} holds ${what} already`, {
    hint: 'Copy to an empty place. To begin there anew, move the file away or drop the schema first.',
  });
}

/** With the leases of all of them. Throws when one is held. */
async function holding<T>(
  wanted: readonly { readonly state: State; readonly name: string }[],
  owner: string,
  work: () => Promise<T>,
): Promise<T> {
  const leases: Lease[] = [];
  try {
    for (const { state, name } of wanted) leases.push(await state.acquire(name, owner));
    const result = await work();
    for (const lease of leases) await lease.hold();
    return result;
  } finally {
    for (const lease of leases) await lease.release();
  }
}
