/**
 * The applier. It executes a plan file; there is no other way to write to a destination.
 *
 *  1. open     the plan; refuse one of another project or environment
 *  2. gate     each sync: blocked, stale and applied plans stay out; the others get their lease and a run
 *  3. write    creates and updates, parents first; then references of an object to itself
 *  4. delete   children first
 *  5. finish   state-only changes, the run's record, the lease
 *
 * Each batch is announced to state before it is sent and recorded once its outcome is known, so that a kill at any
 * instant leaves exactly the rest for the next plan.
 */
import { registerFunctions, registerOpening, SensitiveKey } from '../canonical/functions.ts';
import type { Project } from '../config/model.ts';
import type { Context } from '../context.ts';
import { type ApplyCounts, type ApplyDocument, PLAN_FORMAT, type SyncApply } from '../plan/document.ts';
import { openPlanFile } from '../plan/plan-file.ts';
import { applyMemoryLimit } from '../workspace/memory.ts';
import { finishRun } from './finish.ts';
import { checkPlanBelongs } from './gate.ts';
import { type ApplyRequest, Budget, Runs } from './runs.ts';
import { startRun } from './start.ts';
import { writePhase } from './write.ts';

/** Megabytes that the plan keeps in memory while runs are finished. */
const AT_REST = 32;

export type { ApplyRequest } from './runs.ts';

export async function apply(context: Context, request: ApplyRequest): Promise<ApplyDocument> {
  await using file = await openPlanFile(context, request.planFile, applyMemoryLimit(context.env));
  checkPlanBelongs(request.project, file, request.planFile);
  registerFunctions(file.workspace.connection, sensitiveKey(request.project));
  registerOpening(file.workspace.connection, sensitiveKey(request.project));
  const chosen = file.document.syncs.filter(
    (plan) => request.syncs === undefined || request.syncs.length === 0 || request.syncs.includes(plan.name),
  );

  await using runs = new Runs(context);
  for (const plan of chosen) runs.add(await startRun(context, request, file, plan));

  const budget = new Budget(request.limit);
  if (!request.adoptOnly) {
    for (const run of runs.active) {
      await writePhase(context, file, runs, run, { pass: 1, deletes: false }, budget);
      await writePhase(context, file, runs, run, { pass: 2, deletes: false }, budget);
    }
    for (const run of [...runs.active].reverse()) await writePhase(context, file, runs, run, { pass: 1, deletes: true }, budget);
  }

  await file.workspace.keepOnly(AT_REST); // what follows happens in state
  const results: SyncApply[] = [];
  for (const entry of runs.entries)
    results.push(entry.run === undefined ? entry.result : await finishRun(context, request, file, entry.run));
  return {
    format_version: PLAN_FORMAT,
    plan_id: file.document.plan_id,
    project: request.project.name,
    environment: request.project.environment,
    summary: total(results),
    syncs: results,
  };
}

function sensitiveKey(project: Project): SensitiveKey | undefined {
  return project.state.key === undefined ? undefined : new SensitiveKey(project.state.key);
}

function total(results: readonly SyncApply[]): ApplyCounts {
  const sum = (name: keyof ApplyCounts): number => results.reduce((count, each) => count + each[name], 0);
  return {
    applied: sum('applied'),
    unchanged: sum('unchanged'),
    held: sum('held'),
    rejected: sum('rejected'),
    unknown: sum('unknown'),
    not_attempted: sum('not_attempted'),
  };
}
