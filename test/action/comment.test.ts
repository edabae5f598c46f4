/** One comment per project and environment, whoever else writes at the same time. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { type Author, type GitHubServer, type JobResult, runAction, startGitHub, type Trigger } from '../support/github/index.ts';

let github: GitHubServer;
let temp: string;

beforeEach(async () => {
  github = await startGitHub();
  temp = await realpath(await mkdtemp(join(tmpdir(), 'sluice-action-')));
  execFileSync('git', ['-C', temp, 'init', '-q']);
});

afterEach(async () => {
  await github[Symbol.asyncDispose]();
  await rm(temp, { recursive: true, force: true });
  expect(github.problems).toEqual([]);
});

const PULL = { pull_request: { number: 7, head: { sha: 'a'.repeat(40), repo: { full_name: 'acme/revops' } }, base: { ref: 'main' } } };

/** Another job has worked out the report; this one posts it. */
async function post(text: string, trigger: Trigger = {}, own: object = {}): Promise<JobResult> {
  const report = join(temp, 'report');
  await mkdir(report, { recursive: true });
  const about = { kind: 'plan', project: 'syncs', environment: 'prod', title: '', clean: false, ...own };
  await writeFile(join(report, 'report.json'), JSON.stringify(about));
  await writeFile(join(report, 'report.md'), text);
  const how = { event: 'pull_request', payload: PULL, sha: 'b'.repeat(40), ...trigger };
  return runAction({ workspace: temp, temp, github }, { command: 'post', report: 'report' }, how);
}

function bodies(): string[] {
  return github.comments.map(({ body }) => body.split('\n').slice(1).join('\n'));
}

