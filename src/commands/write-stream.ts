/** Results that go into a file of the user's choice. */
import { open, rename, rm } from 'node:fs/promises';

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
