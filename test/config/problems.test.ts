/** Every kind of bad input, by the whole message that a user reads. */
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadProject } from '../../src/config/load.ts';
import { BASE, context, type Files, folder, load, type Loading, problem, problems, SYNC, withLines, withSync } from './folder.ts';

const FIELDS = '  Name: name';

function withProject(lines: string): Files {
  return { ...withSync(), 'syncs/project.yaml': `kind: Project\nname: acme\n${lines}\n` };
}

function withDocument(text: string): Files {
  return { ...withSync(), 'syncs/x.yaml': text };
}

function raw(text: string): Files {
  return { ...BASE, 'syncs/sync.yaml': text };
}

type Case = readonly [what: string, files: Files, message: string, loading?: Loading];

function each(cases: readonly Case[]): void {
  for (const [what, files, message, loading] of cases) {
    it(what, async () => {
      expect(await problem(files, loading)).toBe(message);
    });
  }
}

it('the base of these tests is valid', async () => {
  expect(await problems(withSync())).toEqual([]);
});

describe('YAML', () => {
  each([
    ['open double quote', withSync('name: accounts', 'name: "accounts'), 'syncs/sync.yaml:2:7: YAML: a closing double quote is missing'],
    ['open single quote', withSync('name: accounts', "name: 'accounts"), 'syncs/sync.yaml:2:7: YAML: a closing single quote is missing'],
    ['open bracket', withSync(FIELDS, '  Name: [a, b'), 'syncs/sync.yaml:12:9: YAML: a closing ] is missing'],
    [
      'colon in a plain value',
      withSync('key: id', 'key: id: x'),
      'syncs/sync.yaml:6:8: YAML: a value may not hold another "key: value"; put text with a colon in quotes, or check the indentation of the next line',
    ],
    [
      'indentation',
      withSync('  object: Account', ' object: Account'),
      'syncs/sync.yaml:9:1: YAML: the indentation fits nothing above: keys of one map start in the same column',
    ],
    ['tab', withSync('  key: id', '\tkey: id'), 'syncs/sync.yaml:6:1: YAML: a tab cannot indent YAML; use spaces'],
    [
      'reserved character',
      withSync(FIELDS, '  Name: @x'),
      'syncs/sync.yaml:12:9: YAML: this character cannot start a plain value; put the value in quotes',
    ],
    [
      'escape',
      withSync(FIELDS, '  Name: "a\\qb"'),
      'syncs/sync.yaml:12:11: YAML: unknown escape in double quotes; write \\\\ for a backslash, or use single quotes',
    ],
    ['missing colon', raw('kind Sync\nname: x\n'), 'syncs/sync.yaml:1:1: YAML: a colon is missing: expected "key: value"'],
    ['tag', withSync(FIELDS, '  Name: !secret x'), 'syncs/sync.yaml:12:9: YAML: the tag !secret is not supported'],
    [
      'reference in a flow map',
      withSync(FIELDS, '  Name: { value: ${var.x} }'),
      'syncs/sync.yaml:12:19: YAML: unexpected text; is a quote, a comma or an indentation wrong here?\n  inside { } and [ ] a value with ${...} needs quotes',
    ],
    [
      'duplicate key',
      withSync(FIELDS, '  Name: name\n  Name: other'),
      'syncs/sync.yaml:13:3: duplicate key "Name": it is already set in line 12',
    ],
    ['unknown alias', withSync(FIELDS, '  Name: *nope'), 'syncs/sync.yaml:12:9: *nope: there is no anchor &nope above'],
    ['alias to itself', raw('kind: Sync\nname: &a [*a]\n'), 'syncs/sync.yaml:2:11: *a stands for itself'],
    ['map as key', withSync(FIELDS, '  ? { a: b }\n  : c'), 'syncs/sync.yaml:12:5: expected plain text before the colon'],
    ['merge of no map', withSync(FIELDS, '  <<: 3\n  Name: name'), 'syncs/sync.yaml:12:3: << takes a map, or a list of maps'],
    ['nesting', raw(`kind: ${'['.repeat(20_000)}`), 'syncs/sync.yaml:1:800: YAML: values are nested too deeply'],
    [
      'list',
      raw('- a\n- b\n'),
      'syncs/sync.yaml:1:1: expected a document with a kind, found a list\n  start it with, for example: kind: Sync',
    ],
    [
      'text',
      raw('hello\n'),
      'syncs/sync.yaml:1:1: expected a document with a kind, found a single value\n  start it with, for example: kind: Sync',
    ],
  ]);

  it('refuses aliases that stand for too much, quickly', async () => {
    const levels = ['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name, index) => {
      const below = `*${String.fromCharCode('a'.charCodeAt(0) + index)}`;
      return `${name}: &${name} [${Array.from({ length: 10 }, () => below).join(', ')}]`;
    });
    const bomb = ['kind: Sync', 'a: &a [x, x, x, x, x, x, x, x, x, x]', ...levels].join('\n');
    expect(await problem(raw(bomb))).toBe('syncs/sync.yaml:5:36: the aliases of this document stand for more than 10,000 values');
  });

  it('refuses what is not UTF-8', async () => {
    await using place = await folder(withSync());
    await writeFile(join(place.cwd, 'syncs/latin.yaml'), Buffer.from([0x6b, 0xe4, 0x0a]));
    await expect(loadProject(context(place.cwd), { dir: 'syncs', secrets: 'none' })).rejects.toThrow(
      'syncs/latin.yaml:1:1: the file is not UTF-8 text',
    );
  });

  it('goes on after a document with a syntax error', async () => {
    expect(await problems(withDocument('kind: Sync\nname: @a\n---\nkind: Synk\n'))).toEqual([
      'syncs/x.yaml:2:7: YAML: this character cannot start a plain value; put the value in quotes',
      'syncs/x.yaml:4:7: kind: expected one of Project, Connection, Sync, Test, Approval; found "Synk". Did you mean "Sync"?',
    ]);
  });
});

