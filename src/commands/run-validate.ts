/** `sluice validate` on the command line: everything that is wrong with the project, all at once. */
import type { Sync } from '../config/model.ts';
import { EXIT, formatProblem, type Problem, UserError } from '../errors.ts';
import { visibleLines } from '../report/escape.ts';
import { Writers } from '../plan/writers.ts';
import { plural } from '../report/format.ts';
import { problemDocument } from '../report/json.ts';
import { textOption } from './arguments.ts';
import { inspectSync } from './inspect.ts';
import type { Invocation } from './invocation.ts';
import { openProject } from './project.ts';
import type { Shell } from './shell.ts';
import { validate } from './validate.ts';

interface Findings {
  /** Looked at; empty when the project has none. */
  readonly environments: readonly string[];
  /** How many syncs were looked at. */
  readonly syncs: number;
  readonly problems: readonly Problem[];
}

export async function runValidate(shell: Shell, { options }: Invocation): Promise<number> {
  const online = options.online === true;
  const offline = await findOffline(shell);
  const found =
    online && offline.problems.length === 0 ? { ...offline, problems: await findOnline(shell, textOption(options.base)) } : offline;
  const { problems, ...rest } = found;
  const valid = problems.length === 0;
  if (shell.options.json) await shell.printJson({ valid, online, ...rest, problems: problems.map((problem) => problemDocument(problem)) });
  else await shell.print(valid ? validText(shell, found, online) : problemsText(shell, problems));
  return valid ? EXIT.ok : EXIT.error;
}

function validText(shell: Shell, { environments, syncs }: Findings, online: boolean): string {
  const where = environments.length === 0 ? '' : ` in ${environments.join(', ')}`;
  return `${shell.paint.ok('Valid.')} ${plural(syncs, 'sync')} checked${where}${online ? ', connections included' : ''}.\n`;
}

function problemsText(shell: Shell, problems: readonly Problem[]): string {
  const lines = problems.map((problem) => visibleLines(formatProblem(problem)));
  return `${lines.join('\n')}\n\n${shell.paint.error(`${plural(problems.length, 'problem')}.`)}\n`;
}

async function findOffline(shell: Shell): Promise<Findings> {
  const { dir, env, vars } = shell.options;
  const { environments, projects, problems } = await validate(shell.context, {
    dir,
    environment: env,
    vars,
    connectionSchemas: shell.connectionSchemas,
  });
  return { environments, syncs: Math.max(0, ...projects.map((project) => project.syncs.length)), problems };
}

/** Asks both ends of every selected sync, with the secrets of the chosen environment. */
async function findOnline(shell: Shell, base: string | undefined): Promise<readonly Problem[]> {
  const found: Problem[] = [];
  try {
    const { project, syncs } = await openProject(shell, { secrets: 'syncs', base });
    const writers = new Writers();
    for (const sync of syncs) {
      const { problems, schema, identity } = await inspectSync(shell, project, sync);
      const shared = schema === null || identity === null ? [] : writers.add(sync, identity, schema);
      found.push(...problems.map((problem) => located(problem, sync)), ...shared);
    }
    return found;
  } catch (error) {
    // A missing secret is a problem like any other.
    if (error instanceof UserError) return [...found, ...error.problems];
    throw error;
  }
}

/** What a connection says has no place in a file; the sync that asked has. */
function located(problem: Problem, sync: Sync): Problem {
  return problem.location === undefined ? { ...problem, location: sync.location } : problem;
}
