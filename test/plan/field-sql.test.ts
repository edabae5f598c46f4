import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { TextRules } from '../../src/canonical/types.ts';
import type { FieldMapping, OnDrift, Sync } from '../../src/config/model.ts';
import type { FieldSchema } from '../../src/destinations/destination.ts';
import type { BoundField } from '../../src/plan/bind.ts';
import {
  caseExpression,
  caseName,
  clearsExpression,
  FIELD_CASES,
  heldExpression,
  keepsBaseExpression,
  movedExpression,
  rejectExpression,
  writesExpression,
} from '../../src/plan/field-sql.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { openBench } from '../canonical/bench.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = await openBench();
  await workspace.run(`CREATE TEMP TABLE joined AS
    SELECT * REPLACE (CASE WHEN p0 THEN s0 END AS s0, CASE WHEN p0 THEN coalesce(r0, s0) END AS r0, CASE WHEN has_d THEN d0 END AS d0, CASE WHEN has_l THEN l0 END AS l0)
    FROM (VALUES (true), (false)) AS a(has_d), (VALUES (true), (false)) AS b(has_l), (VALUES (true), (false)) AS c(p0), (VALUES (true), (false)) AS d(verified),
      (VALUES ('a'), ('b'), (NULL)) AS e(d0), (VALUES ('a'), ('b'), (NULL)) AS f(s0), (VALUES ('a'), ('b'), ('c'), (NULL)) AS g(r0), (VALUES ('a'), ('b'), ('c'), (NULL)) AS h(l0), (VALUES (true), (false)) AS i(g0)`);
});
afterAll(async () => workspace[Symbol.asyncDispose]());

interface Joined {
  readonly has_d: boolean; readonly has_l: boolean; readonly p0: boolean; readonly verified: boolean;
  readonly d0: string | null; readonly s0: string | null; readonly r0: string | null; readonly l0: string | null; readonly g0: boolean;
} // prettier-ignore

const SCHEMA: FieldSchema = {
  name: 'F',
  type: { kind: 'text' },
  nativeType: 'VARCHAR',
  nullable: true,
  hasDefault: false,
  creatable: true,
  updatable: true,
  readable: true,
};

function field(
  mapping: Partial<FieldMapping> = {},
  rest: { readable?: boolean; schema?: Partial<FieldSchema>; type?: BoundField['type'] } = {},
): BoundField {
  const full: FieldMapping = {
    field: 'F',
    from: { kind: 'column', column: 'f' },
    when: 'always',
    onNull: 'clear',
    onDrift: 'overwrite',
    sensitive: false,
    compare: 'value',
    ...mapping,
  };
  return {
    index: 0,
    name: 'F',
    mapping: full,
    schema: { ...SCHEMA, ...rest.schema },
    type: rest.type ?? { kind: 'text' },
    raw: { sql: 'f0', type: 'VARCHAR' },
    sensitive: false,
    readable: rest.readable ?? true,
  };
}

/** DESIGN 4, the truth table of fields, row by row. */
function expectedCase(bound: BoundField, row: Joined): string | null {
  const { when, onNull } = bound.mapping;
  if (!row.has_d) return null;
  const skipped = row.d0 === null && onNull === 'skip';
  if (!row.has_l) return skipped ? 'policy' : 'create';
  const left = when === 'create' || (when === 'empty' && bound.readable && row.l0 !== null && !(row.g0 && row.d0 === row.l0));
  if (left || skipped || (row.d0 === null && !row.p0)) return 'policy';
  const sourceMoved = row.g0 || row.d0 !== row.s0;
  if (!bound.readable) return !row.p0 || sourceMoved ? 'blind' : 'unverified';
  if (row.d0 === row.l0) return 'same';
  if (!row.p0) return row.l0 === null ? 'fill' : 'takeover';
  const destinationMoved = row.l0 !== row.r0 && !row.g0;
  if (!sourceMoved && !destinationMoved) return 'shown';
  if (!sourceMoved && !row.verified) return 'normalised';
  if (!destinationMoved) return 'update';
  return sourceMoved ? 'conflict' : 'drift';
}

interface Classified extends Joined {
  readonly c0: string | null;
  readonly writes: boolean;
  readonly held: boolean;
  readonly keeps: boolean;
}

