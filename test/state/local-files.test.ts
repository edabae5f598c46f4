/** The files of the local state: damaged, foreign, torn, unwritable. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterEach, expect, test } from 'vitest';

import { LocalState } from '../../src/state/local/local.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import {
  at,
  baseRow,
  baseRows,
  closePlans,
  intent,
  keyOf,
  planOf,
  runStart,
  seqs,
  startRun,
  temporaryFolder,
  testContext,
  wholeRun,
} from './harness.ts';

const APPLIED = { status: 'applied' } as const;

afterEach(closePlans);

function openAt(path: string, identity: { project?: string; environment?: string | null } = {}): LocalState {
  return new LocalState(testContext(), { path, project: 'acme', environment: null, ...identity });
}

async function withState(work: (state: LocalState, path: string) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'state.duckdb');
  await using state = openAt(path);
  await work(state, path);
}

/** A run that stops after half of its outcomes, as if killed. */
async function leftover(state: LocalState, path: string): Promise<string> {
  const { lease, run } = await startRun(state, runStart('s'), [intent(1, 'a'), intent(2, 'b')]);
  await run.intend(seqs(1));
  await run.intend(seqs(2));
  await run.record([at(1, APPLIED)]);
  await lease.release();
  return join(`${path}.d`, 'journal', 's.1.ndjson');
}

for (const [what, tail] of [
  ['half a line', '{"n":4,"t":"outcome","seq":2,"status":"app'],
  ['half a character', Buffer.from([...Buffer.from('{"n":4,"t":"outcome","seq":2,"message":"'), 0xf0, 0x9f])],
  ['zeros, as after a power cut', Buffer.alloc(5000)],
] as const) {
  test(`a journal that ends in ${what} is read up to there, and folded up to there`, () =>
    withState(async (state, path) => {
      await appendFile(await leftover(state, path), tail);
      const expected = [
        [keyOf('a'), null],
        [keyOf('b'), expect.any(String) as string],
      ];
      expect((await baseRows(state, 's')).records.map((row) => [row['key'], row['pending']])).toEqual(expected);
      expect((await state.runs('s'))[0]?.counts).toEqual({ applied: 1, create: 1, unknown: 1 });
      const { run } = await startRun(state, runStart('s'));
      expect(run.serial).toBe(2);
      expect((await baseRows(state, 's')).records.map((row) => [row['key'], row['pending']])).toEqual(expected);
    }));
}

test('a journal whose first line is torn began no run', () =>
  withState(async (state, path) => {
    const journal = await leftover(state, path);
    await truncate(journal, 20);
    expect(await baseRows(state, 's')).toEqual({ records: [], rejects: [], count: 0 });
    expect(await state.heads()).toEqual([]);
    await wholeRun(state, runStart('s'), [{ intent: intent(1, 'z'), outcome: APPLIED }]);
    expect((await baseRows(state, 's')).records.map((row) => row['key'])).toEqual([keyOf('z')]);
    expect(await readdir(`${path}.d/journal`)).toEqual([]);
  }));

test('a journal that lost a line in the middle is an error, never a guess', () =>
  withState(async (state, path) => {
    const journal = await leftover(state, path);
    const lines = (await readFile(journal, 'utf8')).split('\n');
    await writeFile(journal, lines.toSpliced(1, 1).join('\n'));
    await expect(baseRows(state, 's')).rejects.toThrow(`the journal ${journal} is damaged`);
    await expect(startRun(state, runStart('s'))).rejects.toThrow('is damaged');
    await writeFile(journal, lines.toSpliced(2, 1, '{"n":2,"t":"intent"').join('\n'));
    await expect(baseRows(state, 's')).rejects.toThrow('is damaged');
  }));

test('a record of 20 MB is journaled and folded whole', () =>
  withState(async (state) => {
    const sent = JSON.stringify({ Name: 'x'.repeat(20_000_000) });
    await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a', { sent }), outcome: APPLIED }]);
    expect((await baseRow(state, 's', 'a'))?.['sent']).toBe(sent);
  }));