describe('documents', () => {
  each([
    [
      'missing kind',
      raw(SYNC.replace('kind: Sync\n', '')),
      'syncs/sync.yaml:1:1: missing key "kind"\n  expected one of Project, Connection, Sync, Test, Approval',
    ],
    [
      'missing project',
      { 'syncs/x.yaml': SYNC },
      'there is no Project document in syncs\n  add one, for example in project.yaml: kind: Project, name: my-project',
    ],
    [
      'two projects',
      withDocument('kind: Project\nname: b\n'),
      'syncs/x.yaml:1:1: a project has one Project document; the other is syncs/project.yaml:1',
    ],
    [
      'missing folder',
      { 'other/x.yaml': '' },
      'there is no folder syncs\n  name the project folder with --dir, or start a project with sluice init',
    ],
    ['file as folder', { syncs: '' }, 'syncs is not a folder\n  name the project folder with --dir, or start a project with sluice init'],
    [
      'two syncs of one name',
      withDocument(SYNC.replace('Account', 'Other')),
      'syncs/x.yaml:2:7: another Sync is named "accounts": syncs/sync.yaml:2',
    ],
    [
      'two connections of one name',
      withDocument('kind: Connection\nname: crm\ntype: duckdb\n'),
      'syncs/x.yaml:2:7: another Connection is named "crm": syncs/connections.yaml:6',
    ],
  ]);
});

