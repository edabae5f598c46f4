/** Every verb on the project that `init` makes: real files, the whole way. */
import { readFile, stat, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import type { ApplyDocument, PlanDocument } from '../../src/plan/document.ts';
import { type Folder, folder, onDatabase } from '../support/database.ts';
import { expectSchema, sluice, sluiceJson } from './run.ts';

async function initialised(): Promise<Folder> {
  const here = await folder();
  expect(await sluice(here.path, ['init'])).toMatchObject({ code: 0 });
  return here;
}

const customers = async (here: Folder, sql: string): Promise<unknown[]> => onDatabase(here.file('crm.duckdb'), sql);

async function editSync(here: Folder, from: string, to: string): Promise<void> {
  const text = await readFile(here.file('syncs/customers.yaml'), 'utf8');
  expect(text).toContain(from);
  await writeFile(here.file('syncs/customers.yaml'), text.replace(from, to));
}

test('init, plan, apply, and the plan after it is empty', async () => {
  await using here = await initialised();
  expect((await sluice(here.path, ['validate'])).stdout).toBe('Valid. 1 sync checked.\n');
  const planned = await sluice(here.path, ['plan', '--detailed-exitcode']);
  expect(planned.code).toBe(2);
  expect(planned.stdout).toContain('Plan: 5 to create, 1 to update.\n');
  expect(planned.stderr).toContain('Next: sluice apply\n');
  const applied = await sluice(here.path, ['apply', '--yes']);
  expect(applied.code).toBe(0);
  expect(applied.stdout).toContain('Apply: 6 applied.\n');
  const again = await sluice(here.path, ['plan', '--detailed-exitcode']);
  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect(again.stdout).toContain('No changes. The destination matches the warehouse.\n');
  expect(await customers(here, "SELECT Name, Tier, Owner FROM Customer WHERE External_Id = '0005'")).toEqual([
    { Name: 'Acme Rockets 🚀', Tier: 'Enterprise', Owner: 'Sales' },
  ]);
});

test('init overwrites nothing, keeps what .gitignore has, and names what is there', async () => {
  await using here = await folder();
  await writeFile(here.file('.gitignore'), 'node_modules/\n.sluice/');
  expect((await sluice(here.path, ['init', '--dir', 'definitions'])).code).toBe(0);
  expect(await readFile(here.file('.gitignore'), 'utf8')).toBe('node_modules/\n.sluice/\n*.duckdb\n*.duckdb.wal\n');
  const text = await readFile(here.file('definitions/project.yaml'), 'utf8');
  expect(text).toContain('$schema=.schemas/project.schema.json');
  expect((await stat(here.file('definitions/.schemas/project.schema.json'))).isFile()).toBe(true);
  const again = await sluice(here.path, ['init', '--dir', 'definitions']);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('definitions/project.yaml');
  expect(await readFile(here.file('definitions/project.yaml'), 'utf8')).toBe(text);
  expect((await sluice(here.path, ['plan', '--dir', 'definitions'])).stdout).toContain('Plan: 5 to create');
});

test('apply asks, and only the word yes is an approval', async () => {
  await using here = await initialised();
  const refused = await sluice(here.path, ['apply'], { answer: 'y' });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("Apply these changes? Only 'yes' is accepted: ");
  expect(refused.stderr).toContain('Nothing was applied.');
  expect(await customers(here, 'SELECT count(*) AS n FROM Customer')).toEqual([{ n: 3n }]);
  const nobody = await sluice(here.path, ['apply']);
  expect(nobody).toMatchObject({ code: 1, stdout: '' });
  expect(nobody.stderr).toContain('nobody is at the terminal');
  expect((await sluice(here.path, ['apply'], { answer: 'yes\n' })).code).toBe(0);
  expect(await customers(here, 'SELECT count(*) AS n FROM Customer')).toEqual([{ n: 8n }]);
});

test('--limit leaves the rest, which is no failure', async () => {
  await using here = await initialised();
  const { code, document } = await sluiceJson(here.path, 'apply', ['apply', '--yes', '--limit', '2']);
  expect(code).toBe(0);
  expect((document as unknown as ApplyDocument).summary.applied).toBe(2);
  expect((await sluice(here.path, ['plan'])).stdout).toContain('Plan: 3 to create, 1 to update.');
});

test('--adopt-only writes nothing to the destination', async () => {
  await using here = await initialised();
  expect((await sluice(here.path, ['apply', '--adopt-only'])).stdout).toContain('1 adopted');
  expect(await customers(here, 'SELECT count(*) AS n FROM Customer')).toEqual([{ n: 3n }]);
  expect((await sluice(here.path, ['state', 'show', 'customers', '0002'])).stdout).toContain('0002: adopted');
});

test('a saved plan: show in every form, apply once', async () => {
  await using here = await initialised();
  const planned = await sluice(here.path, ['plan', '--out', 'plan.duckdb']);
  expect(planned.stderr).toContain('Next: sluice apply plan.duckdb');
  expect(planned.stdout).toContain('sluice show plan.duckdb --records');
  const { document } = await sluiceJson(here.path, 'plan', ['show', 'plan.duckdb']);
  expect((document as unknown as PlanDocument).summary).toMatchObject({ create: 5, update: 1, takeover: 1, adopt: 1 });
  expect((await sluice(here.path, ['show', 'plan.duckdb'])).stdout).toBe(planned.stdout);
  const markdown = await sluice(here.path, ['show', 'plan.duckdb', '--format', 'markdown']);
  expect(markdown.stdout).toContain('## Sluice plan: 5 to create, 1 to update');
  expect(markdown.stdout).not.toContain('Umbrella');
  const records = await sluice(here.path, ['show', 'plan.duckdb', '--records']);
  expect(records.stdout.split('\n').filter((line) => /^ {2}[+~] /.test(line))).toHaveLength(6);
  expect(records.stdout).toContain('Name: "Zeta Labs"');
  const list = JSON.parse((await sluice(here.path, ['show', 'plan.duckdb', '--records', '--json'])).stdout) as unknown[];
  expectSchema('show-records', list);
  expect(list).toHaveLength(6);
  expect(list[0]).toMatchObject({ sync: 'customers', action: 'create' });
  const sql = 'select action, count(*) as n from changes group by all order by all';
  expect((await sluice(here.path, ['show', 'plan.duckdb', '--sql', sql])).stdout).toBe('action  n\ncreate  5\nupdate  1\n');
  expect((await sluiceJson(here.path, 'show-sql', ['show', 'plan.duckdb', '--sql', sql])).document).toEqual({
    columns: ['action', 'n'],
    rows: [
      ['create', '5'],
      ['update', '1'],
    ],
  });
  expect((await sluice(here.path, ['show', 'plan.duckdb', '--records', '--sync', 'customer'])).stderr).toContain(
    'the plan has no sync "customer"',
  );
  expect((await sluice(here.path, ['apply', 'plan.duckdb'])).code).toBe(0);
  expect((await sluice(here.path, ['apply', 'plan.duckdb'])).code).toBe(4);
});

test('an encrypted plan needs its key', async () => {
  await using here = await initialised();
  const env = { SLUICE_PLAN_KEY: 'a long enough passphrase for a plan' };
  expect((await sluice(here.path, ['plan', '--encrypt'], { env })).stderr).toContain('--encrypt needs a file');
  expect((await sluice(here.path, ['plan', '--out', 'p.enc', '--encrypt'], { env })).code).toBe(0);
  expect((await readFile(here.file('p.enc'))).includes('Umbrella')).toBe(false);
  expect((await sluice(here.path, ['show', 'p.enc'])).code).toBe(1);
  expect((await sluice(here.path, ['show', 'p.enc'], { env })).stdout).toContain('Plan: 5 to create');
});

test('a failed check blocks with exit code 3, and names its rows', async () => {
  await using here = await initialised();
  await editSync(here, "before.Tier = 'Enterprise' and after.Tier <> 'Enterprise'", "after.Tier = 'Enterprise'");
  const planned = await sluice(here.path, ['plan']);
  expect(planned.code).toBe(3);
  expect(planned.stdout).toContain('BLOCKED: customers will not be applied');
  expect(planned.stderr).not.toContain('Next:');
  const applied = await sluice(here.path, ['apply', '--yes']);
  expect(applied.code).toBe(3);
  expect(await customers(here, 'SELECT count(*) AS n FROM Customer')).toEqual([{ n: 3n }]);
});

test('drift, accept, history and revert', async () => {
  await using here = await initialised();
  expect((await sluice(here.path, ['apply', '--yes'])).code).toBe(0);
  expect((await sluice(here.path, ['drift'])).stdout).toBe('No drift.\n');
  await customers(here, "UPDATE Customer SET Plan = 'Custom' WHERE External_Id IN ('0001', '0003')");
  const drift = await sluice(here.path, ['drift']);
  expect(drift.code).toBe(0);
  expect(drift.stdout).toContain('Drift: 2 records, 0 of them in conflict with the warehouse.');
  expect(drift.stdout).toContain('! 0001   will be overwritten   Plan: "Custom" -> "Scale"');
  expectSchema('plan', JSON.parse((await sluice(here.path, ['drift', '--json'])).stdout));
  const accepted = await sluiceJson(here.path, 'accept', ['accept', 'customers', '0001']);
  expect(accepted.document).toEqual({ sync: 'customers', accepted: 1 });
  expect((await sluice(here.path, ['accept', 'customers', 'nobody'])).stderr).toContain('nobody');
  expect((await sluice(here.path, ['drift'])).stdout).toContain('Drift: 1 record,');
  expect((await sluice(here.path, ['accept', 'customers'])).stderr).toContain('Add --yes.');
  expect((await sluice(here.path, ['accept', 'customers', '--yes'])).stdout).toBe('Accepted 1 record of customers.\n');
  expect((await sluice(here.path, ['drift'])).stdout).toBe('No drift.\n');
  expect(await customers(here, "SELECT Plan FROM Customer WHERE External_Id = '0001'")).toEqual([{ Plan: 'Custom' }]);

  const { document } = await sluiceJson(here.path, 'history', ['history']);
  const runs = document.runs as { run_id: string; counts: Record<string, number> }[];
  const first = runs.at(-1)!;
  expect((await sluice(here.path, ['history'])).stdout).toContain(first.run_id);
  const one = await sluiceJson(here.path, 'history', ['history', first.run_id.slice(0, 8)]);
  expect(one.document.total).toBe(6);
  expect((await sluice(here.path, ['history', first.run_id])).stdout).toContain(`sluice revert ${first.run_id}`);
  expect((await sluice(here.path, ['history', 'nothing'])).stderr).toContain('there is no run "nothing"');

  const back = await sluice(here.path, ['revert', first.run_id, '--out', 'back.duckdb']);
  expect(back.stderr).toContain('Next: sluice apply back.duckdb');
  expect(back.stdout).toMatch(/5 to delete/);
});

test('state: list, show, rename, forget, unlock', async () => {
  await using here = await initialised();
  expect((await sluice(here.path, ['state', 'list'])).stdout).toContain('is empty');
  await sluice(here.path, ['apply', '--yes']);
  expect((await sluiceJson(here.path, 'state-list', ['state', 'list'])).document.syncs).toMatchObject([
    { sync: 'customers', records: 7, serial: 1 },
  ]);
  const shown = await sluiceJson(here.path, 'state-show', ['state', 'show', 'customers', '0001']);
  expect(shown.document.records_shown).toMatchObject([{ key: ['0001'], origin: 'created', sent: { Name: 'Umbrella GmbH' } }]);
  expect((await sluice(here.path, ['state', 'rm', 'customers', 'nobody', '--yes'])).stderr).toContain(
    'there is no record ["nobody"] in the state of customers',
  );
  expect((await sluice(here.path, ['state', 'mv', 'customers', 'customers'])).stderr).toContain(
    'customers is the name that its state has already',
  );
  expect((await sluice(here.path, ['state', 'show', 'customer'])).stderr).toContain('Did you mean "customers"?');
  expect((await sluice(here.path, ['state', 'rm', 'customers', '0001'], { answer: 'no' })).code).toBe(1);
  expect((await sluice(here.path, ['state', 'rm', 'customers', '0001'], { answer: 'yes' })).stdout).toBe('Forgot 1 record of customers.\n');
  expect((await sluiceJson(here.path, 'state-mv', ['state', 'mv', 'customers', 'clients'])).document).toEqual({
    from: 'customers',
    to: 'clients',
    records: 6,
  });
  expect((await sluice(here.path, ['state', 'list'])).stdout).toContain('clients');
  expect((await sluice(here.path, ['state', 'rm', 'clients', '--yes'])).stdout).toBe('Forgot 6 records of clients.\n');
  expect((await sluice(here.path, ['state', 'unlock', 'customers'])).stderr).toContain('--generation');
});

test('ls, describe, doctor and schema', async () => {
  await using here = await initialised();
  expect((await sluiceJson(here.path, 'ls', ['ls', '--select', 'tag:crm', '--why'])).document.syncs).toMatchObject([
    { name: 'customers', why: ['tag:crm'] },
  ]);
  expect((await sluice(here.path, ['ls', 'custmers'])).stderr).toContain('did you mean customers?');
  const described = await sluiceJson(here.path, 'describe', ['describe', '--save']);
  expect(described.document.syncs).toMatchObject([{ name: 'customers', problems: [] }]);
  expect(JSON.parse(await readFile(here.file('syncs/.snapshots/customers.json'), 'utf8'))).toMatchObject({
    sync: 'customers',
    destination: { object: 'Customer' },
  });
  expect((await sluice(here.path, ['describe'])).stdout).toContain('DECIMAL(12,2)  mrr');
  const healthy = await sluiceJson(here.path, 'doctor', ['doctor']);
  expect(healthy).toMatchObject({ code: 0, document: { healthy: true } });
  await editSync(here, 'object: Customer', 'object: Custmer');
  const sick = await sluiceJson(here.path, 'doctor', ['doctor']);
  expect(sick).toMatchObject({ code: 1, document: { healthy: false } });
  expect((await sluice(here.path, ['doctor'])).stdout).toMatch(/^FAIL {2}crm \(destination\) .*Custmer/m);
  const online = await sluiceJson(here.path, 'validate', ['validate', '--online']);
  expect(online).toMatchObject({ code: 1, document: { valid: false } });
  expect((await sluice(here.path, ['schema', 'sync'])).stdout).toContain('"SyncDocument"');
  expect((await sluiceJson(here.path, 'schema-list', ['schema'])).document.schemas).toContain('plan');
  expect((await sluice(here.path, ['schema', 'synk'])).stderr).toContain('Did you mean "sync"?');
});

test('a sync that cannot be planned is exit code 1, and the plan of the others is still there', async () => {
  await using here = await initialised();
  const good = await readFile(here.file('syncs/customers.yaml'), 'utf8');
  await writeFile(
    here.file('syncs/broken.yaml'),
    good.replace('name: customers', 'name: broken').replace('object: Customer', 'object: Nothing'),
  );
  const { code, document } = await sluiceJson(here.path, 'plan', ['plan', '--out', 'plan.duckdb']);
  expect(code).toBe(1);
  expect((document as unknown as PlanDocument).syncs.map((sync) => [sync.name, sync.error === null])).toEqual([
    ['broken', false],
    ['customers', true],
  ]);
  expect((await sluice(here.path, ['show', 'plan.duckdb'])).stdout).toContain('error: syncs/broken.yaml:');
  expect((await sluice(here.path, ['plan', 'customers'])).code).toBe(0);
});

test('a project with environments is not applied without one', async () => {
  await using here = await initialised();
  const path = here.file('syncs/project.yaml');
  await writeFile(path, `${await readFile(path, 'utf8')}environments:\n  prod: {}\n`);
  expect((await sluice(here.path, ['plan'])).code).toBe(0);
  const refused = await sluice(here.path, ['apply', '--yes']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('--env prod');
  expect((await sluice(here.path, ['apply', '--yes', '--env', 'prod'])).code).toBe(0);
});

test('a secret shows nowhere: not in results, errors, causes or stacks', async () => {
  await using here = await initialised();
  const secret = 'hunter2-"quoted"';
  const env = { CRM_PATH: `${here.path}/${secret}.duckdb`, SLUICE_DEBUG: '1' };
  const path = here.file('syncs/connections.yaml');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"../crm.duckdb"', '${env.CRM_PATH}'));
  for (const args of [
    ['plan'],
    ['plan', '--json'],
    ['doctor'],
    ['doctor', '--json'],
    ['validate', '--online'],
    ['describe', '--json'],
    ['apply', '--yes'],
    ['drift'],
  ]) {
    const { code, stdout, stderr } = await sluice(here.path, args, { env });
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain('***');
    expect(stdout + stderr).not.toContain('hunter2');
  }
});
