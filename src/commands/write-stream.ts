/** Results that go into a file of the user's choice. */
import { open, rename, rm, stat } from 'node:fs/promises';

import { messageOf, UserError } from '../errors.ts';

/** Writes the parts as they come. The file is there whole or not at all, by default readable by its owner only. */
export async function writeStream(path: string, parts: AsyncIterable<string> | Iterable<string>, mode = 0o600): Promise<void> {
  const draft = `${path}.part`;
  try {
    await using file = await openFile(draft, path, mode);
    for await (const part of parts) await file.writeFile(part);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await rename(draft, path);
}

/** What may be replaced: a file of the kind that is written. */
export interface Kind {
  /** `a report`. */
  readonly name: string;
  /** Whether a file is of the kind, by its first 4,096 bytes. */
  readonly begins: (text: string) => boolean;
}

/** Throws a `UserError` when something else than an earlier file of the kind stands there: a database, say, or a sync. */
export async function checkReplaces(path: string, shownAs: string, { name, begins }: Kind): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || (found.isFile() && found.size === 0)) return;
  if (found.isFile() && begins(await beginningOf(path))) return;
  throw new UserError(`${shownAs} cannot be written: what stands there is not ${name}`, {
    hint: 'Only an earlier one is overwritten. Choose another name, or move the file away.',
  });
}

async function beginningOf(path: string): Promise<string> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
  return buffer.toString('utf8', 0, bytesRead);
}

async function openFile(draft: string, path: string, mode: number): ReturnType<typeof open> {
  try {
    return await open(draft, 'w', mode);
  } catch (cause) {
    throw new UserError(`${path} cannot be written: ${messageOf(cause)}`, {
      hint: 'Choose a folder that exists and that you may write to.',
      cause,
    });
  }
}
