import { test } from 'vitest';

import { live } from './live.ts';

test(
  'lives out of BigQuery, with state beside it and in a file: lost replies, refusals, cancelled jobs',
  { timeout: 86_400_000 },
  async () => {
    await live({
      name: 'converge, bigquery',
      share: 0.04,
      syncs: 5,
      fates: 'bigquery',
      combinations: [
        { source: 'bigquery', destination: 'duckdb', state: 'beside' },
        { source: 'bigquery', destination: 'duckdb', state: 'local' },
      ],
    });
  },
);
