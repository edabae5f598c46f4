/** `sluice accept`: takes what the destination holds as it is. Writes state only. */
import { accept as acceptRecords } from '../apply/accept.ts';
import { EXIT, InternalError } from '../errors.ts';
import { plural } from '../report/format.ts';
import { memoryLimitOf } from '../workspace/memory.ts';
import { ownerOf } from './applying.ts';
import { listArgument, parseKey } from './arguments.ts';
import { commitOf } from './commit.ts';
import { confirm } from './confirm.ts';
import type { Invocation } from './invocation.ts';
import { openProject, openProjectState } from './project.ts';
import type { Shell } from './shell.ts';

export async function accept(shell: Shell, { args, options }: Invocation): Promise<number> {
  shell.host.makePrivate();
  const { project, syncs } = await openProject(shell, { names: [String(args[0])], secrets: 'syncs', writes: true });
  const [sync] = syncs;
  if (sync === undefined) throw new InternalError('a named sync was not selected');
  const keys = listArgument(args[1]).map((text) => JSON.stringify(parseKey(text, sync.destination.key)));
  if (keys.length === 0 && !(await confirm(shell, options, `Accept every record of ${sync.name} that moved in the destination?`)))
    return EXIT.error;
  await using state = await openProjectState(shell, project);
  const accepted = await acceptRecords(shell.context, {
    project,
    sync,
    keys,
    state,
    engine: 'auto',
    registry: shell.registry,
    commit: await commitOf(project.dir),
    owner: ownerOf(shell),
    memoryLimit: memoryLimitOf(shell.context.env),
  });
  if (shell.options.json) await shell.printJson({ sync: sync.name, accepted });
  else
    await shell.print(
      accepted === 0 ? `Nothing of ${sync.name} has moved.\n` : `Accepted ${plural(accepted, 'record')} of ${sync.name}.\n`,
    );
  return EXIT.ok;
}
