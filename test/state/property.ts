/**
 * Random runs with random outcomes, stopped at random places, against a model small enough to be read: what a reader sees
 * of base is always what the model says, before and after journals are folded.
 */
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';

import type { RecordedOutcome, RunWriter, State } from '../../src/state/state.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import type { AdoptionRow } from '../support/plan-file.ts';
import {
  at,
  baseRows,
  closePlans,
  hashOf,
  type Intent,
  intent,
  keyOf,
  runStart,
  seqs,
  startRun,
  temporaryFolder,
  testContext,
} from './harness.ts';
import type { Backend } from './suite.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const STATUSES = ['applied', 'unchanged', 'held', 'rejected', 'unknown', 'not_attempted', null] as const;
const ACTIONS = ['create', 'update', 'clear', 'delete'] as const;
const KINDS = ['adopt', 'rehash', 'left', 'forget', 'hold', 'settle'] as const;

interface Step {
  readonly action: Intent['action'];
  readonly status: RecordedOutcome['status'] | null;
  readonly remoteId: string | undefined;
}

interface ModelRun {
  /** Each key is written at most once by a run. */
  readonly steps: readonly (Step | null)[];
  readonly adoptions: readonly ((typeof KINDS)[number] | null)[];
  readonly newLineage: boolean;
  /** `killed`: after its last outcome, before the fold. `blocked`: a reader keeps the state file open while it ends. */
  readonly end: 'finished' | 'killed' | 'blocked';
}

interface ModelRecord {
  sent: string | null;
  row_hash: string | null;
  origin: string;
  remote_id: string | null;
  left_as: string | null;
  pending: boolean;
}

interface Model {
  lineage: number;
  records: Map<string, ModelRecord>;
  rejects: Set<string>;
}

const RUN: fc.Arbitrary<ModelRun> = fc.record({
  steps: fc.tuple(
    ...NAMES.map(() =>
      fc.option(
        fc.record({
          action: fc.constantFrom(...ACTIONS),
          status: fc.constantFrom(...STATUSES),
          remoteId: fc.constantFrom(undefined, 'id-1', 'id-2'),
        }),
        { freq: 2 },
      ),
    ),
  ),
  adoptions: fc.tuple(...NAMES.map(() => fc.option(fc.constantFrom(...KINDS), { freq: 1 }))),
  newLineage: fc.nat(5).map((chance) => chance === 0),
  end: fc.constantFrom('finished', 'finished', 'killed', 'blocked'),
});

function intentOf(run: number, index: number, step: Step): Intent {
  const seq = run * 100 + index;
  return intent(seq, NAMES[index] ?? '', { action: step.action, ...(step.action === 'delete' && { sent: null }) });
}

function modelStep(model: Model, change: Intent, step: Step): void {
  const old = model.records.get(change.key);
  if (step.status === 'not_attempted') return;
  if (step.status === 'applied' || step.status === 'unchanged') {
    model.rejects.delete(change.key);
    if (step.action === 'delete') {
      model.records.delete(change.key);
      return;
    }
    model.records.set(change.key, {
      sent: change.sent,
      row_hash: step.action === 'clear' ? null : (change.row_hash ?? null),
      origin: old?.origin ?? change.origin,
      remote_id: step.remoteId ?? old?.remote_id ?? null,
      left_as: step.action === 'clear' ? 'clear' : null,
      pending: false,
    });
    return;
  }
  if (step.status === 'rejected') model.rejects.add(change.key);
  const isUnknown = step.status === 'unknown' || step.status === null || (step.status === 'held' && old?.pending === true);
  if (!isUnknown && (old === undefined || old.sent === null)) {
    model.records.delete(change.key);
    return;
  }
  const kept = old ?? { sent: null, origin: change.origin, remote_id: null, left_as: null };
  const learned = step.status === null ? null : (step.remoteId ?? null);
  model.records.set(change.key, { ...kept, remote_id: kept.remote_id ?? learned, row_hash: null, pending: isUnknown });
}

