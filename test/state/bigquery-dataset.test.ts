/** What only the BigQuery state has to do: a dataset that others use too, jobs that cost time and money, replies that are lost. */
import { afterAll, afterEach, expect, test } from 'vitest';

import type { RunWriter, State } from '../../src/state/state.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { type BigQueryServer, startBigQuery } from '../support/bigquery/index.ts';
import { elapse, makeDataset, openState, rest, tablesOf } from './bigquery-backend.ts';
import { at, baseRow, baseRows, closePlans, intent, keyOf, runStart, seqs, startRun, testContext, wholeRun } from './harness.ts';

const server: BigQueryServer = await startBigQuery();
afterAll(async () => server[Symbol.asyncDispose]());
afterEach(closePlans);

const APPLIED = { status: 'applied' } as const;
const ONE = [{ intent: intent(1, 'a'), outcome: APPLIED }];

/** Kinds of the jobs that were made since the log was reset. */
function jobs(): string[] {
  return server.requests.all.flatMap(({ kind, method }) => {
    if (kind === 'upload') return method === 'POST' ? ['load'] : [];
    return kind.startsWith('jobs.insert:') || kind === 'jobs.query' ? ['query'] : [];
  });
}

test('projects and environments that share a dataset do not see each other', async () => {
  const dataset = await makeDataset(server);
  const identities = [{}, { environment: 'prod' }, { project: 'other' }, { project: 'acme_prod' }, { project: 'ac', environment: 'me' }];
  for (const [index, identity] of identities.entries()) {
    await using state = openState(testContext(), server, dataset, identity);
    expect(await state.heads()).toEqual([]);
    await wholeRun(state, runStart('s', { runId: `run ${index}` }), [{ intent: intent(1, index), outcome: APPLIED }]);
  }
  for (const [index, identity] of identities.entries()) {
    await using state = openState(testContext(), server, dataset, identity);
    expect((await baseRows(state, 's')).records.map((row) => row['key'])).toEqual([keyOf(index)]);
    expect((await state.runs()).map((run) => run.runId)).toEqual([`run ${index}`]);
    await state.acquire('s', 'alice@host');
  }
});

test('names of projects, environments, syncs and records are text, whatever is in them', async () => {
  const dataset = await makeDataset(server);
  const odd = `it's "a" \\ \`$1 @run ; DROP--\n日本`;
  await using state = openState(testContext(), server, dataset, { project: odd, environment: odd });
  await wholeRun(state, runStart(odd, { runId: odd, planId: odd, lineage: odd, fields: [odd] }), [
    { intent: intent(1, odd, { fields: [odd] }), outcome: { status: 'unknown', message: `${odd}\0\ud800` } },
    { intent: intent(2, 'x'), outcome: { status: 'rejected', code: odd, message: `a\0b\ud800` } },
  ]);
  expect(await state.head(odd)).toMatchObject({ lineage: odd, fields: [odd], lastRun: { runId: odd } });
  const { records, rejects } = await baseRows(state, odd);
  expect(JSON.parse(String(records[0]?.['pending']))).toMatchObject({ run: odd });
  expect(rejects).toMatchObject([{ key: keyOf('x'), code: odd, message: 'ab\ufffd' }]);
  await using workspace = await Workspace.open();
  expect(await workspace.count(`SELECT count(*) FROM ${await state.runRecords(workspace, odd)}`)).toBe(2);
});

test('reading makes nothing and takes no job', async () => {
  const dataset = await makeDataset(server);
  await using state = openState(testContext(), server, dataset);
  server.requests.reset();
  expect(await state.heads()).toEqual([]);
  expect((await baseRows(state, 's')).count).toBe(0);
  expect(await state.holder('s')).toBeUndefined();
  expect(jobs()).toEqual([]);
  expect(await state.rights()).toBe('will be made by the first apply');
  expect(await tablesOf(server, dataset)).toEqual([]);
});

test('an apply of one batch takes five jobs, a plan none', async () => {
  const dataset = await makeDataset(server);
  await using state = openState(testContext(), server, dataset);
  await wholeRun(state, runStart('s'), ONE);
  server.requests.reset();
  await wholeRun(state, runStart('s', { planId: 'plan-2' }), [{ intent: intent(2, 'b'), outcome: APPLIED }]);
  expect(jobs()).toEqual(['query', 'load', 'load', 'load', 'query']);
  server.requests.reset();
  await using workspace = await Workspace.open();
  expect(await state.head('s')).toMatchObject({ serial: 2 });
  expect(await state.table(workspace, 's')).toMatchObject({ count: 2 });
  expect(await baseRows(state, 's')).toMatchObject({ count: 2 });
  expect(jobs()).toEqual([]);
});

