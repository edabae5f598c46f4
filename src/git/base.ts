/** The project at the commit that this branch and another have in common. */
import type { Context } from '../context.ts';
import { workingTree } from '../config/file-view.ts';
import { type LoadOptions, loadProject } from '../config/load.ts';
import type { Project } from '../config/model.ts';
import { projectFolder } from '../config/project.ts';
import { formatProblem, UserError } from '../errors.ts';
import type { PlanBase } from '../plan/document.ts';
import { plural } from '../words.ts';
import { Repository } from './repository.ts';
import { CommitTree } from './tree.ts';

export interface BaseProject extends Pick<PlanBase, 'ref' | 'commit' | 'dirty' | 'status' | 'why'> {
  /** Without secrets. Undefined when there was none, or none that is valid. */
  readonly project: Project | undefined;
}

/**
 * Reads the project at the merge base of HEAD and `ref`. One with problems is no error: the branch may be what repairs it.
 * Throws `UserError` where Git cannot say what the merge base is, or holds.
 */
export async function loadBase(context: Context, ref: string, options: Omit<LoadOptions, 'secrets' | 'files'>): Promise<BaseProject> {
  const folder = projectFolder(context.cwd, options.dir);
  if ((await workingTree.kindOf(folder)) !== 'folder') {
    throw new UserError(`there is no folder ${options.dir}`, { hint: 'Name the project folder with --dir.' });
  }
  const repository = await Repository.around(folder, context);
  const commit = await repository.mergeBase(ref);
  const found = { ref, commit, dirty: await repository.isDirty(), project: undefined };
  const files = await CommitTree.open(repository, folder, commit);
  if ((await files.kindOf(folder)) === undefined) {
    return { ...found, status: 'new', why: `there was no folder ${options.dir} at ${short(commit)}: every sync is new` };
  }
  const own = { requireEnvironment: false, requireWrittenState: false, allowUnknownVars: true };
  try {
    const project = await loadProject(context, { ...options, ...own, secrets: 'none', files });
    return { ...found, status: 'compared', why: null, project };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...found, status: 'invalid', why: invalid(commit, error) };
  }
}

function invalid(commit: string, { problems }: UserError): string {
  const [first] = problems;
  const text = first === undefined ? '' : formatProblem({ ...first, hint: undefined });
  const more = problems.length > 1 ? ` (and ${plural(problems.length - 1, 'problem')} more)` : '';
  return `the project at ${short(commit)} has problems, so the branch is planned alone: ${text}${more}`;
}

/** A commit as people name it. */
export function short(commit: string): string {
  return commit.slice(0, 7);
}