function modelAdoption(model: Model, row: AdoptionRow): void {
  const old = model.records.get(row.key);
  if (row.kind === 'adopt' || row.kind === 'rehash') {
    model.rejects.delete(row.key);
    model.records.set(row.key, {
      sent: row.sent ?? null, row_hash: row.row_hash ?? null, origin: old?.origin ?? 'adopted', remote_id: old?.remote_id ?? null, left_as: null, pending: false,
    }); // prettier-ignore
  } else if (row.kind === 'forget') {
    model.rejects.delete(row.key);
    model.records.delete(row.key);
  } else if (old !== undefined) {
    if (row.kind === 'left') model.records.set(row.key, { ...old, left_as: 'keep', row_hash: null });
    if (row.kind === 'hold') model.records.set(row.key, { ...old, row_hash: null });
    if (row.kind === 'settle' && old.sent === null) model.records.delete(row.key);
    else if (row.kind === 'settle') model.records.set(row.key, { ...old, pending: false });
  }
}

function adoptionsOf(run: ModelRun, number: number): AdoptionRow[] {
  return run.adoptions.flatMap((kind, index) => {
    const name = NAMES[index] ?? '';
    const attempted = run.steps[index] !== null && run.steps[index]?.status !== 'not_attempted';
    if (kind === null || (attempted && kind !== 'hold')) return [];
    return [
      {
        sync: 's',
        kind,
        key: keyOf(name),
        key_hash: hashOf(name),
        sent: `{"adopted":"${number}"}`,
        row_hash: hashOf(`adopted${number}`),
        live_hash: '1',
        origin: 'adopted' as const,
      },
    ];
  });
}

async function seen(state: State): Promise<unknown> {
  const { records, rejects, count } = await baseRows(state, 's');
  expect(count).toBe(records.length);
  return {
    records: records.map((row) => [
      row['key'],
      {
        sent: row['sent'],
        row_hash: row['row_hash'],
        origin: row['origin'],
        remote_id: row['remote_id'],
        left_as: row['left_as'],
        pending: row['pending'] !== null,
      },
    ]),
    rejects: rejects.map((row) => row['key']),
  };
}

function expected(model: Model): unknown {
  const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);
  return { records: [...model.records].sort(byKey), rejects: [...model.rejects].sort() };
}

async function play(state: State, runs: readonly ModelRun[]): Promise<void> {
  const model: Model = { lineage: 0, records: new Map(), rejects: new Set() };
  for (const [number, run] of runs.entries()) {
    if (run.newLineage) Object.assign(model, { lineage: model.lineage + 1, records: new Map(), rejects: new Set() });
    const changes = run.steps.flatMap((step, index) => (step === null ? [] : [{ change: intentOf(number, index, step), step }]));
    const adoptions = adoptionsOf(run, number);
    const { lease, run: writer } = await startRun(
      state,
      runStart('s', { lineage: `lineage-${model.lineage}`, planId: `plan-${number}` }),
      changes.map(({ change }) => change),
      { adoptions },
    );
    expect(writer.serial).toBe(number + 1);
    await writer.intend(seqs(...changes.map(({ change }) => change.seq)));
    await writer.record(
      changes.flatMap(({ change, step }) =>
        step.status === null ? [] : [at(change.seq, { status: step.status, remoteId: step.remoteId, code: 'X', message: 'why' })],
      ),
    );
    for (const { change, step } of changes) modelStep(model, change, step);
    expect(await seen(state)).toEqual(expected(model));
    if (run.end !== 'killed') {
      await finish(state, writer, run.end === 'blocked');
      for (const row of adoptions) modelAdoption(model, row);
      expect(await seen(state)).toEqual(expected(model));
    }
    await lease.release();
    await closePlans(); // whoever folds the run later has no plan
  }
}

async function finish(state: State, writer: RunWriter, isBlocked: boolean): Promise<void> {
  await using stack = new AsyncDisposableStack();
  if (isBlocked) {
    await state.attach(stack.use(await Workspace.open()), 's');
  }
  await writer.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
}

/** `runs`: how often, unless `SLUICE_PROPERTY_RUNS` says. */
export function stateProperty(name: string, open: Backend['open'], runs = 10): void {
  afterEach(closePlans);

  test(
    `state ${name}: base is what the model says after any sequence of runs, kills and readers in the way`,
    { timeout: 600_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(RUN, { minLength: 1, maxLength: 4 }), async (runs) => {
          await using folder = await temporaryFolder();
          await using state = await open(testContext({ realSleep: false }), folder.path);
          await play(state, runs);
        }),
        { numRuns: Number(process.env['SLUICE_PROPERTY_RUNS'] ?? runs) },
      );
    },
  );
}
