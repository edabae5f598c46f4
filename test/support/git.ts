/** Real Git repositories for tests, without the user's settings. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const ENV = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
  GIT_AUTHOR_DATE: '2026-11-01T10:00:00Z',
  GIT_COMMITTER_DATE: '2026-11-01T10:00:00Z',
};

/** Runs git in a folder; what it printed, without the line end. */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', folder, '-c', 'protocol.file.allow=always', ...args], { env: ENV });
  return stdout.trimEnd();
}

/** Makes the folder a repository whose branch `main` holds everything in it but databases. */
export async function initRepository(folder: string): Promise<string> {
  await git(folder, 'init', '--quiet', '--initial-branch=main');
  return commitAll(folder, 'the project');
}

/** Commits everything but databases; the full name of the commit. */
export async function commitAll(folder: string, message: string): Promise<string> {
  await git(folder, 'add', '--all', '--', '.', ':!*.duckdb*', ':!crm.json');
  await git(folder, 'commit', '--quiet', '--allow-empty', '--message', message);
  return git(folder, 'rev-parse', 'HEAD');
}
