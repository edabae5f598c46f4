/** FROM: tables, subqueries, arrays, joins, PIVOT and UNPIVOT. */
import { invalidQuery } from './error.ts';
import { expression } from './expression.ts';
import type { Parser } from './parser.ts';
import { aliasOf, subquery } from './query.ts';
import { ident, text } from './strings.ts';

export function fromClause(parser: Parser): string {
  parser.expect('FROM');
  return `FROM ${joined(parser, new Set())}`;
}

/** Tables and their joins. `aliases` are the tables to the left, in small letters. */
export function joined(parser: Parser, aliases: Set<string>): string {
  let left = item(parser, aliases);
  for (;;) {
    if (parser.accept(',')) {
      left = `${left}, ${item(parser, aliases)}`;
      continue;
    }
    const join = joinType(parser);
    if (join === undefined) return left;
    const right = item(parser, aliases);
    left = `${left} ${join} ${right}${condition(parser, join, right)}`;
  }
}

const JOINS: readonly (readonly [string, readonly string[]])[] = [
  ['CROSS JOIN', ['CROSS', 'JOIN']],
  ['JOIN', ['INNER', 'JOIN']],
  ['JOIN', ['JOIN']],
  ...['LEFT', 'RIGHT', 'FULL'].flatMap((side): [string, string[]][] => [
    [`${side} JOIN`, [side, 'OUTER', 'JOIN']],
    [`${side} JOIN`, [side, 'JOIN']],
  ]),
];

function joinType(parser: Parser): string | undefined {
  return JOINS.find(([, words]) => parser.accept(...words))?.[0];
}

function condition(parser: Parser, join: string, right: string): string {
  if (parser.accept('ON')) return ` ON ${expression(parser).sql}`;
  if (parser.accept('USING')) {
    parser.expect('(');
    const columns = parser.list(() => ident(parser.name()));
    parser.expect(')');
    return ` USING (${columns.join(', ')})`;
  }
  if (join === 'CROSS JOIN') return '';
  // An array of the same row needs no condition.
  if (/unnest\(/.test(right)) return ' ON TRUE';
  throw invalidQuery(`Syntax error: ${join} requires an ON or USING clause`, parser.peek());
}

export function item(parser: Parser, aliases: Set<string>): string {
  if (parser.sees('UNNEST')) return unnest(parser, aliases);
  if (!parser.sees('(')) return table(parser, aliases);
  parser.next();
  if (parser.seesAny('SELECT', 'WITH') || parser.sees('(', 'SELECT') || parser.sees('(', '(')) {
    const query = subquery(parser);
    parser.expect(')');
    return shaped(parser, `(${query})`, undefined, aliases);
  }
  const tables = joined(parser, aliases);
  parser.expect(')');
  return `(${tables})`;
}

function table(parser: Parser, aliases: Set<string>): string {
  const where = parser.peek();
  const path = parser.path();
  const [first] = path;
  const last = path.at(-1) ?? '';
  if (path.length > 1 && first !== undefined && aliases.has(first.toLowerCase())) {
    return array(parser, path.map(ident).join('.'), aliases, last);
  }
  if (parser.sees('(')) throw parser.unknown(`the table function ${path.join('.')}`);
  if (parser.sees('FOR')) throw parser.unknown('FOR SYSTEM_TIME AS OF');
  if (parser.sees('TABLESAMPLE')) throw parser.unknown('TABLESAMPLE');
  if (path.length === 1 && parser.ctes.some((names) => names.has(last.toLowerCase()))) return shaped(parser, ident(last), last, aliases);
  const source = parser.environment.source(path, where);
  if (source.entry !== undefined) parser.referenced.push(source.entry.ref);
  if (source.metadata === true) parser.metadata = true;
  return shaped(parser, source.from, last, aliases);
}

/** With PIVOT or UNPIVOT, and an alias. */
function shaped(parser: Parser, from: string, name: string | undefined, aliases: Set<string>): string {
  const before = parser.seesAny('PIVOT', 'UNPIVOT') && parser.peek(1).upper === '(' ? undefined : aliasOf(parser);
  const relation = parser.accept('PIVOT') ? pivot(parser, from) : parser.accept('UNPIVOT') ? unpivot(parser, from) : from;
  const alias = (relation === from ? before : aliasOf(parser)) ?? name;
  if (alias === undefined) return relation;
  aliases.add(alias.toLowerCase());
  return `${relation} AS ${ident(alias)}`;
}

function pivot(parser: Parser, from: string): string {
  parser.expect('(');
  const values = parser.list(() => {
    const value = expression(parser).sql;
    const alias = parser.sees('FOR') ? undefined : aliasOf(parser);
    return alias === undefined ? value : `${value} AS ${ident(alias)}`;
  });
  parser.expect('FOR');
  const column = ident(parser.name());
  parser.expect('IN', '(');
  const items = parser.list(() => {
    const value = expression(parser).sql;
    const alias = aliasOf(parser);
    return alias === undefined ? value : `${value} AS ${ident(alias)}`;
  });
  parser.expect(')', ')');
  return `(SELECT * FROM ${from} PIVOT (${values.join(', ')} FOR ${column} IN (${items.join(', ')})))`;
}

function unpivot(parser: Parser, from: string): string {
  const nulls = ['INCLUDE', 'EXCLUDE'].find((word) => parser.accept(word, 'NULLS'));
  parser.expect('(');
  const value = parser.name();
  parser.expect('FOR');
  const name = parser.name();
  parser.expect('IN', '(');
  const columns = parser.list(() => {
    const column = parser.name();
    return parser.accept('AS') ? `${ident(column)} AS ${text(parser.next().text)}` : ident(column);
  });
  parser.expect(')', ')');
  return `(SELECT * FROM ${from} UNPIVOT ${nulls === 'INCLUDE' ? 'INCLUDE NULLS ' : ''}(${ident(value)} FOR ${ident(name)} IN (${columns.join(', ')})))`;
}

function unnest(parser: Parser, aliases: Set<string>): string {
  parser.expect('UNNEST', '(');
  const value = expression(parser);
  parser.expect(')');
  return array(parser, value.sql, aliases, undefined);
}

/** An array as a table of one column, called like the table, and the offset if wanted. */
function array(parser: Parser, value: string, aliases: Set<string>, name: string | undefined): string {
  const alias = (parser.sees('WITH') ? undefined : aliasOf(parser)) ?? name ?? '$unnested';
  aliases.add(alias.toLowerCase());
  if (!parser.accept('WITH', 'OFFSET')) return `unnest(${value}) AS ${ident(alias)}(${ident(alias)})`;
  const offset = aliasOf(parser) ?? 'offset';
  return `(SELECT unnest(${value}) AS ${ident(alias)}, generate_subscripts(${value}, 1) - 1 AS ${ident(offset)}) AS ${ident(alias)}`;
}
