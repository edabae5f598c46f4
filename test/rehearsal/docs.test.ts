/** The examples of docs/tests.md and of the example project do what they say. */
import { cp, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { RehearsalProject, typeTest } from './run.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Fenced blocks of a language, in the order of the page. */
async function blocks(language: string): Promise<readonly string[]> {
  const page = await readFile(join(ROOT, 'docs/tests.md'), 'utf8');
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map((match) => match[1]!);
}

it('the tests of the page pass', async () => {
  const [sync, ...tests] = await blocks('yaml');
  await using project = await RehearsalProject.create({ sync: sync!, tests: tests.slice(0, -1).join('---\n') });
  const ran = await typeTest(project.root);
  expect(ran.stdout).toBe(
    [
      'ok      accounts: a new account starts in the segment of its region   0 ms',
      'ok      accounts: sales keeps the phone number it corrected, and an account that is gone goes   0 ms',
      "ok      accounts: the mapping is somebody else's SQL   0 ms",
      'ok      accounts: the check stops an account that falls from Enterprise to SMB   0 ms',
      'ok      accounts: a row without a key deletes nobody   0 ms',
      '5 passed in 0 ms.\n',
    ].join('\n'),
  );
  expect(ran).toMatchObject({ code: 0, stderr: '' });
});

it('the one that fails says what the page says', async () => {
  const [sync, ...tests] = await blocks('yaml');
  const [text] = await blocks('text');
  await using project = await RehearsalProject.create({ sync: sync!, tests: tests.at(-1)! });
  const ran = await typeTest(project.root);
  expect(ran.stdout).toBe(text!.replaceAll(/\d+ ms/g, '0 ms'));
  expect(ran.code).toBe(1);
});

it('the tests of the example project pass, without its databases', async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-rehearsal-')));
  try {
    await cp(join(ROOT, 'syncs'), join(root, 'syncs'), { recursive: true });
    const ran = await typeTest(root);
    expect(ran.stdout).toMatch(/^(ok {6}.*\n){5}5 passed in 0 ms\.\n$/);
    expect(ran.code).toBe(0);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
