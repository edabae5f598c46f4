/**
 * The journal of a run that is not folded in: one table for each run, to which load jobs append. A batch is announced
 * and recorded by one load job each; what its changes hold goes along with the first announcement of their part of the plan.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { literal } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { type Attempts, attemptsOf, countOutcomes, type JournalSql } from '../attempts.ts';
import { intentsSql } from '../planned.ts';
import type { RecordedOutcome, SeqRange } from '../state.ts';
import type { OpenRun } from './heads.ts';
import type { Store } from './store.ts';
import { emptyLoaded, fromText, JOURNAL_COLUMNS, loadedList, RUN_RECORD_COLUMNS, toStored } from './tables.ts';

/** A line as JSON. `i` announces, `o` tells an outcome. `n` counts the lines of a run. */
export type Line = Readonly<Record<string, string | number | boolean | undefined>>;

const LINE = `[{"kind": "VARCHAR", "n": "BIGINT", "seq_from": "BIGINT", "seq_to": "BIGINT", "status": "VARCHAR", "remote_id": "VARCHAR",
  "code": "VARCHAR", "message": "VARCHAR", "returned": "VARCHAR", "verified": "BOOLEAN"}]`;
/** Sequence numbers whose content is stored at once: about what DuckDB decompresses at once. */
const CHUNK = 120_000;
/** Load jobs into one table on one day (BigQuery allows 1,500, those that failed included). */
const LOADS_PER_TABLE = 1_000;

export function intentLine({ from, to }: SeqRange): Line {
  return { kind: 'i', seq_from: from, seq_to: to };
}

export function outcomeLine(outcome: RecordedOutcome): Line {
  const { from, to, status, verified } = outcome;
  return {
    kind: 'o',
    seq_from: from,
    seq_to: to,
    status,
    remote_id: storable(outcome.remoteId),
    code: storable(outcome.code),
    message: storable(outcome.message),
    returned: storable(outcome.returned),
    verified,
  };
}

/** Half a surrogate pair is no UTF-8; it and NUL only ever come in a message from outside. */
function storable(text: string | undefined): string | undefined {
  return text?.replaceAll('\0', '').toWellFormed();
}

/** Appends to the journal of a run, and keeps the files it appended: at the end they are the journal. */
export class JournalWriter {
  readonly #store: Store;
  readonly #run: OpenRun;
  readonly #workspace: Workspace;
  /** Files of this run, in the workspace's folder. */
  readonly #files: string[] = [];
  /** Chunks of the plan whose content is stored. */
  readonly #chunks = new Set<number>();
  #lines = 0;

  constructor(store: Store, run: OpenRun, workspace: Workspace) {
    this.#store = store;
    this.#run = run;
    this.#workspace = workspace;
  }

  async announce(changes: readonly SeqRange[]): Promise<void> {
    const missing = chunksOf(changes).filter((chunk) => !this.#chunks.has(chunk));
    await this.#append(
      changes.map((range) => intentLine(range)),
      missing,
    );
    for (const chunk of missing) this.#chunks.add(chunk);
  }

  async record(outcomes: readonly RecordedOutcome[]): Promise<void> {
    await this.#append(
      outcomes.map((outcome) => outcomeLine(outcome)),
      [],
    );
  }

  /** What was appended, as a relation of the workspace with {@link JOURNAL_COLUMNS} as they are stored. */
  get appended(): string {
    if (this.#files.length === 0) return emptyJournal();
    return `(SELECT ${JOURNAL_COLUMNS.map((column) => fromText(column))
      .map((sql, at) => `${sql} AS "${JOURNAL_COLUMNS[at]?.name ?? ''}"`)
      .join(', ')}
      FROM read_parquet([${this.#files.map((file) => literal(file)).join(', ')}]))`;
  }

  async close(): Promise<void> {
    for (const file of this.#files.splice(0)) await rm(file, { force: true });
  }

  async #append(lines: readonly Line[], chunks: readonly number[]): Promise<void> {
    if (lines.length === 0) return;
    const nth = this.#files.length;
    const file = join(this.#workspace.folder, `journal_${this.#run.runId.replaceAll(/\W/g, '_')}_${nth}.parquet`);
    await this.#write(
      file,
      lines.map((line, index) => ({ ...line, n: this.#lines + index })),
      chunks,
    );
    this.#files.push(file);
    this.#lines += lines.length;
    await this.#store.load(journalTable(this.#run.journal, nth), file, {
      phase: 'journal',
      sync: this.#run.sync,
      key: `${this.#run.journal} ${this.#run.generation} ${nth}`,
      columns: JOURNAL_COLUMNS,
      writeDisposition: 'WRITE_APPEND',
    });
  }

  async #write(file: string, lines: readonly Line[], chunks: readonly number[]): Promise<void> {
    const workspace = this.#workspace;
    const table = `journal_lines_${this.#run.serial}`;
    await workspace.run(`CREATE OR REPLACE TEMP TABLE ${table} AS SELECT unnest(from_json($lines, '${LINE}'), recursive := true)`, {
      lines: JSON.stringify(lines),
    });
    const content = chunks.map(
      (
        chunk,
      ) => `UNION ALL BY NAME SELECT 'c' AS kind, seq AS seq_from, seq AS seq_to, * EXCLUDE (seq) FROM (${intentsSql('plan', this.#run.sync)})
        WHERE seq BETWEEN ${chunk * CHUNK} AND ${(chunk + 1) * CHUNK - 1}`,
    );
    const columns = JOURNAL_COLUMNS.map((column) => `${toStored(column)} AS "${column.name}"`);
    await workspace.run(
      `COPY (SELECT ${columns.join(', ')} FROM (SELECT * FROM ${emptyLoaded(JOURNAL_COLUMNS)} UNION ALL BY NAME SELECT * FROM ${table} ${content.join(' ')}))
       TO ${literal(file)} (FORMAT parquet)`,
    );
    await workspace.run(`DROP TABLE ${table}`);
  }
}

