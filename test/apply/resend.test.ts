/** Changes that a destination refuses for now: locked records, and work that is too much at once. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { send, type Sent } from '../../src/apply/send.ts';
import type { Destination, Outcome, WriteBatch } from '../../src/destinations/destination.ts';
import { TransientError, UserError } from '../../src/errors.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { batchOf } from '../support/write-batch.ts';
import { type Clock, clock } from './clock.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = await Workspace.open({ threads: 1 });
});
afterAll(async () => workspace[Symbol.asyncDispose]());

const BUSY: Outcome = { status: 'again', why: 'busy', code: 'LOCKED', message: 'somebody holds the record' };
const TOO_MUCH: Outcome = { status: 'again', why: 'too_much', code: 'LIMIT', message: 'too much work' };
const APPLIED: Outcome = { status: 'applied' };

interface Sending {
  readonly sent: Sent;
  /** Keys of each call of `write`. */
  readonly calls: readonly (readonly string[])[];
  readonly time: Clock;
}

/** Sends records `0`, `1`, ...; `answer` says what becomes of each in each call. */
async function sending(
  size: number,
  answer: (key: string, call: number, batch: readonly string[]) => Outcome,
  time = clock(),
): Promise<Sending> {
  const calls: string[][] = [];
  const write = async (batch: WriteBatch): Promise<readonly Outcome[]> => {
    const keys = (await batch.changes()).map(({ key }) => key[0] ?? '');
    calls.push(keys);
    return keys.map((key) => answer(key, calls.length, keys));
  };
  const changes = Array.from({ length: size }, (_, seq) => ({ seq, key: [String(seq)], before: null, after: {} }));
  const batch = await batchOf(workspace, {
    object: 'O',
    action: 'create',
    key: [{ field: 'K', type: { kind: 'text' } }],
    fields: [],
    changes,
  });
  const line = {
    context: time.context,
    destination: { write } as unknown as Destination,
    sync: 's',
    limiter: undefined,
    hold: async () => Promise.resolve(),
  };
  return { sent: await send(line, batch), calls, time };
}

describe('busy records', () => {
  test('are sent again alone, later, in halves and in order; the others are not', async () => {
    const locked = new Set(['1', '4', '5']);
    const { sent, calls, time } = await sending(6, (key, call) => (call === 1 && locked.has(key) ? BUSY : APPLIED));
    expect(calls).toEqual([['0', '1', '2', '3', '4', '5'], ['1', '4'], ['5']]);
    expect(sent).toEqual({ outcomes: Array.from({ length: 6 }, () => APPLIED), failure: undefined });
    expect(time.at()).toBeGreaterThan(0);
  });

  test('that stay busy are left to the next run, and cost no other record its write', async () => {
    const { sent, calls } = await sending(3, (key) => (key === '1' ? BUSY : APPLIED));
    expect(sent.failure).toBeUndefined();
    expect(sent.outcomes).toEqual([APPLIED, { status: 'not_attempted', message: 'LOCKED: somebody holds the record' }, APPLIED]);
    expect(calls.filter((keys) => keys.includes('1'))).toHaveLength(5);
    expect(calls.filter((keys) => keys.includes('0'))).toHaveLength(1);
  });

  test('wait as long as the destination asks', async () => {
    const { time } = await sending(1, (_key, call) => (call === 1 ? { ...BUSY, afterMs: 20_000 } : APPLIED));
    expect(time.at()).toBeGreaterThanOrEqual(20_000);
  });

  test('are not sent again once the run is told to stop', async () => {
    const time = clock();
    const { sent, calls } = await sending(2, () => (time.stop(), BUSY), time);
    expect(calls).toHaveLength(1);
    expect(sent.outcomes.map((outcome) => outcome?.status)).toEqual(['not_attempted', 'not_attempted']);
  });
});

describe('work that is too much at once', () => {
  test('is sent in smaller batches, without waiting', async () => {
    const { sent, calls, time } = await sending(5, (_key, _call, batch) => (batch.length > 2 ? TOO_MUCH : APPLIED));
    expect(calls).toEqual([['0', '1', '2', '3', '4'], ['0', '1', '2'], ['0', '1'], ['2'], ['3', '4']]);
    expect(sent.outcomes.every((outcome) => outcome?.status === 'applied')).toBe(true);
    expect(time.at()).toBe(0);
  });

  test('alone, too: the record is rejected', async () => {
    const { sent } = await sending(4, (key) => (key === '2' ? TOO_MUCH : APPLIED));
    expect(sent.outcomes[2]).toEqual({ status: 'rejected', code: 'LIMIT', message: 'too much work' });
    expect(sent.outcomes.filter((outcome) => outcome?.status === 'applied')).toHaveLength(3);
  });
});

test('nothing is sent once the lease is lost', async () => {
  const calls: number[] = [];
  const write = async (batch: WriteBatch): Promise<readonly Outcome[]> => Promise.resolve([calls.push(batch.size)].map(() => APPLIED));
  const lost = new UserError('the lease was taken');
  const changes = [{ seq: 0, key: ['0'], before: null, after: {} }];
  const batch = await batchOf(workspace, {
    object: 'O',
    action: 'create',
    key: [{ field: 'K', type: { kind: 'text' } }],
    fields: [],
    changes,
  });
  const line = { context: clock().context, destination: { write } as unknown as Destination, sync: 's', limiter: undefined };
  expect(await send({ ...line, hold: async () => Promise.reject(lost) }, batch)).toEqual({ outcomes: [undefined], failure: lost });
  expect(calls).toEqual([]);
});

test('what was written before the destination went away stays known', async () => {
  const gone = new TransientError('gone', { retryAfterMs: 3_600_000 });
  const { sent } = await sending(4, (_key, call) => {
    if (call === 3) throw gone;
    return call === 1 ? BUSY : APPLIED;
  });
  expect(sent.failure).toBe(gone);
  expect(sent.outcomes).toEqual([APPLIED, APPLIED, undefined, undefined]);
});
