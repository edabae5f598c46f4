/**
 * The comparison in the source's database finds what the one in the workspace finds. Random rows of many types, edits that
 * change a value's form but not its meaning, keys that come, go, stand twice or are null: both engines make the same plan.
 */
import * as fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { PlanDocument } from '../../src/plan/document.ts';
import { initRepository } from '../support/git.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { must, planOf, project, type TestProject } from '../support/project.ts';

const servers: Postgres[] = [];
beforeAll(async () => void servers.push(await startPostgres()));
afterAll(async () => {
  for (const server of servers) await server.stop();
});

const MODEL = `CREATE TABLE model (id text, name text, seats integer, big int8, price numeric, fee numeric(12,2), ratio float8, active boolean, day date,
  at timestamptz, wall timestamp, doc jsonb, tags text[], bits bytea, code char(4))`;
const CRM = `CREATE TABLE account (id text PRIMARY KEY, name text, seats integer, big int8, price numeric(20,6), fee numeric(12,2), ratio float8, active boolean, day date,
  at timestamptz, wall timestamp, doc jsonb, tags jsonb, bits bytea, code char(4), version text)`;
const FIELDS = ['name', 'seats', 'big', 'price', 'fee', 'ratio', 'active', 'day', 'at', 'wall', 'doc', 'tags', 'bits', 'code'] as const;

/** Texts that Postgres reads as values of a column; neighbours mean the same, or nearly. */
const VALUES: Readonly<Record<(typeof FIELDS)[number], readonly (string | null)[]>> = {
  name: ['Ada', 'ada', ' Ada', '', null, "O'Brien", 'a\tb\nc\\', '\u00e9', 'e\u0301', ',"'],
  seats: ['0', '1', '-1', '2147483647', null],
  big: ['9223372036854775807', '9223372036854775806', '0', null],
  price: ['1', '1.0', '1.00', '1.000001', '0.1', '100000000000', null],
  fee: ['1', '1.00', '1.01', null],
  ratio: ['0', '-0', '0.1', '0.30000000000000004', '1e300', null],
  active: ['t', 'f', null],
  day: ['2024-03-10', '2024-03-11', '0044-03-15 BC', null],
  at: ['2024-03-10 00:00:00+00', '2024-03-10 05:45:00+05:45', '2024-03-10 00:00:00.000001+00', null],
  wall: ['2024-03-10 02:30:00', '2024-03-10 02:30:00.5', null],
  doc: ['{"a":1,"b":[1.0,2]}', '{"b":[1.0,2],"a":1}', '{"a":1.0,"b":[1.0,2]}', '[]', 'null', null],
  tags: ['{a,b}', '{b,a}', '{}', '{NULL}', null],
  bits: ['\\x00ff', '\\x', null],
  code: ['ab', 'ab  ', 'abc', null],
};

type Row = Readonly<Record<string, string | null>>;
const row: fc.Arbitrary<Row> = fc.record(Object.fromEntries(FIELDS.map((field) => [field, fc.constantFrom(...VALUES[field])])));
const ids = ['1', '2', '3', '4', '01', ' 5', 'x"y', 'é'];

type Step =
  | { readonly do: 'insert'; readonly id: string | null; readonly row: Row }
  | { readonly do: 'update'; readonly id: string; readonly field: (typeof FIELDS)[number]; readonly pick: number }
  | { readonly do: 'delete'; readonly id: string }
  | { readonly do: 'copy'; readonly id: string }
  | { readonly do: 'edit'; readonly id: string }
  | { readonly do: 'apply' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('insert' as const), id: fc.constantFrom(...ids), row }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('insert' as const), id: fc.constant(null), row }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('update' as const),
      id: fc.constantFrom(...ids),
      field: fc.constantFrom(...FIELDS),
      pick: fc.nat(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), id: fc.constantFrom(...ids) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('copy' as const), id: fc.constantFrom(...ids) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('edit' as const), id: fc.constantFrom(...ids) }) },
  { weight: 4, arbitrary: fc.constant({ do: 'apply' as const }) },
);

interface World extends AsyncDisposable {
  readonly p: TestProject;
  readonly client: Client;
}

