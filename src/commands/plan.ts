/** `sluice plan`: what an apply would change. Writes nothing but the plan file. */
import { UserError } from '../errors.ts';
import type { PlanDocument } from '../plan/document.ts';
import { exitCodeOfPlan } from '../report/exit-code.ts';
import { changesIn } from '../report/totals.ts';
import { listArgument, textOption } from './arguments.ts';
import { checkEnvelopeOptions, writeEnvelope } from './envelope.ts';
import type { Invocation } from './invocation.ts';
import { makePlan, outPath, shellWord, showPlan } from './planning.ts';
import { openProject } from './project.ts';
import type { Shell } from './shell.ts';

export async function plan(shell: Shell, { args, options }: Invocation): Promise<number> {
  shell.host.makePrivate();
  const out = outPath(shell, options);
  if (options.encrypt === true && out === undefined) {
    throw new UserError('--encrypt needs a file to encrypt', { hint: 'Add --out plan.duckdb.' });
  }
  await checkEnvelopeOptions(shell, options, out);
  const opened = await openProject(shell, { names: listArgument(args[0]), secrets: 'syncs', base: textOption(options.base) });
  const document = await makePlan(shell, opened, options, { out });
  await writeEnvelope(shell, opened, options, document);
  const typed = textOption(options.out);
  await showPlan(shell, document, typed);
  tellNext(shell, document, typed);
  return exitCodeOfPlan(document, { detailed: options.detailedExitcode === true });
}

function tellNext(shell: Shell, document: PlanDocument, out: string | undefined): void {
  if (shell.options.json || !document.applyable || changesIn(document.summary) === 0) return;
  const { env, dir } = shell.options;
  const flags = `${dir === 'syncs' ? '' : ` --dir ${shellWord(dir)}`}${env === undefined ? '' : ` --env ${shellWord(env)}`}`;
  shell.tell(out === undefined ? `Next: sluice apply${flags}` : `Next: sluice apply ${shellWord(out)}${flags}`);
}
