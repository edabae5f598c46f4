import { test } from 'vitest';

import { live } from './live.ts';

test(
  'lives with DuckDB at one end or both: a bad line, a server that restarts, leases that are lost',
  { timeout: 86_400_000 },
  async () => {
    await live({
      name: 'converge, duckdb',
      share: 0.24,
      syncs: 5,
      fates: 'in process',
      combinations: [
        { source: 'duckdb', destination: 'postgres', state: 'local' },
        { source: 'duckdb', destination: 'postgres', state: 'postgres' },
        { source: 'duckdb', destination: 'duckdb', state: 'postgres' },
        { source: 'postgres', destination: 'duckdb', state: 'beside' },
        { source: 'duckdb', destination: 'duckdb', state: 'local' },
      ],
    });
  },
);
