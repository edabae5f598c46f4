import { test } from 'vitest';

import { live } from './live.ts';

const COLLECTIONS = { source: 'duckdb', destination: 'salesforce', state: 'local' } as const;
/** Every batch is a job. */
const JOBS = { ...COLLECTIONS, options: { bulk_from: 1 } } as const;

test('lives in Salesforce: an org that is busy, refuses, loses replies and ends sessions', { timeout: 86_400_000 }, async () => {
  await live({ name: 'converge, salesforce', share: 0.06, syncs: 5, fates: 'org', combinations: [COLLECTIONS, JOBS] });
});

test('lives in Salesforce whose runs are processes: killed at any moment, or two at once', { timeout: 86_400_000 }, async () => {
  await live({ name: 'converge, salesforce, processes', share: 0.012, syncs: 3, fates: 'processes', combinations: [COLLECTIONS, JOBS] });
});
