/** The contract: what is written, and that nothing else is. */
import { describe, expect, test } from 'vitest';

import { type Account, nonZero, resultOf, type Setup } from '../support/project.ts';
import type { Bench, Scene } from './bench.ts';

export function writes(on: Bench): void {
  describe('writes', () => {
    const ROWS: readonly Account[] = [
      ['1', 'Ada', 'Team', 5],
      ['2', 'Bob', null, 6],
      ['3', 'Cy', 'Team', null],
    ];

    test('creates, updates, empties and deletes; what is not its business stays', async () => {
      await using s = await on.scene({ source: ROWS, sync: { on_missing: 'delete' } });
      const { p, stage } = s;
      await stage.insert('Account', on.byHand('stranger', 'Zoe', 'Own', '1'));
      const stranger = on.byHand('stranger', 'Zoe', 'Own', '1');
      expect(await p.summary()).toMatchObject({ create: 3 });
      expect(nonZero((await p.apply()).summary)).toEqual({ applied: 3 });
      expect(await stage.live('Account')).toEqual([
        on.account('1', 'Ada', 'Team', '5'),
        on.account('2', 'Bob', null, '6'),
        on.account('3', 'Cy', 'Team', null),
        stranger,
      ]);
      await on.settled(p);

      await stage.edit('Account', '1', { Notes: 'call back' });
      await p.source(['1', 'Ada L', null, 5], ['2', 'Bob', 'Scale', 6]);
      expect(await p.summary()).toMatchObject({ update: 2, delete: 1 });
      expect(nonZero((await p.apply()).summary)).toEqual({ applied: 3 });
      expect(await stage.live('Account')).toEqual([
        on.account('1', 'Ada L', null, '5', 'call back'),
        on.account('2', 'Bob', 'Scale', '6'),
        stranger,
      ]);
      await on.settled(p);
    });

    test('empties the mapped fields of what left, once', async () => {
      await using s = await on.scene({
        source: ROWS,
        sync: { on_missing: 'clear', fields: { Name: { column: 'name', when: 'create' }, Plan: 'plan', Seats: 'seats' } },
      });
      const { p, stage } = s;
      await p.apply();
      await p.source(...ROWS.slice(1));
      expect(await p.summary()).toMatchObject({ clear: 1 });
      await p.apply();
      expect((await stage.live('Account'))[0]).toMatchObject({ Id: '1', Plan: null, Seats: null });
      await on.settled(p);
    });

    test('a record that comes back after it was deleted is made again', async () => {
      await using s = await on.scene({ source: ROWS, sync: { on_missing: 'delete' } });
      await s.p.apply();
      await s.p.source(...ROWS.slice(1));
      await s.p.apply();
      await on.settled(s.p);
      await s.p.source(...ROWS);
      expect(await s.p.summary()).toMatchObject({ create: 1 });
      await s.p.apply();
      expect(await s.stage.live('Account')).toHaveLength(3);
      await on.settled(s.p);
    });

    test('one bad record among good ones: every good one lands, the bad one is named', async () => {
      const rows = Array.from({ length: 25 }, (_, index): Account => [
        String(100 + index),
        `Name ${index}`,
        index % 10 === 7 ? 'bad' : 'Team',
        index,
      ]);
      await using s = await on.scene({ source: rows, sync: { guards: { rejects: { max: null, percent: null } } } });
      const applied = await s.p.apply([], 5);
      expect(nonZero(applied.summary)).toEqual({ applied: 23, rejected: 2 });
      const examples = resultOf(applied).rejects.flatMap((group) => group.examples.map((example) => example.key));
      expect(examples).toEqual([['107'], ['117']]);
      expect(await s.stage.live('Account')).toHaveLength(23);
      await on.settled(s.p, { known_rejected: 2 });
      await s.p.source(...rows.map((row): Account => [row[0], row[1], 'Team', row[3]]));
      await s.p.apply();
      expect(await s.stage.live('Account')).toHaveLength(25);
      await on.settled(s.p);
    });

    test('a bad update among good ones leaves its record as it was', async () => {
      await using s = await on.scene({ source: ROWS });
      await s.p.apply();
      await s.p.source(['1', 'Ada', 'bad', 5], ['2', 'Bob', 'Scale', 6], ['3', 'Cy', 'Scale', 7]);
      expect(nonZero((await s.p.apply([], 5)).summary)).toEqual({ applied: 2, rejected: 1 });
      expect(await s.stage.live('Account')).toEqual([
        on.account('1', 'Ada', 'Team', '5'),
        on.account('2', 'Bob', 'Scale', '6'),
        on.account('3', 'Cy', 'Scale', '7'),
      ]);
      await on.settled(s.p, { known_rejected: 1 });
    });

    test('a field that the sync takes for a set, or for a number, is compared as such when it is written', async () => {
      const fields = { Plan: { column: 'plan', compare: 'set' }, Notes: { column: 'seats', type: 'integer' } };
      await using s = await on.scene({ source: [['1', 'Ada', 'a;b', 10]], sync: { fields: { Name: 'name', ...fields } } });
      await s.p.apply();
      await s.stage.edit('Account', '1', { Plan: 'b; a', Notes: '010' });
      await on.settled(s.p);
      await s.p.source(['1', 'Ada', 'a;b;c', 11]);
      expect(await s.p.summary()).toMatchObject({ update: 1 });
      expect(nonZero((await s.p.apply()).summary)).toEqual({ applied: 1 });
      await on.settled(s.p);
    });

    test('text arrives as it is: empty is not null, nothing is cut or read as code', async () => {
      const texts = [
        '',
        ' ',
        "it's",
        '"q"',
        'a\\nb',
        '\\N',
        'NULL',
        'line\r\nend',
        '{"a":1}',
        '漢字 e\u0301',
        '👩‍🚀',
        "'); DROP TABLE x; --",
        '${var.x}',
        '\u200b',
        'x'.repeat(1_000),
      ];
      await using s = await on.scene({ source: texts.map((text, index): Account => [String(100 + index), text, text, index]) });
      expect(nonZero((await s.p.apply()).summary)).toEqual({ applied: texts.length });
      expect(await s.stage.live('Account')).toEqual(texts.map((text, index) => on.account(String(100 + index), text, text, String(index))));
      await on.settled(s.p);
    });

    test('many records, more than one batch', async () => {
      await using s = await on.scene({
        warehouse: [
          "CREATE TABLE account AS SELECT CAST(i AS VARCHAR) AS id, 'Name ' || i AS name, 'Team' AS plan, i AS seats FROM range(1, 251) AS r(i)",
        ],
      });
      expect(nonZero((await s.p.apply()).summary)).toEqual({ applied: 250 });
      await on.settled(s.p);
      await s.p.warehouse("UPDATE account SET plan = 'Scale' WHERE seats % 5 = 0");
      expect(nonZero((await s.p.apply()).summary)).toEqual({ applied: 50 });
      await on.settled(s.p);
    });
  });
}

