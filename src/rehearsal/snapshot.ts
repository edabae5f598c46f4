/** What `sluice describe --save` kept of a sync's two ends: the types of a test, without asking anybody. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Column } from '../canonical/types.ts';
import type { ObjectSchema } from '../destinations/destination.ts';
import { messageOf, UserError } from '../errors.ts';

/** Folder of snapshots, below the project folder. */
export const SNAPSHOTS = '.snapshots';
/** Another major version is refused. */
export const SNAPSHOT_FORMAT = '1.0';

export interface Snapshot {
  /** Path below the project folder, for messages. */
  readonly path: string;
  readonly columns: readonly Column[];
  readonly schema: ObjectSchema;
}

interface Saved {
  readonly format_version?: unknown;
  readonly source?: { readonly columns?: unknown };
  readonly destination?: { readonly fields?: unknown };
}

/** The snapshot of a sync; undefined when none was saved. Throws `UserError` for one that cannot be read. */
export async function readSnapshot(dir: string, sync: string): Promise<Snapshot | undefined> {
  const path = `${SNAPSHOTS}/${sync}.json`;
  const hint = `Save it again: sluice describe ${sync} --save`;
  const text = await readFile(join(dir, path), 'utf8').catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UserError(`${path} cannot be read: ${messageOf(cause)}`, { hint, cause });
  });
  if (text === undefined) return undefined;
  const saved = parse(text);
  if (saved === undefined || !Array.isArray(saved.source?.columns) || !Array.isArray(saved.destination?.fields)) {
    throw new UserError(`${path} is no snapshot of a sync`, { hint });
  }
  if (String(saved.format_version).split('.')[0] !== SNAPSHOT_FORMAT.split('.')[0]) {
    throw new UserError(`${path} has the format ${String(saved.format_version)}; this Sluice reads ${SNAPSHOT_FORMAT}`, { hint });
  }
  return { path, columns: saved.source.columns as Column[], schema: saved.destination as unknown as ObjectSchema };
}

function parse(text: string): Saved | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null ? data : undefined;
  } catch {
    // Not JSON: the caller says which file it is.
    return undefined;
  }
}
