/** What a valid project becomes. */
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { connectionsOf, loadProject } from '../../src/config/load.ts';
import { BASE, context, type Files, folder, load, loadSync, SYNC, withLines, withSync } from './folder.ts';

const FIELDS = '  Name: name';

function withProject(lines: string, more: Files = {}): Files {
  return { ...withSync(), ...more, 'syncs/project.yaml': `kind: Project\nname: acme\n${lines}\n` };
}

describe('a sync', () => {
  it('has the defaults of the design', async () => {
    const { at, location, ...sync } = await loadSync(withSync());
    expect(location).toEqual({ file: 'syncs/sync.yaml', line: 1, column: 1 });
    expect(at('mode')).toEqual(location);
    expect(sync).toEqual({
      name: 'accounts',
      tags: [],
      source: {
        connection: 'warehouse',
        query: 'select id, name from accounts',
        lines: [{ file: 'syncs/sync.yaml', line: 5, column: 10 }],
        key: ['id'],
      },
      destination: { connection: 'crm', object: 'Account', key: ['Id'], options: {} },
      mode: 'upsert',
      onMissing: 'keep',
      deleteAdopted: false,
      onDrift: 'overwrite',
      fields: [
        {
          field: 'Name',
          from: { kind: 'column', column: 'name' },
          when: 'always',
          onNull: 'clear',
          onDrift: 'overwrite',
          sensitive: false,
          compare: 'value',
        },
      ],
      guards: {
        creates: {},
        updates: { percent: 50, min: 100 },
        deletes: { max: 1000, percent: 10, min: 10 },
        clears: { max: 1000, percent: 10, min: 10 },
        nulls: { percent: 5, min: 100 },
        rejects: { percent: 5, min: 20 },
      },
      checks: [],
      report: { values: 'masked' },
    });
  });

  it('takes every key of the table', async () => {
    const text = `kind: Sync
name: contacts
description: People
owner: revops@acme.example
tags: [crm, nightly]
moved: { from: people }
source:
  connection: warehouse
  table: gold.contacts
  key: [org, "contact id"]
  timezone: Europe/Berlin
  max_bytes_billed: 12345678901234567890
destination: { connection: crm, object: Contact, key: [Org__c, Id__c] }
mode: update
on_missing: delete
delete_adopted: true
on_drift: keep
fields:
  Name: { column: name, when: create, on_null: skip, on_drift: fail, sensitive: true, type: "decimal(18,2)", compare: sent }
  Tier: { sql: "case when a then 1 end ;" }
  Owner: { reference: { object: User, key: Email }, column: owner }
guards: { deletes: { max: 25 }, updates: { percent: null }, creates: { max: 7 } }
checks:
  - { name: fine, sql: "select 1;\\n" }
refresh: all
max_live_reads: 500
schedule: "30 6 * * 1-5"
report: { values: shown }
partition: emea
verify: none
`;
    const files = {
      ...BASE,
      'syncs/sync.yaml': text,
      'syncs/project.yaml': 'kind: Project\nname: acme\nstate: { key: "${env.K}" }\nguards: { deletes: { percent: 5 } }\n',
    };
    const { at, location, ...sync } = await loadSync(files);
    expect(at('fields', 'Name', 'type')).toEqual({ file: location.file, line: 19, column: 93 });
    const plain = { when: 'always', onNull: 'clear', onDrift: 'keep', sensitive: false, compare: 'value' };
    expect(sync).toEqual({
      name: 'contacts',
      description: 'People',
      owner: 'revops@acme.example',
      tags: ['crm', 'nightly'],
      movedFrom: 'people',
      source: {
        connection: 'warehouse',
        query: 'select * from "gold"."contacts"',
        lines: [{ file: 'syncs/sync.yaml', line: 9, column: 10 }],
        key: ['org', 'contact id'],
        timezone: 'Europe/Berlin',
        maxBytesBilled: '12345678901234567890',
      },
      destination: { connection: 'crm', object: 'Contact', key: ['Org__c', 'Id__c'], options: {} },
      mode: 'update',
      onMissing: 'delete',
      deleteAdopted: true,
      onDrift: 'keep',
      fields: [
        {
          field: 'Name',
          from: { kind: 'column', column: 'name' },
          when: 'create',
          onNull: 'skip',
          onDrift: 'fail',
          sensitive: true,
          type: { kind: 'decimal', precision: 18, scale: 2 },
          compare: 'sent',
        },
        {
          ...plain,
          field: 'Tier',
          from: { kind: 'sql', sql: 'case when a then 1 end', lines: [expect.objectContaining({ line: expect.any(Number) as number })] },
        },
        { ...plain, field: 'Owner', from: { kind: 'column', column: 'owner' }, reference: { object: 'User', key: 'Email' } },
      ],
      guards: {
        creates: { max: 7 },
        updates: { min: 100 },
        deletes: { max: 25, percent: 5, min: 10 },
        clears: { max: 1000, percent: 10, min: 10 },
        nulls: { percent: 5, min: 100 },
        rejects: { percent: 5, min: 20 },
      },
      checks: [{ name: 'fine', sql: 'select 1' }],
      refresh: 'all',
      maxLiveReads: 500,
      schedule: '30 6 * * 1-5',
      report: { values: 'shown' },
      partition: 'emea',
      verify: 'none',
    });
  });

  it.each([
    ['12345678901234567890', '12345678901234567890'],
    ['1.10', '1.10'],
    ['1e3', '1e3'],
    ['-0', '-0'],
    ['"007"', '007'],
    ['0x1F', '0x1F'],
    ['.inf', 'inf'],
    ['-.Inf', '-inf'],
    ['.NaN', 'nan'],
    ['true', 'true'],
    ['False', 'false'],
    ['null', null],
    ['~', null],
    ['""', ''],
    ['yes', 'yes'],
    ['2024-01-01', '2024-01-01'],
    ['"  padded "', '  padded '],
    ['"line\\nbreak"', 'line\nbreak'],
    ['"$${var.x}"', '${var.x}'],
  ])('keeps the constant %s exactly', async (written, value) => {
    const { fields } = await loadSync(withSync(FIELDS, `  Name: { value: ${written} }`));
    expect(fields[0]?.from).toEqual({ kind: 'value', value });
  });

  it('takes a list as the name of a table', async () => {
    const { source } = await loadSync(withSync('query: select id, name from accounts', "table: [my.db, 'odd\"name']"));
    expect(source.query).toBe('select * from "my.db"."odd""name"');
  });

  it('says where a property stands, or what encloses it', async () => {
    const { at } = await loadSync(withLines('guards:\n  deletes:\n    max: 3'));
    expect(at('guards', 'deletes', 'max')).toEqual({ file: 'syncs/sync.yaml', line: 15, column: 10 });
    expect(at('guards', 'deletes', 'percent')).toEqual({ file: 'syncs/sync.yaml', line: 14, column: 3 });
    expect(at('fields', 'Name')).toEqual({ file: 'syncs/sync.yaml', line: 12, column: 9 });
    expect(at('fields', 'Other', 'column')).toEqual({ file: 'syncs/sync.yaml', line: 11, column: 1 });
  });
});

