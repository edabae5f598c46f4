/** Each way in which a test can be wrong, as a person reads it. */
import { describe, expect, it } from 'vitest';

import { SYNC, verdict } from './run.ts';

const OK = 'ok      accounts: it   0 ms\n1 passed in 0 ms.\n';

/** The text of a failed test, without its first and last line. */
function failed(...lines: readonly string[]): string {
  return `${['not ok  accounts: it   0 ms', '        syncs/tests.yaml:1:1', ...lines.map((line) => `        ${line}`), '1 failed in 0 ms.'].join('\n')}\n`;
}

const ONE_UPDATE = `
given:
  rows: [{ id: A1, name: Umbrella, plan: Scale, seats: 12 }]
  base: [{ Id: A1, Name: Umbrella, Plan: Basic, Seats: 3 }]
`;
const ONE_DELETE = `
given:
  rows: [{ id: A1, name: Umbrella }]
  base: [{ Id: A1, Name: Umbrella }, { Id: A2, Name: Hooli }]
`;
const DELETES = `${SYNC}on_missing: delete\n`;
const CLEARS = `${SYNC}on_missing: clear\n`;
const KEEPS = SYNC.replace('Plan: plan', 'Plan: { column: plan, on_drift: keep }');
const DRIFTED = `
given:
  rows: [{ id: A1, name: Umbrella, plan: Basic }]
  base: [{ Id: A1, Name: Umbrella, Plan: Basic }]
  live: [{ Id: A1, Name: Umbrella, Plan: Gold }]
`;

describe('an update', () => {
  it('as expected passes', async () => {
    expect(await verdict(`${ONE_UPDATE}expect: { update: [{ Id: A1, Plan: Scale, Seats: 12 }] }`)).toBe(OK);
  });

  it('shows other values, missing and further fields, in columns', async () => {
    expect(await verdict(`${ONE_UPDATE}expect: { update: [{ Id: A1, Name: Globex, Plan: Gold }] }`)).toBe(
      failed(
        'update A1: not as expected   syncs/tests.yaml:7:20',
        '    Name    expected "Globex"   not written',
        '    Plan    expected "Gold"     got "Scale"',
        '    Seats   not expected        got 12',
      ),
    );
  });

  it('that nobody expects shows what it writes', async () => {
    expect(await verdict(`${ONE_UPDATE}expect: { unchanged: [{ Id: A1 }] }`)).toBe(
      failed(
        'update A1: not expected (Plan, Seats)   syncs/tests.yaml:7:1',
        '    Plan    "Scale"',
        '    Seats   12',
        'unchanged A1: expected, but it is updated (Plan, Seats)   syncs/tests.yaml:7:23',
      ),
    );
  });

  it('of a record that is created instead', async () => {
    const given = 'given: { rows: [{ id: A1, name: Umbrella, plan: null }] }\n';
    expect(await verdict(`${given}expect: { update: [{ Id: A1, Name: Umbrella }] }`)).toBe(
      failed(
        'create A1: not expected   syncs/tests.yaml:5:1',
        '    Name   "Umbrella"',
        'update A1: expected, but it is created   syncs/tests.yaml:5:20',
      ),
    );
  });

  it('of a record that nobody gave', async () => {
    expect(await verdict(`${ONE_UPDATE}expect: { update: [{ Id: A1, Plan: Scale, Seats: 12 }, { Id: A9, Plan: Scale }] }`)).toBe(
      failed('update A9: expected, but the test gives no record with this key   syncs/tests.yaml:7:56'),
    );
  });

  it('that is listed twice', async () => {
    const record = '{ Id: A1, Plan: Scale, Seats: 12 }';
    expect(await verdict(`${ONE_UPDATE}expect: { update: [${record}, ${record}] }`)).toBe(
      failed('update A1: expected, but it is listed twice   syncs/tests.yaml:7:56'),
    );
  });
});