async function world(): Promise<World> {
  const [server] = servers;
  if (server === undefined) throw new Error('no server');
  const url = await server.createDatabase();
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(MODEL);
  await client.query(`CREATE SCHEMA crm; SET search_path = crm, public; ${CRM}`);
  const p = await project({
    env: { PG: url },
    project: {
      kind: 'Project',
      name: 'acme',
      state: { connection: 'warehouse', schema: 'sluice', key: 'a passphrase for tests' },
      guards: OPEN,
    },
  });
  await p.write('syncs/connections.yaml', { kind: 'Connection', name: 'warehouse', type: 'postgres', url: '${env.PG}', schema: 'public' }, { kind: 'Connection', name: 'crm', type: 'postgres', url: '${env.PG}', schema: 'crm' }); // prettier-ignore
  await p.sync(SYNC);
  return {
    p,
    client,
    [Symbol.asyncDispose]: async () => {
      await client.end();
      await p[Symbol.asyncDispose]();
    },
  };
}

const SYNC = {
  name: 'accounts',
  source: { connection: 'warehouse', query: 'select * from model', key: 'id', timezone: 'UTC' },
  destination: { connection: 'crm', object: 'account', key: 'id' },
  on_missing: 'delete',
  refresh: 'changed',
  fields: { ...Object.fromEntries(FIELDS.map((field) => [field, field])), version: { value: '1' } },
};

const NO_LIMIT = { max: 1_000_000, percent: 100 };
const OPEN = { updates: NO_LIMIT, deletes: NO_LIMIT, clears: NO_LIMIT, nulls: NO_LIMIT, rejects: NO_LIMIT };

async function take({ p, client }: World, each: Step): Promise<void> {
  switch (each.do) {
    case 'insert':
      await client.query(
        `INSERT INTO public.model (id, ${FIELDS.join(', ')}) SELECT $1, ${FIELDS.map((_, index) => `$${index + 2}`).join(', ')} WHERE NOT EXISTS (SELECT FROM public.model WHERE id = $1)`,
        [each.id, ...FIELDS.map((field) => each.row[field] ?? null)],
      );
      return;
    case 'update': {
      const values = VALUES[each.field];
      await client.query(`UPDATE public.model SET ${each.field} = $2 WHERE id = $1`, [each.id, values[each.pick % values.length]]);
      return;
    }
    case 'delete':
      await client.query('DELETE FROM public.model WHERE id = $1 OR id IS NULL', [each.id]);
      return;
    case 'copy':
      await client.query('INSERT INTO public.model SELECT * FROM public.model WHERE id = $1 LIMIT 1', [each.id]);
      return;
    case 'edit':
      await client.query("UPDATE crm.account SET name = 'typed' WHERE id = $1", [each.id]);
      return;
    case 'apply':
      must({ ...(await p.run(['apply', '--yes', '--json'])), code: 0 }, 0);
  }
}

interface Seen {
  readonly plan: unknown;
  readonly changes: unknown;
  readonly engine: string | undefined;
  readonly live: number | undefined;
}

async function seen(p: TestProject, refresh: string, engine: string): Promise<Seen> {
  const out = `plan-${engine}.duckdb`;
  const ran = await p.run(['plan', '--json', '--refresh', refresh, '--engine', engine, '--out', out]);
  must(ran, 0);
  const document = ran.json as PlanDocument;
  const { plan_id: _id, created_at: _at, syncs, ...rest } = document;
  const [sync] = syncs;
  const tables = ['changes', 'adoptions', 'rejects', 'held'].map(async (table) => (await p.onFile(out, `SELECT * FROM ${table} ORDER BY ALL`)).map((each) => JSON.stringify(each, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)))); // prettier-ignore
  const contents = await Promise.all(tables);
  // What a false candidate costs is one look: the records that were read may differ, what becomes of them may not.
  return {
    plan: { ...rest, sync: { ...sync, engine: '', live_read: 0, notes: [] } },
    changes: contents,
    engine: sync?.engine,
    live: sync?.live_read,
  };
}

