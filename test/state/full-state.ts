/** A state with everything a state can hold, and all of it read back: for tests that move state between backends. */
import type { State } from '../../src/state/state.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { at, baseRows, hashOf, intent, keyOf, runStart, seqs, startRun, wholeRun } from './harness.ts';

const APPLIED = { status: 'applied' } as const;

/** Two syncs with everything a state can hold; one of them was left by a process that died. A third was forgotten. */
export async function fill(state: State): Promise<void> {
  const odd = '{"Name":"O\'Brien 😀 \\u0000","Empty":"","Null":null}';
  const adoption = { sync: 's', kind: 'left', key: keyOf('c'), key_hash: hashOf('c') } as const;
  await wholeRun(state, runStart('s', { runId: 's1', commit: '4f2c1ab' }), [
    { intent: intent(1, 'a', { sent: odd, returned: '{"Name":"x"}' }), outcome: { status: 'applied', remoteId: '001A', verified: true } },
    { intent: intent(2, 'c'), outcome: APPLIED },
    { intent: intent(3, '日本",\n'), outcome: APPLIED },
    { intent: intent(4, 'r'), outcome: { status: 'rejected', code: 'X', message: 'no,\n"way"' } },
    { intent: intent(5, 'u'), outcome: { status: 'unknown' } },
  ]);
  await wholeRun(state, runStart('s', { runId: 's2', planId: 'plan-2', startedAt: 1_790_000_000_001 }), [
    { intent: intent(1, 'a', { action: 'update', before: '{"Name":"old"}' }), outcome: APPLIED },
  ], { status: 'partial', adoptions: [adoption] }); // prettier-ignore
  await wholeRun(state, runStart('gone', { runId: 'g1', startedAt: 1_790_000_000_002 }), [{ intent: intent(1, 'g'), outcome: APPLIED }]);
  await state.remove('gone');
  const { lease, run } = await startRun(state, runStart("o'clock", { runId: 'o1', startedAt: 1_790_000_000_003 }), [
    intent(1, 'a'),
    intent(2, 'b'),
  ]);
  await run.intend(seqs(1, 2));
  await run.record([at(1, APPLIED)]);
  await lease.release();
}

export async function everything(state: State): Promise<unknown> {
  await using workspace = await Workspace.open();
  const records = [];
  for (const runId of ['s1', 's2', 'g1', 'o1']) {
    records.push(
      await workspace.rows(`SELECT * REPLACE (seq::INTEGER AS seq) FROM ${await state.runRecords(workspace, runId)} ORDER BY seq`),
    );
  }
  const [one, two] = [await baseRows(state, 's'), await baseRows(state, "o'clock")];
  // A head counts records of runs that are folded in; base has them all.
  const heads = (await state.heads()).map((head) => ({ ...head, records: null }));
  return { one, two, heads, runs: await state.runs(), records };
}
