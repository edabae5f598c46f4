/** The desired side as SQL: the mapped query's rows with their hashes and keys. */
import { keepsKey } from '../canonical/key.ts';
import { unsignedHash } from '../workspace/base-table.ts';
import type { Relation } from '../workspace/workspace.ts';
import { type BoundSync, type HashFunction, keyHash, keyJson, keyValue, rowHash } from './bind.ts';

export interface HashedSource {
  readonly bound: BoundSync;
  /** Rows of the mapped query. */
  readonly source: Relation;
  readonly hash: HashFunction;
}

/** The desired rows with their hashes. */
export function hashedSource(request: HashedSource): string {
  const { bound } = request;
  const values = bound.key.map((key) => keyValue(bound, key));
  const columns = bound.hashedBy === 'source' ? `* REPLACE (${unsignedHash('row_hash')} AS row_hash)` : `*, ${rowHash(bound)} AS row_hash`;
  return `SELECT ${columns}, true AS d_here, ${keyHash(values, request.hash)} AS key_hash FROM ${request.source.from} AS m`;
}

/** The key of a source row as JSON: null when a part is null or loses something in the destination's type. */
export function sourceKeyJson(bound: BoundSync): string {
  const values = bound.key.map((key) => keyValue(bound, key));
  const kept = bound.key.map((key, index) => keepsKey(key.type, key.raw, values[index] ?? ''));
  const types = bound.key.map((key) => key.type);
  return `CASE WHEN key_hash IS NOT NULL AND ${kept.join(' AND ')} THEN ${keyJson(types, values)} END`;
}

/** What is kept of a candidate row of the source. */
export function desiredColumns(bound: BoundSync): string {
  const fields = bound.fields.filter((field) => field.mapping.from.kind !== 'value').map((field) => field.raw.sql);
  return [...bound.key.map((key) => key.raw.sql), ...fields, 'key_hash', 'row_hash'].join(', ');
}
