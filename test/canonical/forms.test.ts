/** Forms of types that SaaS destinations have: fewer digits than were sent, ids with a checksum, text without cases. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { canonicalOfExact, canonicalText, canonicalValue, exactText } from '../../src/canonical/canonical.ts';
import { canonicalKey, rewritesKey } from '../../src/canonical/key.ts';
import type { FieldType, TextRules } from '../../src/canonical/types.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { openBench, sqlText } from './bench.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = await openBench();
});
afterAll(async () => workspace[Symbol.asyncDispose]());

const DOUBLE: FieldType = { kind: 'float', bits: 64, digits: 15, whole: 16 };

/** What is compared, what is sent, and what is compared once the sent text came back. */
async function forms(type: FieldType, sql: string, native = 'VARCHAR', rules: TextRules = {}): Promise<(string | null)[]> {
  const raw = { sql: 'x', type: native };
  const row = await workspace.row(
    `SELECT ${canonicalText(type, canonicalValue(type, raw, rules))} AS c, e, ${canonicalOfExact(type, 'e', rules)} AS again
     FROM (SELECT x, ${exactText(type, raw)} AS e FROM (SELECT CAST(${sql} AS ${native}) AS x))`,
  );
  return [row['c'], row['e'], row['again']] as (string | null)[];
}

describe('a number of which fifteen digits count', () => {
  it('is sent with all its digits and compared with fifteen', async () => {
    expect(await forms(DOUBLE, "'1234567.12345678901'")).toEqual(['1234567.12345679', '1234567.12345678901', '1234567.12345679']);
    expect(await forms(DOUBLE, '1234567.12345678901', 'DECIMAL(38,11)')).toEqual(['1234567.12345679', '1234567.12345678901', '1234567.12345679']); // prettier-ignore
    expect(await forms(DOUBLE, '0.1 + 0.2', 'DOUBLE')).toEqual(['0.3', expect.stringMatching(/^0\.3/), '0.3']);
    expect(await forms(DOUBLE, "'-0.00'")).toEqual(['0.0', '0', '0.0']);
    expect(await forms(DOUBLE, "'12e3'")).toEqual(['12000.0', '12000', '12000.0']);
  });

  it('fits only with as many digits before the point as the field has', async () => {
    const narrow: FieldType = { kind: 'float', bits: 64, digits: 15, whole: 3 };
    expect(await forms(narrow, "'999.99'")).toEqual(['999.99', '999.99', '999.99']);
    expect(await forms(narrow, "'-1000'")).toEqual([null, null, null]);
    expect(await forms(narrow, "'12a'")).toEqual([null, null, null]);
  });

  it('is no infinity', async () => {
    expect(await forms(DOUBLE, "'Infinity'", 'DOUBLE')).toEqual([null, null, null]);
    expect(await forms(DOUBLE, "'NaN'")).toEqual([null, null, null]);
  });

  it('compares equal to the double that a system makes of what it was sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), async (number) => {
        const [compared, sent] = await forms(DOUBLE, sqlText(String(number)));
        const back = String(Number(sent));
        const [stored] = await forms(DOUBLE, sqlText(back));
        expect(stored).toBe(compared);
      }),
      { numRuns: 60 },
    );
  });
});

describe('an id of which the last three characters are a checksum', () => {
  const ID: FieldType = { kind: 'text', id18: true };

  it('is the same with and without them, and is sent as it is', async () => {
    expect(await forms(ID, "'0012x00000ABCdE'")).toEqual(['0012x00000ABCdE', '0012x00000ABCdE', '0012x00000ABCdE']);
    expect(await forms(ID, "'0012x00000ABCdEAAX'")).toEqual(['0012x00000ABCdE', '0012x00000ABCdEAAX', '0012x00000ABCdE']);
  });

  it('tells cases apart, and nothing else is an id', async () => {
    expect((await forms(ID, "'0012x00000ABCde'"))[0]).not.toBe('0012x00000ABCdE');
    expect((await forms(ID, "'0012x00000'"))[0]).toBeNull();
    expect((await forms(ID, "'0012x00000ABCd-'"))[0]).toBeNull();
  });
});

describe('text', () => {
  it('that is stored in lower case is sent as it is and compared so', async () => {
    expect(await forms({ kind: 'text', lower: true }, "' Ann@X.org'", 'VARCHAR', { trim: true })).toEqual(['ann@x.org', ' Ann@X.org', 'ann@x.org']); // prettier-ignore
  });

  it('as a key that tells no cases apart', async () => {
    const type: FieldType = { kind: 'text', anyCase: true };
    const row = await workspace.row(`SELECT ${canonicalKey(type, { sql: 'x', type: 'VARCHAR' })} AS k FROM (SELECT 'Acc-É1' AS x)`);
    expect(row['k']).toBe('acc-é1');
    expect(await forms(type, "'Acc'")).toEqual(['Acc', 'Acc', 'Acc']);
  });

  it.each<[FieldType, TextRules, boolean]>([
    [{ kind: 'text' }, {}, false],
    [{ kind: 'text' }, { emptyIsNull: true }, false],
    [{ kind: 'text', anyCase: true }, {}, true],
    [{ kind: 'text' }, { trim: true }, true],
    [{ kind: 'integer', min: '0', max: '9' }, { trim: true }, false],
  ])('%j under %j: its key is rewritten: %s', (type, rules, expected) => {
    expect(rewritesKey(type, rules)).toBe(expected);
  });
});

it('an empty set is null where empty text is', async () => {
  expect(await forms({ kind: 'set' }, "''", 'VARCHAR', { emptyIsNull: true })).toEqual([null, '[]', null]);
  expect(await forms({ kind: 'set' }, "'b;a;b'", 'VARCHAR', { emptyIsNull: true })).toEqual(['["a","b"]', '["a","b"]', '["a","b"]']);
});
