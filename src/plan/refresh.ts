/** How much is read live: `refresh` and its limit. */
import type { Refresh, Sync } from '../config/model.ts';
import type { Capabilities } from '../destinations/destination.ts';
import { EXIT, UserError } from '../errors.ts';
import { count, plural } from '../words.ts';

/** What the command asks for, else what the sync says, else everything while there is no base, else the destination's default. */
export function effectiveRefresh(sync: Sync, asked: Refresh | undefined, capabilities: Capabilities, baseCount: number): Refresh {
  if (!capabilities.readByKey.can) return 'none';
  const wanted = asked ?? sync.refresh;
  if (wanted !== undefined) return wanted === 'all' && !capabilities.readAll.can ? 'changed' : wanted;
  return baseCount === 0 && capabilities.readAll.can ? 'all' : capabilities.refresh;
}

/** Stops a plan before it reads more live records than the sync allows. */
export function enforceReadLimit(sync: Sync, records: number, refresh: Refresh): void {
  const limit = sync.maxLiveReads;
  if (limit === undefined || records <= limit) return;
  throw new UserError(`${sync.name} would read ${plural(records, 'live record')}; max_live_reads is ${count(limit)}`, {
    location: sync.at('max_live_reads'),
    hint: `Raise max_live_reads${LESS[refresh]}.`,
    exitCode: EXIT.forbidden,
  });
}

/** What reads less than each. */
const LESS = {
  all: ', or plan with `--refresh changed` or `--refresh none`',
  changed: ', or plan with `--refresh none`',
  none: '',
} as const;