test('after a run nothing is left of it but its outcome', async () => {
  const dataset = await makeDataset(server);
  await using state = openState(testContext(), server, dataset);
  for (const planId of ['plan-1', 'plan-2']) await wholeRun(state, runStart('s', { planId }), ONE);
  const kinds = (await tablesOf(server, dataset)).map((table) => table.replace(/_[0-9a-f]{12}(?=_)/, ''));
  expect(kinds).toEqual(['sluice_acme__s_head', 'sluice_acme__s_lease', 'sluice_acme__s_records_1', 'sluice_acme__s_rejects_1', 'sluice_meta', 'sluice_run_records', 'sluice_runs']); // prettier-ignore
});

test('base of a former lineage expires a day later, for readers that have it in hand', async () => {
  const dataset = await makeDataset(server);
  await using state = openState(testContext(), server, dataset);
  await wholeRun(state, runStart('s'), ONE);
  const former = (await tablesOf(server, dataset)).find((table) => table.endsWith('_records_1')) ?? '';
  await wholeRun(state, runStart('s', { lineage: 'lineage-2' }), [{ intent: intent(1, 'z'), outcome: APPLIED }]);
  const { expirationTime } = (await rest(server, 'GET', `datasets/${dataset}/tables/${former}`)) as { expirationTime?: string };
  expect(Number(expirationTime) - Date.now()).toBeGreaterThan(23 * 3_600_000);
  expect(Number(expirationTime) - Date.now()).toBeLessThan(25 * 3_600_000);
});

test('the serial that a comparison reads beside the table is that of the head', async () => {
  const dataset = await makeDataset(server);
  await using state = openState(testContext(), server, dataset);
  await wholeRun(state, runStart('s'), ONE);
  await using workspace = await Workspace.open();
  const base = await state.table(workspace, 's');
  const columns = base?.columns.map(({ name }) => name).join(', ') ?? '';
  expect(await server.sql(`SELECT (${base?.serial}) AS serial, row_hash FROM ${base?.table}`)).toMatchObject([{ serial: '1' }]);
  expect(Object.keys((await server.sql(`SELECT ${columns} FROM ${base?.table}`))[0] ?? {})).toEqual(base?.columns.map(({ name }) => name));
  // A run that has begun moves it before it changes anything, and takes the table away.
  await startRun(state, runStart('s'), [intent(1, 'a')]);
  expect(await server.sql(base?.serial ?? '')).toMatchObject([{ f0_: '2' }]);
  expect(await state.table(workspace, 's')).toBeUndefined();
});

test('the tables of a newer Sluice are refused, by readers and writers', async () => {
  const dataset = await makeDataset(server);
  await using first = openState(testContext(), server, dataset);
  await wholeRun(first, runStart('s'), ONE);
  await rest(server, 'PATCH', `datasets/${dataset}/tables/sluice_meta`, { labels: { sluice_format: '2' } });
  await using state = openState(testContext(), server, dataset);
  const message = `state in dataset ${dataset} of connection warehouse was written by a newer Sluice (format 2; this one knows 1)`;
  await expect(state.heads()).rejects.toMatchObject({ name: 'UserError', message });
  await expect(baseRows(state, 's')).rejects.toThrow(message);
  await expect(state.acquire('s', 'alice@host')).rejects.toThrow(message);
});

test('a dataset with a table sluice_meta of somebody else is refused and left alone', async () => {
  const dataset = await makeDataset(server);
  await server.sql(`CREATE TABLE ${dataset}.sluice_meta (a INT64)`);
  await using state = openState(testContext(), server, dataset);
  await expect(state.heads()).rejects.toThrow("the dataset has a table sluice_meta that is not Sluice's");
  await expect(state.acquire('s', 'alice@host')).rejects.toThrow("that is not Sluice's");
  expect(await tablesOf(server, dataset)).toEqual(['sluice_meta']);
});

test('a dataset that is not there is an error with the command that makes it', async () => {
  await using state = openState(testContext(), server, 'nowhere');
  const missing = {
    name: 'UserError',
    message: `state in dataset nowhere of connection warehouse: there is no dataset nowhere in project ${server.project}`,
    problems: [{ hint: expect.stringContaining(`mk --dataset ${server.project}:nowhere`) as string }],
  };
  await expect(state.heads()).rejects.toMatchObject(missing);
  await expect(state.acquire('s', 'alice@host')).rejects.toMatchObject(missing);
  await expect(state.rights()).rejects.toMatchObject(missing);
});

