/** What was approved in review holds for a later plan: the data may have moved, what was approved may not grow. */
import { execFileSync } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import type { Envelope } from '../../src/plan/envelope.ts';
import { type Account, fields, must, project, type Ran, type Setup, type TestProject } from '../support/project.ts';

const OFF = { max: null, percent: null };
const GUARDS = { creates: OFF, deletes: OFF, clears: OFF, updates: OFF, nulls: OFF, rejects: OFF };
const FIELDS = { Name: 'name', Plan: 'plan', Seats: 'seats' };
const SYNC = { on_missing: 'delete', guards: GUARDS };

/** Twenty records that are as they were sent, then ten of them changed: what a reviewer sees. */
async function reviewed(setup: Setup = {}): Promise<TestProject> {
  const p = await project({ source: accounts(20), sync: SYNC, ...setup });
  await p.apply();
  await p.warehouse(
    "UPDATE account SET plan = 'Pro' WHERE CAST(id AS INTEGER) <= 10",
    "INSERT INTO account VALUES ('21', 'New', 'Free', 1)",
  );
  must(await p.run(['plan', '--json', '--envelope', 'envelope.json']), 0);
  return p;
}

function accounts(count: number): Account[] {
  return Array.from({ length: count }, (_, index): Account => [String(index + 1), `Account ${index + 1}`, 'Free', 1]);
}

async function within(p: TestProject, ...args: readonly string[]): Promise<Ran> {
  return p.run(['apply', '--yes', '--json', '--within', 'envelope.json', ...args]);
}

async function envelope(p: TestProject): Promise<Envelope> {
  return JSON.parse(await readFile(p.file('envelope.json'), 'utf8')) as Envelope;
}

function problems(ran: Ran): string {
  return JSON.stringify(ran.json);
}

describe('apply --within', () => {
  it('applies what was approved, and a plan again is empty', async () => {
    await using p = await reviewed();
    expect((await envelope(p)).syncs[0]).toMatchObject({ name: 'accounts', create: 1, update: 10, delete: 0, fields: { Plan: 10 } });
    must(await within(p), 0);
    expect(await p.summary()).toEqual({ unchanged: 21 });
  });

  it('lets the data move as far as the tolerance says, and no further', async () => {
    await using p = await reviewed();
    await p.warehouse("UPDATE account SET plan = 'Pro' WHERE id = '11'");
    const refused = await within(p);
    expect(refused.code).toBe(4);
    expect(problems(refused)).toContain('accounts: update 11: 10 were approved');
    must(await within(p, '--tolerance', '10%'), 0);
    await using q = await reviewed();
    await q.warehouse("UPDATE account SET plan = 'Pro' WHERE CAST(id AS INTEGER) <= 12");
    const beyond = await within(q, '--tolerance', '10%');
    expect(beyond.code).toBe(4);
    expect(problems(beyond)).toContain('at most 11 with the tolerance');
    expect(await q.summary()).toMatchObject({ update: 12 });
  });

  it('never extends deletes, kinds of action or fields', async () => {
    await using p = await reviewed();
    await p.warehouse("DELETE FROM account WHERE id = '20'", "UPDATE account SET seats = 2 WHERE id = '1'");
    const refused = await within(p, '--tolerance', '1000%');
    expect(refused.code).toBe(4);
    expect(problems(refused)).toContain('accounts: delete was not approved (1 now)');
    expect(problems(refused)).toContain('accounts: update of Seats was not approved (1 now)');
    expect(await p.summary()).toMatchObject({ create: 1, update: 10, delete: 1 });
  });

  it('refuses another configuration, and another system behind the same connection', async () => {
    await using p = await reviewed();
    await p.sync({ ...SYNC, ...fields({ Plan: { on_null: 'skip' } }) });
    expect(problems(await within(p))).toContain('accounts is configured in another way than what was approved');

    await using q = await project({ source: accounts(2), sync: SYNC });
    must(await q.run(['plan', '--json', '--envelope', 'envelope.json']), 0);
    await copyFile(q.file('crm.duckdb'), q.file('other.duckdb'));
    await q.write(
      'syncs/connections.yaml',
      { kind: 'Connection', name: 'warehouse', type: 'duckdb', path: '../warehouse.duckdb' },
      { kind: 'Connection', name: 'crm', type: 'duckdb', path: '../other.duckdb' },
    );
    expect(problems(await within(q))).toContain('accounts is configured in another way than what was approved');
  });

  it('refuses another system that the environment leads to', async () => {
    await using p = await project({ source: accounts(2), sync: SYNC, env: { TARGET: 'sandbox' } });
    for (const name of ['sandbox', 'production']) await copyFile(p.file('crm.duckdb'), p.file(`${name}.duckdb`));
    await p.write(
      'syncs/connections.yaml',
      { kind: 'Connection', name: 'warehouse', type: 'duckdb', path: '../warehouse.duckdb' },
      { kind: 'Connection', name: 'crm', type: 'duckdb', path: '../${env.TARGET}.duckdb' },
    );
    must(await p.run(['plan', '--json', '--envelope', 'envelope.json']), 0);
    const elsewhere = await p.run(['apply', '--yes', '--json', '--within', 'envelope.json'], { env: { TARGET: 'production' } });
    expect(elsewhere.code).toBe(4);
    expect(problems(elsewhere)).toContain(
      'accounts writes to another system than what was approved: duckdb:***, not duckdb:../sandbox.duckdb',
    );
    must(await within(p), 0);
  });

  it('takes only the approved syncs when none is named, and refuses one that was not approved', async () => {
    const two = [SYNC, { ...SYNC, name: 'others', destination: { connection: 'crm', object: 'Other', key: 'Id' } }];
    const tables = ['Account', 'Other'].map(
      (table) => `CREATE TABLE ${table} (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER)`,
    );
    await using p = await project({ source: accounts(2), sync: two, crm: tables });
    must(await p.run(['plan', 'accounts', '--json', '--envelope', 'envelope.json']), 0);
    const refused = await within(p, 'accounts', 'others');
    expect(refused.code).toBe(4);
    expect(problems(refused)).toContain('others was not approved');
    must(await within(p), 0);
    expect(await p.summary()).toEqual({ unchanged: 2, create: 2 });
  });

  it('holds a saved plan to it as well', async () => {
    await using p = await reviewed();
    await p.warehouse("UPDATE account SET name = 'Moved' WHERE id = '15'");
    must(await p.run(['plan', '--json', '--out', 'later.duckdb']), 0);
    const refused = await p.run(['apply', 'later.duckdb', '--json', '--within', 'envelope.json']);
    expect(refused.code).toBe(4);
    expect(problems(refused)).toContain('update of Name was not approved');
  });
});

