/** Files that are locked, damaged, foreign, too new or on a full disk: every word of the message, and nothing written. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { onDatabase, otherProcess } from '../support/database.ts';
import { CLI, must, type Ran, type TestProject } from '../support/project.ts';
import { BOB, expectRefusal, footprint, moving, saidBy, unapplied, unplanned } from './refuses.ts';

async function planned(): Promise<TestProject> {
  const p = await moving();
  must(await p.run(['plan', '--out', 'plan.duckdb']), 0);
  return p;
}

describe('locked by another process', () => {
  test.each([
    ['crm', '6:1'],
    ['warehouse', '1:1'],
  ])('%s', async (name, at) => {
    await using p = await moving();
    await using _other = await otherProcess(p.file(`${name}.duckdb`), 'SELECT 1');
    const says = `syncs/connections.yaml:${at}: <root>/${name}.duckdb is open in another process (process N)\nDuckDB lets one process write to a file, and nobody else meanwhile: close the other program and run the command again.`;
    await expectRefusal(p, { args: ['plan', '-q'], code: 1, says: unplanned(says) });
    await expectRefusal(p, { args: ['apply', '--yes', '-q'], code: 1, says: unapplied(says) });
  });

  test('the destination, when a saved plan is applied: the plan goes on later', async () => {
    await using p = await planned();
    const before = await p.live();
    {
      await using _other = await otherProcess(p.file('crm.duckdb'), 'SELECT 1');
      const ran = await p.run(['apply', 'plan.duckdb'], { process: true });
      must(ran, 5);
      expect(saidBy(p, { stdout: ran.stdout, stderr: '' })).toMatch(
        /^accounts {3}applied in part: 1 not attempted .*\n {4}<root>\/crm.duckdb is open in another process \(process N\)\nApply: 1 not attempted\.$/,
      );
    }
    expect(await p.live()).toEqual(before);
    expect((await p.sent())['1']).toEqual({ Name: 'Ada', Plan: 'Team', Seats: '5' });
    must(await p.run(['apply', 'plan.duckdb']), 0);
    expect(await p.summary()).toEqual({ unchanged: 2 });
  });
});

const DAMAGED =
  'Restore it from a backup, or move it away: the next plan then compares every record with the destination and adopts what agrees.';

describe('state', () => {
  test.each<[string, (p: TestProject) => Promise<unknown>, string]>([
    [
      'of another project',
      async (p) => p.write('syncs/project.yaml', { kind: 'Project', name: 'other', state: { path: '../state.duckdb' } }),
      'the state file <root>/state.duckdb belongs to project acme, not to project other\nSet state.path to a file of its own for each project and environment.',
    ],
    [
      'of a newer format',
      async (p) => onDatabase(p.file('state.duckdb'), 'UPDATE meta SET format = 99'),
      'the state file <root>/state.duckdb was written by a newer Sluice (format 99; this one knows 1)\nUpdate Sluice to the version that your colleagues or your CI use.',
    ],
    [
      'damaged',
      async (p) => writeFile(p.file('state.duckdb'), 'hello'),
      `the state file <root>/state.duckdb is damaged or is not a Sluice state file\n<root>/state.duckdb is not a DuckDB database. ${DAMAGED}`,
    ],
  ])('%s', async (_name, change, says) => {
    await using p = await moving();
    await change(p);
    await expectRefusal(p, { args: ['plan', '-q'], code: 1, says: unplanned(says), isHere: true });
    const error = `Error: ${says.replace('\n', '\n  ')}`;
    await expectRefusal(p, { args: ['apply', '--yes', '-q'], code: 1, says: `${unplanned(says)}\n${error}` });
    await expectRefusal(p, { args: ['history'], code: 1, says: error, isHere: true });
  });
});

const NO_PLAN = (hint: string): string => `Error: <root>/plan.duckdb is not a Sluice plan\n  ${hint}`;

describe('a plan file', () => {
  test.each<[string, (p: TestProject) => Promise<unknown>, string]>([
    [
      'of a newer format',
      async (p) => onDatabase(p.file('plan.duckdb'), "UPDATE manifest SET format_version = '2.0'"),
      'Error: <root>/plan.duckdb has plan format 2.0; this Sluice reads 1.0\n  Plan again with this version, or use the version that wrote it.',
    ],
    [
      'that is cut off',
      async (p) => writeFile(p.file('plan.duckdb'), (await readFile(p.file('plan.duckdb'))).subarray(0, 5000)),
      NO_PLAN(
        'It is damaged or no plan: Could not read enough bytes from file "<root>/plan.duckdb": attempted to read 3192 bytes from location 5000',
      ),
    ],
    [
      'that is empty',
      async (p) => writeFile(p.file('plan.duckdb'), ''),
      NO_PLAN('It is damaged or no plan: <root>/plan.duckdb is not a DuckDB database'),
    ],
    [
      'that is text',
      async (p) => writeFile(p.file('plan.duckdb'), 'a plan'),
      NO_PLAN('It is damaged or no plan: <root>/plan.duckdb is not a DuckDB database'),
    ],
    [
      'that is another database',
      async (p) => cp(p.file('crm.duckdb'), p.file('plan.duckdb')),
      NO_PLAN('It is a database, but none that `sluice plan --out` wrote.'),
    ],
    [
      'that is not there',
      async (p) => rm(p.file('plan.duckdb')),
      'Error: there is no plan file <root>/plan.duckdb\n  Write one with `sluice plan --out plan.duckdb`.',
    ],
  ])('%s', async (_name, change, says) => {
    await using p = await planned();
    await change(p);
    await expectRefusal(p, { args: ['apply', 'plan.duckdb'], code: 1, says });
    await expectRefusal(p, { args: ['show', 'plan.duckdb'], code: 1, says, isHere: true });
  });

  test('with a flipped byte', async () => {
    await using p = await planned();
    const bytes = await readFile(p.file('plan.duckdb'));
    bytes.fill(7, 4096);
    await writeFile(p.file('plan.duckdb'), bytes);
    const before = await footprint(p);
    const ran = await p.run(['apply', 'plan.duckdb'], { process: true });
    must(ran, 1);
    expect(saidBy(p, ran)).toMatch(
      /^Error: <root>\/plan\.duckdb is not a Sluice plan\n {2}It is damaged or no plan: Corrupt database file: computed checksum \d+ does not match stored checksum \d+ in block at location 4096$/,
    );
    expect(await footprint(p)).toEqual(before);
  });

  test.each(['crm.duckdb', 'warehouse.duckdb', 'state.duckdb', 'syncs/syncs.yaml'])('is never written over %s', async (target) => {
    await using p = await moving();
    const says = `Error: the plan cannot be written to <root>/${target}: that file exists and is no plan\n  Only an earlier plan is overwritten. Choose another name, or move the file away.`;
    await expectRefusal(p, { args: ['plan', '--out', target], code: 1, says });
  });

  test('is never written over a folder; over an earlier plan it is', async () => {
    await using p = await planned();
    const says = 'Error: the plan cannot be written to <root>/syncs: it is a folder\n  Name a file in it: --out plan.duckdb.';
    await expectRefusal(p, { args: ['plan', '--out', 'syncs'], code: 1, says });
    must(await p.run(['plan', '--out', 'plan.duckdb']), 0);
    must(await p.run(['apply', 'plan.duckdb']), 0);
  });

  test('applied twice', async () => {
    await using p = await planned();
    must(await p.run(['apply', 'plan.duckdb']), 0);
    await expectRefusal(p, {
      args: ['apply', 'plan.duckdb'],
      code: 4,
      says: 'accounts   already applied\n    this plan was applied already\nApply: nothing was written.',
    });
  });

  test('stale: another run wrote since', async () => {
    await using p = await planned();
    await p.source(['1', 'Ada', 'Scale', 6], BOB);
    await p.apply();
    const says =
      'accounts   stale: the sync moved on since this plan; plan again: 1 not attempted\n    another run wrote accounts since this plan was made (serial 1, now 2): plan again\nApply: 1 not attempted.';
    await expectRefusal(p, { args: ['apply', 'plan.duckdb'], code: 4, says });
  });

  test('for another destination file', async () => {
    await using p = await planned();
    await cp(p.file('crm.duckdb'), p.file('crm2.duckdb'));
    const connections = await readFile(p.file('syncs/connections.yaml'), 'utf8');
    await writeFile(p.file('syncs/connections.yaml'), connections.replace('../crm.duckdb', '../crm2.duckdb'));
    const says = 'Error: accounts was planned against duckdb:../crm.duckdb; its destination is now duckdb:../crm2.duckdb\n  Plan again.';
    await expectRefusal(p, { args: ['apply', 'plan.duckdb'], code: 4, says });
  });
});

/** A process that is not root: root may write everywhere. */
const NOBODY = 65534;

