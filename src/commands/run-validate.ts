/** `sluice validate`: everything that is wrong with the project, all at once. */
import type { Sync } from '../config/model.ts';
import { selectSyncs } from '../config/select.ts';
import { EXIT, formatProblem, type Problem, UserError } from '../errors.ts';
import { visibleLines } from '../report/escape.ts';
import { plural } from '../report/format.ts';
import { problemDocument } from '../report/json.ts';
import type { inspectSync } from './inspect.ts';
import type { Invocation } from './invocation.ts';
import type { OpenedProject } from './project.ts';
import type { Shell } from './shell.ts';
import { validate } from './validate.ts';

export async function runValidate(shell: Shell, { options }: Invocation): Promise<number> {
  const online = options.online === true;
  const { syncs, problems } = await findProblems(shell, online);
  if (shell.options.json)
    await shell.printJson({ valid: problems.length === 0, syncs, problems: problems.map((problem) => problemDocument(problem)) });
  else if (problems.length === 0)
    await shell.print(`${shell.paint.ok('Valid.')} ${plural(syncs, 'sync')} checked${online ? ' against the connections' : ''}.\n`);
  else
    await shell.print(
      `${problems.map((problem) => visibleLines(formatProblem(problem))).join('\n')}\n\n${shell.paint.error(plural(problems.length, 'problem'))}\n`,
    );
  return problems.length === 0 ? EXIT.ok : EXIT.error;
}

interface Findings {
  /** How many syncs were looked at. */
  readonly syncs: number;
  readonly problems: readonly Problem[];
}

async function findProblems(shell: Shell, online: boolean): Promise<Findings> {
  try {
    const { dir, env, vars, select } = shell.options;
    const { projects, problems } = await validate(shell.context, {
      dir,
      environment: env,
      vars,
      connectionSchemas: shell.connectionSchemas,
    });
    const [project] = projects;
    if (problems.length > 0 || project === undefined) return { syncs: 0, problems };
    if (!online) return { syncs: selectSyncs(project, [], select).length, problems };
    // Only here: these bring the database engine in, and most of the time nobody needs it.
    const [{ openProject }, inspect] = await Promise.all([import('./project.ts'), import('./inspect.ts')]);
    const opened = await openProject(shell, { secrets: 'syncs' });
    return { syncs: opened.syncs.length, problems: await findOnline(shell, opened, inspect.inspectSync) };
  } catch (error) {
    if (error instanceof UserError) return { syncs: 0, problems: error.problems };
    throw error;
  }
}

type Inspect = typeof inspectSync;

async function findOnline(shell: Shell, { project, syncs }: OpenedProject, inspect: Inspect): Promise<readonly Problem[]> {
  const found: Problem[] = [];
  for (const sync of syncs) {
    const { problems } = await inspect(shell, project, sync);
    found.push(...problems.map((problem) => located(problem, sync)));
  }
  return found;
}

/** What a connection says has no place in a file; the sync that asked has. */
function located(problem: Problem, sync: Sync): Problem {
  return problem.location === undefined ? { ...problem, location: sync.location } : problem;
}