async function classified(bound: BoundField): Promise<Classified[]> {
  const rows =
    await workspace.rows(`SELECT * REPLACE (${caseName('c0')} AS c0), ${writesExpression(bound)} AS writes, ${heldExpression(bound)} AS held, ${keepsBaseExpression(bound)} AS keeps
    FROM (SELECT *, ${caseExpression(bound)} AS c0 FROM (SELECT *, ${movedExpression(bound)} AS m0 FROM joined))`);
  return rows as unknown as Classified[];
}

describe('the case of a field', () => {
  const policies = (['always', 'create', 'empty'] as const).flatMap((when) =>
    (['clear', 'skip'] as const).flatMap((onNull) => [true, false].map((readable) => [when, onNull, readable] as const)),
  );

  it.each(policies)('when: %s, on_null: %s, readable: %s follows the truth table', async (when, onNull, readable) => {
    const bound = field({ when, onNull }, { readable });
    const rows = await classified(bound);
    expect(rows.length).toBe(2 ** 5 * 3 * 3 * 4 * 4);
    const wrong = rows.filter((row) => row.c0 !== expectedCase(bound, row));
    expect(wrong.slice(0, 3)).toEqual([]);
  });

  it('every case occurs', async () => {
    const seen = [...(await classified(field())), ...(await classified(field({}, { readable: false })))].map((row) => row.c0);
    expect(new Set(seen)).toEqual(new Set([...FIELD_CASES, null]));
  });

  it.each<OnDrift>(['overwrite', 'keep', 'fail'])(
    'on_drift: %s decides what is written, what is held, and what of base stays',
    async (onDrift) => {
      const overwrites = onDrift === 'overwrite';
      const always = ['create', 'fill', 'takeover', 'update', 'blind'];
      for (const readable of [true, false]) {
        const rows = await classified(field({ onDrift }, { readable }));
        const drifted = (row: { c0: string | null }): boolean => row.c0 === 'drift' || row.c0 === 'conflict';
        const wrong = rows.filter(
          (row) =>
            row.writes !== (always.includes(row.c0 ?? '') || (overwrites && drifted(row))) ||
            row.held !== (!overwrites && drifted(row)) ||
            row.keeps !== (row.c0 === 'policy' || row.c0 === 'unverified' || (!overwrites && drifted(row))),
        );
        expect(wrong.slice(0, 3)).toEqual([]);
      }
    },
  );

  it('a record that is wanted nowhere has no case and writes nothing', async () => {
    const rows = (await classified(field())).filter((row) => !row.has_d);
    expect(rows.every((row) => row.c0 === null && !row.writes && !row.held && !row.keeps)).toBe(true);
  });
});

describe('clearing', () => {
  const clears = async (bound: BoundField, values: string, landed = false): Promise<unknown> =>
    (await workspace.row(`SELECT ${clearsExpression(bound)} AS c FROM (SELECT ${values}, ${landed} AS g0)`))['c'];

  it('touches only what is set and can be null', async () => {
    expect(await clears(field(), "'x' AS l0, NULL AS s0")).toBe(true);
    expect(await clears(field(), "NULL AS l0, 'x' AS s0")).toBe(false);
    expect(await clears(field(), "NULL AS l0, 'x' AS s0", true)).toBe(true);
    expect(await clears(field({}, { readable: false }), "NULL AS l0, 'x' AS s0")).toBe(true);
    expect(await clears(field({}, { schema: { nullable: false } }), "'x' AS l0, 'x' AS s0")).toBe(false);
    expect(await clears(field({}, { schema: { updatable: false } }), "'x' AS l0, 'x' AS s0")).toBe(false);
  });
});

