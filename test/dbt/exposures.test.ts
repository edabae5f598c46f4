import { readFile } from 'node:fs/promises';

import { expect, it } from 'vitest';
import { parse } from 'yaml';

import { must } from '../support/project.ts';
import { dbtProject } from './support.ts';

it('writes an exposure for each sync that reads a dbt model', async () => {
  const url = 'https://example.com/{file}#{sync}';
  await using made = await dbtProject(
    {},
    { dbt: { target: '../dbt/target', exposure_url: url } },
    { owner: 'RevOps <revops@example.com>', tags: ['crm'], description: 'Health: "of" accounts' },
  );
  const { stdout } = await made.run(['dbt', 'exposures']);
  expect(parse(stdout)).toEqual({
    version: 2,
    exposures: [
      {
        name: 'sluice_acme_accounts',
        label: 'accounts (Sluice)',
        type: 'application',
        url: 'https://example.com/syncs/syncs.yaml#accounts',
        description: 'Health: "of" accounts',
        depends_on: ["ref('account_health')"],
        owner: { name: 'RevOps', email: 'revops@example.com' },
        meta: { sluice: { project: 'acme', sync: 'accounts', destination: 'crm', object: 'Account', fields: ['Name', 'Plan', 'Seats'] } },
        tags: ['crm'],
      },
    ],
  });
  must(await made.run(['dbt', 'exposures', '--out', 'exposures.yml']), 0);
  expect(await readFile(made.file('exposures.yml'), 'utf8')).toBe(stdout);
});

it('always names an owner, and says what it leaves out', async () => {
  await using made = await dbtProject();
  await made.sync([
    { source: { connection: 'warehouse', dbt: 'account_health', key: 'id' } },
    {
      name: 'other',
      source: { connection: 'warehouse', query: 'select 1 as id, 2 as x', key: 'id' },
      destination: { connection: 'crm', object: 'Other', key: 'id' },
      fields: { X: 'x' },
    },
  ]);
  const { stdout, stderr } = await made.run(['dbt', 'exposures']);
  expect(parse(stdout)).toMatchObject({ exposures: [{ owner: { name: 'acme' } }] });
  expect(stderr).toContain('1 sync reads no dbt model and is left out.');
  const none = await made.run(['dbt', 'exposures', 'other']);
  expect({ code: none.code, stderr: none.stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('no sync reads a dbt model') });
});
