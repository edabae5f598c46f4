/**
 * Planning with `--base` plans what would be planned without it, and tells changes apart as two plans held side by side do:
 * one of the project at the merge base, one of the branch. Random configurations, rows, records and edits.
 */
import * as fc from 'fast-check';
import { rm } from 'node:fs/promises';

import { expect, test } from 'vitest';

import type { PlanDocument } from '../../src/plan/document.ts';
import { commitAll, git, initRepository } from '../support/git.ts';
import { type Account, must, planOf, project, type TestProject } from '../support/project.ts';

const RUNS = 6;

const policy = fc.record({ when: fc.constantFrom('always', 'create', 'empty'), on_null: fc.constantFrom('clear', 'skip') });
const config = fc.record({
  fields: fc.record(
    {
      Name: fc.oneof(policy.map((own) => ({ column: 'name', ...own })), fc.constant({ sql: 'upper(name)' })),
      Plan: fc.oneof(policy.map((own) => ({ column: 'plan', ...own })), fc.constant({ value: 'Pro' })),
      Seats: fc.oneof(policy.map((own) => ({ column: 'seats', ...own })), fc.constant({ sql: 'seats + 1' }), fc.constant({ sql: 'seats::bigint * 1000000000' })),
    },
    { requiredKeys: ['Name'] },
  ),
  mode: fc.constantFrom('upsert', 'upsert', 'update', 'create'),
  on_missing: fc.constantFrom('keep', 'clear', 'delete'),
  on_drift: fc.constantFrom('overwrite', 'keep'),
  from: fc.constantFrom(
    'account', 'account', "account where id <> '2'", 'account where seats > 1', "account union all select * from account where id = '3'",
    "(select * replace (nullif(id, '4') as id) from account)",
  ),
}); // prettier-ignore

const rows: fc.Arbitrary<Account[]> = fc.uniqueArray(
  fc.tuple(
    fc.constantFrom('1', '2', '3', '4', '5', '6'),
    fc.constantFrom('Ada', 'ADA', 'Bob', null),
    fc.constantFrom('Team', 'Pro', null),
    fc.constantFrom(1, 2, 3, null),
  ),
  { selector: ([id]) => id, maxLength: 6 },
);

const life = fc.record({
  applied: config,
  base: config,
  branch: config,
  first: rows,
  live: rows,
  later: rows,
  edited: fc.constantFrom('1', '2', '3'),
  refresh: fc.constantFrom('changed', 'all', 'none'),
});

/** A row of the plan file as text, but for lists of fields. */
interface Change {
  readonly [column: string]: string | null | readonly string[];
  readonly key: string;
  readonly action: string;
  readonly fields: readonly string[];
}
const COLUMNS = ['key', 'seq', 'pass', 'action', 'reason', 'remote_id', 'fields', 'cases', 'before', 'after', 'sent', 'returned', 'row_hash', 'live_hash', 'origin', 'after_apply', 'due_to', 'branch_fields']; // prettier-ignore

/** What a plan does to state alone, and what it leaves alone. */
const OTHERS = `
  SELECT 'adoption' AS what, key, kind, CAST(row_hash AS VARCHAR) AS hash, concat_ws(' ', sent, 'returned', returned, origin, verified) AS text FROM adoptions
  UNION ALL SELECT 'reject', key, code, CAST(row_hash AS VARCHAR), concat_ws(' ', message, known, copies) FROM rejects
  UNION ALL SELECT 'held', key, reason, NULL, concat_ws(' ', fields, before, after) FROM held ORDER BY ALL`;

async function planned(
  p: TestProject,
  args: readonly string[],
): Promise<{ document: PlanDocument; changes: readonly Change[]; others: readonly object[] }> {
  await rm(p.file('plan.duckdb'), { force: true });
  const document = await p.plan(['accounts', '--out', 'plan.duckdb', ...args]);
  const shown = await p.run(['show', 'plan.duckdb', '--json', '--sql', `select ${COLUMNS.join(', ')} from plan.changes order by seq`]);
  must(shown, 0);
  const { rows: found } = shown.json as { rows: (string | null)[][] };
  const parsed = (name: string, cell: string | null): Change[string] => (['fields', 'branch_fields'].includes(name) && cell !== null ? (JSON.parse(cell) as string[]) : cell);
  const others = await p.onFile('plan.duckdb', OTHERS);
  return { document, others, changes: found.map((cells) => Object.fromEntries(COLUMNS.map((name, index) => [name, parsed(name, cells[index] ?? null)])) as Change) };
} // prettier-ignore

function wanted(change: Change): Readonly<Record<string, string | null>> {
  const text = change['sent'] ?? change['after'];
  return typeof text === 'string' ? (JSON.parse(text) as Record<string, string | null>) : {};
}

/** The change with what it is due to, given what the other configuration would do to the record. */
function told(change: Change, former: Change | undefined): Change {
  const alike = former?.action === change.action;
  const same = (field: string): boolean => alike && former.fields.includes(field) && wanted(former)[field] === wanted(change)[field];
  const own = change.fields.filter((field) => !same(field));
  return { ...change, due_to: alike && own.length === 0 ? 'pending' : 'branch', branch_fields: own };
}

async function configure(p: TestProject, { from, ...own }: typeof config extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  await p.sync({ ...own, source: { connection: 'warehouse', query: `select * from ${from}`, key: 'id' } });
}

test('a plan with --base is the plan without it, and its changes are told apart as two plans are', async () => {
  await using p = await project({ api: {} });
  await initRepository(p.root);
  const run = async ({ applied, base, branch, first, live, later, edited, refresh }: typeof life extends fc.Arbitrary<infer T> ? T : never): Promise<void> => {
    for (const file of ['state.duckdb', 'crm.json']) await rm(p.file(file), { force: true });
    if (live.length > 0) await p.insert(...live);
    await p.source(...first);
    await configure(p, applied);
    expect([0, 5]).toContain((await p.run(['apply', '--yes'])).code);
    await p.source(...later);
    await p.edit((values) => (values['Id'] === edited ? { ...values, Name: 'edited', Plan: null } : values));
    await git(p.root, 'switch', '--quiet', '--detach');
    await configure(p, base);
    const commit = await commitAll(p.root, 'base');
    const former = await planned(p, ['--refresh', refresh]);
    await configure(p, branch);
    const alone = await planned(p, ['--refresh', refresh]);
    const both = await planned(p, ['--refresh', refresh, '--base', commit]);
    const byKey = new Map(former.changes.map((change) => [change.key, change]));
    expect(both.changes).toEqual(alone.changes.map((change) => told(change, byKey.get(change.key))));
    expect(both.others).toEqual(alone.others);
    const { summary, rejects, held, fields, transitions, live_read: read, unmanaged } = planOf(both.document);
    const { attribution } = planOf(both.document);
    const { summary: expected, rejects: rejected, held: kept, fields: updated, transitions: moved, live_read: once, unmanaged: others } = planOf(alone.document);
    expect({ summary, rejects, held, fields, transitions, read, unmanaged }).toEqual({ summary: expected, rejects: rejected, held: kept, fields: updated, transitions: moved, read: once, unmanaged: others });
    const left = former.changes.filter(({ key }) => alone.changes.every((change) => change.key !== key));
    const { create = 0, update = 0, delete: deletes = 0, clear = 0 } = attribution?.withdrawn ?? {};
    expect(create + update + deletes + clear).toBe(left.length);
  };
  await fc.assert(fc.asyncProperty(life, run), { numRuns: RUNS, endOnFailure: true });
}, 120_000); // prettier-ignore
