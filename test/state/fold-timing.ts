/** Prints how long a run of many creates takes in state alone: `node test/state/fold-timing.ts [records] [batch]`. Not a test. */
import { join } from 'node:path';

import { LocalState } from '../../src/state/local/local.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { intent, runStart, startRun, temporaryFolder, testContext } from './harness.ts';

const [records = 1_000_000, batch = 1000] = process.argv.slice(2).map(Number);

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  process.stdout.write(
    `${what.padEnd(24)} ${((performance.now() - start) / 1000).toFixed(2)} s   ${Math.round(process.memoryUsage().rss / 1e6)} MB\n`,
  );
}

function intentOf(seq: number): ReturnType<typeof intent> {
  const sent = JSON.stringify({
    Name: `Company ${seq}`,
    ARR__c: String(seq * 3.5),
    Tier__c: 'Enterprise',
    Region: 'EMEA',
    Phone: `+1 555 ${seq}`,
  });
  return intent(seq, seq, {
    keyHash: ((BigInt(seq + 1) * 0x9e37_79b9_7f4a_7c15n) & 0xffff_ffff_ffff_ffffn).toString(),
    sent,
    liveHash: null,
  });
}

await using folder = await temporaryFolder();
await using state = new LocalState(testContext(), { path: join(folder.path, 'state.duckdb'), project: 'timing', environment: null });
const { run } = await startRun(state, runStart('s'));
await timed('intend and record', async () => {
  for (let first = 0; first < records; first += batch) {
    const intents = Array.from({ length: Math.min(batch, records - first) }, (_, index) => intentOf(first + index));
    await run.intend(intents);
    await run.record(intents.map(({ seq }) => ({ seq, status: 'applied', remoteId: `001${seq}` })));
  }
});
await timed('attach over the journal', async () => {
  await using workspace = await Workspace.open();
  await state.attach(workspace, 's');
});
await timed('fold', () => run.finish({ status: 'finished', finishedAt: 1_790_000_001_000, adoptions: null }));
await timed('attach', async () => {
  await using workspace = await Workspace.open();
  await state.attach(workspace, 's');
});
await timed('head', () => state.head('s'));
