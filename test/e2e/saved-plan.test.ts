/** A plan that is written, reviewed and applied later: what makes it stale, what resumes it, who can read it. */
import { readFile, stat, writeFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import type { ApplyDocument } from '../../src/plan/document.ts';
import { type Account, must, nonZero, type Ran, resultOf, type Setup, syncOf, type TestProject, project } from '../support/project.ts';
import { established } from './cycle.ts';

const ADA = ['1', 'Ada', 'Team', 5] as const;
const BOB = ['2', 'Bob', 'Team', 7] as const;
const LIVE_ADA = ['1', 'Ada', 'Team', '5', null];
const LIVE_BOB = ['2', 'Bob', 'Team', '7', null];

/** Writes plan.duckdb. */
async function save(p: TestProject, ...args: string[]): Promise<void> {
  must(await p.run(['plan', '--out', 'plan.duckdb', ...args]), 0);
}

async function applySaved(p: TestProject, code: number, ...args: string[]): Promise<ApplyDocument> {
  const ran = await p.run(['apply', 'plan.duckdb', '--json', ...args]);
  must(ran, code);
  return ran.json as ApplyDocument;
}

describe('apply of a saved plan', () => {
  test('does what it shows, without asking', async () => {
    await using p = await project({ source: [ADA, BOB] });
    await save(p);
    expect(nonZero((await applySaved(p, 0)).summary)).toEqual({ applied: 2 });
    expect(await p.live()).toEqual([LIVE_ADA, LIVE_BOB]);
    expect(await p.summary()).toEqual({ unchanged: 2 });
  });

  test('as real processes', async () => {
    await using p = await project({ source: [ADA, BOB] });
    must(await p.run(['plan', '--dir', 'syncs', '--out', 'plan.duckdb'], { process: true }), 0);
    const ran = await p.run(['apply', 'plan.duckdb', '--dir', 'syncs'], { process: true });
    must(ran, 0);
    expect(ran.stdout).toMatch(/2/);
    expect(await p.live()).toEqual([LIVE_ADA, LIVE_BOB]);
  });

  test('what the warehouse says meanwhile is not in it', async () => {
    await using p = await project({ source: [ADA] });
    await save(p);
    await p.source(['1', 'Eve', 'Team', 5], BOB);
    await applySaved(p, 0);
    expect(await p.live()).toEqual([LIVE_ADA]);
    expect(await p.summary()).toEqual({ create: 1, update: 1 });
  });

  test('the file is for its owner only', async () => {
    await using p = await project({ source: [ADA] });
    await save(p);
    expect((await stat(p.file('plan.duckdb'))).mode & 0o777).toBe(0o600);
  });

  test('plan never writes state', async () => {
    await using p = await project({ source: [ADA], live: [ADA] });
    await save(p);
    expect(await stat(p.file('state.duckdb')).catch(() => 'none')).toBe('none');
  });

  test('of one sync applies only that', async () => {
    await using p = await project({
      sync: [{}, { name: 'notes', fields: { Notes: 'name' } }],
      source: [ADA],
      live: [['1', 'Ada', 'Old', 5]],
    });
    await save(p);
    await applySaved(p, 0, 'notes');
    expect(await p.live()).toEqual([['1', 'Ada', 'Old', '5', 'Ada']]);
  });
});

describe('stale', () => {
  test('applied twice: already applied, exit 4, nothing is written', async () => {
    await using p = await project({ source: [ADA] });
    await save(p);
    await applySaved(p, 0);
    await p.crm("UPDATE Account SET Plan = 'Typed'");
    const again = await applySaved(p, 4);
    expect(resultOf(again)).toMatchObject({ status: 'already_applied', applied: 0 });
    expect((await p.run(['apply', 'plan.duckdb'])).stdout).toMatch(/already applied/);
    expect(await p.live()).toEqual([['1', 'Ada', 'Typed', '5', null]]);
  });

  test('another run in between: refused, exit 4, per sync', async () => {
    const notes = { name: 'notes', mode: 'update', fields: { Notes: 'name' } };
    await using p = await established({ sync: [{}, notes], source: [ADA], live: [ADA] });
    await p.source(['1', 'Eve', 'Team', 5]);
    await save(p);
    await p.apply(['accounts']);
    await p.crm("UPDATE Account SET Name = 'Typed'");
    const result = await applySaved(p, 4);
    expect(resultOf(result)).toMatchObject({ status: 'stale', applied: 0, not_attempted: 1 });
    expect(resultOf(result, 'notes')).toMatchObject({ status: 'applied', applied: 1 });
    expect(await p.live()).toEqual([['1', 'Typed', 'Team', '5', 'Eve']]);
  });

  test('a run that only noted something in state makes it stale, too', async () => {
    await using p = await project({ source: [ADA, BOB], live: [ADA] });
    await save(p);
    await p.apply(['--adopt-only']);
    expect(resultOf(await applySaved(p, 4)).status).toBe('stale');
  });

  test('the state is gone', async () => {
    await using p = await established({ source: [ADA] });
    await p.source(ADA, BOB);
    await save(p);
    must(await p.run(['state', 'rm', 'accounts', '--yes']), 0);
    expect(resultOf(await applySaved(p, 4)).status).toBe('stale');
    expect(await p.live()).toEqual([LIVE_ADA]);
  });

  test('a sync that the project no longer has', async () => {
    await using p = await project({ source: [ADA] });
    await save(p);
    await p.sync({ name: 'renamed' });
    expect(resultOf(await applySaved(p, 4)).status).toBe('stale');
    expect(await p.live()).toEqual([]);
  });
});

describe('a record that moved since the plan is held; the others are written', () => {
  const cases: readonly (readonly [string, Setup['api']])[] = [
    ['compared in the write itself', undefined],
    ['read again before the write, where the destination cannot compare', {}],
  ];

  describe.each(cases)('%s', (_name, api) => {
    async function move(p: TestProject, id: string, plan: string | null): Promise<void> {
      if (api !== undefined) return p.edit((values) => (values['Id'] !== id ? values : plan === null ? null : { ...values, Plan: plan }));
      await p.crm(plan === null ? `DELETE FROM Account WHERE Id = '${id}'` : `UPDATE Account SET Plan = '${plan}' WHERE Id = '${id}'`);
    }

    test('an update', async () => {
      await using p = await established({ api, source: [ADA, BOB] });
      await p.source(['1', 'Ada', 'Scale', 5], ['2', 'Bob', 'Scale', 7]);
      await save(p);
      await move(p, '1', 'Typed');
      expect(resultOf(await applySaved(p, 5))).toMatchObject({ applied: 1, held: 1, rejected: 0 });
      expect(await p.live()).toEqual([
        ['1', 'Ada', 'Typed', '5', null],
        ['2', 'Bob', 'Scale', '7', null],
      ]);
      expect((await p.sent())['1']).toMatchObject({ Plan: 'Team' });
      expect(await p.summary()).toMatchObject({ update: 1, conflict: 1, unchanged: 1 });
    });

    test('a field that the plan does not write may move', async () => {
      await using p = await established({ api, source: [ADA] });
      await p.source(['1', 'Ada', 'Team', 6]);
      await save(p);
      await move(p, '1', 'Typed');
      expect(resultOf(await applySaved(p, 0))).toMatchObject({ applied: 1, held: 0 });
      expect(await p.live()).toEqual([['1', 'Ada', 'Typed', '6', null]]);
    });

    test('an update of what is gone', async () => {
      await using p = await established({ api, source: [ADA] });
      await p.source(['1', 'Ada', 'Scale', 5]);
      await save(p);
      await move(p, '1', null);
      expect(resultOf(await applySaved(p, 5))).toMatchObject({ held: 1 });
      expect(await p.live()).toEqual([]);
    });

    test('a create of what exists by now', async () => {
      await using p = await project({ api, source: [ADA, BOB] });
      await save(p);
      await p.insert(['1', 'Typed', 'x', 1]);
      expect(resultOf(await applySaved(p, 5))).toMatchObject({ applied: 1, held: 1 });
      expect(await p.live()).toEqual([['1', 'Typed', 'x', '1', 'note 1'], LIVE_BOB]);
      expect(Object.entries(await p.sent()).filter(([, sent]) => sent !== null)).toEqual([
        ['2', { Name: 'Bob', Plan: 'Team', Seats: '7' }],
      ]);
      expect(await p.summary()).toMatchObject({ update: 1, takeover: 1 });
    });

    test('a delete', async () => {
      await using p = await established({ api, sync: { on_missing: 'delete' }, source: [ADA, BOB] });
      await p.source(BOB);
      await save(p);
      await move(p, '1', 'Typed');
      expect(resultOf(await applySaved(p, 5))).toMatchObject({ held: 1, applied: 0 });
      expect((await p.live())[0]).toEqual(['1', 'Ada', 'Typed', '5', null]);
    });
  });
});

describe('resume', () => {
  const many: Account[] = Array.from({ length: 6 }, (_, index) => [String(index + 1), `Name ${index + 1}`, 'Team', index] as const);

  test('after a kill: the same plan goes on, acknowledged changes are skipped', async () => {
    await using p = await project({ source: many, api: { batch_size: 2, faults: { kill_after_write: [2] } } });
    await save(p);
    expect((await p.run(['apply', 'plan.duckdb'], { process: true })).code).toBe(137);
    const result = await applySaved(p, 5);
    expect(resultOf(result)).toMatchObject({ applied: 2 });
    expect((await p.live()).map((row) => row[0])).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(await p.writes()).toEqual([
      ['create', '1 2'],
      ['create', '3 4'],
      ['create', '5 6'],
    ]);
    await p.apply();
    expect(await p.summary()).toEqual({ unchanged: 6, unverified: 6 });
    expect(Object.keys(await p.records())).toHaveLength(6);
  });

  test('after a kill in the middle of a batch: a new plan holds exactly the rest', async () => {
    await using p = await project({ source: many, api: { batch_size: 2, atomic: true, faults: { kill_in_the_middle: [2] } } });
    await save(p);
    await p.run(['apply', 'plan.duckdb'], { process: true });
    expect(await p.summary()).toMatchObject({ create: 3 });
    await p.apply();
    expect((await p.live()).map((row) => row[0])).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(await p.summary()).toEqual({ unchanged: 6, unverified: 6 });
  });

  test('--limit is deliberate: exit 0; the same plan then does the rest, and is applied', async () => {
    await using p = await project({ source: many });
    await save(p);
    expect(resultOf(await applySaved(p, 0, '--limit', '2'))).toMatchObject({ applied: 2, not_attempted: 4, limited: true });
    expect(await p.live()).toHaveLength(2);
    expect(resultOf(await applySaved(p, 0, '--limit', '3'))).toMatchObject({ applied: 3 });
    expect(resultOf(await applySaved(p, 0))).toMatchObject({ applied: 1, not_attempted: 0 });
    expect(resultOf(await applySaved(p, 4)).status).toBe('already_applied');
    expect(await p.summary()).toEqual({ unchanged: 6 });
  });

  test('--limit and a new plan: exactly the rest', async () => {
    await using p = await project({ source: many });
    await p.apply(['--limit', '4']);
    expect(await p.summary()).toEqual({ create: 2, unchanged: 4 });
    await p.apply();
    expect(await p.summary()).toEqual({ unchanged: 6 });
  });

  test('a limited plan is stale once another run wrote', async () => {
    await using p = await project({ source: many });
    await save(p);
    await applySaved(p, 0, '--limit', '2');
    await p.apply(['--limit', '1']);
    expect(resultOf(await applySaved(p, 4)).status).toBe('stale');
  });
});

describe('a plan of something else', () => {
  test('another project', async () => {
    await using p = await project({ source: [ADA] });
    await save(p);
    await p.write('syncs/project.yaml', { kind: 'Project', name: 'other', state: { path: '../other.duckdb' } });
    const ran = await p.run(['apply', 'plan.duckdb']);
    expect(ran.code).toBe(4);
    expect(ran.stderr).toMatch(/acme.*other/);
    expect(await p.live()).toEqual([]);
  });

  test('another environment', async () => {
    await using p = await project({ source: [ADA], project: { environments: { dev: {}, prod: {} } } });
    await save(p, '--env', 'dev');
    const ran = await p.run(['apply', 'plan.duckdb', '--env', 'prod']);
    expect(ran.code).toBe(4);
    expect(ran.stderr).toMatch(/dev.*prod/);
    must(await p.run(['apply', 'plan.duckdb', '--env', 'dev']), 0);
  });

  test('another destination file', async () => {
    await using p = await project({ source: [ADA] });
    await save(p);
    await p.onFile('two.duckdb', 'CREATE TABLE Account (Id VARCHAR, Name VARCHAR, Plan VARCHAR, Seats INTEGER)');
    await p.write(
      'syncs/connections.yaml',
      { kind: 'Connection', name: 'warehouse', type: 'duckdb', path: '../warehouse.duckdb' },
      { kind: 'Connection', name: 'crm', type: 'duckdb', path: '../two.duckdb' },
    );
    expect((await p.run(['apply', 'plan.duckdb'])).code).toBe(4);
    expect(await p.onFile('two.duckdb', 'SELECT * FROM Account')).toEqual([]);
  });

  test.each([
    ['a file that is no plan', async (p: TestProject) => writeFile(p.file('plan.duckdb'), 'hello')],
    ['a database that is no plan', async (p: TestProject) => p.onFile('plan.duckdb', 'CREATE TABLE t (a INTEGER)')],
    [
      'a plan that was cut short',
      async (p: TestProject) => writeFile(p.file('plan.duckdb'), (await readFile(p.file('plan.duckdb'))).subarray(0, 9000)),
    ],
  ])('%s', async (_name, damage) => {
    await using p = await project({ source: [ADA] });
    if (_name.includes('cut short')) await save(p);
    await damage(p);
    for (const verb of ['apply', 'show']) {
      const ran: Ran = await p.run([verb, 'plan.duckdb']);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(/plan\.duckdb is not a Sluice plan/);
    }
    expect(await p.live()).toEqual([]);
  });

  test('no such file', async () => {
    await using p = await project({ source: [ADA] });
    const ran = await p.run(['apply', 'nothing.duckdb']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/nothing\.duckdb/);
  });
});

describe('--encrypt', () => {
  const KEY = { SLUICE_PLAN_KEY: 'correct horse battery staple, and then some' };

  test('needs the key, to write and to read; nothing in the file can be read without it', async () => {
    await using p = await project({ source: [['1', 'Ada Findme', 'Team', 5]] });
    expect((await p.run(['plan', '--out', 'plan.duckdb', '--encrypt'])).code).toBe(1);
    must(await p.run(['plan', '--out', 'plan.duckdb', '--encrypt'], { env: KEY }), 0);
    expect((await readFile(p.file('plan.duckdb'))).includes('Findme')).toBe(false);
    expect((await p.run(['apply', 'plan.duckdb'])).code).toBe(1);
    expect((await p.run(['apply', 'plan.duckdb'], { env: { SLUICE_PLAN_KEY: 'another key that is long enough too' } })).code).toBe(1);
    expect(await p.live()).toEqual([]);
    must(await p.run(['apply', 'plan.duckdb'], { env: KEY }), 0);
    expect(await p.live()).toEqual([['1', 'Ada Findme', 'Team', '5', null]]);
  });

  test('a byte that was changed is noticed', async () => {
    await using p = await project({ source: [ADA] });
    must(await p.run(['plan', '--out', 'plan.duckdb', '--encrypt'], { env: KEY }), 0);
    const bytes = await readFile(p.file('plan.duckdb'));
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    await writeFile(p.file('plan.duckdb'), bytes);
    expect((await p.run(['apply', 'plan.duckdb'], { env: KEY })).code).toBe(1);
    expect(await p.live()).toEqual([]);
  });
});

test('the plan file is a database that anyone can query', async () => {
  await using p = await established({ source: [ADA] });
  await p.source(['1', 'Ada', 'Scale', 9], BOB);
  await save(p);
  const shown = await p.run([
    'show',
    'plan.duckdb',
    '--sql',
    'select action, key, before.Seats + 1 as more, after.Plan from accounts order by action',
    '--json',
  ]);
  must(shown, 0);
  expect(JSON.stringify(shown.json)).toContain('Scale');
  const rows = await p.onFile('plan.duckdb', 'SELECT sync, action, key FROM changes ORDER BY seq');
  expect(rows).toEqual([
    { sync: 'accounts', action: 'create', key: '["2"]' },
    { sync: 'accounts', action: 'update', key: '["1"]' },
  ]);
});

test('a plan is deterministic: the same changes in the same order', async () => {
  await using p = await project({ sync: syncOf({}), source: [BOB, ADA, ['3', 'Cy', 'x', 1]] });
  const order = async (): Promise<unknown> => {
    await save(p);
    return p.onFile('plan.duckdb', 'SELECT seq, action, key, after FROM changes ORDER BY seq');
  };
  const first = await order();
  await p.source(['3', 'Cy', 'x', 1], ADA, BOB);
  expect(await order()).toEqual(first);
});
