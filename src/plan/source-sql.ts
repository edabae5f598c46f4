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

/** The view `c_desired`: what later steps read of the candidate rows of the source in `c_pass`. */
export function desiredView(bound: BoundSync): string {
  const fields = bound.fields.filter((field) => field.mapping.from.kind !== 'value').map((field) => field.raw.sql);
  const columns = [...bound.key.map((key) => key.raw.sql), ...fields, 'key_hash', 'row_hash', 'key'];
  return `CREATE TEMP VIEW c_desired AS SELECT ${columns.join(', ')} FROM c_pass WHERE d_here`;
}
