import { expect, it } from 'vitest';

import { orgProject, said } from '../../e2e/org.ts';

it('a plan of 100,000 accounts with 1,000 candidates is two API calls: a description and one read', async () => {
  const key = (index: number): string => `ACME-${String(index).padStart(9, '0')}`;
  const warehouse =
    "CREATE TABLE account AS SELECT 'ACME-' || lpad(CAST(i AS VARCHAR), 9, '0') AS id, 'Name ' || i AS name, 'Team' AS plan, 5 AS seats FROM range(100000) t(i)";
  await using o = await orgProject({ warehouse: [warehouse] });
  for (let index = 0; index < 100_000; index += 1) {
    o.sandbox.org.insert('Account', { External_Id__c: key(index), Name: `Name ${index}`, Plan__c: 'Team', Seats__c: '5' });
  }
  const first = await o.p.run(['apply', '--yes']);
  expect(first.code, said(first)).toBe(0);
  expect(o.sandbox.calls.total, 'all were read by a job').toBeLessThan(10);
  await o.p.warehouse("UPDATE account SET seats = 6 WHERE id LIKE '%07'");
  o.sandbox.calls.reset();
  expect(await o.p.summary()).toMatchObject({ update: 1_000, unchanged: 99_000 });
  expect(o.sandbox.calls.recent.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /services/oauth2/token',
    'GET /sobjects/Account/describe',
    'GET /services/oauth2/userinfo',
    'POST /composite',
  ]);
  expect(o.sandbox.calls.total).toBe(2);
});
