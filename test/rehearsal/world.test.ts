/** What a test gives becomes the world that the planner sees: types, snapshots, references, selection. */
import { readdir } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import type { ObjectSchema } from '../../src/destinations/destination.ts';
import { RehearsalProject, SYNC, typeTest, typeTestJson, verdict } from './run.ts';
import { nonZero, project as realProject } from '../support/project.ts';
import { sluice } from '../cli/run.ts';

const OK = 'ok      accounts: it   0 ms\n1 passed in 0 ms.\n';

function mapping(...lines: readonly string[]): string {
  return SYNC.replace(/ {2}Name: [^]*$/, lines.map((line) => `  ${line}\n`).join(''));
}

describe('types without a snapshot', () => {
  it.each([
    ['an integer beyond 64 bits', '12345678901234567890', '12345678901234567891'],
    ['a decimal', '1.10', '1.11'],
    ['an exponent', '1e6', '1000001'],
    ['text with leading zeros', '"007"', '"7"'],
    ['a boolean', 'true', 'false'],
    ['a date', '2026-01-31', '2026-02-01'],
    ['an instant', '2026-01-31T10:00:00+02:00', '2026-01-31T10:00:00Z'],
    ['a list', '[b, 1.10]', '[b, 1.20]'],
    ['a map', '{ a: 1, b: [x] }', '{ a: 1, b: [y] }'],
  ])('%s stays exactly what it is', async (_name, value, other) => {
    const given = `given: { rows: [{ id: A1, name: ${value} }] }\n`;
    expect(await verdict(`${given}expect: { create: [{ Id: A1, Name: ${value} }] }`)).toBe(OK);
    expect(await verdict(`${given}expect: { create: [{ Id: A1, Name: ${other} }] }`)).toMatch(
      /^not ok .*\n.*\n {8}create A1: not as expected .*\n {12}Name {3}expected .* got .*\n1 failed/,
    );
  });

  it.each([
    ['numbers', '1.10', '1.1'],
    ['whole numbers', '60000', '60000.00'],
    ['instants', '2026-01-31T10:00:00+02:00', '2026-01-31 08:00:00Z'],
    ['maps', '{ a: 1, b: 2 }', '{ b: 2, a: 1 }'],
    ['JSON as text', '\'["x"]\'', '[x]'],
  ])('%s are compared as values', async (_name, value, same) => {
    expect(await verdict(`given: { rows: [{ id: A1, name: ${value} }], base: [{ Id: A1, Name: ${same} }] }\nexpect: { update: 0 }`)).toBe(
      OK,
    );
  });

  it('what only looks like a date is text', async () => {
    expect(await verdict('given: { rows: [{ id: A1, name: 2026-02-31 }] }\nexpect: { create: [{ Id: A1, Name: 2026-02-31 }] }')).toBe(OK);
  });

  it('a live value of another kind is not taken for nothing', async () => {
    const given = 'given: { rows: [{ id: A1, seats: 5 }], base: [{ Id: A1, Seats: 5 }], live: [{ Id: A1, Seats: unknown }] }\n';
    expect(await verdict(`${given}expect: { update: [{ Id: A1, Seats: 5 }] }`)).toBe(OK);
  });

  it('SQL sees numbers as numbers, and columns of other tests', async () => {
    const sync = mapping('Tier: { sql: "case when seats * 1.5 > 10 then name else upper(plan) end" }');
    const tests = `
kind: Test
name: big
sync: accounts
given: { rows: [{ id: A1, seats: 10, name: big, plan: x }] }
expect: { create: [{ Id: A1, Tier: big }] }
---
kind: Test
name: unknown
sync: accounts
given: { rows: [{ id: A1, plan: basic }] }
expect: { create: [{ Id: A1, Tier: BASIC }] }
`;
    await using project = await RehearsalProject.create({ sync, tests });
    expect((await typeTest(project.root)).stdout).toBe(
      'ok      accounts: big   0 ms\nok      accounts: unknown   0 ms\n2 passed in 0 ms.\n',
    );
  });

  it('SQL that needs more than the rows give is told where it stands', async () => {
    const sync = mapping('Tier: { sql: upper(plan) }');
    expect(await verdict('given: { rows: [{ id: A1 }] }\nexpect: {}', sync)).toBe(
      [
        'not ok  accounts: it   0 ms',
        '        syncs/tests.yaml:1:1',
        '        syncs/accounts.yaml:9:22: Referenced column "plan" not found in FROM clause!',
        '          Did you mean "id"? A test without a snapshot knows only the columns that its rows give, null ones too, typed as they are written; `sluice describe accounts --save` keeps the real ones.',
        '1 failed in 0 ms.\n',
      ].join('\n'),
    );
  });
});