describe('the lines of a query', () => {
  const QUERY = 'query: select id, name from accounts';
  const lines = async (written: string): Promise<readonly (readonly [string, string])[]> => {
    const { source } = await loadSync(withSync(QUERY, `query: ${written}`));
    return source.query.split('\n').map((line, index) => [line, `${source.lines[index]!.line}:${source.lines[index]!.column}`]);
  };

  it('of a literal block', async () => {
    expect(await lines('|\n    select id,\n\n      name\n    from t;\n')).toEqual([
      ['select id,', '6:5'],
      ['', '7:5'],
      ['  name', '8:5'],
      ['from t', '9:5'],
    ]);
  });

  it('of a literal block with an indentation of its own', async () => {
    expect(await lines('|4-\n          select id,\n      name\n\n      from t')).toEqual([
      ['    select id,', '6:7'],
      ['name', '7:7'],
      ['', '8:7'],
      ['from t', '9:7'],
    ]);
  });

  it('of a folded block', async () => {
    expect(await lines('>-\n    select id,\n    name\n\n    from t\n    where x')).toEqual([
      ['select id, name', '6:5'],
      ['from t where x', '9:5'],
    ]);
  });

  it('of quoted and plain text', async () => {
    expect(await lines('"select id"')).toEqual([['select id', '5:11']]);
    expect(await lines('select id')).toEqual([['select id', '5:10']]);
  });

  it('of a model file', async () => {
    const files = withSync(QUERY, 'file: models/m.sql', { 'syncs/models/m.sql': '-- a model\r\nselect id, name\nfrom ${var.s}.t ;\n\n' });
    const { source } = await loadSync(files, { vars: { s: 'gold' } });
    expect(source.query).toBe('-- a model\nselect id, name\nfrom gold.t');
    expect(source.lines).toEqual([1, 2, 3].map((line) => ({ file: 'syncs/models/m.sql', line, column: 1 })));
  });

  it('keep their files apart when a model lies below another folder', async () => {
    const { source } = await loadSync({
      ...BASE,
      'syncs/crm/a.yaml': SYNC.replace(QUERY, 'file: ../models/m.sql'),
      'syncs/models/m.sql': 'select 1',
    });
    expect(source.lines).toEqual([{ file: 'syncs/models/m.sql', line: 1, column: 1 }]);
  });
});

