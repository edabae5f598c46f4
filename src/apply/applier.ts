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
import type { Project, Sync } from '../config/model.ts';
import type { Context } from '../context.ts';
import type { Destination } from '../destinations/destination.ts';
import { openDestination } from '../destinations/registry.ts';
import { TransientError, UserError } from '../errors.ts';
import { type ApplyCounts, type ApplyDocument, PLAN_FORMAT, type SyncApply, type SyncPlan } from '../plan/document.ts';
import { connectionOf, type Registry } from '../plan/ends.ts';
import { type Allowance, limitOf } from '../plan/guards.ts';
import { openPlanFile, type PlanFile, type PlannedSync } from '../plan/plan-file.ts';
import { storedName } from '../plan/renames.ts';
import { count, plural } from '../words.ts';
import type { Lease, RunStatus, RunWriter, State } from '../state/state.ts';
import { type ChangeBatch, firstOf, loadBatch, type Phase, readBatches, seqsOf, sizeOf } from './batches.ts';
import { Breaker } from './breaker.ts';
import { checkIdentity, checkPlanBelongs, mayApply } from './gate.ts';
import { deliver, type Delivered, recorded } from './outcomes.ts';
import { holdChildren } from './parents.ts';
import { ReadBack } from './read-back.ts';
import { RateLimiters } from './rate-limit.ts';
import { Tally } from './tally.ts';

export interface ApplyRequest {
  readonly project: Project;
  /** Absolute path of the plan file. */
  readonly planFile: string;
  /** Names; all of the plan when left out. */
  readonly syncs?: readonly string[] | undefined;
  /** At most this many changes in the whole run. */
  readonly limit?: number | undefined;
  /** State-only: adopt what agrees, write nothing. */
  readonly adoptOnly: boolean;
  readonly allow: readonly Allowance[];
  readonly registry: Registry;
  readonly state: State;
  /** Who applies: `alice@host`. */
  readonly owner: string;
}

