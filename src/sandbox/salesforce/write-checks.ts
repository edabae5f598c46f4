/** What Salesforce checks before it stores a row, in its order. */
import type { Org } from './org.ts';
import type { ParsedRow } from './parse-row.ts';
import type { StoredRecord } from './record.ts';
import { Refusal } from './reply.ts';
import type { FieldDescribe } from './schema.ts';
import type { WriteError } from './stored-form.ts';
import type { Table } from './table.ts';
import type { SandboxUser } from './users.ts';
import { failed, type WriteOptions, type WriteResult } from './write-result.ts';

/** Who writes what to which object. */
export interface Parties {
  readonly org: Org;
  /** Undefined: an administrator, whose rights are not asked. */
  readonly user: SandboxUser | undefined;
  readonly table: Table;
  readonly options: WriteOptions;
}

/** Throws where users cannot do this to any record of the object. */
export function checkAllowed({ table, user }: Parties, right: 'createable' | 'updateable' | 'deletable'): void {
  const verb = right.replace(/e?able$/, 'e');
  if (table.def[right] !== false || user === undefined) return;
  throw new Refusal(400, 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', `entity type ${table.name} does not support ${verb}`);
}

/** Ids of the parents, found by key or checked. */
export function resolve({ org }: Parties, row: ParsedRow): { readonly values: ReadonlyMap<FieldDescribe, string | null> } | WriteResult {
  const values = new Map(row.values);
  for (const { field, target, key, value } of row.parents) {
    const found = value === null ? [] : target.findLive(key, value);
    if (found.length > 1) return failed('DUPLICATE_EXTERNAL_ID', `${field.label}: more than one record found for external id ${key.name}`);
    const [parent] = found;
    if (parent === undefined) return failed('INVALID_FIELD', `Foreign key external ID: ${value ?? ''} not found for field ${key.name} in entity ${target.name}`); // prettier-ignore
    values.set(field, parent.id);
  }
  for (const [field, value] of row.values) {
    const wrong = field.type === 'reference' && value !== null ? badReference(org, field, value) : undefined;
    if (wrong !== undefined) return { success: false, errors: [wrong] };
  }
  return { values };
}

export function notWritable(
  { table, user }: Parties,
  values: ReadonlyMap<FieldDescribe, unknown>,
  right: 'createable' | 'updateable',
): WriteResult | undefined {
  // prettier-ignore
  if (user === undefined) return undefined;
  const closed = [...values.keys()].filter((field) => !field[right] || !user.writesField(table.name, field.name)).map(({ name }) => name);
  if (closed.length === 0) return undefined;
  const hint = 'Please check the security settings of this field and verify that it is read/write for your profile or permission set.';
  return failed('INVALID_FIELD_FOR_INSERT_UPDATE', `Unable to create/update fields: ${closed.join(', ')}. ${hint}`, closed);
}

export function missing(table: Table, values: ReadonlyMap<FieldDescribe, string | null>): WriteResult | undefined {
  const open = table.requiredFields.filter((field) => (values.get(field) ?? null) === null);
  return required(open.filter((field) => !field.defaultedOnCreate || values.has(field)));
}

export function cleared(table: Table, values: ReadonlyMap<FieldDescribe, string | null>): WriteResult | undefined {
  return required(table.requiredFields.filter((field) => values.get(field) === null));
}

function required(fields: readonly FieldDescribe[]): WriteResult | undefined {
  const names = fields.map(({ name }) => name);
  return names.length === 0 ? undefined : failed('REQUIRED_FIELD_MISSING', `Required fields are missing: [${names.join(', ')}]`, names);
}

/** Another live record that has the value of a unique field. */
export function duplicate(table: Table, record: StoredRecord): WriteResult | undefined {
  for (const field of table.uniqueFields) {
    const value = record.get(field.name);
    const other = value === null ? undefined : table.findLive(field, value).find(({ id }) => id !== record.id);
    if (other !== undefined) {
      return failed('DUPLICATE_VALUE', `duplicate value found: ${field.name} duplicates value on record with id: ${other.id}`);
    }
  }
  return undefined;
}

/** Why an id may not stand in a reference. */
function badReference(org: Org, field: FieldDescribe, id: string): WriteError | undefined {
  const refused = (statusCode: string, message: string): WriteError => ({ statusCode, message, fields: [field.name] });
  if (!field.referenceTo.includes(org.objectOf(id) ?? '')) {
    return refused('FIELD_INTEGRITY_EXCEPTION', `${field.label}: id value of incorrect type: ${id}`);
  }
  const record = org.record(id);
  if (record === undefined) return refused('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id');
  return record.isDeleted ? refused('ENTITY_IS_DELETED', 'entity is deleted') : undefined;
}
