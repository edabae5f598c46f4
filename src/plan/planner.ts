/**
 * The planner. For each sync, parents first:
 *
 *  1. open      a workspace that reaches state, source and destination, and nothing else
 *  2. bind      the mapping to what both ends look like; configuration errors end here
 *  3. select    candidates: rows whose hash moved, records that came or went
 *  4. read      their live records (or all, or none: `refresh`)
 *  5. classify  base, desired and live, field by field
 *  6. record    changes, held records, rejects and state-only changes in the plan file
 *  7. brake     guards, checks and limits
 *
 * Nothing here writes to a destination or to state.
 */
import { registerFunctions, SensitiveKey } from '../canonical/functions.ts';
import type { Project, Refresh, Sync } from '../config/model.ts';
import type { Context } from '../context.ts';
import { InternalError } from '../errors.ts';
import type { Warehouse } from '../sources/source.ts';
import type { State } from '../state/state.ts';
import { plural } from '../words.ts';
import { Workspace } from '../workspace/workspace.ts';
import { planDocument } from './assemble.ts';
import type { BoundSync, HashFunction } from './bind.ts';
import type { CandidateCounts } from './candidates.ts';
import { runChecks } from './checks.ts';
import { planCost } from './cost.ts';
import { type Acceptance, classify } from './classify.ts';
import type { CheckResult, PlanDocument, SyncPlan } from './document.ts';
import { attachEnds, bindEnds, type Ends, openEnds, type Registry } from './ends.ts';
import type { Allowance } from './guards.ts';
import { checkState, hashEngine, hashId, lineageOf, type OwnBase } from './identity.ts';
import { countUnmanaged, readLive } from './live.ts';
import { attachPartners, type Partner, rejectShared } from './partition.ts';
import { PlanDraft } from './plan-file.ts';
import { recordPlan, recordSync } from './record.ts';
import { resolveReferences } from './references.ts';
import { renameNote, storedName } from './renames.ts';
import { effectiveRefresh } from './refresh.ts';
import { type Engine, select, type StoredBase } from './select.ts';
import { blockedByParent, failedSync, syncPlan, withChecks } from './sync-plan.ts';
import { warehouseOf } from './warehouse.ts';

export interface PlanRequest {
  readonly project: Project;
  /** In the order in which they run: parents first. */
  readonly syncs: readonly Sync[];
  readonly refresh?: Refresh | undefined;
  readonly engine: Engine;
  /** Absolute path of the plan file. */
  readonly out: string;
  readonly encrypt: boolean;
  readonly retryRejected: boolean;
  readonly allow: readonly Allowance[];
  readonly registry: Registry;
  readonly state: State;
  readonly commit: string | null;
  /** Plan nothing but the state-only changes that take these records as they are. */
  readonly accept?: Acceptance | undefined;
  /** Memory of the workspace, in DuckDB's notation. */
  readonly memoryLimit?: string | undefined;
  /** Another hash function, to see what collisions do. */
  readonly hash?: HashFunction | undefined;
}

/** Plans the syncs and writes the plan file. A sync that fails is in the document as such; the others are planned all the same. */
export async function plan(context: Context, request: PlanRequest): Promise<PlanDocument> {
  await using draft = await PlanDraft.create(request.out);
  const plans: SyncPlan[] = [];
  for (const [index, sync] of request.syncs.entries()) {
    context.signal.throwIfAborted();
    const started = context.now();
    context.emit({ type: 'plan:start', sync: sync.name });
    const planned = await planOrFail(context, request, draft, { sync, index });
    const parent = blockedByParent(sync, request.syncs, plans);
    plans.push(parent === undefined ? planned : { ...planned, blocked: [...planned.blocked, parent] });
    context.emit({ type: 'plan:done', sync: sync.name, ms: context.now() - started });
  }
  const document = planDocument(context, request, plans);
  await draft.publish(context, document, request.encrypt);
  return document;
}

/** One sync's turn, and its place in the order. */
interface Turn {
  readonly sync: Sync;
  readonly index: number;
}