export async function apply(context: Context, request: ApplyRequest): Promise<ApplyDocument> {
  await using file = await openPlanFile(context, request.planFile);
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

// ---- 2. gate

/** A sync that may be applied: its destination is open, its lease is held, its run has begun. */
interface Run {
  readonly plan: SyncPlan;
  readonly planned: PlannedSync;
  readonly sync: Sync;
  readonly destination: Destination;
  readonly lease: Lease;
  readonly writer: RunWriter;
  readonly runId: string;
  readonly startedAt: number;
  readonly done: ReadonlySet<number>;
  readonly total: number;
  readonly tally: Tally;
  readonly breaker: Breaker;
  readonly readBack: ReadBack;
  /** Why it stopped before its end; undefined while it has not. */
  stopped: string | undefined;
  /** What the last batch said that was not written although the run went on. */
  trouble: string | undefined;
  limited: boolean;
}

type Entry = { readonly run: Run } | { readonly run?: undefined; readonly object?: string; readonly result: SyncApply };

/** The runs of one apply. Leaving its scope closes what is still open, whatever happened. */
class Runs implements AsyncDisposable {
  readonly entries: Entry[] = [];
  readonly limiters: RateLimiters;

  constructor(context: Context) {
    this.limiters = new RateLimiters(context);
  }

  add(entry: Entry): void {
    this.entries.push(entry);
  }

  get active(): Run[] {
    return this.entries.flatMap((entry) => (entry.run === undefined ? [] : [entry.run]));
  }

  /** Every lease of the apply lives as long as the apply. */
  async hold(): Promise<void> {
    for (const run of this.active) await run.lease.hold();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using all = new AsyncDisposableStack(); // each is closed, whatever the others throw
    for (const run of this.active) {
      all.defer(async () => run.lease.release());
      all.use(run.destination);
    }
  }
}

async function startRun(context: Context, request: ApplyRequest, file: PlanFile, plan: SyncPlan): Promise<Entry> {
  const planned = file.syncs.find((each) => each.sync === plan.name);
  const sync = request.project.syncs.find((each) => each.name === plan.name);
  if (sync === undefined) return { result: outOfRun(plan, 'stale', 'the project has no such sync any more: plan again') };
  const known = await storedName(request.state, sync);
  const head = await request.state.head(known);
  const verdict = mayApply(file.document, plan, planned, head, request.allow);
  if (!verdict.go || planned === undefined)
    return { object: plan.object, result: outOfRun(plan, verdict.go ? 'failed' : verdict.status, verdict.go ? '' : verdict.message) };
  if (known !== sync.name) await request.state.move(known, sync.name);
  const total = await file.workspace.count('SELECT count(*) FROM plan.changes WHERE sync = $sync AND pass = 1', { sync: plan.name });
  if (total === 0 && !(await hasStateChanges(file, plan.name))) return { result: outOfRun(plan, 'nothing', '') };
  return { run: await beginRun(context, request, file, { plan, planned, sync, total }) };
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
  start: Pick<Run, 'plan' | 'planned' | 'sync' | 'total'>,
): Promise<Run> {
  const { planned, sync } = start;
  const destination = await openDestination(
    request.registry.destinations,
    connectionOf(request.project, sync.destination.connection),
    context,
    request.project,
  );
  const lease = await request.state.acquire(sync.name, request.owner).catch(async (error: unknown) => {
    await destination[Symbol.asyncDispose]();
    throw error;
  });
  try {
    checkIdentity(planned, await destination.identify());
    const { capabilities } = destination;
    if (!capabilities.atomicCompare.can || !capabilities.storesExactly.can) await destination.attach(file.workspace);
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
      stopped: undefined,
      trouble: undefined,
      limited: false,
    };
  } catch (error) {
    await destination[Symbol.asyncDispose]();
    await lease.release();
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
  if (!verdict.go) throw new UserError(`${start.plan.name}: ${verdict.message}`, { exitCode: 4 });
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

// ---- 3. and 4. write and delete

/** How many changes may still be sent. */
class Budget {
  #left: number;
  constructor(limit: number | undefined) {
    this.#left = limit ?? Number.POSITIVE_INFINITY;
  }
  get left(): number {
    return this.#left;
  }
  take(count: number): void {
    this.#left -= count;
  }
}

async function writePhase(context: Context, file: PlanFile, runs: Runs, run: Run, phase: Phase, budget: Budget): Promise<void> {
  const batches = readBatches(file.workspace, run.sync.name, phase, { batchSize: run.destination.capabilities.batchSize, skip: run.done });
  for await (const planned of batches) {
    run.stopped = run.stopped ?? stopReason(context, run);
    if (run.stopped !== undefined) return;
    if (budget.left <= 0) {
      run.limited = true;
      return;
    }
    const batch = sizeOf(planned) <= budget.left ? planned : firstOf(planned, budget.left);
    run.limited = run.limited || batch !== planned;
    budget.take(sizeOf(batch));
    await writeBatch(context, file, runs, run, batch, phase);
    context.emit({
      type: 'apply:progress',
      sync: run.sync.name,
      done: run.tally.done,
      total: run.total,
      rejected: run.tally.counts.rejected,
    });
  }
}

/** Announce, send, record: in this order, each durable before the next. A destination out of reach ends the run cleanly. */
async function writeBatch(context: Context, file: PlanFile, runs: Runs, run: Run, batch: ChangeBatch, phase: Phase): Promise<void> {
  const { destination, planned, sync, tally } = run;
  const { workspace } = file;
  const { ready, held } = await holdChildren(workspace, batch, run, runs);
  await tally.add(workspace, sync.name, { batch, pass: phase.pass }, held);
  if (ready.ranges.length === 0) return;
  await runs.hold();
  const changes = await loadBatch(workspace, planned, ready);
  await run.writer.intend(ready.ranges);
  const limiter = runs.limiters.of(sync.destination.connection, destination.capabilities.rate);
  const delivery = { context, workspace, destination, planned, readBack: run.readBack, limiter, hold: async () => runs.hold() };
  const delivered = await deliver(delivery, changes);
  const outcomes = recorded(seqsOf(ready), delivered.outcomes);
  await run.writer.record(outcomes);
  judge(run, delivered);
  await tally.add(workspace, sync.name, { batch, pass: phase.pass }, outcomes);
}

/** Goes on after a batch that failed for now, unless the destination keeps failing; ends the run when no write can succeed. */
function judge(run: Run, { outcomes, failure }: Delivered): void {
  if (failure !== undefined && !(failure instanceof TransientError)) {
    run.stopped = failure.message;
    return;
  }
  const isLost = outcomes.length > 0 && outcomes.every((outcome) => outcome.status === 'unknown');
  if (failure === undefined && !isLost) {
    run.breaker.succeeded();
    return;
  }
  run.trouble = failure?.message ?? outcomes[0]?.message ?? 'nobody knows whether it was written';
  run.breaker.failed(run.trouble);
}

function stopReason(context: Context, run: Run): string | undefined {
  if (context.signal.aborted) return 'stopped on request';
  if (run.breaker.open !== undefined) return run.breaker.open;
  const limit = limitOf(run.sync.guards.rejects, run.planned.existing);
  const { rejected } = run.tally.counts;
  return limit !== null && rejected > limit
    ? `stopped: ${plural(rejected, 'record was', 'records were')} rejected, the limit is ${count(limit)} (guard rejects)`
    : undefined;
}

// ---- 5. finish

async function finishRun(context: Context, request: ApplyRequest, file: PlanFile, run: Run): Promise<SyncApply> {
  const { counts } = run.tally;
  const left = request.adoptOnly ? 0 : await unsent(file, run, 1);
  const references = request.adoptOnly ? 0 : await unsent(file, run, 2);
  const whole =
    left === 0 && references === 0 && counts.unknown === 0 && run.stopped === undefined && (!request.adoptOnly || run.total === 0);
  const status: RunStatus = whole ? 'finished' : 'partial';
  await run.writer.finish({ status, finishedAt: context.now() });
  context.emit({ type: 'apply:done', sync: run.sync.name, ms: context.now() - run.startedAt });
  const adopted = await file.workspace.count("SELECT count(*) FROM plan.adoptions WHERE sync = $sync AND kind = 'adopt'", {
    sync: run.sync.name,
  });
  const reason = run.stopped ?? run.trouble;
  const limited = run.limited && reason === undefined;
  return {
    name: run.sync.name,
    run_id: run.runId,
    serial: run.writer.serial,
    status: whole || limited || request.adoptOnly ? 'applied' : 'partial',
    ...counts,
    held: counts.held + run.plan.summary.held,
    not_attempted: left,
    adopted,
    limited,
    duration_ms: context.now() - run.startedAt,
    messages: reason === undefined ? [] : [reason],
    rejects: run.tally.rejectGroups(),
  };
}

/** Changes of a pass that neither this run nor an earlier one of the same plan has attempted. */
async function unsent(file: PlanFile, run: Run, pass: 1 | 2): Promise<number> {
  const planned = await file.workspace.count(
    `SELECT count(*) FROM plan.changes WHERE sync = $sync AND pass = $pass AND seq NOT IN (SELECT unnest(CAST(from_json($done, '["BIGINT"]') AS BIGINT[])))`,
    { sync: run.sync.name, pass, done: JSON.stringify([...run.done]) },
  );
  return Math.max(0, planned - run.tally.settled(pass));
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
