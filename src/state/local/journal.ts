/**
 * The journal of a run: one JSON object per line, appended and flushed before and after each batch. `n` counts the lines
 * from 0, so that a lost one shows. Only the last line of a killed run can be torn; it is ignored. What the run changes is
 * not in the journal but in a copy of its plan beside it: a batch of any size is announced by one line.
 */
import { constants } from 'node:fs';
import { copyFile, type FileHandle, link, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { UserError } from '../../errors.ts';
import type { RecordedOutcome, RunStart, RunStatus, SeqRange } from '../state.ts';
import { codeOf, decodeName, encodeName, explain, syncFolder } from './paths.ts';

export interface RunHead extends RunStart {
  readonly serial: number;
  readonly owner: string;
  readonly generation: number;
}

export interface RunEnd {
  readonly status: RunStatus;
  readonly finishedAt: number;
}

export interface JournalFile {
  readonly path: string;
  readonly sync: string;
  readonly serial: number;
  readonly head: RunHead;
}

const SUFFIX = '.ndjson';
const CHUNK = 65_536;
/** The last line of an ended run is shorter. */
const END_BYTES = 512;

export function journalPath(folder: string, sync: string, serial: number): string {
  return join(folder, `${encodeName(sync)}.${serial}${SUFFIX}`);
}

/** The copy of the plan that the journal's sequence numbers refer to. */
export function planCopyPath(journal: string): string {
  return `${journal.slice(0, -SUFFIX.length)}.plan.duckdb`;
}

/**
 * Keeps the plan beside the journal: the plan file may be gone, or another one, when somebody folds it. `twin`: a copy of
 * the same plan that another sync of this apply has made already.
 */
export async function keepPlan(planFile: string, journal: string, twin: string | undefined): Promise<string> {
  const path = planCopyPath(journal);
  return explain(path, 'write', async () => {
    await rm(path, { force: true });
    if (twin !== undefined && (await linked(twin, path))) return path;
    await copyFile(planFile, path, constants.COPYFILE_FICLONE);
    const handle = await open(path, 'r+');
    try {
      await handle.chmod(0o600);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return path;
  });
}

/** Not every file system has hard links, and the twin may have been folded and removed: then the plan is copied. */
async function linked(twin: string, path: string): Promise<boolean> {
  try {
    await link(twin, path);
    return true;
  } catch (error) {
    if (['ENOENT', 'EPERM', 'ENOTSUP', 'EMLINK', 'EXDEV'].includes(codeOf(error) ?? '')) return false;
    throw error;
  }
}

/** Journals in the order of their serials. One without a whole first line began no run: it is left out. */
export async function listJournals(folder: string, sync?: string): Promise<JournalFile[]> {
  const files = await readdir(folder).catch((error: unknown) => (codeOf(error) === 'ENOENT' ? [] : Promise.reject(error as Error)));
  const named = files.filter((file) => file.endsWith(SUFFIX)).map((file) => partsOf(folder, file));
  const wanted = named.filter((each) => sync === undefined || each.sync === sync).sort((a, b) => a.serial - b.serial);
  const found = await Promise.all(wanted.map(async (each) => ({ ...each, head: await readHead(each.path) })));
  return found.flatMap((each) => (each.head === undefined ? [] : [{ ...each, head: each.head }]));
}

function partsOf(folder: string, file: string): { path: string; sync: string; serial: number } {
  const [name = '', serial = ''] = file.split('.');
  return { path: join(folder, file), sync: decodeName(name), serial: Number(serial) };
}

async function readHead(path: string): Promise<RunHead | undefined> {
  return explain(path, 'read', async () => {
    const handle = await open(path, 'r').catch((error: unknown) =>
      codeOf(error) === 'ENOENT' ? undefined : Promise.reject(error as Error),
    );
    if (handle === undefined) return undefined;
    try {
      const line = await firstLine(handle);
      return line === undefined ? undefined : (JSON.parse(line) as RunHead);
    } catch (error) {
      throw error instanceof SyntaxError ? damagedJournal(path, error) : error;
    } finally {
      await handle.close();
    }
  });
}

async function firstLine(handle: FileHandle): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK), 0, CHUNK, null);
    const end = buffer.subarray(0, bytesRead).indexOf(0x0a);
    chunks.push(buffer.subarray(0, end < 0 ? bytesRead : end));
    if (end >= 0) return Buffer.concat(chunks).toString('utf8');
    if (bytesRead === 0) return undefined;
  }
}

