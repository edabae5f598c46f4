/** The one comment of a project and environment on a pull request: found by its marker, edited in place. */
import type { GitHub } from './github.ts';
import { compareRuns, isSame, type Marker, markerLine, newestFirst, readMarker } from './marker.ts';
import { cutText, isOurs, type Written } from './written.ts';

export interface Posted {
  /** `superseded`: a later run had already written. */
  readonly outcome: 'created' | 'updated' | 'superseded';
  readonly url: string;
}

export interface PullOf {
  readonly repository: string;
  readonly number: number;
}

/** Two jobs may do this at once: whichever looks last leaves one comment, that of the later run. */
export async function postComment(github: GitHub, pull: PullOf, marker: Marker, text: string): Promise<Posted> {
  const body = cutText(`${markerLine(marker)}\n${text}`);
  const [newest, ...others] = await findComments(github, pull, marker);
  if (newest === undefined) return create(github, pull, marker, body);
  await remove(github, pull, others);
  if (compareRuns(newest.marker, marker) > 0) return { outcome: 'superseded', url: newest.html_url };
  const { html_url: url } = await github.patch<Written>(`/repos/${pull.repository}/issues/comments/${newest.id}`, { body });
  return { outcome: 'updated', url };
}

/** Whether the pull request has such a comment. */
export async function hasComment(github: GitHub, pull: PullOf, marker: Marker): Promise<boolean> {
  return (await findComments(github, pull, marker)).length > 0;
}

async function create(github: GitHub, pull: PullOf, marker: Marker, body: string): Promise<Posted> {
  const { id, html_url: url } = await github.post<Written>(`/repos/${pull.repository}/issues/${pull.number}/comments`, { body });
  const [newest, ...others] = await findComments(github, pull, marker);
  await remove(github, pull, others);
  return newest === undefined || newest.id === id ? { outcome: 'created', url } : { outcome: 'superseded', url: newest.html_url };
}

type Comment = Written & { readonly marker: Marker };

async function findComments(github: GitHub, pull: PullOf, marker: Marker): Promise<readonly Comment[]> {
  const all = await github.list<Written>(`/repos/${pull.repository}/issues/${pull.number}/comments`);
  const found = all.flatMap((each) => {
    const its = isOurs(each) ? readMarker(each.body) : undefined;
    return its === undefined || !isSame(its, marker) ? [] : [{ ...each, marker: its }];
  });
  return newestFirst(found);
}

async function remove(github: GitHub, pull: PullOf, comments: readonly Comment[]): Promise<void> {
  for (const { id } of comments) await github.delete(`/repos/${pull.repository}/issues/comments/${id}`);
}
