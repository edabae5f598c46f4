/**
 * The comparison in BigQuery finds what the one in the workspace finds: random rows of its types, edits that change a value's
 * form but not its meaning, keys that come, go, stand twice or are null. Destination is a DuckDB file.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { PlanDocument } from '../../src/plan/document.ts';
import { type BigQueryServer, startBigQuery } from '../support/bigquery/index.ts';
import { must, planOf, project, type TestProject } from '../support/project.ts';

const servers: BigQueryServer[] = [];
beforeAll(async () => void servers.push(await startBigQuery()));
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
});

/** Type in BigQuery, type in the destination, values as BigQuery writes them; neighbours mean the same, or nearly. */
const FIELDS = {
  name: ['STRING', 'VARCHAR', ["'Ada'", "'ada'", "' Ada'", "''", 'NULL', '"O\'Brien"', "'a\\tb\\nc\\\\'", "'\\u00e9'", "'e\\u0301'"]],
  big: ['INT64', 'BIGINT', ['9223372036854775807', '9223372036854775806', '0', 'NULL']],
  price: ['NUMERIC', 'DECIMAL(20,6)', ["NUMERIC '1'", "NUMERIC '1.000001'", "NUMERIC '0.1'", "NUMERIC '100000000000'", 'NULL']],
  huge: ['BIGNUMERIC', 'VARCHAR', ["BIGNUMERIC '1'", "BIGNUMERIC '12345678901234567890123456789012345.5'", 'NULL']],
  ratio: ['FLOAT64', 'DOUBLE', ['0.0', '0.1', '0.30000000000000004', '1e300', 'NULL']],
  active: ['BOOL', 'BOOLEAN', ['TRUE', 'FALSE', 'NULL']],
  day: ['DATE', 'DATE', ["DATE '2024-03-10'", "DATE '0001-01-01'", 'NULL']],
  instant: ['TIMESTAMP', 'TIMESTAMPTZ', ["TIMESTAMP '2024-03-10 00:00:00+00'", "TIMESTAMP '2024-03-10 00:00:00.000001+00'", 'NULL']],
  wall: ['DATETIME', 'TIMESTAMP', ["DATETIME '2024-03-10 02:30:00'", "DATETIME '2024-03-10 02:30:00.5'", 'NULL']],
  doc: ['JSON', 'JSON', [`JSON '{"a":1,"b":[1.5,2]}'`, `JSON '{"b":[1.5,2],"a":1}'`, "JSON '[]'", 'NULL']],
  tags: ['ARRAY<STRING>', 'JSON', ["['a','b']", "['b','a']", '[]']],
  bits: ['BYTES', 'BLOB', ["b'\\x00\\xff'", "b''", 'NULL']],
} as const satisfies Record<string, readonly [string, string, readonly string[]]>;
type Field = keyof typeof FIELDS;
const NAMES = Object.keys(FIELDS) as Field[];
const first = (name: Field): string => FIELDS[name][2][0];

type Row = Readonly<Record<string, string>>;
const FIRST: Row = Object.fromEntries(NAMES.map((name) => [name, first(name)]));
const row: fc.Arbitrary<Row> = fc.record(
  Object.fromEntries(NAMES.map((name) => [name, fc.constantFrom(...(FIELDS[name][2] as readonly string[]))])),
);
const ids = ["'1'", "'2'", "'01'", "' 5'", `'x"y'`, "'é'"];

type Step =
  | { readonly do: 'insert'; readonly id: string; readonly row: Row }
  | { readonly do: 'update'; readonly id: string; readonly name: Field; readonly pick: number }
  | { readonly do: 'delete' | 'copy'; readonly id: string }
  | { readonly do: 'apply' };

const id = fc.constantFrom(...ids);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('insert' as const), id, row }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('insert' as const), id: fc.constant('NULL'), row }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('update' as const), id, name: fc.constantFrom(...NAMES), pick: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'copy' as const), id }) },
  { weight: 3, arbitrary: fc.constant({ do: 'apply' as const }) },
);

interface World extends AsyncDisposable {
  readonly p: TestProject;
  readonly server: BigQueryServer;
  readonly model: string;
}

const made = { worlds: 0 };
const NO_LIMIT = { max: 1_000_000, percent: 100 };
const OPEN = { updates: NO_LIMIT, deletes: NO_LIMIT, clears: NO_LIMIT, nulls: NO_LIMIT, rejects: NO_LIMIT };

async function world(own: Readonly<Record<string, unknown>> = {}): Promise<World> {
  const [server] = servers;
  if (server === undefined) throw new Error('no server');
  made.worlds += 1;
  const dataset = `w${made.worlds}`;
  const model = `${dataset}.model`;
  const columns = NAMES.map((name) => `${name} ${FIELDS[name][0]}`);
  await server.sql(`CREATE SCHEMA ${dataset}; CREATE SCHEMA ${dataset}_state; CREATE TABLE ${model} (id STRING, ${columns.join(', ')})`);
  const p = await project({
    env: server.env,
    crm: [
      `CREATE TABLE account (id VARCHAR PRIMARY KEY, ${NAMES.map((name) => `"${name}" ${FIELDS[name][1]}`).join(', ')}, version VARCHAR)`,
    ],
    project: { state: { connection: 'warehouse', dataset: `${dataset}_state` }, guards: OPEN },
  });
  await p.write(
    'syncs/connections.yaml',
    { kind: 'Connection', name: 'warehouse', type: 'bigquery', project: server.project },
    { kind: 'Connection', name: 'crm', type: 'duckdb', path: '../crm.duckdb' },
  );
  await p.sync({
    source: { connection: 'warehouse', query: `select * from ${model}`, key: 'id', timezone: 'UTC' },
    destination: { connection: 'crm', object: 'account', key: 'id' },
    on_missing: 'delete',
    refresh: 'changed',
    fields: { ...Object.fromEntries(NAMES.map((name) => [name, name])), version: { value: '1' } },
    ...own,
  });
  return { p, server, model, [Symbol.asyncDispose]: async () => p[Symbol.asyncDispose]() };
}

