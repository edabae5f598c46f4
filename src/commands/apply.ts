/** `sluice apply`: writes a plan. Without a file it plans, shows, asks, and then applies that very plan. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { EXIT, UserError } from '../errors.ts';
import { PLAN_FORMAT, type PlanDocument } from '../plan/document.ts';
import { openPlanFile } from '../plan/plan-file.ts';
import { carryOut, isApproved } from './applying.ts';
import { listArgument, textOption } from './arguments.ts';
import { onlyDue } from './due.ts';
import { type Approval, checkApproval, holdWithin, readApproval } from './envelope.ts';
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
  if (file !== undefined && options.base !== undefined) {
    throw new UserError('--base chooses what to plan, and this plan is already made', { hint: 'Leave out --base, or leave out the file.' });
  }
  if (file !== undefined && options.due === true) {
    throw new UserError('--due chooses what to plan, and this plan is already made', { hint: 'Leave out --due, or leave out the file.' });
  }
  const approval = await readApproval(shell, options);
  // Who names no sync wants those that were approved; what else is due is another run's business.
  const names = syncs.length > 0 || file !== undefined ? syncs : (approval?.envelope.syncs.map(({ name }) => name) ?? []);
  const opened = await openProject(shell, { names, secrets: 'syncs', writes: true, base: textOption(options.base) });
  if (approval !== undefined) await checkApproval(shell, opened, options, approval);
  if (file !== undefined) return applySaved(shell, opened, options, { file, approval });
  if (approval !== undefined && names.length === 0) return nothingApproved(shell, opened, approval);
  return applyNew(shell, options.due === true ? await onlyDue(shell, opened) : opened, options, approval);
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

/** No name would mean every sync: of an envelope without one, nothing is planned. */
async function nothingApproved(shell: Shell, { project }: OpenedProject, { file, envelope }: Approval): Promise<number> {
  const summary = { applied: 0, unchanged: 0, held: 0, rejected: 0, unknown: 0, not_attempted: 0 };
  const { name, environment } = project;
  if (shell.options.json)
    await shell.printJson({ format_version: PLAN_FORMAT, plan_id: envelope.plan_id, project: name, environment, summary, syncs: [] });
  else await shell.print(`${file} approves no change: nothing was applied.\n`);
  return EXIT.ok;
}

/** A plan that was made earlier, and what it has to stay within. */
interface Saved {
  readonly file: string;
  readonly approval: Approval | undefined;
}

/** A saved plan was reviewed: it is not asked about again. Who names syncs wants only those. */
async function applySaved(shell: Shell, opened: OpenedProject, options: Invocation['options'], { file, approval }: Saved): Promise<number> {
  const { document, planned } = await savedPlan(shell, file);
  const syncs = opened.named ? opened.syncs.map((sync) => sync.name) : undefined;
  const applied = document.syncs.filter(({ name }) => syncs?.includes(name) !== false);
  if (approval !== undefined) holdWithin(approval, opened, { ...document, syncs: applied }, planned);
  return carryOut(shell, opened, options, { file, document, syncs });
}

async function savedPlan(shell: Shell, file: string): Promise<{ document: PlanDocument; planned: ReadonlyMap<string, string> }> {
  await using planFile = await openPlanFile(shell.context, file);
  return { document: planFile.document, planned: new Map(planFile.syncs.map(({ sync, configHash }) => [sync, configHash])) };
}

async function applyNew(
  shell: Shell,
  opened: OpenedProject,
  options: Invocation['options'],
  approval: Approval | undefined,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-apply-'));
  try {
    const file = join(folder, 'plan.duckdb');
    const document = await makePlan(shell, opened, options, { out: file });
    if (!shell.options.json) await showPlan(shell, document, undefined);
    if (approval !== undefined) holdWithin(approval, opened, document);
    if (options.adoptOnly === true || (await isApproved(shell, document, options)))
      return await carryOut(shell, opened, options, { file, document });
    shell.tell('Nothing was applied.');
    return EXIT.error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
