/** The few records that a condition can be true of, found through an index, so that a list of keys does not look at every record. */
import type { StoredRecord } from './record.ts';
import type { Condition, Literal } from './soql-ast.ts';
import type { Scope } from './soql-filter.ts';
import { literalOf } from './soql-literal.ts';
import type { Resolved } from './soql-names.ts';

/** Records, deleted ones too, each once; or undefined: the condition may be true of any. The whole condition is still to be tested. */
export function candidates(scope: Scope, condition: Condition): Iterable<StoredRecord> | undefined {
  switch (condition.kind) {
    case 'compare':
      return condition.operator === '=' ? byKeys(scope, scope.names.path(condition.path), [condition.value]) : undefined;
    case 'in':
      return condition.negated ? undefined : byKeys(scope, scope.names.path(condition.path), condition.values);
    case 'and':
      for (const part of condition.parts) {
        const found = candidates(scope, part);
        if (found !== undefined) return found;
      }
      return undefined;
    case 'or': {
      const parts = condition.parts.map((part) => candidates(scope, part));
      return parts.every((part) => part !== undefined) ? new Set(parts.flatMap((part) => [...part])) : undefined;
    }
    case 'not':
    case 'includes':
      return undefined;
  }
}

function byKeys(scope: Scope, resolved: Resolved, values: readonly Literal[]): Iterable<StoredRecord> | undefined {
  const { records, names } = scope;
  if (resolved.steps.length > 0 || !records.isIndexed(names.root.name, resolved.field.name)) return undefined;
  const keys = values.map((value) => literalOf(scope, resolved, value));
  if (keys.includes(null)) return undefined;
  return new Set(keys.flatMap((key) => (key === null ? [] : records.find(names.root.name, resolved.field.name, key))));
}
