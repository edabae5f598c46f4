/** `sluice apply`: writes a plan. Without a file it plans, shows, asks, and then applies that very plan. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { EXIT, UserError } from '../errors.ts';
import type { PlanDocument } from '../plan/document.ts';
import { openPlanFile } from '../plan/plan-file.ts';
import { carryOut, isApproved } from './applying.ts';
import { listArgument } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import { makePlan, showPlan } from './planning.ts';
import { type OpenedProject, openProject } from './project.ts';
import type { Shell } from './shell.ts';

export async function apply(shell: Shell, { args, options }: Invocation): Promise<number> {
  shell.host.makePrivate();
  const { file, syncs } = await fileOrSyncs(shell, listArgument(args[0]));
  if (file === undefined && options.adoptOnly !== true) checkCanAsk(shell, options);
  if (file !== undefined && (options.refresh !== undefined || options.retryRejected === true)) {
    throw new UserError('--refresh and --retry-rejected belong to planning, and this plan is already made', {
      hint: 'Leave them out, or leave out the file.',
    });
  }
  const opened = await openProject(shell, { names: syncs, secrets: 'syncs', writes: true });
  return file === undefined ? applyNew(shell, opened, options) : applySaved(shell, opened, options, file);
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
  if (shell.options.json)
    throw new UserError('apply --json does not ask', { hint: 'Add --yes, or apply a saved plan: sluice apply plan.duckdb --json.' });
  if (shell.host.ask !== null) return;
  throw new UserError('nobody is at the terminal to approve the plan', {
    hint: 'Review one first (sluice plan --out plan.duckdb, then sluice apply plan.duckdb), or add --yes.',
  });
}

/** A saved plan was reviewed: it is not asked about again. Who names syncs wants only those. */
async function applySaved(shell: Shell, opened: OpenedProject, options: Invocation['options'], file: string): Promise<number> {
  const document = await documentOf(shell, file);
  const syncs = opened.named ? opened.syncs.map((sync) => sync.name) : undefined;
  return carryOut(shell, opened, options, { file, document, syncs });
}

async function documentOf(shell: Shell, file: string): Promise<PlanDocument> {
  await using planFile = await openPlanFile(shell.context, file);
  return planFile.document;
}

async function applyNew(shell: Shell, opened: OpenedProject, options: Invocation['options']): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-apply-'));
  try {
    const file = join(folder, 'plan.duckdb');
    const document = await makePlan(shell, opened, options, { out: file });
    if (!shell.options.json) await showPlan(shell, document, undefined);
    if (options.adoptOnly === true || (await isApproved(shell, document, options)))
      return await carryOut(shell, opened, options, { file, document });
    shell.tell('Nothing was applied.');
    return EXIT.error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
