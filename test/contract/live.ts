/** The contract where live records can be read: what agrees is adopted, what moved is seen, and nothing is overwritten unseen. */
import { describe, expect, test } from 'vitest';

import { type Account, nonZero } from '../support/project.ts';
import type { Bench, Scene } from './bench.ts';
import type { Abilities } from './target.ts';

const ROWS: readonly Account[] = [
  ['1', 'ADA', 'TEAM', 5],
  ['2', 'BOB', 'TEAM', 6],
  ['3', 'CY', 'TEAM', 7],
  ['4', 'DI', 'TEAM', 8],
];

export function live(on: Bench, can: Abilities): void {
  describe('a first run over records that are there', () => {
    test('what agrees is adopted without a write, what differs is a takeover, what is missing is created', async () => {
      await using s = await on.scene({ source: ROWS });
      await s.stage.insert('Account', on.byHand('1', 'ADA', 'TEAM', '5'), on.byHand('2', 'BOB', 'OLD', '6'));
      await s.stage.insert('Account', on.byHand('3', 'CY', null, '7'));
      expect(await s.p.summary()).toEqual({ create: 1, update: 2, takeover: 1, adopt: 1, unchanged: 1 });
      expect(nonZero((await s.p.apply()).summary)).toEqual({ applied: 3 });
      expect(await s.stage.live('Account')).toEqual([
        on.account('1', 'ADA', 'TEAM', '5', 'by hand'),
        on.account('2', 'BOB', 'TEAM', '6', 'by hand'),
        on.account('3', 'CY', 'TEAM', '7', 'by hand'),
        on.account('4', 'DI', 'TEAM', '8'),
      ]);
      await on.settled(s.p);
    });

    test('a record that was there is not deleted when it leaves, unless that was asked for', async () => {
      await using s = await on.scene({ source: ROWS, sync: { on_missing: 'delete' } });
      await s.stage.insert('Account', on.byHand('1', 'ADA', 'TEAM', '5'));
      await s.p.apply();
      await s.p.source(...ROWS.slice(2));
      expect(nonZero((await s.p.apply()).summary)).toMatchObject({ applied: 1 });
      expect((await s.stage.live('Account')).map((record) => record['Id'])).toEqual(['1', '3', '4']);
      await on.settled(s.p);
    });
  });

  if (can.readAll) drift(on);

  describe('between the plan and the apply', () => {
    test('records that moved are held, the others are written', async () => {
      await using s = await on.scene({ source: ROWS, sync: { on_missing: 'delete' } });
      await s.p.apply();
      await s.p.source(['1', 'ADA', 'SCALE', 5], ['2', 'BOB', 'SCALE', 6], ['5', 'EVE', 'TEAM', 9], ['6', 'FAY', 'TEAM', 9]);
      const planned = await s.p.run(['plan', '--out', 'plan.duckdb']);
      expect(planned.code).toBe(0);
      // One update, one delete and one create are no longer what they were.
      await s.stage.edit('Account', '1', { Plan: 'BY HAND' });
      await s.stage.edit('Account', '3', { Plan: 'BY HAND' });
      await s.stage.insert('Account', on.byHand('5', 'EVA', 'OWN', '1'));
      const ran = await s.p.apply(['plan.duckdb'], 5);
      expect(nonZero(ran.summary)).toEqual({ applied: 3, held: 3 });
      expect(await s.stage.live('Account')).toEqual([
        on.account('1', 'ADA', 'BY HAND', '5'),
        on.account('2', 'BOB', 'SCALE', '6'),
        on.account('3', 'CY', 'BY HAND', '7'),
        on.byHand('5', 'EVA', 'OWN', '1'),
        on.account('6', 'FAY', 'TEAM', '9'),
      ]);
      // The next plan sees what is there, and settles it.
      await s.p.apply(['--refresh', 'all']);
      await on.settled(s.p);
    });

    test('an update whose record is gone is held; a delete whose record is gone is done', async () => {
      await using s = await on.scene({ source: ROWS, sync: { on_missing: 'delete' } });
      await s.p.apply();
      await s.p.source(['1', 'ADA', 'SCALE', 5], ['2', 'BOB', 'TEAM', 6], ['4', 'DI', 'TEAM', 8]);
      expect((await s.p.run(['plan', '--out', 'plan.duckdb'])).code).toBe(0);
      await s.stage.remove('Account', '1');
      await s.stage.remove('Account', '3');
      const ran = await s.p.apply(['plan.duckdb'], 5);
      expect(ran.summary.applied + ran.summary.unchanged + ran.summary.held).toBe(2);
      expect((await s.stage.live('Account')).map((record) => record['Id'])).toEqual(['2', '4']);
      await s.p.apply(['--refresh', 'all']);
      expect((await s.stage.live('Account')).map((record) => record['Id'])).toEqual(['1', '2', '4']);
      await on.settled(s.p);
    });

    test('fields that the sync does not own may move: nothing is held', async () => {
      await using s = await on.scene({ source: ROWS });
      await s.p.apply();
      await s.p.source(['1', 'ADA', 'SCALE', 5], ...ROWS.slice(1));
      expect((await s.p.run(['plan', '--out', 'plan.duckdb'])).code).toBe(0);
      await s.stage.edit('Account', '1', { Notes: 'call back' });
      expect(nonZero((await s.p.apply(['plan.duckdb'])).summary)).toEqual({ applied: 1 });
      expect((await s.stage.live('Account'))[0]).toEqual(on.account('1', 'ADA', 'SCALE', '5', 'call back'));
      await on.settled(s.p);
    });
  });
}

