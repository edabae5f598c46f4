/** The desired side as SQL: the mapped query's rows with their hashes and keys. */
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
  return `SELECT *, true AS d_here, ${keyHash(values, request.hash)} AS key_hash, ${rowHash(bound)} AS row_hash FROM ${request.source.from} AS m`;
}

/** The key of a source row as JSON: null when a part is null or does not survive the cast to the destination's type. */
export function sourceKeyJson(bound: BoundSync): string {
  const values = bound.key.map((key) => keyValue(bound, key));
  const lossless = bound.key.map((key, index) => `TRY_CAST(${values[index] ?? ''} AS ${key.raw.type}) IS NOT DISTINCT FROM ${key.raw.sql}`);
  const types = bound.key.map((key) => key.type);
  const foldsCase = bound.capabilities.text.caseInsensitiveKeys === true || bound.capabilities.text.trim === true;
  const readable = foldsCase ? values.map((value) => `${value} IS NOT NULL`) : lossless;
  return `CASE WHEN key_hash IS NOT NULL AND ${readable.join(' AND ')} THEN ${keyJson(types, values)} END`;
}
