/** A query, compiled against the org and run. */
import type { SObjectDescribe } from './describe.ts';
import type { StoredRecord } from './record.ts';
import type { Order, Query } from './soql-ast.ts';
import { candidates } from './soql-candidates.ts';
import { compileCondition, type Scope } from './soql-filter.ts';
import { Names, type Records } from './soql-names.ts';
import { parseQuery } from './soql-parse.ts';
import { Shape } from './soql-shape.ts';
import { comparable, getterOf } from './soql-values.ts';

/** A query that has been understood, and not been run yet. */
export interface Prepared {
  readonly query: Query;
  readonly object: SObjectDescribe;
  readonly shape: Shape;
  /** The records themselves: whoever fetches a later page sees later values. */
  readonly run: () => readonly StoredRecord[];
}

/** `all`: records in the bin, too. Throws a refusal for what Salesforce would refuse. */
export function prepareQuery(records: Records, soql: string, all: boolean): Prepared {
  const query = parseQuery(soql);
  const names = new Names(records, query);
  const scope: Scope = { records, names, soql };
  const shape = new Shape(records, names, query);
  const test = query.where === undefined ? () => true : compileCondition(scope, query.where);
  const sort = sorter(scope, query.orderBy);
  const run = (): readonly StoredRecord[] => {
    const found: StoredRecord[] = [];
    const some = query.where === undefined ? undefined : candidates(scope, query.where);
    for (const record of some ?? records.records(names.root.name)) {
      if ((all || !record.isDeleted) && test(record)) found.push(record);
    }
    return page(sort(found), query);
  };
  return { query, object: names.root, shape, run };
}

function page(found: readonly StoredRecord[], { limit, offset }: Query): readonly StoredRecord[] {
  if (offset === 0 && (limit === undefined || limit >= found.length)) return found;
  return found.slice(offset, limit === undefined ? undefined : offset + limit);
}

type Sort = (found: readonly StoredRecord[]) => readonly StoredRecord[];

function sorter(scope: Scope, orders: readonly Order[]): Sort {
  if (orders.length === 0) return (found) => found;
  const keys = orders.map((order) => {
    const resolved = scope.names.path(order.path);
    if (!resolved.field.sortable) {
      throw scope.names.refusal('INVALID_FIELD', resolved.at, `field '${resolved.field.name}' can not be sorted in a query call`);
    }
    const [get, form] = [getterOf(scope.records, resolved), comparable(resolved.field)];
    return (record: StoredRecord) => {
      const stored = get(record);
      return stored === null ? null : form(stored);
    };
  });
  return (found) =>
    found
      .map((record) => ({ record, values: keys.map((key) => key(record)) }))
      .sort((a, b) => compareAll(orders, a.values, b.values))
      .map(({ record }) => record);
}

type Key = string | number | null | undefined;

function compareAll(orders: readonly Order[], left: readonly Key[], right: readonly Key[]): number {
  for (const [place, order] of orders.entries()) {
    const sign = compareKeys(order, left[place], right[place]);
    if (sign !== 0) return sign;
  }
  return 0;
}

function compareKeys({ descending, nullsLast }: Order, left: Key, right: Key): number {
  if (left === right) return 0;
  if (left === null || left === undefined) return nullsLast ? 1 : -1;
  if (right === null || right === undefined) return nullsLast ? -1 : 1;
  return left < right === descending ? 1 : -1;
}
