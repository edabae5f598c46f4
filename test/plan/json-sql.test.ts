import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { FieldType } from '../../src/canonical/types.ts';
import { elementText, hasMember, memberText, objectOf } from '../../src/plan/json-sql.ts';
import { typedChanges } from '../../src/plan/typed-view.ts';
import { ident } from '../../src/workspace/quote.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { openBench } from '../canonical/bench.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = await openBench();
});
afterAll(async () => workspace[Symbol.asyncDispose]());

const ODD_NAMES = [
  'a',
  'A',
  "it's",
  '"',
  '\\',
  '/',
  '~',
  '~1',
  '~0',
  'a/b',
  '0',
  '-',
  '',
  ' ',
  '$',
  '$.a',
  '*',
  '#',
  'é',
  'e\u0301',
  '\u{1F600}',
  '__proto__',
  "');--",
  'a.b',
  '[0]',
  'x\ny',
];
const name = fc.oneof(
  fc.constantFrom(...ODD_NAMES),
  fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => text.replaceAll('\0', '')),
);
const value = fc.option(
  fc.oneof(
    fc.constantFrom('', 'null', '"', '\\', '\\u0041', '\r\n\t', '{"a":1}', '\u2028', '\u{1F600}'),
    fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
  ),
);

describe('objects in SQL', () => {
  it('hold what was put in, by any name', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(name, value, fc.boolean()), { selector: ([each]) => each, maxLength: 6 }),
        async (members) => {
          const columns = members.map((_, index) => `CAST($v${index} AS VARCHAR) AS v${index}`);
          const params = Object.fromEntries(members.map(([, text], index) => [`v${index}`, text]));
          const object = objectOf(
            members.map(([each, , kept], index) => ({
              name: each,
              text: `v${index}`,
              when: kept ? undefined : 'v0 IS NULL AND v0 IS NOT NULL',
            })),
          );
          const row = await workspace.row(
            `SELECT ${object} AS o FROM (SELECT 1 AS one${columns.map((each) => `, ${each}`).join('')})`,
            params,
          );
          const kept = members.filter(([, , keep]) => keep);
          const read = new Map(Object.entries(JSON.parse(row['o'] as string) as Record<string, unknown>));
          expect(read).toEqual(new Map(kept.map(([each, text]) => [each, text])));
          for (const [each, text, keep] of members) {
            const found = await workspace.row(
              `SELECT ${memberText('o', each)} AS t, ${hasMember('o', each)} AS h FROM (SELECT CAST($o AS VARCHAR) AS o)`,
              { o: row['o'] as string },
            );
            expect(found).toEqual({ t: keep ? text : null, h: keep });
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are empty without members, and nothing is a member of null', async () => {
    expect(
      await workspace.row(`SELECT ${objectOf([])} AS o, ${hasMember('NULL::VARCHAR', 'a')} AS h, ${memberText('NULL::VARCHAR', 'a')} AS t`),
    ).toEqual({ o: '{}', h: false, t: null });
    expect(await workspace.row(`SELECT ${objectOf([{ name: 'a', text: "'x'", when: 'false' }])} AS o`)).toEqual({ o: '{}' });
    expect(
      await workspace.row(
        `SELECT ${objectOf([
          { name: 'a', text: "'x'", when: 'NULL' },
          { name: 'b', text: "'y'" },
        ])} AS o`,
      ),
    ).toEqual({ o: '{"b":"y"}' });
  });

  it('a member that is null is there all the same', async () => {
    expect(
      await workspace.row(
        `SELECT ${hasMember(`'{"a":null}'`, 'a')} AS h, ${memberText(`'{"a":null}'`, 'a')} AS t, ${hasMember(`'{"a":null}'`, 'A')} AS other`,
      ),
    ).toEqual({ h: true, t: null, other: false });
  });

  it('elements are found by position', async () => {
    expect(
      await workspace.row(
        `SELECT ${elementText('k', 0)} AS a, ${elementText('k', 1)} AS b, ${elementText('k', 2)} AS c FROM (SELECT '["x","\\u00e9\\""]' AS k)`,
      ),
    ).toEqual({ a: 'x', b: 'é"', c: null });
  });
});

