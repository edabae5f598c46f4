/** How much is read live: `refresh` and its limit. */
import type { Refresh, Sync } from '../config/model.ts';
import type { Capabilities } from '../destinations/destination.ts';
import { EXIT, UserError } from '../errors.ts';

/** What the command asks for, else what the sync says, else everything while there is no base, else the destination's default. */
export function effectiveRefresh(sync: Sync, asked: Refresh | undefined, capabilities: Capabilities, baseCount: number): Refresh {
  if (!capabilities.readByKey.can) return 'none';
  const wanted = asked ?? sync.refresh;
  if (wanted !== undefined) return wanted === 'all' && !capabilities.readAll.can ? 'changed' : wanted;
  return baseCount === 0 && capabilities.readAll.can ? 'all' : capabilities.refresh;
}

/** Stops a plan before it reads more live records than the sync allows. */
export function enforceReadLimit(sync: Sync, records: number): void {
  const limit = sync.maxLiveReads;
  if (limit === undefined || records <= limit) return;
  throw new UserError(`${sync.name} would read ${records} live records; max_live_reads is ${limit}`, {
    location: sync.at('max_live_reads'),
    hint: 'Raise max_live_reads, or plan with `--refresh changed` or `--refresh none`.',
    exitCode: EXIT.forbidden,
  });
}
