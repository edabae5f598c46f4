/** What an object of the org looks like to the core: fields, keys, references, and why a field cannot be written. */
import type { FieldSchema, ObjectSchema } from '../destination.ts';
import { typeOf } from './types.ts';

/** An object as `describe` answers it: what we use of it. */
export interface SObject {
  readonly name: string;
  readonly queryable: boolean;
  readonly createable: boolean;
  readonly updateable: boolean;
  readonly deletable: boolean;
  readonly fields: readonly SField[];
}

export interface SField {
  readonly name: string;
  /** `string`, `double`, `reference`, ... */
  readonly type: string;
  /** Unicode characters; 0 for what is no text. */
  readonly length: number;
  /** Digits of a decimal number in all, and those behind the point. */
  readonly precision: number;
  readonly scale: number;
  /** Digits of an integer, at most. */
  readonly digits: number;
  readonly nillable: boolean;
  readonly defaultedOnCreate: boolean;
  readonly createable: boolean;
  readonly updateable: boolean;
  readonly unique: boolean;
  readonly externalId: boolean;
  /** An upsert may find records by it. */
  readonly idLookup: boolean;
  readonly caseSensitive: boolean;
  /** A formula. */
  readonly calculated: boolean;
  readonly autoNumber: boolean;
  readonly restrictedPicklist: boolean;
  readonly picklistValues: readonly { readonly active: boolean; readonly label: string | null; readonly value: string }[];
  /** `Account` of `AccountId`. */
  readonly relationshipName: string | null;
  /** Objects that a reference may point at. */
  readonly referenceTo: readonly string[];
  /** The field that is made of this one and others: `MailingAddress`. */
  readonly compoundFieldName: string | null;
}

/** `username`: who looks. Others may see more. */
export function objectSchema(sobject: SObject, username: string): ObjectSchema {
  const lookups = sobject.fields.filter((field) => isLookup(field));
  const fields = sobject.fields.flatMap((field) => {
    const schema = fieldSchema(sobject, field, username);
    return field.relationshipName === null || field.referenceTo.length === 0 ? [schema] : bothNames(schema, field.relationshipName);
  });
  return {
    object: sobject.name,
    fields,
    uniqueKeys: lookups.filter((field) => isUnique(field)).map(({ name }) => [name]),
    deletable: sobject.deletable ? { can: true } : { can: false, reason: `${username} has no right to delete ${sobject.name}` },
    looseKeys: lookups.filter((field) => !isUnique(field)).map(({ name }) => name),
    hiddenHint: `It may exist and not be visible to ${username}.`,
    references: sobject.fields.flatMap(({ name, referenceTo }) => referenceTo.map((object) => ({ field: name, object, target: 'Id' }))),
  };
}

/** Salesforce finds records by it: in an upsert, and as the key of a parent. */
function isLookup({ externalId, idLookup, type }: SField): boolean {
  return externalId || idLookup || type === 'id';
}

function isUnique({ unique, type }: SField): boolean {
  return unique || type === 'id';
}

/** `AccountId` and `Account` are one field. */
function bothNames(schema: FieldSchema, relationship: string): readonly FieldSchema[] {
  return [
    { ...schema, sameAs: relationship },
    { ...schema, name: relationship, sameAs: schema.name },
  ];
}

function fieldSchema(sobject: SObject, field: SField, username: string): FieldSchema {
  const { reads, ...info } = typeOf(field);
  const never = neverWritten(sobject, field);
  const notCreated = never ?? refused(field.createable && sobject.createable, 'create', { sobject, field, username });
  const notUpdated = never ?? refused(field.updateable && sobject.updateable, 'update', { sobject, field, username });
  const isCheckbox = field.type === 'boolean';
  return {
    ...info,
    name: field.name,
    nullable: field.nillable,
    hasDefault: field.defaultedOnCreate || isCheckbox,
    creatable: notCreated === undefined,
    updatable: notUpdated === undefined,
    readable: reads,
    reason: notCreated ?? notUpdated,
    nullAs: isCheckbox ? 'false' : undefined,
    referenceTo: field.referenceTo,
  };
}

function neverWritten({ fields }: SObject, field: SField): string | undefined {
  if (field.calculated) return 'it is a formula';
  if (field.autoNumber) return 'it is numbered by the org';
  if (field.type === 'id') return 'it is given by the org';
  const parts = fields.filter((each) => each.compoundFieldName === field.name && each.name !== field.name).map(({ name }) => name);
  const isCompound = field.type === 'address' || field.type === 'location' || (parts.length > 0 && !field.createable);
  if (isCompound) return parts.length === 0 ? 'it is made of other fields' : `it is made of other fields: map ${parts.join(', ')}`;
  return UNSUPPORTED.has(field.type) ? `fields of type ${field.type} are not supported` : undefined;
}

/** Files and what has no type of its own. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['base64', 'anyType', 'complexvalue', 'json']);

function refused(
  may: boolean,
  what: 'create' | 'update',
  { sobject, field, username }: { sobject: SObject; field: SField; username: string },
): string | undefined {
  if (may) return undefined;
  const mayObject = what === 'create' ? sobject.createable : sobject.updateable;
  if (!mayObject) return `${username} may not ${what} records of ${sobject.name}`;
  if (!field.createable && !field.updateable) return `the org keeps it itself, or ${username} has no right to edit it`;
  return what === 'create' ? 'it takes no value in a new record' : 'it keeps the value that the record was created with';
}
