/** `sluice revert RUN`: the plan that puts back what a run changed. Applied like any other plan, if at all. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EXIT, UserError } from '../errors.ts';
import type { PlanDocument } from '../plan/document.ts';
import { planRevert } from '../plan/revert.ts';
import { exitCodeOfPlan } from '../report/exit-code.ts';
import { changesIn } from '../report/totals.ts';
import { memoryLimitOf } from '../workspace/memory.ts';
import { carryOut, isApproved } from './applying.ts';
import { allowances, textOption } from './arguments.ts';
import { commitOf } from './commit.ts';
import type { Invocation } from './invocation.ts';
import { outPath, shellWord, showPlan } from './planning.ts';
import { type OpenedProject, openProject, openProjectState } from './project.ts';
import type { Shell } from './shell.ts';

export async function revert(shell: Shell, invocation: Invocation): Promise<number> {
  shell.host.makePrivate();
  const { options } = invocation;
  const out = outPath(shell, options);
  if (options.encrypt === true && out === undefined)
    throw new UserError('--encrypt needs a file to encrypt', { hint: 'Add --out back.duckdb.' });
  const opened = await openProject(shell, {
    secrets: 'syncs',
    writes: out === undefined && (options.yes === true || shell.host.ask !== null),
  });
  return out === undefined ? revertNow(shell, opened, invocation) : planOnly(shell, opened, invocation, out);
}

async function planOnly(shell: Shell, opened: OpenedProject, invocation: Invocation, out: string): Promise<number> {
  const document = await reversal(shell, opened, invocation, out);
  const typed = textOption(invocation.options.out) ?? out;
  await showPlan(shell, document, typed);
  if (!shell.options.json && changesIn(document.summary) > 0) shell.tell(`Next: sluice apply ${shellWord(typed)}`);
  return exitCodeOfPlan(document, { detailed: false });
}

/** Without a file: shown, and applied once somebody said yes. Where nobody can be asked it stays a plan. */
async function revertNow(shell: Shell, opened: OpenedProject, invocation: Invocation): Promise<number> {
  const { options } = invocation;
  const folder = await mkdtemp(join(tmpdir(), 'sluice-revert-'));
  try {
    const file = join(folder, 'plan.duckdb');
    const document = await reversal(shell, opened, invocation, file);
    const mayApply = options.yes === true || (shell.host.ask !== null && !shell.options.json);
    if (!(shell.options.json && mayApply))
      await showPlan(shell, document, undefined, `sluice revert ${shellWord(String(invocation.args[0]))}`);
    if (!mayApply || changesIn(document.summary) === 0) {
      if (!mayApply) shell.tell('To apply it: add --yes, or --out back.duckdb and then sluice apply back.duckdb');
      return exitCodeOfPlan(document, { detailed: false });
    }
    if (await isApproved(shell, document, options)) return await carryOut(shell, opened, options, { file, document });
    shell.tell('Nothing was applied.');
    return EXIT.error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function reversal(shell: Shell, { project }: OpenedProject, { args, options }: Invocation, out: string): Promise<PlanDocument> {
  await using state = await openProjectState(shell, project);
  return await planRevert(shell.context, {
    project,
    state,
    out,
    runId: String(args[0]),
    engine: 'auto',
    encrypt: options.encrypt === true,
    allow: allowances(options.allow, project.syncs.map((sync) => sync.name)), // prettier-ignore
    registry: shell.registry,
    commit: await commitOf(project.dir),
    memoryLimit: memoryLimitOf(shell.context.env),
  });
}
