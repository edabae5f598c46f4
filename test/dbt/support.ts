/** A project beside a dbt project: what dbt would have written, for the default warehouse. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { type Account, project, type TestProject } from '../support/project.ts';

type Json = Readonly<Record<string, unknown>>;

export const MODEL = 'model.acme.account_health';
const TEST = 'test.acme.unique_account_health_id.c1a2b3';

/** The parts of a node that dbt 1.8 writes and Sluice reads. */
export function node(name: string, own: Json = {}): Json {
  return {
    resource_type: 'model',
    name,
    package_name: 'acme',
    database: 'warehouse',
    schema: 'main',
    alias: name,
    version: null,
    latest_version: null,
    config: { materialized: 'table' },
    depends_on: { nodes: [] },
    ...own,
  };
}

export function manifest(nodes: Readonly<Record<string, Json>> = {}, own: Json = {}): Json {
  return {
    metadata: { dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v12.json', adapter_type: 'duckdb', project_name: 'acme' },
    nodes: {
      [MODEL]: node('account_health', { alias: 'Account Health' }),
      [TEST]: node('unique_account_health_id', { resource_type: 'test', depends_on: { nodes: [MODEL] } }),
      'seed.acme.regions': node('regions', { resource_type: 'seed' }),
      'model.acme.stg': node('stg', { config: { materialized: 'ephemeral' } }),
      ...nodes,
    },
    disabled: { 'model.acme.retired': [node('retired')] },
    ...own,
  };
}

/** The artifact of a run, an hour old. */
export function runResults(statuses: Readonly<Record<string, string>> = {}, own: Json = {}): Json {
  const all = { [MODEL]: 'success', [TEST]: 'pass', ...statuses };
  return {
    metadata: { generated_at: new Date(Date.now() - 3_600_000).toISOString() },
    args: { which: 'build' },
    results: Object.entries(all).map(([unique_id, status]) => ({ unique_id, status, message: "secret value 'x'" })),
    ...own,
  };
}

export async function artifact(made: TestProject, name: 'manifest' | 'run_results', content: Json | string): Promise<void> {
  const file = made.file(`dbt/target/${name}.json`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
}

/** The default sync over the dbt model, with more of `source` and of the project. */
export async function dbtProject(source: Json = {}, projectOwn: Json = {}, sync: Json = {}): Promise<TestProject> {
  const made = await project({
    project: { dbt: { target: '../dbt/target' }, ...projectOwn },
    warehouse: ['CREATE TABLE "Account Health" (id VARCHAR, name VARCHAR, plan VARCHAR, seats INTEGER)'],
    sync: { source: { connection: 'warehouse', dbt: 'account_health', key: 'id', ...source }, ...sync },
  });
  const rows: readonly Account[] = [['1', 'Ada', 'SMB', 3]];
  await made.warehouse(`INSERT INTO "Account Health" VALUES ${rows.map((row) => `('${row.slice(0, 3).join("', '")}', 3)`).join(', ')}`);
  await artifact(made, 'manifest', manifest());
  await artifact(made, 'run_results', runResults());
  return made;
}
