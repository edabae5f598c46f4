/** The one place that decides what a finished command exits with. Precedence: 1 > 4 > 3 > 5 > 2 > 0. */
import { EXIT, type ExitCode } from '../errors.ts';
import type { ApplyDocument, PlanDocument, SyncApply, SyncPlan } from '../plan/document.ts';

const PRECEDENCE: readonly ExitCode[] = [EXIT.error, EXIT.stale, EXIT.forbidden, EXIT.partial, EXIT.changes, EXIT.ok];

/** The code that outranks the others; 0 for none. */
export function strongest(codes: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.ok;
}

/** `detailed`: changes alone already give 2. */
export function exitCodeOfPlan(document: PlanDocument, options: { readonly detailed: boolean }): ExitCode {
  return strongest(document.syncs.map((sync) => codeOfSyncPlan(sync, options.detailed)));
}

function codeOfSyncPlan(sync: SyncPlan, detailed: boolean): ExitCode {
  const blocked = codeOfBlocks(sync);
  if (blocked !== EXIT.ok) return blocked;
  const { create, update, delete: deletes, clear } = sync.summary;
  return detailed && create + update + deletes + clear > 0 ? EXIT.changes : EXIT.ok;
}

function codeOfBlocks(sync: SyncPlan): ExitCode {
  if (sync.error !== null || sync.blocked.some((block) => block.kind === 'error')) return EXIT.error;
  return sync.blocked.length > 0 ? EXIT.forbidden : EXIT.ok;
}

/**
 * `plan` is what was applied: its new rejects are not done either. The applier's `held` counts what a policy holds and what
 * moved since the plan: both are not done.
 */
export function exitCodeOfApply(document: ApplyDocument, plan: PlanDocument): ExitCode {
  const planned = new Map(plan.syncs.map((sync) => [sync.name, sync]));
  return strongest(document.syncs.map((sync) => codeOfSyncApply(sync, planned.get(sync.name))));
}

function codeOfSyncApply(sync: SyncApply, plan: SyncPlan | undefined): ExitCode {
  const blocks = plan === undefined ? EXIT.ok : codeOfBlocks(plan);
  if (sync.status === 'failed' || (sync.status === 'blocked' && blocks === EXIT.error)) return EXIT.error;
  if (sync.status === 'stale' || sync.status === 'already_applied') return EXIT.stale;
  if (sync.status === 'blocked') return EXIT.forbidden;
  return isUnfinished(sync, plan) ? EXIT.partial : EXIT.ok;
}

/** A deliberate `--limit` leaves changes over on purpose: that alone is fine. */
function isUnfinished(sync: SyncApply, plan: SyncPlan | undefined): boolean {
  if (!sync.limited && (sync.not_attempted > 0 || sync.status === 'partial')) return true;
  return sync.rejected + sync.held + sync.unknown + (plan?.summary.rejected ?? 0) > 0;
}