/** Runs the command line as somebody else, or with a limit on the size of files, or on a small disk: whatever `script` says. */
async function shell(p: TestProject, script: string, args: readonly string[]): Promise<Ran> {
  const child = spawn('bash', ['-c', `${script}; exec "$@"`, 'bash', process.execPath, CLI, ...args], {
    cwd: p.root,
    env: { ...process.env, NODE_COMPILE_CACHE: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, ...output, json: undefined };
}

/** The command line as a user who is not root: as ourselves unless that is root. */
async function asNobody(p: TestProject, args: readonly string[]): Promise<Ran> {
  if (process.getuid?.() !== 0) return shell(p, ':', args);
  const become = `process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY});`;
  await writeFile(p.file('nobody.mjs'), become);
  return shell(p, `export NODE_OPTIONS='--import ${p.file('nobody.mjs')}'`, args);
}

describe('a folder that may only be read', () => {
  test('no plan can be written there, no state either; a plan that is not kept works', async () => {
    await using p = await planned();
    await cp(p.file('plan.duckdb'), p.file('syncs/plan.duckdb'));
    if (process.getuid?.() === 0) await writeFile(p.file('nobody.mjs'), '');
    for (const name of await readdir(p.root, { recursive: true }))
      await chmod(p.file(name), (await stat(p.file(name))).isDirectory() ? 0o555 : 0o444);
    await chmod(p.root, 0o555);
    try {
      const before = await footprint(p);
      const plan = await asNobody(p, ['plan', '--out', 'new.duckdb']);
      expect(saidBy(p, plan)).toMatch(
        /^Error: the plan cannot be written to <root>\/new\.duckdb: EACCES: permission denied, mkdtemp '.*'\n {2}Choose a folder that exists and that you may write to\.$/,
      );
      expect(plan.code).toBe(1);
      const apply = await asNobody(p, ['apply', 'plan.duckdb']);
      expect(saidBy(p, apply)).toMatch(
        /^Error: no permission to write <root>\/state\.duckdb\.d\/lease\n {2}Give this user the right to write there, or set another state\.path in the project file\.$/,
      );
      expect(apply.code).toBe(1);
      const look = await asNobody(p, ['plan', '-q', '--json']);
      expect(look.code, look.stderr).toBe(0);
      expect(JSON.parse(look.stdout)).toMatchObject({ summary: { update: 1 } });
      const after = Object.entries(await footprint(p)).filter(([name]) => name !== 'nobody.mjs');
      expect(Object.fromEntries(after)).toEqual(Object.fromEntries(Object.entries(before).filter(([name]) => name !== 'nobody.mjs')));
    } finally {
      await chmod(p.root, 0o755);
      for (const name of await readdir(p.root, { recursive: true }))
        if ((await stat(p.file(name))).isDirectory()) await chmod(p.file(name), 0o755);
    }
  });
});

const FULL = 'the disk is full';

describe('a full disk', () => {
  const many = "INSERT INTO account SELECT 'k' || i, repeat(md5(CAST(i AS VARCHAR)), 20), 'Team', i FROM range(20000) AS t(i)";

  test.each([64, 512, 2048])('writing the plan, after %d kB', async (size) => {
    await using p = await moving();
    await p.warehouse(many);
    const [before, old] = [await footprint(p), await readdir(p.root)];
    const ran = await shell(p, `ulimit -f ${size}`, ['plan', '--out', 'plan.duckdb', '-q']);
    must(ran, 1);
    expect(saidBy(p, ran)).toContain(`${FULL}\n`);
    expect(saidBy(p, ran)).toMatch(
      /It was <root>\/\.plan\.duckdb-X\/plan\.duckdb(\.wal)? that could not be written\. Free some space and run the command again; nothing was half-written\./,
    );
    const { 'plan.duckdb': _plan, ...after } = await footprint(p);
    expect(after).toEqual(before);
    expect(
      (await readdir(p.root)).filter((name) => !old.includes(name) && name !== 'plan.duckdb'),
      'left behind',
    ).toEqual([]);
    must(await p.run(['plan', '--out', 'plan.duckdb']), 0);
  });

  test.each([16, 256, 2048])('writing state, after %d kB: whatever was sent is known, the next run does the rest', async (size) => {
    await using p = await moving();
    await p.warehouse(many);
    must(await p.run(['plan', '--out', 'plan.duckdb']), 0);
    const before = await p.live();
    const ran = await shell(p, `ulimit -f ${size}`, ['apply', 'plan.duckdb', '-q']);
    must(ran, 1);
    expect(saidBy(p, ran)).toMatch(
      /disk (\(or this user's share of it\) )?is full\n {2}.*Free some space and run the command again; nothing (was half-written|that was recorded is lost)\.$/,
    );
    expect(await p.live()).toEqual(before);
    expect(Object.keys(await p.records())).toEqual(['1', '2']);
    must(await p.run(['apply', 'plan.duckdb']), 0);
    expect((await p.live()).length).toBe(20_002);
    expect(await p.summary()).toEqual({ unchanged: 20_002 });
  });

  test.each(['256k', '1m', '24m'])('a small disk of %s for the state', async (size) => {
    await using p = await moving();
    await p.warehouse(many);
    await mkdir(p.file('small'));
    await p.write('syncs/project.yaml', { kind: 'Project', name: 'acme', state: { path: '../small/state.duckdb' } });
    must(await p.run(['plan', '--out', 'plan.duckdb']), 0);
    // Where nothing may be mounted, not even in a namespace of its own, the limit on file sizes stands for the disk.
    const mount = `mount -t tmpfs -o size=${size} tmpfs small`;
    const script = `unshare -rm true 2>/dev/null && exec unshare -rm bash -c '${mount} && "$@" && "$@"; code=$?; ls small >&2; exit $code' bash "$@"; ulimit -f ${size === '24m' ? '4096' : '64'}`;
    const ran = await shell(p, script, ['apply', 'plan.duckdb', '-q']);
    must(ran, 1);
    expect(saidBy(p, ran)).toMatch(/disk (\(or this user's share of it\) )?is full/);
    expect(ran.stderr, 'left behind').not.toMatch(/^state\.duckdb\.\w+\.new/m);
    await p.write('syncs/project.yaml', { kind: 'Project', name: 'acme', state: { path: '../state.duckdb' } });
    expect((await p.live()).length).toBeOneOf([2, 20_002]);
    must(await p.run(['apply', '--yes']), 0);
    expect((await p.live()).length).toBe(20_002);
  });
});
