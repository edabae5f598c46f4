/** What every state backend must do, whatever it is made of. A backend's test file calls {@link stateSuite}. */
import { afterEach, describe, expect, test } from 'vitest';

import type { Context } from '../../src/context.ts';
import type { State } from '../../src/state/state.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import {
  at,
  baseRow,
  baseRows,
  closePlans,
  hashOf,
  intent,
  keyOf,
  type PlanParts,
  runStart,
  seqs,
  startRun,
  temporaryFolder,
  testContext,
  wholeRun,
} from './harness.ts';

type TestContext = ReturnType<typeof testContext>;

export interface Backend {
  /** Opens the same state each time it is called with the same folder, another one for another folder. */
  readonly open: (context: Context, folder: string) => State | Promise<State>;
  /** Lets time pass on the clock by which leases expire. */
  readonly elapse: (ms: number, context: TestContext, folder: string) => void | Promise<void>;
}

const APPLIED = { status: 'applied' } as const;

interface Tools {
  /** The same state, opened once more. */
  readonly again: () => Promise<State>;
  readonly elapse: (ms: number) => Promise<void>;
}

export function stateSuite(name: string, backend: Backend): void {
  afterEach(closePlans);

  const withState = (title: string, work: (state: State, tools: Tools) => Promise<void>): void => {
    test(title, async () => {
      await using folder = await temporaryFolder();
      const context = testContext();
      const again = async (): Promise<State> => backend.open(context, folder.path);
      await using state = await again();
      await work(state, { again, elapse: async (ms) => backend.elapse(ms, context, folder.path) });
    });
  };

  describe(`state ${name}: nothing written yet`, () => {
    withState('has no heads, no runs, no holder, and an empty base', async (state) => {
      expect(await state.head('s')).toBeUndefined();
      expect(await state.heads()).toEqual([]);
      expect(await state.runs()).toEqual([]);
      expect(await state.holder('s')).toBeUndefined();
      expect(await baseRows(state, 's')).toEqual({ records: [], rejects: [], count: 0 });
    });

    withState('gives the empty base the columns and types of a full one', async (state) => {
      await using before = await Workspace.open();
      const empty = await state.attach(before, 's');
      const columns = {
        records: await before.columns(`SELECT * FROM ${empty.records}`),
        rejects: await before.columns(`SELECT * FROM ${empty.rejects}`),
      };
      await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: APPLIED }]);
      await using after = await Workspace.open();
      const full = await state.attach(after, 's');
      expect(columns.records).toEqual(await after.columns(`SELECT * FROM ${full.records}`));
      expect(columns.rejects).toEqual(await after.columns(`SELECT * FROM ${full.rejects}`));
      expect(columns.records.map((column) => `${column.name} ${column.type}`)).toEqual([
        'key_hash UBIGINT', 'row_hash UBIGINT', 'live_hash UBIGINT', 'key VARCHAR', 'sent VARCHAR', 'returned VARCHAR', 'verified BOOLEAN',
        'origin VARCHAR', 'remote_id VARCHAR', 'left_at TIMESTAMP', 'left_as VARCHAR', 'run_id VARCHAR', 'pending VARCHAR',
      ]); // prettier-ignore
    });
  });

  describe(`state ${name}: outcomes`, () => {
    withState('an acknowledged create is base, to the byte', async (state) => {
      const sent = '{"a":"12345678901234567890","b":"😀 O\'Brien \\u0000 \\ud800","c":null,"d":"line\\nbreak\\ttab\\\\"}';
      const start = runStart('s');
      await wholeRun(state, start, [
        { intent: intent(1, '日本"\\\n', { sent, returned: '{"a":"1"}' }), outcome: { status: 'applied', remoteId: '001A' } },
      ]);
      const { records, count } = await baseRows(state, 's');
      expect(count).toBe(1);
      expect(records[0]).toEqual({
        key_hash: hashOf('日本"\\\n'), row_hash: hashOf('row1'), live_hash: hashOf('live1'), key: keyOf('日本"\\\n'), sent, returned: '{"a":"1"}',
        verified: false, origin: 'created', remote_id: '001A', left_at: null, left_as: null, run_id: start.runId, pending: null,
      }); // prettier-ignore
    });

    withState('a read-back overrides what was expected and marks the record verified', async (state) => {
      const { lease, run } = await startRun(state, runStart('s'), [intent(1, 'a', { returned: '{"x":"expected"}' })]);
      await run.intend(seqs(1));
      await run.record([at(1, { status: 'applied', remoteId: '001A' })]);
      await run.record([at(1, { status: 'applied', returned: '{"x":"seen"}', verified: true })]);
      await run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
      await lease.release();
      expect(await baseRow(state, 's', 'a')).toMatchObject({ returned: '{"x":"seen"}', verified: true, remote_id: '001A' });
    });

    withState('announcements and outcomes name ranges; a later outcome of a part counts for that part', async (state) => {
      const changes = Array.from({ length: 10 }, (_, seq) => intent(seq, seq));
      const { lease, run } = await startRun(state, runStart('s'), changes);
      await run.intend([
        { from: 0, to: 3 },
        { from: 5, to: 9 },
      ]);
      await run.record([
        { from: 0, to: 1, status: 'applied' },
        { from: 5, to: 8, status: 'unchanged', verified: true },
        { from: 6, to: 7, status: 'rejected', code: 'X', message: 'no' },
      ]);
      const expected = [
        [0, false, false],
        [1, false, false],
        [2, true, false],
        [3, true, false],
        [5, false, true],
        [8, false, true],
        [9, true, false],
      ].map(([seq, pending, verified]) => [keyOf(Number(seq)), pending, verified]);
      const seen = async (): Promise<unknown> =>
        (await baseRows(state, 's')).records.map((row) => [row['key'], row['pending'] !== null, row['verified']]);
      expect(await seen()).toEqual(expected);
      expect((await state.runs('s'))[0]?.counts).toEqual({ applied: 2, unchanged: 2, rejected: 2, unknown: 3, create: 4 });
      await run.finish({ status: 'partial', finishedAt: 1_790_000_001_000 });
      await lease.release();
      expect(await seen()).toEqual(expected);
      expect((await state.runs('s'))[0]?.counts).toEqual({ applied: 2, unchanged: 2, rejected: 2, unknown: 3, create: 4 });
      expect((await baseRows(state, 's')).rejects.map((row) => row['key'])).toEqual([keyOf(6), keyOf(7)]);
    });

    withState('changes of the plan that belong to another sync are not this run’s', async (state) => {
      const changes = [intent(1, 'a'), { ...intent(2, 'b'), sync: 'other' }];
      const { run } = await startRun(state, runStart('s'), changes);
      await run.intend([{ from: 1, to: 2 }]);
      expect((await baseRows(state, 's')).records.map((row) => row['key'])).toEqual([keyOf('a')]);
    });

    withState('a create that remembers what it sends is stored with it; a before-image holds the fields of the change', async (state) => {
      const start = runStart('s');
      const before = '{"Name":"old","Tier":"x","a/b~":1}';
      const steps = [
        { intent: { ...intent(1, 'a', { after: '{"Name":"after"}', before: '{"Name":null}' }), sent: null }, outcome: APPLIED },
        { intent: intent(2, 'b', { action: 'update', fields: ['Name', 'a/b~'], before }), outcome: APPLIED },
        { intent: intent(3, 'c', { action: 'delete', sent: null, fields: [], before }), outcome: APPLIED },
      ];
      await wholeRun(state, start, steps);
      expect(await baseRow(state, 's', 'a')).toMatchObject({ sent: '{"Name":"after"}' });
      await using workspace = await Workspace.open();
      const images = await workspace.rows(`SELECT before FROM ${await state.runRecords(workspace, start.runId)} ORDER BY seq`);
      expect(images.map((row) => row['before'])).toEqual([null, '{"Name":"old","a/b~":1}', before]);
    });

    withState('unchanged counts as acknowledged', async (state) => {
      await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: { status: 'unchanged' } }]);
      expect(await baseRow(state, 's', 'a')).toMatchObject({ row_hash: hashOf('row1'), pending: null });
    });

    withState('an update keeps who made the record and its id', async (state) => {
      await wholeRun(state, runStart('s'), [
        { intent: intent(1, 'a', { origin: 'adopted' }), outcome: { status: 'applied', remoteId: '001A' } },
      ]);
      await wholeRun(state, runStart('s'), [{ intent: intent(2, 'a', { action: 'update', origin: 'created' }), outcome: APPLIED }]);
      expect(await baseRow(state, 's', 'a')).toMatchObject({ origin: 'adopted', remote_id: '001A', sent: intent(2, 'a').sent });
    });

    withState('a deleted record is gone, a cleared one has left', async (state) => {
      await wholeRun(state, runStart('s'), [
        { intent: intent(1, 'a'), outcome: APPLIED },
        { intent: intent(2, 'b'), outcome: APPLIED },
      ]);
      await wholeRun(state, runStart('s'), [
        { intent: intent(1, 'a', { action: 'delete', sent: null }), outcome: APPLIED },
        { intent: intent(2, 'b', { action: 'clear', sent: '{"Name":null}' }), outcome: APPLIED },
      ]);
      const { records } = await baseRows(state, 's');
      expect(records).toHaveLength(1);
      expect(records[0]).toMatchObject({
        key: keyOf('b'),
        sent: '{"Name":null}',
        row_hash: null,
        left_as: 'clear',
        left_at: '2026-09-21 14:13:21',
      });
    });

    withState('a record that comes back has not left any more', async (state) => {
      await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: APPLIED }]);
      await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a', { action: 'clear' }), outcome: APPLIED }]);
      await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a', { action: 'update' }), outcome: APPLIED }]);
      expect(await baseRow(state, 's', 'a')).toMatchObject({ left_at: null, left_as: null, row_hash: hashOf('row1') });
    });

    for (const status of ['held', 'rejected'] as const) {
      withState(`${status}: base stays, the record stays a candidate; a create leaves nothing`, async (state) => {
        await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: { status: 'applied', remoteId: '001A' } }]);
        const before = await baseRow(state, 's', 'a');
        await wholeRun(state, runStart('s'), [
          { intent: intent(2, 'a', { action: 'update' }), outcome: { status, code: 'X', message: 'no' } },
          { intent: intent(3, 'new'), outcome: { status, code: 'X', message: 'no' } },
        ]);
        expect(await baseRows(state, 's')).toMatchObject({ records: [{ ...before, row_hash: null }], count: 1 });
      });
    }

    withState(
      'a reject is remembered, replaced by a later one, and dropped by an acknowledgement; a partial change leaves a candidate',
      async (state) => {
        await wholeRun(state, runStart('s'), [
          { intent: intent(1, 'a'), outcome: { status: 'rejected', code: 'LONG', message: 'too long' } },
        ]);
        const second = runStart('s');
        await wholeRun(state, second, [
          { intent: intent(2, 'a', { partial: true }), outcome: { status: 'rejected', code: 'NULL', message: 'half a pair: \ud800' } },
        ]);
        expect((await baseRows(state, 's')).rejects).toEqual([
          { key: keyOf('a'), row_hash: hashOf('row2'), code: 'NULL', message: 'half a pair: �', next_try: null, run_id: second.runId },
        ]);
        await wholeRun(state, runStart('s'), [{ intent: intent(3, 'a', { partial: true }), outcome: APPLIED }]);
        expect(await baseRows(state, 's')).toMatchObject({ records: [{ row_hash: null, sent: intent(3, 'a').sent }], rejects: [] });
      },
    );

    for (const outcome of [undefined, { status: 'unknown', message: 'timed out' } as const]) {
      withState(`${outcome === undefined ? 'no outcome' : 'unknown'}: pending with what was sent, base stays`, async (state) => {
        await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: { status: 'applied', remoteId: '001A' } }]);
        const before = await baseRow(state, 's', 'a');
        const second = runStart('s');
        await wholeRun(state, second, [
          { intent: intent(7, 'a', { action: 'update' }), ...(outcome && { outcome }) },
          { intent: intent(8, 'new'), ...(outcome && { outcome }) },
        ]);
        const { records } = await baseRows(state, 's');
        const [kept, fresh] = records;
        expect(kept).toEqual({ ...before, row_hash: null, pending: expect.any(String) as string });
        expect(JSON.parse(String(kept?.['pending']))).toEqual({ run: second.runId, seq: 7, action: 'update', sent: { Name: 'v7-a' } });
        expect(fresh).toMatchObject({ key: keyOf('new'), sent: null, row_hash: null, origin: 'created', run_id: second.runId });
        expect(JSON.parse(String(fresh?.['pending']))).toEqual({ run: second.runId, seq: 8, action: 'create', sent: { Name: 'v8-new' } });
      });
    }

    withState('a pending record is settled by any later outcome', async (state) => {
      await wholeRun(
        state,
        runStart('s'),
        ['a', 'b', 'c'].map((key, index) => ({ intent: intent(index, key) })),
        { status: 'partial' },
      );
      await wholeRun(state, runStart('s', { planId: 'plan-2' }), [
        { intent: intent(0, 'a'), outcome: APPLIED },
        { intent: intent(1, 'b'), outcome: { status: 'rejected', code: 'X', message: 'no' } },
        { intent: intent(2, 'c'), outcome: { status: 'held' } },
      ]);
      expect(await baseRows(state, 's')).toMatchObject({
        records: [
          { key: keyOf('a'), pending: null, row_hash: hashOf('row0') },
          { key: keyOf('c'), sent: null, pending: expect.stringContaining('"seq":2') as string },
        ],
        count: 2,
      });
    });

    withState('not_attempted is as if it was never intended', async (state) => {
      await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: APPLIED }]);
      const before = await baseRows(state, 's');
      await wholeRun(state, runStart('s'), [
        { intent: intent(2, 'a', { action: 'update' }), outcome: { status: 'not_attempted' } },
        { intent: intent(3, 'b'), outcome: { status: 'not_attempted' } },
      ]);
      expect(await baseRows(state, 's')).toEqual(before);
    });

    withState('of two attempts on one key the acknowledged one is base and the failed one keeps it a candidate', async (state) => {
      const { lease, run } = await startRun(state, runStart('s'), [
        intent(1, 'a'),
        intent(2, 'b'),
        intent(3, 'a', { action: 'update', pass: 2 }),
        intent(4, 'b', { action: 'update', pass: 2 }),
      ]);
      await run.intend(seqs(1, 2));
      await run.record([at(1, { status: 'applied' }), at(2, { status: 'applied' })]);
      await run.intend(seqs(3, 4));
      await run.record([at(3, { status: 'rejected', code: 'X', message: 'no' }), at(4, { status: 'applied' })]);
      await run.finish({ status: 'partial', finishedAt: 1_790_000_001_000 });
      await lease.release();
      expect(await baseRow(state, 's', 'a')).toMatchObject({ sent: intent(1, 'a').sent, row_hash: null });
      expect(await baseRow(state, 's', 'b')).toMatchObject({ sent: intent(4, 'b').sent, row_hash: hashOf('row4') });
      expect((await baseRows(state, 's')).rejects).toMatchObject([{ key: keyOf('a'), code: 'X' }]);
    });

    withState('a change announced again after an outcome is unknown until its next outcome', async (state) => {
      const { run } = await startRun(state, runStart('s'), [intent(1, 'a')]);
      await run.intend(seqs(1));
      await run.record([at(1, { status: 'unknown' })]);
      await run.intend(seqs(1));
      expect(await baseRow(state, 's', 'a')).toMatchObject({ sent: null, pending: expect.any(String) as string });
      await run.record([at(1, { status: 'applied' })]);
      expect(await baseRow(state, 's', 'a')).toMatchObject({ sent: intent(1, 'a').sent, pending: null });
    });

    withState('syncs do not see each other', async (state) => {
      await wholeRun(state, runStart('one'), [
        { intent: intent(1, 'a'), outcome: APPLIED },
        { intent: intent(2, 'r'), outcome: { status: 'rejected', code: 'X', message: '' } },
      ]);
      await wholeRun(state, runStart('two'), [{ intent: intent(1, 'b'), outcome: APPLIED }]);
      expect((await baseRows(state, 'one')).records.map((row) => row['key'])).toEqual([keyOf('a')]);
      expect(await baseRows(state, 'two')).toMatchObject({ records: [{ key: keyOf('b') }], rejects: [] });
      expect((await state.heads()).map((head) => head.sync)).toEqual(['one', 'two']);
    });
  });

  describe(`state ${name}: while a run is under way`, () => {
    withState('readers see its outcomes, its pending changes and its head before it ends', async (state, { again }) => {
      await wholeRun(state, runStart('s'), [
        { intent: intent(1, 'a'), outcome: APPLIED },
        { intent: intent(2, 'b'), outcome: APPLIED },
      ]);
      const start = runStart('s', { planId: 'plan-2', hashId: 'hash-2' });
      const { run } = await startRun(state, start, [intent(1, 'a', { action: 'delete', sent: null }), intent(2, 'c')]);
      await run.intend(seqs(1, 2));
      await run.record([at(1, { status: 'applied' })]);
      await using reader = await again();
      expect(await reader.head('s')).toMatchObject({
        serial: 2,
        hashId: 'hash-1', // what the run does not touch still has hashes of that kind
        lastRun: { runId: start.runId, planId: 'plan-2', status: 'running' },
      });
      expect(await baseRows(reader, 's')).toMatchObject({ records: [{ key: keyOf('b') }, { key: keyOf('c'), sent: null }], count: 2 });
      expect((await reader.runs('s'))[0]).toMatchObject({
        runId: start.runId,
        status: 'running',
        finishedAt: null,
        counts: { applied: 1, delete: 1, unknown: 1 },
      });
      expect(await reader.holder('s')).toMatchObject({ owner: 'alice@host' });
    });

    withState('a run whose process is gone is folded in by the next one as partial', async (state, { again, elapse }) => {
      const dead = runStart('s');
      const first = await again();
      const { run } = await startRun(first, dead, [intent(1, 'a'), intent(2, 'b')]);
      await run.intend(seqs(1, 2));
      await run.record([at(1, { status: 'applied' })]);
      await elapse(120_000);
      expect((await state.head('s'))?.lastRun?.status).toBe('partial');
      const { run: next } = await startRun(state, runStart('s', { planId: 'plan-1' }));
      expect(next.serial).toBe(2);
      expect(await next.acknowledged()).toEqual(new Set([1]));
      expect((await state.runs('s')).map((each) => [each.serial, each.status, each.counts])).toEqual([
        [2, 'running', {}],
        [1, 'partial', { applied: 1, create: 1, unknown: 1 }],
      ]);
      expect(await baseRows(state, 's')).toMatchObject({
        records: [
          { key: keyOf('a'), pending: null },
          { key: keyOf('b'), sent: null },
        ],
      });
      await first[Symbol.asyncDispose]();
    });
  });

  describe(`state ${name}: serial, lineage, resume`, () => {
    withState('the serial rises with each run and the head tells of the last', async (state) => {
      for (const serial of [1, 2, 3]) {
        const start = runStart('s', { planId: `plan-${serial}`, fields: ['A', `B${serial}`] });
        await wholeRun(state, start, [{ intent: intent(1, serial), outcome: APPLIED }], { status: serial === 3 ? 'finished' : 'partial' });
        expect(await state.head('s')).toEqual({
          sync: 's', lineage: 'lineage-1', serial, hashId: 'hash-1', destination: 'org-1', fields: ['A', `B${serial}`], records: serial,
          lastRun: { runId: start.runId, planId: `plan-${serial}`, status: serial === 3 ? 'finished' : 'partial' },
        }); // prettier-ignore
      }
    });

    withState('hashes of another kind: what the run did not touch has none afterwards', async (state) => {
      await wholeRun(
        state,
        runStart('s'),
        ['a', 'b', 'c'].map((key, seq) => ({ intent: intent(seq, key), outcome: APPLIED })),
      );
      const before = (await baseRows(state, 's')).records;
      const { lease, run } = await startRun(state, runStart('s', { hashId: 'hash-2' }), [intent(7, 'b', { action: 'update' })]);
      await run.intend(seqs(7));
      await run.record([at(7, APPLIED)]);
      await run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
      await lease.release();
      expect(await state.head('s')).toMatchObject({ hashId: 'hash-2' });
      expect((await baseRows(state, 's')).records).toMatchObject([
        { ...before[0], row_hash: null },
        { key: keyOf('b'), row_hash: hashOf('row7') },
        { ...before[2], row_hash: null },
      ]);
    });

    withState('another lineage releases the records and rejects of the one before, at once', async (state) => {
      await wholeRun(state, runStart('s'), [
        { intent: intent(1, 'a'), outcome: APPLIED },
        { intent: intent(2, 'b'), outcome: { status: 'rejected', code: 'X', message: '' } },
      ]);
      const { lease, run } = await startRun(state, runStart('s', { lineage: 'lineage-2', destination: 'org-2' }), [intent(1, 'z')]);
      expect(run.serial).toBe(2);
      expect(await baseRows(state, 's')).toEqual({ records: [], rejects: [], count: 0 });
      await run.intend(seqs(1));
      await run.record([at(1, { status: 'applied' })]);
      await run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
      await lease.release();
      expect(await baseRows(state, 's')).toMatchObject({ records: [{ key: keyOf('z') }], rejects: [], count: 1 });
      expect(await state.head('s')).toMatchObject({ lineage: 'lineage-2', destination: 'org-2', serial: 2, records: 1 });
    });

    withState('a plan resumes after its partial runs: everything with a final outcome is done', async (state) => {
      const outcomes = ['applied', 'unchanged', 'rejected', 'held', 'unknown', 'not_attempted'] as const;
      const steps = outcomes.map((status, seq) => ({ intent: intent(seq, status), outcome: { status } }));
      await wholeRun(state, runStart('s'), steps, { status: 'partial' });
      await wholeRun(state, runStart('other'), steps.slice(4), { status: 'partial' });
      const same = await startRun(state, runStart('s'));
      expect(await same.run.acknowledged()).toEqual(new Set([0, 1, 2, 3]));
      await same.run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
      await same.lease.release();
      const other = await startRun(state, runStart('s', { planId: 'plan-2' }));
      expect(await other.run.acknowledged()).toEqual(new Set());
    });
  });

  describe(`state ${name}: state-only changes of the plan`, () => {
    const setup = async (state: State): Promise<void> => {
      await wholeRun(state, runStart('s'), [
        ...['a', 'b', 'c', 'd', 'e'].map((key, seq) => ({
          intent: intent(seq, key),
          outcome: { status: 'applied', remoteId: `id-${key}` } as const,
        })),
        { intent: intent(5, 'p', { action: 'update' }) },
        { intent: intent(6, 'r'), outcome: { status: 'rejected', code: 'OLD', message: 'old' } },
      ]);
    };
    const base = (kind: string, key: string): { sync: string; key: string; key_hash: string; kind: never } => ({
      sync: 's',
      key: keyOf(key),
      key_hash: hashOf(key),
      kind: kind as never,
    });
    const values = {
      sent: '{"Name":"live"}',
      returned: '{"Name":"LIVE"}',
      row_hash: hashOf('r'),
      live_hash: hashOf('l'),
      origin: 'adopted' as const,
      verified: true,
    };

    withState('adopt, rehash, left, forget, hold, settle', async (state) => {
      await setup(state);
      const before = new Map((await baseRows(state, 's')).records.map((row) => [row['key'], row]));
      const plan: PlanParts = {
        adoptions: [
          { ...base('adopt', 'new'), ...values, remote_id: 'id-new' },
          { ...base('rehash', 'a'), ...values },
          { ...base('left', 'b') },
          { ...base('forget', 'c') },
          { ...base('hold', 'd') },
          { ...base('settle', 'p') },
          { ...base('adopt', 'r'), ...values },
          { ...base('hold', 'absent') },
          { ...base('left', 'absent too') },
          { ...base('forget', 'e'), sync: 'another' },
        ],
      };
      const start = runStart('s', { planId: 'plan-2' });
      await wholeRun(state, start, [], plan);
      const { records, rejects } = await baseRows(state, 's');
      const adopted = { ...values, left_at: null, left_as: null, pending: null, run_id: start.runId };
      expect(records).toEqual([
        { ...adopted, key: keyOf('a'), key_hash: hashOf('a'), remote_id: 'id-a', origin: 'created' },
        { ...before.get(keyOf('b')), left_as: 'keep', left_at: '2026-09-21 14:13:21', row_hash: null },
        { ...before.get(keyOf('d')), row_hash: null },
        before.get(keyOf('e')),
        { ...adopted, key: keyOf('new'), key_hash: hashOf('new'), remote_id: 'id-new' },
        { ...adopted, key: keyOf('r'), key_hash: hashOf('r'), remote_id: null },
      ]);
      expect(rejects).toEqual([]);
    });

    withState('a record whose create was never acknowledged is not ours once it is met as somebody else made it', async (state) => {
      await wholeRun(state, runStart('s'), [
        { intent: intent(1, 'a'), outcome: { status: 'unknown', message: 'no answer' } },
        { intent: intent(2, 'b'), outcome: { status: 'unknown', message: 'no answer' } },
      ]);
      const adoption = { ...base('adopt', 'b'), ...values };
      await wholeRun(
        state,
        runStart('s', { planId: 'plan-2' }),
        [{ intent: intent(1, 'a', { action: 'update', origin: 'adopted' }), outcome: APPLIED }],
        { adoptions: [adoption] },
      );
      expect(await baseRow(state, 's', 'a')).toMatchObject({ origin: 'adopted', pending: null });
      expect(await baseRow(state, 's', 'b')).toMatchObject({ origin: 'adopted', pending: null, sent: values.sent });
    });

    withState('rejects found while planning are remembered; a known one keeps saying since when', async (state) => {
      await setup(state);
      const first = (await state.runs('s'))[0]?.runId;
      const reject = (key: string | null, code: string, known: boolean): { sync: string; key: string | null; row_hash: string; code: string; message: string; known: boolean } => ({
        sync: 's', key: key === null ? null : keyOf(key), row_hash: hashOf('x'), code, message: `${code}!`, known,
      }); // prettier-ignore
      const plan: PlanParts = {
        rejects: [
          reject('r', 'NEW', true),
          reject('q', 'TWO', false),
          reject('q', 'ONE', false),
          reject(null, 'KEY', false),
          { ...reject('z', 'Z', false), sync: 'another' },
        ],
      };
      const start = runStart('s');
      await wholeRun(state, start, [], plan);
      expect((await baseRows(state, 's')).rejects).toEqual([
        { key: keyOf('q'), row_hash: hashOf('x'), code: 'ONE', message: 'ONE!', next_try: null, run_id: start.runId },
        { key: keyOf('r'), row_hash: hashOf('row6'), code: 'OLD', message: 'old', next_try: null, run_id: first },
      ]);
    });

    withState('never overwrite what the run itself wrote, except that hold keeps a candidate', async (state) => {
      const plan: PlanParts = {
        adoptions: [{ ...base('adopt', 'a'), ...values }, { ...base('hold', 'b') }],
      };
      await wholeRun(
        state,
        runStart('s'),
        [
          { intent: intent(1, 'a'), outcome: APPLIED },
          { intent: intent(2, 'b'), outcome: APPLIED },
        ],
        plan,
      );
      expect((await baseRows(state, 's')).records).toMatchObject([
        { key: keyOf('a'), sent: intent(1, 'a').sent },
        { key: keyOf('b'), sent: intent(2, 'b').sent, row_hash: null },
      ]);
    });
  });

  describe(`state ${name}: history`, () => {
    withState('runs come newest first, with who, when, which commit and what became of the records', async (state) => {
      await wholeRun(state, runStart('s', { commit: '4f2c1ab' }), [
        { intent: intent(1, 'a'), outcome: APPLIED },
        { intent: intent(2, 'b', { action: 'update' }), outcome: { status: 'unchanged' } },
        { intent: intent(3, 'c'), outcome: { status: 'rejected', code: 'X', message: '' } },
        { intent: intent(4, 'd'), outcome: { status: 'not_attempted' } },
        { intent: intent(5, 'e') },
      ], { status: 'partial' }); // prettier-ignore
      await wholeRun(state, runStart('t', { startedAt: 1_790_000_500_000 }), []);
      const runs = await state.runs();
      expect(runs.map((run) => run.sync)).toEqual(['t', 's']);
      expect(runs[1]).toMatchObject({
        planId: 'plan-1', serial: 1, startedAt: 1_790_000_000_000, finishedAt: 1_790_000_001_000, status: 'partial', owner: 'alice@host', commit: '4f2c1ab',
        counts: { applied: 1, unchanged: 1, rejected: 1, not_attempted: 1, unknown: 1, create: 1, update: 1 },
      }); // prettier-ignore
      expect((await state.runs('s')).map((run) => run.sync)).toEqual(['s']);
    });

    withState('the changes of a run keep their before-images, during the run and after it', async (state) => {
      const start = runStart('s');
      const { run } = await startRun(state, start, [
        intent(1, 'a', { action: 'update', fields: ['Name', 'Tier'], before: '{"Name":"old","Tier":null}' }),
        intent(2, 'b'),
        intent(3, 'c'),
      ]);
      await run.intend(seqs(1, 2, 3));
      await run.record([
        at(1, { status: 'applied', remoteId: '001A' }),
        at(2, { status: 'rejected', code: 'X', message: 'no' }),
        at(3, { status: 'not_attempted' }),
      ]);
      const read = async (): Promise<unknown> => {
        await using workspace = await Workspace.open();
        return await workspace.rows(
          `SELECT * REPLACE (seq::INTEGER AS seq) FROM ${await state.runRecords(workspace, start.runId)} ORDER BY seq`,
        );
      };
      const during = await read();
      expect(during).toEqual([
        {
          sync: 's',
          run_id: start.runId,
          seq: 1,
          key: keyOf('a'),
          action: 'update',
          status: 'applied',
          fields: ['Name', 'Tier'],
          before: '{"Name":"old","Tier":null}',
          remote_id: '001A',
          code: null,
          message: null,
        },
        {
          sync: 's',
          run_id: start.runId,
          seq: 2,
          key: keyOf('b'),
          action: 'create',
          status: 'rejected',
          fields: null, // undoing a create needs none
          before: null,
          remote_id: null,
          code: 'X',
          message: 'no',
        },
      ]);
      await run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
      expect(await read()).toEqual(during);
    });

    withState('an unknown run has no changes', async (state) => {
      await using workspace = await Workspace.open();
      expect(await workspace.count(`SELECT count(*) FROM ${await state.runRecords(workspace, "it's not there")}`)).toBe(0);
    });
  });

  describe(`state ${name}: lease`, () => {
    withState('one at a time; the second is told who, since when, until when and how to end it', async (state, { again }) => {
      await state.acquire('s', 'alice@host');
      await using other = await again();
      const refused = await other.acquire('s', 'bob@host').catch((error: unknown) => error);
      expect(refused).toMatchObject({
        name: 'UserError',
        message: expect.stringMatching(
          /^s is being applied by alice@host \(process \d+\) since \d\d:\d\d:\d\d UTC, lease until \d\d:\d\d:\d\d UTC$/,
        ) as string,
        problems: [{ hint: expect.stringContaining('sluice state unlock s --generation 1') as string }],
      });
      await expect(other.acquire('t', 'bob@host')).resolves.toMatchObject({ generation: 1 });
    });

    withState('released, it is free at once and its generation rises', async (state) => {
      const first = await state.acquire('s', 'alice@host');
      await first.release();
      await first.release();
      expect(await state.holder('s')).toBeUndefined();
      expect((await state.acquire('s', 'bob@host')).generation).toBe(2);
      await expect(first.hold()).rejects.toThrow('lost the lease of s (generation 1)');
    });

    withState('hold renews it when a third of its time has passed', async (state, { elapse }) => {
      const lease = await state.acquire('s', 'alice@host');
      const first = lease.expiresAt;
      await lease.hold();
      expect(lease.expiresAt).toBe(first);
      await elapse(21_000);
      const due = (await state.holder('s'))?.expiresAt ?? 0;
      await lease.hold();
      expect(lease.expiresAt).toBeGreaterThanOrEqual(due + 20_000);
      expect((await state.holder('s'))?.expiresAt).toBe(lease.expiresAt);
    });

    withState('expired, it can be taken; the old holder writes nothing more', async (state, { again, elapse }) => {
      const { run } = await startRun(state, runStart('s'), [intent(1, 'a')]);
      await run.intend(seqs(1));
      await elapse(61_000);
      await using other = await again();
      const { run: next } = await startRun(other, runStart('s', { planId: 'plan-2' }), [intent(5, 'b')]);
      await expect(run.record([at(1, { status: 'applied' })])).rejects.toThrow('lost the lease of s');
      await expect(run.finish({ status: 'finished', finishedAt: 1 })).rejects.toThrow('lost the lease of s');
      await next.intend(seqs(5));
      await next.record([at(5, { status: 'applied' })]);
      await next.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
      expect((await baseRows(other, 's')).records).toMatchObject([
        { key: keyOf('a'), sent: null },
        { key: keyOf('b'), pending: null },
      ]);
    });

    withState('unlock ends exactly the lease that was looked at', async (state) => {
      await expect(state.unlock('s', 1)).rejects.toThrow('nobody holds the lease of s');
      const { lease, run } = await startRun(state, runStart('s'), [intent(1, 'a'), intent(2, 'b')]);
      await expect(state.unlock('s', 7)).rejects.toThrow('the lease of s is at generation 1, not 7');
      await run.intend(seqs(1));
      await state.unlock('s', lease.generation);
      expect(await state.holder('s')).toBeUndefined();
      await expect(run.intend(seqs(2))).rejects.toThrow('lost the lease');
      expect((await state.acquire('s', 'bob@host')).generation).toBeGreaterThan(lease.generation);
    });
  });

  describe(`state ${name}: upkeep`, () => {
    withState('move renames a sync with its records, rejects and history', async (state) => {
      await wholeRun(state, runStart('old'), [
        { intent: intent(1, 'a'), outcome: APPLIED },
        { intent: intent(2, 'r'), outcome: { status: 'rejected', code: 'X', message: '' } },
      ]);
      const before = await baseRows(state, 'old');
      await state.move('old', 'new');
      expect(await state.head('old')).toBeUndefined();
      expect(await state.head('new')).toMatchObject({ sync: 'new', serial: 1, records: 1 });
      expect(await baseRows(state, 'new')).toEqual(before);
      expect((await state.runs('new')).map((run) => run.serial)).toEqual([1]);
      expect(await state.holder('new')).toBeUndefined();
    });

    withState('move takes the unfinished run along', async (state, { again, elapse }) => {
      await using dead = await again();
      const { run } = await startRun(dead, runStart('old'), [intent(1, 'a')]);
      await run.intend(seqs(1));
      await elapse(61_000);
      await state.move('old', 'new');
      expect((await baseRows(state, 'new')).records).toMatchObject([
        { key: keyOf('a'), sent: null, pending: expect.any(String) as string },
      ]);
      expect(await state.head('old')).toBeUndefined();
    });

    withState('move refuses an unknown sync, an existing target and a running apply', async (state) => {
      await wholeRun(state, runStart('one'), [{ intent: intent(1, 'a'), outcome: APPLIED }]);
      await wholeRun(state, runStart('two'), [{ intent: intent(1, 'a'), outcome: APPLIED }]);
      await expect(state.move('none', 'new')).rejects.toThrow('there is no state of none');
      await expect(state.move('one', 'two')).rejects.toThrow('there is state of two already');
      await state.acquire('one', 'alice@host');
      await expect(state.move('one', 'new')).rejects.toThrow('one is being applied by alice@host');
      expect((await state.heads()).map((head) => head.sync)).toEqual(['one', 'two']);
    });

    withState('remove forgets some records, which makes older plans stale', async (state) => {
      await wholeRun(
        state,
        runStart('s'),
        ['a', 'b', 'c'].map((key, seq) => ({ intent: intent(seq, key), outcome: APPLIED })),
        { status: 'partial' },
      );
      expect(await state.remove('s', [keyOf('a'), keyOf('c'), keyOf('absent')])).toBe(2);
      expect((await baseRows(state, 's')).records.map((row) => row['key'])).toEqual([keyOf('b')]);
      expect(await state.head('s')).toMatchObject({ serial: 2, records: 1, lastRun: null });
    });

    withState('remove forgets a whole sync; its history and its serial go on', async (state) => {
      await wholeRun(state, runStart('s'), [
        { intent: intent(1, 'a'), outcome: APPLIED },
        { intent: intent(2, 'r'), outcome: { status: 'rejected', code: 'X', message: '' } },
      ]);
      expect(await state.remove('s')).toBe(1);
      expect(await state.head('s')).toBeUndefined();
      expect(await baseRows(state, 's')).toEqual({ records: [], rejects: [], count: 0 });
      expect(await state.runs('s')).toHaveLength(1);
      expect(await state.remove('s')).toBe(0);
      const { run } = await startRun(state, runStart('s'));
      expect(run.serial).toBe(2);
    });
  });
}
