/** The first line of a CSV file that Salesforce sent. */
import { open } from 'node:fs/promises';

/** Bytes of the first line, at most. Names of columns have no line feed and no comma in them. */
const MAX_HEADER = 256 * 1024;

/** Names of the columns, in their order. None: the file is empty. */
export async function csvHeader(file: string): Promise<readonly string[]> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_HEADER), 0, MAX_HEADER, 0);
  const [line = ''] = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/, 1);
  const names = line.replace(/^\uFEFF/, '').trim();
  return names === '' ? [] : names.split(',').map((name) => name.replaceAll('"', ''));
}
