/** What a job may do, judged by where the code in its workspace comes from. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { Inputs } from './inputs.ts';
import { ActionError, type Run } from './run.ts';

/** Events that run with this repository's secrets, whoever set them off. Their commit is one of this repository. */
const PRIVILEGED: ReadonlySet<string> = new Set(['pull_request_target', 'workflow_run', 'issue_comment']);

/**
 * `offline`: the code is a stranger's, so it is looked at without credentials and without connections. Throws when
 * a stranger's code stands where secrets are at hand, or when somebody would apply what is not merged.
 */
export async function trustOf(run: Run, { command }: Inputs): Promise<'full' | 'offline'> {
  if (PRIVILEGED.has(run.event) && command !== 'post' && (await checkedOut(run.workspace)) !== run.sha) {
    throw new ActionError(
      `${run.event} has the secrets of this repository, and the workspace holds other code than its commit ${run.sha}. ` +
        'Sluice does not run there: use the event pull_request, which gives forks no secrets.',
    );
  }
  if (run.pull === undefined || run.pull.merged) return 'full';
  if (command === 'apply') throw new ActionError(`pull request ${run.pull.number} is not merged: apply after the merge, on push`);
  return run.pull.fork ? 'offline' : 'full';
}

/** The commit in the workspace; undefined where Git cannot tell. */
async function checkedOut(workspace: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['-C', workspace, 'rev-parse', 'HEAD']);
    return stdout.trim();
  } catch {
    // Not a repository, or one that Git does not trust: then it is not known to be ours.
    return undefined;
  }
}
