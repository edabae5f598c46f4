/** A run that did not do all of its plan: whatever is left is in the next plan, whatever changed in the project meanwhile. */
import { expect, test } from 'vitest';

import { fields, nonZero, project, syncOf } from '../support/project.ts';

const FOUR = [['1', 'A', 'Team', 1], ['2', 'B', 'Team', 1], ['3', 'C', 'Team', 1], ['4', 'D', 'Team', 1]] as const; // prettier-ignore

test('another mapping, and a run that did one record of four: the other three are still to be done', async () => {
  await using p = await project({ source: FOUR, sync: fields({ Plan: { when: 'create' } }) });
  await p.apply();
  await p.source(...FOUR.map(([id, name, , seats]) => [id, name, 'Scale', seats] as const));
  await p.apply();
  await p.sync(fields({ Plan: { when: 'always' } }));
  expect(await p.summary()).toMatchObject({ update: 4 });
  await p.apply(['--limit', '1']);
  expect(await p.summary()).toMatchObject({ update: 3, unchanged: 1 });
  await p.apply();
  expect(await p.summary()).toEqual({ unchanged: 4 });
  expect((await p.live()).map(([, , plan]) => plan)).toEqual(['Scale', 'Scale', 'Scale', 'Scale']);
});

test('another mapping, and one record accepted: the others are still to be done', async () => {
  await using p = await project({ source: FOUR, sync: fields({ Plan: { when: 'create' } }) });
  await p.apply();
  await p.source(...FOUR.map(([id, name, , seats]) => [id, name, 'Scale', seats] as const));
  await p.apply();
  await p.crm("UPDATE Account SET Name = 'typed' WHERE Id = '1'");
  await p.sync(fields({ Plan: { when: 'always' } }));
  expect((await p.run(['accept', 'accounts', '1'])).code).toBe(0);
  expect(await p.summary()).toMatchObject({ update: 3 });
});

test('a limit that ends between the two passes leaves the references for the next run of the same plan', async () => {
  await using p = await project({
    warehouse: ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats INTEGER, parent VARCHAR)'],
    crm: ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Parent VARCHAR)'],
    sync: { fields: { Name: 'name', Parent: { reference: { object: 'Account', key: 'Id' }, column: 'parent' } } },
  });
  await p.warehouse("INSERT INTO account VALUES ('1', 'A', NULL, 1, '3'), ('2', 'B', NULL, 1, '1'), ('3', 'C', NULL, 1, NULL)");
  expect((await p.run(['plan', '--out', 'plan.duckdb'])).code).toBe(0);
  expect((await p.run(['apply', 'plan.duckdb', '--limit', '3'])).code).toBe(0);
  expect((await p.live()).map(([, , parent]) => parent)).toEqual([null, null, null]);
  expect((await p.run(['apply', 'plan.duckdb'])).code).toBe(0);
  expect((await p.live()).map(([, , parent]) => parent)).toEqual(['3', '1', null]);
  expect((await p.run(['apply', 'plan.duckdb'])).code).toBe(4);
});

test('a plan that read nothing updates JSON whatever its notation', async () => {
  await using p = await project({
    warehouse: ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan JSON, seats INTEGER)'],
    crm: ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan JSON, Seats INTEGER)'],
    sync: syncOf(),
  });
  await p.warehouse(`INSERT INTO account VALUES ('1', 'A', '{"b": 1, "a": 2}', 1)`);
  await p.apply();
  await p.warehouse(`UPDATE account SET plan = '{"b":2,"a":2}'`);
  const applied = await p.apply(['--refresh', 'none']);
  expect(nonZero(applied.summary)).toEqual({ applied: 1 });
  expect(await p.summary()).toEqual({ unchanged: 1 });
});
