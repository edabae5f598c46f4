/** What a plan says of the project at the merge base. */
import type { State } from '../state/state.ts';
import type { BaseComparison } from './attribution.ts';
import type { PlanBase } from './document.ts';

/** With the records of syncs that are gone: state keeps them, and nothing is deleted. */
export async function planBase({ base, syncs, removed }: BaseComparison, state: State): Promise<PlanBase> {
  const { ref, commit, dirty, status, why } = base;
  const heads = removed.length === 0 ? [] : await state.heads();
  return {
    ref,
    commit,
    dirty,
    status,
    why,
    unchanged: [...syncs.values()].filter(({ change }) => change.kind === 'unchanged').length,
    removed: removed.map(({ name, source, destination, location }) => ({
      name,
      source: source.connection,
      destination: destination.connection,
      object: destination.object,
      records: heads.find((head) => head.sync === name)?.records ?? 0,
      where: `${location.file}:${location.line}:${location.column}`,
    })),
  };
}
