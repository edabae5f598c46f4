/** Attaching a database file that belongs to somebody else: read-only, under a name that gets in nobody's way. */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';

import { type Location, messageOf, TransientError, UserError } from '../errors.ts';
import { FileLockedError } from './duckdb-errors.ts';
import type { Workspace } from './workspace.ts';

/** The file and where the project names it, for messages. */
export interface DatabaseFile {
  readonly path: string;
  readonly location: Location;
}

/**
 * Attaches the file read-only and returns its name in the workspace: `preferred` where that is free, else a private one.
 * A file that is attached already keeps its name, whoever asked first. A log that a killed writer left beside the file is
 * replayed in memory; the file stays as it is.
 */
export async function attachFile(workspace: Workspace, file: DatabaseFile, preferred?: string): Promise<string> {
  const path = await existingFile(file);
  const known = workspace.nameOf(path);
  if (known !== undefined) return known;
  try {
    const name = await workspace.attach(path, privateName(path), 'read');
    if (preferred === undefined || !(await isFree(workspace, preferred, name))) return name;
    await workspace.detach(name);
    return await workspace.attach(path, preferred, 'read');
  } catch (error) {
    throw explainFileError(error, file);
  }
}

/**
 * Attaches the file for writing and returns its name in the workspace. Throws `TransientError` while another process has it
 * open: DuckDB lets one process write to a file, and nobody else meanwhile.
 */
export async function attachForWriting(workspace: Workspace, file: DatabaseFile): Promise<string> {
  const path = await existingFile(file);
  const known = workspace.nameOf(path);
  if (known !== undefined && workspace.isWritable(known)) return known;
  if (known !== undefined) await workspace.detach(known);
  try {
    return await workspace.attach(path, known ?? privateName(path), 'write');
  } catch (error) {
    const why = explainFileError(error, file);
    throw error instanceof FileLockedError ? new TransientError(messageOf(why), { cause: error }) : why;
  }
}

function privateName(path: string): string {
  return `db_${createHash('sha256').update(path).digest('hex').slice(0, 12)}`;
}

/** A database of the same name exists, or a schema in a place where `name.table` would become ambiguous. */
async function isFree(workspace: Workspace, preferred: string, attached: string): Promise<boolean> {
  const clashes = await workspace.count(
    `SELECT (SELECT count(*) FROM duckdb_databases() WHERE lower(database_name) = lower($preferred))
          + (SELECT count(*) FROM duckdb_schemas() WHERE lower(schema_name) = lower($preferred) AND database_name IN ($attached, 'system', 'temp'))`,
    { preferred, attached },
  );
  return preferred !== '' && clashes === 0;
}

/** The file's real path. DuckDB would create a missing file, or name it only in its own words. */
export async function existingFile(file: DatabaseFile): Promise<string> {
  try {
    return await realpath(file.path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new UserError(`${file.path} cannot be opened: ${messageOf(cause)}`, { location: file.location, cause });
    }
    throw new UserError(`there is no database file ${file.path}`, {
      location: file.location,
      hint: 'Correct `path` (it is relative to the document that holds the connection), or create the database first.',
      cause,
    });
  }
}

/** What went wrong with the file, at the connection that names it. Other errors pass. */
export function explainFileError(error: unknown, file: DatabaseFile): unknown {
  const { location } = file;
  if (error instanceof FileLockedError) {
    const holder = error.pid === undefined ? '' : ` (process ${error.pid})`;
    return new UserError(`${file.path} is open in another process${holder}`, {
      location,
      hint: 'DuckDB lets one process write to a file, and nobody else meanwhile: close the other program and run the command again.',
      cause: error,
    });
  }
  if (!(error instanceof UserError) || error.problems[0]?.location !== undefined) return error;
  return new UserError(`${file.path} cannot be opened: ${error.problems[0]?.message ?? error.message}`, {
    location,
    hint: error.problems[0]?.hint,
    cause: error,
  });
}
