/** GoogleSQL's operators to DuckDB's. Every operation is put in parentheses: the two do not rank operators alike. */
import { at, invalidQuery } from './error.ts';
import type { Token } from './lexer.ts';
import type { Parser } from './parser.ts';
import { primary } from './primary.ts';
import { subquery } from './query.ts';
import { ident, text } from './strings.ts';

/** A translated expression. */
export interface Expression {
  readonly sql: string;
  /** What a column of it is called unless it is named: the last part of a path. */
  readonly name?: string;
  /** DuckDB's name of its type, if it is known. */
  readonly type?: string;
  /** The value of a text literal. */
  readonly constant?: string;
  /** Of `STRUCT(...)` without types: its fields. */
  readonly fields?: readonly { readonly name: string; readonly sql: string }[];
  /** A bare whole number: in GROUP BY and ORDER BY it counts columns. */
  readonly integer?: string;
}

export function expression(parser: Parser): Expression {
  return or(parser);
}

function or(parser: Parser): Expression {
  let left = and(parser);
  while (parser.accept('OR')) left = { sql: `(${left.sql} OR ${and(parser).sql})` };
  return left;
}

function and(parser: Parser): Expression {
  let left = not(parser);
  while (parser.accept('AND')) left = { sql: `(${left.sql} AND ${not(parser).sql})` };
  return left;
}

function not(parser: Parser): Expression {
  if (!parser.accept('NOT')) return comparison(parser);
  return { sql: `(NOT ${not(parser).sql})` };
}

const COMPARISONS: Readonly<Record<string, string>> = { '=': '=', '<': '<', '>': '>', '<=': '<=', '>=': '>=', '<>': '<>', '!=': '<>' };

function comparison(parser: Parser): Expression {
  const where = parser.peek();
  const left = binary(parser, 0);
  if (parser.peek().upper in COMPARISONS) {
    const operator = parser.next();
    return { sql: `(${compared(left, operator, binary(parser, 0), where)})`, type: 'BOOLEAN' };
  }
  if (parser.accept('IS')) return is(parser, left);
  const negated = parser.sees('NOT') && ['LIKE', 'IN', 'BETWEEN'].includes(parser.peek(1).upper);
  if (negated) parser.next();
  const found = membership(parser, left);
  if (found === undefined) return left;
  return { sql: negated ? `(NOT ${found})` : found };
}

/** What `typeof` says of an expression; a type that is known is not asked for. */
function typeOf({ sql, type }: Expression): string {
  return type === undefined ? `typeof(${sql})` : text(type);
}

/**
 * DuckDB compares a text with a number by converting one of them; BigQuery refuses. The guard fails, or vanishes, while DuckDB plans: joins
 * stay hash joins. An operand with a query in it is not guarded, as it would stand there twice.
 */
function compared(left: Expression, operator: Token, right: Expression, where: Token): string {
  const sign = COMPARISONS[operator.upper] ?? '';
  if (`${left.sql}${right.sql}`.includes('SELECT') || left.sql.length + right.sql.length > 2000) return `${left.sql} ${sign} ${right.sql}`;
  const isLiteral = left.constant !== undefined || right.constant !== undefined;
  const guarded = ({ sql }: Expression): string =>
    `bq_comparable(${sql}, ${typeOf(left)}, ${typeOf(right)}, ${text(`${operator.text}${isLiteral ? '!' : ' '}${at(where)}`)})`;
  // A literal stays bare: it takes the type of the other side.
  return right.constant === undefined ? `${left.sql} ${sign} ${guarded(right)}` : `${guarded(left)} ${sign} ${right.sql}`;
}

function membership(parser: Parser, left: Expression): string | undefined {
  if (parser.accept('LIKE')) return like(parser, left);
  if (parser.accept('IN')) return within(parser, left);
  if (!parser.accept('BETWEEN')) return undefined;
  const low = binary(parser, 0);
  parser.expect('AND');
  return `(${left.sql} BETWEEN ${low.sql} AND ${binary(parser, 0).sql})`;
}

