/** The Git repository that a project lies in: what its commits are and what they hold, without checking anything out. */
import { posix } from 'node:path';

import { simpleGit, type SimpleGit } from 'simple-git';

import type { Context } from '../context.ts';
import { messageOf, UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';

/** One file of a commit. */
export interface TreeEntry {
  /** `100644`, `100755`, or `120000` for a symbolic link. */
  readonly mode: string;
  /** Name of the blob that holds its contents, or the target of the link. */
  readonly blob: string;
}

export class Repository {
  readonly #folder: string;
  readonly #context: Context;
  readonly #git: SimpleGit;

  private constructor(folder: string, context: Context) {
    this.#folder = folder;
    this.#context = context;
    this.#git = this.#spawner();
  }

  /** The repository around a folder. Throws `UserError` when there is none, or Git cannot or will not read it. */
  static async around(folder: string, context: Context): Promise<Repository> {
    const repository = new Repository(folder, context);
    await repository.#run(['rev-parse', '--git-dir']);
    return repository;
  }

  /** The newest commit that HEAD and `ref` have in common: 40 hexadecimal digits. Throws `UserError` with what to do where there is none. */
  async mergeBase(ref: string): Promise<string> {
    if ((await this.#commit('HEAD')) === undefined) {
      throw new UserError('the repository has no commit yet, so there is nothing to compare with', { hint: 'Commit the project first.' });
    }
    const other = await this.#commit(ref);
    if (other === undefined) throw await this.#unknown(ref);
    const base = (await this.#run(['merge-base', 'HEAD', other])).trim();
    if (base !== '') return base;
    if (await this.#isShallow()) {
      throw new UserError(`this clone is shallow and does not reach the commit that HEAD and ${ref} have in common`, {
        hint: `Fetch the whole history: \`fetch-depth: 0\` at actions/checkout, or \`git fetch --unshallow\`.`,
      });
    }
    throw new UserError(`HEAD and ${ref} have no commit in common`, { hint: 'Name the branch that this one came from.' });
  }

  /** The commit that is checked out: 40 hexadecimal digits; undefined while there is none. */
  async head(): Promise<string | undefined> {
    return this.#commit('HEAD');
  }

  /** The branch that others are merged into: the remote's own, as far as this clone knows it, else `main`, `master` or the one that is checked out. */
  async defaultBranch(): Promise<string> {
    const remote = 'refs/remotes/origin/';
    const followed = (await this.#run(['for-each-ref', '--format=%(symref)', `${remote}HEAD`])).trim();
    if (followed.startsWith(remote)) return followed.slice(remote.length);
    const names = (await this.#run(['for-each-ref', '--format=%(refname)', 'refs/heads/main', 'refs/heads/master'])).trim().split('\n');
    const [known = ''] = names.map((name) => name.replace('refs/heads/', ''));
    return known || (await this.#run(['branch', '--show-current'])).trim() || 'main';
  }

  /** Whether what is checked out is this commit, or was made on top of it. False for a commit that this clone does not have. */
  async contains(commit: string): Promise<boolean> {
    const known = await this.#commit(commit);
    return known !== undefined && (await this.#run(['merge-base', known, 'HEAD'])).trim() === known;
  }

  /** Something in the folder is in no commit: changed, added or deleted since the last one. */
  async isDirty(): Promise<boolean> {
    return (await this.#run(['--no-optional-locks', 'status', '--porcelain', '--untracked-files=all', '--', '.'])).trim() !== '';
  }

  /** Files of a commit below the folder, by their paths relative to it. */
  async files(commit: string): Promise<ReadonlyMap<string, TreeEntry>> {
    const listing = await this.#run(['ls-tree', '-r', '-z', commit, '--', '.']);
    const lines = listing.split('\0').filter((line) => line !== '');
    return new Map(lines.flatMap((line) => entryOf(line)));
  }

  /** One file of a commit, by its path relative to the folder, which may lead out of it; undefined where there is none. */
  async file(commit: string, path: string): Promise<TreeEntry | undefined> {
    const prefix = (await this.#run(['rev-parse', '--show-prefix'])).replace(/\n$/, '');
    const fromTop = posix.join(prefix, path);
    if (posix.isAbsolute(fromTop) || fromTop.startsWith('..')) return undefined; // no file of this repository
    const listing = await this.#run(['--literal-pathspecs', 'ls-tree', '-z', '--full-tree', commit, '--', fromTop]);
    return entryOf(listing.replace(/\0$/, ''))[0]?.[1];
  }

  /** Contents of blobs by name, all read by one process. */
  async blobs(names: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    if (names.length === 0) return new Map();
    const git = this.#spawner(`${[...new Set(names)].join('\n')}\n`);
    try {
      return parseBatch((await git.binaryCatFile(['--batch'])) as Buffer);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** The commit that a name stands for; undefined where it stands for none. */
  async #commit(ref: string): Promise<string | undefined> {
    if (ref.startsWith('-')) return undefined; // an option, and no name
    const name = (await this.#run(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`])).trim();
    const [commit, ...more] = name.split('\n');
    return more.length === 0 && /^[0-9a-f]+$/.test(commit ?? '') ? commit : undefined;
  }

  async #isShallow(): Promise<boolean> {
    return (await this.#run(['rev-parse', '--is-shallow-repository'])).trim() === 'true';
  }

  async #unknown(ref: string): Promise<UserError> {
    const names = (await this.#run(['for-each-ref', '--format=%(refname:short)', 'refs/heads', 'refs/remotes', 'refs/tags'])).split('\n');
    const near = nearest(ref, names.filter((name) => name !== '')); // prettier-ignore
    const message = `--base ${ref}: there is no such commit, branch or tag in this clone`;
    if (!/^[\w./-]+$/.test(ref) || ref.startsWith('-')) return new UserError(message, { hint: 'Name a branch, such as origin/main.' });
    const [remote, ...branch] = ref.split('/');
    const fetch = branch.length === 0 ? `git fetch origin ${ref}` : `git fetch ${remote ?? 'origin'} ${branch.join('/')}`;
    const shallow = (await this.#isShallow()) ? ' This clone is shallow: set `fetch-depth: 0` at actions/checkout.' : '';
    return new UserError(message, {
      hint:
        near === undefined
          ? `If it exists, fetch it: \`${fetch}\`.${shallow}`
          : `Did you mean ${near}? Or fetch it: \`${fetch}\`.${shallow}`,
    });
  }

  async #run(command: readonly string[]): Promise<string> {
    this.#context.signal.throwIfAborted();
    try {
      return await this.#git.raw([...command]);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Without the variables that tell Git where to look or what to start; messages in English. */
  #spawner(input?: string): SimpleGit {
    const { PATH, HOME, XDG_CONFIG_HOME, USERPROFILE, SYSTEMROOT } = this.#context.env;
    const env = Object.fromEntries(Object.entries({ PATH, HOME, XDG_CONFIG_HOME, USERPROFILE, SYSTEMROOT }).filter(([, value]) => value !== undefined)); // prettier-ignore
    const options = { baseDir: this.#folder, abort: this.#context.signal, ...(input === undefined ? {} : { input: () => input }) };
    return simpleGit(options).env({ ...env, LC_ALL: 'C' });
  }

  #failure(error: unknown): unknown {
    this.#context.signal.throwIfAborted();
    const text = messageOf(error);
    if (/not a git repository/i.test(text)) {
      return new UserError(`${this.#folder} is not in a Git repository, so that there is nothing to compare with`, {
        hint: '`--base` compares the project with the one at another commit. Without it, every sync is planned.',
        cause: error,
      });
    }
    if (/ENOENT/.test(text))
      return new UserError('git was not found', {
        hint: 'Install Git: envelopes, and what compares with a branch, need it.',
        cause: error,
      });
    const dubious = /dubious ownership/.test(text);
    return new UserError(`git: ${(text.trim().split('\n')[0] ?? '').replace(/^fatal: /, '')}`, {
      hint: dubious ? 'Let Git trust the folder: `git config --global --add safe.directory "$PWD"`.' : undefined,
      cause: error,
    });
  }
}

/** `100644 blob <name>\t<path>`. What is no file (a submodule) is left out. */
function entryOf(line: string): readonly (readonly [string, TreeEntry])[] {
  const tab = line.indexOf('\t');
  const path = line.slice(tab + 1);
  const [mode = '', type, blob = ''] = line.slice(0, tab).split(' ');
  return type === 'blob' ? [[path, { mode, blob }]] : [];
}

/** What `git cat-file --batch` prints: `<name> blob <bytes>`, a line end, the contents, a line end; again and again. */
function parseBatch(output: Buffer): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  let at = 0;
  while (at < output.length) {
    const end = output.indexOf(0x0a, at);
    const [name = '', type, size] = output.toString('latin1', at, end).split(' ');
    if (type !== 'blob') break;
    const start = end + 1;
    at = start + Number(size) + 1;
    found.set(name, output.subarray(start, at - 1));
  }
  return found;
}