describe('rows', () => {
  it('with a misspelt column are an error', async () => {
    expect(await verdict('given: { rows: [{ id: A1, nmae: X }] }\nexpect: { create: 1 }')).toContain(
      '        syncs/tests.yaml:4:33: given.rows: accounts maps no column "nmae"\n          Did you mean "name"?\n',
    );
  });

  it('may hold more than the mapping uses, in any case of letters', async () => {
    expect(await verdict('given: { rows: [{ ID: A1, Name: X, owner: somebody }] }\nexpect: { create: [{ Id: A1, Name: X }] }')).toBe(OK);
  });

  it('without any key are an error', async () => {
    expect(await verdict('given: { rows: [{ name: X }] }\nexpect: { create: 1 }')).toContain(
      '        syncs/tests.yaml:4:10: given.rows: no row has the key id\n          A record is known by its key; write null for a row without one.\n',
    );
  });

  it('may be none: nothing is deleted', async () => {
    expect(await verdict('given: { rows: [], base: [{ Id: A1 }] }\nexpect: { unchanged: 1 }', `${SYNC}on_missing: delete\n`)).toBe(OK);
  });

  it('hold values that SQL would take for its own', async () => {
    const name = "Robert'); DROP TABLE given_base; --";
    expect(await verdict(`given: { rows: [{ id: "A'1", name: "${name}" }] }\nexpect: { create: [{ Id: "A'1", Name: "${name}" }] }`)).toBe(
      OK,
    );
  });
});

describe('base and live', () => {
  it('need a key', async () => {
    expect(await verdict('given: { rows: [{ id: A1 }], base: [{ Name: X }] }\nexpect: {}')).toContain(
      '        syncs/tests.yaml:4:37: given.base: the record has no Id\n          A record is known by its key.\n',
    );
  });

  it('of a live record may be null, but not left out', async () => {
    const given = (live: string): string => `given: { rows: [{ id: A1 }], live: [${live}] }\n`;
    expect(await verdict(`${given('{ Id: null, Name: X }')}expect: { create: 1 }`)).toBe(OK);
    expect(await verdict(`${given('{ ID: A1, Name: X }')}expect: { create: 1 }`)).toContain(
      'syncs/tests.yaml:4:37: given.live: the record has no key\n          Write Id; null for a record without a key.\n',
    );
  });

  it('a field without base is taken over, one with a null base is drift', async () => {
    const sync = SYNC.replace('Plan: plan', 'Plan: { column: plan, on_drift: keep }');
    const given = (base: string): string => `given: { rows: [{ id: A1, plan: Gold }], base: [${base}], live: [{ Id: A1, Plan: Basic }] }\n`;
    expect(await verdict(`${given('{ Id: A1, Name: null }')}expect: { update: [{ Id: A1, Plan: Gold }] }`, sync)).toBe(OK);
    expect(await verdict(`${given('{ Id: A1, Plan: null }')}expect: { held: [{ key: A1, reason: conflict }] }`, sync)).toBe(OK);
  });

  it('two live records with one key are ambiguous', async () => {
    const given = 'given: { rows: [{ id: A1 }], live: [{ Id: A1 }, { Id: A1 }] }\n';
    expect(await verdict(`${given}expect: { rejected: [{ key: A1, code: AMBIGUOUS_TARGET }] }`)).toBe(OK);
  });

  it('with refresh none, live does not count', async () => {
    const given = 'given: { rows: [{ id: A1, name: X }], base: [{ Id: A1, Name: X }], live: [{ Id: A1, Name: Y }] }\n';
    expect(await verdict(`${given}expect: { unchanged: 1 }`, `${SYNC}refresh: none\n`)).toBe(OK);
    expect(await verdict(`${given}expect: { update: 1 }`)).toBe(OK);
  });

  it('keys of several fields', async () => {
    const sync = SYNC.replace('key: id', 'key: [id, line]').replace('key: Id', 'key: [Id, Line]');
    const given = 'given: { rows: [{ id: A1, line: 1, name: X }], base: [{ Id: A1, Line: 1, Name: X }, { Id: A1, Line: 2, Name: X }] }\n';
    expect(
      await verdict(`${given}expect: { delete: [{ Id: A1, Line: 2 }], unchanged: [{ Line: 1, Id: A1 }] }`, `${sync}on_missing: delete\n`),
    ).toBe(OK);
    expect(await verdict(`${given}expect: { delete: 0 }`, `${sync}on_missing: delete\n`)).toContain(
      'delete: expected 0 records, got 1: [A1, 2]',
    );
  });
});

