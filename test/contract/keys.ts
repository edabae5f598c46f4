/** The contract: records are told from each other by their keys, whatever these are made of. */
import { describe, expect, test } from 'vitest';

import { type Account, nonZero } from '../support/project.ts';
import type { Bench } from './bench.ts';
import { ODD } from './objects.ts';
import type { Abilities } from './target.ts';

export function keys(on: Bench, can: Abilities): void {
  describe('keys', () => {
    test('keys with quotes, spaces and signs of other languages', async () => {
      const keys = ["O'Brien", '"x"', 'a\\b', 'ключ', '👩‍🚀', '%', '_', "''", '["a"]', 'a\nb', ' lead', '\u00a0'];
      await using s = await on.scene({
        source: keys.map((key, index): Account => [key, 'Ada', 'Team', index]),
        sync: { on_missing: 'delete' },
      });
      await s.p.apply();
      await on.settled(s.p);
      await s.p.source(...keys.map((key, index): Account => [key, 'Ada', 'Scale', index]));
      expect(nonZero((await s.p.apply()).summary)).toEqual({ applied: keys.length });
      await on.settled(s.p);
      expect((await s.stage.live('Account')).map((record) => record['Plan'])).toEqual(keys.map(() => on.stored('Scale')));
    });

    if (can.keyOfParts) partsOfKey(on);
    else noPartsOfKey(on);
  });
}

function partsOfKey(on: Bench): void {
  test('names that have to be quoted, and a key of two parts', async () => {
    await using s = await on.scene({
      warehouse: [
        'CREATE TABLE odd (a VARCHAR, b INTEGER, "Ünï" VARCHAR)',
        "INSERT INTO odd VALUES ('x', 1, 'one'), ('x', 2, 'two'), ('y', 1, NULL)",
      ],
      sync: {
        source: { connection: 'warehouse', query: 'select * from odd', key: ['a', 'b'] },
        destination: { connection: 'crm', object: ODD.object, key: ODD.key },
        fields: { [ODD.field]: 'Ünï' },
        on_missing: 'delete',
      },
    });
    await s.p.apply();
    await on.settled(s.p);
    await s.p.warehouse(`UPDATE odd SET "Ünï" = 'three' WHERE a = 'x' AND b = 2`, "DELETE FROM odd WHERE a = 'y'");
    expect(nonZero((await s.p.apply()).summary)).toEqual({ applied: 2 });
    expect(await s.stage.live(ODD.object)).toEqual([
      { [ODD.key[0]]: 'x', [ODD.key[1]]: '1', [ODD.field]: on.stored('one') },
      { [ODD.key[0]]: 'x', [ODD.key[1]]: '2', [ODD.field]: on.stored('three') },
    ]);
    await on.settled(s.p);
  });
}

function noPartsOfKey(on: Bench): void {
  test('a key of two parts is refused by the plan', async () => {
    await using s = await on.scene({
      source: [['1', 'Ada', 'Team', 5]],
      sync: {
        source: { connection: 'warehouse', query: 'select * from account', key: ['id', 'name'] },
        destination: { connection: 'crm', object: 'Account', key: ['Id', 'Name'] },
        fields: { Plan: 'plan' },
      },
    });
    const ran = await s.p.run(['apply', '--yes']);
    expect(ran.code).toBe(1);
    expect(ran.stdout + ran.stderr).toContain(on.field('Name'));
    expect(await s.stage.live('Account')).toEqual([]);
  });
}
