/** Bad input in the data: keys, values that do not fit, an empty source, and values that would take over a terminal or a report. */
import { setTimeout } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { start } from '../support/child.ts';
import { fields, must, project, type Ran, type TestProject } from '../support/project.ts';
import { ADA, BOB, expectRefusal, footprint, moving, saidBy } from './refuses.ts';

const LIVE_BOB = ['2', 'Bob', 'Team', '7', null];

async function run(p: TestProject, ...args: readonly string[]): Promise<Ran> {
  return p.run(args, { process: true });
}

describe('keys and values', () => {
  test('a null key among good ones: the good one is written, nothing is deleted', async () => {
    await using p = await moving({ sync: { on_missing: 'delete' } });
    await p.source(['1', 'Ada', 'Scale', 5], [null, 'Who', 'Team', 1]);
    const ran = await run(p, 'apply', '--yes', '-q');
    must(ran, 5);
    expect(saidBy(p, ran)).toContain('  x reject  1    NULL_KEY: the key (id) is null (key null)\n');
    expect(saidBy(p, ran)).toContain(
      'note: 1 row has no readable key, and nobody knows whose row it is: nothing is deleted, cleared or forgotten\n',
    );
    expect(await p.live()).toEqual([['1', 'Ada', 'Scale', '5', null], LIVE_BOB]);
    expect(Object.keys(await p.records())).toEqual(['1', '2']);
  });

  test('every key null: nothing happens', async () => {
    await using p = await moving({ sync: { on_missing: 'delete' } });
    await p.source([null, 'Who', 'Team', 1], [null, 'Else', 'Team', 2]);
    const before = [await p.live(), await p.sent()];
    must(await run(p, 'apply', '--yes', '-q'), 5);
    expect([await p.live(), await p.sent()]).toEqual(before);
  });

  test('a key twice: neither row is written', async () => {
    await using p = await moving({ sync: { on_missing: 'delete' } });
    await p.source(['1', 'Ada', 'Scale', 5], ['1', 'Eve', 'Scale', 6], BOB);
    const before = [await p.live(), await p.sent()];
    const ran = await run(p, 'apply', '--yes', '-q');
    must(ran, 5);
    expect(saidBy(p, ran)).toContain(
      '  x reject  2    AMBIGUOUS_SOURCE 2\n                   key 1: the query yields 2 rows with this key\n',
    );
    expect([await p.live(), await p.sent()]).toEqual(before);
  });

  test('a value that does not fit: the record is left alone', async () => {
    await using p = await moving({
      warehouse: ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats VARCHAR)'],
      source: [ADA, BOB],
    });
    await p.source(['1', 'Ada', 'Scale', '99999999999'], ['2', 'Bob', 'Team', '7']);
    const before = [await p.live(), await p.sent()];
    const ran = await run(p, 'apply', '--yes', '-q');
    must(ran, 5);
    expect(saidBy(p, ran)).toContain('  x reject  1    TYPE_MISMATCH Seats: the value does not fit INTEGER (key 1)\n');
    expect([await p.live(), await p.sent()]).toEqual(before);
  });

  test('a query that returns no rows: nothing is deleted, and nobody claims that all agrees', async () => {
    await using p = await moving({ sync: { on_missing: 'delete' } });
    await p.source();
    const plan = `accounts   warehouse -> crm.Account          drift checked on all, 2 read
    no changes, 0 unchanged
    note: the query returned no rows while 2 records are in state: nothing is deleted, cleared or forgotten
No changes.`;
    await expectRefusal(p, { args: ['plan', '-q'], code: 0, says: plan });
    await expectRefusal(p, {
      args: ['apply', '--yes', '-q'],
      code: 0,
      says: `${plan}\naccounts   nothing to do\nApply: nothing was written.`,
    });
  });
});

const EVIL =
  '\u001b[31mred\u001b[0m\u001b]0;title\u0007\u009b2J \u202e rtl \u2066 | a `b` <script>alert(1)</script> <!-- [x](http://e.vil) ![i](http://e.vil/i) @all #1\r\n# head\n| c | d |\n</details>```';