describe('references', () => {
  it('to another object resolve', async () => {
    const sync = mapping('Owner: { reference: { object: User, key: Email }, column: name }');
    expect(await verdict('given: { rows: [{ id: A1, name: ada@x }] }\nexpect: { create: [{ Id: A1, Owner: ada@x }] }', sync)).toBe(OK);
  });

  it('to the object itself resolve among live and new records only, and are one change', async () => {
    const sync = mapping('Name: name', 'Parent: { reference: { object: Account, key: Id }, column: plan }');
    const rows = '[{ id: A1, name: X, plan: A2 }, { id: A2, name: Y }, { id: A3, name: Z, plan: A9 }]';
    const expected =
      '{ create: [{ Id: A1, Parent: A2 }, { Id: A2, Parent: null }], rejected: [{ key: A3, code: REFERENCE_NOT_FOUND, field: Parent }] }';
    expect(await verdict(`given: { rows: ${rows} }\nexpect: ${expected}`, sync)).toBe(OK);
    const given = `given: { rows: [{ id: A1, name: X, plan: A2 }, { id: A2, name: Y }], base: [{ Id: A1, Name: X, Parent: null }] }\n`;
    expect(await verdict(`${given}expect: { create: [{ Id: A2 }], update: [{ Id: A1, Parent: A2 }] }`, sync)).toBe(OK);
  });
});

describe('mapped records', () => {
  it('replace the mapping, but for constants', async () => {
    const sync = mapping('Tier: { sql: "no_such_function(x)" }', 'Source: { value: warehouse }');
    const given = 'given: { mapped: [{ Id: A1, Tier: Big }, { Id: A2, Tier: Big, Source: other }] }\n';
    expect(await verdict(`${given}expect: { create: [{ Id: A1, Tier: Big, Source: warehouse }, { Id: A2, Source: other }] }`, sync)).toBe(
      OK,
    );
  });
});

describe('a snapshot', () => {
  const field = { nullable: true, hasDefault: false, creatable: true, updatable: true, readable: true };
  const schema: ObjectSchema = {
    object: 'Account',
    fields: [
      { ...field, name: 'Id', type: { kind: 'text' }, nativeType: 'VARCHAR' },
      { ...field, name: 'Name', type: { kind: 'text' }, nativeType: 'VARCHAR(5)', maxLength: 5 },
      { ...field, name: 'Plan', type: { kind: 'text' }, nativeType: 'VARCHAR' },
      { ...field, name: 'Seats', type: { kind: 'integer', min: '0', max: '99' }, nativeType: 'INTEGER' },
    ],
    uniqueKeys: [['Id']],
    references: [],
  };
  const columns = ['id', 'name', 'plan']
    .map((name) => ({ name, type: 'VARCHAR' }))
    .concat({ name: 'seats', type: 'INTEGER' }, { name: 'extra', type: 'DATE' });

  async function withSnapshot(test: string, snapshot: string): Promise<string> {
    await using project = await RehearsalProject.create({ tests: `kind: Test\nname: it\nsync: accounts\n${test}` });
    await project.write('syncs/.snapshots/accounts.json', snapshot);
    return (await typeTest(project.root)).stdout;
  }
  const saved = JSON.stringify({ format_version: '1.0', sync: 'accounts', source: { columns }, destination: schema });

  it('brings the real types and limits', async () => {
    const given = 'given: { rows: [{ id: A1, name: Umbrella, seats: 100 }, { id: A2, name: X, seats: 100 }, { id: A3, seats: 5 }] }\n';
    const expected =
      'expect: { create: [{ Id: A3 }], rejected: [{ key: A1, code: STRING_TOO_LONG }, { key: A2, code: TYPE_MISMATCH, field: Seats }] }';
    expect(await withSnapshot(`${given}${expected}`, saved)).toBe(OK);
    expect(await withSnapshot(`${given}expect: { create: [{ Id: A3 }], rejected: 1 }`, saved)).toContain(
      'rejected: expected 1 record, got 2: A1, A2',
    );
  });

  it('makes values and columns that cannot be an error', async () => {
    expect(await withSnapshot('given: { rows: [{ id: A1, seats: many, extra: 2026-02-31 }] }\nexpect: {}', saved)).toBe(
      [
        'not ok  accounts: it   0 ms',
        '        syncs/tests.yaml:1:1',
        '        syncs/tests.yaml:4:34: given.rows: the column seats is INTEGER, and this is no value of it',
        '        syncs/tests.yaml:4:47: given.rows: the column extra is DATE, and this is no value of it',
        '1 failed in 0 ms.\n',
      ].join('\n'),
    );
    expect(await withSnapshot('given: { rows: [{ id: A1, seat: 5 }] }\nexpect: {}', saved)).toContain(
      'syncs/tests.yaml:4:33: given.rows: the query has no column "seat"\n          Did you mean "seats"? Columns come from .snapshots/accounts.json; save it again when the query has changed.\n',
    );
    const misfits = await withSnapshot(
      'given: { rows: [{ id: A1 }], base: [{ Id: A1, Seats: few }] }\nexpect: { create: [{ Id: A1, Seats: 100 }] }',
      saved,
    );
    expect(misfits).toContain('syncs/tests.yaml:4:54: the field Seats is of type integer, and this is no value of it\n');
    expect(misfits).toContain('syncs/tests.yaml:5:37: the field Seats is of type integer, and this is no value of it\n');
  });

  it('that is older than the mapping says how to save it again', async () => {
    const old = JSON.stringify({
      format_version: '1.0',
      sync: 'accounts',
      source: { columns },
      destination: { ...schema, fields: schema.fields.slice(0, 3) },
    });
    expect(await withSnapshot('given: { rows: [{ id: A1 }] }\nexpect: {}', old)).toContain(
      'syncs/accounts.yaml:11:10: Account has no field "Seats"\n          It has: Id, Name, Plan. Types come from .snapshots/accounts.json; `sluice describe accounts --save` brings it up to date.\n',
    );
  });

  it('that is damaged, or newer than this program, is an error', async () => {
    const test = 'given: { rows: [{ id: A1 }] }\nexpect: { create: 1 }';
    expect(await withSnapshot(test, '{')).toContain(
      '.snapshots/accounts.json is no snapshot of a sync\n          Save it again: sluice describe accounts --save\n',
    );
    expect(await withSnapshot(test, saved.replace('"1.0"', '"2.0"'))).toContain(
      '.snapshots/accounts.json has the format 2.0; this Sluice reads 1.0\n',
    );
  });

  it('is what describe --save writes', async () => {
    await using p = await realProject();
    expect(await p.run(['describe', '--save'])).toMatchObject({ code: 0 });
    await p.write('syncs/tests.yaml', {
      kind: 'Test',
      name: 'it',
      sync: 'accounts',
      given: { rows: [{ id: 'A1', seats: 'many' }] },
      expect: {},
    });
    expect((await typeTest(p.root)).stdout).toContain('given.rows: the column seats is INTEGER, and this is no value of it');
  });
});

