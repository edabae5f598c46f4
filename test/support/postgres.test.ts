/** Test servers start on any machine, keep what was committed, and are gone when their test is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { folder } from './database.ts';
import { install, nativeFolder } from './postgres-binaries.ts';
import { onPostgres, startPostgres } from './postgres.ts';

describe.each([14, 16, 18] as const)('Postgres %i', (major) => {
  test('keeps what was committed over a restart and over a crash', async () => {
    await using server = await startPostgres({ major, settings: { TimeZone: 'Asia/Kathmandu' } });
    const url = await server.createDatabase();
    expect(await server.createDatabase()).not.toBe(url);
    await onPostgres(url, 'CREATE TABLE account (id int)');
    for (const [id, how] of [
      [1, 'crash'],
      [2, 'fast'],
    ] as const) {
      // prettier-ignore
      await onPostgres(url, `INSERT INTO account VALUES (${id})`);
      await server.restart(how);
    }
    expect(await onPostgres(url, 'SELECT id, now()::text LIKE $$%+05:45$$ AS there FROM account')).toEqual([
      { id: '1', there: 't' },
      { id: '2', there: 't' },
    ]);
    const [version] = await onPostgres(url, 'SHOW server_version');
    expect(version?.['server_version']).toMatch(new RegExp(`^${major}\\.`));
    await expect(onPostgres(url.replace('correct', 'wrong'), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });
});

test('a checkout that other users may not enter, installed without install scripts, serves all the same', async () => {
  await using private_ = await folder();
  const native = private_.file('native');
  await cp(nativeFolder(18), native, { recursive: true, verbatimSymlinks: true });
  const lib = join(native, 'lib');
  for (const entry of await readdir(lib, { withFileTypes: true })) if (entry.isSymbolicLink()) await rm(join(lib, entry.name));
  await chmod(private_.path, 0o700);
  const installation = await install(18, native);
  try {
    const child = spawn(installation.initdb, ['--pgdata', installation.data, '--no-sync'], { ...installation.user, cwd: tmpdir() });
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    await installation.remove();
  }
});

test('a server that cannot start fails the test with what the server said', async () => {
  await expect(startPostgres({ settings: { shared_buffers: 'plenty' } })).rejects.toThrow(/invalid value for parameter "shared_buffers"/);
});

const ABANDON = `
  import { readFile } from 'node:fs/promises';
  import { startPostgres } from '${join(import.meta.dirname, 'postgres.ts')}';
  const server = await startPostgres();
  const pid = (await readFile(server.folder + '/data/postmaster.pid', 'utf8')).split('\\n')[0];
  process.stdout.write(pid + ' ' + server.folder);
  if (process.argv[1] === 'wait') setInterval(() => undefined, 1000);
`;

test.each(['end', 'wait'])('a test process that ends without stopping its server takes it along (%s)', async (how) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', ABANDON, how], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const [pid = '', path = ''] = said.toString().split(' ');
  if (how === 'wait') child.kill('SIGKILL');
  await expect.poll(async () => (await readdir(path).catch(() => 'gone')), { timeout: 20_000 }).toBe('gone'); // prettier-ignore
  expect(() => process.kill(Number(pid), 0)).toThrow(/ESRCH/);
});
