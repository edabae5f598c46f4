/** Real DuckDB files for tests, made and looked at outside of the code under test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';

export interface Folder extends AsyncDisposable {
  readonly path: string;
  readonly file: (name: string) => string;
}

/** A folder of the test's own, removed afterwards. */
export async function folder(): Promise<Folder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'sluice-test-')));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true }),
  };
}

/** Runs statements on a database file (made when missing) and returns the rows of the last one. */
export async function onDatabase(path: string, ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const results: Record<string, unknown>[][] = [];
    for (const statement of statements) results.push((await connection.runAndReadAll(statement)).getRowObjectsJS());
    return results.at(-1) ?? [];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const WRITER = `
  import { DuckDBInstance } from '@duckdb/node-api';
  const [path, ...statements] = process.argv.slice(1);
  const instance = await DuckDBInstance.create(path, { checkpoint_threshold: '1TB' });
  const connection = await instance.connect();
  for (const statement of statements) await connection.run(statement);
  process.stdout.write('ready');
  setInterval(() => undefined, 1000);
`;

/** Another process that has run statements on the file and keeps it open, until it is killed without a chance to tidy up. */
export async function otherProcess(
  path: string,
  ...statements: readonly string[]
): Promise<AsyncDisposable & { pid: number; kill: () => Promise<void> }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, path, ...statements], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error('the process did not start');
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(new Error('the process ended early')))]);
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { pid, kill, [Symbol.asyncDispose]: kill };
}
