/**
 * The rules by which outcomes and state-only changes become rows of base (DESIGN 5). A run becomes *operations* on records and
 * rejects, worked out in the workspace without reading base; what an operation makes of a row is said once, in SQL that
 * both BigQuery (for the MERGE) and DuckDB (for readers of a run that is not folded in) understand. The shared suite
 * holds them to the rules of the other backends.
 *
 * | operation | comes from | record afterwards |
 * |---|---|---|
 * | `put` | acknowledged; adopt, rehash | the new values; who made it and its id stay known |
 * | `gone` | an acknowledged delete; forget | none |
 * | `fail` | not acknowledged | base stays, a candidate; `pending` when nobody knows |
 * | `unsent` | held | base stays, a candidate; what an earlier run left pending still is |
 * | `left`, `hold`, `settle` | the plan | base stays but for what the word says; nothing where there is none |
 */
import { literal, qualified } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { Attempts } from '../attempts.ts';
import { columnList, emptyLoaded, loadedList, RECORD_COLUMNS, REJECT_COLUMNS, STAGE_COLUMNS, type TypedColumn } from './tables.ts';

/** The run that changes base. */
export interface ChangingRun {
  readonly sync: string;
  readonly runId: string;
  /** When records left, in milliseconds since 1970. */
  readonly at: number;
}

export interface Changes {
  /** Table of the workspace: {@link STAGE_COLUMNS} as the workspace has them. `part`: `record`, `reject` or `run_record`. */
  readonly table: string;
  /** Operations on one key stand in as many steps, one after the other. */
  readonly steps: number;
  readonly rejects: number;
  readonly runRecords: number;
}

/** `plan`: name of an attached plan whose state-only changes belong to the run; undefined when its process died. */
export async function changesOf(
  workspace: Workspace,
  request: { run: ChangingRun; attempts: Attempts; plan: string | undefined; table: string },
): Promise<Changes> {
  const { run, attempts, plan, table } = request;
  const parts = [recordsPart(run, attempts, plan), rejectsPart(run, attempts, plan), runRecordsPart(attempts)];
  await workspace.run(
    `CREATE TEMP TABLE ${table} AS SELECT ${loadedList(STAGE_COLUMNS)} FROM (
       SELECT * FROM ${emptyLoaded(STAGE_COLUMNS)} ${parts.map((part) => `UNION ALL BY NAME ${part}`).join(' ')})`,
  );
  const row = await workspace.row(
    `SELECT coalesce(max(step), 0) AS steps, count(*) FILTER (WHERE part = 'reject') AS rejects, count(*) FILTER (WHERE part = 'run_record') AS records FROM ${table}`,
  );
  return { table, steps: Number(row['steps']), rejects: Number(row['rejects']), runRecords: Number(row['records']) };
}

// ---- operations, in the workspace

function recordsPart(run: ChangingRun, attempts: Attempts, plan: string | undefined): string {
  const all = [acknowledged(run, attempts), failed(run, attempts), ...(plan === undefined ? [] : stateOnly(run, attempts, plan))];
  const ordered = all.join(' UNION ALL BY NAME ');
  // One operation for each key is usual, and numbering a million keys for nothing is not.
  const isOne = attempts.waves === 1 && plan === undefined;
  const step = isOne ? '1' : 'row_number() OVER (PARTITION BY key ORDER BY place)';
  return `SELECT * EXCLUDE (place), 'record' AS part, ${step} AS step FROM (${ordered})`;
}

function acknowledged(run: ChangingRun, attempts: Attempts): string {
  const left = `CASE WHEN action = 'clear' THEN`;
  return `SELECT wave AS place, CASE WHEN action = 'delete' THEN 'gone' ELSE 'put' END AS op, key_hash, CASE WHEN action <> 'clear' AND NOT partial THEN row_hash END AS row_hash,
      live_hash, key, sent, returned, verified, origin, remote_id, ${left} ${literal(timestamp(run))} END AS left_at, ${left} 'clear' END AS left_as, ${literal(run.runId)} AS run_id
    FROM ${attempts.view} WHERE acknowledged`;
}

/** An unknown outcome is pending, with what was sent, so that the next plan can recognise it. */
function failed(run: ChangingRun, attempts: Attempts): string {
  const pending = `CASE WHEN status = 'unknown' THEN '{"run":' || CAST(to_json(${literal(run.runId)}) AS VARCHAR) || ',"seq":' || seq
    || ',"action":"' || action || '"' || coalesce(',"sent":' || sent, '') || '}' END`;
  return `SELECT wave AS place, CASE WHEN status = 'held' THEN 'unsent' ELSE 'fail' END AS op, key_hash, key, false AS verified, origin, remote_id, ${literal(run.runId)} AS run_id, ${pending} AS pending
    FROM ${attempts.view} WHERE NOT acknowledged`;
}

