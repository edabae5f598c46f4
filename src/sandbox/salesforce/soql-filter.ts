/** A WHERE clause as a test of one record. */
import type { Refusal } from './reply.ts';
import type { StoredRecord } from './record.ts';
import type { FieldDescribe } from './schema.ts';
import type { CompareCondition, Comparison, Condition, ListCondition, Literal } from './soql-ast.ts';
import { literalOf } from './soql-literal.ts';
import type { Names, Records, Resolved } from './soql-names.ts';
import { likePattern, textOf } from './soql-tokens.ts';
import { comparable, familyOf, type Getter, getterOf } from './soql-values.ts';

export type Test = (record: StoredRecord) => boolean;

/** What the compilation of a condition needs. */
export interface Scope {
  readonly records: Records;
  readonly names: Names;
  readonly soql: string;
}

/**
 * Refuses what Salesforce refuses: unknown names, fields that cannot be filtered, values of another type, operators that a type
 * does not have. There is no third truth value: `!=`, NOT IN and EXCLUDES are true where nothing is stored.
 */
export function compileCondition(scope: Scope, condition: Condition): Test {
  switch (condition.kind) {
    case 'and': {
      const parts = condition.parts.map((part) => compileCondition(scope, part));
      return (record) => parts.every((part) => part(record));
    }
    case 'or': {
      const parts = condition.parts.map((part) => compileCondition(scope, part));
      return (record) => parts.some((part) => part(record));
    }
    case 'not': {
      const part = compileCondition(scope, condition.part);
      return (record) => !part(record);
    }
    case 'compare':
      return compileComparison(scope, condition);
    case 'in':
      return compileIn(scope, condition);
    case 'includes':
      return compileIncludes(scope, condition);
  }
}

/** A path of a WHERE clause, which must be one that can be filtered by. */
function filterable(scope: Scope, condition: CompareCondition | ListCondition): Resolved {
  const resolved = scope.names.path(condition.path);
  if (resolved.field.filterable && familyOf(resolved.field) !== 'other') return resolved;
  throw scope.names.refusal('INVALID_FIELD', resolved.at, `field '${resolved.field.name}' can not be filtered in a query call`);
}

function compileComparison(scope: Scope, condition: CompareCondition): Test {
  const resolved = filterable(scope, condition);
  const get = getterOf(scope.records, resolved);
  if (condition.operator === 'LIKE') return compileLike(scope, resolved, condition.value, get);
  const value = literalOf(scope, resolved, condition.value);
  if (value === null) return compareNull(scope, resolved, condition.operator, get);
  checkOperator(scope, resolved, condition.operator);
  const form = comparable(resolved.field);
  const wanted = form(value);
  const holds = HOLDS[condition.operator];
  if (condition.operator === '!=') return (record) => !equals(get(record), form, wanted);
  return (record) => {
    const stored = get(record);
    return stored !== null && holds(form(stored), wanted);
  };
}

const HOLDS: Readonly<Record<Exclude<Comparison, 'LIKE'>, (a: string | number, b: string | number) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function equals(stored: string | null, form: (text: string) => string | number, wanted: string | number): boolean {
  return stored !== null && form(stored) === wanted;
}

function compareNull(scope: Scope, resolved: Resolved, operator: Comparison, get: Getter): Test {
  if (operator === '=') return (record) => get(record) === null;
  if (operator === '!=') return (record) => get(record) !== null;
  throw invalidOperator(scope, resolved);
}

function compileLike(scope: Scope, resolved: Resolved, value: Literal, get: Getter): Test {
  if (familyOf(resolved.field) !== 'text' || resolved.field.type === 'multipicklist') throw invalidOperator(scope, resolved);
  if (value.kind !== 'text') literalOf(scope, resolved, value);
  const pattern = likePattern(scope.soql, value);
  return (record) => {
    const stored = get(record);
    return stored !== null && pattern.test(stored);
  };
}

function compileIn(scope: Scope, condition: ListCondition<'in'>): Test {
  const resolved = filterable(scope, condition);
  const form = comparable(resolved.field);
  const get = getterOf(scope.records, resolved);
  const values = condition.values.map((value) => literalOf(scope, resolved, value));
  const withNull = values.includes(null);
  const wanted = new Set(values.filter((value) => value !== null).map((value) => form(value)));
  return (record) => {
    const stored = get(record);
    return (stored === null ? withNull : wanted.has(form(stored))) !== condition.negated;
  };
}

/** `INCLUDES ('A;B', 'C')`: both A and B, or C. */
function compileIncludes(scope: Scope, condition: ListCondition<'includes'>): Test {
  const resolved = filterable(scope, condition);
  if (resolved.field.type !== 'multipicklist') throw invalidOperator(scope, resolved);
  const get = getterOf(scope.records, resolved);
  const wanted = condition.values.map((value) => selections(textValue(scope, resolved, value)));
  return (record) => {
    const chosen = new Set(selections(get(record) ?? ''));
    return wanted.some((all) => all.every((each) => chosen.has(each))) !== condition.negated;
  };
}

function textValue(scope: Scope, resolved: Resolved, value: Literal): string {
  literalOf(scope, resolved, value);
  return value.kind === 'text' ? textOf(scope.soql, value) : '';
}

function selections(text: string): readonly string[] {
  return text.toLowerCase().split(';');
}

function checkOperator(scope: Scope, resolved: Resolved, operator: Comparison): void {
  const unordered = familyOf(resolved.field) === 'boolean' || resolved.field.type === 'multipicklist';
  if (unordered && operator !== '=' && operator !== '!=') throw invalidOperator(scope, resolved);
}

function invalidOperator({ names }: Scope, { field, at }: Resolved): Refusal {
  return names.refusal('INVALID_QUERY_FILTER_OPERATOR', at, `invalid operator on ${described(field)} field`);
}

function described(field: FieldDescribe): string {
  return field.type === 'reference' ? 'id' : field.type;
}
