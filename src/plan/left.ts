/** What `on_missing` means for a record that left the query, as SQL over base columns. */
import type { Sync } from '../config/model.ts';

/** True for a record that Sluice may delete: one it created, or any when the sync says so. */
export function deletableCondition(sync: Sync): string {
  return sync.deleteAdopted ? 'true' : "origin = 'created'";
}

/** A mode outranks `on_missing`: `create` never updates, so it never clears. */
export function effectiveOnMissing(sync: Sync): Sync['onMissing'] {
  return sync.mode === 'create' && sync.onMissing === 'clear' ? 'keep' : sync.onMissing;
}

/** A plan may clear records that left the query. */
export function mayClear(sync: Sync): boolean {
  return effectiveOnMissing(sync) === 'clear';
}

/** True for a record that left the query and needs nothing more under the present policy. */
export function settledCondition(sync: Sync): string {
  switch (effectiveOnMissing(sync)) {
    case 'keep':
      return 'left_as IS NOT NULL';
    case 'clear':
      return "coalesce(left_as = 'clear', false)";
    case 'delete':
      return `(left_as IS NOT NULL AND NOT (${deletableCondition(sync)}))`;
  }
}