/** Whether the run said how it ended. Reads the end of the file only. */
export async function readEnding(path: string): Promise<RunStatus | undefined> {
  return explain(path, 'read', async () => {
    const handle = await open(path, 'r');
    try {
      const size = (await handle.stat()).size;
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(END_BYTES), 0, END_BYTES, Math.max(0, size - END_BYTES));
      return /\{"n":\d+,"t":"end","status":"(finished|partial|running)"[^\n]*\}\n$/.exec(buffer.toString('utf8', 0, bytesRead))?.[1] as
        RunStatus | undefined;
    } finally {
      await handle.close();
    }
  });
}

export function damagedJournal(path: string, cause?: unknown): UserError {
  return new UserError(`the journal ${path} is damaged: a line of it is missing or cannot be read`, {
    hint: 'Restore it from a backup, or move it away: records written by that run are then read live and adopted by the next plan.',
    cause,
  });
}

/** Removes a folded journal and what lies beside it. */
export async function removeJournal(folder: string, path: string): Promise<void> {
  await explain(path, 'write', async () => {
    await rm(planCopyPath(path), { force: true }); // first: without its journal nobody would look for it
    await rm(path, { force: true });
    await syncFolder(folder);
  });
}

export class JournalWriter {
  readonly path: string;
  readonly #handle: FileHandle;
  #lines = 0;
  #bytes = 0;
  /** Half a write could not be taken back: nothing may follow it. */
  #isBroken = false;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Starts the journal of a run. One of the same serial began no run (see {@link listJournals}) and is replaced. */
  static async create(folder: string, head: RunHead): Promise<JournalWriter> {
    const path = journalPath(folder, head.sync, head.serial);
    return explain(path, 'write', async () => {
      const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
      const journal = new JournalWriter(path, handle);
      await journal.#append([head], (n) => ({ n, t: 'run', ...head }));
      await syncFolder(folder);
      return journal;
    });
  }

  async intend(changes: readonly SeqRange[]): Promise<void> {
    await this.#append(changes, (n, { from, to }) => ({ n, t: 'intent', seq: from, to }));
  }

  async record(outcomes: readonly RecordedOutcome[]): Promise<void> {
    await this.#append(outcomes, outcomeLine);
  }

  async end(end: RunEnd): Promise<void> {
    await this.#append([end], (n) => ({ n, t: 'end', status: end.status, finished_at: end.finishedAt }));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** One write, one flush. After a failure (a full disk) the file ends where it did before. */
  async #append<T>(entries: readonly T[], lineOf: (n: number, entry: T) => object): Promise<void> {
    if (entries.length === 0) return;
    if (this.#isBroken)
      throw new UserError(`cannot write ${this.path}: an earlier write failed half-way`, {
        hint: 'Run the command again: it continues with the rest.',
      });
    const data = Buffer.from(entries.map((entry, index) => `${stringify(lineOf(this.#lines + index, entry))}\n`).join(''));
    await explain(this.path, 'write', async () => {
      try {
        await writeAll(this.#handle, data, this.#bytes);
        await this.#handle.datasync();
      } catch (error) {
        this.#isBroken = true;
        await this.#handle.truncate(this.#bytes);
        this.#isBroken = false;
        throw error;
      }
    });
    this.#lines += entries.length;
    this.#bytes += data.length;
  }
}

async function writeAll(handle: FileHandle, data: Buffer, position: number): Promise<void> {
  for (let written = 0; written < data.length;) {
    written += (await handle.write(data, written, data.length - written, position + written)).bytesWritten;
  }
}

/** JSON that DuckDB can read: half a surrogate pair (only ever in a message from outside) becomes U+FFFD. */
function stringify(line: object): string {
  const text = JSON.stringify(line);
  if (!text.includes('\\ud')) return text;
  return JSON.stringify(line, (_key, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value));
}

function outcomeLine(n: number, outcome: RecordedOutcome): object {
  return {
    n,
    t: 'outcome',
    seq: outcome.from,
    to: outcome.to,
    status: outcome.status,
    remote_id: outcome.remoteId,
    code: outcome.code,
    message: outcome.message,
    returned: outcome.returned,
    verified: outcome.verified,
  };
}
