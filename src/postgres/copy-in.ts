/** Feeding `COPY ... FROM STDIN`. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { CopyStreamQuery } from 'pg-copy-streams';

/** Text or its UTF-8 bytes, cut anywhere; `options` of the COPY statement, when the producer knows how it writes. */
export interface CopyInput extends AsyncIterable<string | Uint8Array> {
  readonly options?: string;
}

/** Writes the chunks, each when the server has room for it. Returns the number of rows. A failing producer fails the COPY. */
export async function copyInto(copy: CopyStreamQuery, chunks: CopyInput): Promise<number> {
  await pipeline(Readable.from(bytes(chunks), { objectMode: true, highWaterMark: 1 }), copy);
  return copy.rowCount;
}

async function* bytes(chunks: CopyInput): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
