/** What a run attempted and what became of it: a SELECT over its announcements and the journal. No record leaves the server. */
import type { PgClient, PgRow } from '../../postgres/client.ts';
import type { OpenRun } from './heads.ts';
import type { Tables } from './tables.ts';

/**
 * The attempts of a run as a SELECT: the columns of its announcements (`remote_id` and `returned` as far as outcomes know
 * better), `status`, `acknowledged`, `verified`, `code`, `message`, and `wave`: 1, and higher for a key that the run wrote
 * again; within one wave each key occurs once. What was not attempted has wave 0.
 */
export async function attemptsSql(client: PgClient, tables: Tables, run: OpenRun): Promise<string> {
  const [announced, ended] = [await occursOnce(client, tables, run, 'i'), await occursOnce(client, tables, run, 'o')];
  const columns = 'c.seq, c.key, c.key_hash, c.row_hash, c.partial, c.live_hash, c.action, c.sent, c.origin, c.fields, c.before';
  const latest = `
    SELECT i.n, ${columns}, coalesce(o.remote_id, c.remote_id) AS remote_id, coalesce(o.returned, c.returned) AS returned,
      CASE WHEN o.n > i.n THEN o.status ELSE 'unknown' END AS status, coalesce(o.verified, false) AS verified, o.code, o.message
    FROM ${tables.intents(run.id)} AS c
    JOIN ${announced ? rangesOf(tables, run, 'i') : lastAnnouncement(tables, run)}
    LEFT JOIN ${ended ? rangesOf(tables, run, 'o') : lastOutcome(tables, run)}`;
  return `
    SELECT a.*, a.status IN ('applied', 'unchanged') AS acknowledged, CASE WHEN a.status = 'not_attempted' THEN 0 ELSE ${waveSql(run)} END AS wave
    FROM (${latest}) AS a`;
}

/** Whether no change occurs in two lines of this kind, which is usual: then there is nothing to group. */
async function occursOnce(client: PgClient, tables: Tables, run: OpenRun, kind: 'i' | 'o'): Promise<boolean> {
  const lines = `SELECT seq_from, lag(seq_to) OVER (ORDER BY seq_from, n) AS former FROM ${tables.journal} WHERE run = ${run.id} AND kind = '${kind}'`;
  return (await client.rows(`SELECT 1 FROM (${lines}) AS l WHERE former >= seq_from LIMIT 1`)).length === 0;
}

/**
 * Ranges that do not overlap, ready to be joined: of each change the last one that begins at or before it, if it reaches that
 * far. A binary search in the sorted starts of the ranges, and a join on its result.
 */
function rangesOf(tables: Tables, run: OpenRun, kind: 'i' | 'o'): string {
  const lines = `FROM ${tables.journal} WHERE run = ${run.id} AND kind = '${kind}'`;
  return `(SELECT *, row_number() OVER (ORDER BY seq_from) AS place ${lines}) AS ${kind}
      ON ${kind}.place = width_bucket(c.seq, (SELECT coalesce(array_agg(seq_from ORDER BY seq_from), '{0}') ${lines})) AND ${kind}.seq_to >= c.seq`;
}

/** A change that was announced again counts from then. */
function lastAnnouncement(tables: Tables, run: OpenRun): string {
  const lines = `SELECT generate_series(seq_from, seq_to) AS seq, n FROM ${tables.journal} WHERE run = ${run.id} AND kind = 'i'`;
  return `(SELECT seq, max(n) AS n FROM (${lines}) AS l GROUP BY seq) AS i ON i.seq = c.seq`;
}

/** What an earlier outcome knew (id, read-back) stays known. */
function lastOutcome(tables: Tables, run: OpenRun): string {
  const lines = `SELECT generate_series(seq_from, seq_to) AS seq, n, status, remote_id, code, message, returned, verified
    FROM ${tables.journal} WHERE run = ${run.id} AND kind = 'o'`;
  const last = (column: string, known: boolean): string =>
    `(array_agg(${column} ORDER BY n DESC)${known ? ` FILTER (WHERE ${column} IS NOT NULL)` : ''})[1] AS ${column}`;
  return `(
      SELECT seq, max(n) AS n, ${last('status', false)}, ${last('remote_id', true)}, ${last('code', false)}, ${last('message', false)},
        ${last('returned', true)}, bool_or(verified) AS verified
      FROM (${lines}) AS l GROUP BY seq
    ) AS o ON o.seq = c.seq`;
}

function waveSql(run: OpenRun): string {
  return run.repeats ? "row_number() OVER (PARTITION BY a.key, a.status = 'not_attempted' ORDER BY a.n, a.seq)" : '1';
}

/**
 * The planner cannot know how many changes of a journal fall into a range, guesses one, and would compare each with each.
 * For statements over many attempts; not for few that look up records one by one.
 */
export async function expectMany(client: PgClient, many = true): Promise<void> {
  await client.run(`SET LOCAL enable_nestloop = ${many ? 'off' : 'on'}`);
}

export interface Outcomes {
  /** Changes by outcome (no outcome: `unknown`) and, of the acknowledged ones, by action. */
  readonly counts: Readonly<Record<string, number>>;
  readonly attempted: number;
  /** Attempted, and not acknowledged. */
  readonly failed: number;
}

/** `attempts` may stand after FROM. */
export async function countOutcomes(client: PgClient, attempts: string): Promise<Outcomes> {
  return outcomesOf(await client.rows(`SELECT action, status, count(*) AS times FROM ${attempts} AS a GROUP BY 1, 2`));
}

/** From rows of `action`, `status` and `times`. */
export function outcomesOf(rows: readonly PgRow[]): Outcomes {
  const sum = (chosen: readonly PgRow[]): number => chosen.reduce((total, row) => total + Number(row['times']), 0);
  const by = (column: string, chosen: readonly PgRow[]): [string, number][] =>
    [...new Set(chosen.map((row) => row[column] ?? ''))].map((what) => [what, sum(chosen.filter((row) => row[column] === what))]);
  const attempted = rows.filter((row) => row['status'] !== 'not_attempted');
  const acknowledged = rows.filter((row) => row['status'] === 'applied' || row['status'] === 'unchanged');
  return {
    counts: Object.fromEntries([...by('status', rows), ...by('action', acknowledged)]),
    attempted: sum(attempted),
    failed: sum(attempted) - sum(acknowledged),
  };
}

/** How many waves there are; at least 1. */
export async function countWaves(client: PgClient, run: OpenRun, attempts: string): Promise<number> {
  if (!run.repeats) return 1;
  const [row] = await client.rows(`SELECT greatest(max(wave), 1) AS waves FROM ${attempts} AS a`);
  return Number(row?.['waves'] ?? 1);
}
