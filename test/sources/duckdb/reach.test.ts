/** A query reads its own database and the project's files, whatever else the workspace holds. */
import { writeFile } from 'node:fs/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { Project } from '../../../src/config/model.ts';
import { formatProblem, UserError } from '../../../src/errors.ts';
import { openSource, SOURCES } from '../../../src/sources/registry.ts';
import type { Query, Source } from '../../../src/sources/source.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { folder, onDatabase } from '../../support/database.ts';

const home = process.cwd();
afterEach(() => process.chdir(home));

function query(sql: string): Query {
  const lines = sql.split('\n').map((_, index) => ({ file: 'syncs/accounts.yaml', line: 10 + index, column: 5 }));
  return { sql, sync: 'accounts', lines };
}

/** The world of a plan: the source's database beside those of the plan, the state and the destination. */
async function world(
  dir: { path: string; file: (name: string) => string },
  options: Record<string, unknown>,
): Promise<{ source: Source; workspace: Workspace }> {
  const workspace = await Workspace.open({ memoryLimit: '500MB' });
  for (const [file, name] of [
    ['plan', 'plan'],
    ['state', 'sluice_state'],
    ['crm', 'odd "crm".main'],
  ] as const)
    await workspace.attach(dir.file(`${file}.duckdb`), name, 'write');
  const location = { file: 'syncs/connections.yaml', line: 1, column: 1 };
  const source = await openSource(SOURCES, { name: 'w', type: 'duckdb', options, location }, {} as never, { dir: dir.path } as Project);
  await source.attach(workspace);
  await workspace.lock([dir.path]);
  return { source, workspace };
}

async function makeForeign({ file }: { file: (name: string) => string }): Promise<void> {
  for (const name of ['plan', 'state', 'crm'])
    await onDatabase(file(`${name}.duckdb`), 'CREATE TABLE secrets AS SELECT 1 AS a', 'CREATE SEQUENCE s');
}

async function outcome(source: Source, sql: string): Promise<string> {
  try {
    return `columns: ${(await source.describe(query(sql))).map((column) => column.name).join(', ')}`;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.problems.map((problem) => formatProblem(problem)).join('\n');
  }
}

let dir: Awaited<ReturnType<typeof folder>>;
let opened: Awaited<ReturnType<typeof world>>;

beforeAll(async () => {
  dir = await folder();
  await onDatabase(
    dir.file('my warehouse.duckdb'),
    'CREATE TABLE t AS SELECT 1 AS a, [1, 2] AS list',
    'CREATE VIEW v AS SELECT * FROM t',
    'CREATE MACRO pick(name) AS TABLE SELECT * FROM query_table(name)',
    'CREATE SCHEMA sluice_stat',
    'CREATE TABLE sluice_stat.secrets AS SELECT 1 AS a',
    'CREATE SEQUENCE s',
  );
  await makeForeign(dir);
  await onDatabase(dir.file('other.duckdb'), 'CREATE TABLE secrets AS SELECT 1 AS a');
  await writeFile(dir.file('rows.csv'), 'a\n1\n');
  opened = await world(dir, { path: dir.file('my warehouse.duckdb') });
});

