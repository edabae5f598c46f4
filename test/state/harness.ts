/** Shorthands for tests of state backends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Context, processContext } from '../../src/context.ts';
import type { SluiceEvent } from '../../src/events.ts';
import type { Lease, PlannedChanges, RecordedOutcome, RunStart, RunWriter, SeqRange, State } from '../../src/state/state.ts';
import { type Row, Workspace } from '../../src/workspace/workspace.ts';
import { type AdoptionRow, type ChangeRow, makePlan, type PlanRejectRow, type TestPlan } from '../support/plan-file.ts';

export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-state-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A context whose clock can be moved. Sleeping takes no time unless `realSleep`. */
export function testContext(
  options: { realSleep?: boolean } = {},
): Context & { moveClock(ms: number): void; readonly events: SluiceEvent[] } {
  const events: SluiceEvent[] = [];
  const offset = { ms: 0 };
  const real = processContext({ cwd: '/', env: {}, emit: (event) => events.push(event), signal: new AbortController().signal });
  return {
    ...real,
    events,
    now: () => Date.now() + offset.ms,
    sleep: options.realSleep === false ? async () => undefined : real.sleep,
    moveClock: (ms) => {
      offset.ms += ms;
    },
  };
}

export function runStart(sync: string, overrides: Partial<RunStart> = {}): RunStart {
  return {
    runId: crypto.randomUUID(),
    planId: 'plan-1',
    sync,
    lineage: 'lineage-1',
    hashId: 'hash-1',
    destination: 'org-1',
    fields: ['Name', 'Tier'],
    startedAt: 1_790_000_000_000,
    commit: null,
    ...overrides,
  };
}

export function keyOf(name: string | number): string {
  return JSON.stringify([String(name)]);
}

/** A hash beyond 2^63, as the real ones often are. */
export function hashOf(name: string | number): string {
  let hash = 14_695_981_039_346_656_037n;
  for (const byte of Buffer.from(String(name))) hash = ((hash ^ BigInt(byte)) * 1_099_511_628_211n) & 0xffff_ffff_ffff_ffffn;
  return hash.toString();
}

/** A change of a plan. */
export interface Intent extends Omit<ChangeRow, 'sync'> {
  readonly sent: string | null;
}

export function intent(seq: number, name: string | number, overrides: Partial<Intent> = {}): Intent {
  const sent = JSON.stringify({ Name: `v${seq}-${name}` });
  return {
    seq,
    key: keyOf(name),
    key_hash: hashOf(name),
    action: 'create',
    row_hash: hashOf(`row${seq}`),
    live_hash: hashOf(`live${seq}`),
    sent,
    origin: 'created',
    fields: ['Name'],
    ...overrides,
  };
}

/** Sequence numbers as ranges: neighbours in one. */
export function seqs(...numbers: readonly number[]): SeqRange[] {
  const ranges: { from: number; to: number }[] = [];
  for (const seq of numbers) {
    const last = ranges.at(-1);
    if (last?.to === seq - 1) last.to = seq;
    else ranges.push({ from: seq, to: seq });
  }
  return ranges;
}

export type WithoutSeq = Omit<RecordedOutcome, 'from' | 'to'>;

/** The outcome of one change. */
export function at(seq: number, outcome: WithoutSeq): RecordedOutcome {
  return { from: seq, to: seq, ...outcome };
}

export interface OpenRun {
  readonly lease: Lease;
  readonly run: RunWriter;
}

/** The plan of a run: its changes, and what it changes in state only. */
export interface PlanParts {
  readonly adoptions?: readonly AdoptionRow[];
  readonly rejects?: readonly PlanRejectRow[];
}

const plans = new Set<AsyncDisposable>();

/** Removes the plans of all runs so far: for `afterEach`. */
export async function closePlans(): Promise<void> {
  for (const plan of plans) await plan[Symbol.asyncDispose]();
  plans.clear();
}

/** Takes the lease and begins a run of a plan with these changes. */
export async function startRun(state: State, start: RunStart, changes: readonly Intent[] = [], parts: PlanParts = {}): Promise<OpenRun> {
  return beginRun(state, start, await planOf(start.sync, changes, parts));
}

/** A plan of one sync. It lives until {@link closePlans}. */
export async function planOf(sync: string, changes: readonly Intent[], parts: PlanParts = {}): Promise<TestPlan> {
  const plan = await makePlan({ changes: changes.map((change) => ({ sync, ...change })), ...parts });
  plans.add(plan);
  return plan;
}

export async function beginRun(state: State, start: RunStart, plan: PlannedChanges): Promise<OpenRun> {
  const lease = await state.acquire(start.sync, 'alice@host');
  return { lease, run: await state.begin(start, lease, plan) };
}

/** A whole run: intents, outcomes, finish. */
export async function wholeRun(
  state: State,
  start: RunStart,
  steps: readonly { intent: Intent; outcome?: WithoutSeq }[],
  { adoptions = [], rejects = [], ...end }: PlanParts & Partial<Parameters<RunWriter['finish']>[0]> = {},
): Promise<void> {
  const { lease, run } = await startRun(
    state,
    start,
    steps.map((step) => step.intent),
    { adoptions, rejects },
  );
  await run.intend(seqs(...steps.map((step) => step.intent.seq)));
  await run.record(steps.flatMap((step) => (step.outcome === undefined ? [] : [at(step.intent.seq, step.outcome)])));
  await run.finish({ status: 'finished', finishedAt: start.startedAt + 1000, ...end });
  await lease.release();
}

/** Rows of base as plain values (hashes and times as text), in the order of their keys. */
export async function baseRows(state: State, sync: string): Promise<{ records: Row[]; rejects: Row[]; count: number }> {
  await using workspace = await Workspace.open();
  const base = await state.attach(workspace, sync);
  const records = await workspace.rows(
    `SELECT * REPLACE (key_hash::VARCHAR AS key_hash, row_hash::VARCHAR AS row_hash, live_hash::VARCHAR AS live_hash, left_at::VARCHAR AS left_at) FROM ${base.records} ORDER BY key`,
  );
  const rejects = await workspace.rows(
    `SELECT * REPLACE (row_hash::VARCHAR AS row_hash, next_try::VARCHAR AS next_try) FROM ${base.rejects} ORDER BY key`,
  );
  return { records, rejects, count: base.count };
}

export async function baseRow(state: State, sync: string, name: string | number): Promise<Row | undefined> {
  return (await baseRows(state, sync)).records.find((row) => row['key'] === keyOf(name));
}