function is(parser: Parser, left: Expression): Expression {
  const negated = parser.accept('NOT') ? 'NOT ' : '';
  if (parser.accept('DISTINCT', 'FROM')) return { sql: `(${left.sql} IS ${negated}DISTINCT FROM ${binary(parser, 0).sql})` };
  for (const word of ['NULL', 'TRUE', 'FALSE']) {
    if (parser.accept(word)) return { sql: `(${left.sql} IS ${negated}${word})` };
  }
  throw parser.unexpected();
}

function like(parser: Parser, left: Expression): string {
  const many = ['ANY', 'SOME', 'ALL'].find((word) => parser.accept(word));
  const one = (pattern: Expression): string => `(${left.sql} LIKE ${pattern.sql} ESCAPE '\\')`;
  if (many === undefined) return one(binary(parser, 0));
  if (!parser.sees('(')) throw parser.unknown('LIKE with a list that is not in parentheses');
  parser.next();
  const patterns = parser.list(() => one(expression(parser)));
  parser.expect(')');
  return `(${patterns.join(many === 'ALL' ? ' AND ' : ' OR ')})`;
}

function within(parser: Parser, left: Expression): string {
  if (parser.accept('UNNEST')) {
    parser.expect('(');
    const array = expression(parser);
    parser.expect(')');
    return `(${left.sql} IN (SELECT unnest(${array.sql})))`;
  }
  parser.expect('(');
  if (parser.seesAny('SELECT', 'WITH')) {
    const query = subquery(parser);
    parser.expect(')');
    return `(${left.sql} IN (${query}))`;
  }
  const items = parser.list(() => expression(parser).sql);
  parser.expect(')');
  return `(${left.sql} IN (${items.join(', ')}))`;
}

/** From the loosest to the tightest. */
const LEVELS: readonly (readonly string[])[] = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '||']];

function binary(parser: Parser, level: number): Expression {
  const operators = LEVELS[level];
  if (operators === undefined) return unary(parser);
  let left = binary(parser, level + 1);
  while (operators.includes(parser.peek().upper) && parser.peek().kind === 'symbol') {
    const operator = parser.next().text;
    left = { sql: operation(operator, left.sql, binary(parser, level + 1).sql) };
  }
  return left;
}

function operation(operator: string, left: string, right: string): string {
  if (operator === '/') return `bq_divide(${left}, ${right})`;
  if (operator === '^') return `xor(${left}, ${right})`;
  return `(${left} ${operator} ${right})`;
}

function unary(parser: Parser): Expression {
  if (parser.accept('+')) return unary(parser);
  if (parser.accept('~')) return { sql: `(~${unary(parser).sql})` };
  if (!parser.accept('-')) return postfix(parser);
  const { kind, text } = parser.peek();
  if (kind === 'integer' && !/^0x/i.test(text)) {
    parser.next();
    return { sql: `(-${text})::BIGINT` };
  }
  return { sql: `(-${unary(parser).sql})` };
}

/** Fields and elements. */
function postfix(parser: Parser): Expression {
  let value = primary(parser);
  for (;;) {
    if (parser.sees('.') && parser.peek(1).upper !== '*') {
      parser.next();
      const name = parser.name(true);
      value = { sql: `${value.sql}.${ident(name)}`, name };
    } else if (parser.accept('[')) {
      value = { sql: element(parser, value.sql) };
    } else {
      return value;
    }
  }
}

const POSITIONS: Readonly<Record<string, string>> = {
  OFFSET: 'bq_offset',
  ORDINAL: 'bq_ordinal',
  SAFE_OFFSET: 'bq_safe_offset',
  SAFE_ORDINAL: 'bq_safe_ordinal',
};

function element(parser: Parser, array: string): string {
  const position = parser.peek(1).upper === '(' ? POSITIONS[parser.peek().upper] : undefined;
  if (position !== undefined) parser.next();
  const where = parser.peek();
  const index = expression(parser);
  parser.expect(']');
  if (index.constant !== undefined) throw invalidQuery('The fake BigQuery does not know subscripts of JSON', where);
  return `${position ?? 'bq_offset'}(${array}, ${index.sql})`;
}
