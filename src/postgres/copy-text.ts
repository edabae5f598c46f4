/** Rows of the workspace as input of `COPY ... FROM STDIN`. DuckDB writes the text; nothing is made for a row. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { ident, literal } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';

const CHUNK = 1 << 20;

/** Input of a COPY that says how it is written. */
export interface CopyChunks extends AsyncIterable<Uint8Array> {
  /** Options of the COPY statement: `copyIn` adds them. */
  readonly options: string;
}

/**
 * The rows of a SELECT of the workspace, all columns VARCHAR, in chunks of about 1 MB that end anywhere. Null and the empty
 * text stay apart. The rows are written to a file of the workspace first: a slow server costs no memory. CSV, because DuckDB
 * writes it eight times as fast as it escapes for COPY's own text format.
 */
export function copyChunks(workspace: Workspace, select: string): CopyChunks {
  return { options: '(FORMAT csv)', [Symbol.asyncIterator]: () => chunksOf(workspace, select) };
}

async function* chunksOf(workspace: Workspace, select: string): AsyncGenerator<Uint8Array> {
  const names = (await workspace.columns(select)).map(({ name }) => ident(name)).join(', ');
  const path = join(workspace.folder, `copy_${fileCounter.next()}.csv`);
  try {
    // Quoted everywhere: a row that is only `\.` would end the input.
    const options = `FORMAT csv, HEADER false, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '', FORCE_QUOTE (${names})`;
    await workspace.run(`COPY (${select}) TO ${literal(path)} (${options})`);
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) yield chunk as Uint8Array;
  } finally {
    await rm(path, { force: true });
  }
}

/** Several copies of one workspace may be under way. */
const fileCounter = { count: 0, next: () => (fileCounter.count += 1) };
