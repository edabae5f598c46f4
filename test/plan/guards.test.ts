import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Guard, GUARD_NAMES, type Guards } from '../../src/config/model.ts';
import { UserError } from '../../src/errors.ts';
import { breaches, evaluateGuards, type GuardCounts, limitOf, parseAllowance } from '../../src/plan/guards.ts';

const FREE: Guards = { creates: {}, updates: {}, deletes: {}, clears: {}, nulls: {}, rejects: {} };
const NONE: GuardCounts = { creates: 0, updates: 0, deletes: 0, clears: 0, nulls: 0, rejects: 0, existing: 0 };

describe('the limit of a guard', () => {
  it.each<[Guard, number, number | null]>([
    [{}, 1000, null], [{ max: 5 }, 0, 5], [{ max: 0 }, 1000, 0], [{ percent: 10 }, 1000, 100], [{ percent: 10 }, 0, 0], [{ percent: 10 }, 19, 1], [{ percent: 0 }, 1000, 0], [{ percent: 100 }, 7, 7],
    [{ percent: 10, min: 10 }, 9, null], [{ percent: 10, min: 10 }, 10, 1], [{ percent: 2.5 }, 1000, 25], [{ max: 1000, percent: 10, min: 10 }, 9, 1000], [{ max: 1000, percent: 10, min: 10 }, 100, 10],
    [{ max: 1000, percent: 10, min: 10 }, 20_000, 1000], [{ min: 10 }, 5, null], [{ max: 3, min: 10 }, 5, 3],
  ])('%j of %i existing records is %j', (guard, existing, limit) => {
    expect(limitOf(guard, existing)).toBe(limit);
  }); // prettier-ignore

  it('trips as the design says: above max, or above percent of existing once there are min', () => {
    const natural = fc.nat(2000);
    fc.assert(
      fc.property(
        fc.option(natural),
        fc.option(fc.nat(100)),
        fc.option(natural),
        natural,
        natural,
        (max, percent, min, existing, count) => {
          const guard: Guard = { max: max ?? undefined, percent: percent ?? undefined, min: min ?? undefined };
          const trips = (max !== null && count > max) || (percent !== null && existing >= (min ?? 0) && count * 100 > percent * existing);
          const [result] = evaluateGuards('s', { ...FREE, creates: guard }, { ...NONE, creates: count, existing }, []);
          expect(result?.ok).toBe(!trips);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('evaluating', () => {
  const guards: Guards = { ...FREE, deletes: { max: 10 }, nulls: { percent: 5, min: 100 } };
  const counts: GuardCounts = { ...NONE, deletes: 11, nulls: 6, creates: 1_000_000, existing: 100 };

  it('gives one result for each guard, in their order, with its numbers', () => {
    const results = evaluateGuards('s', guards, counts, []);
    expect(results.map((result) => result.guard)).toEqual(GUARD_NAMES);
    expect(results[0]).toEqual({ guard: 'creates', limit: null, actual: 1_000_000, existing: 100, ok: true, allowed: false });
    expect(results[2]).toEqual({ guard: 'deletes', limit: 10, actual: 11, existing: 100, ok: false, allowed: false });
  });

  it('lets exactly what was allowed pass, for that guard of that sync, up to the count', () => {
    const passes = (text: string, sync = 's'): unknown[] => {
      const result = evaluateGuards(sync, guards, counts, [parseAllowance(text)])[2];
      return [result?.ok, result?.allowed];
    };
    expect(passes('deletes:s=11')).toEqual([true, true]);
    expect(passes('deletes:s=500')).toEqual([true, true]);
    expect(passes('deletes:s=10')).toEqual([false, false]);
    expect(passes('deletes:other=11')).toEqual([false, false]);
    expect(passes('nulls:s=11')).toEqual([false, false]);
    expect(passes('deletes:s=11', 'other')).toEqual([false, false]);
  });

  it('does not call allowed what is within its limit anyway', () => {
    const result = evaluateGuards('s', guards, { ...counts, deletes: 10 }, [parseAllowance('deletes:s=11')])[2];
    expect([result?.ok, result?.allowed]).toEqual([true, false]);
  });

  it('names every breach at once, with its numbers and the way to allow it', () => {
    const found = breaches('s', evaluateGuards('s', guards, counts, []));
    expect(found).toEqual([
      {
        kind: 'guard',
        message: 'deletes: 11 of 100 existing records, the limit is 10',
        hint: expect.stringContaining('--allow deletes:s=11') as unknown,
      },
      {
        kind: 'guard',
        message: 'nulls: 6 of 100 existing records, the limit is 5',
        hint: expect.stringContaining('--allow nulls:s=6') as unknown,
      },
    ]);
    const allowances = found.map((breach) => parseAllowance(/--allow (\S+)/.exec(breach.hint ?? '')?.[1] ?? ''));
    expect(breaches('s', evaluateGuards('s', guards, counts, allowances))).toEqual([]);
  });
});

describe('--allow', () => {
  it('takes GUARD:SYNC=N', () => {
    expect(parseAllowance('deletes:account-health=1200')).toEqual({ guard: 'deletes', sync: 'account-health', count: 1200 });
    expect(parseAllowance('nulls:a:b=0')).toEqual({ guard: 'nulls', sync: 'a:b', count: 0 });
  });

  it.each([
    '',
    'deletes',
    'deletes=5',
    'deletes:s',
    'deletes:s=',
    'deletes:s=-1',
    'deletes:s=1.5',
    'deletes:s=5x',
    ':s=5',
    'deletes:=5',
    'Deletes:s=5',
    'deletes:s=1=2',
  ])('refuses %j', (text) => {
    expect(() => parseAllowance(text)).toThrow(UserError);
  });

  it('says which guard was meant', () => {
    expect(() => parseAllowance('delets:s=5')).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ hint: 'Did you mean "deletes"?' })] }),
    );
    expect(() => parseAllowance('everything:s=5')).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ hint: expect.stringContaining('creates, updates') as unknown })] }),
    );
  });
});
