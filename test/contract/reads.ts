/** The contract: what is found, and what is not there. */
import { describe, expect, test } from 'vitest';

import type { Bench } from './bench.ts';

export function reads(on: Bench): void {
  describe('reads', () => {
    test('describe says which fields there are and how a record is told from another', async () => {
      await using s = await on.scene();
      const ran = await s.p.run(['describe', 'accounts', '--json']);
      expect(ran).toMatchObject({ code: 0 });
      const text = JSON.stringify(ran.json);
      for (const field of ['Id', 'Name', 'Plan', 'Seats', 'Notes']) expect(text).toContain(`"${on.field(field)}"`);
    });

    test('an object that is not there is an error that names it', async () => {
      await using s = await on.scene({ sync: { destination: { connection: 'crm', object: 'Acount', key: 'Id' } } });
      const ran = await s.p.run(['plan']);
      expect(ran.code).toBe(1);
      expect(ran.stdout + ran.stderr).toContain('Acount');
    });

    test('a field that is not there is an error that names it', async () => {
      await using s = await on.scene({ sync: { fields: { Nmae: 'name' } }, source: [['1', 'Ada', 'Team', 5]] });
      const ran = await s.p.run(['plan']);
      expect(ran.code).toBe(1);
      expect(ran.stdout + ran.stderr).toContain('Nmae');
    });
  });
}
