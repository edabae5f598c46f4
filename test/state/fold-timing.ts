/**
 * Prints how long runs of many creates, then of many updates, take in state alone. Not a test.
 * `node test/state/fold-timing.ts [records] [batch] [local|postgres]`
 */
import { join } from 'node:path';

import { LocalState } from '../../src/state/local/local.ts';
import { PostgresState } from '../../src/state/postgres/postgres.ts';
import type { State } from '../../src/state/state.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { makePlan, type TestPlan } from '../support/plan-file.ts';
import { onPostgres, startPostgres } from '../support/postgres.ts';
import { runStart, temporaryFolder, testContext } from './harness.ts';

const [records = 1_000_000, batch = 10_000] = process.argv.slice(2, 4).map(Number);
const backend = process.argv[4] ?? 'local';

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  process.stdout.write(
    `${what.padEnd(24)} ${((performance.now() - start) / 1000).toFixed(2)} s   ${Math.round(process.memoryUsage().rss / 1e6)} MB\n`,
  );
  return result;
}

/** A plan of creates or updates, made by SQL: a million objects would take longer than what is measured. */
async function planOf(action: 'create' | 'update'): Promise<TestPlan> {
  const plan = await makePlan({});
  await plan.workspace.detach('plan');
  await plan.workspace.attach(plan.file, 'plan', 'write');
  const values = (word: string): string =>
    `'{"Name":"${word} ' || i || '","ARR__c":"' || i * 3.5 || '","Tier__c":"Enterprise","Region":"EMEA","Phone":"+1 555 ' || i || '"}'`;
  const before = action === 'create' ? 'NULL' : values('Company');
  await plan.workspace.run(`INSERT INTO plan.changes
    SELECT 's', i, 1, '${action}', NULL, '["' || hash(i) || '"]', hash(i), NULL, ['Name'], NULL, ${before}, ${values(action)}, ${values(action)}, NULL,
      hash(i, '${action}'), NULL, 'created', NULL FROM range(${records}) AS t(i)`);
  return plan;
}

async function wholeRun(state: State, action: 'create' | 'update'): Promise<void> {
  await using plan = await planOf(action);
  const lease = await state.acquire('s', 'timing');
  const run = await timed(`${action}: begin`, () => state.begin(runStart('s'), lease, plan));
  await timed('intend and record', async () => {
    for (let first = 0; first < records; first += batch) {
      const range = { from: first, to: Math.min(first + batch, records) - 1 };
      await run.intend([range]);
      await run.record([{ ...range, status: 'applied' }]);
    }
  });
  await timed('attach over the journal', attach(state));
  await timed('fold', () => run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 }));
  await lease.release();
  await timed('attach', attach(state));
}

function attach(state: State): () => Promise<void> {
  return async () => {
    await using workspace = await Workspace.open();
    await state.attach(workspace, 's');
  };
}

await using stack = new AsyncDisposableStack();
const folder = stack.use(await temporaryFolder());

async function open(): Promise<State> {
  if (backend === 'local')
    return new LocalState(testContext(), { path: join(folder.path, 'state.duckdb'), project: 'timing', environment: null });
  const url = process.env['SLUICE_TEST_URL'] ?? (await stack.use(await startPostgres()).createDatabase());
  const row = `'k' || hashint8extended(i, 0) AS key, 'Company ' || i AS name, i * 3.5 AS arr, 'Enterprise' AS tier, 'EMEA' AS region, '+1 555 ' || i AS phone`;
  await onPostgres(url, `CREATE TABLE source AS SELECT ${row} FROM generate_series(1, ${records}) AS t(i)`);
  await onPostgres(url, 'CREATE TABLE target (key text PRIMARY KEY, name text, arr numeric, tier text, region text, phone text)');
  for (const what of ['floor: insert', 'floor: update']) {
    await timed(what, () =>
      onPostgres(
        url,
        'INSERT INTO target SELECT * FROM source ON CONFLICT (key) DO UPDATE SET name = excluded.name, arr = excluded.arr, tier = excluded.tier',
      ),
    );
  }
  const connection = { name: 'timing', type: 'postgres', options: { url }, location: { file: '', line: 1, column: 1 } };
  return new PostgresState(testContext(), { connection, schema: 'sluice', project: 'timing', environment: null });
}

await using state = await open();
await wholeRun(state, 'create');
await wholeRun(state, 'update');
await timed('head', () => state.head('s'));
