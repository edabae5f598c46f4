/** A field of a record has one writer: two syncs that write it would overwrite each other for ever. */
import type { Problem } from '../errors.ts';
import type { Sync } from './model.ts';
import { listed } from './schema-errors.ts';

/** What is wrong with two syncs of one object, told at the first of them; undefined when they may live side by side. */
export function writersProblem(sync: Sync, other: Sync): Problem | undefined {
  const shared = sharedFields(sync, other);
  if (shared.length === 0) return undefined;
  if (sync.partition === undefined || other.partition === undefined || sync.partition === other.partition)
    return bothWrite(sync, other, shared);
  return otherKey(sync, other);
}

/** Fields that both syncs write, as the first one names them. */
function sharedFields(sync: Sync, other: Sync): readonly string[] {
  const names = new Set(other.fields.map(({ field }) => field.toLowerCase()));
  return sync.fields.map(({ field }) => field).filter((field) => names.has(field.toLowerCase()));
}

function bothWrite(sync: Sync, other: Sync, shared: readonly string[]): Problem {
  const [mine, theirs] = [sync.destination, other.destination];
  const isSameName = mine.object.toLowerCase() === theirs.object.toLowerCase() && mine.connection === theirs.connection;
  const also = isSameName ? '' : `, which ${other.name} calls ${theirs.object} in ${theirs.connection}`;
  return {
    message: `${sync.name} and ${other.name} both write ${listed(shared, 'and')} of ${mine.object} in ${mine.connection}${also}`,
    location: sync.at('fields', shared[0] ?? ''),
    hint: 'map a field in one sync only, or give both a partition of their own',
  };
}

/** Whether a record is in two partitions can be told by its key alone. */
function otherKey(sync: Sync, other: Sync): Problem | undefined {
  const [mine, theirs] = [sync.destination.key, other.destination.key].map((key) => key.join(', '));
  if (mine === theirs) return undefined;
  return {
    message: `${sync.name} and ${other.name} share ${sync.destination.object} by partition, and find its records by different keys: ${mine ?? ''} and ${theirs ?? ''}`,
    location: sync.at('destination', 'key'),
    hint: 'use the same key in both, so that a record in both is noticed',
  };
}
