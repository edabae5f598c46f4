/** A GitHub on this machine: comments, issues, merged pull requests and runs of one repository, through the REST API. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  type Author,
  type Comment,
  commentBody,
  type Issue,
  issueBody,
  type MergedPull,
  pullBody,
  runBody,
  type WorkflowRun,
} from './bodies.ts';
import { match, type Matched, problemsOfRequest, problemsOfResponse } from './contract.ts';

export type Permission = 'pull-requests: write' | 'issues: write' | 'actions: read';

export interface Fault {
  readonly on: RegExp;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Of a request, after the description has had its say. */
interface Body {
  readonly title?: string;
  readonly body?: string;
  readonly labels?: readonly string[];
  readonly state?: Issue['state'];
  readonly state_reason?: string;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Who the token of a job is. */
const JOB: Author = { login: 'github-actions[bot]', type: 'Bot', association: 'NONE' };
const BODY_LIMIT = 65_536;

export async function startGitHub(repository = 'acme/revops'): Promise<GitHubServer> {
  const github = new GitHubServer(repository);
  await github.listen();
  return github;
}

export class GitHubServer implements AsyncDisposable {
  readonly repository: string;
  readonly token = 'ghs_token_of_the_job';
  readonly comments: Comment[] = [];
  readonly issues: Issue[] = [];
  readonly pulls: MergedPull[] = [];
  readonly runs: WorkflowRun[] = [];
  readonly permissions = new Set<Permission>(['pull-requests: write', 'issues: write', 'actions: read']);
  /** `PATCH /repos/...`, in order. */
  readonly requests: string[] = [];
  /** Each is used once. */
  readonly faults: Fault[] = [];
  /** Called before a request is answered: what another job does meanwhile. */
  meanwhile: ((request: string) => void) | undefined;
  /** What was wrong with requests, and with our own answers. A test looks at it in the end. */
  readonly problems: string[] = [];
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  #last = 100;

  constructor(repository: string) {
    this.repository = repository;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Somebody writes a comment by hand. */
  comment(issue: number, body: string, author: Author): Comment {
    const made = { id: (this.#last += 1), issue, body, author };
    this.comments.push(made);
    return made;
  }

  /** Somebody opens an issue by hand. */
  open(issue: Pick<Issue, 'title' | 'body' | 'labels'> & Partial<Pick<Issue, 'author' | 'pull'>>): Issue {
    const made: Issue = { number: (this.#last += 1), state: 'open', reason: null, author: JOB, pull: false, ...issue };
    this.issues.push(made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString('utf8');
    const { status, body, headers } = this.#answer(request, text === '' ? undefined : JSON.parse(text));
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  #answer(request: IncomingMessage, body: unknown): Answer {
    const url = new URL(request.url ?? '/', this.url);
    const line = `${request.method ?? ''} ${url.pathname}${url.search}`;
    this.requests.push(line);
    this.meanwhile?.(line);
    if (request.headers.authorization !== `Bearer ${this.token}`) return message(401, 'Bad credentials');
    if (request.headers['user-agent'] === undefined) return message(403, 'Request forbidden by administrative rules.');
    const fault = this.faults.findIndex((each) => each.on.test(line));
    const [broken] = fault < 0 ? [] : this.faults.splice(fault, 1);
    if (broken !== undefined)
      return { ...message(broken.status, 'as the test wanted it'), ...(broken.headers === undefined ? {} : { headers: broken.headers }) };
    const matched = match(request.method ?? '', url.pathname);
    if (matched === undefined) return this.#wrong(line, ['the fake does not know this operation'], 501);
    const problems = problemsOfRequest(matched, url.searchParams, body);
    if (problems.length > 0) return this.#wrong(line, problems, 422);
    if (`${matched.path['owner'] ?? ''}/${matched.path['repo'] ?? ''}` !== this.repository) return message(404, 'Not Found');
    const answer = this.#operate(matched, url, body ?? {});
    this.problems.push(...problemsOfResponse(matched.operation, answer.status, answer.body).map((problem) => `${line}: ${problem}`));
    return answer;
  }

  #wrong(line: string, problems: readonly string[], status: number): Answer {
    this.problems.push(...problems.map((problem) => `${line}: ${problem}`));
    return message(status, problems.join('; '));
  }

  #operate({ operation: [method, path], path: names }: Matched, url: URL, body: Body): Answer {
    const number = Number(names['issue_number'] ?? names['comment_id']);
    const text = body.body ?? '';
    if (text.length > BODY_LIMIT)
      return { status: 422, body: { message: 'Validation Failed', documentation_url: 'https://docs.github.com' } };
    switch (`${method} ${path.replace('/repos/{owner}/{repo}', '')}`) {
      case 'get /issues/{issue_number}/comments':
        return this.#page(
          url,
          this.comments.filter((each) => each.issue === number),
          (each) => commentBody(this.repository, each),
        );
      case 'post /issues/{issue_number}/comments':
        return this.#allowed('pull-requests: write', () => ({
          status: 201,
          body: commentBody(this.repository, this.comment(number, text, JOB)),
        }));
      case 'patch /issues/comments/{comment_id}':
        return this.#allowed('pull-requests: write', () => this.#editComment(number, text));
      case 'delete /issues/comments/{comment_id}':
        return this.#allowed('pull-requests: write', () => this.#deleteComment(number));
      case 'get /issues':
        return this.#page(url, this.#issuesLike(url.searchParams), (each) => issueBody(this.repository, each));
      case 'post /issues':
        return this.#allowed('issues: write', () => this.#openIssue(body));
      case 'patch /issues/{issue_number}':
        return this.#allowed('issues: write', () => this.#editIssue(number, body));
      case 'get /commits/{commit_sha}/pulls':
        return this.#page(
          url,
          this.pulls.filter((each) => each.merge === names['commit_sha']),
          (each) => pullBody(each),
        );
      default:
        return this.#allowed('actions: read', () => this.#listRuns(url.searchParams));
    }
  }