test('a dataset whose tables expire is refused before anything is written', async () => {
  const dataset = await makeDataset(server, { defaultTableExpirationMs: String(60 * 86_400_000) });
  await using state = openState(testContext(), server, dataset);
  await expect(state.acquire('s', 'alice@host')).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining('tables of this dataset expire, and with them what Sluice remembers') as string,
  });
  await expect(state.rights()).rejects.toThrow('tables of this dataset expire');
  expect(await tablesOf(server, dataset)).toEqual([]);
});

test('tables that were dropped by hand are an error that says what to do', async () => {
  const dataset = await makeDataset(server);
  await using state = openState(testContext(), server, dataset);
  await wholeRun(state, runStart('s'), ONE);
  const records = (await tablesOf(server, dataset)).find((table) => table.includes('_records_1')) ?? '';
  await rest(server, 'DELETE', `datasets/${dataset}/tables/${records}`);
  const error = await baseRows(state, 's').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    name: 'UserError',
    problems: [{ hint: expect.stringContaining('Tables of Sluice are missing') as string }],
  });
});

test('a lease table that was deleted by hand goes on with the generation of the last run', async () => {
  const dataset = await makeDataset(server);
  await using state = openState(testContext(), server, dataset);
  for (const planId of ['plan-1', 'plan-2', 'plan-3']) await wholeRun(state, runStart('s', { planId }), ONE);
  const lease = (await tablesOf(server, dataset)).find((table) => table.endsWith('_lease')) ?? '';
  await rest(server, 'DELETE', `datasets/${dataset}/tables/${lease}`);
  expect((await state.acquire('s', 'bob@host')).generation).toBe(4);
});

test('of twenty takers exactly one wins: a new lease, a released one and an expired one', async () => {
  const dataset = await makeDataset(server);
  await using stack = new AsyncDisposableStack();
  const takers = Array.from({ length: 20 }, () => stack.use(openState(testContext(), server, dataset)));
  for (const generation of [1, 2, 3]) {
    const results = await Promise.allSettled(takers.map(async (taker, index) => taker.acquire('s', `taker ${index}`)));
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(won.map((lease) => lease.generation)).toEqual([generation]);
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    expect(refusals.filter((refusal) => !refusal.includes('s is being applied by taker'))).toEqual([]);
    if (generation === 1) await won[0]?.release();
    else await elapse(server, dataset, 61_000);
  }
});

test('a run whose lease is taken over while its script is on the way is folded in once', async () => {
  const dataset = await makeDataset(server);
  await using slow = openState(testContext(), server, dataset);
  await using quick = openState(testContext(), server, dataset);
  const { run } = await startRun(slow, runStart('s', { runId: 'slow' }), [intent(1, 'a')]);
  await run.intend(seqs(1));
  await run.record([at(1, APPLIED)]);
  const takenOver: RunWriter[] = [];
  server.faults.add({
    on: /^POST .*\/jobs$/,
    do: 'call',
    then: async () => {
      await elapse(server, dataset, 61_000);
      takenOver.push((await startRun(quick, runStart('s', { planId: 'plan-2' }))).run);
    },
  });
  await expect(run.finish({ status: 'finished', finishedAt: 1 })).rejects.toThrow('lost the lease of s (generation 1)');
  await takenOver[0]?.finish({ status: 'finished', finishedAt: 1 });
  expect((await quick.runs()).map(({ runId, status }) => [runId === 'slow', status])).toEqual([
    [false, 'finished'],
    [true, 'partial'],
  ]);
  expect(await baseRow(quick, 's', 'a')).toMatchObject({ sent: intent(1, 'a').sent, pending: null });
});

/** A run that does everything a run can do. */
async function eventfulRun(state: State): Promise<void> {
  await wholeRun(
    state,
    runStart('s', { runId: 'first' }),
    ['a', 'b', 'c'].map((key, seq) => ({ intent: intent(seq, key), outcome: APPLIED })),
  );
  const changes = [
    intent(1, 'a', { action: 'update', before: '{"Name":"old"}' }),
    intent(2, 'b', { action: 'delete', sent: null }),
    intent(3, 'd'),
    intent(4, 'e'),
    intent(5, 'd', { action: 'update', pass: 2 }),
  ];
  const adoption = { sync: 's', kind: 'adopt', key: keyOf('z'), key_hash: '1', sent: '{}', row_hash: '1', live_hash: '2', origin: 'adopted' } as const; // prettier-ignore
  const { lease, run } = await startRun(state, runStart('s', { runId: 'second', planId: 'plan-2' }), changes, { adoptions: [adoption] });
  await run.intend(seqs(1, 2, 3));
  await run.record([at(1, APPLIED), at(2, APPLIED), at(3, { status: 'applied', remoteId: '001D' })]);
  await run.intend(seqs(4, 5));
  await run.record([at(4, { status: 'rejected', code: 'X', message: 'no' }), at(5, APPLIED)]);
  await run.finish({ status: 'partial', finishedAt: 1_790_000_001_000 });
  await lease.release();
}