describe('shape of a sync', () => {
  each([
    ['misspelt key', withSync('fields:', 'feilds:'), 'syncs/sync.yaml:11:1: unknown key "feilds"; did you mean "fields"?'],
    [
      'misspelt inner key',
      withSync(FIELDS, '  Name: { colunm: name }'),
      'syncs/sync.yaml:12:11: fields.Name: unknown key "colunm"; did you mean "column"?',
    ],
    [
      'unknown key',
      withSync('  object: Account', '  object: Account\n  shiny: 1'),
      'syncs/sync.yaml:10:3: destination: unknown key "shiny"\n  known keys: connection, object, key',
    ],
    [
      'enum',
      withLines('mode: upsrt'),
      'syncs/sync.yaml:13:7: mode: expected one of upsert, update, create; found "upsrt". Did you mean "upsert"?',
    ],
    ['enum, other type', withLines('mode: 3'), 'syncs/sync.yaml:13:7: mode: expected one of upsert, update, create; found the number 3'],
    ['type', withLines('tags: 3'), 'syncs/sync.yaml:13:7: tags: expected a list of strings, found the number 3'],
    ['type of an entry', withLines('tags: [a, 3]'), 'syncs/sync.yaml:13:11: tags.1: expected a string, found the number 3'],
    ['entry twice', withLines('tags: [a, b, a]'), 'syncs/sync.yaml:13:1: tags: entry 3 says the same as entry 1'],
    ['short or long', withSync(FIELDS, '  Name: 3'), 'syncs/sync.yaml:12:9: fields.Name: expected a string or a map, found the number 3'],
    ['nothing', withSync(FIELDS, '  Name:'), 'syncs/sync.yaml:12:3: fields.Name: expected a string or a map, found nothing'],
    ['missing key', withSync(`fields:\n${FIELDS}\n`, ''), 'syncs/sync.yaml:1:1: missing key "fields"'],
    ['missing inner key', withSync('  object: Account\n', ''), 'syncs/sync.yaml:7:1: destination: missing key "object"'],
    ['no fields', withSync(`fields:\n${FIELDS}\n`, 'fields: {}\n'), 'syncs/sync.yaml:11:1: fields: at least one field is needed'],
    [
      'query and table',
      withSync('  key: id', '  key: id\n  table: x'),
      'syncs/sync.yaml:7:3: source: query and table exclude each other; keep one',
    ],
    ['no query', withSync(/ {2}query:.*\n/, ''), 'syncs/sync.yaml:3:1: source: missing one of query, table, file or dbt'],
    ['misspelt query', withSync('query:', 'qurey:'), 'syncs/sync.yaml:5:3: source: unknown key "qurey"; did you mean "query"?'],
    [
      'column and sql',
      withSync(FIELDS, '  Name: { column: a, sql: b }'),
      'syncs/sync.yaml:12:22: fields.Name: column and sql exclude each other; keep one',
    ],
    ['no column', withSync(FIELDS, '  Name: { when: create }'), 'syncs/sync.yaml:12:3: fields.Name: missing one of column, sql or value'],
    [
      'name',
      withSync('name: accounts', 'name: My Accounts'),
      'syncs/sync.yaml:2:7: name: expected lower-case letters, digits, - and _, starting with a letter or digit, found "My Accounts"',
    ],
    ['empty key', withSync('  key: id', '  key: []'), 'syncs/sync.yaml:6:3: source.key: expected at least one entry, found an empty list'],
    ['empty text', withSync('  key: id', '  key: ""'), 'syncs/sync.yaml:6:8: source.key: expected some text, found none'],
    [
      'percent',
      withLines('guards: { deletes: { percent: 120 } }'),
      'syncs/sync.yaml:13:31: guards.deletes.percent: expected a number from 0 to 100, found the number 120',
    ],
    ['minimum', withLines('max_live_reads: -1'), 'syncs/sync.yaml:13:17: max_live_reads: expected at least 0, found the number -1'],
    [
      'whole number',
      withLines('max_live_reads: 1.5'),
      'syncs/sync.yaml:13:17: max_live_reads: expected a whole number, found the number 1.5',
    ],
    [
      'bytes',
      withSync('  key: id', '  key: id\n  max_bytes_billed: 10 GB'),
      'syncs/sync.yaml:7:21: source.max_bytes_billed: expected a number of bytes, found "10 GB"',
    ],
    [
      'field type',
      withSync(FIELDS, '  Name: { column: name, type: "decmal(1,2)" }'),
      'syncs/sync.yaml:12:31: fields.Name.type: "decmal(1,2)" is not a field type\n  write one like: text, integer, decimal(18,2), float, boolean, date, timestamp(3), timestamptz(3), json, set, bytes, uuid, time',
    ],
  ]);

  it('shows no control characters of a key', async () => {
    expect((await problem(withLines('"\\e[31mx": 1'))).split('\n')[0]).toBe('syncs/sync.yaml:13:1: unknown key "\\u001b[31mx"');
    expect(await problem(withSync(FIELDS, '  "\\e[31mx": 1'))).toBe(
      'syncs/sync.yaml:12:14: fields."\\u001b[31mx": expected a string or a map, found the number 1',
    );
  });
});