test('names of syncs and folders may hold what file systems and DuckDB read as something else', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "it's [a] *.d", 'state 1.duckdb');
  await using state = openAt(path);
  for (const sync of ['../a.b/*', "o'brien", 'a.1']) {
    await wholeRun(state, runStart(sync), [{ intent: intent(1, sync), outcome: APPLIED }]);
    const { run } = await startRun(state, runStart(sync), [intent(2, 'pending')]);
    await run.intend(seqs(2));
    expect(await baseRows(state, sync)).toMatchObject({ count: 2 });
  }
  expect((await state.heads()).map((head) => [head.sync, head.serial])).toEqual([
    ['../a.b/*', 2],
    ['a.1', 2],
    ["o'brien", 2],
  ]);
});

test('everything is readable by its owner only, whatever the umask', () =>
  withState(async (state, path) => {
    const before = process.umask(0);
    try {
      await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: APPLIED }]);
      const { run } = await startRun(state, runStart('s'), [intent(1, 'a')]);
      await run.intend(seqs(1));
    } finally {
      expect(process.umask(before)).toBe(0);
    }
    const modes = new Set<string>();
    for (const entry of await readdir(`${path}.d`, { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      modes.add(`${entry.isDirectory() ? 'folder' : 'file'} ${(mode & 0o777).toString(8)}`);
    }
    expect(modes).toEqual(new Set(['folder 700', 'file 600']));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  }));

test('the state of another project or environment is refused, naming both', () =>
  withState(async (state, path) => {
    await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: APPLIED }]);
    await using project = openAt(path, { project: 'other' });
    await expect(project.head('s')).rejects.toThrow(`the state file ${path} belongs to project acme, not to project other`);
    await using environment = openAt(path, { environment: 'prod' });
    await expect(baseRows(environment, 's')).rejects.toThrow('belongs to project acme, not to project acme, environment prod');
    await expect(startRun(environment, runStart('t'))).rejects.toThrow('belongs to project acme');
    expect((await state.heads()).map((head) => head.sync)).toEqual(['s']);
  }));

test('the state of a newer Sluice is refused', () =>
  withState(async (state, path) => {
    await wholeRun(state, runStart('s'), []);
    await changeFile(path, 'UPDATE f.meta SET format = 2');
    await expect(state.head('s')).rejects.toThrow(`the state file ${path} was written by a newer Sluice (format 2; this one knows 1)`);
    await expect(startRun(state, runStart('t'))).rejects.toThrow('was written by a newer Sluice');
  }));

test('a DuckDB database that is no state file is refused and left alone', () =>
  withState(async (state, path) => {
    await changeFile(path, 'CREATE TABLE f.mine AS SELECT 1 AS a');
    await expect(state.head('s')).rejects.toThrow(`the state file ${path} is damaged or is not a Sluice state file`);
    await expect(startRun(state, runStart('s'))).rejects.toThrow('is not a Sluice state file');
    await changeFile(path, 'INSERT INTO f.mine VALUES (2)');
  }));

for (const [what, content] of [
  ['text', 'not a database, but long enough to look like something\n'.repeat(200)],
  ['empty', ''],
] as const) {
  test(`a state file that is ${what} is refused`, () =>
    withState(async (state, path) => {
      await writeFile(path, content);
      const error = await state.head('s').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'UserError', message: `the state file ${path} is damaged or is not a Sluice state file` });
      await expect(startRun(state, runStart('s'))).rejects.toThrow('is damaged');
      expect(await readFile(path, 'utf8')).toBe(content);
    }));
}

test('a state file with overwritten pages is refused', () =>
  withState(async (state, path) => {
    await wholeRun(
      state,
      runStart('s'),
      Array.from({ length: 5000 }, (_, seq) => ({ intent: intent(seq, seq), outcome: APPLIED })),
    );
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(0x5a, 12_288));
    await expect(state.head('s')).rejects.toMatchObject({
      name: 'UserError',
      message: `the state file ${path} is damaged or is not a Sluice state file`,
    });
  }));