describe('beside a real plan', () => {
  it('says the same of the same world', async () => {
    const sync = { on_missing: 'delete', fields: { Name: 'name', Plan: { column: 'plan', on_drift: 'keep' }, Seats: 'seats' } };
    await using p = await realProject({ sync, source: [['A1', 'X', 'Basic', 1], ['A2', 'Y', 'Basic', 2], ['A3', 'Z', 'Basic', 3]] }); // prettier-ignore
    await p.apply();
    await p.source(
      ['A1', 'X', 'Gold', 1],
      ['A2', 'Y', 'Basic', 20],
      ['A4', 'New', null, 4],
      ['A5', 'Twice', null, 5],
      ['A5', 'Twice', null, 6],
    );
    await p.crm("UPDATE Account SET Plan = 'Silver' WHERE Id = 'A1'");
    expect(nonZero(await p.summary())).toEqual({ create: 1, update: 1, delete: 1, held: 1, conflict: 1, rejected: 2 });

    const record = (Id: string, Name: string, Seats: number, Plan = 'Basic'): object => ({ Id, Name, Plan, Seats });
    const base = [record('A1', 'X', 1), record('A2', 'Y', 2), record('A3', 'Z', 3)];
    await p.write('syncs/tests.yaml', {
      kind: 'Test',
      name: 'it',
      sync: 'accounts',
      given: {
        rows: [
          { id: 'A1', name: 'X', plan: 'Gold', seats: 1 },
          { id: 'A2', name: 'Y', plan: 'Basic', seats: 20 },
          { id: 'A4', name: 'New', seats: 4 },
          { id: 'A5', name: 'Twice', seats: 5 },
          { id: 'A5', name: 'Twice', seats: 6 },
        ],
        base,
        live: [record('A1', 'X', 1, 'Silver'), ...base.slice(1)],
      },
      expect: {
        create: [{ Id: 'A4', Name: 'New', Plan: null, Seats: 4 }],
        update: [{ Id: 'A2', Seats: 20 }],
        delete: [{ Id: 'A3' }],
        held: [{ key: 'A1', reason: 'conflict', field: 'Plan' }],
        rejected: [{ key: 'A5', code: 'AMBIGUOUS_SOURCE' }],
        unchanged: 0,
      },
    });
    expect((await typeTest(p.root)).stdout).toBe(OK);
  });
});

