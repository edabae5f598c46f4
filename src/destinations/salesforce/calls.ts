/** The API calls that writing costs. */
import type { PlannedWrites } from '../destination.ts';
import { CAPABILITIES } from './capabilities.ts';
import { bulkCan, type WriteOptions } from './write-options.ts';

/** Making, filling and closing a job, asking for its state, three files of results. */
const JOB_CALLS = 12;

/** Calls that writing so many changes costs, about. One look for jobs of former runs is in it. */
export function callsToWrite(writes: readonly PlannedWrites[], options: WriteOptions): number {
  const calls = writes.map(({ count }) => {
    const full = Math.floor(count / CAPABILITIES.batchSize);
    return full * callsOfBatch(CAPABILITIES.batchSize, options) + callsOfBatch(count % CAPABILITIES.batchSize, options);
  });
  const sum = calls.reduce((total, each) => total + each, 0);
  return sum === 0 ? 0 : sum + 1;
}

function callsOfBatch(count: number, options: WriteOptions): number {
  return count >= options.bulkFrom && bulkCan(options) ? JOB_CALLS : Math.ceil(count / options.collectionSize);
}
