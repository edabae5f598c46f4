import fc from 'fast-check';
import { expect, test } from 'vitest';

import { RateLimiter } from '../../src/apply/rate-limit.ts';
import { clock } from './clock.ts';

test('the burst goes at once, the rest at the rate', async () => {
  const time = clock();
  const limiter = new RateLimiter(time.context, { perSecond: 4, burst: 2, of: 'requests' });
  const sent: number[] = [];
  for (let request = 0; request < 5; request += 1) {
    await limiter.take(100);
    sent.push(time.at());
  }
  expect(sent).toEqual([0, 0, 250, 500, 750]);
});

test('records count where the destination counts records', async () => {
  const time = clock();
  const limiter = new RateLimiter(time.context, { perSecond: 100, burst: 100, of: 'records' });
  for (const records of [100, 50, 250]) await limiter.take(records);
  expect(time.at()).toBe(3_000);
});

test('a pause refills the bucket, but never over its brim', async () => {
  const time = clock();
  const limiter = new RateLimiter(time.context, { perSecond: 1, burst: 3, of: 'requests' });
  await limiter.take(1);
  await time.context.sleep(3_600_000);
  const before = time.at();
  for (let request = 0; request < 4; request += 1) await limiter.take(1);
  expect(time.at() - before).toBe(1_000);
});

test('over any stretch, never more than the burst and the rate allow', async () => {
  const step = fc.record({ wait: fc.integer({ min: 0, max: 3_000 }), records: fc.integer({ min: 1, max: 40 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
      const time = clock();
      const rate = { perSecond: 20, burst: 40, of: 'records' } as const;
      const limiter = new RateLimiter(time.context, rate);
      const sent: { at: number; records: number }[] = [];
      for (const { wait, records } of steps) {
        await time.context.sleep(wait);
        await limiter.take(records);
        sent.push({ at: time.at(), records });
      }
      for (const [from, { at }] of sent.entries()) {
        for (let to = from; to < sent.length; to += 1) {
          const total = sent.slice(from, to + 1).reduce((sum, each) => sum + each.records, 0);
          const seconds = ((sent[to]?.at ?? 0) - at) / 1_000;
          expect(total).toBeLessThanOrEqual(rate.burst + seconds * rate.perSecond + 1e-9); // of floating point
        }
      }
    }),
    { numRuns: 500 },
  );
});