describe('connections', () => {
  each([
    [
      'unknown type',
      withDocument('kind: Connection\nname: x\ntype: dukdb\n'),
      'syncs/x.yaml:3:7: type: there is no connection type "dukdb"; did you mean "duckdb"?\n  known types: bigquery, duckdb, postgres, salesforce',
    ],
    [
      'missing type',
      withDocument('kind: Connection\nname: x\n'),
      'syncs/x.yaml:1:1: missing key "type"\n  known types: bigquery, duckdb, postgres, salesforce',
    ],
    [
      'misspelt key',
      withDocument('kind: Connection\nname: x\ntype: duckdb\npth: a\n'),
      'syncs/x.yaml:4:1: unknown key "pth"; did you mean "path"?',
    ],
    ['source', withSync('warehouse', 'warehose'), 'syncs/sync.yaml:4:15: there is no connection "warehose"; did you mean "warehouse"?'],
    [
      'destination',
      withSync('connection: crm', 'connection: hubspot'),
      'syncs/sync.yaml:8:15: there is no connection "hubspot"\n  the project has crm and warehouse',
    ],
    [
      'state',
      withProject('state: { connection: nowhere }'),
      'syncs/project.yaml:3:22: there is no connection "nowhere"\n  the project has crm and warehouse',
    ],
    [
      'role',
      withProject('state: { connection: crm }'),
      'syncs/project.yaml:3:22: "crm" cannot be used as state: connections of type duckdb can be source and destination',
    ],
  ]);

  it('a connection that is wrong in itself is still known to its syncs', async () => {
    const files = { ...withSync(), 'syncs/connections.yaml': `${BASE['syncs/connections.yaml']!}pth: x\n` };
    expect(await problems(files)).toEqual(['syncs/connections.yaml:9:1: unknown key "pth"; did you mean "path"?']);
  });
});

describe('variables and the environment', () => {
  each([
    [
      'unset variable',
      withSync('from accounts', 'from ${var.schema}.accounts'),
      "syncs/sync.yaml:5:31: the variable schema is not set\n  set it in the project's vars, or with --var schema=...",
    ],
    [
      'misspelt variable',
      {
        ...withSync('from accounts', 'from ${var.shcema}.accounts'),
        'syncs/project.yaml': 'kind: Project\nname: acme\nvars: { schema: gold }\n',
      },
      'syncs/sync.yaml:5:31: the variable shcema is not set\n  did you mean schema?',
    ],
    [
      'text in SQL',
      {
        ...withSync('from accounts', 'from ${var.s}.accounts'),
        'syncs/project.yaml': 'kind: Project\nname: acme\nvars: { s: "x; drop" }\n',
      },
      'syncs/sync.yaml:5:31: ${var.s} stands inside SQL, where a variable may hold only letters, digits, _, . and -\n  its value is "x; drop"',
    ],
    [
      'environment in a field',
      withSync(FIELDS, '  Name: { value: "${env.SECRET}" }'),
      'syncs/sync.yaml:12:19: ${env.NAME} works only in connections and in the state of the project\n  a pull request could map a secret into a field; use a variable for what is no secret',
      { env: { SECRET: 'hunter2' }, secrets: 'all' },
    ],
    [
      'environment in a variable',
      withProject('vars: { a: "${env.SECRET}" }'),
      'syncs/project.yaml:3:13: ${env.NAME} works only in connections and in the state of the project\n  a pull request could map a secret into a field; use a variable for what is no secret',
      { env: { SECRET: 'hunter2' }, secrets: 'all' },
    ],
    [
      'no reference',
      withSync('from accounts', 'from ${schema}.accounts'),
      'syncs/sync.yaml:5:31: ${schema} is not a reference\n  write ${var.NAME} or ${env.NAME}; $${ stands for a literal ${',
    ],
    [
      'open reference',
      withSync('from accounts', 'from ${var.schema'),
      'syncs/sync.yaml:5:31: ${var.schema is not a reference\n  write ${var.NAME} or ${env.NAME}; $${ stands for a literal ${',
    ],
    [
      'circle of variables',
      withProject('vars: { a: "${var.b}", b: "x${var.a}" }'),
      'syncs/project.yaml:3:29: the variable a refers to itself',
    ],
    [
      'unknown --var',
      withProject('vars: { schema: x }'),
      '--var shcema: the project has no such variable\n  did you mean schema?',
      { vars: { shcema: 'y' } },
    ],
    [
      'unset in the environment of the process',
      withDocument('kind: Connection\nname: x\ntype: duckdb\npath: data/${env.DB}\n'),
      'syncs/x.yaml:4:12: the environment variable DB is not set\n  set DB in the environment of this command',
      { secrets: 'all' },
    ],
    [
      'empty in the environment of the process',
      withDocument('kind: Connection\nname: x\ntype: duckdb\npath: ${env.DB}\n'),
      'syncs/x.yaml:4:7: the environment variable DB is empty\n  set DB in the environment of this command',
      { secrets: ['x'], env: { DB: '' } },
    ],
    [
      'position in a block',
      withSync('query: select id, name from accounts', 'query: |-\n    select id,\n      name from ${var.schema}.accounts'),
      "syncs/sync.yaml:7:17: the variable schema is not set\n  set it in the project's vars, or with --var schema=...",
    ],
  ]);

  it('says where an unset variable would be set', async () => {
    const files = withSync('from accounts', 'from ${var.s}.accounts');
    const project = 'kind: Project\nname: acme\nenvironments: { dev: { vars: { s: a } }, prod: { vars: { s: b } } }\n';
    expect(await problem({ ...files, 'syncs/project.yaml': project })).toBe(
      'syncs/sync.yaml:5:31: the variable s is not set\n  it is set in dev, prod: choose an environment with --env',
    );
  });
});