describe('the comparison in the warehouse', () => {
  test('makes the plan that the workspace makes', async () => {
    const engines = new Map<string, number>();
    const seed = Number(process.env['SLUICE_SEED'] ?? Date.now() % 1_000_000);
    process.stdout.write(`warehouse property: seed ${seed}\n`);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), fc.constantFrom('changed', 'none'), async (steps, refresh) => {
        await using w = await world();
        await take(w, { do: 'insert', id: '1', row: Object.fromEntries(FIELDS.map((field) => [field, VALUES[field][0] ?? null])) });
        await take(w, { do: 'apply' });
        for (const each of steps) {
          await take(w, each);
          if (each.do === 'apply') continue;
        }
        const inWarehouse = await seen(w.p, refresh, 'auto');
        const inWorkspace = await seen(w.p, refresh, 'local');
        expect(inWorkspace.engine).toBe('local');
        engines.set(inWarehouse.engine ?? '', (engines.get(inWarehouse.engine ?? '') ?? 0) + 1);
        expect(inWarehouse.plan).toEqual(inWorkspace.plan);
        expect(inWarehouse.changes).toEqual(inWorkspace.changes);
      }),
      { numRuns: Number(process.env['SLUICE_WAREHOUSE_RUNS'] ?? 25), seed },
    );
    process.stdout.write(`warehouse property: ${[...engines].map(([engine, plans]) => `${engine} ${plans}`).join(', ')}\n`);
    expect(engines.get('warehouse') ?? 0).toBeGreaterThan(0);
  });

  test('says what travelled; a value in another form costs a look and changes nothing', async () => {
    await using w = await filled();
    await w.client.query(
      "UPDATE public.model SET price = 1.0, name = 'Eve' WHERE id = '1'; UPDATE public.model SET price = 1.00 WHERE id = '2'",
    );
    const ran = await w.p.run(['plan', '--refresh', 'none']);
    must(ran, 0);
    expect(ran.stdout).toContain('compared in warehouse, beside the state: 2 of 3 rows travelled');
    expect((await w.p.plan(['--refresh', 'none'])).summary).toMatchObject({ update: 1, unchanged: 2 });
    must(await w.p.run(['apply', '--yes']), 0);
    expect((await w.p.plan()).summary).toMatchObject({ update: 0, unchanged: 3 });
  });

  test('another constant is another value of every record', async () => {
    await using w = await filled();
    await w.p.sync({ ...SYNC, fields: { ...SYNC.fields, version: { value: '2' } } });
    expect((await w.p.plan()).summary).toMatchObject({ update: 3 });
    must(await w.p.run(['apply', '--yes']), 0);
    expect(planOf(await w.p.plan())).toMatchObject({ engine: 'warehouse', summary: { update: 0, unchanged: 3 } });
  });

  test('tells what is due to a branch from what was due anyway', async () => {
    await using w = await filled();
    await initRepository(w.p.root);
    await w.client.query(
      "UPDATE public.model SET name = 'Eve', seats = 7 WHERE id = '1'; UPDATE public.model SET seats = 8 WHERE id = '2'",
    );
    await w.p.sync({ ...SYNC, fields: { ...SYNC.fields, name: { sql: "case when id <> '3' then upper(name) else name end" } } });
    const sync = planOf(await w.p.plan(['--base', 'main']));
    expect(sync).toMatchObject({ engine: 'warehouse', change: { kind: 'modified' }, summary: { update: 2 } });
    const told = {
      branch: { update: 2 },
      pending: { update: 0 },
      fields: { name: { branch: 2, pending: 0 }, seats: { branch: 0, pending: 2 } },
    };
    expect(sync.attribution).toMatchObject(told);
    expect(planOf(await w.p.plan(['--base', 'main', '--refresh', 'all']))).toMatchObject({ engine: 'local', attribution: told });
  });

  test.each([
    ['every live record is read', ['--refresh', 'all'], {}, /every live record is read/],
    ['a field is sensitive', [], { fields: { name: { column: 'name', sensitive: true } } }, /has sensitive fields/],
  ])('is left to the workspace when %s', async (_name, args, own, why) => {
    await using w = await filled(own);
    expect(planOf(await w.p.plan(args)).engine).toBe('local');
    const refused = await w.p.run(['plan', '--engine', 'warehouse', ...args]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(why);
  });
});

/** Three records that are as they were sent. */
async function filled(own: Readonly<Record<string, unknown>> = {}): Promise<World> {
  const w = await world();
  await w.p.sync({ ...SYNC, ...own });
  for (const id of ['1', '2', '3']) {
    await take(w, { do: 'insert', id, row: Object.fromEntries(FIELDS.map((field) => [field, VALUES[field][0] ?? null])) });
  }
  must(await w.p.run(['apply', '--yes']), 0);
  return w;
}
