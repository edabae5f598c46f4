/** Where the files of a project are read from: the disk, or a commit (`git/tree.ts`). */
import type { Dirent } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf, UserError } from '../errors.ts';

/** Paths are absolute. */
export interface FileView {
  /** What stands at a path, links followed; undefined where there is nothing. */
  kindOf(path: string): Promise<'file' | 'folder' | undefined>;
  /**
   * Files below a folder whose names fit, in any order. Folders that begin with a dot and `node_modules` are skipped. Links to
   * files are followed, links to folders are not: they may lead in circles.
   */
  filesBelow(folder: string, name: RegExp): Promise<readonly string[]>;
  /** Throws an `Error` that says why a file cannot be read. */
  read(path: string): Promise<Uint8Array>;
  /** The path with every link followed; undefined where there is nothing. */
  realPath(path: string): Promise<string | undefined>;
}

/** The files as they are on the disk. */
export const workingTree: FileView = {
  async kindOf(path) {
    const found = await stat(path).catch(() => undefined);
    return found === undefined ? undefined : found.isDirectory() ? 'folder' : 'file';
  },
  filesBelow: walk,
  async read(path) {
    return readFile(path);
  },
  async realPath(path) {
    return realpath(path).catch(() => undefined);
  },
};

/** Whether files are looked for in a folder of this name. */
export function isLookedInto(name: string): boolean {
  return !name.startsWith('.') && name !== 'node_modules';
}

async function walk(folder: string, name: RegExp): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new UserError(`${folder} cannot be read: ${messageOf(error)}`, { cause: error });
  });
  const found = await Promise.all(entries.map(async (entry) => entryFiles(folder, entry, name)));
  return found.flat();
}

async function entryFiles(folder: string, entry: Dirent, name: RegExp): Promise<readonly string[]> {
  if (!isLookedInto(entry.name)) return [];
  const path = join(folder, entry.name);
  if (entry.isDirectory()) return walk(path, name);
  if (!name.test(entry.name)) return [];
  return entry.isFile() || (await stat(path).catch(() => undefined))?.isFile() === true ? [path] : [];
}
