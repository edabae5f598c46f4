import { test } from 'vitest';

import { live } from './live.ts';

test('lives in Postgres at both ends: a bad line, a server that restarts, leases that are lost', { timeout: 86_400_000 }, async () => {
  await live({
    name: 'converge, postgres',
    share: 0.74,
    syncs: 5,
    fates: 'in process',
    combinations: [
      { source: 'postgres', destination: 'postgres', state: 'beside' },
      { source: 'postgres', destination: 'postgres', state: 'postgres' },
      { source: 'postgres', destination: 'postgres', state: 'local' },
    ],
  });
});
