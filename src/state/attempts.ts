/**
 * What a run attempted and what became of it, from its journal in a workspace: for backends that resolve journals with
 * DuckDB. No JavaScript per record.
 */
import type { Workspace } from '../workspace/workspace.ts';

/** A journal in a workspace. */
export interface JournalSql {
  /**
   * A table of its lines: `n, t ('intent', 'outcome'), seq, "to", status, remote_id, code, message, returned, verified`.
   * Needed only until the attempts are made.
   */
  readonly lines: string;
  /** A SELECT of the run's changes with the columns of `intentsSql`; may hold changes that were never announced. */
  readonly planned: string;
}

export interface Attempts {
  /**
   * Temporary view: the intents with their last outcome. `wave` is 1, and higher for a key that the run wrote again:
   * within one wave each key occurs once. Changes that were not attempted are left out. What `planned` says is read
   * from there each time: a million former and new values take no memory.
   */
  readonly view: string;
  readonly waves: number;
  /** Changes by outcome (no outcome: `unknown`) and, of the acknowledged ones, by action. */
  readonly counts: Readonly<Record<string, number>>;
}

/** `prefix` keeps the temporary tables apart from others. */
export async function attemptsOf(workspace: Workspace, journal: JournalSql, prefix: string): Promise<Attempts> {
  const latest = await latestSql(workspace, journal);
  const counts = await countLatest(workspace, latest);
  await workspace.run(`CREATE TEMP TABLE ${endsOf(prefix)} AS ${endsSql(latest)}`);
  await workspace.run(`CREATE TEMP TABLE ${wavesOf(prefix)} (seq BIGINT, wave BIGINT)`);
  const view = `${prefix}_attempts`;
  await workspace.run(`CREATE TEMP VIEW ${view} AS ${attemptsSql(latest.planned, prefix)}`);
  return { view, waves: await numberWaves(workspace, prefix, latest.planned), counts };
}

/** The counts alone. */
export async function countOutcomes(workspace: Workspace, journal: JournalSql): Promise<Attempts['counts']> {
  return countLatest(workspace, await latestSql(workspace, journal));
}

/** Removes what `attemptsOf` made. */
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

/** SELECTs: what the plan says of the run's changes; the announcements and the outcomes in the journal, one row for each change. */
interface LatestSql {
  readonly planned: string;
  readonly intents: string;
  readonly outcomes: string;
}

/** Grouping millions of rows costs more than all the rest, and is needed only when a change occurs twice. */
async function latestSql(workspace: Workspace, { lines, planned }: JournalSql): Promise<LatestSql> {
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
  return `SELECT e.n, c.seq, c.key, c.key_hash, c.action, coalesce(e.remote_id, c.remote_id) AS remote_id, c.row_hash, c.partial, c.live_hash, c.sent,
      coalesce(e.returned, c.returned) AS returned, c.origin, c.fields, c.before, e.status,
      (e.status = 'applied' OR e.status = 'unchanged') AS acknowledged, e.verified, e.code, e.message, coalesce(w.wave, 1) AS wave
    FROM (${planned}) AS c JOIN ${narrow(endsOf(prefix))} AS e ON e.seq = c.seq LEFT JOIN ${wavesOf(prefix)} AS w ON w.seq = c.seq`;
}

/**
 * DuckDB joins by a table in memory of the side that it takes for the smaller one, and guesses a fifth for every condition.
 * The plan's wide rows have one, on their sync: with one on this side too, they stream.
 */
function narrow(ends: string): string {
  return `(SELECT * FROM ${ends} WHERE status <> 'not_attempted')`;
}

/** Changes by outcome (no outcome: `unknown`) and, of the acknowledged ones, by action. */
async function countLatest(workspace: Workspace, latest: LatestSql): Promise<Record<string, number>> {
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
  const again = `SELECT key_hash FROM (${planned}) GROUP BY key_hash HAVING count(*) > 1`;
  if ((await workspace.count(`SELECT count(*) FROM (${again})`)) === 0) return 1;
  await workspace.run(`INSERT INTO ${wavesOf(prefix)}
    SELECT c.seq, row_number() OVER (PARTITION BY c.key ORDER BY e.n, c.seq) AS wave
    FROM (${planned}) AS c JOIN ${narrow(endsOf(prefix))} AS e ON e.seq = c.seq WHERE c.key_hash IN (${again})`);
  return workspace.count(`SELECT coalesce(max(wave), 1) FROM ${wavesOf(prefix)}`);
}
