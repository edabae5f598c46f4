/** What a Postgres database can do as a destination. */
import type { Capabilities } from '../destination.ts';

const YES = { can: true } as const;

export const CAPABILITIES: Capabilities = {
  readByKey: YES,
  readAll: YES,
  create: YES,
  update: YES,
  delete: YES,
  atomicCompare: YES,
  storesExactly: {
    can: false,
    reason: 'triggers, rules and types such as `jsonb` and `inet` may store a value in another form than it was sent',
  },
  keyNeedsConstraint: true,
  batchSize: 20_000,
  concurrency: 1, // two batches of one sync could lock each other's parents
  text: {},
  refresh: 'all',
};
