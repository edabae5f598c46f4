/** Finds the run that planned what was merged: the one whose envelope an apply may trust. */
import * as core from '@actions/core';

import type { Inputs } from './inputs.ts';
import { openGitHub } from './publish.ts';
import { ActionError, type Run } from './run.ts';

interface MergedPull {
  readonly number: number;
  readonly merged_at: string | null;
  readonly merge_commit_sha: string | null;
  readonly head: { readonly sha: string };
}

interface WorkflowRun {
  readonly id: number;
  readonly run_number: number;
  readonly path: string;
  readonly head_repository: { readonly full_name: string } | null;
}

/**
 * Trusted is a run that succeeded, on the last commit of the branch that was merged as this commit, in this repository
 * and not in a fork, by the workflow that plans. Throws when there is none: then nobody has seen what would be done.
 */
export async function approved(run: Run, inputs: Inputs): Promise<void> {
  const github = openGitHub(run, inputs.token);
  const pulls = await github.list<MergedPull>(`/repos/${run.repository}/commits/${run.sha}/pulls`);
  const pull = pulls.find((each) => each.merged_at !== null && each.merge_commit_sha === run.sha);
  if (pull === undefined) throw new ActionError(`${run.sha} was not merged by a pull request: nobody has approved a plan for it`);
  const query = new URLSearchParams({ head_sha: pull.head.sha, event: 'pull_request', status: 'success', per_page: '100' });
  const { workflow_runs: runs } = await github.get<{ readonly workflow_runs: readonly WorkflowRun[] }>(
    `/repos/${run.repository}/actions/runs?${query.toString()}`,
  );
  const [newest] = runs
    .filter((each) => isPlan(each, inputs.workflow) && each.head_repository?.full_name === run.repository)
    .toSorted((a, b) => b.run_number - a.run_number);
  if (newest === undefined) {
    throw new ActionError(`no run of ${inputs.workflow} has planned commit ${pull.head.sha} of pull request ${pull.number}`);
  }
  core.info(`Pull request ${pull.number}, planned by run ${newest.id}`);
  core.setOutput('run-id', newest.id);
  core.setOutput('pull-request', pull.number);
  core.setOutput('commit', pull.head.sha);
}

/** `.github/workflows/sluice-plan.yml`, at times with `@` and the branch behind it. */
function isPlan({ path }: WorkflowRun, workflow: string): boolean {
  return path.replace(/@.*$/, '') === `.github/workflows/${workflow}`;
}
