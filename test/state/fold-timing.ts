/** Prints how long a run of many creates takes in state alone: `node test/state/fold-timing.ts [records] [batch]`. Not a test. */
import { join } from 'node:path';

import { LocalState } from '../../src/state/local/local.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { makePlan, type TestPlan } from '../support/plan-file.ts';
import { runStart, temporaryFolder, testContext } from './harness.ts';

const [records = 1_000_000, batch = 1000] = process.argv.slice(2).map(Number);

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  process.stdout.write(
    `${what.padEnd(24)} ${((performance.now() - start) / 1000).toFixed(2)} s   ${Math.round(process.memoryUsage().rss / 1e6)} MB\n`,
  );
  return result;
}

/** A plan of creates, made by SQL: a million objects would take longer than what is measured. */
async function planOfCreates(): Promise<TestPlan> {
  const plan = await makePlan({});
  await plan.workspace.detach('plan');
  await plan.workspace.attach(plan.file, 'plan', 'write');
  await plan.workspace
    .run(`INSERT INTO plan.changes SELECT 's', seq, 1, 'create', NULL, '["' || seq || '"]', hash(seq), NULL, ['Name'], NULL, NULL, after, NULL, NULL,
    hash(seq, 1), NULL, 'created', NULL FROM (SELECT i AS seq, '{"Name":"Company ' || i || '","ARR__c":"' || i * 3.5
    || '","Tier__c":"Enterprise","Region":"EMEA","Phone":"+1 555 ' || i || '"}' AS after FROM range(${records}) AS t(i))`);
  return plan;
}

await using folder = await temporaryFolder();
await using state = new LocalState(testContext(), { path: join(folder.path, 'state.duckdb'), project: 'timing', environment: null });
await using plan = await planOfCreates();
const lease = await state.acquire('s', 'timing');
const run = await timed('begin', () => state.begin(runStart('s'), lease, plan));
await timed('intend and record', async () => {
  for (let first = 0; first < records; first += batch) {
    const range = { from: first, to: Math.min(first + batch, records) - 1 };
    await run.intend([range]);
    await run.record([{ ...range, status: 'applied' }]);
  }
});
await timed('attach over the journal', async () => {
  await using workspace = await Workspace.open();
  await state.attach(workspace, 's');
});
await timed('fold', () => run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 }));
await timed('attach', async () => {
  await using workspace = await Workspace.open();
  await state.attach(workspace, 's');
});
await timed('head', () => state.head('s'));