describe('a create', () => {
  const given = 'given: { rows: [{ id: A1, name: Umbrella, plan: null }, { id: A2, name: Hooli }] }\n';

  it('is compared by the values that matter', async () => {
    expect(await verdict(`${given}expect: { create: [{ Id: A2 }, { Id: A1, Name: Umbrella, Plan: null }] }`)).toBe(OK);
  });

  it('shows a value that differs, null among them', async () => {
    expect(await verdict(`${given}expect: { create: [{ Id: A1, Name: null, Plan: Gold }, { Id: A2 }] }`)).toBe(
      failed(
        'create A1: not as expected   syncs/tests.yaml:5:20',
        '    Name   expected null     got "Umbrella"',
        '    Plan   expected "Gold"   got null',
      ),
    );
  });

  it('counts', async () => {
    expect(await verdict(`${given}expect: { create: 2 }`)).toBe(OK);
    expect(await verdict(`${given}expect: { create: 3 }`)).toBe(
      failed('create: expected 3 records, got 2: A1, A2   syncs/tests.yaml:5:19'),
    );
    expect(await verdict(`${given}expect: { create: 1 }`)).toBe(failed('create: expected 1 record, got 2: A1, A2   syncs/tests.yaml:5:19'));
  });

  it('shows where long values part', async () => {
    const long = 'x'.repeat(200);
    const rows = `given: { rows: [{ id: A1, name: ${long}1 }] }\n`;
    expect(await verdict(`${rows}expect: { create: [{ Id: A1, Name: ${long}2 }] }`)).toBe(
      failed(
        'create A1: not as expected   syncs/tests.yaml:5:20',
        `    Name   expected "...${'x'.repeat(18)}2"   got "...${'x'.repeat(18)}1"`,
      ),
    );
  });

  it('shows what a terminal would swallow', async () => {
    const rows = String.raw`given: { rows: [{ id: "A\e[31m", name: "red\e[0m\u202e" }] }` + '\n';
    expect(await verdict(`${rows}expect: { create: 0 }`)).toBe(
      failed('create: expected 0 records, got 1: "A\\u001b[31m"   syncs/tests.yaml:5:19'),
    );
    expect(await verdict(`${rows}expect: {}`)).toBe(
      failed('create "A\\u001b[31m": not expected   syncs/tests.yaml:5:1', '    Name   "red\\u001b[0m\\u202e"'),
    );
  });
});

describe('a delete', () => {
  it('as expected passes', async () => {
    expect(await verdict(`${ONE_DELETE}expect: { delete: [{ Id: A2 }], unchanged: [{ Id: A1 }] }`, DELETES)).toBe(OK);
  });

  it('of the wrong record', async () => {
    expect(await verdict(`${ONE_DELETE}expect: { delete: [{ Id: A1 }] }`, DELETES)).toBe(
      failed('delete A1: expected, but nothing happens to it   syncs/tests.yaml:7:20', 'delete A2: not expected   syncs/tests.yaml:7:11'),
    );
  });

  it('where a record is cleared', async () => {
    expect(await verdict(`${ONE_DELETE}expect: { delete: [{ Id: A2 }] }`, CLEARS)).toBe(
      failed('delete A2: expected, but it is cleared   syncs/tests.yaml:7:20', 'clear A2: not expected   syncs/tests.yaml:7:1'),
    );
    expect(await verdict(`${ONE_DELETE}expect: { clear: [{ Id: A2 }] }`, CLEARS)).toBe(OK);
  });

  it('of an adopted record does not happen', async () => {
    const adopted = ONE_DELETE.replace('base:', 'adopted:');
    expect(await verdict(`${adopted}expect: { unchanged: 2 }`, DELETES)).toBe(OK);
  });

  it('compares the key only, and says so', async () => {
    expect(await verdict(`${ONE_DELETE}expect: { delete: [{ Id: A2, Name: Hooli }] }`, DELETES)).toBe(
      failed('syncs/tests.yaml:7:36: expect.delete: only the key is compared, so Name proves nothing', '  Write only Id.'),
    );
  });
});

describe('unchanged', () => {
  it('is complete when it is there', async () => {
    const given = 'given: { rows: [{ id: A1, name: X }], adopted: [{ Id: A1, Name: X }, { Id: A2, Name: Y }] }\n';
    expect(await verdict(`${given}expect: { unchanged: [{ Id: A1 }] }`)).toBe(
      failed('unchanged A2: not in the list, but nothing happens to it   syncs/tests.yaml:5:11'),
    );
    expect(await verdict(`${given}expect: { unchanged: 2 }`)).toBe(OK);
    expect(await verdict(`${given}expect: {}`)).toBe(OK);
  });
});

describe('held', () => {
  it('as expected passes, with or without why', async () => {
    for (const held of ['[{ key: A1 }]', '[{ key: A1, reason: drift, field: Plan }]', '[{ key: [A1] }]', '1']) {
      expect(await verdict(`${DRIFTED}expect: { held: ${held} }`, KEEPS)).toBe(OK);
    }
  });

  it('for another reason', async () => {
    expect(await verdict(`${DRIFTED}expect: { held: [{ key: A1, reason: conflict, field: Name }] }`, KEEPS)).toBe(
      failed(
        'held A1: not as expected   syncs/tests.yaml:8:18',
        '    reason   expected "conflict"   got "drift"',
        '    field    expected "Name"       got "Plan"',
      ),
    );
  });

  it('where nothing is', async () => {
    expect(await verdict(`${DRIFTED}expect: { held: [{ key: A1 }] }`)).toBe(
      failed(
        'update A1: not expected (Plan)   syncs/tests.yaml:8:1',
        '    Plan   "Basic"',
        'held A1: expected, but it is updated (Plan)   syncs/tests.yaml:8:18',
      ),
    );
  });

  it('that nobody expects', async () => {
    expect(await verdict(`${DRIFTED}expect: {}`, KEEPS)).toBe(failed('held A1: not expected (drift: Plan)   syncs/tests.yaml:8:1'));
  });

  it('with a key of too many parts', async () => {
    expect(await verdict(`${DRIFTED}expect: { held: [{ key: [A1, B] }] }`, KEEPS)).toBe(
      failed("syncs/tests.yaml:8:20: expect.held: the key has 2 parts, the sync's key has 1: Id"),
    );
  });
});

