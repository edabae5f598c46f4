import { expect, test } from 'vitest';

import type { PlanDocument, SyncPlan } from '../../src/plan/document.ts';
import { withChecks } from '../../src/plan/sync-plan.ts';
import { renderComment, renderSummary } from '../../src/report/comment.ts';
import { designPlan, planDocument, syncPlan } from './fixtures.ts';

const NONE = { create: 0, update: 0, delete: 0, clear: 0 };

const DIFF = ` fields:
-  Tier__c: { column: tier }
+  Tier__c: { sql: "case when arr > 1e6 then 'Enterprise' else 'SMB' end" }
`;

/** The plan of DESIGN 8, as `plan --base` makes it. */
function onBranch(own: Partial<SyncPlan> = {}): PlanDocument {
  const plan = designPlan();
  const change = { kind: 'modified', from: null, properties: [], diff: DIFF } as const;
  const attribution = {
    branch: { ...NONE, create: 12, update: 291 },
    pending: { ...NONE, update: 49, delete: 3 },
    withdrawn: NONE,
    fields: {},
  };
  const removed = [{ name: 'old', source: 'warehouse', destination: 'crm', object: 'Lead', records: 1200, where: 'syncs/old.yaml:1:1' }];
  return {
    ...plan,
    environment: 'prod',
    base: { ref: 'origin/main', commit: 'abcdef0'.padEnd(40, '0'), dirty: false, status: 'compared', why: null, unchanged: 7, removed },
    syncs: plan.syncs.map((sync) => ({ ...sync, change, attribution, ...own })),
  };
}

test('the comment of a pull request', () => {
  expect(renderComment(onBranch())).toMatchSnapshot();
});

test('masked, which is the default, no value and no key shows, in neither form', () => {
  const [comment, summary] = [renderComment(designPlan()), renderSummary(designPlan())];
  for (const value of ['Enterprise', 'SMB', '900000', 'Umbrella', '001A', '0018A', '256 characters']) {
    expect(comment).not.toContain(value);
    expect(summary).not.toContain(value);
  }
  const shown = planDocument(...designPlan().syncs.map((sync) => ({ ...sync, report_values: 'shown' as const })));
  expect(renderComment(shown)).toContain('Enterprise');
  expect(renderComment(shown)).not.toContain('900000');
  expect(renderSummary(shown)).toContain('900000');
});

test('fields and removed syncs that are left out are counted', () => {
  const fields = Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`Field_${index}`, 1]));
  const plan = onBranch({ fields });
  const [one] = plan.base?.removed ?? [];
  if (plan.base === undefined || one === undefined) throw new Error('the plan has a base and a removed sync');
  const removed = Array.from({ length: 62 }, (_, index) => ({ ...one, name: `old-${index}` }));
  const comment = renderComment({ ...plan, base: { ...plan.base, removed } });
  expect(comment).toMatch(/\.\.\. and \d+ more fields?\n/);
  expect(comment).toContain('- ... and 2 more syncs are removed');
});

test('500 syncs fit, with those that cannot be applied on top', () => {
  const wide = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`A_rather_long_field_name_${index}__c`, 1_000_000]));
  const syncs = Array.from({ length: 500 }, (_, index) =>
    syncPlan({ name: `a-sync-with-quite-a-long-name-${index}`, summary: { update: 1_000_000 - index }, fields: wide }),
  );
  const blocked = syncPlan({ name: 'the-blocked-one', blocked: [{ kind: 'guard', message: 'too many', hint: null }] });
  const document = planDocument(...syncs, blocked);
  const comment = renderComment(document);
  expect(Buffer.byteLength(comment)).toBeLessThan(60_000);
  expect(comment.indexOf('the-blocked-one')).toBeLessThan(comment.indexOf('a-sync-with-quite-a-long-name-0'));
  expect(comment).toContain('441 more syncs are not in this table.');
  expect(comment).toMatch(/\d+ parts of this report do not fit in here\.\n$/);
  expect(Buffer.byteLength(renderSummary(document))).toBeLessThan(900_000);
});

test('500 failures do not push the numbers out', () => {
  const error = { message: '漢字 '.repeat(300), where: 'syncs/a.yaml:1:1', hint: null };
  const comment = renderComment(planDocument(...Array.from({ length: 500 }, (_, index) => syncPlan({ name: `s${index}`, error }))));
  expect(Buffer.byteLength(comment)).toBeLessThan(60_000);
  expect(comment).toContain('| Sync |');
});

test('nothing in a configuration or a name is more than text', () => {
  const diff = '+  sql: |\n+    ````\n+    </details><img src=x onerror=alert(1)> @ada #12\n+\u001b[31m\u202e\n';
  const comment = renderComment(
    onBranch({ name: '</code>|@ada', change: { kind: 'added', from: null, properties: [], diff }, notes: ['<b>| @ada #1'] }),
  );
  expect(comment).toContain('`````diff\n+  sql: |\n+    ````\n');
  expect(comment).toContain('\n`````\n');
  const outside = comment.replace(/`````diff[\s\S]*?\n`````\n/, '');
  expect(outside).not.toMatch(/<b>|<img|@ada|#1(?!\d*;)/);
  expect(comment).not.toMatch(/[\u001b\u202e]/);
});

test('a base that could not be compared is said first', () => {
  const plan = onBranch();
  const base = {
    ...plan.base!,
    status: 'invalid' as const,
    why: 'The project at origin/main has 2 problems: the branch is planned alone.',
  };
  const comment = renderComment({ ...plan, base, syncs: plan.syncs.map(({ change: _, attribution: __, ...sync }) => sync) });
  expect(comment).toContain('> [!WARNING]\n> The project at origin&#47;main has 2 problems&#58; the branch is planned alone.');
  expect(comment).toContain('| Changes |');
});

test('a guard that comes close is shown, one that is far is not', () => {
  const guard = (actual: number): SyncPlan['guards'][number] => ({
    guard: 'deletes',
    limit: 100,
    actual,
    existing: 5000,
    ok: true,
    allowed: false,
  });
  expect(renderComment(planDocument(syncPlan({ guards: [guard(60)] })))).toContain('| guard <code>deletes</code> | 60 of 100 | ok |');
  expect(renderComment(planDocument(syncPlan({ guards: [guard(3)] })))).not.toContain('guard <code>');
});

test('a branch that touches no sync', () => {
  expect(renderComment({ ...planDocument(), base: onBranch().base! })).toContain('No sync is affected.');
});

test('a failed check shows no value of the rows that it returned; a message of any length leaves room for the rest', () => {
  const checked = withChecks(syncPlan({ name: 'checked', summary: { update: 1, takeover: 1 } }), [
    { name: 'no churn', ok: false, violations: 2, examples: ['{"key":"SECRET-KEY"}', '{"key":"OTHER"}'] },
  ]);
  const wordy = syncPlan({ name: 'wordy', error: { message: 'x'.repeat(70_000), where: null, hint: null } });
  for (const render of [renderComment, renderSummary]) {
    const report = render(planDocument(wordy, checked));
    expect(report).toContain('no churn');
    expect(report).not.toContain('SECRET-KEY');
    expect(report).toContain('could not be planned');
    expect(report).toContain('1 record taken over: they hold values that Sluice did not write.');
  }
});
