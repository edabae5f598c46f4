/** What the verbs that plan have in common: the request, and how a plan is shown. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import type { Refresh } from '../config/model.ts';
import type { PlanDocument } from '../plan/document.ts';
import { approved } from '../plan/guards.ts';
import { plan, type PlanRequest } from '../plan/planner.ts';
import { renderPlan } from '../report/text.ts';
import { memoryLimitOf } from '../workspace/memory.ts';
import { allowances, refreshOption, textOption } from './arguments.ts';
import { commitOf } from './commit.ts';
import type { Invocation } from './invocation.ts';
import { type OpenedProject, openProjectState } from './project.ts';
import type { Shell } from './shell.ts';

/** Plans the selected syncs. The plan is written to `out` (absolute), or nowhere that stays. */
export async function makePlan(
  shell: Shell,
  opened: OpenedProject,
  options: Invocation['options'],
  own: { readonly out?: string | undefined; readonly refresh?: Refresh } = {},
): Promise<PlanDocument> {
  if (own.out !== undefined) return planInto(shell, opened, options, { ...own, out: own.out });
  const folder = await mkdtemp(join(tmpdir(), 'sluice-plan-'));
  try {
    return await planInto(shell, opened, options, { ...own, out: join(folder, 'plan.duckdb') });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function planInto(
  shell: Shell,
  { project, syncs, base }: OpenedProject,
  options: Invocation['options'],
  own: { readonly out: string; readonly refresh?: Refresh },
): Promise<PlanDocument> {
  await using state = await openProjectState(shell, project);
  return await plan(shell.context, {
    project,
    syncs,
    state,
    out: own.out,
    refresh: own.refresh ?? refreshOption(options.refresh),
    engine: engineOf(options.engine),
    retryRejected: options.retryRejected === true,
    memoryLimit: memoryLimitOf(shell.context.env),
    allow: [
      ...allowances(
        options.allow,
        syncs.map((sync) => sync.name),
      ),
      ...approved(project.approvals ?? [], shell.context.now()),
    ],
    registry: shell.registry,
    encrypt: options.encrypt === true,
    commit: await commitOf(project.dir),
    base,
  });
}

function engineOf(option: unknown): PlanRequest['engine'] {
  return option === 'local' || option === 'warehouse' ? option : 'auto';
}

/** The absolute path of `--out`. */
export function outPath(shell: Shell, options: Invocation['options']): string | undefined {
  const out = textOption(options.out);
  return out === undefined ? undefined : resolve(shell.context.cwd, out);
}

/** Prints a plan: for a program as JSON, else for people. `planFile` is the file as typed, `command` what makes such a plan. */
export async function showPlan(shell: Shell, document: PlanDocument, planFile: string | undefined, command?: string): Promise<void> {
  if (shell.options.json) return shell.printJson(document);
  const { paint } = shell;
  await shell.print(renderPlan(document, { paint, planFile: planFile === undefined ? undefined : shellWord(planFile), command }));
}

/** A word that can be pasted into a shell. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
