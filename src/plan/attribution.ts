/**
 * What is due to the branch, and what was due anyway. The configuration at the merge base is planned first, in the same
 * workspace, on the same rows and the same live records; its changes are then held against those of this one, field by field.
 */
import type { Sync } from '../config/model.ts';
import type { BaseProject } from '../git/base.ts';
import type { ProjectDifference } from '../git/compare.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { BoundSync } from './bind.ts';
import type { Attribution, ChangeCounts } from './document.ts';
import { memberTexts } from './json-sql.ts';
import { CHANGES, RECORDS, WRITTEN_FIELDS } from './plan-tables.ts';
import { literal } from '../workspace/quote.ts';

/** What the project is compared with: the one at the merge base, and how they differ. */
export interface BaseComparison extends ProjectDifference {
  readonly base: BaseProject;
}

/**
 * How the changes of a sync are told apart: all of them due to the same, or `compared` with what the former configuration
 * would do. `unknown`: it cannot be planned, and this is why.
 */
export type Due =
  | { readonly kind: 'all'; readonly to: 'branch' | 'pending' }
  | { readonly kind: 'compared' }
  | { readonly kind: 'unknown'; readonly why: string };

/** What is known before anything is planned; a former sync where it has to be planned as well. */
export function dueOf(comparison: BaseComparison, sync: Sync): Due | { readonly kind: 'plan'; readonly former: Sync } | undefined {
  const found = comparison.syncs.get(sync.name);
  if (found === undefined) return undefined;
  const { former, matters, elsewhere } = found;
  if (former === undefined) return { kind: 'all', to: 'branch' };
  if (elsewhere !== undefined) return { kind: 'unknown', why: elsewhere };
  if (!matters) return { kind: 'all', to: 'pending' };
  // Its name and what is read live are those of the branch: the two are planned as one sync.
  const { name, refresh, maxLiveReads, partition } = sync;
  return { kind: 'plan', former: { ...former, name, refresh, maxLiveReads, partition } };
}

/** Keeps what was classified as the table `former_changes`, and clears the workspace for the next configuration. */
export async function keepFormer(workspace: Workspace): Promise<void> {
  await workspace.run(
    `CREATE TEMP TABLE former_changes AS SELECT key, action, fields, coalesce(next_sent, after) AS sent FROM c_results WHERE ${CHANGES}`,
  );
}

/** Nothing of a configuration is left but what `keepFormer` kept. */
export async function clearWork(workspace: Workspace, sync: Sync): Promise<void> {
  const views = await workspace.rows(`SELECT view_name AS name FROM duckdb_views() WHERE temporary AND view_name LIKE 'c\\_%' ESCAPE '\\'`);
  for (const { name } of views) await workspace.run(`DROP VIEW ${String(name)}`);
  const tables = await workspace.rows(
    `SELECT table_name AS name FROM duckdb_tables() WHERE temporary AND table_name LIKE 'c\\_%' ESCAPE '\\'`,
  );
  for (const { name } of tables) await workspace.run(`DROP TABLE ${String(name)}`);
  // What a comparison puts into the plan file by itself: shared keys (`partition.ts`) and new hashes (`rehash.ts`).
  for (const table of ['rejects', 'adoptions']) await workspace.run(`DELETE FROM plan.${table} WHERE sync = $sync`, { sync: sync.name });
}

/** Records that only the former configuration asked for are none of this one's. */
export async function forgetUnasked(workspace: Workspace): Promise<void> {
  await workspace.run('DELETE FROM c_live WHERE NOT assumed AND key NOT IN (SELECT key FROM c_asked)');
}

