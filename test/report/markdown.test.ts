import { expect, test } from 'vitest';

import { renderMarkdown } from '../../src/report/markdown.ts';
import { designPlan, planDocument, syncPlan } from './fixtures.ts';

const shown = planDocument(...designPlan().syncs.map((sync) => ({ ...sync, report_values: 'shown' as const })));

test('a plan for a pull request, values shown', () => {
  expect(renderMarkdown({ ...shown, environment: 'prod', commit: '4f2c1ab' })).toMatchSnapshot();
});

test('masked, which is the default, no value and no key shows', () => {
  const text = renderMarkdown(designPlan());
  for (const value of ['Enterprise', 'SMB', '900000', 'Umbrella', '001A', '0018A', '256 characters']) expect(text).not.toContain(value);
  expect(text).toContain('| <code>Tier__c</code> | 291 | 2 |');
  expect(text).toContain('| <code>STRING_TOO_LONG</code> | <code>Name</code> | 1 |');
  expect(text).toContain('values are not shown here');
});

test('what forbids the apply comes before the numbers', () => {
  const blocked = syncPlan({
    summary: { delete: 9 },
    blocked: [{ kind: 'guard', message: 'deletes: 9 of 10', hint: 'To allow it: --allow deletes:account-health=9' }],
  });
  const broken = syncPlan({ name: 'contacts', error: { message: 'no table', where: 'syncs/contacts.yaml:3:1', hint: null } });
  const text = renderMarkdown(planDocument(blocked, broken));
  expect(text).toContain(
    '> [!CAUTION]\n> **<code>account-health</code> will not be applied**\n> - guard: deletes&#58; 9 of 10 (To allow it&#58; --allow deletes&#58;account-health&#61;9)',
  );
  expect(text).toContain(
    '> **<code>contacts</code> could not be planned (<code>syncs&#47;contacts.yaml&#58;3&#58;1</code>)&#58; no table**'.replace(
      '&#58; no',
      ': no',
    ),
  );
  expect(text.indexOf('[!CAUTION]')).toBeLessThan(text.indexOf('| Sync |'));
});

test('an empty plan', () => {
  expect(renderMarkdown(planDocument(syncPlan()))).toContain('## Sluice plan: no changes\n');
});
