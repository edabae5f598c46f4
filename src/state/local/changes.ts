/** The rules by which outcomes and state-only changes become rows of base (DESIGN 5), as SELECTs over base. */
import { literal } from '../../workspace/quote.ts';
import type { Layer } from './tables.ts';

/** A SELECT of the columns of base and `gone`. */
export type Change = string;

/** The run that changes base. */
export interface ChangingRun {
  readonly runId: string;
  /** When records left, in milliseconds since 1970. */
  readonly at: number;
}

function timestamp(run: ChangingRun): string {
  return `make_timestamp(${BigInt(run.at) * 1000n})`;
}

/** Base moves to the intent's values. Only narrow columns of the old row are read: who made the record and its id. */
export function acknowledgedSql(attempts: string, base: Layer, run: ChangingRun): Change {
  return `SELECT a.key_hash, CASE WHEN a.action <> 'clear' AND NOT a.partial THEN a.row_hash END AS row_hash, a.live_hash, a.key, a.sent, a.returned, a.verified,
      coalesce(CASE WHEN b.sent IS NOT NULL THEN b.origin END, a.origin) AS origin, coalesce(a.remote_id, b.remote_id) AS remote_id,
      CASE WHEN a.action = 'clear' THEN ${timestamp(run)} END AS left_at, CASE WHEN a.action = 'clear' THEN 'clear' END AS left_as,
      ${literal(run.runId)} AS run_id, CAST(NULL AS VARCHAR) AS pending, a.action = 'delete' AS gone
    FROM (SELECT * FROM ${attempts} WHERE acknowledged) AS a LEFT JOIN ${base.records} AS b ON b.key = a.key`;
}

/**
 * Base stays, the record stays a candidate. An unknown outcome is pending, with what was sent, so that the next plan can
 * recognise it; a record that was never acknowledged and is not pending does not exist. Of a change that was held nothing was
 * sent: what an earlier run left pending still is.
 */
export function unacknowledgedSql(attempts: string, base: Layer, run: ChangingRun): Change {
  const pending = `CASE WHEN status = 'unknown' THEN '{"run":' || CAST(to_json(${literal(run.runId)}) AS VARCHAR) || ',"seq":' || seq
    || ',"action":"' || action || '"' || coalesce(',"sent":' || sent, '') || '}' END`;
  const failed = `(SELECT key, key_hash, origin, remote_id, status = 'held' AS held, ${pending} AS pending FROM ${attempts} WHERE NOT acknowledged)`;
  const left = 'CASE WHEN a.held THEN b.pending ELSE a.pending END';
  return `SELECT coalesce(b.key_hash, a.key_hash) AS key_hash, CAST(NULL AS UBIGINT) AS row_hash, b.live_hash, a.key, b.sent, b.returned,
      coalesce(b.verified, false) AS verified, coalesce(b.origin, a.origin) AS origin, coalesce(b.remote_id, a.remote_id) AS remote_id,
      b.left_at, b.left_as, coalesce(b.run_id, ${literal(run.runId)}) AS run_id, ${left} AS pending, b.sent IS NULL AND ${left} IS NULL AS gone
    FROM ${failed} AS a LEFT JOIN ${base.records} AS b ON b.key = a.key`;
}

interface AdoptionStep {
  readonly kinds: readonly string[];
  /** It also applies to records that the run wrote. */
  readonly overWritten: boolean;
  /** An earlier reject of the key is settled. */
  readonly settlesRejects: boolean;
  readonly sql: (adoptions: string, base: Layer, run: ChangingRun) => Change;
}

/** In this order: a record may be adopted and then be kept as a candidate by `hold`. */
export const ADOPTION_STEPS: readonly AdoptionStep[] = [
  { kinds: ['adopt', 'rehash', 'forget'], overWritten: false, settlesRejects: true, sql: adoptSql },
  { kinds: ['left'], overWritten: false, settlesRejects: true, sql: amendSql },
  { kinds: ['settle'], overWritten: false, settlesRejects: false, sql: amendSql },
  { kinds: ['hold'], overWritten: true, settlesRejects: false, sql: amendSql },
];

function adoptSql(adoptions: string, base: Layer, run: ChangingRun): Change {
  return `SELECT a.key_hash, a.row_hash, a.live_hash, a.key, a.sent, a.returned, coalesce(a.verified, false) AS verified,
      coalesce(CASE WHEN b.sent IS NOT NULL THEN b.origin END, a.origin) AS origin, coalesce(a.remote_id, b.remote_id) AS remote_id, CAST(NULL AS TIMESTAMP) AS left_at,
      CAST(NULL AS VARCHAR) AS left_as, ${literal(run.runId)} AS run_id, CAST(NULL AS VARCHAR) AS pending, a.kind = 'forget' AS gone
    FROM ${adoptions} AS a LEFT JOIN ${base.records} AS b ON b.key = a.key`;
}

/** Records that are not in base are left alone: there is nothing to amend. */
function amendSql(adoptions: string, base: Layer, run: ChangingRun): Change {
  return `SELECT b.key_hash, CASE WHEN a.kind = 'settle' THEN b.row_hash END AS row_hash, b.live_hash, b.key, b.sent, b.returned, b.verified, b.origin, b.remote_id,
      CASE WHEN a.kind = 'left' THEN coalesce(b.left_at, ${timestamp(run)}) ELSE b.left_at END AS left_at,
      CASE WHEN a.kind = 'left' THEN 'keep' ELSE b.left_as END AS left_as, b.run_id,
      CASE WHEN a.kind <> 'settle' THEN b.pending END AS pending, a.kind = 'settle' AND b.sent IS NULL AS gone
    FROM ${base.records} AS b JOIN ${adoptions} AS a ON a.key = b.key`;
}

/** Rejects of the plan. A known one keeps its row, which says since when; a record with several broken fields has one row. */
export function planRejectsSql(rejects: string, sync: string, current: string, runId: string): string {
  return `SELECT r.key, r.row_hash, r.code, r.message, CAST(NULL AS TIMESTAMP) AS next_try, ${literal(runId)} AS run_id
    FROM (SELECT * FROM ${rejects} WHERE sync = ${literal(sync)} AND key IS NOT NULL
      QUALIFY row_number() OVER (PARTITION BY key ORDER BY code, field, message) = 1) AS r
    LEFT JOIN (SELECT key FROM ${current}) AS c ON c.key = r.key WHERE NOT (coalesce(r.known, false) AND c.key IS NOT NULL)`;
}
