/** The files of a commit, as if they lay in the working tree. */
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

import { type FileView, isLookedInto } from '../config/file-view.ts';
import type { Repository, TreeEntry } from './repository.ts';

const LINK = '120000';
/** Links that lead to links; more are a circle. */
const HOPS = 10;
/** Files that a project is made of: read in one go. */
const CONFIGURATION = /\.(ya?ml|sql)$/i;

interface Place {
  readonly folder: string;
  readonly repository: Repository;
  readonly commit: string;
}

/** Files below one folder. Paths are absolute, as in the working tree. */
export class CommitTree implements FileView {
  readonly #folder: string;
  readonly #repository: Repository;
  readonly #commit: string;
  readonly #outside = new Map<string, Promise<TreeEntry | undefined>>();
  readonly #entries: ReadonlyMap<string, TreeEntry>;
  readonly #blobs: Map<string, Uint8Array>;

  private constructor({ folder, repository, commit }: Place, entries: ReadonlyMap<string, TreeEntry>, blobs: Map<string, Uint8Array>) {
    this.#folder = folder;
    this.#repository = repository;
    this.#commit = commit;
    this.#entries = entries;
    this.#blobs = blobs;
  }

  /** `repository` is the one around `folder`. */
  static async open(repository: Repository, folder: string, commit: string): Promise<CommitTree> {
    const entries = await repository.files(commit);
    const wanted = [...entries].filter(([path, { mode }]) => mode === LINK || CONFIGURATION.test(path)).map(([, { blob }]) => blob);
    return new CommitTree({ folder, repository, commit }, entries, new Map(await repository.blobs(wanted)));
  }

  async kindOf(path: string): Promise<'file' | 'folder' | undefined> {
    const real = await this.realPath(path);
    if (real === undefined) return undefined;
    if ((await this.#entry(real)) !== undefined) return 'file';
    return real === this.#folder || isBelow(real, this.#folder) ? 'folder' : undefined;
  }

  async filesBelow(folder: string, name: RegExp): Promise<readonly string[]> {
    const fitting = [...this.#entries.keys()]
      .map((path) => join(this.#folder, path))
      .filter((path) => isBelow(path, folder) && name.test(basename(path)))
      .filter((path) => relative(folder, path).split(sep).every((part) => isLookedInto(part))); // prettier-ignore
    const kinds = await Promise.all(fitting.map(async (path) => this.kindOf(path)));
    return fitting.filter((_, index) => kinds[index] === 'file');
  }

  async read(path: string): Promise<Uint8Array> {
    const real = await this.realPath(path);
    const entry = real === undefined ? undefined : await this.#entry(real);
    if (entry === undefined) throw Object.assign(new Error(`${path} is not in the commit`), { code: 'ENOENT' });
    return this.#blob(entry);
  }

  /** A link that leads out of the folder ends where it leads to, whether something is there or not. */
  async realPath(path: string): Promise<string | undefined> {
    let at = resolve(path);
    for (let hop = 0; hop < HOPS; hop += 1) {
      const link = await this.#linkOnTheWayTo(at);
      if (link === undefined) {
        const isThere = (await this.#entry(at)) !== undefined || this.#isFolder(at);
        return isThere || (hop > 0 && !isBelow(at, this.#folder)) ? at : undefined;
      }
      const target = resolve(dirname(link.path), new TextDecoder().decode(await this.#blob(link.entry)));
      at = join(target, relative(link.path, at));
    }
    return undefined;
  }

  /** The link nearest to the folder that a path goes through, or is. */
  async #linkOnTheWayTo(path: string): Promise<{ readonly path: string; readonly entry: TreeEntry } | undefined> {
    const steps = isBelow(path, this.#folder) ? relative(this.#folder, path).split(sep) : [];
    const ways = steps.length === 0 ? [path] : steps.map((_, index) => join(this.#folder, ...steps.slice(0, index + 1)));
    for (const way of ways) {
      const entry = await this.#entry(way);
      if (entry?.mode === LINK) return { path: way, entry };
    }
    return undefined;
  }

  /** What the commit holds at a path. Outside of the folder only what a link leads to is asked for. */
  async #entry(path: string): Promise<TreeEntry | undefined> {
    const name = this.#name(path);
    if (path === this.#folder || isBelow(path, this.#folder)) return this.#entries.get(name);
    const known = this.#outside.get(name) ?? this.#repository.file(this.#commit, name);
    this.#outside.set(name, known);
    return known;
  }

  #isFolder(path: string): boolean {
    if (path === this.#folder) return this.#entries.size > 0;
    const prefix = `${this.#name(path)}/`;
    return [...this.#entries.keys()].some((each) => each.startsWith(prefix));
  }

  /** A path as Git names it. */
  #name(path: string): string {
    return relative(this.#folder, path).split(sep).join('/');
  }

  async #blob({ blob }: TreeEntry): Promise<Uint8Array> {
    const known = this.#blobs.get(blob) ?? (await this.#repository.blobs([blob])).get(blob);
    if (known === undefined) throw new Error(`the object ${blob} is missing in the repository`);
    this.#blobs.set(blob, known);
    return known;
  }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
}