describe('YAML of several documents', () => {
  it('merges anchors with <<, earlier maps first', async () => {
    const files = withSync(
      FIELDS,
      '  A: &a { column: a, on_null: skip, when: create }\n  B: &b { column: b, when: empty, compare: set }\n  C: { <<: [*a, *b], column: c }\n  D: *a',
    );
    const { fields } = await loadSync(files);
    expect(fields[2]).toMatchObject({ from: { column: 'c' }, onNull: 'skip', when: 'create', compare: 'set' });
    expect(fields[3]).toMatchObject({ field: 'D', from: { column: 'a' } });
  });

  it('reads a byte order mark, CRLF, empty documents and yml', async () => {
    const text = `\uFEFF# a comment\n---\n---\n${SYNC}---\n`.replaceAll('\n', '\r\n');
    const { at, source } = await loadSync({ ...BASE, 'syncs/deep/er/x.yml': text });
    expect(source.query).toBe('select id, name from accounts');
    expect(at('source', 'query')).toEqual({ file: 'syncs/deep/er/x.yml', line: 8, column: 10 });
  });

  it('sorts syncs by name', async () => {
    const named = (name: string): string => SYNC.replace('accounts', name).replace('object: Account', `object: ${name}`);
    const { syncs } = await load({ ...BASE, 'syncs/1.yaml': `${named('b')}---\n${named('c')}`, 'syncs/2.yaml': named('a') });
    expect(syncs.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(connectionsOf(syncs)).toEqual(['warehouse', 'crm']);
  });
});

describe('variables', () => {
  const query = 'query: select id, name from accounts';
  const files = {
    ...withSync(query, 'query: select id from ${var.schema}.${var.table}'),
    'syncs/project.yaml':
      'kind: Project\nname: acme\nvars: { schema: gold, table: "${var.schema}_t", n: 1.10 }\nenvironments: { prod: { vars: { schema: gold_prod } } }\n',
  };

  it('come from the project, the environment, the command line', async () => {
    expect((await loadSync(files)).source.query).toBe('select id from gold.gold_t');
    expect((await loadSync(files, { environment: 'prod' })).source.query).toBe('select id from gold_prod.gold_prod_t');
    const project = await load(files, { environment: 'prod', vars: { schema: 'mine' } });
    expect(project.syncs[0]?.source.query).toBe('select id from mine.mine_t');
    expect(project.vars).toEqual({ schema: 'mine', table: 'mine_t', n: '1.10' });
  });

  it('may come from the command line alone', async () => {
    const alone = withSync(query, 'query: select id from ${var.schema}.t');
    expect((await loadSync(alone, { vars: { schema: 'x' } })).source.query).toBe('select id from x.t');
  });

  it('stand for numbers and booleans where the schema wants them', async () => {
    const lines =
      'max_live_reads: ${var.n}\ndelete_adopted: "${var.yes}"\non_missing: delete\nowner: "${var.n}"\nguards: { deletes: { percent: "${var.p}" } }';
    const sync = await loadSync(withLines(lines), { vars: { n: '500', yes: 'true', p: '2.5' } });
    expect(sync).toMatchObject({ maxLiveReads: 500, deleteAdopted: true, owner: '500', guards: { deletes: { percent: 2.5 } } });
  });
});

describe('environments', () => {
  const files = {
    ...withSync(),
    'syncs/project.yaml': `kind: Project
name: acme
state: { path: ../state/dev.duckdb, key: "\${env.KEY}" }
vars: { a: 1, b: 2 }
guards: { deletes: { max: 5, percent: 5 } }
environments:
  prod:
    description: The real one
    state: { connection: crm2, schema: sluice_prod }
    vars: { b: 3 }
    guards: { deletes: { max: 50 } }
    connections: { crm: { path: prod/crm.duckdb }, warehouse: { type: other, host: h } }
`,
    'syncs/more/crm2.yaml': 'kind: Connection\nname: crm2\ntype: other\nhost: x\n',
  };
  const other = { type: 'object', additionalProperties: false, properties: { kind: {}, name: {}, type: {}, host: {} } };
  const duckdb = {
    type: 'object',
    additionalProperties: false,
    properties: { kind: {}, name: {}, type: {}, path: { type: 'string', 'x-path': true } },
  };
  const connectionSchemas = new Map<string, object>([
    ['duckdb', duckdb],
    ['other', other],
  ]);

  it('leave the project alone when none is chosen', async () => {
    await using place = await folder(files);
    const project = await loadProject(context(place.cwd), { dir: 'syncs', secrets: 'none', connectionSchemas });
    expect(project.environment).toBeNull();
    expect(project.environments).toEqual(['prod']);
    expect(project.dir).toBe(join(place.cwd, 'syncs'));
    expect(project.state).toMatchObject({ type: 'local', path: join(place.cwd, 'state/dev.duckdb') });
    expect(project.vars).toEqual({ a: '1', b: '2' });
    expect(project.guards.deletes).toEqual({ max: 5, percent: 5, min: 10 });
    expect(project.connections.get('crm')?.options).toEqual({ path: join(place.cwd, 'crm.duckdb') });
    expect(project.connections.get('warehouse')).toMatchObject({ type: 'duckdb', options: {} });
  });

  it('lie over the project: maps merge, another kind of state or connection replaces', async () => {
    await using place = await folder(files);
    const loading = { dir: 'syncs', secrets: 'none' as const, connectionSchemas, environment: 'prod' };
    const project = await loadProject(context(place.cwd), loading);
    expect(project.environment).toBe('prod');
    expect(project.state).toMatchObject({ type: 'connection', connection: 'crm2', schema: 'sluice_prod' });
    expect(project.vars).toEqual({ a: '1', b: '3' });
    expect(project.guards.deletes).toEqual({ max: 50, percent: 5, min: 10 });
    expect(project.syncs[0]?.guards.deletes).toEqual({ max: 50, percent: 5, min: 10 });
    expect(project.connections.get('crm')?.options).toEqual({ path: join(place.cwd, 'syncs/prod/crm.duckdb') });
    expect(project.connections.get('warehouse')).toMatchObject({ type: 'other', options: { host: 'h' } });
  });
});

describe('state', () => {
  it('lies beside the project document unless it says otherwise', async () => {
    await using place = await folder({ 'syncs/deep/project.yaml': 'kind: Project\nname: acme\n' });
    const project = await loadProject(context(place.cwd), { dir: './syncs/', secrets: 'all' });
    expect(project.state).toEqual({ type: 'local', path: join(place.cwd, 'syncs/deep/.sluice/state.duckdb') });
  });

  it('names a schema or a dataset where the project does', async () => {
    const any = new Map<string, object>([['duckdb', {}]]);
    const stateOf = async (written: string): Promise<unknown> =>
      (await load(withProject(`state: ${written}`), { connectionSchemas: any })).state;
    expect(await stateOf('{ connection: crm }')).toMatchObject({
      type: 'connection',
      connection: 'crm',
      schema: undefined,
      dataset: undefined,
    });
    expect(await stateOf('{ connection: crm, schema: s }')).toMatchObject({ connection: 'crm', schema: 's', dataset: undefined });
    expect(await stateOf('{ connection: crm, dataset: d }')).toMatchObject({ connection: 'crm', schema: undefined, dataset: 'd' });
  });
});

describe('secrets', () => {
  const vault = {
    type: 'object',
    additionalProperties: false,
    required: ['url', 'port', 'auth'],
    properties: {
      kind: {},
      name: {},
      type: {},
      url: { type: 'string', pattern: '^https:' },
      port: { type: 'integer' },
      auth: { $ref: '#/$defs/auth' },
    },
    $defs: {
      auth: {
        type: 'object',
        required: ['token'],
        properties: {
          user: { type: 'string' },
          token: { type: 'string', minLength: 3, 'x-secret': true },
          list: { type: 'array', items: { type: 'string', 'x-secret': true } },
        },
      },
    },
  };
  const connectionSchemas = new Map<string, object>([
    ['vault', vault],
    ['plain', {}],
  ]);
  const files = {
    'syncs/project.yaml': 'kind: Project\nname: acme\nstate: { connection: store }\n',
    'syncs/vault.yaml':
      'kind: Connection\nname: crm\ntype: vault\nurl: "https://${env.HOST}/x"\nport: ${env.PORT}\nauth: { user: me, token: "${env.TOKEN}", list: [written] }\n',
    'syncs/other.yaml':
      'kind: Connection\nname: warehouse\ntype: plain\npassword: "${env.WAREHOUSE}"\n---\nkind: Connection\nname: store\ntype: plain\npassword: "${env.STORE}"\n',
    'syncs/sync.yaml': SYNC,
  };
  const env = { HOST: 'crm.example', PORT: '8443', TOKEN: '123456', WAREHOUSE: 'w-secret', STORE: 's-secret' };

  it('are resolved, typed and remembered', async () => {
    const project = await load(files, { connectionSchemas, secrets: 'all', env });
    expect(project.connections.get('crm')?.options).toEqual({
      url: 'https://crm.example/x',
      port: 8443,
      auth: { user: 'me', token: '123456', list: ['written'] },
    });
    expect([...project.secrets].toSorted()).toEqual([
      '123456',
      '8443',
      'crm.example',
      'https://crm.example/x',
      's-secret',
      'w-secret',
      'written',
    ]);
  });

  it('are not asked for when nobody needs them', async () => {
    const project = await load(files, { connectionSchemas, secrets: 'none', env });
    expect(project.connections.get('crm')?.options).toEqual({ auth: { user: 'me', list: ['written'] } });
    expect(project.secrets).toEqual(['written']);
  });

  it('are asked for by connection; the state is always among them', async () => {
    const project = await load(files, { connectionSchemas, secrets: ['warehouse'], env: { WAREHOUSE: 'w-secret', STORE: 's-secret' } });
    expect(project.connections.get('warehouse')?.options).toEqual({ password: 'w-secret' });
    expect(project.connections.get('store')?.options).toEqual({ password: 's-secret' });
    expect(project.connections.get('crm')?.options).toEqual({ auth: { user: 'me', list: ['written'] } });
  });

  it('are asked for by what the syncs turn out to need', async () => {
    const loading = { connectionSchemas, secrets: (project: { syncs: readonly unknown[] }) => (project.syncs.length === 1 ? ['crm'] : []) };
    const error = await load(files, { ...loading, env: { STORE: 's', HOST: 'h' } }).catch((caught: unknown) => (caught as Error).message);
    expect(error).toBe(
      [
        'syncs/vault.yaml:5:7: the environment variable PORT is not set',
        '  set PORT in the environment of this command',
        'syncs/vault.yaml:6:27: the environment variable TOKEN is not set',
        '  set TOKEN in the environment of this command',
      ].join('\n'),
    );
  });

  it('the key of the state is needed only for sensitive fields', async () => {
    const keyed = (fields: string): Files => ({
      ...withSync(FIELDS, fields),
      'syncs/project.yaml': 'kind: Project\nname: acme\nstate: { path: a, key: "${env.KEY}" }\n',
    });
    expect((await load(keyed(FIELDS), { secrets: [] })).state.key).toBeUndefined();
    const project = await load(keyed('  Name: { column: name, sensitive: true }'), { secrets: [], env: { KEY: 'k-secret' } });
    expect(project.state.key).toBe('k-secret');
    expect(project.secrets).toEqual(['k-secret']);
  });
});

describe('options of a destination', () => {
  const connector = (destination?: object): object => ({
    type: 'object',
    ...(destination === undefined ? {} : { $defs: { destination } }),
  });
  const options = { properties: { assign: { type: 'boolean', description: 'x' } } };
  const files = withSync('  object: Account', '  object: Account\n  assign: true');

  it('are those of its connection type', async () => {
    const connectionSchemas = new Map([['duckdb', connector(options)]]);
    expect((await loadSync(files, { connectionSchemas })).destination.options).toEqual({ assign: true });
  });

  it('are refused by another type', async () => {
    const connectionSchemas = new Map([['duckdb', connector()]]);
    await expect(load(files, { connectionSchemas })).rejects.toThrow('syncs/sync.yaml:10:3: destination: unknown key "assign"');
  });
});

it('keeps the values of a test exactly', async () => {
  const text = `kind: Test
name: exact
sync: accounts
given:
  rows:
    - { id: 00123, name: 1.10, big: 12345678901234567890, flag: true, gone: null, list: [1.0, a], map: { z: 1e3 } }
expect:
  create: [{ Id: "00123", Name: "1.10" }]
  unchanged: 3
  rejected: [{ key: 7, code: text_too_long }]
`;
  const { tests } = await load({ ...withSync(), 'syncs/t.yaml': text });
  expect(tests[0]).toMatchObject({ name: 'exact', sync: 'accounts', location: { file: 'syncs/t.yaml', line: 1, column: 1 } });
  expect(tests[0]?.document).toEqual({
    kind: 'Test',
    name: 'exact',
    sync: 'accounts',
    given: {
      rows: [{ id: '00123', name: '1.10', big: '12345678901234567890', flag: 'true', gone: null, list: ['1.0', 'a'], map: { z: '1e3' } }],
    },
    expect: { create: [{ Id: '00123', Name: '1.10' }], unchanged: '3', rejected: [{ key: '7', code: 'text_too_long' }] },
  });
});