describe('environments', () => {
  const two = withProject('environments: { prod: {}, dev: {} }');
  each([
    ['misspelt', two, 'there is no environment "pord"\n  did you mean prod? the project defines prod and dev', { environment: 'pord' }],
    ['none defined', withSync(), 'there is no environment "prod"\n  the project defines none', { environment: 'prod' }],
    ['none chosen', two, 'this project has environments: choose one\n  --env prod | dev', { requireEnvironment: true }],
    [
      'unknown connection, also where it is not chosen',
      withProject('environments: { prod: { connections: { crn: { path: x } } } }'),
      'syncs/project.yaml:3:40: there is no connection "crn"; did you mean "crm"?',
    ],
    [
      'renamed connection',
      withProject('environments: { prod: { connections: { crm: { name: x } } } }'),
      'syncs/project.yaml:3:53: an environment cannot change the name of a connection',
    ],
    [
      'unknown key',
      withProject('environments: { prod: { gaurds: {} } }'),
      'syncs/project.yaml:3:25: environments.prod: unknown key "gaurds"; did you mean "guards"?',
    ],
    [
      'the merged connection is checked',
      withProject('environments:\n  prod:\n    connections:\n      crm:\n        pth: x'),
      'syncs/project.yaml:7:9: unknown key "pth"; did you mean "path"?',
      { environment: 'prod' },
    ],
    [
      'name',
      withProject('environments: { "Prod 1": {} }'),
      'syncs/project.yaml:3:17: environments: the name "Prod 1" does not fit: expected lower-case letters, digits, - and _, starting with a letter or digit',
    ],
  ]);
});