/** Only `hold` counts for records that the run wrote itself. */
function stateOnly(run: ChangingRun, attempts: Attempts, plan: string): string[] {
  const rows = `(SELECT * FROM ${qualified(plan, 'main', 'adoptions')} WHERE sync = ${literal(run.sync)} AND key IS NOT NULL)`;
  const others = `key NOT IN (SELECT key FROM ${attempts.view})`;
  return [
    `SELECT 1000001 AS place, CASE WHEN kind = 'forget' THEN 'gone' ELSE 'put' END AS op, key_hash, row_hash, live_hash, key, sent, returned,
       coalesce(verified, false) AS verified, origin, remote_id, ${literal(run.runId)} AS run_id FROM ${rows} WHERE kind IN ('adopt', 'rehash', 'forget') AND ${others}`,
    `SELECT 1000002 AS place, kind AS op, key, CASE WHEN kind = 'left' THEN ${literal(timestamp(run))} END AS left_at, CASE WHEN kind = 'left' THEN 'keep' END AS left_as
       FROM ${rows} WHERE kind IN ('left', 'settle') AND ${others}`,
    `SELECT 1000003 AS place, 'hold' AS op, key FROM ${rows} WHERE kind = 'hold'`,
  ];
}

/**
 * The last word on each reject. `put` replaces one, `drop` settles it, `add` keeps one that is known. Of the plan's rejects
 * a known one keeps its row, which says since when, unless the run settled it.
 */
function rejectsPart(run: ChangingRun, attempts: Attempts, plan: string | undefined): string {
  const own = `SELECT wave AS place, CASE WHEN acknowledged THEN 'drop' ELSE 'put' END AS op, key, row_hash, code, message
    FROM ${attempts.view} WHERE acknowledged OR status = 'rejected'`;
  const all = plan === undefined ? [own] : [own, ...plannedRejects(run, attempts, plan)];
  const last = `SELECT *, lag(op) OVER (PARTITION BY key ORDER BY place) AS former FROM (${all.join(' UNION ALL BY NAME ')})`;
  const op = `CASE WHEN op = 'add' AND former = 'drop' THEN 'put' ELSE op END`;
  // Under a known reject of the plan lies what the run itself says: that stands.
  const chosen = `SELECT *, row_number() OVER (PARTITION BY key ORDER BY place DESC) AS nth FROM (${last}) WHERE NOT (op = 'add' AND coalesce(former, '') = 'put')`;
  return `SELECT 'reject' AS part, ${op} AS op, key, row_hash, code, message, ${literal(run.runId)} AS run_id FROM (${chosen}) WHERE nth = 1`;
}

function plannedRejects(run: ChangingRun, attempts: Attempts, plan: string): string[] {
  const ofSync = `sync = ${literal(run.sync)} AND key IS NOT NULL`;
  return [
    `SELECT 1000001 AS place, 'drop' AS op, key FROM ${qualified(plan, 'main', 'adoptions')}
       WHERE ${ofSync} AND kind IN ('adopt', 'rehash', 'forget', 'left') AND key NOT IN (SELECT key FROM ${attempts.view})`,
    // A record with several broken fields has one row.
    `SELECT 1000002 AS place, CASE WHEN known THEN 'add' ELSE 'put' END AS op, key, row_hash, code, message FROM ${qualified(plan, 'main', 'rejects')}
       WHERE ${ofSync} QUALIFY row_number() OVER (PARTITION BY key ORDER BY code, field, message) = 1`,
  ];
}

/** What was attempted, for undo. */
function runRecordsPart(attempts: Attempts): string {
  return `SELECT 'run_record' AS part, seq, key, action, status, fields, before, remote_id, code, message FROM ${attempts.view}`;
}

function timestamp(run: ChangingRun): string {
  return new Date(run.at).toISOString().slice(0, -1);
}

// ---- what an operation makes of a row, in SQL of both engines

/** `b` is the row of base, `o` the operation, which meets one. */
const REMOVES = `(o.op = 'gone' OR (b.sent IS NULL AND (o.op = 'settle' OR (o.op = 'fail' AND o.pending IS NULL))))`;

/** The operation makes a row where there is none: the columns are its own. */
const MAKES = `(o.op = 'put' OR (o.op = 'fail' AND o.pending IS NOT NULL))`;

const PUT = `CASE WHEN o.op = 'put' THEN`;

const AFTER: Readonly<Record<string, string>> = {
  key_hash: `${PUT} o.key_hash ELSE COALESCE(b.key_hash, o.key_hash) END`,
  row_hash: `CASE WHEN o.op = 'put' THEN o.row_hash WHEN o.op = 'settle' THEN b.row_hash END`,
  live_hash: `${PUT} o.live_hash ELSE b.live_hash END`,
  key: 'b.key',
  sent: `${PUT} o.sent ELSE b.sent END`,
  returned: `${PUT} o.returned ELSE b.returned END`,
  verified: `${PUT} o.verified ELSE COALESCE(b.verified, false) END`,
  // A record that was never acknowledged is whoever's we meet.
  origin: `CASE WHEN o.op = 'put' AND b.sent IS NULL THEN o.origin ELSE COALESCE(b.origin, o.origin) END`,
  remote_id: `${PUT} COALESCE(o.remote_id, b.remote_id) ELSE COALESCE(b.remote_id, o.remote_id) END`,
  left_at: `CASE WHEN o.op = 'put' THEN o.left_at WHEN o.op = 'left' THEN COALESCE(b.left_at, o.left_at) ELSE b.left_at END`,
  left_as: `CASE WHEN o.op IN ('put', 'left') THEN o.left_as ELSE b.left_as END`,
  run_id: `${PUT} o.run_id ELSE COALESCE(b.run_id, o.run_id) END`,
  pending: `CASE WHEN o.op IN ('put', 'fail') THEN o.pending WHEN o.op = 'settle' THEN NULL ELSE b.pending END`,
};