describe('an envelope', () => {
  it.each([
    ['of another project', { project: 'other' }, 'it approves changes of the project other, this is acme'],
    ['of another environment', { environment: 'prod' }, 'it approves changes in the environment prod, this is no environment'],
    ['that expired', { expires_at: '2024-01-01T00:00:00.000Z' }, 'it expired at 2024-01-01T00:00:00.000Z'],
    ['of a newer format', { format_version: '2.0' }, 'has the format 2.0; this Sluice knows 1.0'],
  ])('%s is refused', async (_name, own, message) => {
    await using p = await reviewed();
    await writeFile(p.file('envelope.json'), JSON.stringify({ ...(await envelope(p)), ...own }));
    const refused = await within(p);
    expect(refused.code).toBe(4);
    expect(problems(refused)).toContain(message);
  });

  it('that is none is an error that says so', async () => {
    await using p = await reviewed();
    await writeFile(p.file('envelope.json'), '{"format_version": "1.0"}');
    expect(problems(await within(p))).toContain('envelope.json is not an envelope');
    expect(problems(await p.run(['apply', '--yes', '--json', '--within', 'gone.json']))).toContain('gone.json is not an envelope');
    expect(problems(await p.run(['apply', '--yes', '--json', '--tolerance', '10%']))).toContain(
      '--tolerance and --envelope-commit belong to an envelope',
    );
  });

  it('is signed when there is a key, and counts with that key only', async () => {
    const key = { SLUICE_ENVELOPE_KEY: 'between us' };
    await using p = await reviewed({ env: key });
    expect((await envelope(p)).signature).toMatch(/^[0-9a-f]{64}$/);
    const forged = { ...(await envelope(p)), expires_at: '2999-01-01T00:00:00.000Z' };
    await writeFile(p.file('forged.json'), JSON.stringify(forged));
    const refused = await p.run(['apply', '--yes', '--json', '--within', 'forged.json']);
    expect([refused.code, problems(refused)]).toEqual([4, expect.stringContaining('its signature is not of this SLUICE_ENVELOPE_KEY')]);
    const { signature: _, ...unsigned } = forged;
    await writeFile(p.file('forged.json'), JSON.stringify(unsigned));
    expect(problems(await p.run(['apply', '--yes', '--json', '--within', 'forged.json']))).toContain(
      'it is not signed, and SLUICE_ENVELOPE_KEY is set',
    );
    must(await within(p), 0);
  });

  it('counts for the commit that it is of, and what was made on top', async () => {
    await using p = await project({ source: accounts(2), sync: SYNC });
    const git = (...args: readonly string[]): string =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'commit.gpgsign=false', ...args], {
        cwd: p.root,
        encoding: 'utf8',
      });
    git('init', '-q', '-b', 'main');
    git('add', 'syncs');
    git('commit', '-qm', 'one');
    git('checkout', '-qb', 'feature');
    git('commit', '-qm', 'two', '--allow-empty');
    must(await p.run(['plan', '--json', '--envelope', 'envelope.json']), 0);
    expect((await envelope(p)).commit).toBe(git('rev-parse', 'HEAD').trim());
    git('checkout', '-q', 'main');
    const refused = await within(p);
    expect([refused.code, problems(refused)]).toEqual([4, expect.stringContaining('which is not part of what is checked out')]);
    must(await within(p, '--envelope-commit', git('rev-parse', 'feature').trim()), 0);
    // A name moves: such an approval would be of any commit.
    const named = { ...(await envelope(p)), commit: 'HEAD' };
    await writeFile(p.file('named.json'), JSON.stringify(named));
    expect(problems(await p.run(['apply', '--yes', '--json', '--within', 'named.json']))).toContain('is not an envelope');
    git('merge', '-q', '--no-ff', '-m', 'merged', 'feature');
    must(await within(p), 0);
  });
});