describe('rejected', () => {
  const rows = 'given: { rows: [{ id: A1, name: X }, { id: A1, name: Y }, { id: null, name: Z }] }\n';

  it('as expected passes', async () => {
    expect(await verdict(`${rows}expect: { rejected: [{ key: A1, code: AMBIGUOUS_SOURCE }, { key: null, code: NULL_KEY }] }`)).toBe(OK);
    expect(await verdict(`${rows}expect: { rejected: 2 }`)).toBe(OK);
  });

  it('with another code, and without being expected', async () => {
    expect(await verdict(`${rows}expect: { rejected: [{ key: A1, code: NULL_KEY }] }`)).toBe(
      failed(
        'rejected A1: not as expected   syncs/tests.yaml:5:22',
        '    code   expected "NULL_KEY"   got "AMBIGUOUS_SOURCE"',
        'rejected null: not expected (NULL_KEY: the key (id) is null)   syncs/tests.yaml:5:11',
      ),
    );
  });

  it('names the field at fault', async () => {
    const sync = SYNC.replace('Seats: seats', 'Seats: { column: seats, type: integer }');
    const given = 'given: { rows: [{ id: A1, name: X, seats: many }] }\n';
    expect(await verdict(`${given}expect: { rejected: [{ key: A1, code: TYPE_MISMATCH, field: Seats }] }`, sync)).toBe(OK);
    expect(await verdict(`${given}expect: { create: [{ Id: A1 }] }`, sync)).toBe(
      failed(
        'create A1: expected, but it is rejected (TYPE_MISMATCH Seats: the value does not fit integer)   syncs/tests.yaml:5:20',
        'rejected A1: not expected (TYPE_MISMATCH Seats: the value does not fit integer)   syncs/tests.yaml:5:1',
      ),
    );
  });
});

describe('checks', () => {
  const sync = `${SYNC}checks:\n  - { name: nobody is renamed, sql: "select key from changes where before.Name <> after.Name" }\n`;
  const given = 'given: { rows: [{ id: A1, name: Y }], base: [{ Id: A1, Name: X }] }\n';

  it('that are violated fail the test', async () => {
    expect(await verdict(`${given}expect: { update: 1 }`, sync)).toBe(
      failed('check "nobody is renamed": violated, and not expected to be   syncs/tests.yaml:5:1', String.raw`    {"key":"[\"A1\"]"}`),
    );
  });

  it('may be expected to be violated', async () => {
    expect(await verdict(`${given}expect: { update: 1, violates: [nobody is renamed] }`, sync)).toBe(OK);
  });

  it('are expected and not violated, or not there at all', async () => {
    const quiet = 'given: { rows: [{ id: A1, name: X }], base: [{ Id: A1, Name: X }] }\n';
    expect(await verdict(`${quiet}expect: { violates: [nobody is renamed, nobody is deleted] }`, sync)).toBe(
      failed(
        'check "nobody is renamed": expected to be violated, but it is not   syncs/tests.yaml:5:1',
        'check "nobody is deleted": expected to be violated, but the sync has no such check; it has "nobody is renamed"   syncs/tests.yaml:5:1',
      ),
    );
  });
});

it('guards are told and decide nothing', async () => {
  const sync = `${DELETES}guards: { deletes: { max: 0 } }\n`;
  expect(await verdict(`${ONE_DELETE}expect: { delete: 1 }`, sync)).toMatch(/^ok {6}accounts: it {3}0 ms\n {8}note: .*deletes.*\n1 passed/);
});

it('sensitive values are compared and never shown', async () => {
  const sync = SYNC.replace('Plan: plan', 'Plan: { column: plan, sensitive: true }');
  const given = 'given: { rows: [{ id: A1, name: X, plan: Gold }], base: [{ Id: A1, Name: X, Plan: Basic }] }\n';
  const project = 'kind: Project\nname: acme\nstate: { path: ../state.duckdb, key: "${env.KEY}" }\n';
  expect(await verdict(`${given}expect: { update: [{ Id: A1, Plan: Gold }] }`, sync, project)).toBe(OK);
  expect(await verdict(`${given}expect: { update: [{ Id: A1, Plan: Silver }] }`, sync, project)).toBe(
    failed('update A1: not as expected   syncs/tests.yaml:5:20', '    Plan   expected (sensitive)   got another value'),
  );
  expect(await verdict(`${given}expect: {}`, sync, project)).toBe(
    failed('update A1: not expected (Plan)   syncs/tests.yaml:5:1', '    Plan   (sensitive)'),
  );
});
