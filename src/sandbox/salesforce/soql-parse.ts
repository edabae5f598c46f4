/**
 * The text of a query to its tree. What Salesforce knows and the sandbox does not (aggregates, sub-queries, functions, date
 * words such as TODAY) is refused as unknown to the sandbox; what neither knows is MALFORMED_QUERY.
 */
import { Refusal } from './reply.ts';
import type { Named, Order, Path, Query, SelectItem, TypeOf } from './soql-ast.ts';
import { parseWhere } from './soql-where.ts';
import { Cursor } from './soql-cursor.ts';
import { malformed } from './soql-error.ts';

/** Characters in one query, at most. */
const MAX_QUERY = 100_000;
const MAX_OFFSET = 2_000;
const CLAUSES_UNKNOWN = ['GROUP', 'HAVING', 'WITH', 'USING', 'FOR', 'UPDATE'] as const;

/** Throws a {@link Refusal}: MALFORMED_QUERY, NUMBER_OUTSIDE_VALID_RANGE, or NOT_IN_SANDBOX. */
export function parseQuery(soql: string): Query {
  if (soql.length > MAX_QUERY) throw new Refusal(400, 'MALFORMED_QUERY', `SOQL statements cannot be longer than ${MAX_QUERY} characters.`);
  const cursor = new Cursor(soql);
  cursor.expects('SELECT');
  const select = parseSelect(cursor);
  cursor.expects('FROM');
  const from = cursor.anyName();
  const query: Query = {
    soql,
    select,
    count: select.length === 0,
    from,
    alias: parseAlias(cursor),
    where: cursor.takes('WHERE') ? parseWhere(cursor) : undefined,
    orderBy: cursor.takes('ORDER', 'BY') ? cursor.list(() => parseOrder(cursor)) : [],
    limit: cursor.takes('LIMIT') ? wholeNumber(cursor) : undefined,
    offset: cursor.takes('OFFSET') ? parseOffset(cursor) : 0,
  };
  expectEnd(cursor);
  return query;
}

function expectEnd(cursor: Cursor): void {
  const clause = CLAUSES_UNKNOWN.find((word) => cursor.sees(word));
  if (clause !== undefined) throw cursor.unknown(`${clause} in SOQL`);
  if (cursor.peek().kind !== 'end') throw cursor.unexpected();
}

/** The items of SELECT; none of them means `COUNT()`. */
function parseSelect(cursor: Cursor): readonly SelectItem[] {
  if (cursor.takes('COUNT', '(', ')')) return [];
  return cursor.list(() => parseItem(cursor));
}

function parseItem(cursor: Cursor): SelectItem {
  if (cursor.sees('(')) throw cursor.unknown('sub-queries in SOQL');
  if (cursor.takes('TYPEOF')) return parseTypeOf(cursor);
  return { kind: 'field', path: parseField(cursor) };
}

function parseField(cursor: Cursor): Path {
  const path = cursor.path();
  if (cursor.sees('(')) throw cursor.unknown(`the function ${path.names.join('.')}() in SOQL`);
  return path;
}

function parseTypeOf(cursor: Cursor): TypeOf {
  const relationship = cursor.name();
  const whens: { object: Named; fields: readonly Path[] }[] = [];
  while (cursor.takes('WHEN')) {
    const object = cursor.name();
    cursor.expects('THEN');
    whens.push({ object, fields: cursor.list(() => cursor.path()) });
  }
  if (whens.length === 0) throw cursor.unexpected();
  const otherwise = cursor.takes('ELSE') ? cursor.list(() => cursor.path()) : undefined;
  cursor.expects('END');
  return { kind: 'typeof', relationship, whens, otherwise };
}

function parseAlias(cursor: Cursor): string | undefined {
  const named = cursor.takes('AS');
  const isClause = ['WHERE', 'ORDER', 'LIMIT', 'OFFSET', 'ALL', ...CLAUSES_UNKNOWN].some((word) => cursor.sees(word));
  return named || (cursor.peek().kind === 'name' && !isClause) ? cursor.name().name : undefined;
}

function parseOrder(cursor: Cursor): Order {
  const path = parseField(cursor);
  const descending = cursor.takes('DESC');
  if (!descending) cursor.takes('ASC');
  const nullsLast = cursor.takes('NULLS', 'LAST');
  if (!nullsLast && cursor.takes('NULLS')) cursor.expects('FIRST');
  return { path, descending, nullsLast };
}

function wholeNumber(cursor: Cursor): number {
  const token = cursor.peek();
  if (token.kind !== 'number' || !/^\d+$/.test(token.raw)) throw cursor.unexpected();
  return Number(cursor.next().raw);
}

function parseOffset(cursor: Cursor): number {
  const { at } = cursor.peek();
  const offset = wholeNumber(cursor);
  if (offset <= MAX_OFFSET) return offset;
  const message = `Maximum SOQL offset allowed is ${MAX_OFFSET}`;
  throw new Refusal(400, 'NUMBER_OUTSIDE_VALID_RANGE', malformed(cursor.soql, at, message).message);
}
