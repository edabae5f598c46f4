/** `sluice test`: what its documents may say, and how it says that they are wrong. */
import { readFile, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { inferType } from '../../src/commands/testing/infer.ts';
import { type Folder, folder } from '../support/database.ts';
import { expectSchema, sluice } from './run.ts';

/** The project of `init`, with these Test documents instead of its own. */
async function projectWith(tests: string): Promise<Folder> {
  const here = await folder();
  expect((await sluice(here.path, ['init'])).code).toBe(0);
  await writeFile(here.file('syncs/tests.yaml'), tests);
  return here;
}

const document = (name: string, given: string, expected: string): string =>
  `kind: Test\nname: ${name}\nsync: customers\ngiven: ${given}\nexpect: ${expected}\n`;

test('the tests that init writes pass, and need neither connection nor secret', async () => {
  await using here = await folder();
  await sluice(here.path, ['init']);
  const path = here.file('syncs/connections.yaml');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"../crm.duckdb"', '${env.NOT_SET}'));
  const { code, stdout } = await sluice(here.path, ['test']);
  expect(stdout).toBe(
    'ok    customers: a customer who pays a lot is Enterprise\nok    customers: the owner that somebody chose stays\n2 tests passed.\n',
  );
  expect(code).toBe(0);
});

test('what differs is said record by record and field by field', async () => {
  await using here = await projectWith(
    document(
      'all wrong',
      `
  rows:
    - { customer_id: "1", name: New, mrr: "10.00" }
    - { customer_id: "2", name: Changed, plan_name: Team, mrr: "5.00" }
  base:
    - { External_Id: "2", Name: Before, Plan: Team, MRR: "5.00", Tier: SMB, Owner: Sales }
    - { External_Id: "3", Name: Left, MRR: "5.00", Tier: SMB, Owner: Sales }`,
      `
  create: [{ External_Id: "1", Name: Old }, { External_Id: "9", Name: Nobody }]
  update: [{ External_Id: "2", Name: Changed, Plan: Free }]
  delete: [{ External_Id: "3" }]
  unchanged: [{ External_Id: "2" }]
  held: 1`,
    ),
  );
  const { code, stdout } = await sluice(here.path, ['test']);
  expect(code).toBe(1);
  expect(stdout).toBe(`FAIL  customers: all wrong   syncs/tests.yaml:1:1
        create 1: Name: expected "Old", the plan has "New"
        create: expected 9, the plan has nothing for it
        update 2: Plan: expected "Free", it is not written
        delete: expected 3, the plan has nothing for it
        unchanged: expected 2, the plan has update 2 (Name: "Changed")
        held: expected 1 record, the plan has 0
1 of 1 test failed.
`);
  const json = JSON.parse((await sluice(here.path, ['test', '--json'])).stdout) as {
    passed: number;
    failed: number;
    tests: { failures: string[] }[];
  };
  expectSchema('test-result', json);
  expect(json).toMatchObject({ passed: 0, failed: 1 });
  expect(json.tests[0]!.failures).toHaveLength(6);
});

test('what a plan does beyond the expected is a failure, too', async () => {
  await using here = await projectWith(document('too little', '{ rows: [{ customer_id: "1", name: New, mrr: "10" }] }', '{ update: 0 }'));
  expect((await sluice(here.path, ['test'])).stdout).toContain('create: the plan also has 1 (Name: "New"');
});

test('drift, rejects, adopted records and records that come after the mapping', async () => {
  await using here = await projectWith(
    [
      document(
        'held',
        `{ rows: [{ customer_id: "1", name: A, mrr: "1.00" }], base: [{ External_Id: "1", Name: A, MRR: "1.00", Tier: SMB, Owner: Sales }], live: [{ External_Id: "1", Name: B, MRR: "1.00", Tier: SMB, Owner: Sales }] }`,
        '{ held: [{ key: "1", reason: drift, field: Name }] }',
      ),
      document(
        'duplicate',
        '{ rows: [{ customer_id: "1", name: A, mrr: "1" }, { customer_id: "1", name: B, mrr: "1" }] }',
        '{ rejected: [{ key: "1", code: AMBIGUOUS_SOURCE }] }',
      ),
      document('adopted', '{ rows: [], adopted: [{ External_Id: "1", Name: A }] }', '{ unchanged: [{ External_Id: "1" }] }'),
      document(
        'mapped',
        '{ mapped: [{ External_Id: "1", Name: A, Tier: Custom }] }',
        '{ create: [{ External_Id: "1", Name: A, Tier: Custom }] }',
      ),
      document(
        'numbers and dates',
        '{ rows: [{ customer_id: "1", name: A, mrr: 1250.50, signed_up_on: 2026-01-31 }] }',
        '{ create: [{ External_Id: "1", MRR: 1250.5, Signed_Up: 2026-01-31, Tier: Enterprise }] }',
      ),
    ].join('---\n'),
  );
  const path = here.file('syncs/customers.yaml');
  await writeFile(path, (await readFile(path, 'utf8')).replace('tags: [crm]', 'on_drift: keep'));
  expect((await sluice(here.path, ['test'])).stdout).toContain('5 tests passed.');
});

test('with a snapshot the types and constraints of the real ends are part of the test', async () => {
  const nameless = '{ rows: [{ customer_id: "1", name: null, mrr: "10.00" }] }';
  await using here = await projectWith(document('no name', nameless, '{ rejected: [{ key: "1", field: Name }] }'));
  expect((await sluice(here.path, ['test'])).code).toBe(1);
  expect((await sluice(here.path, ['describe', '--save'])).code).toBe(0);
  expect((await sluice(here.path, ['test'])).stdout).toContain('1 test passed.');
});

test('types are inferred from all values of a column', () => {
  const type = (...values: (string | null)[]): string => inferType('A', values.map((value) => ({ a: value }))); // prettier-ignore
  expect(type('1', '2.50', null)).toBe('DECIMAL(38,2)');
  expect(type('007', '8')).toBe('VARCHAR');
  expect(type('true', 'false')).toBe('BOOLEAN');
  expect(type('2026-01-31')).toBe('DATE');
  expect(type('2026-01-31', 'soon')).toBe('VARCHAR');
  expect(type(null)).toBe('VARCHAR');
});
