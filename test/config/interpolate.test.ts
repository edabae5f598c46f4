import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { interpolateText, type Lookup, SQL_SAFE } from '../../src/config/interpolate.ts';
import type { Problem } from '../../src/errors.ts';
import { load, loadSync, problems, withSync } from './folder.ts';

function interpolate(text: string, lookup: Lookup, sql = false): { readonly text: string; readonly problems: readonly Problem[] } {
  const found: Problem[] = [];
  const result = interpolateText(text, {
    lookup,
    sql,
    locate: (offset) => ({ file: 'f', line: 1, column: offset + 1 }),
    report: (problem) => found.push(problem),
  });
  return { text: result.text, problems: found };
}

const text = fc.string({ unit: 'binary', maxLength: 20 });

describe('a variable inside SQL', () => {
  it('is either harmless or refused, whatever its text', () => {
    fc.assert(
      fc.property(
        fc.oneof(text, fc.stringMatching(/^[A-Za-z0-9_.-]{1,9}$/), fc.constantFrom("'", 'a;b', 'a b', 'a\n', '--x', '"')),
        (value) => {
          const result = interpolate('select ${var.v} from t', () => ({ text: value }), true);
          if (SQL_SAFE.test(value)) {
            expect(result).toEqual({ text: `select ${value} from t`, problems: [] });
            expect(value).toMatch(/^[A-Za-z0-9_.-]+(?![\s\S])/);
          } else {
            expect(result.text).toBe('select ${var.v} from t');
            expect(result.problems).toHaveLength(1);
          }
        },
      ),
    );
  });

  it('is refused in every place that holds SQL', async () => {
    const query = 'query: select id, name from accounts';
    const places = [
      withSync(query, 'query: select ${var.v}'),
      withSync(query, 'file: m.sql', { 'syncs/m.sql': 'select ${var.v}' }),
      withSync('  Name: name', '  Name: { sql: "${var.v}" }'),
      withSync('name: accounts', 'name: accounts\nchecks: [{ name: c, sql: "${var.v}" }]'),
    ];
    for (const files of places) {
      expect((await problems(files, { vars: { v: '1; drop table x' } })).join('\n')).toContain('stands inside SQL');
      expect(await problems(files, { vars: { v: 'gold.t_1' } })).toEqual([]);
    }
  });

  it('is harmless in a table name, which is quoted', async () => {
    const { source } = await loadSync(withSync('query: select id, name from accounts', 'table: "${var.v}.t"'), { vars: { v: 'a"; drop' } });
    expect(source.query).toBe('select * from "a""; drop"."t"');
  });
});

describe('interpolation', () => {
  it('leaves text without references alone', () => {
    fc.assert(
      fc.property(
        text.filter((each) => !each.includes('${')),
        (each) => {
          expect(interpolate(each, () => ({ problem: 'never asked' }))).toEqual({ text: each, problems: [] });
        },
      ),
    );
  });

  it('puts text in as it is, once', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(interpolate('<${var.v}>', () => ({ text: value })).text).toBe(`<${value}>`);
      }),
    );
  });

  it('reads an escaped reference as text', () => {
    const lookup: Lookup = ({ scope, name }) => ({ text: `[${scope}:${name}]` });
    expect(interpolate('$${var.a} ${var.a} $$ $ ${env.B-1}', lookup).text).toBe('${var.a} [var:a] $$ $ [env:B-1]');
  });

  it.each(['${}', '${var}', '${var.}', '${ var.a }', '${var.a b}', '${VAR.a}', '${var.a', '${var.a\n}'])('refuses %j', (written) => {
    expect(interpolate(written, () => ({ text: 'x' })).problems).toHaveLength(1);
  });
});

it('keeps the environment out of everything but connections and state', async () => {
  const env = { SECRET: 'hunter2' };
  const refused = [
    withSync('name: accounts', 'name: accounts\ndescription: ${env.SECRET}'),
    withSync('object: Account', 'object: ${env.SECRET}'),
    withSync('from accounts', 'from ${env.SECRET}'),
    { ...withSync(), 'syncs/t.yaml': 'kind: Test\nname: "${env.SECRET}"\nsync: accounts\ngiven: { rows: [] }\nexpect: {}\n' },
    { ...withSync(), 'syncs/project.yaml': 'kind: Project\nname: acme\ndescription: ${env.SECRET}\n' },
    {
      ...withSync('object: Account', 'object: ${var.v}'),
      'syncs/project.yaml': 'kind: Project\nname: acme\nvars: { v: "${env.SECRET}" }\n',
    },
  ];
  for (const files of refused) {
    const found = (await problems(files, { env, secrets: 'all' })).join('\n');
    expect(found).toContain('${env.NAME} works only in connections and in the state of the project');
    expect(found).not.toContain('hunter2');
  }
  const project = await load(
    { ...withSync(), 'syncs/project.yaml': 'kind: Project\nname: acme\nstate: { path: "${env.SECRET}/s" }\n' },
    { env, secrets: 'all' },
  );
  expect(project.state.type === 'local' && project.state.path.endsWith('/syncs/hunter2/s')).toBe(true);
});