/** The MERGE of one step into a table of BigQuery. */
export function mergeRecords(table: string, stage: string, step: number): string {
  const columns = RECORD_COLUMNS.filter(({ name }) => name !== 'key').map(({ name }) => `\`${name}\` = ${AFTER[name] ?? ''}`);
  return `MERGE ${table} AS b
USING (SELECT ${staged(RECORD_COLUMNS)}, op FROM ${stage} WHERE part = 'record' AND step = ${step}) AS o ON b.key = o.key
WHEN MATCHED AND ${REMOVES} THEN DELETE
WHEN MATCHED THEN UPDATE SET ${columns.join(', ')}
WHEN NOT MATCHED AND ${MAKES} THEN INSERT (${columnList(RECORD_COLUMNS)}) VALUES (${columnList(RECORD_COLUMNS, 'o.')})`;
}

export function mergeRejects(table: string, stage: string): string {
  const columns = REJECT_COLUMNS.filter(({ name }) => name !== 'key').map(({ name }) => `\`${name}\` = o.\`${name}\``);
  return `MERGE ${table} AS b
USING (SELECT ${staged(REJECT_COLUMNS)}, op FROM ${stage} WHERE part = 'reject') AS o ON b.key = o.key
WHEN MATCHED AND o.op = 'drop' THEN DELETE
WHEN MATCHED AND o.op = 'put' THEN UPDATE SET ${columns.join(', ')}
WHEN NOT MATCHED AND o.op <> 'drop' THEN INSERT (${columnList(REJECT_COLUMNS)}) VALUES (${columnList(REJECT_COLUMNS, 'o.')})`;
}

/** Columns of a stage with the types they have where they go. */
export function staged(columns: readonly TypedColumn[]): string {
  return columns.map(({ name, type }) => (type === 'DATETIME' ? `CAST(\`${name}\` AS DATETIME) AS \`${name}\`` : `\`${name}\``)).join(', ');
}

/** Base of a sync, as relations of the workspace. */
export interface Layer {
  readonly records: string;
  readonly rejects: string;
}

export const NO_BASE: Layer = { records: emptyLoaded(RECORD_COLUMNS), rejects: emptyLoaded(REJECT_COLUMNS) };

/** Base with the changes laid over it. */
export function laidOver(base: Layer, changes: Changes): Layer {
  let { records } = base;
  for (let step = 1; step <= changes.steps; step++) records = afterStep(records, changes.table, step);
  const rejects = `(SELECT ${loaded(REJECT_COLUMNS)}, op FROM ${changes.table} WHERE part = 'reject')`;
  return {
    records,
    rejects: `(SELECT ${loadedList(REJECT_COLUMNS, 'b.')} FROM ${base.rejects} AS b WHERE NOT EXISTS (SELECT 1 FROM ${rejects} AS o WHERE o.key = b.key AND o.op <> 'add')
      UNION ALL SELECT ${loadedList(REJECT_COLUMNS, 'o.')} FROM ${rejects} AS o
        WHERE o.op = 'put' OR (o.op = 'add' AND NOT EXISTS (SELECT 1 FROM ${base.rejects} AS b WHERE b.key = o.key)))`,
  };
}

function afterStep(base: string, table: string, step: number): string {
  const operations = `(SELECT ${loaded(RECORD_COLUMNS)}, op FROM ${table} WHERE part = 'record' AND step = ${step})`;
  const columns = RECORD_COLUMNS.map(({ name }) => `CASE WHEN b.key IS NULL THEN o."${name}" ELSE ${AFTER[name] ?? ''} END AS "${name}"`);
  return `(SELECT b.* FROM ${base} AS b ANTI JOIN ${operations} AS o ON o.key = b.key
    UNION ALL SELECT ${columns.join(', ')} FROM ${operations} AS o LEFT JOIN ${base} AS b ON b.key = o.key
      WHERE CASE WHEN b.key IS NULL THEN ${MAKES} ELSE NOT ${REMOVES} END)`;
}

function loaded(columns: readonly TypedColumn[]): string {
  return columns
    .map(({ name, loaded: type }) => (type === 'TIMESTAMP' ? `CAST("${name}" AS TIMESTAMP) AS "${name}"` : `"${name}"`))
    .join(', ');
}
