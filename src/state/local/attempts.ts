/** Reads a journal with DuckDB's own reader: what was attempted, what became of it, how often. No JavaScript per record. */
import { stat } from 'node:fs/promises';

import { InternalError, messageOf } from '../../errors.ts';
import { literal } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { intentsSql } from '../planned.ts';
import type { RunStatus } from '../state.ts';
import { damagedJournal, type JournalFile, planCopyPath, type RunEnd } from './journal.ts';

const LINE = `{n: 'BIGINT', t: 'VARCHAR', seq: 'BIGINT', "to": 'BIGINT', status: 'VARCHAR', remote_id: 'VARCHAR', code: 'VARCHAR',
  message: 'VARCHAR', returned: 'VARCHAR', verified: 'BOOLEAN', finished_at: 'BIGINT'}`;
/** DuckDB's buffer grows with it; a longer line is read in a second try. */
const LINE_BYTES = 16 * 1024 * 1024;

export interface Attempts {
  /**
   * Temporary view: the intents with their last outcome. `wave` is 1, and higher for a key that the run wrote again:
   * within one wave each key occurs once. Changes that were not attempted are left out. What the plan's copy says is read
   * from there each time: a million former and new values take no memory.
   */
  readonly view: string;
  /** The name under which the journal's copy of the plan is attached now. */
  readonly plan: string;
  readonly waves: number;
  readonly end: RunEnd | undefined;
  readonly counts: Readonly<Record<string, number>>;
}

/** Reads the whole journal. `prefix` keeps its temporary tables apart from others; the plan's copy stays attached. */
export async function readAttempts(workspace: Workspace, journal: JournalFile, prefix: string): Promise<Attempts> {
  return reading(workspace, journal, prefix, async ({ latest, end, plan }) => {
    const counts = await countOutcomes(workspace, latest);
    await workspace.run(`CREATE TEMP TABLE ${endsOf(prefix)} AS ${endsSql(latest)}`);
    await workspace.run(`CREATE TEMP TABLE ${wavesOf(prefix)} (seq BIGINT, wave BIGINT)`);
    const view = `${prefix}_attempts`;
    await workspace.run(`CREATE TEMP VIEW ${view} AS ${attemptsSql(latest.planned, prefix)}`);
    return { view, plan, waves: await numberWaves(workspace, prefix, latest.planned), end, counts };
  });
}

/** Removes what `readAttempts` made, but for the attached plan. */
export async function dropAttempts(workspace: Workspace, prefix: string): Promise<void> {
  await workspace.run(`DROP VIEW ${prefix}_attempts`);
  for (const table of [endsOf(prefix), wavesOf(prefix)]) await workspace.run(`DROP TABLE ${table}`);
}

function endsOf(prefix: string): string {
  return `${prefix}_ends`;
}

function wavesOf(prefix: string): string {
  return `${prefix}_waves`;
}

/** End and counts only: for the list of runs. */
export async function readProgress(workspace: Workspace, journal: JournalFile, prefix: string): Promise<Pick<Attempts, 'end' | 'counts'>> {
  return reading(workspace, journal, prefix, async ({ latest, end }) => ({ end, counts: await countOutcomes(workspace, latest) }));
}