/** What only a look at every record shows. */
function drift(on: Bench): void {
  describe('drift', () => {
    const drifted = async (onDrift: string): Promise<Scene> => {
      const s = await on.scene({ source: ROWS, sync: { on_drift: onDrift } });
      await s.p.apply();
      await s.stage.edit('Account', '1', { Plan: 'BY HAND' });
      await s.stage.edit('Account', '2', { Notes: 'nobody minds' });
      await s.stage.remove('Account', '3');
      return s;
    };

    test('is seen and written over', async () => {
      await using s = await drifted('overwrite');
      expect(await s.p.summary(['--refresh', 'all'])).toMatchObject({ update: 1, create: 1, drift: 2 });
      expect(nonZero((await s.p.apply(['--refresh', 'all'])).summary)).toEqual({ applied: 2 });
      expect(await s.stage.live('Account')).toEqual([
        on.account('1', 'ADA', 'TEAM', '5'),
        on.account('2', 'BOB', 'TEAM', '6', 'nobody minds'),
        on.account('3', 'CY', 'TEAM', '7'),
        on.account('4', 'DI', 'TEAM', '8'),
      ]);
      await on.settled(s.p);
    });

    test('is seen and left alone', async () => {
      await using s = await drifted('keep');
      const before = await s.stage.live('Account');
      await s.p.apply(['--refresh', 'all'], 5);
      expect(await s.stage.live('Account')).toEqual(before);
      await on.settled(s.p, { held: 2, drift: 2 });
      expect(nonZero((await s.p.apply(['--refresh', 'all'], 5)).summary)).toEqual({ held: 2 });
    });
  });

  test('a key that is there twice is touched by nobody', async () => {
    await using s = await on.scene({ source: [['x', 'ADA', 'TEAM', 5], ['x', 'EVA', 'TEAM', 5], ['y', 'BOB', 'TEAM', 6]] }); // prettier-ignore
    expect(await s.p.summary()).toMatchObject({ create: 1, rejected: 2 });
    await s.p.apply([], 5);
    expect(await s.stage.live('Account')).toEqual([on.account('y', 'BOB', 'TEAM', '6')]);
    await on.settled(s.p, { known_rejected: 2 });
  });
}
