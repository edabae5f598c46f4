/** The files of a commit, as if they lay in the working tree. */
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

import { type FileView, isLookedInto } from '../config/file-view.ts';
import type { Repository, TreeEntry } from './repository.ts';

const LINK = '120000';
/** Links that lead to links; more are a circle. */
const HOPS = 10;
/** Files that a project is made of: read in one go. */
const CONFIGURATION = /\.(ya?ml|sql)$/i;

/** Files below one folder. Paths are absolute, as in the working tree. */
export class CommitTree implements FileView {
  readonly #folder: string;
  readonly #repository: Repository;
  readonly #entries: ReadonlyMap<string, TreeEntry>;
  readonly #blobs: Map<string, Uint8Array>;

  private constructor(folder: string, repository: Repository, entries: ReadonlyMap<string, TreeEntry>, blobs: Map<string, Uint8Array>) {
    this.#folder = folder;
    this.#repository = repository;
    this.#entries = entries;
    this.#blobs = blobs;
  }

  /** `repository` is the one around `folder`. */
  static async open(repository: Repository, folder: string, commit: string): Promise<CommitTree> {
    const entries = await repository.files(commit);
    const wanted = [...entries].filter(([path, { mode }]) => mode === LINK || CONFIGURATION.test(path)).map(([, { blob }]) => blob);
    return new CommitTree(folder, repository, entries, new Map(await repository.blobs(wanted)));
  }

  async kindOf(path: string): Promise<'file' | 'folder' | undefined> {
    const real = await this.realPath(path);
    if (real === undefined) return undefined;
    return this.#entries.has(this.#name(real)) ? 'file' : 'folder';
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
    const entry = real === undefined ? undefined : this.#entries.get(this.#name(real));
    if (entry === undefined) throw Object.assign(new Error(`${path} is not in the commit`), { code: 'ENOENT' });
    return this.#blob(entry);
  }

  /** A link that leads out of the folder ends where it leads to. */
  async realPath(path: string): Promise<string | undefined> {
    let at = resolve(path);
    for (let hop = 0; hop < HOPS; hop += 1) {
      const entry = this.#entries.get(this.#name(at));
      if (entry?.mode !== LINK)
        return entry !== undefined || this.#isFolder(at) || (hop > 0 && !isBelow(at, this.#folder)) ? at : undefined;
      at = resolve(dirname(at), new TextDecoder().decode(await this.#blob(entry)));
    }
    return undefined;
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