async function planOrFail(context: Context, request: PlanRequest, draft: PlanDraft, turn: Turn): Promise<SyncPlan> {
  try {
    const { planned, bound } = await planSync(context, request, draft, turn);
    return withChecks(planned, await checkPlan(draft, bound));
  } catch (error) {
    if (context.signal.aborted || error instanceof InternalError) throw error;
    await forgetSync(draft, turn.sync);
    return failedSync(turn.sync, error);
  }
}

async function planSync(
  context: Context,
  request: PlanRequest,
  draft: PlanDraft,
  turn: Turn,
): Promise<{ planned: SyncPlan; bound: BoundSync }> {
  const { sync } = turn;
  const step = (name: string): void => {
    context.signal.throwIfAborted();
    context.emit({ type: 'plan:step', sync: sync.name, step: name });
  };

  step('opening');
  await using workspace = await Workspace.open({ memoryLimit: request.memoryLimit });
  using _cancel = interruptOnAbort(context, workspace);
  await using ends = await openEnds(context, request.registry, request.project, sync);
  const { stored, warehouse, partners } = await openWorkspace(workspace, request, draft, ends, sync);

  step('reading schemas');
  const bound = await bindTo(sync, ends, warehouse);
  const base = await ownBase(request, ends, bound, stored);

  step('comparing with state');
  const refresh = effectiveRefresh(sync, request.refresh, bound.capabilities, base.count);
  const from = { bound, ends, state: request.state, stored, own: base, warehouse };
  const candidates = await select(workspace, { ...request, ...from, refresh, now: context.now() });
  await rejectShared(workspace, sync, partners);

  step('reading live records');
  const live = await readLive(workspace, bound, ends.destination, refresh);
  await resolveReferences(workspace, { bound, destination: ends.destination, refresh, planned: request.syncs.slice(0, turn.index) });

  step('classifying');
  const suspended = await suspension(workspace, candidates, base.count);
  await classify(workspace, { bound, refresh, live: live.form, suspended: suspended !== undefined, accept: request.accept });

  step('recording');
  await workspace.transaction(async () => {
    await recordPlan(workspace, bound);
    await recordSync(workspace, { bound, ord: turn.index, base, existing: base.count });
  });
  const planned = await syncPlan(workspace, {
    bound,
    head: base.head,
    refresh,
    candidates,
    baseCount: base.count,
    formerRecords: base.formerRecords,
    liveRead: refresh === 'all' ? (candidates.liveRows ?? live.asked) : live.asked,
    unmanaged: await countUnmanaged(workspace, candidates),
    suspended,
    allow: request.allow,
    cost: await planCost(workspace, ends.destination, sync.name),
    renamed:
      base.head === undefined
        ? renameNote(
            sync,
            base.identity,
            await request.state.heads(),
            request.project.syncs.map((each) => each.name),
          )
        : undefined,
  });
  return { planned, bound };
}

// ---- 1. open

interface Opened {
  readonly stored: StoredBase;
  /** What the source can do where base lives; undefined where base lives elsewhere. */
  readonly warehouse: Warehouse | undefined;
  /** Syncs that share the object with this one. */
  readonly partners: readonly Partner[];
}

async function openWorkspace(workspace: Workspace, request: PlanRequest, draft: PlanDraft, ends: Ends, sync: Sync): Promise<Opened> {
  registerFunctions(workspace.connection, sensitiveKey(request.project));
  await draft.attach(workspace);
  const warehouse = warehouseOf(request.project, sync, ends.source, request.state);
  const stored = await storedBase(workspace, request, sync, warehouse !== undefined && request.engine !== 'local');
  const partners = await attachPartners(workspace, request.state, sync, request.project.syncs);
  await attachEnds(ends, workspace);
  await workspace.lock([request.project.dir]);
  return { stored, warehouse, partners };
}