describe('state', () => {
  each([
    [
      'not written in CI',
      withSync(),
      'syncs/project.yaml:2:7: the project does not say where its state lives, and the disk of a CI runner is gone tomorrow\n  add state: { connection: NAME, schema: sluice }, or state: { path: FILE } on a disk that stays',
      { requireWrittenState: true, env: { CI: 'true' } },
    ],
    ['schema alone', withProject('state: { schema: x }'), 'syncs/project.yaml:3:1: state: schema needs connection beside it'],
    [
      'key missing for a sensitive field',
      withSync(FIELDS, '  Name: { column: name, sensitive: true }'),
      'syncs/sync.yaml:12:36: fields.Name is sensitive, but the project has no key to hash and encrypt it with\n  add to the state of the project: key: ${env.SLUICE_STATE_KEY}',
    ],
    [
      'a key field that is sensitive',
      {
        ...withSync(FIELDS, '  Name: name\n  Id: { column: id, sensitive: true }'),
        'syncs/project.yaml': 'kind: Project\nname: acme\nstate: { path: s.duckdb, key: secret-of-the-project }\n',
      },
      'syncs/sync.yaml:13:3: fields.Id is sensitive, but it is the key of the records\n  keys are kept in state and shown in plans as they are: choose another key, or leave sensitive out',
    ],
    [
      'key unset for a sensitive field',
      {
        ...withSync(FIELDS, '  Name: { column: name, sensitive: true }'),
        'syncs/project.yaml': 'kind: Project\nname: acme\nstate: { path: s.duckdb, key: "${env.KEY}" }\n',
      },
      'syncs/project.yaml:3:32: the environment variable KEY is not set\n  set KEY in the environment of this command',
      { secrets: [] },
    ],
  ]);

  it('refuses a file and a connection at once', async () => {
    const found = await problems(withProject('state: { path: a, connection: crm }'));
    expect(found[0]).toBe(
      'syncs/project.yaml:3:1: state: path and connection exclude each other: state lives in a file or behind a connection',
    );
  });

  it('need not be written outside of CI', async () => {
    expect(await problems(withSync(), { requireWrittenState: true, env: { CI: 'false' } })).toEqual([]);
    expect(await problems(withProject('state: { path: a }'), { requireWrittenState: true, env: { CI: 'true' } })).toEqual([]);
  });
});

describe('model files', () => {
  const modelled = (file: string, more: Files = {}): Files => withSync('query: select id, name from accounts', `file: ${file}`, more);
  each([
    ['missing', modelled('missing.sql'), 'syncs/sync.yaml:5:9: source.file: syncs/missing.sql: the file does not exist'],
    ['folder', modelled('m.sql', { 'syncs/m.sql/x': '' }), 'syncs/sync.yaml:5:9: source.file: syncs/m.sql: this is a folder, not a file'],
    [
      'outside',
      modelled('../out.sql', { 'out.sql': 'select 1' }),
      'syncs/sync.yaml:5:9: source.file: out.sql lies outside the project folder\n  move it below syncs',
    ],
    ['other file', modelled('x.txt'), 'syncs/sync.yaml:5:9: source.file: expected the path of a .sql file, found "x.txt"'],
    [
      'unset variable',
      modelled('m.sql', { 'syncs/m.sql': '-- model\nselect * from ${var.x}\n' }),
      "syncs/m.sql:2:15: the variable x is not set\n  set it in the project's vars, or with --var x=...",
    ],
    ['empty', modelled('m.sql', { 'syncs/m.sql': ' ; \n' }), 'syncs/m.sql:1:1: the query is empty'],
    [
      'environment',
      modelled('m.sql', { 'syncs/m.sql': "select '${env.HOME}'" }),
      'syncs/m.sql:1:9: ${env.NAME} works only in connections and in the state of the project\n  a pull request could map a secret into a field; use a variable for what is no secret',
    ],
  ]);

  it('refuses a link that leads out of the project', async () => {
    await using place = await folder({ ...modelled('m.sql'), 'out.sql': 'select 1' });
    await symlink(join(place.cwd, 'out.sql'), join(place.cwd, 'syncs/m.sql'));
    await expect(loadProject(context(place.cwd), { dir: 'syncs', secrets: 'none' })).rejects.toThrow(
      'syncs/m.sql lies outside the project folder',
    );
  });
});