/** Controls, and what reorders a line; not the line feed. */
const CONTROLS = /(?!\n)[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

describe('a terminal escape sequence and Markdown in a value', () => {
  test('plan, show, show --records, --sql, apply, drift, history and state show it harmless; it is written as it is', async () => {
    await using p = await project({ source: [ADA], sync: { report: { values: 'shown' }, on_drift: 'keep' } });
    await p.apply();
    await p.crm(`UPDATE Account SET Plan = '${EVIL}' WHERE Id = '1'`);
    await p.source(['1', EVIL, 'Scale', 5], [EVIL, EVIL, EVIL, 1]);
    const commands = [
      ['plan', '--out', 'plan.duckdb'],
      ['show', 'plan.duckdb'],
      ['show', 'plan.duckdb', '--records'],
      ['show', 'plan.duckdb', '--sql', 'SELECT key, before, after FROM changes'],
      ['show', 'plan.duckdb', '--json'],
      ['show', 'plan.duckdb', '--records', '--json'],
      ['drift'],
      ['apply', 'plan.duckdb'],
      ['history', '--json'],
      ['state', 'show', 'accounts'],
      ['state', 'show', 'accounts', EVIL],
      ['state', 'show', 'accounts', `${EVIL}, nobody`],
      ['plan', EVIL],
      ['show', EVIL],
    ];
    for (const args of commands) {
      const ran = await p.run(args);
      expect(ran.stdout + ran.stderr, args.join(' ')).not.toBe('');
      expect(ran.stdout + ran.stderr, args.join(' ')).not.toMatch(CONTROLS);
    }
    expect((await p.live()).map((row) => row[1])).toContain(EVIL);
    expect(await p.summary()).toMatchObject({ unchanged: 1, held: 1 });
  });

  test('rejects and the examples of a check', async () => {
    const texts = ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats VARCHAR)'];
    await using p = await project({
      warehouse: texts,
      source: [
        [EVIL, 'Ada', 'Team', EVIL],
        ['2', EVIL, 'Team', '5'],
      ],
      sync: { report: { values: 'shown' }, checks: [{ name: EVIL, sql: 'select key, after.Name from changes' }], ...fields({}) },
    });
    const before = await footprint(p);
    for (const args of [['plan'], ['plan', '-q', '--json'], ['apply', '--yes']]) {
      const ran = await p.run(args);
      expect(ran.code).toBe(3);
      expect(ran.stdout + ran.stderr, args.join(' ')).not.toMatch(CONTROLS);
      expect(ran.stdout).toContain('red');
    }
    expect(await footprint(p)).toEqual(before);
  });

  test('an error message', async () => {
    const query = 'select id, name, plan, cast(name as integer) as seats from account';
    await using p = await project({ source: [ADA], sync: { source: { connection: 'warehouse', query, key: 'id' } } });
    await p.source(['1', EVIL, 'Team', 5]);
    for (const args of [['plan'], ['plan', '--json'], ['apply', '--yes']]) {
      const ran = await p.run(args);
      must(ran, 1);
      expect(ran.stdout + ran.stderr).not.toMatch(CONTROLS);
    }
  });

  test('Markdown: a table stays a table, and nothing links, calls or runs', async () => {
    await using p = await project({
      source: [ADA],
      sync: { name: 'accounts', report: { values: 'shown' }, checks: [{ name: EVIL, sql: 'select key, after.Name from changes' }] },
    });
    must(await p.run(['apply', '--yes']), 3);
    await p.source(['1', EVIL, EVIL, 5], [EVIL, EVIL, EVIL, 1], [EVIL, 'twice', EVIL, 1]);
    must(await p.run(['plan', '--out', 'plan.duckdb']), 3);
    const { stdout } = await p.run(['show', 'plan.duckdb', '--format', 'markdown']);
    expect(stdout).not.toMatch(CONTROLS);
    expect(stdout).toContain('will not be applied');
    for (const raw of ['<script', '<!--', '](http', '![', '@all', '`b`', '```', '\n# head', '\n| c |'])
      expect(stdout, raw).not.toContain(raw);
    expect(stdout.match(/<\/details>/g)?.length ?? 0).toBe(stdout.match(/<details>/g)?.length ?? 0);
    const widths = stdout.split('\n\n').flatMap((block) => {
      const rows = block.split('\n').filter((line) => line.startsWith('|'));
      return [new Set(rows.map((row) => row.split('|').length)).size];
    });
    expect(Math.max(...widths)).toBe(1);
  });
});

