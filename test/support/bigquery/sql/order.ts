/** ORDER BY. Nulls come first when ascending, as DuckDB is told to do too. */
import { expression } from './expression.ts';
import type { Parser } from './parser.ts';

export function orderBy(parser: Parser): string {
  parser.expect('ORDER', 'BY');
  return `ORDER BY ${parser.list(() => orderItem(parser)).join(', ')}`;
}

function orderItem(parser: Parser): string {
  const value = expression(parser);
  if (parser.sees('COLLATE')) throw parser.unknown('COLLATE');
  const direction = ['ASC', 'DESC'].find((word) => parser.accept(word)) ?? 'ASC';
  const nulls = parser.accept('NULLS') ? ` NULLS ${parser.next().upper}` : '';
  return `${value.integer ?? value.sql} ${direction}${nulls}`;
}
