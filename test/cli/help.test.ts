import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

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
