/** `sluice ls` on the command line. */
import { EXIT } from '../errors.ts';
import { listArgument, textOption } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import { ls, renderLs } from './ls.ts';
import type { Shell } from './shell.ts';

export async function runLs(shell: Shell, { args, options }: Invocation): Promise<number> {
  const { dir, env, vars, select, json } = shell.options;
  const base = textOption(options.base);
  const result = await ls(shell.context, {
    base,
    dir,
    environment: env,
    vars,
    names: listArgument(args[0]),
    selectors: select,
    connectionSchemas: shell.connectionSchemas,
  });
  if (json) await shell.printJson(result);
  else await shell.print(renderLs(result, { why: options.why === true, base }));
  return EXIT.ok;
}
