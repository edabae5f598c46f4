import { expect, test } from 'vitest';

import { createPaint, PLAIN } from '../../src/report/colour.ts';
import { renderPlan } from '../../src/report/text.ts';
import { change, designPlan, planDocument, sample, syncPlan } from './fixtures.ts';

const plain = { paint: PLAIN, planFile: 'plan.duckdb' };

test('the example of the design, line by line', () => {
  expect(renderPlan(designPlan(), plain)).toBe(
    `account-health   warehouse -> crm.Account          drift checked on 355 of 48,211
  + create   12
  ~ update  340    Tier__c 291 (SMB -> Enterprise 187, Enterprise -> SMB 104)   ARR__c 31
  ! drift     2    Tier__c 2   will be overwritten
  - delete    3
  x reject    1    STRING_TOO_LONG Name: 256 characters, the field takes 255 (key 0018A)
    ~ 001A  "Umbrella"   Tier__c: "SMB" -> "Enterprise"   ARR__c: 900000 -> 1200000
    ... 354 more: sluice show plan.duckdb --records
Plan: 12 to create, 340 to update, 3 to delete, 1 rejected. 4 API calls of 84,213 left today.
`,
  );
});

test('every kind of line, several syncs, blocked and failing ones', () => {
  const accounts = syncPlan({
    name: 'accounts',
    refresh: 'all',
    live_read: 5000,
    rows: 5000,
    summary: {
      create: 1,
      update: 2,
      clear: 3,
      delete: 1200,
      takeover: 1,
      drift: 2,
      conflict: 1,
      held: 2,
      rejected: 12,
      known_rejected: 2,
      adopt: 7,
      forget: 4,
      release: 5,
      skipped: 6,
    },
    fields: { Name: 2 },
    drift_fields: { Phone: 3 },
    rejects: [
      {
        code: 'TOO_LONG',
        field: 'Name',
        count: 14,
        known: 2,
        examples: ['a', 'b', 'c'].map((key) => ({ key: [key], message: '300 characters, the field takes 255' })),
      },
      { code: 'NULL_KEY', field: null, count: 1, known: 0, examples: [{ key: [null], message: 'the key is null' }] },
    ],
    held: [{ key: ['1'], reason: 'drift', fields: [change('Phone', '030', '031', { case: 'drift' })] }],
    samples: [
      sample('create', 'c', null, change('Name', null, 'New'), change('Parent', null, null, { after_apply: true })),
      sample('update', 'u', 'Ümlaut & Söhne', change('SSN', null, null, { sensitive: true })),
      sample('clear', 'x', null, change('Name', 'Old', null)),
      sample('delete', 'd', 'Gone Ltd', change('Name', 'Gone Ltd', null)),
    ],
    released_fields: ['Fax'],
    notes: ['the destination normalises Phone (3 records): its form is accepted'],
    guards: [{ guard: 'updates', limit: 1, actual: 2, existing: 5000, ok: true, allowed: true }],
    checks: [{ name: 'nobody falls', ok: false, violations: 2, examples: ['{"key":"7"}'] }],
    blocked: [
      {
        kind: 'guard',
        message: 'deletes: 1200 of 5000 existing records, the limit is 500',
        hint: 'To allow it for one run: --allow deletes:accounts=1200',
      },
      { kind: 'check', message: 'nobody falls: 2 violations', hint: null },
    ],
    cost: { api_calls: 4, api_calls_left: 100, bytes_billed: 10_485_760 },
  });
  const contacts = syncPlan({
    name: 'contacts-long-name',
    error: { message: 'no table "contacts"', where: 'syncs/contacts.yaml:7:12', hint: 'Did you mean "contact"?' },
  });
  const none = syncPlan({ name: 'idle', refresh: 'none', rows: 10, summary: { unchanged: 1234 } });
  expect(renderPlan(planDocument(accounts, contacts, none), plain)).toMatchSnapshot();
});

test('nothing to do says so', () => {
  const text = renderPlan(planDocument(syncPlan({ live_read: 3, rows: 48_211, summary: { unchanged: 48_211 } })), plain);
  expect(text).toBe(
    'account-health   warehouse -> crm.Account          drift checked on 3 of 48,211\n    no changes, 48,211 unchanged\nNo changes. The destination matches the warehouse.\n',
  );
});

test('what is only noted in state is no change', () => {
  expect(renderPlan(planDocument(syncPlan({ summary: { adopt: 5000 } })), plain)).toContain(
    'No changes. The destination matches the warehouse. 5,000 records to note in state; apply does that and writes nothing.\n',
  );
});

test('held and rejected records are not "no changes"', () => {
  const text = renderPlan(planDocument(syncPlan({ summary: { held: 1, drift: 1, known_rejected: 1 } })), plain);
  expect(text).not.toContain('No changes.');
  expect(text).toContain('Plan: 1 held, 1 rejected before.');
});

test('a change at the end of a long text shows, and long values are cut', () => {
  const long = 'x'.repeat(500);
  const text = renderPlan(
    planDocument(syncPlan({ summary: { update: 1 }, samples: [sample('update', '1', null, change('Note', `${long}old`, `${long}new`))] })),
    plain,
  );
  expect(text).toContain('old" -> "');
  expect(text).toContain('new"');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(250);
});

test('null, the word null and the empty string read differently, and numbers are bare', () => {
  const fields = [change('A', null, 'null'), change('B', '', '007'), change('C', '-0.50', '1e5')];
  const text = renderPlan(planDocument(syncPlan({ summary: { update: 1 }, samples: [sample('update', '1', null, ...fields)] })), plain);
  expect(text).toContain('A: null -> "null"   B: "" -> "007"   C: -0.50 -> "1e5"');
});

test('a new record shows neither its name twice nor what it does not have', () => {
  const created = sample(
    'create',
    '1',
    'Umbrella',
    change('Name', null, 'Umbrella'),
    change('Phone', null, null),
    change('SSN', null, null, { sensitive: true }),
  );
  const text = renderPlan(planDocument(syncPlan({ summary: { create: 1 }, samples: [created] })), plain);
  expect(text).toContain('    + 1   Name: "Umbrella"   SSN: (sensitive)\n');
});

test('a known reject says so', () => {
  const rejects = [{ code: 'TOO_LONG', field: 'Name', count: 1, known: 1, examples: [{ key: ['7'], message: 'too long' }] }];
  const text = renderPlan(planDocument(syncPlan({ summary: { known_rejected: 1 }, rejects })), plain);
  expect(text).toContain('TOO_LONG Name: too long (key 7) (known, not sent again until the row changes)');
});

test('colour marks what may not be applied, and only where it is wanted', () => {
  const document = planDocument(syncPlan({ summary: { delete: 9 }, blocked: [{ kind: 'guard', message: 'deletes: 9', hint: null }] }));
  expect(renderPlan(document, { paint: createPaint(true) })).toContain('\u001b[31m  BLOCKED: account-health will not be applied\u001b[39m');
  expect(renderPlan(document, { paint: PLAIN })).not.toContain('\u001b');
});

test('details wrap below themselves', () => {
  const fields = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`A_rather_long_field_name_${index}__c`, 30 - index]));
  const lines = renderPlan(planDocument(syncPlan({ summary: { update: 30 }, fields })), plain).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  expect(lines.filter((line) => /^ {18}A_rather/.test(line)).length).toBeGreaterThan(1);
  expect(lines.join('\n')).toContain('... 18 more fields');
});
