/** Every verb that plans keeps to SLUICE_MEMORY_LIMIT; an apply takes what its rows need. */
import { expect, test } from 'vitest';

import { type Account, project } from '../support/project.ts';
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

test('texts that do not fit into what an apply starts with', async () => {
  const long = 'x'.repeat(300_000);
  const source = Array.from({ length: 300 }, (_, index): Account => [String(index), `${index} ${long}`, 'Team', index]);
  await using p = await project({ source });
  await p.run(['plan', '--out', 'plan.duckdb']);
  const apply = ['apply', 'plan.duckdb', '--yes'];
  const starved = await p.run(apply, { env: { SLUICE_MEMORY_LIMIT: '128MB' } });
  expect([starved.code, starved.stdout + starved.stderr]).toEqual([1, expect.stringContaining('does not suffice')]);
  const applied = await p.run(apply);
  expect([applied.code, applied.stderr]).toEqual([0, expect.not.stringContaining('memory')]);
  expect(await p.summary()).toEqual({ unchanged: 300 });
});