describe('the view of changes', () => {
  const types: readonly (readonly [FieldType, string, string, string])[] = [
    [{ kind: 'text' }, "it's", 'VARCHAR', "it's"],
    [{ kind: 'integer', min: '-9223372036854775808', max: '9223372036854775807' }, '9007199254740993', 'BIGINT', '9007199254740993'],
    [{ kind: 'integer', min: '0', max: String(2n ** 128n - 1n) }, String(2n ** 128n - 1n), 'UHUGEINT', String(2n ** 128n - 1n)],
    [
      { kind: 'decimal', precision: 38, scale: 10 },
      '1234567890123456789012345678.5',
      'DECIMAL(38,10)',
      '1234567890123456789012345678.5000000000',
    ],
    [{ kind: 'decimal', precision: 3, scale: 3 }, '-0.5', 'DECIMAL(3,3)', '-.500'],
    [{ kind: 'float', bits: 64 }, 'nan', 'DOUBLE', 'nan'],
    [{ kind: 'float', bits: 32 }, '0.1', 'FLOAT', '0.1'],
    [{ kind: 'boolean' }, 'true', 'BOOLEAN', 'true'],
    [{ kind: 'date' }, '0044-03-15 (BC)', 'DATE', '0044-03-15 (BC)'],
    [{ kind: 'timestamp', precision: 9, zoned: false }, '2024-05-01T10:00:00.123456789', 'TIMESTAMP_NS', '2024-05-01 10:00:00.123456789'],
    [{ kind: 'timestamp', precision: 6, zoned: true }, '2024-05-01T10:00:00.5Z', 'TIMESTAMP WITH TIME ZONE', '2024-05-01 10:00:00.5+00'],
    [{ kind: 'timestamp', precision: 6, zoned: true }, 'infinity', 'TIMESTAMP WITH TIME ZONE', 'infinity'],
    [{ kind: 'bytes' }, 'AP8=', 'BLOB', '\\x00\\xFF'],
    [{ kind: 'json' }, '{"a":1}', 'VARCHAR', '{"a":1}'],
    [{ kind: 'set' }, '["a"]', 'VARCHAR', '["a"]'],
  ];
  const fields = types.map(([type], index) => ({ name: `${ODD_NAMES[index] ?? ''}~${index}`, type, sensitive: false }));
  const values = JSON.stringify(Object.fromEntries(fields.map((field, index) => [field.name, types[index]?.[1]])));

  beforeAll(async () => {
    await workspace.run(
      `CREATE TEMP TABLE all_changes (sync VARCHAR, seq BIGINT, pass INTEGER, action VARCHAR, reason VARCHAR, key VARCHAR, remote_id VARCHAR, fields VARCHAR[], after_apply VARCHAR[], before VARCHAR, after VARCHAR)`,
    );
    await workspace.run(
      `INSERT INTO all_changes VALUES ('s', 1, 1, 'update', NULL, '["k"]', NULL, ['a'], ['p'], '{}', $values), ('s', 2, 1, 'create', 'new', '["l"]', NULL, [], [], NULL, $values), ('s', 3, 2, 'update', 'second_pass', '["k"]', NULL, ['p'], ['p'], '{}', $values), ('other', 4, 1, 'delete', NULL, '["k"]', NULL, [], [], $values, NULL)`,
      { values },
    );
  });

  it.each(types.map(([type, text, native, shown], index) => [type.kind, native, text, shown, index] as const))(
    '%s reads as %s',
    async (_kind, native, _text, shown, index) => {
      const member = `after.${ident(fields[index]?.name ?? '')}`;
      const row = await workspace.row(
        `SELECT typeof(${member}) AS t, CAST(${member} AS VARCHAR) AS v FROM (${typedChanges('all_changes', 's', fields)}) WHERE seq = 1`,
      );
      expect(row).toEqual({ t: native, v: shown });
    },
  );

  it('holds one row for each record of its own sync, with the fields of both passes, and no values where there is no record', async () => {
    const rows = await workspace.rows(`SELECT seq, fields, before IS NULL AS no_before, after IS NULL AS no_after FROM (${typedChanges('all_changes', 's', fields)}) ORDER BY seq`);
    expect(rows).toEqual([{ seq: 1n, fields: ['a', 'p'], no_before: false, no_after: false }, { seq: 2n, fields: [], no_before: true, no_after: false }]);
  }); // prettier-ignore

  it('tells only that a sensitive value is there', async () => {
    const secret = [{ name: fields[0]?.name ?? '', type: { kind: 'integer', min: '0', max: '9' } as FieldType, sensitive: true }];
    const member = ident(fields[0]?.name ?? '');
    const row = await workspace.row(
      `SELECT before.${member} AS b, after.${member} AS a FROM (${typedChanges('all_changes', 's', secret)}) WHERE seq = 1`,
    );
    expect(row).toEqual({ b: null, a: '(sensitive)' });
  });
});
