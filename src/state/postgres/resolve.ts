/**
 * The rules by which outcomes and state-only changes become rows of base (DESIGN 5), as SELECTs. Folding stores what they
 * yield, readers lay it over base: both see the same. The local backend has the same rules in `state/local/changes.ts`;
 * the shared suite holds both to them.
 */
import { literal } from '../../workspace/quote.ts';
import { columnList, emptyRelation, RECORD_COLUMNS, REJECT_COLUMNS, type TypedColumn } from './tables.ts';

/** Base of one sync: relations that may stand after FROM. */
export interface Layer {
  readonly records: string;
  readonly rejects: string;
}

export const NO_BASE: Layer = { records: emptyRelation(RECORD_COLUMNS), rejects: emptyRelation(REJECT_COLUMNS) };

/** The run that changes base. */
export interface ChangingRun {
  readonly runId: string;
  /** When records left, in milliseconds since 1970. */
  readonly at: number;
}

/** What a run attempted: a relation with the columns of `attemptsSql`, and the number of its waves. */
export interface Attempts {
  readonly from: string;
  readonly waves: number;
  /** Whether any of them may not have been acknowledged. */
  readonly anyFailed: boolean;
}

/** SELECTs of the columns of base and `gone` (the record or reject no longer exists). Keys are unique. */
export interface Touched {
  readonly records: string;
  /** Keys of `records`. */
  readonly keys: string;
  readonly rejects: string;
}

/** What the attempts of a run make of base. */
export function touchedBy(attempts: Attempts, base: Layer, run: ChangingRun): Touched {
  return {
    records: touchedRecords(attempts, base.records, run),
    keys: `SELECT key FROM ${attempts.from} AS k WHERE k.wave > 0`,
    rejects: touchedRejects(attempts, base.rejects, run),
  };
}

function touchedRecords(attempts: Attempts, base: string, run: ChangingRun): string {
  if (attempts.waves === 1) return ofWave(attempts, 1, base, run);
  const steps: string[] = [];
  // Each wave meets what the waves before it made of base.
  for (let wave = 1; wave <= attempts.waves; wave++) {
    const former = `touched_${wave - 1}`;
    const before =
      wave === 1 ? base : laidOver(base, { records: `SELECT * FROM ${former}`, keys: `SELECT key FROM ${former}` }, RECORD_COLUMNS);
    const again = `SELECT 1 FROM ${attempts.from} AS a WHERE a.wave = ${wave} AND a.key = t.key`;
    const kept = wave === 1 ? '' : ` UNION ALL SELECT t.* FROM ${former} AS t WHERE NOT EXISTS (${again})`;
    steps.push(`touched_${wave} AS MATERIALIZED (${ofWave(attempts, wave, before, run)}${kept})`);
  }
  return `WITH ${steps.join(', ')} SELECT * FROM touched_${attempts.waves}`;
}

function ofWave(attempts: Attempts, wave: number, base: string, run: ChangingRun): string {
  const chosen = `(SELECT * FROM ${attempts.from} AS w WHERE w.wave = ${wave})`;
  const acknowledged = acknowledgedSql(chosen, base, run);
  return attempts.anyFailed ? `${acknowledged} UNION ALL ${unacknowledgedSql(chosen, base, run)}` : acknowledged;
}

/** Base moves to the intent's values; who made the record and its id stay known. */
function acknowledgedSql(attempts: string, base: string, run: ChangingRun): string {
  return `SELECT a.key_hash, CASE WHEN a.action <> 'clear' AND NOT a.partial THEN a.row_hash END AS row_hash, a.live_hash, a.key, a.sent, a.returned, a.verified,
      coalesce(CASE WHEN b.sent IS NOT NULL THEN b.origin END, a.origin) AS origin, coalesce(a.remote_id, b.remote_id) AS remote_id,
      CASE WHEN a.action = 'clear' THEN ${timestamp(run)} END AS left_at, CASE WHEN a.action = 'clear' THEN 'clear' END AS left_as,
      ${literal(run.runId)} AS run_id, CAST(NULL AS text) AS pending, a.action = 'delete' AS gone
    FROM ${attempts} AS a LEFT JOIN ${base} AS b ON b.key = a.key WHERE a.acknowledged`;
}

/**
 * Base stays, the record stays a candidate. An unknown outcome is pending, with what was sent, so that the next plan can
 * recognise it; a record that was never acknowledged and is not pending does not exist. Of a change that was held nothing was
 * sent: what an earlier run left pending still is.
 */
function unacknowledgedSql(attempts: string, base: string, run: ChangingRun): string {
  const head = literal(`{"run":${JSON.stringify(run.runId)},"seq":`);
  const pending = `CASE WHEN a.status = 'unknown' THEN ${head} || a.seq || ',"action":"' || a.action || '"' || coalesce(',"sent":' || a.sent, '') || '}' WHEN a.status = 'held' THEN b.pending END`;
  return `SELECT coalesce(b.key_hash, a.key_hash), CAST(NULL AS bigint), b.live_hash, a.key, b.sent, b.returned, coalesce(b.verified, false),
      coalesce(b.origin, a.origin), coalesce(b.remote_id, a.remote_id), b.left_at, b.left_as, coalesce(b.run_id, ${literal(run.runId)}),
      ${pending}, b.sent IS NULL AND a.status <> 'unknown' AND NOT (a.status = 'held' AND b.pending IS NOT NULL)
    FROM ${attempts} AS a LEFT JOIN ${base} AS b ON b.key = a.key WHERE NOT a.acknowledged`;
}

