/** Step 2 of the applier: which syncs run. Blocked, stale and applied plans stay out; the others get their lease and a run. */
import type { Context } from '../context.ts';
import { openDestination } from '../destinations/registry.ts';
import { EXIT, UserError } from '../errors.ts';
import type { SyncApply, SyncPlan } from '../plan/document.ts';
import { destinationOf } from '../plan/ends.ts';
import { type Allowance, rejectLimit } from '../plan/guards.ts';
import type { PlanFile } from '../plan/plan-file.ts';
import { RECORDS } from '../plan/plan-tables.ts';
import { storedName } from '../plan/renames.ts';
import { Breaker } from './breaker.ts';
import { checkIdentity, mayApply } from './gate.ts';
import { ReadBack } from './read-back.ts';
import type { ApplyRequest, Entry, Run } from './runs.ts';
import { Tally } from './tally.ts';

/** Gives a sync its lease and its run, or says why it stays out. */
export async function startRun(context: Context, request: ApplyRequest, file: PlanFile, plan: SyncPlan): Promise<Entry> {
  const planned = file.syncs.find((each) => each.sync === plan.name);
  const sync = request.project.syncs.find((each) => each.name === plan.name);
  if (sync === undefined) return { result: outOfRun(plan, 'stale', 'the project has no such sync any more: plan again') };
  const known = await storedName(request.state, sync);
  const head = await request.state.head(known);
  const verdict = mayApply(file.document, plan, planned, head, request.allow);
  if (!verdict.go || planned === undefined)
    return { object: plan.object, result: outOfRun(plan, verdict.go ? 'failed' : verdict.status, verdict.go ? '' : verdict.message) };
  if (known !== sync.name) await request.state.move(known, sync.name);
  const total = await file.workspace.count(`SELECT count(*) FROM plan.changes WHERE sync = $sync AND ${RECORDS}`, { sync: plan.name });
  const empty = total === 0 && !(await hasStateChanges(file, plan.name));
  if (empty && request.recordEmpty !== true) return { result: outOfRun(plan, 'nothing', '') };
  return { run: await beginRun(context, request, file, { plan, planned, sync, total, empty }) };
}

async function hasStateChanges(file: PlanFile, sync: string): Promise<boolean> {
  const rows = await file.workspace.count(
    'SELECT (SELECT count(*) FROM plan.adoptions WHERE sync = $sync) + (SELECT count(*) FROM plan.rejects WHERE sync = $sync AND NOT known)',
    { sync },
  );
  return rows > 0;
}

async function beginRun(
  context: Context,
  request: ApplyRequest,
  file: PlanFile,
  start: Pick<Run, 'plan' | 'planned' | 'sync' | 'total' | 'empty'>,
): Promise<Run> {
  const { planned, sync } = start;
  const connection = destinationOf(request.project, sync);
  const destination = await openDestination(request.registry.destinations, connection, context, request.project);
  const lease = await request.state.acquire(sync.name, request.owner).catch(async (error: unknown) => {
    await destination[Symbol.asyncDispose]();
    throw error;
  });
  try {
    checkIdentity(planned, await destination.identify());
    const { capabilities } = destination;
    if (!capabilities.atomicCompare.can || !capabilities.storesExactly.can) await destination.attach(file.workspace);
    await destination.settle?.(planned.object);
    recheck(file, start, await request.state.head(sync.name), request.allow);
    const runId = context.randomHex(8);
    const startedAt = context.now();
    const writer = await request.state.begin(
      {
        runId,
        planId: file.document.plan_id,
        sync: sync.name,
        lineage: planned.lineage,
        hashId: planned.hashId,
        destination: planned.identity,
        fields: planned.fields,
        startedAt,
        commit: file.document.commit,
      },
      lease,
      { workspace: file.workspace, file: file.path },
    );
    await file.checkUnreplaced();
    const done = await writer.acknowledged();
    context.emit({ type: 'apply:start', sync: sync.name, total: start.total });
    return {
      ...start,
      destination,
      lease,
      writer,
      runId,
      startedAt,
      done,
      tally: new Tally(),
      breaker: new Breaker(),
      readBack: new ReadBack({ context, workspace: file.workspace, destination, planned }, sync.verify ?? 'all'),
      rejectLimit: rejectLimit(sync.name, sync.guards, planned.existing, request.allow),
      stopped: undefined,
      trouble: undefined,
      notes: new Map(),
      limited: false,
    };
  } catch (error) {
    await using held = new AsyncDisposableStack(); // each is closed, whatever the other throws
    held.defer(async () => lease.release());
    held.use(destination);
    throw error;
  }
}

/** The serial is checked again under the lease: another run may have finished in between. */
function recheck(
  file: PlanFile,
  start: Pick<Run, 'plan' | 'planned'>,
  head: Parameters<typeof mayApply>[3],
  allow: readonly Allowance[],
): void {
  const verdict = mayApply(file.document, start.plan, start.planned, head, allow);
  if (!verdict.go) throw new UserError(`${start.plan.name}: ${verdict.message}`, { exitCode: EXIT.stale });
}

function outOfRun(plan: SyncPlan, status: SyncApply['status'], message: string): SyncApply {
  const { create, update, delete: deletes, clear } = plan.summary;
  const left = status === 'nothing' || status === 'already_applied' ? 0 : create + update + deletes + clear;
  return {
    name: plan.name,
    run_id: null,
    serial: null,
    status,
    applied: 0,
    unchanged: 0,
    held: status === 'nothing' ? plan.summary.held : 0,
    rejected: 0,
    unknown: 0,
    not_attempted: left,
    adopted: 0,
    limited: false,
    duration_ms: 0,
    messages: message === '' ? [] : [message],
    rejects: [],
  };
}
