/** May this plan still be applied? Decided per sync, before anything is written. */
import { EXIT, UserError } from '../errors.ts';
import type { PlanDocument, SyncApply, SyncPlan } from '../plan/document.ts';
import type { Allowance } from '../plan/guards.ts';
import type { PlanFile, PlannedSync } from '../plan/plan-file.ts';
import type { SyncState } from '../state/state.ts';
import type { Project } from '../config/model.ts';

/** A plan belongs to one project and environment. */
export function checkPlanBelongs(project: Project, file: PlanFile, path: string): void {
  const { document } = file;
  if (document.project !== project.name) {
    throw new UserError(`${path} is a plan of project ${document.project}, not of ${project.name}`, { exitCode: EXIT.stale });
  }
  if (document.environment !== project.environment) {
    const of = (name: string | null): string => name ?? 'no environment';
    throw new UserError(`${path} was planned for ${of(document.environment)}, not for ${of(project.environment)}`, {
      hint: document.environment === null ? 'Leave --env out.' : `Add --env ${document.environment}.`,
      exitCode: EXIT.stale,
    });
  }
}

export type Verdict = { readonly go: true } | { readonly go: false; readonly status: SyncApply['status']; readonly message: string };

/** What stands between a sync's plan and its application: an error, a breach, another run since. */
export function mayApply(
  document: PlanDocument,
  plan: SyncPlan,
  planned: PlannedSync | undefined,
  head: SyncState | undefined,
  allow: readonly Allowance[],
): Verdict {
  // A limit stopped the plan before there was one.
  const limit = plan.blocked.find((block) => block.kind === 'limit');
  if (planned === undefined && limit !== undefined) return { go: false, status: 'blocked', message: limit.message };
  if (plan.error !== null || planned === undefined)
    return { go: false, status: 'failed', message: plan.error?.message ?? 'the sync was not planned' };
  const standing = plan.blocked.filter((block) => block.kind !== 'guard');
  const tripped = plan.guards.filter(
    // An approval counts as long as it stands in the project: it may have expired since the plan was made, or be gone.
    (guard) =>
      (!guard.ok || guard.approved_by !== undefined) &&
      !allow.some((each) => each.guard === guard.guard && each.sync === plan.name && guard.actual <= each.count),
  );
  if (standing.length > 0 || tripped.length > 0) {
    const messages = plan.blocked.filter(
      (block) => block.kind !== 'guard' || tripped.some((guard) => block.message.startsWith(`${guard.guard}:`)),
    );
    const expired = tripped.flatMap(({ guard, approved_by: by }) =>
      by === undefined ? [] : [`${guard}: ${by.file}, which allowed it until ${by.until}, does not count any more`],
    );
    return { go: false, status: 'blocked', message: [...messages.map((block) => block.message), ...expired].join('; ') };
  }
  return stillFresh(document, planned, head);
}

function stillFresh(document: PlanDocument, planned: PlannedSync, head: SyncState | undefined): Verdict {
  if (head === undefined) {
    return planned.serial === 0
      ? { go: true }
      : { go: false, status: 'stale', message: 'the state this plan was made with is gone: plan again' };
  }
  if (head.serial === planned.serial) return { go: true };
  // A run that is under way has the lease: asking for that says who it is.
  if (head.lastRun?.status === 'running') return { go: true };
  if (head.lastRun?.planId === document.plan_id) {
    return head.lastRun.status === 'finished'
      ? { go: false, status: 'already_applied', message: 'this plan was applied already' }
      : { go: true };
  }
  return {
    go: false,
    status: 'stale',
    message: `another run wrote ${planned.sync} since this plan was made (serial ${planned.serial}, now ${head.serial}): plan again`,
  };
}

/** The plan names the destination it looked at; applying it to another one would write records nobody reviewed. */
export function checkIdentity(planned: PlannedSync, identity: string): void {
  if (planned.identity === identity) return;
  throw new UserError(`${planned.sync} was planned against ${planned.identity}; its destination is now ${identity}`, {
    hint: 'Plan again.',
    exitCode: EXIT.stale,
  });
}
