/** What the verbs that apply a plan have in common: approval, the run itself, and how its result is shown. */
import { hostname } from 'node:os';

import { apply } from '../apply/applier.ts';
import type { PlanDocument } from '../plan/document.ts';
import { approved } from '../plan/guards.ts';
import { renderApply } from '../report/apply-text.ts';
import { exitCodeOfApply } from '../report/exit-code.ts';
import { changesIn } from '../report/totals.ts';
import { allowances, numberOption } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import { type OpenedProject, openProjectState } from './project.ts';
import type { Shell } from './shell.ts';

/** A plan that may be carried out. */
export interface Approved {
  /** Absolute path of the plan file. */
  readonly file: string;
  readonly document: PlanDocument;
  /** Only these syncs of the plan; undefined for all. */
  readonly syncs?: readonly string[] | undefined;
}

/** Nothing to ask about where nothing would be written. Otherwise only the word yes is an approval. */
export async function isApproved(shell: Shell, document: PlanDocument, options: Invocation['options']): Promise<boolean> {
  if (options.yes === true || !document.applyable || changesIn(document.summary) === 0) return true;
  shell.end();
  const answer = await shell.host.ask?.("Apply these changes? Only 'yes' is accepted: ");
  return answer?.trim() === 'yes';
}

/** Applies the plan and prints what became of it. Returns the exit code. */
export async function carryOut(shell: Shell, { project }: OpenedProject, options: Invocation['options'], plan: Approved): Promise<number> {
  await using state = await openProjectState(shell, project);
  const result = await apply(shell.context, {
    project,
    state,
    planFile: plan.file,
    syncs: plan.syncs,
    limit: numberOption(options.limit),
    adoptOnly: options.adoptOnly === true,
    recordEmpty: options.due === true,
    allow: [...allowances(options.allow, plan.document.syncs.map((sync) => sync.name)), ...approved(project.approvals ?? [], shell.context.now())], // prettier-ignore
    registry: shell.registry,
    owner: ownerOf(shell),
  });
  if (shell.options.json) await shell.printJson(result);
  else await shell.print(renderApply(result, shell.paint));
  return exitCodeOfApply(result, plan.document);
}

/** Who holds a lease, as another run's message shows it. */
export function ownerOf(shell: Shell): string {
  const { GITHUB_RUN_ID: job, USER: user = 'unknown' } = shell.context.env;
  return job === undefined ? `${user}@${hostname()}` : `GitHub run ${job}`;
}
