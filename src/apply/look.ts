/** Looking at live records while a run writes, over a line that may be bad. */
import type { Context } from '../context.ts';
import type { Destination, WriteBatch } from '../destinations/destination.ts';
import { TransientError, UserError } from '../errors.ts';
import type { PlannedSync } from '../plan/plan-file.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { compareLive, type LiveComparison } from './reread.ts';
import { retrying } from './send.ts';

export interface Looking {
  readonly context: Context;
  /** The plan is attached to it as the database `plan`. */
  readonly workspace: Workspace;
  readonly destination: Destination;
  readonly planned: PlannedSync;
}

/** Live records of the batch beside one side of it, by position; the failure when the destination stayed out of reach or refuses to be read. */
export async function look(
  { context, destination, workspace, planned }: Looking,
  batch: WriteBatch,
  side: 'before' | 'after',
): Promise<ReadonlyMap<number, LiveComparison> | TransientError | UserError> {
  try {
    return await retrying({ context, sync: planned.sync }, async () => compareLive(workspace, destination, planned, batch, side));
  } catch (error) {
    if (error instanceof TransientError || error instanceof UserError) return error;
    // What was written is recorded although nobody may look at it any more.
    if (context.signal.aborted && error instanceof Error && error.name === 'AbortError')
      return new TransientError('stopped on request', { cause: error });
    throw error;
  }
}
