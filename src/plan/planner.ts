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
 * With a base (`plan --base`), steps 3 to 5 are taken first with the configuration at the merge base, on the same rows and
 * the same live records: what it would change as well was due anyway (`attribution.ts`).
 *
 * Nothing here writes to a destination or to state.
 */
import type { Project, Refresh, Sync } from '../config/model.ts';
import type { Context } from '../context.ts';
import { InternalError, messageOf, UserError } from '../errors.ts';
import type { Warehouse } from '../sources/source.ts';
import type { State } from '../state/state.ts';
import { plural } from '../words.ts';
import { Workspace } from '../workspace/workspace.ts';
import { planDocument } from './assemble.ts';
import { type BaseComparison, clearWork, compareWithFormer, type Due, dueOf, forgetUnasked, keepFormer } from './attribution.ts';
import { planBase } from './base.ts';
import type { BoundSync, HashFunction } from './bind.ts';
import type { CandidateCounts } from './candidates.ts';
import { runChecks } from './checks.ts';
import { planCost } from './cost.ts';
import { type Acceptance, classify } from './classify.ts';
import type { CheckResult, PlanDocument, SyncPlan } from './document.ts';
import { bindEnds, type Ends, openEnds, type Registry } from './ends.ts';
import type { Allowance } from './guards.ts';
import { checkState, hashEngine, hashId, lineageOf, type OwnBase } from './identity.ts';
import { countUnmanaged, type LiveRead, readLive } from './live.ts';
import { readingOnce } from './live-once.ts';
import { interruptOnAbort, type Opened, openWorkspace, sensitiveKey } from './opening.ts';
import { rejectShared } from './partition.ts';
import { PlanDraft } from './plan-file.ts';
import { recordPlan, recordSync } from './record.ts';
import { resolveReferences } from './references.ts';
import { renameNote } from './renames.ts';
import { effectiveRefresh } from './refresh.ts';
import { type Engine, select, type Selected, type StoredBase } from './select.ts';
import { blockedByParent, failedSync, syncPlan, withChecks } from './sync-plan.ts';
import { waitingFor } from './wait.ts';
import { Writers } from './writers.ts';

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
  /** What the project is compared with. */
  readonly base?: BaseComparison | undefined;
}

/** Plans the syncs and writes the plan file. A sync that fails is in the document as such; the others are planned all the same. */
export async function plan(context: Context, request: PlanRequest): Promise<PlanDocument> {
  await using draft = await PlanDraft.create(request.out);
  const plans: SyncPlan[] = [];
  const writers = new Writers();
  for (const [index, sync] of request.syncs.entries()) {
    context.signal.throwIfAborted();
    const started = context.now();
    context.emit({ type: 'plan:start', sync: sync.name });
    const planned = await planOrFail(context, request, draft, { sync, index, writers });
    const parent = blockedByParent(sync, request.syncs, plans);
    const waiting = await waitingFor(context, sync);
    plans.push({ ...planned, blocked: [...planned.blocked, ...waiting, ...(parent === undefined ? [] : [parent])] });
    context.emit({ type: 'plan:done', sync: sync.name, ms: context.now() - started });
  }
  const base = request.base === undefined ? undefined : await planBase(request.base, request.state);
  const document = planDocument(context, request, plans, base);
  await draft.publish(context, document, request.encrypt);
  return document;
}

/** One sync's turn, and its place in the order. */
interface Turn {
  readonly sync: Sync;
  readonly index: number;
  readonly writers: Writers;
}

