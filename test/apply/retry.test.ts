import { describe, expect, test } from 'vitest';

import { type Retry, withRetry } from '../../src/apply/retry.ts';
import { TransientError, UserError } from '../../src/errors.ts';
import { type Clock, clock } from './clock.ts';

const POLICY = { attempts: 5, baseMs: 100, maxWaitMs: 400, budgetMs: 2_000 };

/** Fails as often as there are errors, then gives `done`. */
function failing(...errors: readonly Error[]): { readonly work: () => Promise<string>; readonly calls: () => number } {
  const state = { calls: 0 };
  const work = async (): Promise<string> => {
    const error = errors[state.calls];
    state.calls += 1;
    return error === undefined ? Promise.resolve('done') : Promise.reject(error);
  };
  return { work, calls: () => state.calls };
}

const busy = (retryAfterMs?: number): TransientError => new TransientError('busy', retryAfterMs === undefined ? {} : { retryAfterMs });

async function run(time: Clock, work: () => Promise<string>): Promise<{ retries: Retry[]; result: string }> {
  const retries: Retry[] = [];
  const result = await withRetry(time.context, POLICY, work, (retry) => retries.push(retry)).catch((error: unknown) => String(error));
  return { retries, result };
}

describe('withRetry', () => {
  test('doubles the longest wait up to its limit, and draws from all of it', async () => {
    for (const [random, waits] of [
      ['00000000', [0, 0, 0, 0]],
      ['80000000', [50, 100, 200, 200]],
      ['ffffffff', [100, 200, 400, 400]],
    ] as const) {
      // prettier-ignore
      const { retries, result } = await run(clock(random), failing(busy(), busy(), busy(), busy()).work);
      expect(retries.map((retry) => retry.waitMs)).toEqual(waits);
      expect(retries.map((retry) => retry.attempt)).toEqual([1, 2, 3, 4]);
      expect(result).toBe('done');
    }
  });

  test('gives up after its attempts, with the last error', async () => {
    const { work, calls } = failing(busy(), busy(), busy(), busy(), new TransientError('still busy'));
    expect((await run(clock(), work)).result).toBe('TransientError: still busy');
    expect(calls()).toBe(5);
  });

  test('waits as long as it is asked to, never less', async () => {
    const time = clock('00000000');
    const { retries } = await run(time, failing(busy(700)).work);
    expect(retries).toEqual([{ attempt: 1, waitMs: 700, reason: 'busy' }]);
    expect(time.at()).toBe(700);
  });

  test('begins no wait that would outlast its time', async () => {
    const time = clock();
    const { work, calls } = failing(busy(1_500), busy(1_500));
    expect((await run(time, work)).result).toBe('TransientError: busy');
    expect([calls(), time.at()]).toEqual([2, 1_550]);
    expect((await run(clock(), failing(busy(3_600_000)).work)).retries).toEqual([]);
  });

  test('counts the time that the calls take', async () => {
    const time = clock();
    const slow = async (): Promise<string> => {
      await time.context.sleep(1_200);
      throw busy();
    };
    expect((await run(time, slow)).retries).toHaveLength(1);
  });

  test('repeats nothing that a retry cannot cure', async () => {
    const { work, calls } = failing(new UserError('no such table'));
    expect((await run(clock(), work)).result).toBe('UserError: no such table');
    expect(calls()).toBe(1);
  });

  test('stops waiting when the run is told to stop, and does not call again', async () => {
    const time = clock();
    const { work, calls } = failing(busy(1_000));
    const sleep = async (ms: number): Promise<void> => {
      await time.context.sleep(ms);
      if (time.at() >= 500) time.stop();
    };
    await expect(withRetry({ ...time.context, sleep }, POLICY, work, () => undefined)).rejects.toThrow('busy');
    expect([calls(), time.at()]).toEqual([1, 500]);
  });
});
