/** The command line as a process: signals, pipes, exit codes. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { type Folder, folder } from '../support/database.ts';
import { sluice } from './run.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
/** More than any machine hashes while the test runs. */
const ENDLESS = 'select sum(hash(i)) as h from range(1000000000000) t(i)';

async function endlessProject(): Promise<Folder> {
  const here = await folder();
  expect((await sluice(here.path, ['init'])).code).toBe(0);
  const path = here.file('syncs/customers.yaml');
  const text = await readFile(path, 'utf8');
  await writeFile(
    path,
    text.replace(/from read_csv.*/, `from read_csv('data/customers.csv', all_varchar = true), (${ENDLESS}) where h is not null`),
  );
  return here;
}

/** Runs until it is under way, sends the signals, and returns how it ended. */
async function interrupted(
  here: Folder,
  args: readonly string[],
  ...signals: readonly NodeJS.Signals[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args], { cwd: here.path, env: { ...process.env, TMPDIR: here.path } });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const exit = once(child, 'close', { signal: AbortSignal.timeout(40_000) }) as Promise<[number | null]>;
  try {
    // The workspace's folder is there once the planner has begun; then it needs a moment to reach the endless statement.
    while (child.exitCode === null && !(await readdir(here.path)).some((name) => /^sluice-[A-Za-z0-9]{6}$/.test(name))) await delay(20);
    await delay(2000);
    for (const signal of signals) child.kill(signal);
    const [code] = await exit;
    return { code, ...output };
  } finally {
    child.kill('SIGKILL');
  }
}

test('Ctrl-C stops a plan, leaves nothing behind, and exits with 130', async () => {
  await using here = await endlessProject();
  const { code, stdout, stderr } = await interrupted(here, ['plan'], 'SIGINT');
  expect(stderr).toBe('\nstopping; press Ctrl-C again to stop at once\nError: stopped before the end\n');
  expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
  expect((await readdir(here.path)).toSorted()).toEqual(['.gitignore', 'crm.duckdb', 'syncs']);
});

test('a terminated apply says that it finishes its batch; with --json there is still one document', async () => {
  await using here = await endlessProject();
  const { code, stdout, stderr } = await interrupted(here, ['apply', '--yes', '--json'], 'SIGTERM');
  expect(stderr).toBe('\nfinishing the batch in flight; press Ctrl-C again to stop at once\n');
  expect(code).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({ error: { message: 'stopped before the end' } });
});

test('a second signal ends the process at once', async () => {
  await using here = await endlessProject();
  // Two different ones: the system merges two of a kind.
  const { code, stderr } = await interrupted(here, ['plan'], 'SIGINT', 'SIGTERM');
  expect(code).toBe(130);
  expect(stderr).not.toContain('Error:');
});

test('a reader that leaves early is no error', () => {
  const result = spawnSync('bash', ['-c', `"${process.execPath}" "${CLI}" schema plan | head -1; echo "\${PIPESTATUS[0]}"`], {
    encoding: 'utf8',
  });
  expect(result.stdout).toBe('{\n0\n');
  expect(result.stderr).toBe('');
});

test('exit codes reach the shell, and plan files are readable by their owner only', async () => {
  await using here = await folder();
  const run = (...args: readonly string[]): number | null => spawnSync(process.execPath, [CLI, ...args], { cwd: here.path }).status;
  expect(run('plan')).toBe(1);
  expect(run('init')).toBe(0);
  expect(run('plan', '--out', 'plan.duckdb', '--detailed-exitcode')).toBe(2);
  expect((await stat(here.file('plan.duckdb'))).mode & 0o777).toBe(0o600);
  expect(run('apply', 'plan.duckdb')).toBe(0);
  expect(run('apply', 'plan.duckdb')).toBe(4);
  expect((await stat(here.file('.sluice/state.duckdb'))).mode & 0o077).toBe(0);
});

test('it runs through a link, as a package manager installs it', async () => {
  await using here = await folder();
  await symlink(CLI, here.file('sluice.ts'));
  const result = spawnSync(process.execPath, [here.file('sluice.ts'), '--version'], { cwd: here.path, encoding: 'utf8' });
  expect(result.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
