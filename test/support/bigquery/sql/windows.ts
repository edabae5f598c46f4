/** OVER. */
import { expression } from './expression.ts';
import { orderBy } from './order.ts';
import type { Parser } from './parser.ts';
import { ident } from './strings.ts';

/** What follows a function that needs a window, after the word OVER. */
export function overClause(parser: Parser): string {
  parser.expect('OVER');
  return parser.sees('(') ? windowSpecification(parser) : ident(parser.name());
}

export function windowSpecification(parser: Parser): string {
  parser.expect('(');
  const parts: string[] = [];
  if (parser.seesName() && !parser.seesAny('PARTITION', 'ORDER', 'ROWS', 'RANGE')) parts.push(ident(parser.name()));
  if (parser.accept('PARTITION', 'BY')) parts.push(`PARTITION BY ${parser.list(() => expression(parser).sql).join(', ')}`);
  if (parser.sees('ORDER')) parts.push(orderBy(parser));
  if (parser.seesAny('ROWS', 'RANGE')) parts.push(frame(parser));
  parser.expect(')');
  return `(${parts.join(' ')})`;
}

function frame(parser: Parser): string {
  const unit = parser.next().upper;
  if (!parser.accept('BETWEEN')) return `${unit} ${bound(parser)}`;
  const from = bound(parser);
  parser.expect('AND');
  return `${unit} BETWEEN ${from} AND ${bound(parser)}`;
}

function bound(parser: Parser): string {
  if (parser.accept('CURRENT', 'ROW')) return 'CURRENT ROW';
  const amount = parser.accept('UNBOUNDED') ? 'UNBOUNDED' : expression(parser).sql;
  for (const direction of ['PRECEDING', 'FOLLOWING']) {
    if (parser.accept(direction)) return `${amount} ${direction}`;
  }
  throw parser.unexpected();
}