test('a file where a folder is needed', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'file'), '');
  await using state = openAt(join(folder.path, 'file', 'state.duckdb'));
  await expect(state.acquire('s', 'alice@host')).rejects.toThrow('a file stands where a folder is needed');
});

/** Runs the actor as somebody without special rights; what it says. */
async function asNobody(command: readonly string[]): Promise<string> {
  const rights = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  return output(spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'], ...rights }));
}

async function output(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no output');
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return said;
}

const ACTOR = [process.execPath, join(import.meta.dirname, 'actor.ts')];

test('in a folder that cannot be written, apply says so and reading works', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'locked', 'state.duckdb');
  await using state = openAt(path);
  await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: APPLIED }]);
  const { lease, run } = await startRun(state, runStart('s'), [intent(2, 'b')]);
  await run.intend(seqs(2));
  await lease.release();
  await open(folder.path, 0o555, 0o444);
  try {
    expect(await asNobody([...ACTOR, path, 'tell', '3'])).toMatch(/^no permission to write .*locked/);
    expect(await asNobody([...ACTOR, path, 'count'])).toBe('count 2\n');
    expect(await asNobody([...ACTOR, join(folder.path, 'new', 'state.duckdb'), 'tell', '3'])).toMatch(/^no permission to write .*new/);
  } finally {
    await open(folder.path, 0o755, 0o644);
  }
});

/** Gives everything below a folder these rights. */
async function open(folder: string, folderMode: number, fileMode: number): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? folderMode : fileMode);
  }
  await chmod(folder, folderMode);
}

test.each([
  ['the copy of the plan', 30_000, 'plan.duckdb'],
  ['the state file', 1000, 'state.duckdb'],
])('a disk that is full while %s grows: an error with the path, nothing recorded is lost', async (_what, count, file) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'state.duckdb');
  await using state = openAt(path);
  await wholeRun(state, runStart('s'), [{ intent: intent(1, 'first'), outcome: APPLIED }]);
  // A limit on the size of files fails like a full disk, at the same calls, and needs no rights to set up.
  const limited = ['-c', 'ulimit -f 1000; exec "$@"', 'bash', ...ACTOR, path, 'tell', String(count)];
  const plan = await planOf(
    's',
    Array.from({ length: count }, (_, seq) => intent(seq, seq)),
  );
  const env = { ...process.env, SLUICE_TEST_PLAN: plan.file };
  const said = await output(spawn('bash', limited, { stdio: ['ignore', 'pipe', 'inherit'], env }));
  expect(said).toMatch(new RegExp(`cannot write .*${file}.*: the disk \\(or this user's share of it\\) is full\n$`));
  const { run } = await startRun(state, runStart('s'));
  const { records } = await baseRows(state, 's');
  const recorded = said.startsWith('recorded');
  expect(records.filter((row) => row['pending'] === null)).toHaveLength(1 + (recorded ? count / 2 : 0));
  expect(run.serial).toBe(recorded ? 3 : 2);
});

test('a folder that is made is private; one that exists keeps its rights', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'mine'), { mode: 0o755 });
  await using inside = openAt(join(folder.path, 'mine', 'state.duckdb'));
  await inside.acquire('s', 'alice@host');
  await using made = openAt(join(folder.path, 'made', 'state.duckdb'));
  await made.acquire('s', 'alice@host');
  expect((await stat(join(folder.path, 'mine'))).mode & 0o777).toBe(0o755);
  expect((await stat(join(folder.path, 'made'))).mode & 0o777).toBe(0o700);
});

async function changeFile(path: string, statement: string): Promise<void> {
  await using workspace = await Workspace.open();
  await workspace.attach(path, 'f', 'write');
  await workspace.run(statement);
  await workspace.detach('f');
}
