/** What applying a plan would cost where the destination counts calls, and what making it has cost where the source bills bytes. */
import type { Destination, PlannedWrites } from '../destinations/destination.ts';
import type { Source } from '../sources/source.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { SyncPlan } from './document.ts';

interface Systems {
  readonly source: Source;
  readonly destination: Destination;
}

/** The changes that the plan file holds for the sync, as the destination would be asked to write them. */
export async function planCost(workspace: Workspace, { source, destination }: Systems, sync: string): Promise<SyncPlan['cost']> {
  const bytes_billed = source.billed === undefined ? null : Number(source.billed());
  if (destination.cost === undefined) return { api_calls: null, api_calls_left: null, bytes_billed };
  const rows = await workspace.rows(
    `SELECT action, count(*) AS count FROM plan.changes WHERE sync = $sync GROUP BY pass, action, fields ORDER BY min(seq)`,
    { sync },
  );
  const writes = rows.map(({ action, count }): PlannedWrites => ({ action: writtenAs(String(action)), count: Number(count) }));
  const { calls, left } = await destination.cost(writes);
  return { api_calls: calls, api_calls_left: left ?? null, bytes_billed };
}

function writtenAs(action: string): PlannedWrites['action'] {
  return action === 'create' || action === 'delete' ? action : 'update';
}
