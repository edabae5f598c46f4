/** The contract when the line to the destination is bad: nothing is written twice, and nothing is forgotten. */
import { describe, expect, test } from 'vitest';

import { type Account, nonZero } from '../support/project.ts';
import type { Bench } from './bench.ts';
import type { Abilities } from './target.ts';

const ROWS: readonly Account[] = [
  ['1', 'ADA', 'TEAM', 5],
  ['2', 'BOB', 'TEAM', 6],
];

export function faults(on: Bench, can: Abilities): void {
  describe('a write that is refused for now', () => {
    test('is tried again, and succeeds', async () => {
      await using s = await on.scene({ source: ROWS });
      await s.p.connect({ ...s.stage.connection, ...(await s.stage.fault?.('refused')) });
      expect(nonZero((await s.p.apply()).summary)).toEqual({ applied: 2 });
      expect(await s.stage.live('Account')).toHaveLength(2);
      await on.settled(s.p);
    });
  });

  describe('a write whose acknowledgement is lost', () => {
    const steps: readonly (readonly [string, readonly Account[], number])[] = [
      ['creates', [...ROWS, ['3', 'CY', 'TEAM', 7], ['4', 'DI', null, 8]], 4],
      ['updates', [['1', 'ADA', 'SCALE', 5], ['2', 'BOB', null, 6]], 2], // prettier-ignore
      ['deletes', ROWS.slice(0, 1), 1],
    ];
    test.each(steps)('%s: looked up where that is possible, never sent twice', async (_name, rows, count) => {
      await using s = await on.scene({ source: ROWS, sync: { on_missing: 'delete' } });
      await s.p.apply();
      await s.p.source(...rows);
      await s.p.connect({ ...s.stage.connection, ...(await s.stage.fault?.('unacknowledged')) });
      await s.p.apply([], can.readByKey ? 0 : 5);
      expect(await s.stage.live('Account')).toHaveLength(count);
      if (can.readByKey) await on.settled(s.p);
      else {
        // Nobody can look: the records stay held until a person says what they are.
        expect((await s.p.run(['apply', '--yes'])).code).toBeOneOf([0, 5]);
        expect(await s.stage.live('Account')).toHaveLength(count);
      }
    });
  });
}
