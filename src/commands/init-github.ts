/** `sluice init --github`: workflows for the project that is here, and their schedules kept in step with the syncs. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';

import { readProjectFiles } from '../config/files.ts';
import { EXIT, UserError } from '../errors.ts';
import { visible } from '../report/escape.ts';
import { Repository } from '../git/repository.ts';
import { openProject } from './project.ts';
import type { Shell } from './shell.ts';
import { withSchedules, type Workflow, workflowsOf } from './workflows.ts';

const FOLDER = '.github/workflows';

interface Planned extends Workflow {
  /** `.github/workflows/sluice-plan.yml`. */
  readonly path: string;
  /** What stands there now; undefined while there is nothing. */
  readonly before: string | undefined;
}

/** Writes what is missing and updates the schedules. With `check` it writes nothing, and throws when something is stale. */
export async function initGithub(shell: Shell, options: { readonly check: boolean }): Promise<number> {
  const { cwd } = shell.context;
  if (!(await exists(join(cwd, '.git')))) {
    throw new UserError('init --github writes .github/workflows, and this is not the top folder of a Git repository', {
      hint: 'Run it where .git is, and name the project folder with --dir.',
    });
  }
  const { project } = await openProject(shell, { secrets: 'none' });
  if (project.environment === null && project.environments.length > 0) {
    throw new UserError('this project has environments: choose the one to deploy', { hint: `--env ${project.environments.join(' | ')}` });
  }
  const dir = relative(cwd, resolve(cwd, shell.options.dir)).split(sep).join('/') || '.';
  const files = await readProjectFiles(project.dir, cwd);
  // A check asks for the schedules only.
  const branch = options.check ? 'main' : await (await Repository.around(cwd, shell.context)).defaultBranch();
  const stale = (await planned(cwd, await workflowsOf(project, files, { dir, branch }))).filter(({ before, text }) => before !== text);
  if (options.check) return checked(shell, stale);
  for (const { path, text } of stale) {
    await mkdir(join(cwd, FOLDER), { recursive: true });
    await writeFile(join(cwd, path), text);
  }
  await tell(shell, stale);
  if (project.state.type === 'local')
    shell.tell("State lies in a file, and a runner's disk is gone after the job: keep it in a connection (state: { connection: ... }).");
  return EXIT.ok;
}

async function planned(cwd: string, workflows: readonly Workflow[]): Promise<readonly Planned[]> {
  return Promise.all(
    workflows.map(async ({ name, text }) => {
      const path = `${FOLDER}/${name}`;
      const before = (await exists(join(cwd, path))) ? await readFile(join(cwd, path), 'utf8') : undefined;
      return { name, path, before, text: before === undefined ? text : withSchedules(before, text) };
    }),
  );
}

async function checked(shell: Shell, stale: readonly Planned[]): Promise<number> {
  const outdated = stale.filter(({ before }) => before !== undefined).map(({ path }) => path);
  if (outdated.length > 0) {
    throw new UserError(`the schedules of the syncs have changed since ${outdated.join(', ')} was written`, {
      hint: `Run: sluice init --github${shell.options.env === undefined ? '' : ` --env ${shell.options.env}`}`,
    });
  }
  if (shell.options.json) await shell.printJson({ created: [], updated: [], gitignore: [] });
  else await shell.print('The workflows follow the schedules of the syncs.\n');
  return EXIT.ok;
}

async function tell(shell: Shell, stale: readonly Planned[]): Promise<void> {
  const created = stale.filter(({ before }) => before === undefined).map(({ path }) => path);
  const updated = stale.filter(({ before }) => before !== undefined).map(({ path }) => path);
  if (shell.options.json) return shell.printJson({ created, updated, gitignore: [] });
  const lines = [...created, ...updated.map((path) => `${path} (schedules)`)].map((line) => `  ${visible(line)}\n`);
  await shell.print(lines.length === 0 ? 'The workflows are up to date.\n' : lines.join(''));
  if (created.length > 0)
    shell.tell('Next: npm install --save-dev sluice, and give the repository the secrets that the workflows name (Settings, Secrets).');
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
