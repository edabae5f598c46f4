/** Writes a report on GitHub. Without the permission to do so the job still succeeds: its summary has the same. */
import * as core from '@actions/core';

import { hasComment, postComment } from './comment.ts';
import { ApiError, GitHub } from './github.ts';
import { postIssue } from './issue.ts';
import type { Marker } from './marker.ts';
import type { Report } from './report.ts';
import { ActionError, type Run } from './run.ts';

export function openGitHub(run: Run, token: string | undefined): GitHub {
  if (token === undefined) throw new ActionError('github-token is empty: leave it out to use the token of the job');
  return new GitHub(run.apiUrl, token);
}

export async function publishComment(run: Run, token: string | undefined, report: Report): Promise<void> {
  const { pull } = run;
  if (pull === undefined) return;
  await permitted('pull-requests: write', async () => {
    const github = openGitHub(run, token);
    const target = { repository: run.repository, number: pull.number };
    const marker = markerOf(run, report);
    if (report.clean && !(await hasComment(github, target, marker))) return;
    const { outcome, url } = await postComment(github, target, marker, report.text);
    core.info(outcome === 'superseded' ? `A later run has already written ${url}` : `Comment ${outcome}: ${url}`);
    core.setOutput('comment-url', url);
  });
}

export async function publishIssue(run: Run, token: string | undefined, report: Report): Promise<void> {
  await permitted('issues: write', async () => {
    const { outcome, url, number } = await postIssue(openGitHub(run, token), run.repository, markerOf(run, report), report);
    core.info(outcome === 'nothing' ? 'No drift, and no open issue about it' : `Issue ${outcome}: ${url ?? ''}`);
    if (number !== undefined) core.setOutput('issue-number', number);
  });
}

async function permitted(permission: string, publish: () => Promise<void>): Promise<void> {
  try {
    await publish();
  } catch (error) {
    if (!(error instanceof ApiError) || !error.isRefusal) throw error;
    core.warning(
      `${error.message}. The result is in the summary of the job. To have it on GitHub, the job needs the permission ${permission}.`,
      {
        title: 'Sluice',
      },
    );
  }
}

function markerOf({ workflow, id, number, attempt }: Run, { kind, project, environment }: Report): Marker {
  return { kind, project, environment, workflow, id, number, attempt };
}
