/** The one issue about drift of a project and environment: opened, kept up to date, closed when nothing is left of it. */
import type { GitHub } from './github.ts';
import { compareRuns, isSame, type Marker, markerLine, newestFirst, readMarker } from './marker.ts';
import { cutText, isOurs, type Written } from './written.ts';

export const LABEL = 'sluice-drift';

export interface DriftReport {
  readonly title: string;
  readonly text: string;
  readonly clean: boolean;
}

export interface IssuePosted {
  readonly outcome: 'opened' | 'updated' | 'closed' | 'superseded' | 'nothing';
  readonly url?: string;
  readonly number?: number;
}

interface Issue extends Written {
  readonly number: number;
  readonly pull_request?: object;
}

export async function postIssue(github: GitHub, repository: string, marker: Marker, report: DriftReport): Promise<IssuePosted> {
  const [open] = await findIssues(github, repository, marker);
  const body = cutText(`${markerLine(marker)}\n${report.text}`);
  if (open === undefined) return report.clean ? { outcome: 'nothing' } : create(github, repository, { title: report.title, body });
  const { number, html_url: url } = open;
  if (compareRuns(open.marker, marker) > 0) return { outcome: 'superseded', number, url };
  const change = report.clean ? { body, state: 'closed', state_reason: 'completed' } : { title: report.title, body };
  await github.patch(`/repos/${repository}/issues/${number}`, change);
  return { outcome: report.clean ? 'closed' : 'updated', number, url };
}

async function create(github: GitHub, repository: string, issue: { readonly title: string; readonly body: string }): Promise<IssuePosted> {
  const { number, html_url: url } = await github.post<Issue>(`/repos/${repository}/issues`, { ...issue, labels: [LABEL] });
  return { outcome: 'opened', number, url };
}

/** The list of issues holds pull requests, too. */
async function findIssues(github: GitHub, repository: string, marker: Marker): Promise<readonly (Issue & { readonly marker: Marker })[]> {
  const all = await github.list<Issue>(`/repos/${repository}/issues?state=open&labels=${LABEL}`);
  const found = all.flatMap((each) => {
    const its = each.pull_request === undefined && isOurs(each) ? readMarker(each.body) : undefined;
    return its === undefined || !isSame(its, marker) ? [] : [{ ...each, marker: its }];
  });
  return newestFirst(found);
}
