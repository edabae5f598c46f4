/**
 * What a run makes of base, as a set: the final rows of the records and rejects it touched. Folding writes them into the
 * state file, readers lay them over it: both see the same.
 */
import { literal, qualified } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { acknowledgedSql, ADOPTION_STEPS, type Change, type ChangingRun, planRejectsSql, unacknowledgedSql } from './changes.ts';
import type { Attempts } from '../attempts.ts';
import { columnList, columnTypes, type Layer, RECORD_COLUMNS, REJECT_COLUMNS } from './tables.ts';

export interface ResolveRequest extends ChangingRun {
  readonly base: Layer;
  readonly sync: string;
  readonly attempts: Attempts;
  /** Name of an attached plan file, whose state-only changes belong to the run. */
  readonly plan: string | undefined;
  /** Keeps the temporary tables apart from others. */
  readonly prefix: string;
}

/** Temporary tables with the columns of base and `gone`: the record or reject no longer exists. Keys are unique. */
export interface Touched {
  readonly records: string;
  readonly rejects: string;
}

/** Works out what a run changes. Attempts come first, in their order; then what the plan says about state only. */
export async function resolve(workspace: Workspace, request: ResolveRequest): Promise<Touched> {
  const touched = { records: `${request.prefix}_records`, rejects: `${request.prefix}_rejects` };
  await workspace.run(`CREATE TEMP TABLE ${touched.records} (${columnTypes(RECORD_COLUMNS)}, gone BOOLEAN)`);
  await workspace.run(`CREATE TEMP TABLE ${touched.rejects} (${columnTypes(REJECT_COLUMNS)}, gone BOOLEAN)`);
  for (let wave = 1; wave <= request.attempts.waves; wave++) await applyWave(workspace, request, touched, wave);
  if (request.plan !== undefined) await applyPlan(workspace, request, touched, request.plan);
  return touched;
}

/** Base with the touched rows in the place of its own. */
export function laidOver(base: Layer, touched: Touched): Layer {
  return {
    records: over(base.records, touched.records, columnList(RECORD_COLUMNS), columnList(RECORD_COLUMNS, 'b.')),
    rejects: over(base.rejects, touched.rejects, columnList(REJECT_COLUMNS), columnList(REJECT_COLUMNS, 'b.')),
  };
}

function over(base: string, touched: string, columns: string, ofBase: string): string {
  return `(SELECT ${ofBase} FROM ${base} AS b ANTI JOIN ${touched} AS t ON t.key = b.key UNION ALL SELECT ${columns} FROM ${touched} WHERE NOT gone)`;
}

async function applyWave(workspace: Workspace, request: ResolveRequest, touched: Touched, wave: number): Promise<void> {
  const attempts = `(SELECT * FROM ${request.attempts.view} WHERE wave = ${wave})`;
  const base = wave === 1 ? request.base : laidOver(request.base, touched);
  const anyFailed = ['rejected', 'held', 'unknown'].some((status) => (request.attempts.counts[status] ?? 0) > 0);
  const changes = [acknowledgedSql(attempts, base, request), ...(anyFailed ? [unacknowledgedSql(attempts, base, request)] : [])];
  await replaceRecords(workspace, request, touched, changes);
  await dropRejects(workspace, request.base, touched, `SELECT key FROM ${attempts} WHERE acknowledged`);
  if (!anyFailed) return;
  const rejected = `SELECT key, row_hash, code, message, CAST(NULL AS TIMESTAMP) AS next_try, ${literal(request.runId)} AS run_id
    FROM ${attempts} WHERE status = 'rejected'`;
  await addRejects(workspace, touched, rejected);
}

async function applyPlan(workspace: Workspace, request: ResolveRequest, touched: Touched, plan: string): Promise<void> {
  const all = `(SELECT * FROM ${qualified(plan, 'adoptions')} WHERE sync = ${literal(request.sync)})`;
  const kinds = (await workspace.rows(`SELECT DISTINCT kind FROM ${all}`)).map((row) => row['kind']);
  for (const step of ADOPTION_STEPS.filter((each) => each.kinds.some((kind) => kinds.includes(kind)))) {
    const base = (await isEmpty(workspace, touched.records)) ? request.base : laidOver(request.base, touched);
    const written = step.overWritten ? '' : `AND key NOT IN (SELECT key FROM ${request.attempts.view})`;
    const chosen = `(SELECT * FROM ${all} WHERE kind IN (${step.kinds.map((kind) => literal(kind)).join(', ')}) AND key IS NOT NULL ${written})`;
    await replaceRecords(workspace, request, touched, [step.sql(chosen, base, request)]);
    if (step.settlesRejects) await dropRejects(workspace, request.base, touched, `SELECT key FROM ${chosen}`);
  }
  const rejects = (await isEmpty(workspace, touched.rejects)) ? request.base.rejects : laidOver(request.base, touched).rejects;
  await addRejects(workspace, touched, planRejectsSql(qualified(plan, 'rejects'), request.sync, rejects, request.runId));
}

/** Puts the rows of `changes` in the place of what is known of their keys. The first ones go straight in. */
async function replaceRecords(workspace: Workspace, request: ResolveRequest, touched: Touched, changes: readonly Change[]): Promise<void> {
  const rows = changes.map((change) => `SELECT ${columnList(RECORD_COLUMNS)}, gone FROM (${change})`).join(' UNION ALL ');
  if (await isEmpty(workspace, touched.records)) {
    await workspace.run(`INSERT INTO ${touched.records} ${rows}`);
    return;
  }
  const fresh = `${request.prefix}_fresh`;
  await workspace.run(`CREATE OR REPLACE TEMP TABLE ${fresh} AS ${rows}`);
  await workspace.run(`DELETE FROM ${touched.records} WHERE key IN (SELECT key FROM ${fresh})`);
  await workspace.run(`INSERT INTO ${touched.records} SELECT * FROM ${fresh}`);
  await workspace.run(`DROP TABLE ${fresh}`);
}

/** Rejects of these keys are settled. Only those that exist are noted, since a run may acknowledge millions of keys. */
async function dropRejects(workspace: Workspace, base: Layer, touched: Touched, keys: string): Promise<void> {
  if (!(await isEmpty(workspace, touched.rejects))) await workspace.run(`DELETE FROM ${touched.rejects} WHERE key IN (${keys})`);
  if (await isEmpty(workspace, base.rejects)) return;
  await workspace.run(
    `INSERT INTO ${touched.rejects} SELECT ${columnList(REJECT_COLUMNS, 'b.')}, true FROM ${base.rejects} AS b SEMI JOIN (${keys}) AS k ON k.key = b.key`,
  );
}

/** Written down first: what reads a table while it is inserted into meets its own rows, and inserts them once more. */
async function addRejects(workspace: Workspace, touched: Touched, rejects: string): Promise<void> {
  const fresh = `${touched.rejects}_fresh`;
  await workspace.run(`CREATE OR REPLACE TEMP TABLE ${fresh} AS ${rejects}`);
  if (!(await isEmpty(workspace, touched.rejects)))
    await workspace.run(`DELETE FROM ${touched.rejects} WHERE key IN (SELECT key FROM ${fresh})`);
  await workspace.run(`INSERT INTO ${touched.rejects} SELECT ${columnList(REJECT_COLUMNS)}, false FROM ${fresh}`);
  await workspace.run(`DROP TABLE ${fresh}`);
}

async function isEmpty(workspace: Workspace, table: string): Promise<boolean> {
  return (await workspace.count(`SELECT count(*) FROM ${table}`)) === 0;
}
