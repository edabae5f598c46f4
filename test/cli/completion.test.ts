import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { folder } from '../support/database.ts';
import { sluice } from './run.ts';

async function completions(cwd: string, ...words: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await sluice(cwd, ['completion', '--complete', '--', ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').slice(0, -1);
}

test('verbs, options, their values and names of syncs', async () => {
  await using here = await folder();
  await mkdir(here.file('syncs'));
  const sync = (name: string): string => `kind: Sync\nname: ${name}\n`;
  await writeFile(here.file('syncs/a.yaml'), `${sync('contacts')}---\n${sync('accounts')}`);
  await writeFile(here.file('syncs/broken.yaml'), 'kind: [Sync\n');
  expect(await completions(here.path, '')).toContain('plan');
  expect(await completions(here.path, 'st')).toEqual(['state']);
  expect(await completions(here.path, 'state', '')).toEqual(['list', 'show', 'rm', 'mv', 'migrate', 'unlock']);
  expect(await completions(here.path, 'state', 's')).toEqual(['show']);
  expect(await completions(here.path, 'plan', '--ref')).toEqual(['--refresh']);
  expect(await completions(here.path, 'plan', '--refresh', '')).toEqual(['changed', 'all', 'none']);
  expect(await completions(here.path, 'plan', '')).toEqual(['accounts', 'contacts']);
  expect(await completions(here.path, '--env', 'prod', 'plan', 'con')).toEqual(['contacts']);
  expect(await completions(here.path, 'state', 'show', 'a')).toEqual(['accounts']);
  expect(await completions(here.path, 'completion', '')).toEqual(['bash', 'zsh', 'fish']);
  expect(await completions(here.path, '--')).toEqual(expect.arrayContaining(['--dir', '--json']));
  expect(await completions(here.path, 'history', '')).toEqual([]);
  expect(await completions(here.path, 'schema', 'sy')).toEqual(['sync']);
  expect(await completions(here.path, 'plan', '--allow', 'deletes:')).toEqual(['deletes:accounts=', 'deletes:contacts=']);
  expect(await completions(here.path, 'plan', '--env', '')).toEqual([]);
  await writeFile(here.file('syncs/project.yaml'), 'kind: Project\nname: p\nenvironments: { staging: {}, prod: {} }\n');
  expect(await completions(here.path, 'plan', '--env', '')).toEqual(['prod', 'staging']);
});

test('outside of a project it offers the verbs and says nothing', async () => {
  await using here = await folder();
  expect(await completions(here.path, 'plan', '')).toEqual([]);
  expect(await completions(here.path, 'pl')).toEqual(['plan']);
  expect(await completions(here.path, '--dir', 'elsewhere', 'plan', '')).toEqual([]);
});

test('bash accepts the script and asks it for words', async () => {
  await using here = await folder();
  const { stdout } = await sluice(here.path, ['completion', 'bash']);
  const script = `sluice() { printf '%s\\n' "$@"; }\n${stdout}\nCOMP_WORDS=(sluice plan --re); COMP_CWORD=2; _sluice; printf '%s ' "\${COMPREPLY[@]}"`;
  const { status, stdout: words, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(words).toBe('completion --complete -- plan --re ');
});

test('an unknown shell is an error', async () => {
  await using here = await folder();
  expect((await sluice(here.path, ['completion', 'tcsh'])).stderr).toContain('One of bash, zsh, fish');
  for (const shell of ['zsh', 'fish'])
    expect((await sluice(here.path, ['completion', shell])).stdout).toContain('sluice completion --complete --');
});