export function references(on: Bench): void {
  describe('references of an object to itself', () => {
    const TREE: Setup = {
      warehouse: ['CREATE TABLE node (id VARCHAR, name VARCHAR, parent VARCHAR)'],
      sync: {
        source: { connection: 'warehouse', query: 'select * from node', key: 'id' },
        destination: { connection: 'crm', object: 'Node', key: 'Id' },
        fields: { Name: 'name', Parent: { reference: { object: 'Node', key: 'Id' }, column: 'parent' } },
      },
    };
    const parents = async ({ stage }: Scene): Promise<unknown[]> => (await stage.live('Node')).map((node) => [node['Id'], node['Parent']]);

    test('a second pass sets them once their targets exist, rings included', async () => {
      await using s = await on.scene(TREE);
      await s.p.warehouse("INSERT INTO node VALUES ('1', 'Ada', '2'), ('2', 'Bob', '1'), ('3', 'Cy', NULL), ('4', 'Di', '3')");
      expect(nonZero((await s.p.apply()).summary)).toEqual({ applied: 4 });
      expect(await parents(s)).toEqual([['1', '2'], ['2', '1'], ['3', null], ['4', '3']]); // prettier-ignore
      await on.settled(s.p);
      await s.p.warehouse("UPDATE node SET parent = NULL WHERE id = '1'", "UPDATE node SET parent = '2' WHERE id = '4'");
      expect(nonZero((await s.p.apply()).summary)).toEqual({ applied: 2 });
      expect(await parents(s)).toEqual([['1', null], ['2', '1'], ['3', null], ['4', '2']]); // prettier-ignore
      await on.settled(s.p);
    });
  });
}