describe('an apply while another runs', () => {
  test('the second is refused with the name of the first; plan works; the first then finishes', async () => {
    await using p = await moving();
    must(await p.run(['plan', '--out', 'plan.duckdb']), 0);
    // Stopped with its lease taken and its run begun, before it writes.
    const first = start(p.root, ['apply', 'plan.duckdb', '--json'], { at: '1 after datasync', signal: 'SIGSTOP' });
    await waitFor(async () => (await p.run(['history', '--json'])).stdout.includes('"running"'));
    const before = await footprint(p);

    const plan = await run(p, 'plan', '--json', '-q');
    must(plan, 0);
    expect(plan.json).toMatchObject({ summary: { update: 1 } });
    const second = await run(p, 'apply', '--yes', '-q');
    must(second, 1);
    expect(second.stderr).toMatch(
      /^Error: accounts is being applied by \S+ \(process \d+\) since \d\d:\d\d:\d\d UTC, lease until \d\d:\d\d:\d\d UTC\n {2}Wait until that run is done\. If it is dead: sluice state unlock accounts --generation 2\n$/,
    );
    const saved = await run(p, 'apply', 'plan.duckdb', '-q');
    expect(saved.code).toBe(1);
    expect(saved.stderr).toContain('accounts is being applied by ');
    expect(await footprint(p)).toEqual(before);

    first.kill('SIGCONT');
    const ended = await first.ended;
    expect(ended.code, ended.stderr).toBe(0);
    expect(await p.live()).toEqual([['1', 'Ada', 'Scale', '5', null], LIVE_BOB]);
    expect(await p.summary()).toEqual({ unchanged: 2 });
  });

  test('a plan made while a run was under way is stale: it saw a part of that run', async () => {
    await using p = await moving();
    must(await p.run(['plan', '--out', 'plan.duckdb']), 0);
    const first = start(p.root, ['apply', 'plan.duckdb'], { at: '1 after datasync', signal: 'SIGSTOP' });
    await waitFor(async () => (await p.run(['history', '--json'])).stdout.includes('"running"'));
    must(await p.run(['plan', '--out', 'meanwhile.duckdb']), 0);
    first.kill('SIGCONT');
    expect((await first.ended).code).toBe(0);
    await p.crm("UPDATE Account SET Plan = 'Typed' WHERE Id = '1'");
    must(await run(p, 'apply', 'meanwhile.duckdb'), 4);
    expect(await p.live()).toEqual([['1', 'Ada', 'Typed', '5', null], LIVE_BOB]);
  });

  test('two at once: one writes, the other is refused or finds nothing to do', async () => {
    await using p = await moving();
    const ended = await Promise.all([1, 2].map(async () => start(p.root, ['apply', '--yes', '-q']).ended));
    for (const each of ended)
      if (each.code !== 0)
        expect(each.stdout + each.stderr).toMatch(/is being applied by|took the lease|is open in another process|another run wrote/);
    expect(ended.some((each) => each.code === 0)).toBe(true);
    expect(await p.live()).toEqual([['1', 'Ada', 'Scale', '5', null], LIVE_BOB]);
    expect(await p.summary()).toEqual({ unchanged: 2 });
  });
});

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 20_000; !(await condition());) {
    if (Date.now() > until) throw new Error('it did not happen');
    await setTimeout(50);
  }
}