/** The head is read first: a run that ends in between then makes this plan stale, and not wrong. */
async function storedBase(workspace: Workspace, request: PlanRequest, sync: Sync, stays: boolean): Promise<StoredBase> {
  const { state } = request;
  const name = await storedName(state, sync);
  const head = await state.head(name);
  const table = stays ? await state.table?.(workspace, name) : undefined;
  if (table !== undefined) return { name, head, table, loaded: undefined, count: table.count, rejects: table.rejects };
  const loaded = await state.attach(workspace, name);
  return { name, head, table: undefined, loaded, count: loaded.count, rejects: loaded.rejects };
}

function sensitiveKey(project: Project): SensitiveKey | undefined {
  return project.state.key === undefined ? undefined : new SensitiveKey(project.state.key);
}

/** Ctrl-C stops the statement that runs; again and again, because it may come between two statements. */
function interruptOnAbort(context: Context, workspace: Workspace): Disposable {
  const state = { done: false };
  const interrupt = async (): Promise<void> => {
    while (!state.done) {
      workspace.interrupt();
      await context.sleep(50);
    }
  };
  const start = (): void => void interrupt();
  context.signal.addEventListener('abort', start, { once: true });
  return {
    [Symbol.dispose]: () => {
      state.done = true;
      context.signal.removeEventListener('abort', start);
    },
  };
}

// ---- 2. bind

/** Rows are hashed where they will be compared. */
async function bindTo(sync: Sync, ends: Ends, warehouse: Warehouse | undefined): Promise<BoundSync> {
  const bound = await bindEnds(sync, ends);
  return { ...bound, hashedBy: warehouse === undefined ? 'workspace' : 'source' };
}

async function ownBase(request: PlanRequest, ends: Ends, bound: BoundSync, stored: StoredBase): Promise<OwnBase> {
  const { head, count, rejects } = stored;
  const lineage = lineageOf(bound.sync);
  const identity = await ends.destination.identify();
  const ownHash = hashId(bound, hashEngine(bound, ends.source), sensitiveKey(request.project));
  checkState(head, bound, { lineage, identity, hashId: ownHash });
  const same = head === undefined || head.lineage === lineage;
  return {
    rejects: same ? rejects : `(SELECT * FROM ${rejects} AS former WHERE false)`,
    count: same ? count : 0,
    head,
    lineage,
    identity,
    // Accepting some records says nothing about the hashes of the others.
    hashId: request.accept === undefined || head === undefined ? ownHash : head.hashId,
    rehash: same && count > 0 && head?.hashId !== ownHash,
    formerRecords: same ? 0 : count,
  };
}

// ---- 5. classify

/** Why this plan may neither delete, clear nor forget: a source that is empty or holds a row that nobody can place. */
async function suspension(workspace: Workspace, candidates: CandidateCounts, baseCount: number): Promise<string | undefined> {
  if (candidates.rows === 0 && baseCount > 0) {
    return `the query returned no rows while ${plural(baseCount, 'record is', 'records are')} in state: nothing is deleted, cleared or forgotten`;
  }
  const unreadable = await workspace.count('SELECT count(*) FROM c_desired WHERE key IS NULL');
  if (unreadable === 0) return undefined;
  return `${plural(unreadable, 'row has', 'rows have')} no readable key, and nobody knows whose ${unreadable === 1 ? 'row it is' : 'rows they are'}: nothing is deleted, cleared or forgotten`;
}

// ---- 7. brake

/** Checks run in a workspace of their own that sees the plan and nothing else: the user's SQL reaches no raw value. */
async function checkPlan(draft: PlanDraft, bound: BoundSync): Promise<CheckResult[]> {
  if (bound.sync.checks.length === 0) return [];
  await using workspace = await Workspace.open();
  await draft.attach(workspace);
  await workspace.lock([]);
  return await runChecks(workspace, bound);
}

/** What a failed sync left in the plan file is no plan. */
async function forgetSync(draft: PlanDraft, sync: Sync): Promise<void> {
  await using workspace = await Workspace.open();
  await draft.attach(workspace);
  for (const table of ['changes', 'adoptions', 'rejects', 'held', 'violations', 'syncs']) {
    await workspace.run(`DELETE FROM plan.${table} WHERE sync = $sync`, { sync: sync.name });
  }
}
