/** What stops a plan: guards, checks, `max_live_reads`; what allows it; and what the command exits with. */
import { describe, expect, test } from 'vitest';

import { type Account, fields, nonZero, planOf, project, resultOf, type Setup, type TestProject } from '../support/project.ts';
import { established } from './cycle.ts';

/** Accounts with the keys 1 to n. */
function accounts(count: number, plan: string | null = 'Team'): Account[] {
  return Array.from({ length: count }, (_, index) => [String(index + 1), `Name ${index + 1}`, plan, index] as const);
}

async function blockedBy(p: TestProject, guard: string, code = 3): Promise<Record<string, unknown>> {
  const document = await p.plan([], code);
  const result = planOf(document).guards.find((each) => each.guard === guard);
  return { ...result };
}

describe('each guard', () => {
  test('creates: unlimited by default, a limit by max', async () => {
    await using p = await project({ sync: { guards: { creates: { max: 2 } } }, source: accounts(3) });
    expect(await blockedBy(p, 'creates')).toMatchObject({ limit: 2, actual: 3, ok: false });
    await p.sync({});
    expect(await blockedBy(p, 'creates', 0)).toMatchObject({ limit: null, ok: true });
  });

  test('updates: half of what exists, by default, once there are 100; takeovers included', async () => {
    await using p = await project({ source: accounts(100, 'New'), live: accounts(100) });
    expect(await blockedBy(p, 'updates')).toMatchObject({ limit: 50, actual: 100, existing: 100, ok: false });
    await p.apply([], 3);
    expect((await p.live())[0]).toEqual(['1', 'Name 1', 'Team', '0', 'note 1']);
  });

  test('updates: below 100 existing records there is no limit', async () => {
    await using p = await project({ source: accounts(99, 'New'), live: accounts(99) });
    expect(await blockedBy(p, 'updates', 0)).toMatchObject({ limit: null, actual: 99, ok: true });
  });

  test('deletes: a tenth, by default, once there are 10', async () => {
    await using p = await established({ sync: { on_missing: 'delete' }, source: accounts(20) });
    await p.source(...accounts(18));
    expect(await p.summary()).toEqual({ delete: 2, unchanged: 18 });
    await p.source(...accounts(17));
    expect(await blockedBy(p, 'deletes')).toMatchObject({ limit: 2, actual: 3, existing: 20, ok: false });
  });

  test('deletes: below 10 existing records there is no limit', async () => {
    await using p = await established({ sync: { on_missing: 'delete' }, source: accounts(9) });
    await p.source(...accounts(1));
    expect(await blockedBy(p, 'deletes', 0)).toMatchObject({ limit: 1000, actual: 8, ok: true });
  });

  test('clears: the same', async () => {
    await using p = await established({ sync: { on_missing: 'clear' }, source: accounts(20) });
    await p.source(...accounts(17));
    expect(await blockedBy(p, 'clears')).toMatchObject({ limit: 2, actual: 3, existing: 20, ok: false });
  });

  test('nulls: values that a plan would null', async () => {
    await using p = await established({ source: accounts(100) });
    await p.source(...accounts(6, null), ...accounts(100).slice(6));
    expect(await blockedBy(p, 'nulls')).toMatchObject({ limit: 5, actual: 6, existing: 100, ok: false });
    await p.source(...accounts(5, null), ...accounts(100).slice(5));
    expect(await blockedBy(p, 'nulls', 0)).toMatchObject({ actual: 5, ok: true });
  });

  test('rejects: a twentieth, by default, once there are 20', async () => {
    await using p = await established({
      warehouse: ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats VARCHAR)'],
      source: accounts(20),
    });
    await p.warehouse("UPDATE account SET seats = 'many' WHERE id = '1'");
    expect(await blockedBy(p, 'rejects', 0)).toMatchObject({ limit: 1, actual: 1, ok: true });
    await p.warehouse("UPDATE account SET seats = 'many' WHERE id = '2'");
    expect(await blockedBy(p, 'rejects')).toMatchObject({ limit: 1, actual: 2, existing: 20, ok: false });
  });

  test('rejects stop an apply while it runs', async () => {
    await using p = await project({
      sync: { guards: { rejects: { max: 1 } } },
      source: accounts(6),
      api: { batch_size: 2, faults: { reject_value: 'Name' } },
    });
    const result = resultOf(await p.apply([], 5));
    expect(result).toMatchObject({ rejected: 2, not_attempted: 4, status: 'partial' });
    expect(result.messages.join()).toMatch(/2 records were rejected, the limit is 1/);
    expect(await p.writes()).toHaveLength(1);
  });

  test('rejects that are allowed do not stop it', async () => {
    await using p = await project({
      sync: { guards: { rejects: { max: 1 } } },
      source: accounts(6),
      api: { batch_size: 2, faults: { reject_value: 'Name' } },
    });
    const result = resultOf(await p.apply(['--allow', 'rejects:accounts=4'], 5));
    expect(result).toMatchObject({ rejected: 6, not_attempted: 0 });
  });

  test('a guard of the project holds for every sync; a sync may have its own', async () => {
    await using p = await project({
      project: { guards: { creates: { max: 1 } } },
      sync: [{}, { name: 'wide', destination: { connection: 'crm', object: 'Wide', key: 'Id' }, guards: { creates: { max: 9 } } }],
      crm: [
        'CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)',
        'CREATE TABLE Wide (Id VARCHAR, Name VARCHAR, Plan VARCHAR, Seats INTEGER)',
      ],
      source: accounts(2),
    });
    const document = await p.plan([], 3);
    expect(planOf(document).blocked).toMatchObject([{ kind: 'guard' }]);
    expect(planOf(document, 'wide').blocked).toEqual([]);
    expect(document.applyable).toBe(true);
  });
});

