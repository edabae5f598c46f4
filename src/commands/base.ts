/** `--base REF`: what the project is compared with, and which syncs that selects. */
import type { LoadOptions } from '../config/load.ts';
import type { Project } from '../config/model.ts';
import type { Modified } from '../config/select.ts';
import type { Context } from '../context.ts';
import { type BaseProject, loadBase } from '../git/base.ts';
import { compareProjects } from '../git/compare.ts';
import type { BaseComparison } from '../plan/attribution.ts';
import { changeReasons } from '../report/base-text.ts';

/** The project at the merge base with `ref`; undefined where nothing is compared. */
export async function openBase(
  context: Context,
  ref: string | undefined,
  options: Pick<LoadOptions, 'dir' | 'environment' | 'vars' | 'connectionSchemas'>,
): Promise<BaseProject | undefined> {
  return ref === undefined ? undefined : loadBase(context, ref, options);
}

/** Where the project at the merge base is not valid, nothing is known of any sync. */
export function compareWith(base: BaseProject, project: Project): BaseComparison {
  if (base.status === 'invalid') return { base, syncs: new Map(), removed: [] };
  return { base, ...compareProjects(base.project, project) };
}

/** Where nobody knows what is modified, everything is. */
export function modifiedIn({ base, syncs }: BaseComparison, project: Project): Modified {
  if (base.status === 'invalid') return new Map(project.syncs.map(({ name }) => [name, [base.why ?? '']]));
  const all = [...syncs].map(([name, { change }]) => [name, changeReasons(change)] as const);
  return new Map(all.filter(([, reasons]) => reasons.length > 0));
}
