import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { EXAMPLES } from '../../src/cli/help.ts';
import { sluice } from './run.ts';

const cwd = tmpdir();
const VERBS = [
  'init',
  'validate',
  'ls',
  'describe',
  'test',
  'doctor',
  'plan',
  'apply',
  'show',
  'drift',
  'accept',
  'history',
  'revert',
  'schema',
  'completion',
];
const STATE_VERBS = ['list', 'show', 'rm', 'mv', 'migrate', 'unlock'];

test('sluice --help lists the verbs, the global options and the exit codes', async () => {
  const { code, stdout, stderr } = await sluice(cwd, ['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatchSnapshot();
  for (const verb of [...VERBS, 'state', 'dbt', 'sandbox']) expect(stdout).toMatch(new RegExp(`^  ${verb}\\b`, 'm'));
});

test('sluice alone shows the help', async () => {
  expect(await sluice(cwd, [])).toEqual(await sluice(cwd, ['--help']));
});

test.each([...VERBS, ...STATE_VERBS.map((verb) => `state ${verb}`), 'dbt exposures', 'sandbox salesforce'])(
  'sluice %s --help has examples',
  async (verb) => {
    const { code, stdout } = await sluice(cwd, [...verb.split(' '), '--help']);
    expect(code).toBe(0);
    // What every verb repeats is in the snapshot of sluice --help.
    expect(stdout.replace(/Global Options:[^]*?\n\n/, '')).toMatchSnapshot();
    expect(stdout).toContain('Global Options:');
    expect(stdout).toContain('Examples:');
  },
);

/** An example in the help that the command line would refuse is worse than none. */
test.each(Object.entries(EXAMPLES).flatMap(([verb, examples]) => examples.map(([command]) => [verb, command] as const)))(
  'the example of %s parses: %s',
  async (verb, command) => {
    const words = command
      .split(/ (?:&&|>>?) /)[0]!
      .match(/"[^"]*"|\S+/g)!
      .map((word) => word.replaceAll('"', ''));
    expect(words[0]).toBe('sluice');
    expect(words.slice(1).join(' ').startsWith(verb)).toBe(true);
    const { stdout } = await sluice(cwd, [...words.slice(1), '--help']);
    expect(stdout).toContain(`Usage: sluice ${verb}`);
  },
);

test('sluice --version is the version of the package', async () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect((await sluice(cwd, ['--version'])).stdout).toBe(`${manifest.version}\n`);
});

/** Prints the processor time of the process when it ends: on a busy machine the clock on the wall says little. */
const METER = `data:text/javascript,process.on('exit', () => { const { user, system } = process.cpuUsage(); process.stderr.write(String(user + system)); })`;

test('sluice --help takes less than 200 ms', () => {
  const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
  const runs = Array.from({ length: 7 }, () => {
    const started = performance.now();
    const { status, stderr } = spawnSync(process.execPath, ['--import', METER, cli, '--help'], { encoding: 'utf8' });
    expect(status).toBe(0);
    return { wall: performance.now() - started, cpu: Number(stderr) / 1000 };
  });
  const best = (select: (run: { wall: number; cpu: number }) => number): number => Math.round(Math.min(...runs.map((run) => select(run))));
  console.log(`sluice --help: ${best((run) => run.wall)} ms, ${best((run) => run.cpu)} ms of processor time`);
  expect(best((run) => run.cpu)).toBeGreaterThan(10);
  expect(best((run) => run.cpu)).toBeLessThan(200);
});
