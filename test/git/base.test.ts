/** The project at the merge base, from real repositories in temporary folders. */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { Project } from '../../src/config/model.ts';
import { formatProblem, UserError } from '../../src/errors.ts';
import { type BaseProject, loadBase } from '../../src/git/base.ts';
import { BASE, context, type Files, folder, type Folder, SYNC } from '../config/folder.ts';
import { commitAll, git, initRepository } from '../support/git.ts';

const PROJECT: Files = { ...BASE, 'syncs/accounts.yaml': SYNC };
const ENV = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };

async function base(cwd: string, ref = 'main', options: { dir?: string; vars?: Record<string, string>; environment?: string } = {}): Promise<BaseProject> {
  return loadBase(context(cwd, ENV), ref, { dir: 'syncs', ...options });
} // prettier-ignore

/** A repository with the files on `main`, standing on the branch `feature`. */
async function repository(files: Files = PROJECT): Promise<Folder> {
  const place = await folder(files);
  await initRepository(place.cwd);
  await git(place.cwd, 'switch', '--quiet', '--create', 'feature');
  return place;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`);
  return error.problems.map((problem) => formatProblem(problem)).join('\n');
}

function queries(project: Project | undefined): Record<string, string> {
  return Object.fromEntries(project?.syncs.map((sync) => [sync.name, sync.source.query]) ?? []);
}

describe('reads the project at the merge base', () => {
  test('and not what the working tree, the branch or the other branch made of it since', async () => {
    await using place = await repository();
    const at = join(place.cwd, 'syncs/accounts.yaml');
    const main = await git(place.cwd, 'rev-parse', 'main');
    await writeFile(at, SYNC.replace('from accounts', 'from committed'));
    await commitAll(place.cwd, 'on the branch');
    await git(place.cwd, 'switch', '--quiet', 'main');
    await writeFile(at, SYNC.replace('from accounts', 'from main'));
    await commitAll(place.cwd, 'main goes on');
    await git(place.cwd, 'switch', '--quiet', 'feature');
    await writeFile(at, SYNC.replace('from accounts', 'from nowhere'));
    const found = await base(place.cwd);
    expect(found).toMatchObject({ ref: 'main', commit: main, dirty: true, status: 'compared', why: null });
    expect(queries(found.project)).toEqual({ accounts: 'select id, name from accounts' });
  });

  test('with files that were moved or deleted since, model files and links', async () => {
    await using place = await repository({
      ...BASE,
      'syncs/deep/down/accounts.yaml': SYNC.replace('query: select id, name from accounts', 'file: ../../now/a b.sql'),
      'syncs/models/a b.sql': 'select 1 as id, 2 as name',
      'syncs/.hidden/no.yaml': 'no: [',
      'syncs/node_modules/no.yaml': 'no: [',
      'shared [1]/*.yaml': SYNC.replace('name: accounts', 'name: shared').replace('object: Account', 'object: Shared'),
    });
    await symlink('models', join(place.cwd, 'syncs/now'));
    await symlink('../shared [1]/*.yaml', join(place.cwd, 'syncs/shared.yaml'));
    await symlink('../deep/down/accounts.yaml', join(place.cwd, 'syncs/models/people.yaml'));
    await symlink('../../outside.yaml', join(place.cwd, 'syncs/models/outside.yaml'));
    await git(place.cwd, 'switch', '--quiet', 'main');
    await commitAll(place.cwd, 'links');
    await git(place.cwd, 'switch', '--quiet', '--create', 'other');
    await rename(join(place.cwd, 'syncs/deep'), join(place.cwd, 'syncs/moved'));
    await rm(join(place.cwd, 'syncs/models'), { recursive: true });
    const found = await base(place.cwd);
    // The link makes the sync stand in two files, as it does in the working tree.
    expect(found.why).toContain('syncs/models/people.yaml:2:7');
    expect(found).toMatchObject({ status: 'invalid' });
    await rm(join(place.cwd, 'syncs/moved'), { recursive: true });
    await git(place.cwd, 'checkout', '--quiet', '--', '.');
    await git(place.cwd, 'rm', '--quiet', 'syncs/models/people.yaml');
    await commitAll(place.cwd, 'without the link');
    expect(queries((await base(place.cwd, 'HEAD')).project)).toEqual({
      accounts: 'select 1 as id, 2 as name',
      shared: 'select id, name from accounts',
    });
  });

  test('of a folder below the root of the repository, from wherever the user stands', async () => {
    await using place = await folder({});
    for (const [path, text] of Object.entries(PROJECT)) {
      await mkdir(join(place.cwd, 'team a', path, '..'), { recursive: true });
      await writeFile(join(place.cwd, 'team a', path), text);
    }
    await initRepository(place.cwd);
    for (const [cwd, dir] of [[place.cwd, 'team a/syncs'], [join(place.cwd, 'team a'), 'syncs'], [join(place.cwd, 'team a/syncs'), '.']] as const) {
      const found = await base(cwd, 'main', { dir });
      expect(found).toMatchObject({ status: 'compared', dirty: false });
      expect(found.project?.syncs[0]?.location.file).toBe(join(dir, 'accounts.yaml'));
    }
  }); // prettier-ignore

  test('on a detached head, and of a commit or a tag', async () => {
    await using place = await repository();
    await git(place.cwd, 'tag', 'v1');
    await git(place.cwd, 'switch', '--quiet', '--detach', 'HEAD');
    for (const ref of ['main', 'v1', await git(place.cwd, 'rev-parse', '--short', 'main')]) {
      expect(await base(place.cwd, ref)).toMatchObject({ status: 'compared', commit: await git(place.cwd, 'rev-parse', 'main') });
    }
  });

  test('on the merge commit that GitHub checks out for a pull request', async () => {
    await using place = await repository();
    await writeFile(join(place.cwd, 'syncs/accounts.yaml'), SYNC.replace('from accounts', 'from feature'));
    await commitAll(place.cwd, 'on the branch');
    await git(place.cwd, 'switch', '--quiet', 'main');
    const main = await commitAll(place.cwd, 'main goes on');
    await git(place.cwd, 'switch', '--quiet', '--detach', 'main');
    await git(place.cwd, 'merge', '--quiet', '--no-ff', '--message', 'merge', 'feature');
    expect(await base(place.cwd)).toMatchObject({ status: 'compared', commit: main });
  });

  test('where there was none, every sync is new', async () => {
    await using place = await folder({ 'README.md': 'nothing yet' });
    await initRepository(place.cwd);
    for (const [path, text] of Object.entries(PROJECT)) {
      await mkdir(join(place.cwd, path, '..'), { recursive: true });
      await writeFile(join(place.cwd, path), text);
    }
    expect(await base(place.cwd)).toMatchObject({ status: 'new', dirty: true, project: undefined });
  });

  test('a variable, an environment and a secret that it did not have are no problem but where it needs them', async () => {
    await using place = await repository();
    expect(await base(place.cwd, 'main', { vars: { fresh: 'x' } })).toMatchObject({ status: 'compared' });
    const found = await base(place.cwd, 'main', { environment: 'staging' });
    expect(found).toMatchObject({ status: 'invalid', project: undefined });
    expect(found.why).toContain('there is no environment "staging"');
  });

  test('one with problems is said to have them, with the first', async () => {
    await using place = await repository({ ...PROJECT, 'syncs/accounts.yaml': SYNC.replace('mode', 'mode').replace('key: id', 'kye: id').replace('object: Account', 'obj: Account') });
    const { status, why, commit } = await base(place.cwd);
    expect(status).toBe('invalid');
    expect(why).toMatch(new RegExp(`^the project at ${commit.slice(0, 7)} has problems, so the branch is planned alone: syncs/accounts\\.yaml:\\d+:\\d+: .* \\(and \\d problems? more\\)$`));
  }); // prettier-ignore
});

describe('says what to do', () => {
  test('in a shallow clone that does not reach the merge base', async () => {
    await using place = await repository();
    await writeFile(join(place.cwd, 'syncs/accounts.yaml'), SYNC.replace('from accounts', 'from feature'));
    await commitAll(place.cwd, 'on the branch');
    await git(place.cwd, 'switch', '--quiet', 'main');
    await commitAll(place.cwd, 'main goes on');
    await using clone = await folder({});
    await git(clone.cwd, 'clone', '--quiet', '--depth=1', '--no-single-branch', '--branch=feature', `file://${place.cwd}`, 'shallow');
    const shallow = join(clone.cwd, 'shallow');
    expect(await refusal(base(shallow, 'origin/main'))).toBe(
      'this clone is shallow and does not reach the commit that HEAD and origin/main have in common\n  Fetch the whole history: `fetch-depth: 0` at actions/checkout, or `git fetch --unshallow`.',
    );
    await git(shallow, 'fetch', '--quiet', '--unshallow');
    expect(await base(shallow, 'origin/main')).toMatchObject({ status: 'compared' });
  });

  test('where the other branch was not fetched', async () => {
    await using place = await repository();
    await using clone = await folder({});
    await git(clone.cwd, 'clone', '--quiet', '--depth=1', '--branch=feature', `file://${place.cwd}`, 'shallow');
    expect(await refusal(base(join(clone.cwd, 'shallow'), 'origin/main'))).toBe(
      '--base origin/main: there is no such commit, branch or tag in this clone\n  If it exists, fetch it: `git fetch origin main`. This clone is shallow: set `fetch-depth: 0` at actions/checkout.',
    );
  });

  test('where the name is misspelt, or looks like an option', async () => {
    await using place = await repository();
    expect(await refusal(base(place.cwd, 'mian'))).toBe(
      '--base mian: there is no such commit, branch or tag in this clone\n  Did you mean main? Or fetch it: `git fetch origin mian`.',
    );
    for (const name of ['--all', '^main', 'main..feature', ''])
      expect(await refusal(base(place.cwd, name))).toContain(`--base ${name}: there is no such commit`);
  });

  test('where the two have nothing in common', async () => {
    await using place = await repository();
    await git(place.cwd, 'switch', '--quiet', '--orphan', 'other');
    for (const [path, text] of Object.entries(PROJECT)) {
      await mkdir(join(place.cwd, path, '..'), { recursive: true });
      await writeFile(join(place.cwd, path), text);
    }
    await commitAll(place.cwd, 'another beginning');
    expect(await refusal(base(place.cwd))).toBe('HEAD and main have no commit in common\n  Name the branch that this one came from.');
  });

  test('where there is no commit, no repository, no folder and no git', async () => {
    await using place = await folder(PROJECT);
    expect(await refusal(base(place.cwd))).toContain('is not in a Git repository, so that there is nothing to compare with');
    await git(place.cwd, 'init', '--quiet', '--initial-branch=main');
    expect(await refusal(base(place.cwd))).toContain('the repository has no commit yet');
    expect(await refusal(base(place.cwd, 'main', { dir: 'nowhere' }))).toContain('there is no folder nowhere');
    expect(await refusal(loadBase(context(place.cwd, { PATH: '/nowhere' }), 'main', { dir: 'syncs' }))).toBe('git was not found\n  Install Git: envelopes, and what compares with a branch, need it.');
  }); // prettier-ignore
});
