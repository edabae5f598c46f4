/** The contract for field types: every value arrives as it is, comes back as it is, and is left alone from then on. */
import { expect, test } from 'vitest';

import { must, planOf } from '../support/project.ts';
import type { Bench, Scene } from './bench.ts';
import { keyCases, type TypeCase, type Yaml } from './target.ts';

const OFF = { max: null, percent: null };
const GUARDS = { deletes: OFF, clears: OFF, updates: OFF, nulls: OFF, rejects: OFF };

export function types(on: Bench): void {
  test('every field type: created, changed, emptied, and nothing to do after each', async () => {
    const cases = on.target.types;
    const rows = Math.max(...cases.map(({ samples }) => samples.length));
    await using s = await prepared(on, {
      destination: { connection: 'crm', object: 'Typed', key: 'Id' },
      source: { connection: 'warehouse', query: 'select * from typed', key: 'id' },
      fields: Object.fromEntries(cases.map((_, index) => [`C${index}`, `c${index}`])),
    });
    for (const turn of [0, 1]) {
      await fill(s, 'typed', cases, { rows, which: (row) => row + turn });
      must(await s.p.run(['apply', '--yes']), 0);
      const stored = (await s.stage.typed?.('Typed')) ?? [];
      for (const [index, { native, samples }] of cases.entries()) {
        const expected = Array.from({ length: rows }, (_, row) => samples[(row + turn) % samples.length]?.[1]);
        expect.soft(stored.map((record) => record[`C${index}`]), `${native}, turn ${turn}`).toEqual(expected); // prettier-ignore
      }
      await nothingLeft(on, s, cases, `turn ${turn}`);
    }
    await fill(s, 'typed', cases, { rows, which: () => undefined });
    must(await s.p.run(['apply', '--yes']), 0);
    const emptied = (await s.stage.typed?.('Typed')) ?? [];
    expect(emptied).toHaveLength(rows);
    for (const [index, { native, empty }] of cases.entries()) {
      const left = emptied.filter((record) => record[`C${index}`] !== (empty ?? null));
      expect.soft(left, `${native} is emptied`).toEqual([]);
    }
    await nothingLeft(on, s, cases, 'emptied');
  });

  test('a key of every type that can be one: a record is found again by it', async () => {
    const cases = keyCases(on.target.types);
    const places = [...cases.keys()];
    for (const key of on.target.can.keyOfParts ? [places] : places.map((place) => [place])) await expectFoundBy(on, cases, key);
  });
}

/** `key`: the places of the cases that are the key's parts. */
async function expectFoundBy(on: Bench, cases: readonly TypeCase[], key: readonly number[]): Promise<void> {
  const parts = cases.filter((_, index) => key.includes(index));
  const rows = Math.max(...parts.map(({ samples }) => samples.length));
  await using s = await prepared(on, {
    source: { connection: 'warehouse', query: 'select * from keyed', key: key.map((place) => `c${place}`) },
    destination: { connection: 'crm', object: 'Keyed', key: key.map((place) => `K${place}`) },
    fields: { Name: 'id' },
  });
  await fill(s, 'keyed', cases, { rows, which: (row) => row });
  must(await s.p.run(['apply', '--yes']), 0);
  await nothingLeft(on, s, cases, 'created');
  await s.p.warehouse("UPDATE keyed SET id = 'changed ' || id");
  must(await s.p.run(['apply', '--yes']), 0);
  const stored = (await s.stage.typed?.('Keyed')) ?? [];
  expect(stored.map((record) => record['Name'])).toEqual(Array.from({ length: rows }, (_, row) => `changed ${row}`));
  for (const [place, { native, samples }] of cases.entries()) {
    if (!key.includes(place)) continue;
    const expected = Array.from({ length: rows }, (_, row) => samples[row % samples.length]?.[1]);
    expect.soft(stored.map((record) => record[`K${place}`]), `${native} as key`).toEqual(expected); // prettier-ignore
  }
  await nothingLeft(on, s, cases, 'changed');
}

async function prepared(on: Bench, sync: Yaml): Promise<Scene> {
  const s = await on.scene({ warehouse: [], sync: { ...sync, guards: GUARDS } });
  await s.stage.makeTyped?.();
  return s;
}

interface Filling {
  readonly rows: number;
  /** Which sample a row has; beyond the last it begins again; undefined: null. */
  readonly which: (row: number) => number | undefined;
}

/** The warehouse's table: `id` and a column for each type, which has the type of its samples. */
async function fill({ p }: Scene, table: string, cases: readonly TypeCase[], { rows, which }: Filling): Promise<void> {
  const selects = Array.from({ length: rows }, (_, row) => {
    const sample = which(row);
    const cells = cases.map(({ samples }, index) => `${sample === undefined ? nullOf(samples) : sourceOf(samples, sample)} AS c${index}`);
    return `SELECT '${row}' AS id, ${cells.join(', ')}`;
  });
  await p.warehouse(`CREATE OR REPLACE TABLE ${table} AS ${selects.join(' UNION ALL ')}`);
}

/** The warehouse's value of a sample. A column with plain texts among its samples is a column of text. */
function sourceOf(samples: TypeCase['samples'], sample: number): string {
  const source = samples[sample % samples.length]?.[0] ?? 'NULL';
  return samples.some(([text]) => /^'[^]*'$/.test(text)) ? `CAST(${source} AS VARCHAR)` : source;
}

/** The same type, no value. */
function nullOf(samples: TypeCase['samples']): string {
  return `nullif(${sourceOf(samples, 0)}, ${sourceOf(samples, 0)})`;
}

async function nothingLeft(on: Bench, { p }: Scene, cases: readonly TypeCase[], when: string): Promise<void> {
  const plan = planOf(await p.plan(on.everyRecord));
  const fields = Object.keys(plan.fields).map((name) => `${name} ${cases[Number(/\d+/.exec(name)?.[0])]?.native ?? ''}`);
  expect.soft(fields, `plan again, ${when}`).toEqual([]);
  const { unchanged: _unchanged, ...rest } = Object.fromEntries(Object.entries(plan.summary).filter(([, count]) => count !== 0));
  expect.soft(rest, `plan again, ${when}`).toEqual({});
}