describe('what a saved plan and an envelope have to do with each other', () => {
  it('a plan of another configuration is refused, also when the approved one is back', async () => {
    await using p = await reviewed();
    await p.sync({ ...SYNC, fields: { ...FIELDS, Plan: { sql: "CASE plan WHEN 'Pro' THEN 'Evil' ELSE plan END" } } });
    must(await p.run(['plan', '--out', 'evil.duckdb']), 0);
    await p.sync(SYNC);
    const refused = await p.run(['apply', 'evil.duckdb', '--json', '--within', 'envelope.json']);
    expect([refused.code, problems(refused)]).toEqual([4, expect.stringContaining('accounts was planned with another configuration')]);
    expect((await p.live()).filter(([, , plan]) => plan === 'Evil')).toEqual([]);
  });

  it('syncs of the plan that are not applied need no approval', async () => {
    await using p = await project({ source: accounts(3), sync: [SYNC, { ...SYNC, name: 'notes', fields: { Notes: 'name' } }] });
    must(await p.run(['plan', 'accounts', '--envelope', 'envelope.json']), 0);
    must(await p.run(['plan', '--out', 'plan.duckdb']), 0);
    expect((await p.run(['apply', 'plan.duckdb', '--within', 'envelope.json'])).code).toBe(4);
    must(await p.run(['apply', 'plan.duckdb', 'accounts', '--within', 'envelope.json']), 0);
  });

  it('an envelope without a sync approves nothing: nothing is planned', async () => {
    await using p = await reviewed();
    await writeFile(p.file('envelope.json'), JSON.stringify({ ...(await envelope(p)), syncs: [] }));
    const applied = await p.run(['apply', '--yes', '--within', 'envelope.json']);
    expect([applied.code, applied.stdout]).toEqual([0, 'envelope.json approves no change: nothing was applied.\n']);
    expect((await within(p)).json).toMatchObject({ summary: { applied: 0 }, syncs: [] });
  });

  it('an envelope of a commit counts for nothing where there is no repository', async () => {
    await using p = await reviewed();
    const commit = 'a'.repeat(40);
    await writeFile(p.file('envelope.json'), JSON.stringify({ ...(await envelope(p)), commit }));
    const refused = await within(p);
    expect([refused.code, problems(refused)]).toEqual([4, expect.stringContaining('there is no Git repository here')]);
    expect((await within(p, '--envelope-commit', commit)).code).toBe(0);
  });
});

describe('plan --envelope', () => {
  it.each(['crm.duckdb', 'syncs/syncs.yaml', 'state.duckdb'])('never replaces %s', async (name) => {
    await using p = await reviewed();
    const before = await readFile(p.file(name));
    const refused = await p.run(['plan', '--envelope', name]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining(`${name} cannot be written: what stands there is not an envelope`),
    ]);
    expect(await readFile(p.file(name))).toEqual(before);
    must(await p.run(['plan', '--envelope', 'envelope.json']), 0);
  });

  it.each([
    [['--envelope', 'e.json', '--envelope-days', '0'], '--envelope-days 0 is not from 1 to 3650'],
    [['--envelope', 'e.json', '--envelope-days', '99999999'], '--envelope-days 99999999 is not from 1 to 3650'],
    [['--envelope', 'e.json', '--envelope-commit', 'abc'], '--envelope-commit abc is not the whole id of a commit'],
    [['--envelope-days', '3'], '--envelope-days and --envelope-commit belong to an envelope'],
    [['--envelope', 'e.json', '--out', 'e.json'], '--out and --envelope name the same file'],
  ])('%j is refused before anything is planned', async (args, message) => {
    await using p = await project({ source: accounts(1), sync: SYNC });
    const refused = await p.run(['plan', ...args]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(message)]);
  });
});

it('show --out never replaces what is no report', async () => {
  await using p = await reviewed();
  must(await p.run(['plan', '--out', 'plan.duckdb']), 0);
  for (const name of ['plan.duckdb', 'crm.duckdb']) {
    const refused = await p.run(['show', 'plan.duckdb', '--format', 'html', '--out', name]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('what stands there is not a report')]);
  }
  for (const _ of [1, 2]) must(await p.run(['show', 'plan.duckdb', '--format', 'html', '--out', 'plan.html']), 0);
});