async function reading<T>(
  workspace: Workspace,
  journal: JournalFile,
  prefix: string,
  work: (read: { latest: LatestSql; end: RunEnd | undefined; plan: string }) => Promise<T>,
): Promise<T> {
  const lines = `${prefix}_lines`;
  await loadLines(workspace, journal, lines);
  const plan = await attachPlan(workspace, journal, prefix);
  const latest = await latestSql(workspace, lines, intentsSql(plan, journal.sync));
  const result = await work({ latest, end: await readEnd(workspace, lines), plan });
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

/** SELECTs: what the plan says of the run's changes; the announcements and the outcomes in the journal, one row for each change. */
interface LatestSql {
  readonly planned: string;
  readonly intents: string;
  readonly outcomes: string;
}

/** Grouping millions of rows costs more than all the rest, and is needed only when a change occurs twice. */
async function latestSql(workspace: Workspace, lines: string, planned: string): Promise<LatestSql> {
  const once = async (type: string): Promise<boolean> =>
    (
      await workspace.row(
        `SELECT count(*) = 0 AS once FROM (SELECT seq, lag("to") OVER (ORDER BY seq, n) AS former FROM ${lines} WHERE t = '${type}') WHERE former >= seq`,
      )
    )['once'] === true;
  const each = (type: string, columns: string): string =>
    `SELECT unnest(range(seq, "to" + 1)) AS seq, n${columns} FROM ${lines} WHERE t = '${type}'`;
  const intents = each('intent', '');
  const outcomes = each('outcome', ', status, remote_id, code, message, returned, verified');
  return {
    planned,
    intents: (await once('intent')) ? intents : `SELECT seq, max(n) AS n FROM (${intents}) GROUP BY seq`,
    outcomes: (await once('outcome')) ? outcomes : lastOutcomes(outcomes),
  };
}

/** What an earlier outcome knew (id, read-back) stays known. */
function lastOutcomes(outcomes: string): string {
  return `SELECT seq, max(n) AS n, arg_max(status, n) AS status, arg_max(remote_id, n) AS remote_id, arg_max_null(code, n) AS code,
    arg_max_null(message, n) AS message, arg_max(returned, n) AS returned, bool_or(verified) AS verified FROM (${outcomes}) GROUP BY seq`;
}

/** A change that was announced (again) after its last outcome has an unknown one: the process died in between. */
function endsSql(latest: LatestSql): string {
  return `SELECT * FROM (
    SELECT i.n, i.seq, o.remote_id, o.returned, o.code, o.message, coalesce(o.verified, false) AS verified,
      CASE WHEN o.n > i.n THEN o.status ELSE 'unknown' END AS status
    FROM (${latest.intents}) AS i LEFT JOIN (${latest.outcomes}) AS o ON o.seq = i.seq) WHERE status <> 'not_attempted'`;
}

function attemptsSql(planned: string, prefix: string): string {
  return `SELECT e.n, c.seq, c.key, c.key_hash, c.action, coalesce(e.remote_id, c.remote_id) AS remote_id, c.row_hash, c.live_hash, c.sent,
      coalesce(e.returned, c.returned) AS returned, c.origin, c.fields, c.before, e.status,
      (e.status = 'applied' OR e.status = 'unchanged') AS acknowledged, e.verified, e.code, e.message, coalesce(w.wave, 1) AS wave
    FROM (${planned}) AS c JOIN ${endsOf(prefix)} AS e ON e.seq = c.seq LEFT JOIN ${wavesOf(prefix)} AS w ON w.seq = c.seq`;
}

/** Changes by outcome (no outcome: `unknown`) and, of the acknowledged ones, by action. */
async function countOutcomes(workspace: Workspace, latest: LatestSql): Promise<Record<string, number>> {
  const rows = await workspace.rows(`
    WITH ended AS (
      SELECT c.action, CASE WHEN o.status IS NULL OR o.n < i.n THEN 'unknown' ELSE o.status END AS status, count(*) AS times
      FROM (${latest.planned}) AS c JOIN ((${latest.intents}) AS i FULL OUTER JOIN (${latest.outcomes}) AS o ON o.seq = i.seq)
        ON c.seq = coalesce(i.seq, o.seq)
      GROUP BY ALL)
    SELECT status AS what, sum(times) AS times FROM ended GROUP BY ALL
    UNION ALL SELECT action, sum(times) FROM ended WHERE status IN ('applied', 'unchanged') GROUP BY ALL`);
  return Object.fromEntries(rows.map((row) => [String(row['what']), Number(row['times'])]));
}

/** Numbers the attempts on a key that has several (a second pass sets references to records of the same object). */
async function numberWaves(workspace: Workspace, prefix: string, planned: string): Promise<number> {
  const attempted = `SELECT e.n, c.seq, c.key FROM (${planned}) AS c JOIN ${endsOf(prefix)} AS e ON e.seq = c.seq`;
  const again = `SELECT key FROM (${attempted}) GROUP BY key HAVING count(*) > 1`;
  await workspace.run(`INSERT INTO ${wavesOf(prefix)}
    SELECT seq, row_number() OVER (PARTITION BY key ORDER BY n, seq) AS wave FROM (${attempted}) WHERE key IN (${again})`);
  return workspace.count(`SELECT coalesce(max(wave), 1) FROM ${wavesOf(prefix)}`);
}