async function everything(state: State): Promise<unknown> {
  await using workspace = await Workspace.open();
  const records = await workspace.rows(`SELECT * FROM ${await state.runRecords(workspace, 'second')} ORDER BY seq`);
  const runs = (await state.runs()).map((run) => ({ ...run, startedAt: 0 }));
  return { base: await baseRows(state, 's'), heads: await state.heads(), runs, records, holder: await state.holder('s') };
}

test.each([
  ['request', 'cut-before'],
  ['reply', 'cut-after'],
] as const)('a network that loses the first %s of every change leaves the state as if nothing had happened', async (_what, loss) => {
  await using undisturbed = openState(testContext(), server, await makeDataset(server));
  await eventfulRun(undisturbed);
  await closePlans();
  const expected = await everything(undisturbed);
  await using state = openState(testContext({ realSleep: false }), server, await makeDataset(server));
  server.requests.reset();
  // One strikes, the next only once the repeated request has passed.
  for (let nth = 0; nth < 100; nth += 1) server.faults.add({ on: /^(POST|PATCH|DELETE) /, do: loss, after: nth });
  await eventfulRun(state);
  server.faults.clear();
  expect(server.requests.all.filter(({ status }) => status === 0).length).toBeGreaterThan(25);
  expect(await everything(state)).toEqual(expected);
});

test('a script that met another writer is run again', async () => {
  await using state = openState(testContext({ realSleep: false }), server, await makeDataset(server));
  const { run } = await startRun(state, runStart('s'), [intent(1, 'a')]);
  await run.intend(seqs(1));
  await run.record([at(1, APPLIED)]);
  server.faults.add({
    on: /^POST \/projects\/[^/]+\/jobs\b/,
    do: 'fail-job',
    times: 2,
    reason: 'invalidQuery',
    message: 'Transaction is aborted due to concurrent update against table acme:sluice.sluice_runs',
  });
  await run.finish({ status: 'finished', finishedAt: 1 });
  expect(await baseRow(state, 's', 'a')).toMatchObject({ pending: null });
});

test('a load job that failed and did its work nevertheless counts once', async () => {
  const dataset = await makeDataset(server);
  await using state = openState(testContext({ realSleep: false }), server, dataset);
  const { run } = await startRun(state, runStart('s'), [intent(1, 'a'), intent(2, 'b')]);
  await run.intend(seqs(1, 2));
  await run.record([at(1, APPLIED)]);
  const journal = (await tablesOf(server, dataset)).find((table) => table.includes('_run_1')) ?? '';
  await server.sql(`INSERT INTO ${dataset}.\`${journal}\` SELECT * FROM ${dataset}.\`${journal}\``);
  const { records, count } = await baseRows(state, 's');
  expect([count, records.map((row) => row['sent'] !== null)]).toEqual([2, [true, false]]);
  expect((await state.runs('s'))[0]?.counts).toEqual({ applied: 1, create: 1, unknown: 1 });
  await elapse(server, dataset, 61_000);
  await startRun(state, runStart('s', { planId: 'plan-2' }));
  expect((await baseRows(state, 's')).count).toBe(2);
});

test('a lease is kept while a long script runs', async () => {
  const dataset = await makeDataset(server);
  const context = testContext({ realSleep: false });
  await using state = openState(context, server, dataset);
  const { run } = await startRun(state, runStart('s'), [intent(1, 'a')]);
  await run.intend(seqs(1));
  await run.record([at(1, APPLIED)]);
  server.faults.add({ on: /^POST \/projects\/[^/]+\/jobs\b/, do: 'slow-job', polls: 3 });
  server.faults.add({
    on: /^GET \/projects\/[^/]+\/queries\//,
    do: 'call',
    then: async () => {
      context.moveClock(30_000);
      await elapse(server, dataset, 30_000);
    },
  });
  await run.finish({ status: 'finished', finishedAt: 1 });
  // Half of its minute had passed.
  expect(((await state.holder('s'))?.expiresAt ?? 0) - Date.now()).toBeGreaterThan(45_000);
});