describe('the command', () => {
  it('opens no connection and asks for no secret', async () => {
    const test = 'kind: Test\nname: it\nsync: accounts\ngiven: { rows: [{ id: A1 }] }\nexpect: { create: 1 }\n';
    await using project = await RehearsalProject.create({ tests: test });
    expect(await sluice(project.root, ['plan'])).toMatchObject({ code: 1, stderr: expect.stringContaining('WAREHOUSE') });
    const env = { WAREHOUSE: 'w', CRM: 'c' };
    expect(await sluice(project.root, ['plan'], { env })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('there is no database file'),
    });
    expect(await typeTest(project.root)).toEqual({ code: 0, stdout: OK, stderr: '' });
    expect((await readdir(project.root)).sort()).toEqual(['syncs']);
  });

  const tests = ['accounts', 'contacts'].map(
    (sync) => `kind: Test\nname: of ${sync}\nsync: ${sync}\ngiven: { rows: [{ id: A1 }] }\nexpect: { create: 1 }\n`,
  );
  const sync = `${SYNC}tags: [crm]\n---\n${SYNC.trimStart().replace('name: accounts', 'name: contacts').replace('object: Account', 'object: Contact')}`;

  it.each([
    [[], 'ok      accounts: of accounts   0 ms\nok      contacts: of contacts   0 ms\n2 passed in 0 ms.\n'],
    [['contacts'], 'ok      contacts: of contacts   0 ms\n1 passed in 0 ms.\n'],
    [['--select', 'tag:crm'], 'ok      accounts: of accounts   0 ms\n1 passed in 0 ms.\n'],
  ])('runs what is selected with %j', async (args, stdout) => {
    await using project = await RehearsalProject.create({ sync, tests: tests.join('---\n') });
    expect(await typeTest(project.root, args)).toEqual({ code: 0, stdout, stderr: '' });
  });

  it('says when there is nothing to run, and what it does not know', async () => {
    await using project = await RehearsalProject.create({ sync, tests: tests[0]! });
    expect(await typeTest(project.root, ['contacts'])).toEqual({
      code: 0,
      stdout: 'There are no Test documents for these syncs.\n',
      stderr: '',
    });
    expect(await typeTest(project.root, ['contact'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('there is no sync "contact"'),
    });
  });

  it('goes on after a test that fails, and exits with 1', async () => {
    await using project = await RehearsalProject.create({
      sync,
      tests: [tests[0]!.replace('create: 1', 'create: 2'), tests[1]!].join('---\n'),
    });
    expect(await typeTest(project.root)).toEqual({
      code: 1,
      stdout: [
        'not ok  accounts: of accounts   0 ms',
        '        syncs/tests.yaml:1:1',
        '        create: expected 2 records, got 1: A1   syncs/tests.yaml:5:19',
        'ok      contacts: of contacts   0 ms',
        '1 passed, 1 failed in 0 ms.\n',
      ].join('\n'),
      stderr: '',
    });
  });

  it('prints one JSON document', async () => {
    const update =
      'kind: Test\nname: it\nsync: accounts\ngiven: { rows: [{ id: A1, name: X, plan: Y }], adopted: [{ Id: A1 }] }\nexpect: { update: [{ Id: A1, Name: Z, Seats: 1 }] }\n';
    await using project = await RehearsalProject.create({ tests: update });
    const { code, document } = await typeTestJson(project.root);
    expect(code).toBe(1);
    expect(document).toEqual({
      passed: 0,
      failed: 1,
      duration_ms: 0,
      tests: [
        {
          name: 'it',
          sync: 'accounts',
          where: 'syncs/tests.yaml:1:1',
          passed: false,
          duration_ms: 0,
          problems: [],
          differences: [
            {
              kind: 'different',
              action: 'update',
              key: ['A1'],
              message: 'update A1: not as expected',
              where: 'syncs/tests.yaml:5:20',
              fields: [
                { field: 'Name', problem: 'differs', expected: 'Z', got: 'X', sensitive: false },
                { field: 'Seats', problem: 'not_written', expected: '1', got: null, sensitive: false },
                { field: 'Plan', problem: 'not_expected', expected: null, got: 'Y', sensitive: false },
              ],
            },
          ],
          notes: [],
        },
      ],
    });
  });
});
