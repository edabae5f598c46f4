import { expect, test } from 'vitest';
import { orgProject, said } from '../../e2e/org.ts';
test('x', async () => {
  await using o = await orgProject({ sandbox: { dailyApiRequests: 100_000 }, warehouse: ["CREATE TABLE account AS SELECT 'ACME-' || lpad(CAST(i AS VARCHAR), 9, '0') AS id, 'Name ' || i AS name, 'Team' AS plan, 5 AS seats FROM range(100000) t(i)"] });
  for (let i = 0; i < 100_000; i++) o.sandbox.org.insert('Account', { External_Id__c: `ACME-${String(i).padStart(9, '0')}`, Name: `Name ${i}`, Plan__c: 'Team', Seats__c: '5' });
  o.sandbox.calls.reset();
  let t = performance.now();
  const ran = await o.p.run(['apply', '--yes']);
  console.log(said(ran).slice(-600), ran.code, 'first run calls', o.sandbox.calls.total, (performance.now() - t) | 0);
  console.log(o.sandbox.calls.recent.map((c) => `${c.method} ${c.path.slice(0, 80)}`).join('\n'));
  await o.p.warehouse("UPDATE account SET seats = 6 WHERE CAST(right(id, 2) AS INTEGER) = 7");
  o.sandbox.calls.reset();
  t = performance.now();
  const plan = await o.p.run(['plan']);
  console.log(said(plan).slice(-900), 'plan calls', o.sandbox.calls.total, (performance.now() - t) | 0);
  console.log(o.sandbox.calls.recent.map((c) => `${c.method} ${c.path.slice(0, 80)}`).join('\n'));
}, 300_000);
