/** `sluice drift`: what moved in the destinations since the last run. Reads every live record, writes nothing. */
import { EXIT } from '../errors.ts';
import { renderDrift } from '../report/drift-text.ts';
import { listArgument } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import { makePlan } from './planning.ts';
import { openProject } from './project.ts';
import type { Shell } from './shell.ts';

export async function drift(shell: Shell, { args, options }: Invocation): Promise<number> {
  shell.host.makePrivate();
  const opened = await openProject(shell, { names: listArgument(args[0]), secrets: 'syncs' });
  const document = await makePlan(shell, opened, options, { refresh: 'all' });
  if (shell.options.json) await shell.printJson(document);
  else await shell.print(renderDrift(document, shell.paint));
  // Guards limit what is written; looking needs none.
  return document.syncs.some((sync) => sync.error !== null) ? EXIT.error : EXIT.ok;
}
