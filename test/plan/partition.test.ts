/** Which rows a sync may not write, because a sync with another partition writes their records. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Sync } from '../../src/config/model.ts';
import { attachPartners, partnersOf, rejectShared } from '../../src/plan/partition.ts';
import { PLAN_TABLES } from '../../src/plan/plan-tables.ts';
import type { State } from '../../src/state/state.ts';
import { lineageOf } from '../../src/plan/identity.ts';
import { Workspace } from '../../src/workspace/workspace.ts';

function sync(name: string, own: { partition?: string; object?: string; connection?: string; fields?: readonly string[] } = {}): Sync {
  return {
    name,
    partition: own.partition,
    destination: { connection: own.connection ?? 'crm', object: own.object ?? 'Account', key: ['Id'], options: {} },
    fields: (own.fields ?? ['Name']).map((field) => ({ field })),
  } as unknown as Sync;
}

const EU = sync('eu', { partition: 'eu' });
const US = sync('us', { partition: 'us' });

describe('partners', () => {
  it('share a field of an object of one connection', () => {
    const others = [
      sync('same-field', { partition: 'x', fields: ['NAME', 'Plan'] }),
      sync('other-case', { partition: 'x', object: 'ACCOUNT' }),
      sync('other-field', { partition: 'x', fields: ['Plan'] }),
      sync('other-object', { partition: 'x', object: 'Contact' }),
      sync('other-connection', { partition: 'x', connection: 'erp' }),
      sync('no-partition'),
    ];
    expect(partnersOf(EU, [EU, ...others]).map((each) => each.name)).toEqual(['same-field', 'other-case']);
    expect(partnersOf(sync('alone'), [EU, US])).toEqual([]);
  });
});

let workspace: Workspace;
beforeEach(async () => {
  workspace = await Workspace.open({ memoryLimit: '300MB' });
  await workspace.run("ATTACH ':memory:' AS plan");
  for (const table of PLAN_TABLES) await workspace.run(table);
  await workspace.run('CREATE TEMP TABLE c_pass (key VARCHAR, row_hash UBIGINT)');
  await workspace.run('CREATE TEMP VIEW c_desired AS SELECT * FROM c_pass');
  await workspace.run('CREATE TEMP TABLE c_base (key VARCHAR)');
  await workspace.run('CREATE TEMP TABLE c_known (key VARCHAR, row_hash UBIGINT, code VARCHAR)');
  await workspace.run('CREATE TEMP TABLE us_base (key VARCHAR, left_at TIMESTAMP)');
});
afterEach(async () => workspace[Symbol.asyncDispose]());

/** Plans rows of the sync `eu` and returns the keys that are left, and the rejects. */
async function planned(...keys: readonly string[]): Promise<{ left: unknown[]; rejects: unknown[][] }> {
  for (const key of keys) await workspace.run('INSERT INTO c_pass VALUES ($key, 7)', { key });
  await rejectShared(workspace, EU, [{ sync: 'us', records: 'us_base' }]);
  const left = await workspace.rows('SELECT key FROM c_desired ORDER BY key');
  const rejects = await workspace.rows('SELECT sync, key, code, known FROM plan.rejects ORDER BY key');
  return { left: left.map((row) => row['key']), rejects: rejects.map((row) => Object.values(row)) };
}

async function does(action: string, key: string): Promise<void> {
  await workspace.run(`INSERT INTO plan.changes BY NAME SELECT 'us' AS sync, 1 AS pass, '${action}' AS action, '${key}' AS key`);
}

async function notes(kind: string, key: string): Promise<void> {
  await workspace.run(`INSERT INTO plan.adoptions BY NAME SELECT 'us' AS sync, '${kind}' AS kind, '${key}' AS key`);
}

describe('a row is rejected when its record', () => {
  it('is in base of the partner', async () => {
    await workspace.run("INSERT INTO us_base VALUES ('a', NULL)");
    await workspace.run("INSERT INTO c_base VALUES ('a'), ('b')");
    expect(await planned('a', 'b')).toEqual({ left: ['b'], rejects: [['eu', 'a', 'SHARED_KEY', false]] });
    expect(await workspace.rows('SELECT key FROM c_base')).toEqual([{ key: 'b' }]);
    const [row] = await workspace.rows('SELECT message FROM plan.rejects');
    expect(row?.['message']).toBe('us writes this record already, in a partition of its own');
  });

  it.each(['create', 'update'])('is about to be written by the partner: %s', async (action) => {
    await does(action, 'a');
    expect((await planned('a', 'b')).left).toEqual(['b']);
  });

  it('is about to be adopted by the partner', async () => {
    await notes('adopt', 'a');
    expect((await planned('a', 'b')).left).toEqual(['b']);
  });

  it('was rejected before: then it is known', async () => {
    await workspace.run("INSERT INTO us_base VALUES ('a', NULL), ('b', NULL)");
    await workspace.run("INSERT INTO c_known VALUES ('a', 7, 'SHARED_KEY'), ('b', 8, 'SHARED_KEY')");
    expect((await planned('a', 'b')).rejects).toEqual([['eu', 'a', 'SHARED_KEY', true], ['eu', 'b', 'SHARED_KEY', false]]); // prettier-ignore
  });
});

describe('a row is not rejected when its record', () => {
  it('left the query of the partner', async () => {
    await workspace.run("INSERT INTO us_base VALUES ('a', TIMESTAMP '2024-01-01')");
    expect((await planned('a')).rejects).toEqual([]);
  });

  it.each(['delete', 'clear'])('is about to leave it: %s', async (action) => {
    await workspace.run("INSERT INTO us_base VALUES ('a', NULL)");
    await does(action, 'a');
    expect((await planned('a')).rejects).toEqual([]);
  });

  it.each(['left', 'forget'])('is about to leave it, in state: %s', async (kind) => {
    await workspace.run("INSERT INTO us_base VALUES ('a', NULL)");
    await notes(kind, 'a');
    expect((await planned('a')).rejects).toEqual([]);
  });

  it('is written by a sync that is no partner', async () => {
    await workspace.run("INSERT INTO plan.changes BY NAME SELECT 'stranger' AS sync, 1 AS pass, 'update' AS action, 'a' AS key");
    expect((await planned('a')).rejects).toEqual([]);
  });
});

it('base of a former object of the partner is not its own', async () => {
  const heads = new Map([['us', lineageOf(sync('us', { object: 'Contact' }))]]);
  const state = {
    head: async (name: string) => (heads.has(name) ? { lineage: heads.get(name) } : undefined),
    attach: async () => ({ records: 'us_base', rejects: '', count: 1 }),
  } as unknown as State;
  await workspace.run("INSERT INTO us_base VALUES ('a', NULL)");
  const former = await attachPartners(workspace, state, EU, [EU, US]);
  expect(await workspace.count(`SELECT count(*) FROM ${former[0]?.records ?? ''}`)).toBe(0);
  heads.set('us', lineageOf(US));
  expect(await attachPartners(workspace, state, EU, [EU, US])).toEqual([{ sync: 'us', records: 'us_base' }]);
});
