/** Reads a journal with DuckDB's own reader: what was attempted, what became of it, how often. No JavaScript per record. */
import { stat } from 'node:fs/promises';

import { InternalError, messageOf } from '../../errors.ts';
import { literal } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { type Attempts, attemptsOf, countOutcomes, type JournalSql } from '../attempts.ts';
import { intentsSql } from '../planned.ts';
import type { RunStatus } from '../state.ts';
import { damagedJournal, type JournalFile, planCopyPath, type RunEnd } from './journal.ts';

const LINE = `{n: 'BIGINT', t: 'VARCHAR', seq: 'BIGINT', "to": 'BIGINT', status: 'VARCHAR', remote_id: 'VARCHAR', code: 'VARCHAR',
  message: 'VARCHAR', returned: 'VARCHAR', verified: 'BOOLEAN', finished_at: 'BIGINT'}`;
/** DuckDB's buffer grows with it; a longer line is read in a second try. */
const LINE_BYTES = 1024 * 1024;

export interface JournalAttempts extends Attempts {
  /** The name under which the journal's copy of the plan is attached now. */
  readonly plan: string;
  readonly end: RunEnd | undefined;
}

/** Reads the whole journal. `prefix` keeps its temporary tables apart from others; the plan's copy stays attached. */
export async function readAttempts(workspace: Workspace, journal: JournalFile, prefix: string): Promise<JournalAttempts> {
  return reading(workspace, journal, prefix, async ({ sql, end, plan }) => ({ ...(await attemptsOf(workspace, sql, prefix)), end, plan }));
}

/** End and counts only: for the list of runs. */
export async function readProgress(
  workspace: Workspace,
  journal: JournalFile,
  prefix: string,
): Promise<Pick<JournalAttempts, 'end' | 'counts'>> {
  return reading(workspace, journal, prefix, async ({ sql, end }) => ({ end, counts: await countOutcomes(workspace, sql) }));
}

async function reading<T>(
  workspace: Workspace,
  journal: JournalFile,
  prefix: string,
  work: (read: { sql: JournalSql; end: RunEnd | undefined; plan: string }) => Promise<T>,
): Promise<T> {
  const lines = `${prefix}_lines`;
  await loadLines(workspace, journal, lines);
  const plan = await attachPlan(workspace, journal, prefix);
  const sql = { lines, planned: intentsSql(plan, journal.sync) };
  const result = await work({ sql, end: await readEnd(workspace, lines), plan });
  await workspace.run(`DROP TABLE ${lines}`);
  return result;
}

async function attachPlan(workspace: Workspace, journal: JournalFile, prefix: string): Promise<string> {
  try {
    return await workspace.attach(planCopyPath(journal.path), `${prefix}_plan`, 'read');
  } catch (error) {
    throw damagedJournal(journal.path, error);
  }
}

/**
 * Loads all whole lines. A line that is not JSON becomes a row of nulls (`ignore_errors`): that may only be the torn last
 * one, so the numbers of the others must be without a gap.
 */
async function loadLines(workspace: Workspace, journal: JournalFile, table: string): Promise<void> {
  const size = (await stat(journal.path)).size;
  const read = (limit: number): Promise<void> =>
    workspace.run(`CREATE OR REPLACE TEMP TABLE ${table} AS SELECT * FROM read_json(${literal(escapeGlob(journal.path))},
      format = 'newline_delimited', columns = ${LINE}, ignore_errors = true, maximum_object_size = ${limit})`);
  await read(LINE_BYTES).catch(async (error: unknown) => {
    if (size <= LINE_BYTES || !/maximum_object_size/i.test(messageOf(error))) throw error;
    await read(Math.min(size, 2 ** 30));
  });
  const seen = await workspace.row(
    `SELECT count(n) AS whole, count(*) - count(n) AS torn, coalesce(max(n), -1) + 1 AS expected FROM ${table}`,
  );
  if (Number(seen['whole']) !== Number(seen['expected']) || Number(seen['torn']) > 1) throw damagedJournal(journal.path);
}

/** DuckDB takes a path for a pattern. */
function escapeGlob(path: string): string {
  return path.replaceAll(/[[*?]/g, (character) => `[${character}]`);
}

async function readEnd(workspace: Workspace, lines: string): Promise<RunEnd | undefined> {
  const row = (await workspace.rows(`SELECT status, finished_at FROM ${lines} WHERE t = 'end'`))[0];
  if (row === undefined) return undefined;
  return { status: statusOf(row['status']), finishedAt: Number(row['finished_at']) };
}

function statusOf(value: unknown): RunStatus {
  if (value === 'finished' || value === 'partial' || value === 'running') return value;
  throw new InternalError(`a journal ends with the status ${String(value)}`);
}