describe('rejects', () => {
  const UPSERT = { mode: 'upsert' } as Sync;
  const UPDATE = { mode: 'update' } as Sync;
  const reject = async (
    bound: BoundField,
    row: { d?: string; w?: string; hasD?: boolean; hasL?: boolean; bad?: boolean; parent?: boolean },
    sync = UPSERT,
    rules: TextRules = {},
  ): Promise<unknown> => {
    const { d = null, w = d, hasD = true, hasL = false, bad = false, parent = true } = row;
    const found = await workspace.row(
      `SELECT r.code, r.field, r.message FROM (SELECT ${rejectExpression(bound, sync, rules)} AS r FROM (SELECT CAST($d AS VARCHAR) AS d0, CAST($w AS VARCHAR) AS w0, ${hasD} AS has_d, ${hasL} AS has_l, ${bad} AS b0, ${parent} AS q0))`,
      { d, w },
    );
    return found['code'] === null ? null : `${found['code'] as string} ${found['field'] as string}: ${found['message'] as string}`;
  };

  it('none for what fits', async () => {
    expect(await reject(field({}, { schema: { maxLength: 3, allowed: ['abc'] } }), { d: 'abc' })).toBeNull();
    expect(await reject(field(), {})).toBeNull();
  });

  it('a value that is no value of the type, without showing it', async () => {
    const bound = field({}, { schema: { nativeType: 'INTEGER', maxLength: 99 } });
    expect(await reject(bound, { w: 'secret', bad: true })).toBe('TYPE_MISMATCH F: the value does not fit INTEGER');
    expect(await reject(bound, { w: 'secret', bad: true, hasD: false })).toBeNull();
  });

  it('a text that is too long, counted in characters', async () => {
    const bound = field({}, { schema: { maxLength: 3 } });
    expect(await reject(bound, { d: '\u{1F600}\u{1F600}\u{1F600}' })).toBeNull();
    expect(await reject(bound, { d: 'abcd' })).toBe('STRING_TOO_LONG F: 4 characters, the field takes 3');
  });

  it('a text that is not in the list', async () => {
    const bound = field({}, { schema: { allowed: ["it's", 'b'] } });
    expect(await reject(bound, { d: "it's" })).toBeNull();
    expect(await reject(bound, {})).toBeNull();
    expect(await reject(bound, { d: 'c' })).toBe("NOT_ALLOWED F: the field takes only it's, b");
  });

  it('a text in another case than the list has, or a label, is told the value', async () => {
    const bound = field({}, { schema: { allowed: ['Tech', 'Bio'], labels: { 'Life Sciences': 'Bio' } } });
    expect(await reject(bound, { d: 'TECH' })).toBe('NOT_ALLOWED F: the field takes only Tech, Bio; did you mean "Tech"?');
    expect(await reject(bound, { d: 'life sciences' })).toBe('NOT_ALLOWED F: the field takes only Tech, Bio; did you mean "Bio"?');
  });

  it('a set with a value that is not in the list', async () => {
    const bound = field({}, { type: { kind: 'set' }, schema: { allowed: ['a', "b's"] } });
    expect(await reject(bound, { d: '["a","b\'s"]' })).toBeNull();
    expect(await reject(bound, { d: '[]' })).toBeNull();
    expect(await reject(bound, {})).toBeNull();
    expect(await reject(bound, { d: '["a","c"]' })).toBe("NOT_ALLOWED F: the field takes only a, b's");
  });

  it('what the destination trims or stores as null neither counts as characters nor misses the list', async () => {
    const bound = field({}, { schema: { maxLength: 3, allowed: ['abc'] } });
    const rules = { trim: true, emptyIsNull: true };
    expect(await reject(bound, { d: ' abc ' }, UPSERT, rules)).toBeNull();
    expect(await reject(bound, { w: '  ' }, UPSERT, rules)).toBeNull();
    expect(await reject(bound, { d: ' abc ' })).toBe('STRING_TOO_LONG F: 5 characters, the field takes 3');
  });

  it('a null where it would be written or left out of a create', async () => {
    const required = { schema: { nullable: false } };
    const message = 'NULL_NOT_ALLOWED F: the field takes no null';
    expect(await reject(field({}, required), {})).toBe(message);
    expect(await reject(field({}, required), { hasL: true })).toBe(message);
    expect(await reject(field({ onNull: 'skip' }, required), {})).toBe(message);
    expect(await reject(field({ onNull: 'skip' }, required), { hasL: true })).toBeNull();
    expect(await reject(field({ onNull: 'skip' }, required), {}, UPDATE)).toBeNull();
    expect(await reject(field({ onNull: 'skip' }, { schema: { nullable: false, hasDefault: true } }), {})).toBeNull();
    expect(await reject(field({}, required), { d: '' })).toBeNull();
  });

  it('a parent that does not exist', async () => {
    const bound = field({ reference: { object: 'Plan', key: 'Code' } });
    expect(await reject(bound, { d: 'x', parent: false })).toBe('REFERENCE_NOT_FOUND F: no Plan has this Code');
    expect(await reject(bound, { d: 'x' })).toBeNull();
    expect(await reject(bound, { parent: false })).toBeNull();
  });
});