async function take({ p, server, model }: World, each: Step): Promise<void> {
  switch (each.do) {
    case 'insert':
      await server.sql(
        `INSERT INTO ${model} SELECT ${each.id}, ${NAMES.map((name) => each.row[name] ?? 'NULL').join(', ')} FROM (SELECT 1) WHERE NOT EXISTS (SELECT 1 FROM ${model} WHERE id = ${each.id})`,
      );
      return;
    case 'update': {
      const values: readonly string[] = FIELDS[each.name][2];
      await server.sql(`UPDATE ${model} SET ${each.name} = ${values[each.pick % values.length] ?? 'NULL'} WHERE id = ${each.id}`);
      return;
    }
    case 'delete':
      await server.sql(`DELETE FROM ${model} WHERE id = ${each.id} OR id IS NULL`);
      return;
    case 'copy':
      await server.sql(`INSERT INTO ${model} SELECT * FROM ${model} WHERE id = ${each.id}`);
      return;
    case 'apply':
      must({ ...(await p.run(['apply', '--yes', '--json'])), code: 0 }, 0);
  }
}

async function seen(
  p: TestProject,
  refresh: string,
  engine: string,
): Promise<{ plan: unknown; changes: unknown; engine: string | undefined }> {
  const out = `plan-${engine}.duckdb`;
  const ran = await p.run(['plan', '--json', '--refresh', refresh, '--engine', engine, '--out', out]);
  must(ran, 0);
  const { plan_id: _id, created_at: _at, syncs, ...rest } = ran.json as PlanDocument;
  const [sync] = syncs;
  const tables = ['changes', 'adoptions', 'rejects', 'held'].map(async (table) => (await p.onFile(out, `SELECT * FROM ${table} ORDER BY ALL`)).map((each) => JSON.stringify(each, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)))); // prettier-ignore
  return {
    plan: { ...rest, sync: { ...sync, engine: '', live_read: 0, notes: [], cost: null } },
    changes: await Promise.all(tables),
    engine: sync?.engine,
  };
}

describe('the comparison in BigQuery', () => {
  test('makes the plan that the workspace makes', async () => {
    const engines = new Map<string, number>();
    const seed = Number(process.env['SLUICE_SEED'] ?? Date.now() % 1_000_000);
    process.stdout.write(`warehouse property, bigquery: seed ${seed}\n`);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), fc.constantFrom('changed', 'none'), async (steps, refresh) => {
        await using w = await world();
        await take(w, { do: 'insert', id: "'1'", row: FIRST });
        await take(w, { do: 'apply' });
        for (const each of steps) await take(w, each);
        const inWarehouse = await seen(w.p, refresh, 'auto');
        const inWorkspace = await seen(w.p, refresh, 'local');
        expect(inWorkspace.engine).toBe('local');
        engines.set(inWarehouse.engine ?? '', (engines.get(inWarehouse.engine ?? '') ?? 0) + 1);
        expect(inWarehouse.plan).toEqual(inWorkspace.plan);
        expect(inWarehouse.changes).toEqual(inWorkspace.changes);
      }),
      { numRuns: Number(process.env['SLUICE_WAREHOUSE_RUNS'] ?? 10), seed },
    );
    process.stdout.write(`warehouse property, bigquery: ${[...engines].map(([engine, plans]) => `${engine} ${plans}`).join(', ')}\n`);
    expect(engines.get('warehouse') ?? 0).toBeGreaterThan(0);
  });

  test('rejects a key that stands twice, and nothing else has to travel', async () => {
    await using w = await world();
    for (const each of ids) await take(w, { do: 'insert', id: each, row: FIRST });
    must(await w.p.run(['apply', '--yes']), 0);
    await take(w, { do: 'copy', id: "'2'" });
    const ran = await w.p.run(['plan', '--refresh', 'none']);
    must(ran, 0);
    expect(ran.stdout).toContain('2 of 7 rows travelled');
    expect(planOf(await w.p.plan(['--refresh', 'none']))).toMatchObject({
      engine: 'warehouse',
      summary: { rejected: 2, update: 0, delete: 0 },
    });
  });

  test('a plan after an apply is empty, and nothing travelled', async () => {
    await using w = await world();
    for (const each of ids) await take(w, { do: 'insert', id: each, row: FIRST });
    must(await w.p.run(['apply', '--yes']), 0);
    const ran = await w.p.run(['plan']);
    must(ran, 0);
    expect(ran.stdout).toContain('0 of 6 rows travelled');
    expect((await w.p.plan()).summary).toMatchObject({ create: 0, update: 0, delete: 0, unchanged: 6 });
  });
});
