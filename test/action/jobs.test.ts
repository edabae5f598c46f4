/** The action's commands, each run as GitHub's runner runs it. */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { type GitHubServer, type JobResult, runAction, startGitHub, type Trigger } from '../support/github/index.ts';
import { project, type TestProject } from '../support/project.ts';

let github: GitHubServer;

beforeAll(async () => {
  github = await startGitHub();
});

beforeEach(() => {
  github.pulls.length = 0;
  github.runs.length = 0;
  github.requests.length = 0;
});

afterAll(async () => {
  await github[Symbol.asyncDispose]();
  expect(github.problems).toEqual([]);
});

function git(p: TestProject, ...args: readonly string[]): string {
  return execFileSync('git', ['-C', p.root, '-c', 'user.name=Ada', '-c', 'user.email=ada@acme.test', ...args], { encoding: 'utf8' }).trim();
}

/** The project as the first commit of a repository. */
async function committed(setup: Parameters<typeof project>[0] = {}): Promise<TestProject> {
  const p = await project(setup);
  await writeFile(p.file('.gitignore'), '*.duckdb*\n/tmp/\nnode_modules/\n');
  git(p, 'init', '-q', '-b', 'main');
  git(p, 'add', '-A');
  git(p, 'commit', '-q', '-m', 'first');
  return p;
}

async function run(p: TestProject, inputs: Readonly<Record<string, string>>, trigger: Trigger = {}): Promise<JobResult> {
  await mkdir(p.file('tmp'), { recursive: true });
  return runAction({ workspace: p.root, temp: p.file('tmp'), github }, inputs, trigger);
}

function pull(from: string | null, more: object = {}): Trigger {
  const repo = from === null ? null : { full_name: from };
  return {
    event: 'pull_request',
    payload: { pull_request: { number: 7, head: { sha: 'a'.repeat(40), repo }, base: { ref: 'main' }, ...more } },
  };
}