async function planOrFail(context: Context, request: PlanRequest, draft: PlanDraft, turn: Turn): Promise<SyncPlan> {
  try {
    const { planned, bound } = await planSync(context, request, draft, turn);
    return withChecks(planned, await checkPlan(draft, bound));
  } catch (error) {
    if (context.signal.aborted || error instanceof InternalError) throw error;
    await forgetSync(draft, turn.sync);
    return failedSync(turn.sync, error, request.base?.syncs.get(turn.sync.name)?.change);
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
  const opened = await openWorkspace(workspace, request, draft, ends, sync);

  step('reading schemas');
  const bound = await bindTo(sync, ends, opened.warehouse);
  const shared = turn.writers.add(sync, await ends.destination.identify(), bound.schema);
  if (shared.length > 0) throw UserError.of(shared);
  const work = { context, request, turn, workspace, ends, ...opened, step };
  const { due, readFrom } = await planFormer(work, bound);

  const isLatter = due?.kind === 'compared';
  const { base, refresh, candidates, live, suspended } = await compare({ ...work, ends: readFrom }, bound, isLatter ? 'latter' : 'only');
  if (isLatter) await compareWithFormer(workspace, bound);

  step('recording');
  await workspace.transaction(async () => {
    await recordPlan(workspace, bound, due);
    await recordSync(workspace, { project: request.project, bound, ord: turn.index, base, existing: base.count });
  });
  const planned = await syncPlan(workspace, {
    bound,
    destinationId: base.identity,
    head: base.head,
    refresh,
    candidates,
    baseCount: base.count,
    formerRecords: base.formerRecords,
    liveRead: refresh === 'all' ? (candidates.liveRows ?? live.asked) : live.asked,
    unmanaged: await countUnmanaged(workspace, candidates),
    suspended,
    allow: request.allow,
    cost: await planCost(workspace, ends, sync.name),
    change: request.base?.syncs.get(sync.name)?.change,
    due,
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

/** What the steps of one sync work with. */
interface Work extends Opened {
  readonly context: Context;
  readonly request: PlanRequest;
  readonly turn: Turn;
  readonly workspace: Workspace;
  readonly ends: Ends;
  readonly step: (name: string) => void;
}

interface Compared {
  readonly base: OwnBase;
  readonly refresh: Refresh;
  readonly candidates: Selected;
  readonly live: LiveRead;
  /** Why nothing may be deleted, cleared or forgotten; undefined when it may. */
  readonly suspended: string | undefined;
}

/** Which configuration is compared: the only one, the one at the merge base, or the one that comes after that. */
type Which = 'only' | 'former' | 'latter';

/** Steps 3 to 5: the table `c_results`. */
async function compare(work: Work, bound: BoundSync, which: Which): Promise<Compared> {
  const { request, turn, workspace, ends, stored, warehouse, partners } = work;
  const step = (name: string): void => work.step(which === 'former' ? `${name}, as at the merge base` : name);
  step('comparing with state');
  const base = await ownBase(request, ends, bound, stored);
  const refresh = effectiveRefresh(bound.sync, request.refresh, bound.capabilities, base.count);
  const from = { bound, ends, state: request.state, stored, own: base, warehouse };
  const candidates = await select(workspace, { ...request, ...from, refresh, now: work.context.now() });
  await rejectShared(workspace, bound.sync, partners);

  step('reading live records');
  const live = await readLive(workspace, bound, ends.destination, refresh);
  if (which === 'latter') await forgetUnasked(workspace);
  const planned = request.syncs.slice(0, turn.index);
  await resolveReferences(workspace, { bound, destination: ends.destination, refresh, planned, onlyPending: which === 'former' });

  step('classifying');
  const suspended = await suspension(workspace, candidates, base.count);
  await classify(workspace, { bound, refresh, live: live.form, suspended: suspended !== undefined, accept: request.accept });
  return { base, refresh, candidates, live, suspended };
}

/**
 * Plans the sync as it was at the merge base, where that may tell its changes apart. `readFrom`: the ends for the plan
 * itself, which then see the records that were read here. What cannot be planned any more is no error: the branch may repair it.
 */
async function planFormer(work: Work, bound: BoundSync): Promise<{ readonly due: Due | undefined; readonly readFrom: Ends }> {
  const { request, turn, workspace, ends, context } = work;
  const due = request.base === undefined ? undefined : dueOf(request.base, turn.sync);
  if (due?.kind !== 'plan') return { due, readFrom: ends };
  try {
    const former = await bindTo(due.former, ends, work.warehouse);
    const readFrom = { ...ends, destination: readingOnce(ends.destination, workspace, [bound, former]) };
    try {
      await compare({ ...work, ends: readFrom }, former, 'former');
      await keepFormer(workspace);
      return { due: { kind: 'compared' }, readFrom };
    } finally {
      await clearWork(workspace, turn.sync);
    }
  } catch (error) {
    if (context.signal.aborted || error instanceof InternalError) throw error;
    return { due: { kind: 'unknown', why: `it could not be planned as it was: ${messageOf(error)}` }, readFrom: ends };
  }
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
