/**
 * Random lives of a sync: the warehouse moves, people edit the destination, policies differ, runs are cut short. After each
 * turn the destination is what a plain reading of the design says, worked out here without Sluice; then nothing is left to do.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { must, nonZero, project, type TestProject, tuple } from '../support/project.ts';
import { seeded } from '../support/seed.ts';

/** Each run lives four syncs side by side, each with policies of its own. */
const RUNS = Number(process.env['SLUICE_CONVERGE_RUNS'] ?? '12');
const SYNCS = 4;
const IDS = ['a', 'b', 'c', 'd', 'e'] as const;

const FIELDS = ['Name', 'Plan'] as const;
type Field = (typeof FIELDS)[number];
type Values = Readonly<Record<Field, string | null>>;

interface Policy {
  readonly mode: 'upsert' | 'update' | 'create';
  readonly onMissing: 'keep' | 'clear' | 'delete';
  readonly onDrift: 'overwrite' | 'keep';
  readonly when: 'always' | 'create' | 'empty';
  readonly onNull: 'clear' | 'skip';
  readonly deleteAdopted: boolean;
}

interface SourceRow extends Values {
  readonly id: string | null;
}

type Edit =
  | { readonly kind: 'set'; readonly id: string; readonly field: Field; readonly value: string | null }
  | { readonly kind: 'delete' | 'insert'; readonly id: string };

interface Turn {
  readonly rows: readonly SourceRow[];
  readonly edits: readonly Edit[];
}

// ---- what the design says, read plainly

/** What Sluice remembers of a record. `fields`: what was sent; a field that was never sent or adopted is not in it. */
interface Base {
  fields: Partial<Record<Field, string | null>>;
  readonly isCreated: boolean;
  left: boolean;
  cleared: boolean;
}

/** A record as the destination holds it; `Notes` is nobody's business but of whoever made it. */
type Live = Record<Field, string | null> & { readonly Notes?: string };

interface World {
  readonly live: Map<string, Live>;
  readonly base: Map<string, Base>;
}

const policyOf = (policy: Policy, field: Field): Pick<Policy, 'when' | 'onNull'> =>
  field === 'Plan' ? policy : { when: 'always', onNull: 'clear' };

/** One finished run: D is `rows`. */
function turned(world: World, policy: Policy, rows: readonly SourceRow[]): void {
  const counts = new Map<string | null, number>();
  for (const row of rows) counts.set(row.id, (counts.get(row.id) ?? 0) + 1);
  for (const row of rows) if (row.id !== null && counts.get(row.id) === 1) wanted(world, policy, row.id, row);
  const isSuspended = counts.has(null) || (rows.length === 0 && world.base.size > 0);
  if (isSuspended) return;
  for (const [id, base] of [...world.base]) if (!counts.has(id)) left(world, policy, id, base);
}

function wanted(world: World, policy: Policy, id: string, desired: Values): void {
  const live = world.live.get(id);
  const base = world.base.get(id);
  if (live !== undefined) {
    existing(world, policy, id, desired, live);
    return;
  }
  if (policy.mode === 'update') return;
  // gone: deleted by somebody else. What this sync itself deleted after the record left is simply created again.
  if (base !== undefined && policy.onDrift === 'keep') return;
  const sent: Base['fields'] = { Name: desired.Name };
  if (desired.Plan !== null || policy.onNull === 'clear') sent.Plan = desired.Plan;
  else if (base?.fields.Plan !== undefined) sent.Plan = base.fields.Plan;
  world.live.set(id, { Name: desired.Name, Plan: desired.Plan });
  world.base.set(id, { fields: sent, isCreated: true, left: false, cleared: false });
}

function existing(world: World, policy: Policy, id: string, desired: Values, live: Live): void {
  const known = world.base.get(id);
  const base: Base = known ?? { fields: {}, isCreated: false, left: false, cleared: false };
  base.left = false;
  base.cleared = false;
  world.base.set(id, base);
  for (const field of FIELDS) {
    const { when, onNull } = policyOf(policy, field);
    const [d, l, b] = [desired[field], live[field], base.fields[field]];
    if (when === 'create' || (when === 'empty' && l !== null)) continue;
    if (d === null && (onNull === 'skip' || b === undefined)) continue;
    if (d === l) {
      base.fields[field] = d;
      continue;
    }
    if (policy.mode === 'create') continue;
    const moved = b !== undefined && l !== b;
    if (moved && policy.onDrift === 'keep') continue;
    live[field] = d;
    base.fields[field] = d;
  }
}

function left(world: World, policy: Policy, id: string, base: Base): void {
  const live = world.live.get(id);
  if (live === undefined) {
    world.base.delete(id);
    return;
  }
  base.left = true;
  const moved = FIELDS.some((field) => field in base.fields && live[field] !== base.fields[field]);
  if (moved && policy.onDrift === 'keep') return;
  if (policy.onMissing === 'delete' && (base.isCreated || policy.deleteAdopted)) {
    world.live.delete(id);
    world.base.delete(id);
  } else if (policy.onMissing === 'clear' && policy.mode !== 'create' && !base.cleared) {
    for (const field of FIELDS) {
      live[field] = null;
      base.fields[field] = null;
    }
    base.cleared = true;
  }
}

