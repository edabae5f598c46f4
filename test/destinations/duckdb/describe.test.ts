import { describe, expect, it } from 'vitest';

import { typeInfo } from '../../../src/destinations/duckdb/types.ts';
import { UserError } from '../../../src/errors.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { openAt, type Target, target } from './harness.ts';

type Schema = Awaited<ReturnType<Target['destination']['describe']>>;

async function schemaOf(of: Target, object: string, options: Record<string, unknown> = {}): Promise<Schema> {
  await using workspace = await Workspace.open();
  const destination = await openAt(of.folder, { path: of.path, ...options });
  await destination.attach(workspace);
  return await destination.describe(object);
}

async function refusal(of: Target, object: string): Promise<{ message: string; hint: string | undefined }> {
  const error = await schemaOf(of, object).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`);
  return { message: error.problems[0]?.message ?? '', hint: error.problems[0]?.hint };
}

describe('field types', () => {
  it.each([
    ['VARCHAR', { kind: 'text' }],
    ['VARCHAR(40)', { kind: 'text' }],
    ['TINYINT', { kind: 'integer', min: '-128', max: '127' }],
    ['SMALLINT', { kind: 'integer', min: '-32768', max: '32767' }],
    ['INTEGER', { kind: 'integer', min: '-2147483648', max: '2147483647' }],
    ['BIGINT', { kind: 'integer', min: '-9223372036854775808', max: '9223372036854775807' }],
    ['HUGEINT', { kind: 'integer', min: '-170141183460469231731687303715884105728', max: '170141183460469231731687303715884105727' }],
    ['UTINYINT', { kind: 'integer', min: '0', max: '255' }],
    ['USMALLINT', { kind: 'integer', min: '0', max: '65535' }],
    ['UINTEGER', { kind: 'integer', min: '0', max: '4294967295' }],
    ['UBIGINT', { kind: 'integer', min: '0', max: '18446744073709551615' }],
    ['UHUGEINT', { kind: 'integer', min: '0', max: '340282366920938463463374607431768211455' }],
    ['DECIMAL(38,10)', { kind: 'decimal', precision: 38, scale: 10 }],
    ['FLOAT', { kind: 'float', bits: 32 }],
    ['DOUBLE', { kind: 'float', bits: 64 }],
    ['BOOLEAN', { kind: 'boolean' }],
    ['DATE', { kind: 'date' }],
    ['TIMESTAMP_S', { kind: 'timestamp', precision: 0, zoned: false }],
    ['TIMESTAMP_MS', { kind: 'timestamp', precision: 3, zoned: false }],
    ['TIMESTAMP', { kind: 'timestamp', precision: 6, zoned: false }],
    ['TIMESTAMP_NS', { kind: 'timestamp', precision: 9, zoned: false }],
    ['TIMESTAMPTZ', { kind: 'timestamp', precision: 6, zoned: true }],
    ['JSON', { kind: 'json' }],
    ['STRUCT(a INTEGER, b VARCHAR)', { kind: 'json' }],
    ['MAP(VARCHAR, INTEGER)', { kind: 'json' }],
    ['INTEGER[]', { kind: 'json' }],
    ['INTEGER[3]', { kind: 'json' }],
    ["ENUM('a', 'b')[]", { kind: 'json' }],
    ['UNION(a INTEGER, b VARCHAR)', { kind: 'json' }],
    ['BLOB', { kind: 'bytes' }],
    ['UUID', { kind: 'text', native: 'UUID' }],
    ['TIME', { kind: 'text', native: 'TIME' }],
    ['TIMETZ', { kind: 'text', native: 'TIME WITH TIME ZONE' }],
    ['INTERVAL', { kind: 'text', native: 'INTERVAL' }],
    ['BIT', { kind: 'text', native: 'BIT' }],
    ['BIGNUM', { kind: 'text', native: 'BIGNUM' }],
  ])('%s', async (native, type) => {
    await using of = await target([`CREATE TABLE t (f ${native})`]);
    expect((await schemaOf(of, 't')).fields[0]).toMatchObject({
      name: 'f',
      type,
      nullable: true,
      hasDefault: false,
      creatable: true,
      updatable: true,
    });
  });

  it('of an ENUM are its values', async () => {
    await using of = await target(["CREATE TYPE mood AS ENUM ('it''s', 'b, c)')", 'CREATE TABLE t (m mood)']);
    const [mood] = (await schemaOf(of, 't')).fields;
    expect(mood).toMatchObject({ type: { kind: 'text' }, allowed: ["it's", 'b, c)'] });
  });
});

it('a VARIANT, which newer files may hold, is not written', () => {
  expect(typeInfo('VARIANT')).toMatchObject({ type: { kind: 'json' }, readOnlyReason: expect.stringContaining('VARIANT') as unknown });
});

describe('constraints', () => {
  it('are keys, references, defaults, nulls and lengths', async () => {
    await using of = await target([
      'CREATE SCHEMA ref',
      'CREATE TABLE plans (id INTEGER PRIMARY KEY, code VARCHAR UNIQUE)',
      `CREATE TABLE accounts (
        id INTEGER, part VARCHAR, plan_id INTEGER REFERENCES plans (id), plan_code VARCHAR, "we""ird" VARCHAR, name VARCHAR NOT NULL,
        tier VARCHAR DEFAULT 'none', twice INTEGER AS (id * 2), email VARCHAR, PRIMARY KEY (id, part), UNIQUE ("we""ird"),
        FOREIGN KEY (plan_code) REFERENCES plans (code),
        CHECK (length(name) <= 40), CHECK (len(tier) < 10), CHECK (length("we""ird") <= 12), CHECK (strlen(email) <= 7 AND id > 0))`,
      'CREATE UNIQUE INDEX by_name ON accounts (name, "we""ird")',
      'CREATE UNIQUE INDEX by_lower ON accounts (lower(name))',
      'CREATE INDEX plain ON accounts (tier)',
    ]);
    const schema = await schemaOf(of, 'accounts');
    expect(schema.uniqueKeys).toEqual([['id', 'part'], ['we"ird'], ['name', 'we"ird']]);
    expect(schema.references).toEqual([
      { field: 'plan_id', object: 'plans', target: 'id' },
      { field: 'plan_code', object: 'plans', target: 'code' },
    ]);
    const field = Object.fromEntries(schema.fields.map((each) => [each.name, each]));
    expect(field['name']).toMatchObject({ nullable: false, maxLength: 40 });
    expect(field['tier']).toMatchObject({ hasDefault: true, maxLength: 9 });
    expect(field['we"ird']).toMatchObject({ maxLength: 12 });
    expect(field['email']?.maxLength).toBeUndefined();
    expect(field['twice']).toMatchObject({
      creatable: false,
      updatable: false,
      hasDefault: false,
      reason: 'it is computed by the database',
    });
    expect(field['id']).toMatchObject({ nullable: false, creatable: true });
  });
});

describe('objects', () => {
  it('are found by schema, and in the connection’s default schema', async () => {
    await using of = await target([
      'CREATE SCHEMA gold',
      'CREATE TABLE gold.t (a INTEGER)',
      'CREATE TABLE t (b INTEGER)',
      'CREATE TABLE "a.b" (c INTEGER)',
    ]);
    expect((await schemaOf(of, 't')).fields[0]?.name).toBe('b');
    expect((await schemaOf(of, 'gold.t')).fields[0]?.name).toBe('a');
    expect((await schemaOf(of, 't', { schema: 'gold' })).fields[0]?.name).toBe('a');
    expect((await schemaOf(of, 'a.b')).fields[0]?.name).toBe('c');
  });

  it('that do not exist are refused with what does', async () => {
    await using of = await target([
      'CREATE SCHEMA gold',
      'CREATE TABLE accounts (a INTEGER)',
      'CREATE TABLE gold.plans (a INTEGER)',
      'CREATE VIEW v AS SELECT 1 AS a',
    ]);
    expect(await refusal(of, 'acounts')).toEqual({ message: 'the database has no table "acounts"', hint: 'Did you mean "accounts"?' });
    expect(await refusal(of, 'zzzzzz')).toMatchObject({ hint: 'The database has: gold.plans, accounts.' });
    expect((await refusal(of, 'v')).message).toBe('v is a view, which cannot be written');
    await using empty = await target([]);
    expect((await refusal(empty, 't')).hint).toBe('The database has no tables: create the table first.');
  });
});