/** The table `c_due` (`place`: rowid in `c_results`, `due_to`, `branch_fields`): every change, held against the former ones. */
export async function compareWithFormer(workspace: Workspace, bound: BoundSync): Promise<void> {
  const names = bound.fields.map((field) => field.name);
  const differing = names.map((name, index) => {
    const same = `list_contains(former_fields, ${literal(name)}) AND texts[${index + 1}] IS NOT DISTINCT FROM former_texts[${index + 1}]`;
    return `CASE WHEN list_contains(fields, ${literal(name)}) AND NOT (alike AND ${same}) THEN ${literal(name)} END`;
  });
  const branchFields = differing.length === 0 ? 'CAST([] AS VARCHAR[])' : `list_filter([${differing.join(', ')}], lambda x: x IS NOT NULL)`;
  await workspace.run(`
    CREATE TEMP TABLE c_due AS
    SELECT place, action, branch_fields, CASE WHEN alike AND len(branch_fields) = 0 THEN 'pending' ELSE 'branch' END AS due_to
    FROM (
      SELECT place, action, alike, ${branchFields} AS branch_fields
      FROM (
        SELECT r.rowid AS place, r.action, r.fields, coalesce(f.action = r.action, false) AS alike, coalesce(f.fields, []) AS former_fields,
          ${memberTexts('coalesce(r.next_sent, r.after)', names)} AS texts, ${memberTexts('f.sent', names)} AS former_texts
        FROM c_results AS r LEFT JOIN former_changes AS f ON f.key = r.key
        WHERE ${CHANGES.replaceAll('action', 'r.action')}))`);
}

/** The columns `due_to` and `branch_fields` of a change, from `c_due AS t` where it was compared. */
export function dueColumns(due: Due | undefined): string {
  if (due?.kind === 'compared') return 't.due_to, t.branch_fields';
  if (due?.kind !== 'all') return 'CAST(NULL AS VARCHAR) AS due_to, CAST(NULL AS VARCHAR[]) AS branch_fields';
  return `${literal(due.to)} AS due_to, ${due.to === 'branch' ? 'fields' : 'CAST([] AS VARCHAR[])'} AS branch_fields`;
}

/** Counts what the plan file says; null where the former configuration could not be planned. */
export async function attributionOf(
  workspace: Workspace,
  sync: Sync,
  due: Due | undefined,
  summary: ChangeCounts,
): Promise<Attribution | null> {
  if (due === undefined || due.kind === 'unknown') return null;
  const none = { create: 0, update: 0, delete: 0, clear: 0 };
  const { create, update, clear } = summary;
  const all = { create, update, delete: summary.delete, clear };
  const fields = await fieldsDue(workspace, sync);
  if (due.kind === 'all') {
    return { branch: due.to === 'branch' ? all : none, pending: due.to === 'pending' ? all : none, withdrawn: none, fields };
  }
  const counted = async (from: string): Promise<ChangeCounts> => {
    const rows = await workspace.rows(`SELECT action, count(*) AS n FROM ${from} GROUP BY action`);
    return { ...none, ...Object.fromEntries(rows.map(({ action, n }) => [String(action), Number(n)])) };
  };
  return {
    branch: await counted(`c_due WHERE due_to = 'branch'`),
    pending: await counted(`c_due WHERE due_to = 'pending'`),
    withdrawn: await counted(`former_changes WHERE key NOT IN (SELECT key FROM c_results WHERE ${CHANGES})`),
    fields,
  };
}

async function fieldsDue(workspace: Workspace, sync: Sync): Promise<Attribution['fields']> {
  const rows = await workspace.rows(
    `SELECT field, count(*) FILTER (WHERE list_contains(branch_fields, field)) AS branch, count(*) AS n
     FROM (SELECT unnest(${WRITTEN_FIELDS}) AS field, branch_fields FROM plan.changes WHERE sync = $sync AND action = 'update' AND ${RECORDS})
     GROUP BY field ORDER BY n DESC, field`,
    { sync: sync.name },
  );
  return Object.fromEntries(
    rows.map(({ field, branch, n }) => [String(field), { branch: Number(branch), pending: Number(n) - Number(branch) }]),
  );
}
