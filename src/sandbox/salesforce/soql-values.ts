/** How a query gets at a value, and how two values compare. */
import { toId18 } from './ids.ts';
import type { StoredRecord } from './record.ts';
import type { FieldDescribe, FieldType } from './schema.ts';
import type { Records, Resolved } from './soql-names.ts';

/** The stored text at the end of a path, null where a parent is missing. `Type` of a parent that may be one of several objects is its object. */
export type Getter = (record: StoredRecord) => string | null;

export type Family = 'text' | 'id' | 'number' | 'boolean' | 'date' | 'datetime' | 'other';

const FAMILIES: Partial<Record<FieldType, Family>> = {
  id: 'id',
  reference: 'id',
  boolean: 'boolean',
  int: 'number',
  double: 'number',
  currency: 'number',
  percent: 'number',
  date: 'date',
  datetime: 'datetime',
  address: 'other',
  location: 'other',
  base64: 'other',
  anyType: 'other',
  time: 'other',
};

/** Types that compare alike. */
export function familyOf(field: FieldDescribe): Family {
  return FAMILIES[field.type] ?? 'text';
}

export function getterOf(records: Records, { steps, field }: Resolved): Getter {
  const { name } = field;
  if (steps.length === 0) return (record) => record.get(name);
  const polymorphic = steps.at(-1)?.targets.length !== 1;
  return (record) => {
    let at: StoredRecord | undefined = record;
    for (const { idField } of steps) {
      const id: string | null = at.get(idField);
      at = id === null ? undefined : records.record(id);
      if (at === undefined || at.isDeleted) return null;
    }
    return polymorphic && name === 'Type' ? at.object : at.get(name);
  };
}

/** The form of a stored text that compares by `===`, and by `<` where that has a meaning; numbers are doubles, as in Salesforce. */
export function comparable(field: FieldDescribe): (text: string) => string | number {
  switch (familyOf(field)) {
    case 'number':
      return Number;
    case 'datetime':
      return (text) => Date.parse(text);
    case 'text':
      return field.caseSensitive ? (text) => text : (text) => text.toLowerCase();
    case 'id':
      return (text) => toId18(text) ?? text;
    case 'boolean':
    case 'date':
    case 'other':
      return (text) => text;
  }
}
