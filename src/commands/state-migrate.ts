/** `sluice state migrate`: after `state` in the project file was changed, brings along what the old place remembers. */
import { resolve } from 'node:path';

import type { Project, StateConfig } from '../config/model.ts';
import { EXIT, UserError } from '../errors.ts';
import { migrateState } from '../state/migrate.ts';
import { openState } from '../state/open.ts';
import type { State } from '../state/state.ts';
import { plural } from '../words.ts';
import { textOption } from './arguments.ts';
import { confirm } from './confirm.ts';
import type { Invocation } from './invocation.ts';
import { openProject, openProjectState } from './project.ts';
import type { Shell } from './shell.ts';

export async function migrate(shell: Shell, { options }: Invocation): Promise<number> {
  shell.host.makePrivate();
  const typed = textOption(options.from) ?? '';
  const connection = /^([a-z0-9][a-z0-9_-]*):(?![\\/])/.exec(typed)?.[1];
  const { project } = await openProject(shell, {
    secrets: 'state',
    writes: true,
    ...(connection === undefined ? {} : { connections: [connection] }),
  });
  if (connection !== undefined && !project.connections.has(connection)) {
    throw new UserError(`--from ${typed}: there is no connection "${connection}" in this project`, {
      hint: `The connections are ${[...project.connections.keys()].join(', ')}. A path with a colon in it begins with ./`,
    });
  }
  const old = placeOf(shell, project, typed);
  if (isSamePlace(old, project.state)) {
    throw new UserError('the project keeps its state there already', {
      hint: 'Change `state` in the project file to the new place first; --from names the old one.',
    });
  }
  await using from = await openState(shell.context, { ...project, state: old });
  await using to = await openProjectState(shell, project);
  if (!(await confirmed(shell, options, from, to))) return EXIT.error;
  const dump = await migrateState(from, to, 'sluice state migrate');
  const document = {
    from: from.description,
    to: to.description,
    runs: dump.runs.length,
    syncs: dump.heads.map((head) => ({ sync: head.sync, records: head.records, serial: head.serial })),
  };
  if (shell.options.json) await shell.printJson(document);
  else await shell.print(`${summary(document)}\n`);
  return EXIT.ok;
}

/** `connection:schema` (BigQuery: `connection:dataset`) where the project has such a connection, else the path of a file. */
function placeOf(shell: Shell, project: Project, typed: string): StateConfig {
  const [name = '', ...rest] = typed.split(':');
  const connection = project.connections.get(name);
  if (rest.length > 0 && connection !== undefined) {
    return { type: 'connection', connection: name, [connection.type === 'bigquery' ? 'dataset' : 'schema']: rest.join(':') };
  }
  return { type: 'local', path: resolve(shell.context.cwd, typed) };
}

function isSamePlace(a: StateConfig, b: StateConfig): boolean {
  if (a.type === 'local') return b.type === 'local' && a.path === b.path;
  return b.type === 'connection' && a.connection === b.connection && nameIn(a) === nameIn(b);
}

function nameIn({ schema, dataset }: Extract<StateConfig, { type: 'connection' }>): string {
  return schema ?? dataset ?? 'sluice';
}

async function confirmed(shell: Shell, options: Invocation['options'], from: State, to: State): Promise<boolean> {
  const heads = await from.heads();
  const records = heads.reduce((sum, head) => sum + head.records, 0);
  return confirm(
    shell,
    options,
    `Copy the state of ${plural(heads.length, 'sync')} with ${plural(records, 'record')} from ${from.description} to ${to.description}?`,
  );
}

interface Migrated {
  readonly from: string;
  readonly to: string;
  readonly runs: number;
  readonly syncs: readonly { readonly records: number }[];
}

function summary({ from, to, runs, syncs }: Migrated): string {
  const records = syncs.reduce((sum, sync) => sum + sync.records, 0);
  const what = `${plural(syncs.length, 'sync')}, ${plural(records, 'record')} and ${plural(runs, 'run')}`;
  return `Copied ${what} from ${from} to ${to}; counts and checksums agree.\n${from} is left as it is. Nothing reads it any more: remove it when you like.`;
}