test('the comment is edited in place, and each environment has its own', async () => {
  const first = await post('one');
  expect([first.code, first.outputs['comment-url']]).toEqual([0, expect.stringMatching(/pull\/7#issuecomment-\d+$/)]);
  const second = await post('two', { number: 2 });
  expect(second.outputs['comment-url']).toBe(first.outputs['comment-url']);
  await post('staging', { number: 3 }, { environment: null });
  expect(bodies()).toEqual(['two', 'staging']);
  expect(github.comments[0]?.body).toMatch(/^<!-- sluice \{.*"number":2.*\} -->\ntwo$/);
});

test('an older run does not overwrite a newer one, not even when it is started again', async () => {
  await post('newer', { number: 9 });
  const late = await post('older', { number: 8, attempt: 3 });
  expect([late.code, late.log]).toEqual([0, expect.stringContaining('A later run has already written')]);
  expect(bodies()).toEqual(['newer']);
  await post('again', { number: 9, attempt: 2 });
  expect(bodies()).toEqual(['again']);
});

test('of two jobs that find no comment at once, the later run leaves one', async () => {
  const marker = (number: number): string =>
    `<!-- sluice ${JSON.stringify({ kind: 'plan', project: 'syncs', environment: 'prod', workflow: 'sluice', id: '1', number, attempt: 1 })} -->`;
  const job: Author = { login: 'github-actions[bot]', type: 'Bot', association: 'NONE' };
  const meet = (number: number): void => {
    github.comments.length = 0;
    let met = false;
    github.meanwhile = (request) => {
      if (!met && request.startsWith('POST')) github.comment(7, `${marker(number)}\nthe other`, job);
      met ||= request.startsWith('POST');
    };
  };
  meet(4);
  await post('ours', { number: 5 });
  expect(bodies()).toEqual(['ours']);
  meet(6);
  expect((await post('ours', { number: 5 })).log).toContain('A later run has already written');
  expect(bodies()).toEqual(['the other']);
});

test('nobody else can place the marker, and no name can leave it', async () => {
  await post('plan');
  const [ours] = github.comments.splice(0);
  github.comment(7, ours?.body ?? '', { login: 'mallory', type: 'User', association: 'CONTRIBUTOR' });
  github.comment(7, '<!-- sluice {"kind": -->', { login: 'ada', type: 'User', association: 'MEMBER' });
  await post('plan', { number: 2, workflow: 'a --> <b>' });
  await post('again', { number: 3, workflow: 'a --> <b>' });
  expect(bodies()).toEqual(['plan', '', 'again']);
  expect(github.comments[2]?.body.split('\n')[0]).toMatch(/^<!-- sluice [^<>]* -->$/);
});

test('it is found on the third page', async () => {
  for (let index = 0; index < 250; index += 1) github.comment(7, 'talk', { login: 'ada', type: 'User', association: 'MEMBER' });
  await post('one');
  await post('two', { number: 2 });
  expect(bodies().filter((body) => body !== '')).toEqual(['two']);
});

test('without the permission the job succeeds and says what is missing', async () => {
  github.permissions.delete('pull-requests: write');
  const { code, annotations } = await post('plan');
  expect([code, annotations]).toEqual([
    0,
    [expect.stringContaining('To have it on GitHub, the job needs the permission pull-requests: write.')],
  ]);
  expect(annotations[0]).toMatch(/^warning: POST .*403 Resource not accessible by integration/);
});

test('limits and hiccups of GitHub are waited for, other failures fail the job', async () => {
  github.faults.push(
    { on: /^GET/, status: 502, headers: { 'retry-after': '0' } },
    { on: /^GET/, status: 403, headers: { 'retry-after': '0' } },
    { on: /^POST/, status: 429, headers: { 'retry-after': '0' } },
  );
  expect((await post('plan')).code).toBe(0);
  expect(bodies()).toEqual(['plan']);
  github.faults.push({ on: /^GET/, status: 422 });
  const broken = await post('plan', { number: 2 });
  expect([broken.code, broken.annotations[0]]).toEqual([1, expect.stringContaining('422 as the test wanted it')]);
});

test('a text that is too long is cut, and nothing is written about a plan that touches no sync', async () => {
  await post('nothing', {}, { clean: true });
  expect(bodies()).toEqual([]);
  await post('😀'.repeat(40_000));
  expect(github.comments[0]?.body.length).toBeLessThan(65_536);
  expect(github.comments[0]?.body).toMatch(/😀\n\n\(cut\)\n$/u);
  await post('nothing', { number: 2 }, { clean: true });
  expect(bodies()).toEqual(['nothing']);
});

test('a drift issue is opened, updated and closed, and only that one', async () => {
  const drift = { kind: 'drift', title: 'Sluice: drift in acme' };
  const nightly = { event: 'schedule', payload: {} };
  github.open({ title: 'about drift', body: 'by hand', labels: ['sluice-drift'] });
  github.open({ title: 'a pull request', body: '', labels: ['sluice-drift'], pull: true });
  await post('clean', nightly, { ...drift, clean: true });
  const opened = await post('3 records', { ...nightly, number: 2 }, drift);
  await post('4 records', { ...nightly, number: 3 }, drift);
  const old = await post('3 records', { ...nightly, number: 2, attempt: 2 }, drift);
  expect(old.log).toContain('Issue superseded');
  const issue = github.issues.find(({ number }) => String(number) === opened.outputs['issue-number']);
  expect(issue).toMatchObject({ title: 'Sluice: drift in acme', state: 'open', labels: ['sluice-drift'] });
  expect(issue?.body).toMatch(/^<!-- sluice .* -->\n4 records$/);
  await post('clean', { ...nightly, number: 4 }, { ...drift, clean: true });
  expect([issue?.state, issue?.reason]).toEqual(['closed', 'completed']);
  await post('5 records', { ...nightly, number: 5 }, drift);
  expect(github.issues.filter(({ state }) => state === 'open')).toHaveLength(3);
  expect(github.issues.find(({ body }) => body === 'by hand')?.title).toBe('about drift');
});

test('issues that are switched off do not fail the job', async () => {
  github.faults.push({ on: /^GET/, status: 410 });
  const { code, annotations } = await post('3 records', { event: 'schedule', payload: {} }, { kind: 'drift', title: 'drift' });
  expect([code, annotations]).toEqual([0, [expect.stringContaining('permission issues: write')]]);
});
