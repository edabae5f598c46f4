import { test } from 'vitest';

import { live } from './live.ts';

test('lives whose runs are processes: killed at any moment, or two at once', { timeout: 86_400_000 }, async () => {
  await live({
    name: 'converge, processes',
    share: 0.02,
    syncs: 3,
    fates: 'processes',
    combinations: [
      { source: 'postgres', destination: 'postgres', state: 'beside' },
      { source: 'duckdb', destination: 'duckdb', state: 'local' },
      { source: 'duckdb', destination: 'postgres', state: 'postgres' },
      { source: 'postgres', destination: 'postgres', state: 'local' },
    ],
  });
});
