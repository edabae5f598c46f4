/**
 * The org as a file of JSON lines: first one of the sandbox (connected app, objects), then one per record. Read at the start,
 * written whole at the stop, readable by its owner only.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { access, rename } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { UserError } from '../../errors.ts';
import type { Org } from './org.ts';
import type { Stamp, StoredRecord } from './record.ts';
import type { ObjectDef } from './schema.ts';
import type { KeptCredentials } from './sessions.ts';

const FORMAT = 1;

interface Head {
  readonly sluiceSandbox: number;
  readonly credentials: KeptCredentials;
  /** Also how many ids each object has given out. */
  readonly objects: Readonly<Record<string, { readonly keyPrefix: string; readonly ids: number; readonly def: ObjectDef }>>;
}

interface Line {
  readonly object: string;
  readonly id: string;
  readonly isDeleted?: true;
  readonly created: Stamp;
  readonly modified: Stamp;
  readonly values: Readonly<Record<string, string>>;
}

/** Fills the org. Undefined: there is no such file yet. Throws `UserError` for a file that is something else. */
export async function loadOrg(org: Org, path: string): Promise<KeptCredentials | undefined> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (!there) return undefined;
  let head: Head | undefined;
  let number = 0;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    const line = parse(text, path, number);
    if (head === undefined) head = loadHead(org, line, path);
    else loadRecord(org, line as unknown as Line);
  }
  return head?.credentials;
}

function parse(text: string, path: string, line: number): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw notOurs(path, `line ${line} is no JSON`, cause);
  }
}

function notOurs(path: string, why: string, cause?: unknown): UserError {
  return new UserError(`${path} is not a file of the sandbox: ${why}`, {
    hint: 'Name a file that does not exist, to start with an empty org.',
    cause,
  });
}

function loadHead(org: Org, line: Readonly<Record<string, unknown>>, path: string): Head {
  if (line['sluiceSandbox'] !== FORMAT) throw notOurs(path, `its first line does not say "sluiceSandbox": ${FORMAT}`);
  const head = line as unknown as Head;
  for (const [object, { keyPrefix, ids, def }] of Object.entries(head.objects)) {
    org.define(object, { ...def, keyPrefix });
    org.table(object)?.skipIds(ids);
  }
  return head;
}

function loadRecord(org: Org, line: Line): void {
  const table = org.tableFor(line.object, undefined);
  const known = table.records.get(line.id);
  if (known !== undefined) org.forget(known);
  const record = table.load(line.id, line.created);
  for (const [field, value] of Object.entries(line.values)) record.set(field, value);
  record.modified = line.modified;
  record.isDeleted = line.isDeleted === true;
  table.enter(record);
}

/** Writes the org, beside the file first: a stop that is cut short leaves the old one. */
export async function saveOrg(org: Org, credentials: KeptCredentials, path: string): Promise<void> {
  const fresh = `${path}.new`;
  await pipeline(Readable.from(lines(org, credentials)), createWriteStream(fresh, { mode: 0o600 }));
  await rename(fresh, path);
}

function* lines(org: Org, credentials: KeptCredentials): Generator<string> {
  const objects: Head['objects'] = Object.fromEntries(org.tables().map(({ name, keyPrefix, ids, def }) => [name, { keyPrefix, ids, def }]));
  const head: Head = { sluiceSandbox: FORMAT, credentials, objects };
  yield `${JSON.stringify(head)}\n`;
  for (const table of org.tables()) {
    for (const record of table.records.values()) yield `${JSON.stringify(lineOf(record))}\n`;
  }
}

function lineOf(record: StoredRecord): Line {
  const { object, id, isDeleted, created, modified } = record;
  const values = Object.fromEntries([...record.values].filter((entry): entry is [string, string] => entry[1] !== null));
  return { object, id, ...(isDeleted ? { isDeleted } : {}), created, modified, values };
}