/** What people do in the destination. */
function edited(world: World, edits: readonly Edit[]): string[][] {
  return edits.map((edit) => {
    const live = world.live.get(edit.id);
    if (edit.kind === 'delete') world.live.delete(edit.id);
    else if (edit.kind === 'set' && live !== undefined) live[edit.field] = edit.value;
    else if (edit.kind === 'insert' && live === undefined) world.live.set(edit.id, { Name: 'theirs', Plan: 'Old', Notes: 'by hand' });
    if (edit.kind === 'delete') return ['DELETE FROM', `WHERE Id = '${edit.id}'`];
    if (edit.kind === 'set')
      return ['UPDATE', `SET ${edit.field} = ${edit.value === null ? 'NULL' : `'${edit.value}'`} WHERE Id = '${edit.id}'`];
    return live === undefined ? ['INSERT INTO', `VALUES ('${edit.id}', 'theirs', 'Old', 'by hand')`] : [];
  });
}

// ---- what happens

const value = fc.constantFrom('x', 'y', null);
const policies: fc.Arbitrary<Policy> = fc.record({
  mode: fc.constantFrom('upsert', 'upsert', 'upsert', 'update', 'create'),
  onMissing: fc.constantFrom('keep', 'clear', 'delete'),
  onDrift: fc.constantFrom('overwrite', 'keep'),
  when: fc.constantFrom('always', 'always', 'create', 'empty'),
  onNull: fc.constantFrom('clear', 'skip'),
  deleteAdopted: fc.boolean(),
});
const rows: fc.Arbitrary<SourceRow[]> = fc.array(
  fc.record({
    id: fc.oneof({ arbitrary: fc.constantFrom(...IDS), weight: 12 }, { arbitrary: fc.constant(null), weight: 1 }),
    Name: value,
    Plan: value,
  }),
  { maxLength: 5 },
);
const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('set' as const),
      id: fc.constantFrom(...IDS),
      field: fc.constantFrom(...FIELDS),
      value: fc.constantFrom('x', 'y', 'hand', null),
    }),
    fc.record({ kind: fc.constantFrom('delete' as const, 'insert' as const), id: fc.constantFrom(...IDS) }),
  ),
  { maxLength: 3 },
);
const lives = fc.array(fc.record({ policy: policies, turns: fc.array(fc.record({ rows, edits }), { minLength: 3, maxLength: 3 }) }), {
  minLength: SYNCS,
  maxLength: SYNCS,
});

test(`${RUNS * SYNCS} lives: the destination is what the design says, and nothing is left to do`, { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(lives, fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 1 }), async (all, limits) => {
      await using p = await projectOf(all.map((each) => each.policy));
      const worlds = all.map((): World => ({ live: new Map(), base: new Map() }));
      for (const turn of [0, 1, 2]) {
        for (const [index, { policy, turns }] of all.entries()) {
          const [world, now] = [worlds[index], turns[turn]];
          if (world === undefined || now === undefined) throw new Error('every sync has three turns');
          await happen(p, index, now, edited(world, now.edits));
          turned(world, policy, now.rows);
        }
        for (const limit of limits) expect((await p.run(['apply', '--yes', '--limit', String(limit)])).code).toBeOneOf([0, 5]);
        const ran = await p.run(['apply', '--yes']);
        if (ran.code !== 5) must(ran, 0);
        for (const [index, world] of worlds.entries())
          expect(await liveOf(p, index), `sync ${index}, turn ${turn}: ${JSON.stringify(all[index])}`).toEqual(plain(world));
        const again = nonZero((await p.plan()).summary);
        const { unchanged: _u, held: _h, drift: _d, conflict: _c, skipped: _s, known_rejected: _k, ...rest } = again;
        expect(rest, `plan again, turn ${turn}`).toEqual({});
      }
    }),
    { numRuns: RUNS, seed: seeded('converge').seed, endOnFailure: true },
  );
});

async function projectOf(list: readonly Policy[]): Promise<TestProject> {
  const off = { max: null, percent: null };
  return project({
    warehouse: list.map((_, index) => `CREATE TABLE s${index} (id VARCHAR, name VARCHAR, plan VARCHAR)`),
    crm: list.map((_, index) => `CREATE TABLE d${index} (Id VARCHAR, Name VARCHAR, Plan VARCHAR, Notes VARCHAR)`),
    sync: list.map((policy, index) => ({
      name: `sync${index}`,
      source: { connection: 'warehouse', query: `select * from s${index}`, key: 'id' },
      destination: { connection: 'crm', object: `d${index}`, key: 'Id' },
      mode: policy.mode,
      on_missing: policy.onMissing,
      on_drift: policy.onDrift,
      ...(policy.onMissing === 'delete' ? { delete_adopted: policy.deleteAdopted } : {}),
      fields: { Name: 'name', Plan: { column: 'plan', when: policy.when, on_null: policy.onNull } },
      guards: { deletes: off, clears: off, updates: off, nulls: off, rejects: off },
    })),
  });
}

async function happen(p: TestProject, index: number, turn: Turn, changes: readonly string[][]): Promise<void> {
  const insert = turn.rows.map((row) => `INSERT INTO s${index} VALUES ${tuple([row.id, row.Name, row.Plan])}`);
  await p.warehouse(`DELETE FROM s${index}`, ...insert);
  const statements = changes.flatMap(([verb, rest]) => (verb === undefined || rest === undefined ? [] : [`${verb} d${index} ${rest}`]));
  if (statements.length > 0) await p.crm(...statements);
}

async function liveOf(p: TestProject, index: number): Promise<unknown[]> {
  return (await p.crm(`SELECT Id, Name, Plan, Notes FROM d${index} ORDER BY Id`)).map((row) => Object.values(row));
}

function plain(world: World): unknown[] {
  return [...world.live]
    .map(([id, values]) => [id, values.Name, values.Plan, values.Notes ?? null])
    .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
}
