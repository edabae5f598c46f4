/** `sluice dbt exposures`: the syncs as dbt sees them, for its lineage. */
import { resolve } from 'node:path';

import { exposuresYaml } from '../dbt/exposures.ts';
import { EXIT, UserError } from '../errors.ts';
import { plural } from '../words.ts';
import { listArgument, textOption } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import { openProject } from './project.ts';
import type { Shell } from './shell.ts';
import { checkReplaces, type Kind, writeStream } from './write-stream.ts';

const EXPOSURES: Kind = { name: 'a file of exposures', begins: (text) => text.startsWith('# Written by `sluice dbt exposures`') };

export async function dbtExposures(shell: Shell, { args, options }: Invocation): Promise<number> {
  const { project, syncs } = await openProject(shell, { names: listArgument(args[0]), secrets: 'none' });
  const reading = syncs.filter((sync) => sync.source.dbt !== undefined);
  if (reading.length === 0) {
    throw new UserError('no sync reads a dbt model', { hint: 'A sync does with source: { dbt: MODEL } in place of its query.' });
  }
  const text = exposuresYaml(project, reading, { url: project.dbt?.exposureUrl });
  const out = textOption(options.out);
  if (shell.options.json) await shell.printJson({ exposures: reading.length, yaml: text });
  else if (out === undefined) await shell.print(text);
  if (out !== undefined) {
    const path = resolve(shell.context.cwd, out);
    await checkReplaces(path, out, EXPOSURES);
    await writeStream(path, [text], 0o644);
  }
  if (reading.length < syncs.length) {
    shell.tell(
      `${plural(syncs.length - reading.length, 'sync reads', 'syncs read')} no dbt model and ${syncs.length - reading.length === 1 ? 'is' : 'are'} left out.`,
    );
  }
  return EXIT.ok;
}
