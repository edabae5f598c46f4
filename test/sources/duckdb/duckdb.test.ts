import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import type { Connection, Project } from '../../../src/config/model.ts';
import { processContext } from '../../../src/context.ts';
import { formatProblem, UserError } from '../../../src/errors.ts';
import { locateQueryError } from '../../../src/sources/query-error.ts';
import { openSource, SOURCES } from '../../../src/sources/registry.ts';
import type { Query, Source } from '../../../src/sources/source.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { folder, onDatabase, otherProcess } from '../../support/database.ts';

const CONNECTION_AT = { file: 'syncs/connections.yaml', line: 1, column: 1 };
const home = process.cwd();
afterEach(() => process.chdir(home));

function connection(options: Record<string, unknown> = {}, type = 'duckdb'): Connection {
  return { name: 'warehouse', type, options, location: CONNECTION_AT };
}

/** A query at line 10, column 5 of its file. */
function query(sql: string): Query {
  return {
    sql,
    sync: 'accounts',
    lines: sql.split('\n').map((_, index) => ({ file: 'syncs/accounts.yaml', line: 10 + index, column: 5 })),
  };
}

interface Opened extends AsyncDisposable {
  readonly source: Source;
  readonly workspace: Workspace;
}

async function open(projectDir: string, options: Record<string, unknown> = {}): Promise<Opened> {
  const context = processContext({ cwd: projectDir, env: {}, emit: () => undefined, signal: new AbortController().signal });
  const source = await openSource(SOURCES, connection(options), context, { dir: projectDir } as Project);
  const workspace = await Workspace.open({ memoryLimit: '500MB' });
  const dispose = async (): Promise<void> => {
    await source[Symbol.asyncDispose]();
    await workspace[Symbol.asyncDispose]();
  };
  try {
    await source.attach(workspace);
    await workspace.lock([projectDir]);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { source, workspace, [Symbol.asyncDispose]: dispose };
}

async function problemOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`);
  return error.problems.map((problem) => formatProblem(problem)).join('\n');
}

describe('a database file', () => {
  it('resolves unqualified, schema-qualified and fully qualified names, and yields exact rows', async () => {
    await using dir = await folder();
    await onDatabase(
      dir.file('warehouse.duckdb'),
      "CREATE TABLE accounts AS SELECT 1 AS id, 'O''Brien' AS name",
      'CREATE SCHEMA gold',
      'CREATE TABLE gold.accounts AS SELECT 170141183460469231731687303715884105727::HUGEINT AS id',
    );
    await using opened = await open(dir.path, { path: dir.file('warehouse.duckdb') });
    const relation = await opened.source.extract(query("select * from accounts -- it's a comment"));
    expect(relation.columns).toEqual([
      { name: 'id', type: 'INTEGER' },
      { name: 'name', type: 'VARCHAR' },
    ]);
    expect(await opened.workspace.rows(`SELECT * FROM ${relation.from} AS r`)).toEqual([{ id: 1, name: "O'Brien" }]);
    const gold = await opened.source.extract(query('select id from gold.accounts'));
    expect(await opened.workspace.rows(`SELECT CAST(id AS VARCHAR) AS id FROM ${gold.from}`)).toEqual([
      { id: '170141183460469231731687303715884105727' },
    ]);
    expect(await opened.source.describe(query('select * from warehouse.main.accounts'))).toHaveLength(2);
  });

  it('keeps a schema named like the file reachable', async () => {
    await using dir = await folder();
    await onDatabase(dir.file('gold.duckdb'), 'CREATE SCHEMA gold.gold', 'CREATE TABLE gold.gold.t AS SELECT 1 AS a');
    await using opened = await open(dir.path, { path: dir.file('gold.duckdb') });
    expect(await opened.source.describe(query('select * from gold.t'))).toEqual([{ name: 'a', type: 'INTEGER' }]);
  });

  it('may be attached already, as a destination that is the same file', async () => {
    await using dir = await folder();
    await onDatabase(dir.file('one.duckdb'), 'CREATE TABLE t AS SELECT 1 AS a');
    await using workspace = await Workspace.open();
    await workspace.attach(dir.file('one.duckdb'), 'elsewhere', 'read');
    const source = await openSource(SOURCES, connection({ path: dir.file('one.duckdb') }), {} as never, { dir: dir.path } as Project);
    await source.attach(workspace);
    expect(await source.describe(query('select a from t'))).toEqual([{ name: 'a', type: 'INTEGER' }]);
  });

  it('names every type of a column', async () => {
    await using dir = await folder();
    await onDatabase(
      dir.file('w.duckdb'),
      `CREATE TABLE t (a DECIMAL(18,2), b TIMESTAMPTZ, c JSON, d ENUM('x', 'y'), e STRUCT(a INTEGER, b VARCHAR[]), f TIMESTAMP_NS, g UUID, h MAP(VARCHAR, INTEGER))`,
    );
    await using opened = await open(dir.path, { path: dir.file('w.duckdb') });
    const columns = await opened.source.describe(query('from t'));
    expect(columns.map((column) => column.type)).toEqual([
      'DECIMAL(18,2)', 'TIMESTAMP WITH TIME ZONE', 'JSON', "ENUM('x', 'y')", 'STRUCT(a INTEGER, b VARCHAR[])', 'TIMESTAMP_NS', 'UUID', 'MAP(VARCHAR, INTEGER)',
    ]); // prettier-ignore
  });

  it('says what is wrong with the file', async () => {
    await using dir = await folder();
    const at = 'syncs/connections.yaml:1:1: ';
    expect(await problemOf(open(dir.path, { path: dir.file('none.duckdb') }))).toContain(
      `${at}there is no database file ${dir.file('none.duckdb')}`,
    );
    await writeFile(dir.file('text.duckdb'), 'this is not a database, and long enough to be looked at: '.repeat(100));
    expect(await problemOf(open(dir.path, { path: dir.file('text.duckdb') }))).toContain('is not a DuckDB database');
    await writeFile(dir.file('empty.duckdb'), '');
    expect(await problemOf(open(dir.path, { path: dir.file('empty.duckdb') }))).toContain('is not a DuckDB database');
    expect(await problemOf(open(dir.path, { path: dir.path }))).toContain('cannot be opened');
  });

  it('names the process that holds it, and reads what a killed one committed', async () => {
    await using dir = await folder();
    const path = dir.file('busy.duckdb');
    await using other = await otherProcess(path, 'CREATE TABLE t AS SELECT range AS a FROM range(5)');
    expect(await problemOf(open(dir.path, { path }))).toContain(`${path} is open in another process (process ${other.pid})`);
    await other.kill();
    await using opened = await open(dir.path, { path });
    const relation = await opened.source.extract(query('select * from t'));
    expect(await opened.workspace.count(`SELECT count(*) FROM ${relation.from}`)).toBe(5);
  });
});

describe('files of the project', () => {
  it('are read relative to the project folder, and nothing outside of it', async () => {
    await using dir = await folder();
    const project = dir.file('project');
    await mkdir(project);
    await writeFile(join(project, 'accounts.csv'), 'id,name\n1,Ann\n2,Bob\n');
    await writeFile(dir.file('secret.csv'), 'a\n1\n');
    await symlink(dir.file('secret.csv'), join(project, 'link.csv'));
    process.chdir(project);
    await using opened = await open(project);
    const relation = await opened.source.extract(query("select * from 'accounts.csv'"));
    expect(await opened.workspace.rows(`SELECT name FROM ${relation.from} ORDER BY id`)).toEqual([{ name: 'Ann' }, { name: 'Bob' }]);
    const refused = async (sql: string): Promise<string> => problemOf(opened.source.describe(query(sql)));
    expect(await refused("select *\nfrom '../secret.csv'")).toBe(
      `syncs/accounts.yaml:11:11: the query reads outside the project: ../secret.csv\n  A query reads the files of the project folder only: ${project}.`,
    );
    expect(await refused(`select * from read_csv('${dir.file('secret.csv')}')`)).toContain(
      'syncs/accounts.yaml:10:19: the query reads outside the project',
    );
    expect(await refused("select * from 'link.csv'")).toContain('the query reads outside the project');
    expect(await refused("select * from read_text('/etc/hostname')")).toContain('the query reads outside the project: /etc/hostname');
    expect(await refused("select * from 'missing.csv'")).toContain('No files found');
  });

  it('says where to stand when a relative file is looked up elsewhere', async () => {
    await using dir = await folder();
    await writeFile(dir.file('accounts.csv'), 'id\n1\n');
    await using opened = await open(dir.path);
    expect(await problemOf(opened.source.describe(query("select * from 'accounts.csv'")))).toContain(`run it in ${dir.path}.`);
  });
});

describe('what is not one SELECT', () => {
  it.each([
    ['insert into t values (1)', 'this is an INSERT'],
    ['-- all\n update t set a = 1', 'this is an UPDATE'],
    ['/* x */ delete from t', 'this is a DELETE'],
    ["copy t to 'out.csv'", 'this is a COPY'],
    ["attach 'x.duckdb'", 'this is an ATTACH'],
    ['set threads = 1', 'this is a SET'],
    ['explain select 1', 'this is an EXPLAIN'],
    ['pragma database_list', 'this is a PRAGMA'],
    ['describe t', 'this is a DESCRIBE'],
    ['show tables', 'this is a SHOW'],
    ['summarize t', 'this is a SUMMARIZE'],
    ['create table x as select 1', 'this is a CREATE'],
    ['call pragma_version()', 'this is a CALL'],
    ['select 1; select 2', 'this is 2 statements'],
    ['select 1; drop table t', 'this is 2 statements'],
    ['', 'this one is empty'],
    ['-- nothing', 'this one is empty'],
    ['select a from t where a = ?', 'the query has parameters'],
    ['select a from t where a = $1', 'the query has parameters'],
    ['select a as x, a as X from t', 'the query yields two columns named "X"'],
    ['select 1 as a;', 'can stand in parentheses'],
    ['select 1 as a) as x, (select 2 as b', 'syntax error'],
    ['pivot t on a using count(*)', 'a PIVOT needs its columns written out'],
  ])('%j', async (sql, message) => {
    await using dir = await folder();
    await onDatabase(dir.file('w.duckdb'), 'CREATE TABLE t (a INTEGER)');
    await using opened = await open(dir.path, { path: dir.file('w.duckdb') });
    expect(await problemOf(opened.source.describe(query(sql)))).toMatch(/^syncs\/accounts\.yaml:10:/);
    expect(await problemOf(opened.source.describe(query(sql)))).toContain(message);
    expect(await onTables(opened.workspace)).toEqual(['t']);
  });

  it.each([
    'from t',
    'with x as (select * from t) select a from x',
    'values (1)',
    '(select 1 as a)',
    'table t',
    'select 1 as a -- trailing',
    'select 1 as a /* x */',
    'pivot t on a in (1, 2)',
    "select ';' as a",
  ])('allows %j', async (sql) => {
    await using dir = await folder();
    await onDatabase(dir.file('w.duckdb'), 'CREATE TABLE t (a INTEGER)');
    await using opened = await open(dir.path, { path: dir.file('w.duckdb') });
    const relation = await opened.source.extract(query(sql));
    expect(relation.columns.length).toBeGreaterThan(0);
    await opened.workspace.run(`SELECT * FROM ${relation.from} AS q`);
  });
});

async function onTables(workspace: Workspace): Promise<unknown[]> {
  return (await workspace.rows('SELECT table_name FROM duckdb_tables() ORDER BY 1')).map((row) => row['table_name']);
}

describe('an error inside the query', () => {
  const wide = Array.from({ length: 40 }, (_, index) => `'é😀 ${index}' as c${index}`).join(', ');
  it.each([
    ['select aa from (select 1 as ab)', '10:12: Referenced column "aa" not found in FROM clause!\n  Did you mean "ab"?'],
    ['select 1 as a,\n  nmae\nfrom (select 1 as name)', '11:7: Referenced column "nmae" not found in FROM clause!\n  Did you mean "name"?'],
    ['select 1 as a\nfrom t\nwher a', '12:10: syntax error at or near "a"'],
    ['selec 1', '10:5: syntax error at or near "selec"'],
    ['select * from', '10:18: syntax error at end of input'],
    ['select *\nfrom  acounts', '11:11: Table with name acounts does not exist!\n  Did you mean "accounts"?'],
    [`select ${wide}, foo_x from (select 1 as foo_y)`, `10:${5 + 'select '.length + wide.length + 2}: Referenced column "foo_x"`],
    [`select '日本語', x from (select 1 as y)`, `10:${5 + `select '日本語', `.length}: Referenced column "x"`],
  ])('is reported at its place: %j', async (sql, expected) => {
    await using dir = await folder();
    await onDatabase(dir.file('w.duckdb'), 'CREATE TABLE accounts (a INTEGER)', 'CREATE TABLE t (a INTEGER)');
    await using opened = await open(dir.path, { path: dir.file('w.duckdb') });
    const problem = await problemOf(opened.source.describe(query(sql)));
    expect(problem.startsWith(`syncs/accounts.yaml:${expected}`), problem).toBe(true);
    expect(problem).not.toMatch(/db_[0-9a-f]{6}/);
  });

  it('that only shows in the data is reported on the query as a whole', async () => {
    await using dir = await folder();
    await onDatabase(dir.file('w.duckdb'), "CREATE TABLE t AS SELECT * FROM (VALUES ('1'), ('n/a')) AS v(a)");
    await using opened = await open(dir.path, { path: dir.file('w.duckdb') });
    const asked = query('select 1 as x,\n cast(a as integer) as n from t');
    const relation = await opened.source.extract(asked);
    const failure = await opened.workspace.rows(`SELECT sum(n) FROM ${relation.from} AS q`).catch((error: unknown) => error);
    expect(await problemOf(Promise.reject(locateQueryError(failure, asked) as Error))).toMatch(
      /^syncs\/accounts\.yaml:10:5: the query failed while it ran: Could not convert a string to INT32 \(column a\)$/,
    );
    const ours = await opened.workspace.rows('SELECT nothing FROM nowhere').catch((error: unknown) => error);
    expect(locateQueryError(ours, asked)).toBe(ours);
  });
});

describe('the registry', () => {
  it('refuses a type that is no source', async () => {
    const opened = openSource(SOURCES, connection({}, 'salesforce'), {} as never, { dir: '/' } as Project);
    expect(await problemOf(opened)).toBe(
      'syncs/connections.yaml:1:1: connection "warehouse" is a salesforce, which cannot be a source\n  A source is one of: bigquery, duckdb, postgres.',
    );
  });

  it('takes a type that a caller adds', async () => {
    const mine: Source = await openSource(SOURCES, connection(), {} as never, { dir: '/' } as Project);
    const registry = new Map([...SOURCES, ['mine', async () => async () => mine] as const]);
    expect(await openSource(registry, connection({}, 'mine'), {} as never, { dir: '/' } as Project)).toBe(mine);
  });

  it('names the engine with its version', async () => {
    const source = await openSource(SOURCES, connection(), {} as never, { dir: '/' } as Project);
    expect(source.engine).toMatch(/^duckdb v1\.\d+\.\d+/);
  });
});
