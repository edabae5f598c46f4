import { expect, test } from 'vitest';

import { Breaker } from '../../src/apply/breaker.ts';

test('opens after three failed batches in a row, and says what the last one said', () => {
  const breaker = new Breaker();
  breaker.failed('connection refused');
  breaker.failed('connection refused');
  expect(breaker.open).toBeUndefined();
  breaker.failed('connection reset');
  expect(breaker.open).toBe('stopped: 3 batches in a row failed, the last one with: connection reset');
});

test('a batch that gets through closes it again', () => {
  const breaker = new Breaker();
  for (let round = 0; round < 10; round += 1) {
    breaker.failed('deadlock');
    breaker.failed('deadlock');
    breaker.succeeded();
  }
  expect(breaker.open).toBeUndefined();
});
