/** Which commit the project is at, for the record. */
import { execFile } from 'node:child_process';

/** Short name of the commit that is checked out; null outside of a Git repository or without Git. */
export async function commitOf(folder: string): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('git', ['-C', folder, 'rev-parse', '--short', 'HEAD'], (error, stdout) => resolve(error === null ? stdout.trim() : null));
  });
}