  #allowed(permission: Permission, act: () => Answer): Answer {
    return this.permissions.has(permission) ? act() : message(403, 'Resource not accessible by integration');
  }

  #page<T>(url: URL, all: readonly T[], render: (each: T) => unknown): Answer {
    const size = Number(url.searchParams.get('per_page') ?? '30');
    const page = Number(url.searchParams.get('page') ?? '1');
    const next = new URL(url);
    next.searchParams.set('page', String(page + 1));
    const headers: Record<string, string> =
      page * size < all.length ? { link: `<${next.href}>; rel="next", <${url.href}>; rel="last"` } : {};
    return { status: 200, body: all.slice((page - 1) * size, page * size).map((each) => render(each)), headers };
  }

  #editComment(id: number, body: string): Answer {
    const found = this.comments.find((each) => each.id === id);
    if (found === undefined) return message(404, 'Not Found');
    found.body = body;
    return { status: 200, body: commentBody(this.repository, found) };
  }

  #deleteComment(id: number): Answer {
    const at = this.comments.findIndex((each) => each.id === id);
    if (at >= 0) this.comments.splice(at, 1);
    return { status: 204 };
  }

  #issuesLike(query: URLSearchParams): readonly Issue[] {
    const labels = (query.get('labels') ?? '').split(',').filter((label) => label !== '');
    const state = query.get('state') ?? 'open';
    return this.issues.filter((each) => (state === 'all' || each.state === state) && labels.every((label) => each.labels.includes(label)));
  }

  #openIssue({ title = '', body = '', labels = [] }: Body): Answer {
    const issue = this.open({ title, body, labels });
    return { status: 201, body: issueBody(this.repository, issue) };
  }

  #editIssue(number: number, { title, body, state, state_reason: reason }: Body): Answer {
    const issue = this.issues.find((each) => each.number === number);
    if (issue === undefined) return message(404, 'Not Found');
    if (title !== undefined) issue.title = title;
    if (body !== undefined) issue.body = body;
    if (state !== undefined) issue.state = state;
    if (reason !== undefined) issue.reason = reason;
    return { status: 200, body: issueBody(this.repository, issue) };
  }

  #listRuns(query: URLSearchParams): Answer {
    const fits = (each: WorkflowRun): boolean =>
      each.head === (query.get('head_sha') ?? each.head) &&
      each.event === (query.get('event') ?? each.event) &&
      each.conclusion === (query.get('status') ?? each.conclusion);
    const workflow_runs = this.runs.filter((each) => fits(each)).map((each) => runBody(this.repository, each));
    return { status: 200, body: { total_count: workflow_runs.length, workflow_runs } };
  }
}

function message(status: number, text: string): Answer {
  return { status, body: { message: text, documentation_url: 'https://docs.github.com/rest' } };
}