describe('a breach', () => {
  const breached: Setup & { source: Account[] } = {
    sync: { on_missing: 'delete', guards: { deletes: { max: 1 }, updates: { max: 1 }, creates: { max: 0 } } },
    source: accounts(6),
  };

  async function breach(): Promise<TestProject> {
    const p = await established({ ...breached, sync: { on_missing: 'delete' } });
    await p.sync(breached.sync ?? {});
    await p.source(['1', 'A', 'Team', 0], ['2', 'B', 'Team', 1], ['7', 'New', 'Team', 6]);
    return p;
  }

  test('all are shown at once, with their numbers and how to allow them; the plan file is written all the same', async () => {
    await using p = await breach();
    const text = await p.planText(['--out', 'plan.duckdb'], 3);
    expect(text).toMatch(/creates: 1 .*limit is 0/);
    expect(text).toMatch(/updates: 2 .*limit is 1/);
    expect(text).toMatch(/deletes: 4 .*limit is 1/);
    for (const hint of ['--allow creates:accounts=1', '--allow updates:accounts=2', '--allow deletes:accounts=4'])
      expect(text).toContain(hint);
    expect((await p.run(['show', 'plan.duckdb'])).code).toBe(0);
  });

  test('apply refuses: exit 3, nothing is written, neither there nor in state', async () => {
    await using p = await breach();
    const before = [await p.live(), await p.records()];
    expect(nonZero((await p.apply([], 3)).summary)).toEqual({ not_attempted: 7 });
    await p.run(['plan', '--out', 'plan.duckdb']);
    expect((await p.run(['apply', 'plan.duckdb'])).code).toBe(3);
    expect([await p.live(), await p.records()]).toEqual(before);
  });

  test('--allow lets it pass, for one run, up to its number, and only all of them together', async () => {
    await using p = await breach();
    const two = ['--allow', 'creates:accounts=1', '--allow', 'updates:accounts=2'];
    expect(planOf(await p.plan(two, 3)).blocked).toHaveLength(1);
    expect((await p.plan([...two, '--allow', 'deletes:accounts=3'], 3)).applyable).toBe(false);
    const all = [...two, '--allow', 'deletes:accounts=4'];
    expect(
      planOf(await p.plan(all))
        .guards.filter((guard) => guard.allowed)
        .map((guard) => guard.guard),
    ).toEqual(['creates', 'updates', 'deletes']);
    expect(nonZero((await p.apply(all)).summary)).toEqual({ applied: 7 });
    await p.source(['1', 'C', 'Team', 0], ['2', 'D', 'Team', 1], ['7', 'New', 'Team', 6]);
    await p.plan([], 3);
  });

  test('--allow of a saved plan works at apply', async () => {
    await using p = await breach();
    await p.run(['plan', '--out', 'plan.duckdb']);
    const allow = ['--allow', 'creates:accounts=1', '--allow', 'updates:accounts=2', '--allow', 'deletes:accounts=4'];
    expect((await p.run(['apply', 'plan.duckdb', ...allow])).code).toBe(0);
    expect(await p.summary()).toEqual({ unchanged: 3 });
  });

  test.each([
    ['deletes:nobody=1', /nobody/],
    ['delets:accounts=1', /deletes/],
    ['deletes=1', /GUARD:SYNC=N/],
  ])('--allow %s is an error', async (allow, message) => {
    await using p = await project({ source: accounts(1) });
    const ran = await p.run(['plan', '--allow', allow]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(message);
  });

  test('blocks that sync, not the others', async () => {
    await using p = await project({
      sync: [{ guards: { creates: { max: 0 } } }, { name: 'notes', mode: 'update', fields: { Notes: 'name' } }],
      source: [
        ['1', 'Ada', 'Team', 5],
        ['2', 'Bob', 'Team', 5],
      ],
      live: [['1', 'Ada', 'Team', 5]],
    });
    const applied = await p.apply([], 3);
    expect(resultOf(applied)).toMatchObject({ status: 'blocked', not_attempted: 1 });
    expect(resultOf(applied, 'notes')).toMatchObject({ status: 'applied', applied: 1 });
    expect(await p.live()).toEqual([['1', 'Ada', 'Team', '5', 'Ada']]);
  });
});

describe('checks: SQL over the plan, every row a violation', () => {
  const check = (sql: string): { sync: { checks: { name: string; sql: string }[] } } => ({
    sync: { checks: [{ name: 'the check', sql }] },
  });

  test('before and after are typed', async () => {
    await using p = await established({
      process: true,
      ...check('select key, after.Seats - before.Seats as more from changes where after.Seats > before.Seats * 2'),
      source: [
        ['1', 'Ada', 'Team', 9],
        ['2', 'Bob', 'Team', 9],
      ],
    });
    await p.source(['1', 'Ada', 'Team', 18], ['2', 'Bob', 'Team', 100]);
    const document = await p.plan([], 3);
    expect(planOf(document).checks).toMatchObject([{ name: 'the check', ok: false, violations: 1 }]);
    expect(planOf(document).checks[0]?.examples.join()).toContain('91');
    expect(await p.planText([], 3)).toContain('the check');
    await p.apply([], 3);
    expect((await p.live()).map((row) => row[3])).toEqual(['9', '9']);
    await p.source(['1', 'Ada', 'Team', 18], ['2', 'Bob', 'Team', 10]);
    await p.apply();
    expect((await p.live()).map((row) => row[3])).toEqual(['18', '10']);
  });

  test('sees action, reason and fields; before is null for a create', async () => {
    await using p = await project({
      ...check("select * from changes where action = 'create' and reason = 'new' and before is null and list_contains(fields, 'Plan')"),
      source: accounts(1),
    });
    expect(planOf(await p.plan([], 3)).checks).toMatchObject([{ violations: 1 }]);
  });

  test('a check that no plan breaks passes', async () => {
    await using p = await project({ ...check("select key from changes where after.Plan = 'Gone'"), source: accounts(1) });
    expect(planOf(await p.plan()).checks).toEqual([{ name: 'the check', ok: true, violations: 0, examples: [] }]);
  });

  test('a check that is not valid SQL is an error at its line', async () => {
    await using p = await project({ ...check('select key from changes where after.Pln = 1'), source: accounts(1) });
    const ran = await p.run(['plan']);
    expect(ran.code).toBe(1);
    expect(ran.stdout + ran.stderr).toMatch(/syncs\.yaml:\d+:\d+/);
  });

  test('a check reaches neither files nor the warehouse', async () => {
    await using p = await project({ ...check("select * from read_text('../crm.duckdb')"), source: accounts(1) });
    expect((await p.run(['plan'])).code).toBe(1);
  });
});

test('max_live_reads stops a plan before it reads more, with the estimate', async () => {
  await using p = await project({ sync: { max_live_reads: 2 }, source: accounts(3), live: accounts(3) });
  const ran = await p.run(['plan']);
  expect(ran.code).toBe(3);
  expect(ran.stdout + ran.stderr).toMatch(/max_live_reads/);
  expect(ran.stdout + ran.stderr).toMatch(/\b3\b/);
});

test('max_live_reads counts candidates where only those are read', async () => {
  await using p = await project({ source: accounts(5), live: accounts(5) });
  await p.apply();
  await p.warehouse("UPDATE account SET plan = 'gold' WHERE id <> '1'");
  await p.sync({ max_live_reads: 3 });
  const ran = await p.run(['plan', '--refresh', 'changed']);
  expect(ran.code).toBe(3);
  expect(ran.stdout + ran.stderr).toMatch(/would read 4 live records; max_live_reads is 3/);
  await p.sync({ max_live_reads: 4 });
  await p.plan(['--refresh', 'changed']);
});

describe('exit codes of plan', () => {
  const one = { source: accounts(1) };

  test('0 with changes, 2 with --detailed-exitcode, 0 again without changes', async () => {
    await using p = await project(one);
    await p.plan();
    await p.plan(['--detailed-exitcode'], 2);
    await p.apply();
    await p.plan(['--detailed-exitcode']);
  });

  test('adoptions, held records and rejects are not changes', async () => {
    await using p = await project({
      sync: { on_drift: 'keep', ...fields({}) },
      source: [
        ['1', 'Ada', 'Team', 5],
        [null, 'No', 'key', 1],
      ],
      live: [['1', 'Ada', 'Team', 5]],
    });
    await p.plan(['--detailed-exitcode']);
    await p.apply([], 5);
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    await p.plan(['--detailed-exitcode']);
  });

  test('3 outranks 2', async () => {
    await using p = await project({ ...one, sync: { guards: { creates: { max: 0 } } } });
    await p.plan(['--detailed-exitcode'], 3);
  });

  test('1 outranks 3, and the other syncs are planned all the same', async () => {
    await using p = await project({
      process: true,
      ...one,
      sync: [
        { guards: { creates: { max: 0 } } },
        { name: 'broken', source: { connection: 'warehouse', query: 'select * from nowhere', key: 'id' }, fields: { Notes: 'name' } },
      ],
    });
    const document = await p.plan(['--detailed-exitcode', '--out', 'plan.duckdb'], 1);
    expect(planOf(document).summary.create).toBe(1);
    expect(planOf(document, 'broken').error?.message).toMatch(/nowhere/);
    expect((await p.run(['show', 'plan.duckdb'])).code).toBe(0);
  });

  test('apply: 1 outranks 3 outranks 5', async () => {
    const rejecting = {
      name: 'rejecting',
      fields: { Notes: 'name' },
      source: { connection: 'warehouse', query: 'select null::varchar as id, name from account', key: 'id' },
    };
    const guarded = { guards: { creates: { max: 0 } } };
    await using p = await project({ ...one, sync: [guarded, rejecting] });
    await p.apply(['rejecting'], 5);
    await p.apply(['accounts'], 3);
    await p.warehouse("INSERT INTO account VALUES ('9', 'Other', 'x', 1)");
    await p.apply([], 3);
    await p.sync([
      guarded,
      rejecting,
      {
        name: 'broken',
        source: { connection: 'warehouse', query: 'select * from nowhere', key: 'id' },
        fields: { Name: 'name' },
        destination: { connection: 'crm', object: 'Nothing', key: 'Id' },
      },
    ]);
    await p.apply([], 1);
  });
});

test('rejects that an earlier run was applied around do not trip the guard again', async () => {
  await using p = await project({
    warehouse: ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats VARCHAR)'],
    source: Array.from({ length: 30 }, (_, index) => [String(index), `Name ${index}`, 'Team', index < 3 ? 'many' : '5'] as const),
  });
  await p.apply([], 5);
  expect(await p.summary()).toEqual({ unchanged: 27, known_rejected: 3 });
  await p.warehouse("UPDATE account SET seats = 'lots' WHERE id IN ('3', '4', '5')");
  expect(await blockedBy(p, 'rejects')).toMatchObject({ actual: 3, ok: false });
});