/** The last word on each key: a reject replaces one, an acknowledgement settles what base has. Waves are few, rejects too. */
function touchedRejects(attempts: Attempts, base: string, run: ChangingRun): string {
  const later =
    attempts.waves === 1
      ? ''
      : `AND NOT EXISTS (SELECT 1 FROM ${attempts.from} AS l WHERE l.acknowledged AND l.key = a.key AND l.wave > a.wave)`;
  const rejected = `SELECT DISTINCT ON (key) key, row_hash, code, message, CAST(NULL AS timestamp) AS next_try, ${literal(run.runId)} AS run_id, false AS gone
    FROM ${attempts.from} AS a WHERE a.status = 'rejected' ${later} ORDER BY key, wave DESC`;
  const settled = `SELECT ${columnList(REJECT_COLUMNS, 'b.')}, true AS gone FROM ${base} AS b WHERE EXISTS (SELECT 1 FROM ${attempts.from} AS k WHERE k.acknowledged AND k.key = b.key)`;
  const all = attempts.anyFailed
    ? `SELECT * FROM (${settled}) AS s WHERE NOT EXISTS (SELECT 1 FROM rejected AS r WHERE r.key = s.key) UNION ALL SELECT * FROM rejected`
    : settled;
  return attempts.anyFailed ? `WITH rejected AS MATERIALIZED (${rejected}) ${all}` : all;
}

/** Base with the touched rows in the place of its own. */
export function laidOver(
  base: string,
  touched: { readonly records: string; readonly keys: string },
  columns: readonly TypedColumn[],
): string {
  return `(SELECT ${columnList(columns, 'b.')} FROM ${base} AS b WHERE NOT EXISTS (SELECT 1 FROM (${touched.keys}) AS k WHERE k.key = b.key)
    UNION ALL SELECT ${columnList(columns, 't.')} FROM (${touched.records}) AS t WHERE NOT t.gone)`;
}

export interface AdoptionStep {
  readonly kinds: readonly string[];
  /** It also applies to records that the run wrote. */
  readonly overWritten: boolean;
  /** An earlier reject of the key is settled. */
  readonly settlesRejects: boolean;
  readonly sql: (adoptions: string, base: string, run: ChangingRun) => string;
}

/** In this order: a record may be adopted and then be kept as a candidate by `hold`. */
export const ADOPTION_STEPS: readonly AdoptionStep[] = [
  { kinds: ['adopt', 'rehash', 'forget'], overWritten: false, settlesRejects: true, sql: adoptSql },
  { kinds: ['left'], overWritten: false, settlesRejects: true, sql: amendSql },
  { kinds: ['settle'], overWritten: false, settlesRejects: false, sql: amendSql },
  { kinds: ['hold'], overWritten: true, settlesRejects: false, sql: amendSql },
];

function adoptSql(adoptions: string, base: string, run: ChangingRun): string {
  return `SELECT a.key_hash, a.row_hash, a.live_hash, a.key, a.sent, a.returned, coalesce(a.verified, false) AS verified,
      coalesce(CASE WHEN b.sent IS NOT NULL THEN b.origin END, a.origin) AS origin, coalesce(a.remote_id, b.remote_id) AS remote_id, CAST(NULL AS timestamp) AS left_at,
      CAST(NULL AS text) AS left_as, ${literal(run.runId)} AS run_id, CAST(NULL AS text) AS pending, a.kind = 'forget' AS gone
    FROM ${adoptions} AS a LEFT JOIN ${base} AS b ON b.key = a.key`;
}

/** Records that are not in base are left alone: there is nothing to amend. */
function amendSql(adoptions: string, base: string, run: ChangingRun): string {
  return `SELECT b.key_hash, CASE WHEN a.kind = 'settle' THEN b.row_hash END AS row_hash, b.live_hash, b.key, b.sent, b.returned, b.verified, b.origin, b.remote_id,
      CASE WHEN a.kind = 'left' THEN coalesce(b.left_at, ${timestamp(run)}) ELSE b.left_at END AS left_at,
      CASE WHEN a.kind = 'left' THEN 'keep' ELSE b.left_as END AS left_as, b.run_id,
      CASE WHEN a.kind <> 'settle' THEN b.pending END AS pending, a.kind = 'settle' AND b.sent IS NULL AS gone
    FROM ${base} AS b JOIN ${adoptions} AS a ON a.key = b.key`;
}

function timestamp(run: ChangingRun): string {
  return `TIMESTAMP '${new Date(run.at).toISOString().slice(0, -1)}'`;
}
