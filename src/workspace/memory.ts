/** How much memory a workspace may take. */
import { totalmem } from 'node:os';

import { UserError } from '../errors.ts';

/**
 * A quarter of what this process may have, in DuckDB's notation: of the machine's memory, or of the container's (cgroup v1
 * and v2) where that is less. `constrained` is 0, or more than the machine has, where nothing limits the process.
 */
export function defaultMemoryLimit(total: number = totalmem(), constrained: number = process.constrainedMemory()): string {
  const available = constrained > 0 ? Math.min(total, constrained) : total;
  return `${Math.max(1, Math.floor(available / 4 / 1e6))}MB`;
}

/** A limit that may grow, in megabytes. */
export interface ElasticLimit {
  readonly mb: number;
  /** It never exceeds this. */
  readonly most: number;
}

/** Megabytes for each part of an apply. More made none of them faster that was measured (a million records, 2026-11); what does not fit spills. */
const APPLY_MB = 128;

/** What a workspace may take that writes changes, or the state of a run: wide rows, and batches of long texts, need more than others. */
export function applyMemoryLimit(env: Readonly<Record<string, string | undefined>>): string | ElasticLimit {
  const most = Number.parseInt(defaultMemoryLimit(), 10);
  return memoryLimitOf(env) ?? { mb: Math.min(APPLY_MB, most), most };
}

const SIZE = /^\s*\d+(\.\d+)?\s*(B|[KMGT](i?B)?)\s*$/i;

/** The value of SLUICE_MEMORY_LIMIT; undefined when it is not set. Throws `UserError` when it is no size. */
export function memoryLimitOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const text = env['SLUICE_MEMORY_LIMIT'];
  if (text === undefined || text === '') return undefined;
  if (SIZE.test(text) && Number.parseFloat(text) > 0) return text.trim();
  throw new UserError(`SLUICE_MEMORY_LIMIT is no amount of memory: ${text}`, { hint: 'Write it like 2GB or 512MB.' });
}
