/** What `plan` prints for people is its document, rendered: tests that look at one need not ask for the other. */
import { expect, test } from 'vitest';

import { PLAIN } from '../../src/report/colour.ts';
import { renderPlan } from '../../src/report/text.ts';
import { project } from '../support/project.ts';

test('the text of a plan says what its JSON says', async () => {
  await using p = await project({
    warehouse: ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats VARCHAR)'],
    sync: { guards: { updates: { max: 0 } }, checks: [{ name: 'nobody', sql: 'select key from changes' }] },
    source: [['1', 'Ada', 'Team', '5'], ['2', 'Bob', 'Scale', 'many'], ['3', 'Cid', 'Team', '7']], // prettier-ignore
    live: [['1', 'Ada', 'Free', 5]],
  });
  const document = await p.plan([], 3);
  const text = await p.planText([], 3);
  expect(text).toBe(renderPlan(document, { paint: PLAIN }));
  expect(text).toContain('BLOCKED');
});