describe('rules', () => {
  const users = SYNC.replace('name: accounts', 'name: users').replace('object: Account', 'object: User');
  each([
    [
      'lengths of keys',
      withSync('  key: id', '  key: [id, x]'),
      'syncs/sync.yaml:10:8: the key of the source has 2 columns, the key of the destination 1 field\n  both name the same things, in the same order',
    ],
    [
      'key mapped from another column',
      withSync(FIELDS, `  Id: other\n${FIELDS}`),
      'syncs/sync.yaml:12:7: fields.Id: the field is part of the destination\'s key and holds "id"\n  leave it out of fields, or map it from that column',
    ],
    [
      'only the key',
      withSync(FIELDS, '  Id: id'),
      'syncs/sync.yaml:11:1: fields: only the key is mapped; at least one other field is needed',
    ],
    [
      'constant reference',
      withSync(FIELDS, '  Owner: { value: 1, reference: { object: X, key: K } }'),
      'syncs/sync.yaml:12:19: fields.Owner: a reference needs a column or sql that holds the key of the other record',
    ],
    [
      'moved from a sync that exists',
      withLines('moved: { from: accounts }'),
      'syncs/sync.yaml:13:16: moved.from: there still is a sync "accounts"\n  moved names what this sync was called before; only one sync can take its state',
    ],
    [
      'delete_adopted alone',
      withLines('delete_adopted: true'),
      'syncs/sync.yaml:13:17: delete_adopted has no effect without on_missing: delete\n  add on_missing: delete, or take this line out',
    ],
    [
      'two checks of one name',
      withLines('checks:\n  - { name: a, sql: select 1 }\n  - { name: a, sql: select 2 }'),
      'syncs/sync.yaml:15:13: another check is named "a"',
    ],
    [
      'time zone',
      withSync('  key: id', '  key: id\n  timezone: Europe/Berln'),
      'syncs/sync.yaml:7:13: source.timezone: there is no time zone "Europe/Berln"; did you mean "Europe/Berlin"?',
    ],
    [
      'offset as time zone',
      withSync('  key: id', '  key: id\n  timezone: "+02:00"'),
      'syncs/sync.yaml:7:13: source.timezone: there is no time zone "+02:00"\n  use a name of the IANA database, such as Europe/Berlin or UTC',
    ],
    [
      'schedule',
      withLines('schedule: sometimes'),
      'syncs/sync.yaml:13:11: schedule: expected hourly, daily, weekly, monthly or cron with five fields; found "sometimes"\n  cron is minute, hour, day, month, weekday: "30 6 * * 1-5"',
    ],
    [
      'two writers of one field',
      withDocument(SYNC.replace('name: accounts', 'name: again').replace('object: Account', 'object: ACCOUNT')),
      'syncs/x.yaml:12:9: again and accounts both write Name of ACCOUNT in crm\n  map a field in one sync only, or give both a partition of their own',
    ],
    [
      'circle of references',
      {
        ...withSync(FIELDS, '  Owner: { column: o, reference: { object: User, key: U } }'),
        'syncs/x.yaml': users.replace(FIELDS, '  Company: { column: c, reference: { object: Account, key: Id } }'),
      },
      'syncs/x.yaml:12:25: these syncs refer to each other in a circle: accounts -> users -> accounts\n  take one of the references into a sync of its own, which runs after the others',
    ],
    [
      'dbt',
      withSync('query: select id, name from accounts', 'dbt: m'),
      'syncs/sync.yaml:5:8: source.dbt: the project does not say where dbt writes its artifacts\n  Add to the project: dbt: { target: ../target }, the folder with manifest.json, relative to the project file.',
    ],
    [
      'table',
      withSync('query: select id, name from accounts', 'table: a..b'),
      'syncs/sync.yaml:5:10: source.table: a part of the name is empty\n  a name that holds a dot is written as a list: ["my.schema", "accounts"]',
    ],
  ]);

  it('two syncs may write one field when each has its own partition', async () => {
    const other = SYNC.replace('name: accounts', 'name: again');
    const files = (first: string, second: string): Files => ({ ...withLines(first), 'syncs/x.yaml': `${other}${second}\n` });
    expect(await problems(files('partition: emea', 'partition: apac'))).toEqual([]);
    expect(await problems(files('partition: emea', 'partition: emea'))).toHaveLength(1);
    expect(await problems(files('partition: emea', ''))).toHaveLength(1);
    const otherKey = SYNC.replace('name: accounts', 'name: again').replace('key: Id', 'key: Email');
    expect(await problems({ ...withLines('partition: emea'), 'syncs/x.yaml': `${otherKey}partition: apac\n` })).toEqual([
      expect.stringContaining('again and accounts share Account by partition, and find its records by different keys: Email and Id'),
    ]);
  });

  it('an object may refer to itself', async () => {
    expect(await problems(withSync(FIELDS, '  Parent: { column: p, reference: { object: Account, key: Id } }'))).toEqual([]);
  });

  it('a key field mapped from its own column is dropped', async () => {
    const { syncs } = await load(withSync(FIELDS, `  Id: ID\n${FIELDS}`));
    expect(syncs[0]?.fields.map(({ field }) => field)).toEqual(['Name']);
  });
});

