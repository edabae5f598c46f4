/** `sluice validate`: everything that can be known without a connection. */
import type { Context } from '../context.ts';
import { readProjectFiles } from '../config/files.ts';
import { resolveFiles } from '../config/load.ts';
import type { Project } from '../config/model.ts';
import { environmentNames, projectFolder } from '../config/project.ts';
import { type Problem, UserError } from '../errors.ts';

export interface ValidateOptions {
  readonly dir: string;
  /** One environment. Default: each that the project has. */
  readonly environment?: string | undefined;
  readonly vars?: Readonly<Record<string, string>> | undefined;
  /** The schema of each connection type. Default: those of this version. */
  readonly connectionSchemas?: ReadonlyMap<string, object> | undefined;
}

export interface ValidateResult {
  /** Environments that were looked at; empty when the project has none. */
  readonly environments: readonly string[];
  /** The project, once for each environment in which nothing is wrong. */
  readonly projects: readonly Project[];
  /** What is wrong, in whatever environment: each problem once. */
  readonly problems: readonly Problem[];
}

/** Reads the project, in each of its environments, without asking for any secret. */
export async function validate(context: Context, options: ValidateOptions): Promise<ValidateResult> {
  const files = await readProjectFiles(projectFolder(context.cwd, options.dir), context.cwd);
  const environments = options.environment === undefined ? environmentNames(files.documents.Project) : [options.environment];
  const projects: Project[] = [];
  const problems = new Map<string, Problem>();
  for (const environment of environments.length === 0 ? [undefined] : environments) {
    try {
      projects.push(await resolveFiles(context, files, { ...options, environment, secrets: 'none' }));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      error.problems.forEach((problem) => problems.set(JSON.stringify(problem), problem));
    }
  }
  return { environments, projects, problems: [...problems.values()] };
}
