/** A pull request from its first push to what becomes of it, each job run as GitHub's runner runs it. */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type GitHubServer, type JobResult, runAction, startGitHub, type Trigger } from '../support/github/index.ts';
import { type Account, fields, project, type TestProject } from '../support/project.ts';

const PULL = 7;
const ROWS: readonly Account[] = Array.from({ length: 40 }, (_, index) => [`${index + 1}`, `Customer ${index + 1}`, 'Team', 5] as const);

let p: TestProject;
let github: GitHubServer;
let origin: string;
let runs = 0;

beforeAll(async () => {
  github = await startGitHub();
  origin = await realpath(await mkdtemp(join(tmpdir(), 'sluice-origin-')));
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', origin]);
  p = await project({ source: ROWS, sync: { guards: { updates: { percent: 100 } } } });
  await writeFile(p.file('.gitignore'), '*.duckdb*\n/runner/\n/sluice-approved/\n');
  await mkdir(p.file('runner'));
  git('init', '-q', '-b', 'main');
  git('remote', 'add', 'origin', origin);
  commit('first');
  git('push', '-q', 'origin', 'main');
  await p.apply();
});

afterAll(async () => {
  await github[Symbol.asyncDispose]();
  await p[Symbol.asyncDispose]();
  await rm(origin, { recursive: true, force: true });
  expect(github.problems).toEqual([]);
});

function git(...args: readonly string[]): string {
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@acme.test', '-c', 'advice.detachedHead=false'];
  return execFileSync('git', ['-C', p.root, ...who, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function commit(message: string): string {
  git('add', '-A');
  git('commit', '-q', '-m', message);
  return git('rev-parse', 'HEAD');
}

async function job(inputs: Readonly<Record<string, string>>, trigger: Trigger = {}): Promise<JobResult> {
  runs += 1;
  return runAction({ workspace: p.root, temp: p.file('runner'), github }, inputs, { number: runs, ...trigger });
}

/** GitHub checks out what the merge would give, on no branch. */
async function plan(head: string, env: Readonly<Record<string, string>> = {}): Promise<JobResult> {
  git('push', '-q', 'origin', 'loud-plans');
  git('fetch', '-q', 'origin');
  git('checkout', '-q', '--detach', 'origin/main');
  git('merge', '-q', '--no-ff', '-m', 'merge', head);
  const payload = { pull_request: { number: PULL, head: { sha: head, repo: { full_name: github.repository } }, base: { ref: 'main' } } };
  const result = await job({ command: 'plan' }, { event: 'pull_request', payload, env });
  git('checkout', '-q', 'loud-plans');
  return result;
}

/** Text as people read it. */
function comment(): string {
  return (github.comments[0]?.body ?? '').replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}

/** Ten names have changed in the warehouse, and nobody has applied that yet. */
const MOVED: readonly Account[] = ROWS.map((row, index) => (index < 10 ? [row[0], `Renamed ${index}`, row[2], row[3]] : row));

const LOUD = { Plan: { column: undefined, sql: 'upper(plan)' } };
let head: string;
let planned: JobResult;

test('the first push gets a comment with what the branch changes and what was due anyway', async () => {
  await p.source(...MOVED);
  git('checkout', '-q', '-b', 'loud-plans');
  await p.sync({ ...fields(LOUD), guards: { updates: { percent: 100 } } });
  head = commit('Plans in capitals');
  const { code, outputs, summary, log } = await plan(head);
  expect([code, log]).toEqual([0, expect.stringContaining('Comment created')]);
  expect(outputs).toMatchObject({ 'exit-code': '0', changes: '40', update: '40', 'comment-url': expect.stringContaining('/pull/7#') });
  expect(comment()).toContain('accounts');
  expect(comment()).toMatch(/already pending/);
  expect(comment()).not.toContain('Customer 2');
  expect(summary).toContain('accounts');
  // Without a key no plan file outlives the step.
  expect(outputs['plan-path']).toBeUndefined();
  expect((await readdir(p.file('runner'), { recursive: true })).filter((name) => name.endsWith('.duckdb'))).toEqual([]);
});

test('the second push edits it', async () => {
  const id = github.comments[0]?.id;
  await p.sync({ ...fields({ ...LOUD, Seats: { when: 'create' } }), guards: { updates: { percent: 100 } } });
  head = commit('Seats only once');
  planned = await plan(head, { SLUICE_PLAN_KEY: 'a key of sufficient length' });
  expect(planned.log).toContain('Comment updated');
  expect(github.comments).toHaveLength(1);
  expect(github.comments[0]?.id).toBe(id);
  expect(comment()).toContain('Seats');
  const file = await readFile(planned.outputs['plan-path'] ?? '');
  expect(file.includes('Renamed 1')).toBe(false);
  expect(file.subarray(8, 12).toString()).not.toBe('DUCK');
});

test('the merge is applied within what was approved, although a row has moved', async () => {
  git('checkout', '-q', 'main');
  const before = git('rev-parse', 'HEAD');
  // Squashed: the commits that were reviewed are in no branch any more.
  git('merge', '-q', '--squash', 'loud-plans');
  git('commit', '-q', '-m', 'Plans in capitals (#7)');
  git('push', '-q', 'origin', 'main');
  const merge = git('rev-parse', 'HEAD');
  const push: Trigger = { event: 'push', payload: { before } };
  github.pulls.push({ number: PULL, head, merge });
  github.runs.push({ id: 4711, number: 2, head, event: 'pull_request', path: '.github/workflows/sluice-plan.yml', conclusion: 'success' });

  expect((await job({ command: 'list' }, push)).outputs['groups']).toBe('["accounts"]');
  expect((await job({ command: 'approved' }, push)).outputs).toEqual({ 'run-id': '4711', 'pull-request': '7', commit: head });
  // The workflow downloads the artifact of that run.
  await cp(planned.outputs['report-path'] ?? '', p.file('sluice-approved'), { recursive: true });

  const within = {
    command: 'apply',
    syncs: 'accounts',
    within: 'sluice-approved/envelope.json',
    'approved-commit': head,
    tolerance: '10%',
  };
  await p.source(...MOVED, ...Array.from({ length: 5 }, (_, index): Account => [`new ${index}`, 'New', 'Team', 1]));
  const beyond = await job(within, push);
  expect([beyond.code, beyond.outputs['exit-code']]).toEqual([1, '4']);
  expect(beyond.summary).toMatch(/create/);
  expect(await p.live()).toHaveLength(40);

  // One name more than were approved: within the tolerance.
  await p.source(...MOVED.slice(0, 39), ['40', 'Grace', 'Team', 5]);
  const applied = await job(within, push);
  expect([applied.annotations, applied.code, applied.outputs['applied']]).toEqual([[], 0, '40']);
  expect((await p.live()).slice(0, 2).map((record) => record.slice(0, 4))).toEqual([
    ['1', 'Renamed 0', 'TEAM', '5'],
    ['10', 'Renamed 9', 'TEAM', '5'],
  ]);
});

test('drift opens an issue, and the next apply closes it', async () => {
  await p.crm("UPDATE Account SET Name = 'Someone' WHERE Id = '3'");
  const nightly: Trigger = { event: 'schedule', payload: {} };
  const found = await job({ command: 'drift' }, nightly);
  expect([found.code, found.outputs['drift']]).toEqual([0, '1']);
  expect(github.issues).toMatchObject([{ state: 'open', title: 'Sluice: drift in acme' }]);
  await p.apply();
  await job({ command: 'drift' }, nightly);
  expect(github.issues).toMatchObject([{ state: 'closed', reason: 'completed' }]);
});
