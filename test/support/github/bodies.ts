/** What the fake remembers, and how GitHub's API says it. Properties that nobody reads have the least value that fits. */
import { sample } from './contract.ts';

export interface Comment {
  readonly id: number;
  readonly issue: number;
  body: string;
  readonly author: Author;
}

export interface Issue {
  readonly number: number;
  title: string;
  body: string;
  readonly labels: readonly string[];
  state: 'open' | 'closed';
  reason: string | null;
  readonly author: Author;
  /** It is a pull request: lists of issues hold those, too. */
  readonly pull: boolean;
}

export interface Author {
  readonly login: string;
  readonly type: 'Bot' | 'User';
  readonly association: string;
}

export interface MergedPull {
  readonly number: number;
  readonly head: string;
  readonly merge: string;
  readonly merged?: boolean;
}

export interface WorkflowRun {
  readonly id: number;
  readonly number: number;
  readonly head: string;
  readonly event: string;
  readonly path: string;
  readonly conclusion: string;
  readonly from?: string;
}

export function commentBody(repository: string, { id, issue, body, author }: Comment): unknown {
  const html = `https://github.test/${repository}/pull/${issue}#issuecomment-${id}`;
  return { ...sample('issue-comment'), id, body, html_url: html, user: userOf(author), author_association: author.association };
}

export function issueBody(repository: string, { number, title, body, labels, state, reason, author, pull }: Issue): unknown {
  const html = `https://github.test/${repository}/issues/${number}`;
  return {
    ...sample('issue'),
    ...{ id: number * 1000, number, title, body, state, state_reason: reason, labels, html_url: html },
    ...{ user: userOf(author), author_association: author.association },
    ...(pull ? { pull_request: { url: html, html_url: html, diff_url: html, patch_url: html } } : {}),
  };
}

export function pullBody({ number, head, merge, merged = true }: MergedPull): unknown {
  const pull = sample('pull-request-simple') as { readonly head: object };
  return {
    ...pull,
    number,
    merge_commit_sha: merge,
    merged_at: merged ? '2026-11-23T10:00:00Z' : null,
    head: { ...pull.head, sha: head },
  };
}

export function runBody(repository: string, { id, number, head, event, path, conclusion, from = repository }: WorkflowRun): unknown {
  const run = sample('workflow-run');
  const source = { ...sample('minimal-repository'), full_name: from };
  return { ...run, id, run_number: number, head_sha: head, event, path, conclusion, status: 'completed', head_repository: source };
}

function userOf({ login, type }: Author): unknown {
  return { ...sample('simple-user'), login, type };
}
