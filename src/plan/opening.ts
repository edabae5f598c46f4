/** Step 1 of a plan: the workspace, and what it can reach before it is locked. */
import { registerFunctions, SensitiveKey } from '../canonical/functions.ts';
import type { Project, Sync } from '../config/model.ts';
import type { Context } from '../context.ts';
import type { Warehouse } from '../sources/source.ts';
import type { State } from '../state/state.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { attachEnds, type Ends } from './ends.ts';
import { attachPartners, type Partner } from './partition.ts';
import type { PlanDraft } from './plan-file.ts';
import { storedName } from './renames.ts';
import type { Engine, StoredBase } from './select.ts';
import { warehouseOf } from './warehouse.ts';

export interface Opened {
  readonly stored: StoredBase;
  /** What the source can do where base lives; undefined where base lives elsewhere. */
  readonly warehouse: Warehouse | undefined;
  /** Syncs that share the object with this one. */
  readonly partners: readonly Partner[];
}

/** What of a plan's request decides what is reached. */
export interface OpenRequest {
  readonly project: Project;
  readonly state: State;
  readonly engine: Engine;
}

export async function openWorkspace(workspace: Workspace, request: OpenRequest, draft: PlanDraft, ends: Ends, sync: Sync): Promise<Opened> {
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
async function storedBase(workspace: Workspace, request: OpenRequest, sync: Sync, stays: boolean): Promise<StoredBase> {
  const { state } = request;
  const name = await storedName(state, sync);
  const head = await state.head(name);
  const table = stays ? await state.table?.(workspace, name) : undefined;
  if (table !== undefined) return { name, head, table, loaded: undefined, count: table.count, rejects: table.rejects };
  const loaded = await state.attach(workspace, name);
  return { name, head, table: undefined, loaded, count: loaded.count, rejects: loaded.rejects };
}

export function sensitiveKey(project: Project): SensitiveKey | undefined {
  return project.state.key === undefined ? undefined : new SensitiveKey(project.state.key);
}

/** Ctrl-C stops the statement that runs; again and again, because it may come between two statements. */
export function interruptOnAbort(context: Context, workspace: Workspace): Disposable {
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
