import { expect, test } from 'vitest';

import { plural } from '../src/words.ts';

test.each([
  [0, '0 records'],
  [1, '1 record'],
  [2, '2 records'],
  [1_234_567, '1,234,567 records'],
])('%i', (value, text) => {
  expect(plural(value, 'record')).toBe(text);
});

test('a verb agrees when both forms are given', () => {
  expect(plural(1, 'row has', 'rows have')).toBe('1 row has');
  expect(plural(2, 'row has', 'rows have')).toBe('2 rows have');
});