function journalTable(journal: string, nth: number): string {
  const part = Math.floor(nth / LOADS_PER_TABLE);
  return part === 0 ? journal : `${journal}_${part}`;
}

function chunksOf(changes: readonly SeqRange[]): number[] {
  const chunks = new Set<number>();
  for (const { from, to } of changes) {
    for (let chunk = Math.floor(from / CHUNK); chunk <= Math.floor(to / CHUNK); chunk++) chunks.add(chunk);
  }
  return [...chunks];
}

function emptyJournal(): string {
  return emptyLoaded(JOURNAL_COLUMNS);
}

/** Tables of a journal, in their order. There is none while nothing was announced. */
async function journalTables(store: Store, journal: string): Promise<string[]> {
  const tables: string[] = [];
  for (let part = 0; ; part++) {
    const name = journalTable(journal, part * LOADS_PER_TABLE);
    if ((await store.client.tables.get(store.ref(name))) === undefined) return tables;
    tables.push(name);
  }
}

export async function deleteJournal(store: Store, journal: string): Promise<void> {
  for (const table of await journalTables(store, journal)) await store.client.tables.delete(store.ref(table));
}

/** The journal of a run of another process, read without a job: a relation of the workspace. */
export async function readJournal(store: Store, workspace: Workspace, run: OpenRun, prefix: string): Promise<string> {
  const parts: string[] = [];
  for (const [nth, table] of (await journalTables(store, run.journal)).entries()) {
    const into = `${prefix}_journal_${nth}`;
    await store.client.rows(store.ref(table), workspace, into);
    parts.push(`SELECT * FROM ${into}`);
  }
  if (parts.length === 0) return emptyJournal();
  const columns = JOURNAL_COLUMNS.map((column) => `${fromText(column)} AS "${column.name}"`);
  return `(SELECT ${columns.join(', ')} FROM (${parts.join(' UNION ALL BY NAME ')}))`;
}

/** What the journal says the run attempted. Lines are loaded; what changes hold is read where it is each time. */
export async function attemptsIn(workspace: Workspace, journal: string, prefix: string): Promise<Attempts> {
  const sql = await journalSql(workspace, journal, prefix);
  const attempts = await attemptsOf(workspace, sql, prefix);
  await workspace.run(`DROP TABLE ${sql.lines}`);
  return attempts;
}

export async function countAttempts(workspace: Workspace, journal: string, prefix: string): Promise<Attempts['counts']> {
  return countOutcomes(workspace, await journalSql(workspace, journal, prefix));
}

async function journalSql(workspace: Workspace, journal: string, prefix: string): Promise<JournalSql> {
  const lines = `${prefix}_lines`;
  // A load job that was repeated may have done its work twice.
  const isTwice = await workspace.count(`SELECT CAST(count(n) > count(DISTINCT n) AS INTEGER) FROM ${journal}`);
  const select = isTwice === 0 ? 'SELECT' : 'SELECT DISTINCT';
  await workspace.run(
    `CREATE TEMP TABLE ${lines} AS ${select} n, CASE kind WHEN 'i' THEN 'intent' ELSE 'outcome' END AS t, seq_from AS seq, seq_to AS "to",
       status, remote_id, code, message, returned, verified FROM ${journal} WHERE kind <> 'c'`,
  );
  const planned = `${select} seq_from AS seq, key, key_hash, action, remote_id, row_hash, partial, live_hash, sent, returned, origin, fields, before FROM ${journal} WHERE kind = 'c'`;
  return { lines, planned };
}

/** Of an attempt, what `run_records` keeps. */
export function runRecordsOf(attempts: Attempts): string {
  return `(SELECT ${loadedList(RUN_RECORD_COLUMNS)} FROM ${attempts.view})`;
}
