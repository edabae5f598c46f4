/** `sluice apply`: writes a plan. Without a file it plans, shows, asks, and then applies that very plan. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { apply as applyPlan } from '../apply/applier.ts';
import { EXIT, UserError } from '../errors.ts';
import type { PlanDocument } from '../plan/document.ts';
import { openPlanFile } from '../plan/plan-file.ts';
import { renderApply } from '../report/apply-text.ts';
import { exitCodeOfApply } from '../report/exit-code.ts';
import { changesIn } from '../report/totals.ts';
import { allowances, listArgument, numberOption } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import { makePlan, showPlan } from './planning.ts';
import { type OpenedProject, openProject, openProjectState } from './project.ts';
import type { Shell } from './shell.ts';

export async function apply(shell: Shell, { args, options }: Invocation): Promise<number> {
  shell.host.makePrivate();
  const { file, syncs } = await fileOrSyncs(shell, listArgument(args[0]));
  if (file === undefined && options.adoptOnly !== true) checkCanAsk(shell, options);
  const opened = await openProject(shell, { names: syncs, secrets: 'syncs', writes: true });
  if (file !== undefined) return applySaved(shell, opened, options, file);
  return applyNew(shell, opened, options);
}

/** A name of a sync has neither dots nor slashes; what has them, or is a file, is a plan. */
async function fileOrSyncs(shell: Shell, typed: readonly string[]): Promise<{ file: string | undefined; syncs: readonly string[] }> {
  const [first] = typed;
  if (first === undefined) return { file: undefined, syncs: [] };
  const path = resolve(shell.context.cwd, first);
  const isFile = /[./\\]/.test(first) || ((await stat(path).catch(() => undefined))?.isFile() ?? false);
  return isFile ? { file: path, syncs: typed.slice(1) } : { file: undefined, syncs: typed };
}

function checkCanAsk(shell: Shell, options: Invocation['options']): void {
  if (options.yes === true) return;
  if (shell.options.json) throw new UserError('apply --json does not ask', { hint: 'Add --yes, or apply a saved plan: sluice apply plan.duckdb --json.' });
  if (shell.host.ask !== null) return;
  throw new UserError('nobody is at the terminal to approve the plan', {
    hint: 'Review one first (sluice plan --out plan.duckdb, then sluice apply plan.duckdb), or add --yes.',
  });
}

async function applySaved(shell: Shell, opened: OpenedProject, options: Invocation['options'], file: string): Promise<number> {
  const document = await documentOf(shell, file);
  // Who typed names of syncs wants only those.
  const syncs = opened.named ? opened.syncs.map((sync) => sync.name) : undefined;
  return run(shell, opened, options, { file, document, syncs });
}

async function documentOf(shell: Shell, file: string): Promise<PlanDocument> {
  await using planFile = await openPlanFile(shell.context, file);
  return planFile.document;
}

async function applyNew(shell: Shell, opened: OpenedProject, options: Invocation['options']): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-apply-'));
  try {
    const file = join(folder, 'plan.duckdb');
    const adoptOnly = options.adoptOnly === true;
    const document = await makePlan(shell, opened, options, { out: file });
    if (!shell.options.json) await showPlan(shell, document, undefined);
    if (!adoptOnly && !(await isApproved(shell, document, options))) {
      shell.tell('Nothing was applied.');
      return EXIT.error;
    }
    return await run(shell, opened, options, { file, document, syncs: undefined });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function isApproved(shell: Shell, document: PlanDocument, options: Invocation['options']): Promise<boolean> {
  if (options.yes === true || !document.applyable || changesIn(document.summary) === 0) return true;
  shell.end();
  const answer = await shell.host.ask?.("Apply these changes? Only 'yes' is accepted: ");
  return answer?.trim() === 'yes';
}

interface Approved {
  readonly file: string;
  readonly document: PlanDocument;
  readonly syncs: readonly string[] | undefined;
}

async function run(shell: Shell, opened: OpenedProject, options: Invocation['options'], approved: Approved): Promise<number> {
  await using state = await openProjectState(shell, opened.project);
  const result = await applyPlan(shell.context, {
    project: opened.project,
    state,
    planFile: approved.file,
    adoptOnly: options.adoptOnly === true,
    allow: allowances(options.allow, opened.project.syncs.map((sync) => sync.name)),
    registry: shell.registry,
    owner: ownerOf(shell),
    syncs: approved.syncs,
    limit: numberOption(options.limit),
  });
  if (shell.options.json) await shell.printJson(result);
  else await shell.print(renderApply(result, shell.paint));
  return exitCodeOfApply(result, approved.document);
}

/** Who holds a lease, as another run's message shows it. */
export function ownerOf(shell: Shell): string {
  const { GITHUB_RUN_ID: job, USER: user = 'unknown' } = shell.context.env;
  return job === undefined ? `${user}@${hostname()}` : `GitHub run ${job}`;
}
