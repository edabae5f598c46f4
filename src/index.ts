/**
 * Sluice as a library: load a project, plan it, apply the plan.
 *
 * ```ts
 * import { apply, createRegistry, loadProject, openState, orderSyncs, plan, processContext } from 'sluice';
 *
 * const context = processContext({ cwd: process.cwd(), env: process.env, emit: () => {}, signal: AbortSignal.timeout(600_000) });
 * const project = await loadProject(context, { dir: 'syncs', secrets: 'all' });
 * await using state = await openState(context, project);
 * const syncs = orderSyncs(project, project.syncs);
 * const registry = createRegistry();
 * const out = '/tmp/plan.duckdb';
 * await plan(context, { project, syncs, state, out, engine: 'auto', encrypt: false, retryRejected: false, allow: [], registry, commit: null });
 * await apply(context, { project, state, planFile: out, adoptOnly: false, allow: [], registry, owner: 'a script' });
 * ```
 *
 * Queries that read files by relative paths need the process to stand in the project's folder: DuckDB checks such paths
 * against the working directory. The command line steps into it.
 */
export { type ApplyRequest, apply } from './apply/applier.ts';
export { createRegistry } from './commands/registry.ts';
export { loadProject, type LoadOptions, orderSyncs } from './config/load.ts';
export type { Project, Sync } from './config/model.ts';
export { type Context, processContext } from './context.ts';
export { InternalError, type Problem, TransientError, UserError } from './errors.ts';
export type { SluiceEvent } from './events.ts';
export type { ApplyDocument, PlanDocument, SyncApply, SyncPlan } from './plan/document.ts';
export type { Registry } from './plan/ends.ts';
export { openPlanFile, type PlanFile } from './plan/plan-file.ts';
export { plan, type PlanRequest } from './plan/planner.ts';
export { openState } from './state/open.ts';
