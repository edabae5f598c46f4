import { expect, test } from 'vitest';

import { EXIT, type ExitCode } from '../../src/errors.ts';
import type { Blocked, SyncApply, SyncPlan } from '../../src/plan/document.ts';
import { exitCodeOfApply, exitCodeOfPlan, strongest } from '../../src/report/exit-code.ts';
import { applyDocument, planDocument, syncApply, syncPlan } from './fixtures.ts';

const block = (kind: Blocked['kind']): Blocked => ({ kind, message: 'no', hint: null });
const failed = { message: 'no such table', where: null, hint: null };

test('precedence: 1 before 4 before 3 before 5 before 2 before 0, in every combination', () => {
  const order: readonly ExitCode[] = [EXIT.error, EXIT.stale, EXIT.forbidden, EXIT.partial, EXIT.changes, EXIT.ok];
  for (const [rank, code] of order.entries()) {
    for (const weaker of order.slice(rank)) {
      expect(strongest([weaker, code])).toBe(code);
      expect(strongest([code, weaker])).toBe(code);
    }
  }
  expect(strongest([])).toBe(EXIT.ok);
});

const plans: readonly (readonly [string, SyncPlan, ExitCode, ExitCode])[] = [
  // what, plan, exit code, exit code with --detailed-exitcode
  ['nothing', syncPlan(), 0, 0],
  ['a create', syncPlan({ summary: { create: 1 } }), 0, 2],
  ['an update', syncPlan({ summary: { update: 1 } }), 0, 2],
  ['a delete', syncPlan({ summary: { delete: 1 } }), 0, 2],
  ['a clear', syncPlan({ summary: { clear: 1 } }), 0, 2],
  [
    'only what is not written',
    syncPlan({ summary: { held: 1, drift: 1, rejected: 1, known_rejected: 1, adopt: 1, forget: 1, release: 1, skipped: 1 } }),
    0,
    0,
  ],
  ['a guard', syncPlan({ summary: { delete: 9 }, blocked: [block('guard')] }), 3, 3],
  ['a check', syncPlan({ blocked: [block('check')] }), 3, 3],
  ['a limit', syncPlan({ blocked: [block('limit')] }), 3, 3],
  ['on_drift: fail', syncPlan({ blocked: [block('drift')] }), 3, 3],
  ['an error', syncPlan({ error: failed }), 1, 1],
  ['an error and a guard', syncPlan({ blocked: [block('guard'), block('error')] }), 1, 1],
];

test.each(plans)('plan: %s', (_, sync, code, detailed) => {
  expect(exitCodeOfPlan(planDocument(sync), { detailed: false })).toBe(code);
  expect(exitCodeOfPlan(planDocument(sync), { detailed: true })).toBe(detailed);
});

test('plan: the worst sync decides', () => {
  for (const [, a, codeA] of plans) {
    for (const [, b, codeB] of plans) {
      expect(exitCodeOfPlan(planDocument(a, b), { detailed: false })).toBe(strongest([codeA, codeB]));
    }
  }
});

const results: readonly (readonly [string, Partial<SyncApply>, SyncPlan, ExitCode])[] = [
  ['all applied', { applied: 3 }, syncPlan({ summary: { update: 3 } }), 0],
  ['nothing to do', { status: 'nothing' }, syncPlan(), 0],
  ['a deliberate limit', { status: 'partial', applied: 1, not_attempted: 2, limited: true }, syncPlan({ summary: { update: 3 } }), 0],
  ['a limit and a reject', { status: 'partial', not_attempted: 2, limited: true, rejected: 1 }, syncPlan(), 5],
  ['unfinished', { status: 'partial', not_attempted: 2 }, syncPlan(), 5],
  ['a reject of the destination', { applied: 2, rejected: 1 }, syncPlan(), 5],
  ['a reject of the plan', { applied: 2 }, syncPlan({ summary: { rejected: 1 } }), 5],
  ['only known rejects', { applied: 2 }, syncPlan({ summary: { known_rejected: 4 } }), 0],
  ['held in the plan by policy', { applied: 2 }, syncPlan({ summary: { held: 1 } }), 0],
  ['held because it moved since', { held: 1 }, syncPlan(), 5],
  ['unknown', { unknown: 1 }, syncPlan(), 5],
  ['blocked by a guard', { status: 'blocked' }, syncPlan({ blocked: [block('guard')] }), 3],
  ['blocked by an error in the plan', { status: 'blocked' }, syncPlan({ error: failed }), 1],
  ['stale', { status: 'stale' }, syncPlan({ summary: { update: 1, rejected: 1 } }), 4],
  ['already applied', { status: 'already_applied' }, syncPlan({ summary: { update: 1, rejected: 1 } }), 4],
  ['failed', { status: 'failed', applied: 2, not_attempted: 5 }, syncPlan(), 1],
];

test.each(results)('apply: %s', (_, result, plan, code) => {
  expect(exitCodeOfApply(applyDocument(syncApply(result)), planDocument(plan))).toBe(code);
});

test('apply: the worst sync decides', () => {
  for (const [, a, planA, codeA] of results) {
    for (const [, b, planB, codeB] of results) {
      const document = applyDocument(syncApply({ ...a, name: 'a' }), syncApply({ ...b, name: 'b' }));
      const plan = planDocument({ ...planA, name: 'a' }, { ...planB, name: 'b' });
      expect(exitCodeOfApply(document, plan)).toBe(strongest([codeA, codeB]));
    }
  }
});
