/** Where the files of a local state live, and what failures of the file system mean to the user. */
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { messageOf, UserError } from '../../errors.ts';
import { DiskFullError, SqlError } from '../../workspace/duckdb-errors.ts';

export interface Layout {
  /** The DuckDB file. */
  readonly database: string;
  /** Journals of runs that are not folded in yet. */
  readonly journals: string;
  readonly leases: string;
  /** Who reads and who writes the DuckDB file right now. */
  readonly gate: string;
}

export function layoutOf(path: string): Layout {
  const beside = `${path}.d`;
  return { database: path, journals: join(beside, 'journal'), leases: join(beside, 'lease'), gate: join(beside, 'gate') };
}

/** Makes the folders, readable by their owner only. */
export async function makeFolders(layout: Layout): Promise<void> {
  await explain(dirname(layout.database), 'write', async () => {
    for (const folder of [dirname(layout.database), layout.journals, layout.leases, layout.gate])
      await mkdir(folder, { recursive: true, mode: 0o700 });
  });
}

/** A name as one part of a file name: no dots, no slashes, nothing a file system could read as something else. */
export function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll('.', '%2E').replaceAll('*', '%2A');
}

export function decodeName(encoded: string): string {
  return decodeURIComponent(encoded);
}

/** Makes a new, renamed or removed directory entry survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The system's code of a failed file operation: `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Runs a file operation; what only the user can change comes back as a `UserError` that names the path. */
export async function explain<T>(path: string, doing: 'read' | 'write', work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(path, doing, error);
  }
}

function explained(path: string, doing: 'read' | 'write', error: unknown): unknown {
  if (error instanceof UserError && !(error instanceof SqlError) && !(error instanceof DiskFullError)) return error;
  const options = (hint: string): { hint: string; cause: unknown } => ({ hint, cause: error });
  switch (codeOf(error) ?? codeInText(messageOf(error))) {
    case 'EACCES':
    case 'EPERM':
      return new UserError(
        `no permission to ${doing} ${path}`,
        options(`Give this user the right to ${doing} there, or set another state.path in the project file.`),
      );
    case 'EROFS':
      return new UserError(
        `cannot write ${path}: the file system is read-only`,
        options('Set state.path in the project file to a folder that can be written.'),
      );
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new UserError(
        `cannot write ${path}: the disk (or this user's share of it) is full`,
        options('Free some space and run the command again; nothing that was recorded is lost.'),
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return new UserError(
        `cannot ${doing} ${path}: a file stands where a folder is needed`,
        options('Set state.path in the project file to another place.'),
      );
    default:
      return error;
  }
}

/** DuckDB reports the system's error as text. */
function codeInText(text: string): string | undefined {
  if (/Permission denied/i.test(text)) return 'EACCES';
  if (/Read-only file system/i.test(text)) return 'EROFS';
  if (/disk is full|No space left on device|File too large/i.test(text)) return 'ENOSPC';
  return undefined;
}
