import { expect, test } from 'vitest';

import { createPaint, PLAIN, wantsColour } from '../../src/report/colour.ts';
import { createProgress, type Progress } from '../../src/report/progress.ts';

function progressAt(clock: { now: number }, options: { isTTY: boolean; quiet?: boolean }): { progress: Progress; written: string[] } {
  const written: string[] = [];
  const progress = createProgress({
    write: (text) => written.push(text),
    isTTY: options.isTTY,
    quiet: options.quiet ?? false,
    now: () => clock.now,
    paint: PLAIN,
    columns: () => 60,
  });
  return { progress, written };
}

test('on a terminal one line is redrawn, with records, rate and time left, and taken away at the end', () => {
  const clock = { now: 0 };
  const { progress, written } = progressAt(clock, { isTTY: true });
  progress.emit({ type: 'apply:start', sync: 'a', total: 10_000 });
  clock.now = 2000;
  progress.emit({ type: 'apply:progress', sync: 'a', done: 2000, total: 10_000, rejected: 3 });
  clock.now = 2010;
  progress.emit({ type: 'apply:progress', sync: 'a', done: 2100, total: 10_000, rejected: 3 });
  progress.emit({ type: 'apply:done', sync: 'a', ms: 2010 });
  expect(written).toEqual([
    '\r\u001b[2Ka: 10,000 changes to apply',
    '\r\u001b[2Ka: 2,000 of 10,000, 1,000/s, 8.0 s left, 3 rejected',
    '\r\u001b[2K',
  ]);
});

test('elsewhere there is a line every few seconds at most, without control characters', () => {
  const clock = { now: 0 };
  const { progress, written } = progressAt(clock, { isTTY: false });
  progress.emit({ type: 'apply:start', sync: 'a', total: 1000 });
  for (clock.now = 0; clock.now <= 20_000; clock.now += 100)
    progress.emit({ type: 'apply:progress', sync: 'a', done: clock.now / 100, total: 1000, rejected: 0 });
  expect(written).toHaveLength(4);
  expect(written.join('')).not.toContain('\u001b');
  expect(written[1]).toBe('a: 100 of 1,000, 10/s, 1 min 30 s left\n');
});

test('warnings always show and take the line away first; notes do not with --quiet', () => {
  const clock = { now: 0 };
  const { progress, written } = progressAt(clock, { isTTY: true });
  progress.emit({ type: 'plan:start', sync: 'a' });
  progress.emit({ type: 'warning', sync: 'a', message: 'careful\u001b[31m' });
  expect(written).toEqual(['\r\u001b[2Ka: planning', '\r\u001b[2K', 'Warning: a: careful\\u001b[31m\n']);
  const quiet = progressAt(clock, { isTTY: true, quiet: true });
  quiet.progress.emit({ type: 'plan:start', sync: 'a' });
  quiet.progress.emit({ type: 'note', message: 'by the way' });
  quiet.progress.emit({ type: 'warning', message: 'careful' });
  expect(quiet.written).toEqual(['Warning: careful\n']);
});

test('colour: the flag outranks NO_COLOR, that outranks FORCE_COLOR, that outranks the terminal', () => {
  const wants = (flag: boolean, env: Record<string, string>, isTTY: boolean): boolean => wantsColour({ flag, env, isTTY });
  expect(wants(false, { FORCE_COLOR: '1' }, true)).toBe(false);
  expect(wants(true, { NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
  expect(wants(true, { FORCE_COLOR: '1' }, false)).toBe(true);
  expect(wants(true, { FORCE_COLOR: '0' }, true)).toBe(false);
  expect(wants(true, { NO_COLOR: '' }, true)).toBe(true);
  expect(wants(true, { TERM: 'dumb' }, true)).toBe(false);
  expect(wants(true, {}, true)).toBe(true);
  expect(wants(true, {}, false)).toBe(false);
  expect(createPaint(true).delete('x')).toBe('\u001b[31mx\u001b[39m');
});
