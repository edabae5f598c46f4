/** What a batch writes, in Salesforce's words: fields by API name, parents by a key of theirs. */
import type { FieldType } from '../../canonical/types.ts';
import { UserError } from '../../errors.ts';
import type { WriteBatch, WrittenField } from '../destination.ts';

/** What writing needs of the description of an object. */
export interface DescribedObject {
  readonly name: string;
  readonly fields: readonly DescribedField[];
}

export interface DescribedField {
  readonly name: string;
  /** `string`, `double`, `reference`, ... */
  readonly type: string;
  readonly relationshipName: string | null;
  /** Objects that a reference may point at. */
  readonly referenceTo: readonly string[];
}

export interface WireColumn {
  /** Its place among the fields of the batch. */
  readonly index: number;
  /** The field itself, which also takes the null of a reference. */
  readonly field: string;
  /** Of the value; of a reference, the type of the parent's key. */
  readonly type: FieldType;
  readonly parent?: ParentKey | undefined;
}

/** A parent by its key: `{"Account": {"Ext__c": ...}}`, or the CSV column `Account.Ext__c`. */
export interface ParentKey {
  readonly relationship: string;
  /** Of a reference to several objects: the one that is meant, which then has to be said. */
  readonly object?: string | undefined;
  readonly key: string;
}

export interface BoundBatch {
  readonly batch: WriteBatch;
  /** API name. */
  readonly object: string;
  readonly key: { readonly field: string; readonly type: FieldType };
  readonly columns: readonly WireColumn[];
}

type Describe = (object: string) => Promise<DescribedObject>;

/** Throws `UserError` for a reference that the object does not have. */
export async function bindBatch(batch: WriteBatch, describe: Describe): Promise<BoundBatch> {
  const described = await describe(batch.object);
  const [key] = batch.key;
  if (key === undefined || batch.key.length > 1) {
    throw new UserError(`records of ${batch.object} cannot have a key of ${batch.key.length} fields`, {
      hint: 'Salesforce finds a record by one field. Join the parts in the query, and keep them in one external id field.',
    });
  }
  const fields = batch.action === 'delete' ? [] : batch.fields;
  const columns = await Promise.all(fields.map(async (field, index) => columnOf(described, describe, { ...field, index })));
  return { batch, object: described.name, key, columns: columns.filter(({ field }) => !isSame(field, key.field)) };
}

async function columnOf(described: DescribedObject, describe: Describe, written: WrittenField & { index: number }): Promise<WireColumn> {
  const { index, reference, type, storedType = type } = written;
  const found = described.fields.find(({ name, relationshipName }) => name === written.field || relationshipName === written.field);
  if (found === undefined) throw noField(described, written.field);
  if (reference === undefined) return { index, field: found.name, type: storedType };
  if (isSame(reference.key, 'Id')) return { index, field: found.name, type: { kind: 'text' } };
  const { relationshipName, referenceTo } = found;
  if (relationshipName === null) throw noField(described, written.field);
  const target = await describe(reference.object);
  const keyType = target.fields.find(({ name }) => isSame(name, reference.key))?.type ?? 'string';
  const object = referenceTo.length > 1 ? target.name : undefined;
  return {
    index,
    field: found.name,
    type: NUMBERS.has(keyType) ? { kind: 'float', bits: 64 } : { kind: 'text' },
    parent: { relationship: relationshipName, object, key: reference.key },
  };
}

const NUMBERS: ReadonlySet<string> = new Set(['int', 'double', 'currency', 'percent']);

function noField({ name, fields }: DescribedObject, field: string): UserError {
  const isKnown = fields.some((each) => each.name === field);
  return new UserError(
    isKnown ? `${name}.${field} points at no other object` : `${name} has no field or relationship ${field} for this user`,
  );
}

/** API names tell no cases apart. */
export function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
