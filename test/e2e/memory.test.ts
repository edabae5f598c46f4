/** Every verb that plans keeps to SLUICE_MEMORY_LIMIT. */
import { expect, test } from 'vitest';

import { established } from './cycle.ts';

test('plan, drift, apply, accept and revert', async () => {
  await using p = await established({ source: [['1', 'Ada', 'Team', 5]] });
  const [run] = ((await p.run(['history', '--json'])).json as { readonly runs: readonly { readonly run_id: string }[] }).runs;
  const verbs = [['plan'], ['drift'], ['apply', '--yes'], ['accept', 'accounts', '1'], ['revert', String(run?.run_id)]];
  for (const verb of verbs) {
    const refused = await p.run(verb, { env: { SLUICE_MEMORY_LIMIT: 'lots' } });
    expect([verb[0], refused.code, refused.stderr]).toEqual([
      verb[0],
      1,
      expect.stringContaining('SLUICE_MEMORY_LIMIT is no amount of memory: lots'),
    ]);
    const starved = await p.run(verb, { env: { SLUICE_MEMORY_LIMIT: '1B' } });
    const fed = await p.run(verb, { env: { SLUICE_MEMORY_LIMIT: '300MB' } });
    expect([verb[0], starved.code]).toEqual([verb[0], 1]);
    expect(starved.stdout + starved.stderr, verb[0]).not.toBe(fed.stdout + fed.stderr);
    expect(fed.stdout + fed.stderr).not.toContain('memory');
  }
});