afterAll(async () => {
  await opened.source[Symbol.asyncDispose]();
  await opened.workspace[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

describe('what is not the source is out of reach', () => {
  it.each([
    ['select a\nfrom plan.secrets', '11:10: the query reads plan.main.secrets, which is not'],
    ['select * from PLAN.main.Secrets', '10:19: the query reads plan.main.secrets'],
    ['with x as (select * from sluice_state.secrets) select count(*) as n from x', 'the query reads sluice_state.main.secrets'],
    ['select * from "odd ""crm"".main".main.secrets', '10:19: the query reads "odd ""crm"".main".main.secrets'],
    ['select a, (select max(a) from plan.secrets) as m from t', 'the query reads plan.main.secrets'],
    ['select a from t where exists (select 1 from plan.secrets s where s.a = t.a)', 'the query reads plan.main.secrets'],
    ['select t.a from t, lateral (select 1 from plan.secrets s where s.a = t.a)', 'the query reads plan.main.secrets'],
    [
      'with recursive r as (select 1 as a union all select r.a + 1 from r, plan.secrets where r.a < 3) select a from r',
      'the query reads plan.main.secrets',
    ],
    ['select count(*) as n from plan.secrets where false', 'the query reads plan.main.secrets'],
    ["select * from pick('plan.secrets')", '10:5: the query reads plan.main.secrets'],
    ["select * from query('select * from plan.secrets')", '10:19: query() cannot be used'],
    ["select * from (select * from\n  query_table('plan.secrets'))", '11:7: query_table() cannot be used'],
    ["select * from query(case when now() > '2020-01-01' then 'select 1' else 'select a from plan.secrets' end)", 'query() cannot be used'],
    ["from json_execute_serialized_sql(json_serialize_sql('select a from plan.secrets'))", 'json_execute_serialized_sql() cannot be used'],
    ["select nextval('plan.main.s') as a", '10:12: nextval() cannot be used'],
    ["select * from pragma_storage_info('plan.secrets')", '10:19: pragma_storage_info() cannot be used'],
    ["select * from pragma_table_info('plan.secrets')", 'cannot be used'],
    ['select * from duckdb_columns()', '10:19: duckdb_columns() cannot be used'],
    ['select table_name from information_schema.tables', 'duckdb_tables() cannot be used'],
    ['select name from (describe plan.secrets) as d(name, b, c, d, e, f)', 'DESCRIBE, SHOW and SUMMARIZE cannot be used'],
    ['select column_name from (summarize plan.secrets)', 'cannot be used'],
    ["select * from checkpoint('plan')", 'checkpoint() cannot be used'],
    ["select * from read_duckdb('other.duckdb', table_name = 'secrets')", '10:19: read_duckdb() cannot be used'],
    ["select * from 'other.duckdb'", 'read_duckdb() cannot be used'],
  ])('%j', async (sql, expected) => {
    process.chdir(dir.path);
    const said = await outcome(opened.source, sql);
    expect(said).toMatch(/^syncs\/accounts\.yaml:/);
    expect(said).toContain(expected);
  });

  it('is refused inside the expression of a field, too: what is described is what runs', async () => {
    await expect(
      opened.source.extract(query('SELECT\n(\n(select max(a) from plan.secrets)\n) AS f0\nFROM (\nselect * from t\n) AS q')),
    ).rejects.toThrow('the query reads plan.main.secrets');
  });
});

describe('what is the source stays in reach', () => {
  it.each([
    'select * from t',
    'from v',
    'select * from "my warehouse".main.t',
    "from pick('t')",
    'from sluice_stat.secrets',
    'select unnest(list) as u from t',
    'select * from t, lateral (select unnest(list) as u)',
    'with plan as (select 1 as secrets) select plan.secrets from plan',
    'select count(*) as n from (from t union all by name from v) as plan',
    'select range as a from range(3)',
    "select j.value from t, json_each('[1, 2]') as j",
    'pivot t on a in (1, 2) using count(*)',
    'values (1)',
    "select * from (values ('from plan.secrets')) as x(a)",
  ])('%j', async (sql) => {
    expect(await outcome(opened.source, sql)).toMatch(/^columns: /);
  });

  it('files of the project, with and without a database', async () => {
    process.chdir(dir.path);
    expect(await outcome(opened.source, "from 'rows.csv'")).toBe('columns: a');
    await using other = await folder();
    await makeForeign(other);
    const { source, workspace } = await world(other, {});
    await using _closed = workspace;
    process.chdir(other.path);
    await writeFile(other.file('rows.csv'), 'a\n1\n');
    expect(await outcome(source, "from read_csv('rows.csv', header = true)")).toBe('columns: a');
    expect(await outcome(source, 'from plan.secrets')).toContain('the query reads plan.main.secrets');
  });
});
