/** What a DuckDB database can do as a destination. */
import type { Capabilities } from '../destination.ts';

const YES = { can: true } as const;

export const CAPABILITIES: Capabilities = {
  readByKey: YES,
  readAll: YES,
  create: YES,
  update: YES,
  delete: YES,
  atomicCompare: YES,
  storesExactly: YES,
  // Two row groups of DuckDB's: what fills whole ones goes into the file at once, and not by way of the log.
  batchSize: 245_760,
  concurrency: 1, // one writer per file
  text: {},
  refresh: 'all',
};
