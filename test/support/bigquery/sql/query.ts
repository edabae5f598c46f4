/** SELECT. */
import { invalidQuery } from './error.ts';
import { expression } from './expression.ts';
import { fromClause } from './from.ts';
import { orderBy } from './order.ts';
import type { Parser } from './parser.ts';
import { ident } from './strings.ts';
import { windowSpecification } from './windows.ts';

/** A query with all that may follow it; the same for a statement and inside parentheses. */
export function subquery(parser: Parser): string {
  const names = new Set<string>();
  parser.ctes.push(names);
  try {
    const prefix = parser.accept('WITH') ? commonTables(parser, names) : '';
    const parts = [`${prefix}${setOperations(parser)}`];
    if (parser.sees('ORDER')) parts.push(orderBy(parser));
    if (parser.accept('LIMIT')) parts.push(`LIMIT ${expression(parser).sql}`);
    if (parser.accept('OFFSET')) parts.push(`OFFSET ${expression(parser).sql}`);
    if (parser.sees('|>')) throw parser.unknown('pipe syntax');
    return parts.join(' ');
  } finally {
    parser.ctes.pop();
  }
}

function commonTables(parser: Parser, names: Set<string>): string {
  const recursive = parser.accept('RECURSIVE') ? 'RECURSIVE ' : '';
  const tables = parser.list(() => {
    const name = parser.name();
    if (recursive !== '') names.add(name.toLowerCase());
    parser.expect('AS', '(');
    const query = subquery(parser);
    parser.expect(')');
    names.add(name.toLowerCase());
    return `${ident(name)} AS (${query})`;
  });
  return `WITH ${recursive}${tables.join(', ')} `;
}

const SET_OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  UNION: ['ALL', 'DISTINCT'],
  INTERSECT: ['DISTINCT'],
  EXCEPT: ['DISTINCT'],
};

function setOperations(parser: Parser): string {
  let left = selectOrParentheses(parser);
  while (parser.peek().upper in SET_OPERATIONS) {
    const operation = parser.next().upper;
    const mode = SET_OPERATIONS[operation]?.find((word) => parser.accept(word));
    if (mode === undefined)
      throw invalidQuery(`Syntax error: Expected keyword ALL or keyword DISTINCT but got ${parser.describe()}`, parser.peek());
    left = `${left} ${operation}${mode === 'ALL' ? ' ALL' : ''} ${selectOrParentheses(parser)}`;
  }
  return left;
}

function selectOrParentheses(parser: Parser): string {
  if (!parser.accept('(')) return select(parser);
  const query = subquery(parser);
  parser.expect(')');
  return `(${query})`;
}

function select(parser: Parser): string {
  if (!parser.sees('SELECT')) throw parser.unexpected();
  parser.next();
  const distinct = parser.accept('DISTINCT') ? 'DISTINCT ' : '';
  parser.accept('ALL');
  const asStruct = parser.accept('AS', 'STRUCT');
  if (!asStruct) parser.accept('AS', 'VALUE');
  const items = selectList(parser, asStruct);
  const parts = [`SELECT ${distinct}${items}`];
  if (parser.sees('FROM')) parts.push(fromClause(parser));
  if (parser.accept('WHERE')) parts.push(`WHERE ${expression(parser).sql}`);
  if (parser.accept('GROUP', 'BY')) parts.push(`GROUP BY ${groupBy(parser)}`);
  if (parser.accept('HAVING')) parts.push(`HAVING ${expression(parser).sql}`);
  const qualify = parser.accept('QUALIFY') ? `QUALIFY ${expression(parser).sql}` : '';
  if (parser.accept('WINDOW')) parts.push(`WINDOW ${parser.list(() => namedWindow(parser)).join(', ')}`);
  return [...parts, qualify].join(' ').trim();
}

function namedWindow(parser: Parser): string {
  const name = parser.name();
  parser.expect('AS');
  return `${ident(name)} AS ${windowSpecification(parser)}`;
}

function selectList(parser: Parser, asStruct: boolean): string {
  let unnamed = 0;
  const items: { name?: string; sql: string }[] = [];
  do {
    // A comma may stand before FROM.
    if (items.length > 0 && (parser.sees('FROM') || parser.done)) break;
    const star = starOf(parser);
    if (star !== undefined) {
      items.push({ sql: star });
      continue;
    }
    const value = expression(parser);
    const alias = aliasOf(parser) ?? value.name;
    items.push({ sql: value.sql, name: alias ?? (asStruct ? `_field_${items.length + 1}` : `f${unnamed}_`) });
    if (alias === undefined) unnamed += 1;
  } while (parser.accept(','));
  if (!asStruct) return items.map(({ sql, name }) => (name === undefined ? sql : `${sql} AS ${ident(name)}`)).join(', ');
  if (items.some((item) => item.name === undefined)) throw parser.unknown('SELECT AS STRUCT *');
  return `struct_pack(${items.map((item) => `${ident(item.name ?? '')} := ${item.sql}`).join(', ')})`;
}

/** An alias, with or without AS. */
export function aliasOf(parser: Parser): string | undefined {
  if (parser.accept('AS')) return parser.name();
  return parser.seesName() ? parser.name() : undefined;
}

function starOf(parser: Parser): string | undefined {
  const mark = parser.mark;
  let table = '';
  if (parser.seesName() && parser.peek(1).upper === '.' && parser.peek(2).upper === '*') {
    table = `${ident(parser.name())}.`;
    parser.expect('.');
  }
  if (!parser.accept('*')) {
    parser.back(mark);
    return undefined;
  }
  const parts = [`${table}*`];
  if (parser.accept('EXCEPT')) {
    parser.expect('(');
    parts.push(`EXCLUDE (${parser.list(() => ident(parser.name())).join(', ')})`);
    parser.expect(')');
  }
  if (parser.accept('REPLACE')) {
    parser.expect('(');
    const replaced = parser.list(() => {
      const value = expression(parser);
      parser.expect('AS');
      return `${value.sql} AS ${ident(parser.name())}`;
    });
    parser.expect(')');
    parts.push(`REPLACE (${replaced.join(', ')})`);
  }
  return parts.join(' ');
}

function groupBy(parser: Parser): string {
  if (parser.accept('ALL')) return 'ALL';
  return parser.list(() => grouping(parser)).join(', ');
}

function grouping(parser: Parser): string {
  for (const word of ['ROLLUP', 'CUBE', 'SETS']) {
    const prefixed = word === 'SETS' ? parser.accept('GROUPING', 'SETS') : parser.accept(word);
    if (!prefixed) continue;
    parser.expect('(');
    const sets = parser.list(() => (word === 'SETS' ? groupingSet(parser) : expression(parser).sql));
    parser.expect(')');
    return `${word === 'SETS' ? 'GROUPING SETS' : word} (${sets.join(', ')})`;
  }
  const value = expression(parser);
  return value.integer ?? value.sql;
}

function groupingSet(parser: Parser): string {
  if (parser.sees('ROLLUP') || parser.sees('CUBE')) return grouping(parser);
  if (!parser.accept('(')) return expression(parser).sql;
  const items = parser.sees(')') ? [] : parser.list(() => expression(parser).sql);
  parser.expect(')');
  return `(${items.join(', ')})`;
}