describe('tests', () => {
  const test = (lines: string): Files => withDocument(`kind: Test\nname: t\n${lines}\n`);
  each([
    [
      'sync',
      test('sync: acounts\ngiven: { rows: [] }\nexpect: {}'),
      'syncs/x.yaml:3:7: sync: there is no sync "acounts"; did you mean "accounts"?',
    ],
    [
      'rows and mapped',
      test('sync: accounts\ngiven: { rows: [], mapped: [] }\nexpect: {}'),
      'syncs/x.yaml:4:20: given: rows and mapped exclude each other; keep one',
    ],
    [
      'action',
      test('sync: accounts\ngiven: { rows: [] }\nexpect: { created: [] }'),
      'syncs/x.yaml:5:11: expect: unknown key "created"; did you mean "create"?',
    ],
    [
      'field',
      test('sync: accounts\ngiven: { rows: [] }\nexpect: { create: [{ Id: 1, Nmae: x }] }'),
      'syncs/x.yaml:5:35: expect.create: accounts does not map a field "Nmae"; did you mean "Name"?',
    ],
  ]);
});

it('finds all problems of all files at once, in the order of the files', async () => {
  const files = {
    'syncs/project.yaml': 'kind: Project\nname: acme\ncolour: blue\n',
    'syncs/connections.yaml': 'kind: Connection\nname: warehouse\ntype: duckdb\n---\nkind: Connection\nname: crm\ntype: oracle\n',
    'syncs/a.yaml': SYNC.replace('connection: warehouse', 'connection: warehose').replace('Name: name', 'Name: { value: "${env.X}" }'),
    'syncs/b.yaml': 'kind: Sync\nname: @b\n',
    'syncs/deep/c.yml': SYNC.replace('name: accounts', 'name: c').replace('from accounts', 'from ${var.schema}') + 'mode: upsrt\n',
    'syncs/.hidden/d.yaml': 'kind: Nonsense\n',
    'syncs/node_modules/x/e.yaml': 'kind: Nonsense\n',
    'syncs/t.yaml': SYNC.replace('name: accounts', 'name: t').replace('connection: crm', 'connection: krm').replace('Account', 'Thing'),
  };
  expect(await problems(files)).toEqual([
    'syncs/a.yaml:12:19: ${env.NAME} works only in connections and in the state of the project\n  a pull request could map a secret into a field; use a variable for what is no secret',
    'syncs/b.yaml:2:7: YAML: this character cannot start a plain value; put the value in quotes',
    'syncs/connections.yaml:7:7: type: there is no connection type "oracle"\n  known types: bigquery, duckdb, postgres, salesforce',
    "syncs/deep/c.yml:5:31: the variable schema is not set\n  set it in the project's vars, or with --var schema=...",
    'syncs/deep/c.yml:13:7: mode: expected one of upsert, update, create; found "upsrt". Did you mean "upsert"?',
    'syncs/project.yaml:3:1: unknown key "colour"\n  known keys: kind, name, description, state, vars, guards, dbt, environments',
    'syncs/t.yaml:8:15: there is no connection "krm"; did you mean "crm"?',
  ]);
});

it('never shows a secret in a problem', async () => {
  const properties = {
    kind: {},
    name: {},
    type: {},
    level: { enum: ['low', 'high'] },
    token: { type: 'string', pattern: '^t-', 'x-secret': true },
  };
  const vault = { type: 'object', additionalProperties: false, properties };
  const connectionSchemas = new Map<string, object>([['vault', vault]]);
  const files = {
    'syncs/project.yaml': 'kind: Project\nname: acme\n',
    'syncs/x.yaml': 'kind: Connection\nname: x\ntype: vault\nlevel: "${env.T}"\ntoken: hunter3\n',
  };
  expect(await problems(files, { connectionSchemas, secrets: 'all', env: { T: 'hunter2' } })).toEqual([
    'syncs/x.yaml:4:8: level: expected one of low, high; found a value that is not shown',
    'syncs/x.yaml:5:8: token: expected another form, found a value that is not shown',
  ]);
});