/** A Sluice of the project's own, which notes what it was given. */
async function installSpy(
  p: TestProject,
  stdout: object,
): Promise<() => Promise<{ readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }[]>> {
  const folder = p.file('node_modules/sluice');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'sluice', bin: { sluice: 'spy.mjs' } }));
  const note = `appendFileSync(${JSON.stringify(join(folder, 'notes'))}, JSON.stringify({ args: process.argv.slice(2), env: process.env }) + '\\n')`;
  await writeFile(
    join(folder, 'spy.mjs'),
    `import { appendFileSync } from 'node:fs';\n${note};\nconsole.log(${JSON.stringify(JSON.stringify(stdout))});\n`,
  );
  return async () =>
    (await readFile(join(folder, 'notes'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as never);
}

test('validate puts problems beside their lines', async () => {
  await using p = await committed({ sync: { feilds: {}, mode: 'sometimes' } });
  const { code, annotations, summary } = await run(p, { command: 'validate' });
  expect(code).toBe(1);
  expect(annotations).toEqual([
    expect.stringMatching(/^error file=syncs\/syncs\.yaml,line=\d+,col=\d+: .*feilds/s),
    expect.stringMatching(/^error file=syncs\/syncs\.yaml,line=\d+,col=\d+: mode: .*sometimes/s),
    'error: the project is not valid: 2 problems',
  ]);
  expect(summary).toContain('## The project is not valid');
  expect(summary).toContain('did you mean');
});

test('validate runs the tests of the project', async () => {
  await using p = await committed();
  await p.write('syncs/tests.yaml', {
    kind: 'Test',
    name: 'a new account',
    sync: 'accounts',
    given: { rows: [{ id: '1', name: 'Ada', plan: 'Team', seats: 5 }] },
    expect: { create: [{ Id: '1', Name: 'Bob', Plan: 'Team', Seats: 5 }] },
  });
  const { code, annotations, log } = await run(p, { command: 'validate' });
  expect([code, annotations]).toEqual([1, ['error: the tests of the project fail']]);
  expect(log).toContain('a new account');
});

test('a pull request from a fork is validated without credentials, whatever was asked for', async () => {
  await using p = await committed();
  const notes = await installSpy(p, { valid: true, syncs: 1, problems: [] });
  const env = { CRM_PASSWORD: 'hunter2', SLUICE_PLAN_KEY: 'k', ACTIONS_RUNTIME_TOKEN: 't' };
  for (const fork of ['mallory/revops', null]) {
    const { code, annotations } = await run(p, { command: 'plan' }, { ...pull(fork), env });
    expect([code, annotations]).toEqual([0, [expect.stringContaining('comes from a fork')]]);
  }
  const calls = await notes();
  expect(calls.map(({ args }) => args[0])).toEqual(['validate', 'test', 'validate', 'test']);
  expect(JSON.stringify(calls)).not.toMatch(/hunter2|SLUICE_PLAN_KEY|ACTIONS_|INPUT_|ghs_/);
  expect(github.requests).toEqual([]);
});

test('elsewhere Sluice gets the credentials of the job, and neither the token nor the doors of the runner', async () => {
  await using p = await committed();
  const notes = await installSpy(p, { project: 'acme', environment: null, syncs: [] });
  await run(
    p,
    { command: 'list', environment: 'prod', syncs: 'a b', select: 'tag:crm' },
    { env: { CRM_PASSWORD: 'hunter2', ACTIONS_RUNTIME_TOKEN: 't' } },
  );
  const [call] = await notes();
  expect(call?.args).toEqual(['ls', '--json', 'a', 'b', '--select', 'tag:crm', '--dir', 'syncs', '--env', 'prod']);
  expect(call?.env['CRM_PASSWORD']).toBe('hunter2');
  expect(Object.keys(call?.env ?? {}).join(' ')).not.toMatch(/INPUT_|ACTIONS_RUNTIME|GITHUB_OUTPUT|GITHUB_ENV/);
  expect(JSON.stringify(call)).not.toContain(github.token);
});

test('code of a stranger does not run where secrets are at hand', async () => {
  await using p = await committed();
  const notes = await installSpy(p, {});
  const base = git(p, 'rev-parse', 'HEAD');
  git(p, 'commit', '-q', '--allow-empty', '-m', 'of a stranger');
  for (const event of ['pull_request_target', 'workflow_run', 'issue_comment']) {
    const { code, annotations } = await run(p, { command: 'plan' }, { ...pull('mallory/revops'), event, sha: base });
    expect([code, annotations[0]]).toEqual([1, expect.stringContaining(`${event} has the secrets of this repository`)]);
  }
  await expect(notes()).rejects.toThrow('ENOENT');
});

test('nothing is applied before the merge', async () => {
  await using p = await committed({ source: [['1', 'Ada', 'Team', 5]] });
  const open = await run(p, { command: 'apply' }, pull('acme/revops'));
  expect([open.code, open.annotations]).toEqual([1, ['error: pull request 7 is not merged: apply after the merge, on push']]);
  const merged = await run(p, { command: 'apply' }, pull('acme/revops', { merged: true }));
  expect([merged.code, merged.outputs]).toEqual([0, expect.objectContaining({ 'exit-code': '0', applied: '1' })]);
  expect(merged.summary).toContain('## Sluice apply: 1 applied');
  expect(await p.live()).toHaveLength(1);
});

test('an apply that a guard forbids fails the job and says why', async () => {
  await using p = await committed({ source: [['1', 'Ada', 'Team', 5]], sync: { guards: { creates: { max: 0 } } } });
  const { code, outputs, annotations, summary } = await run(p, { command: 'apply' });
  expect([code, outputs['exit-code'], annotations]).toEqual([1, '3', ['error: apply: a guard, a check or a limit forbids it']]);
  expect(summary).toMatch(/accounts<\/code>:\n- .*creates/);
  expect(await p.live()).toEqual([]);
});

test('an apply on schedule takes what is due', async () => {
  await using p = await committed({ source: [['1', 'Ada', 'Team', 5]], sync: { schedule: 'hourly' } });
  const { log, outputs } = await run(p, { command: 'apply', due: 'true' }, { event: 'schedule', payload: { schedule: '7 * * * *' } });
  expect(log).toContain('accounts  hourly    due: it has never run');
  expect(outputs['applied']).toBe('1');
});

test('drift opens an issue without values', async () => {
  await using p = await committed({ source: [['1', 'Ada', 'Team', 5]] });
  await p.apply();
  await p.crm("UPDATE Account SET Plan = 'secret plan'");
  const found = await run(p, { command: 'drift' }, { event: 'schedule', number: 1 });
  expect([found.code, found.outputs['drift']]).toEqual([0, '1']);
  const [issue] = github.issues;
  expect(issue).toMatchObject({ title: 'Sluice: drift in acme', state: 'open', labels: ['sluice-drift'] });
  expect(issue?.body).toContain('**1 record changed in the destination**');
  expect(issue?.body).toContain('<code>Plan</code> 1');
  expect(`${issue?.body ?? ''}${found.summary}${found.log}`).not.toMatch(/secret plan|Team/);
});

test('an issue stays open while a sync cannot be read', async () => {
  await using p = await committed({ source: [['1', 'Ada', 'Team', 5]] });
  github.issues.length = 0;
  github.open({
    title: 'Sluice: drift in acme',
    body: '<!-- sluice {"kind":"drift","project":"syncs","environment":null,"number":1} -->\n',
    labels: ['sluice-drift'],
  });
  await p.crm('DROP TABLE Account');
  const { code, annotations } = await run(p, { command: 'drift' }, { event: 'schedule', number: 3 });
  expect([code, annotations.at(-1)]).toEqual([1, 'error: drift: 1 of 1 syncs could not be read']);
  expect(github.issues[0]?.state).toBe('open');
});

test('list keeps syncs together that refer to each other', async () => {
  await using p = await committed();
  const syncs = [
    ['a', []],
    ['b', ['c']],
    ['c', []],
    ['d', ['b']],
    ['e', ['elsewhere']],
  ].map(([name, needs]) => ({ name, needs }));
  await installSpy(p, { project: 'acme', environment: null, syncs });
  expect((await run(p, { command: 'list' })).outputs['groups']).toBe('["a","b c d","e"]');
  await installSpy(p, {
    project: 'acme',
    environment: null,
    syncs: Array.from({ length: 500 }, (_, index) => ({ name: `s${index}`, needs: [] })),
  });
  const many = JSON.parse((await run(p, { command: 'list' })).outputs['groups'] ?? '') as string[];
  expect([many.length, many[0], many.join(' ').split(' ').length]).toEqual([250, 's0 s1', 500]);
});

test('the run that planned what was merged is found, and no other', async () => {
  await using p = await committed();
  const merge = git(p, 'rev-parse', 'HEAD');
  const head = 'c'.repeat(40);
  const planned = { head, event: 'pull_request', path: '.github/workflows/sluice-plan.yml', conclusion: 'success' };
  const direct = await run(p, { command: 'approved' });
  expect([direct.code, direct.annotations]).toEqual([1, [expect.stringContaining('was not merged by a pull request')]]);
  github.pulls.push({ number: 7, head: 'd'.repeat(40), merge, merged: false }, { number: 8, head, merge });
  github.runs.push(
    { ...planned, id: 41, number: 1 },
    { ...planned, id: 42, number: 2, path: '.github/workflows/sluice-plan.yml@refs/pull/8/merge' },
    { ...planned, id: 43, number: 3, from: 'mallory/revops' },
    { ...planned, id: 44, number: 4, path: '.github/workflows/other.yml' },
    { ...planned, id: 45, number: 5, conclusion: 'failure' },
    { ...planned, id: 46, number: 6, head: 'e'.repeat(40) },
    { ...planned, id: 47, number: 7, event: 'push' },
  );
  const found = await run(p, { command: 'approved' });
  expect([found.code, found.outputs]).toEqual([0, { 'run-id': '42', 'pull-request': '8', commit: head }]);
  github.runs.splice(0, 2);
  const none = await run(p, { command: 'approved' });
  expect([none.code, none.annotations]).toEqual([1, [expect.stringContaining('no run of sluice-plan.yml has planned commit')]]);
});

test('a cancelled job lets an apply finish its batch', async () => {
  await using p = await committed();
  const folder = p.file('node_modules/sluice');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'sluice', bin: { sluice: 'slow.mjs' } }));
  const slow =
    "process.on('SIGINT', () => { console.log(JSON.stringify({ error: { message: 'stopped before the end', where: null, hint: null, problems: [] } })); process.exit(1); });\nconsole.error('writing'); setInterval(() => {}, 1000);\n";
  await writeFile(join(folder, 'slow.mjs'), slow);
  const onLine = (line: string, kill: (signal: NodeJS.Signals) => void): void => {
    if (line === 'writing') kill('SIGINT');
  };
  const { code, annotations } = await run(p, { command: 'apply' }, { onLine });
  expect([code, annotations]).toEqual([1, ['error: stopped before the end', 'error: apply: it ended with an error']]);
});

test('what Sluice says is no command to the runner', async () => {
  await using p = await committed();
  const folder = p.file('node_modules/sluice');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'sluice', bin: { sluice: 'evil.mjs' } }));
  await writeFile(
    join(folder, 'evil.mjs'),
    "console.error('::set-env name=PATH::/evil'); console.error('##[add-path]/evil'); process.exitCode = 1;",
  );
  const { code, log } = await run(p, { command: 'drift' });
  expect(code).toBe(1);
  expect(log).not.toMatch(/^(::set-env|##\[)/m);
  expect(log).toContain('sluice ended with 1 and without a result');
});

test('wrong inputs are named', async () => {
  await using p = await committed();
  expect((await run(p, { command: 'destroy' })).annotations).toEqual([expect.stringContaining('command: there is no command "destroy"')]);
  expect((await run(p, { command: 'plan', syncs: '--yes' })).annotations).toEqual(['error: syncs: "--yes" is not a name']);
  expect((await run(p, { command: 'post', report: 'nowhere' })).annotations).toEqual(['error: report: there is no report in nowhere']);
  expect(await readdir(p.file('tmp'))).not.toContain('evil');
});
