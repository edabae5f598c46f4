/** Reading one row of a write: which fields it names, what would be stored in them, and which parents it points to by key. */
import { Refusal, unknownToSandbox } from './reply.ts';
import type { FieldDescribe } from './schema.ts';
import { storedForm, type WriteError } from './stored-form.ts';
import type { Table } from './table.ts';
import type { SandboxUser } from './users.ts';

export type Row = Readonly<Record<string, unknown>>;

/** A parent by one of its keys: `{"Account": {"Ext__c": "x"}}`. */
export interface ParentKey {
  readonly field: FieldDescribe;
  readonly target: Table;
  readonly key: FieldDescribe;
  readonly value: string | null;
}

export interface ParsedRow {
  /** As given; undefined where the row has none. */
  readonly id: string | undefined;
  readonly values: ReadonlyMap<FieldDescribe, string | null>;
  readonly parents: readonly ParentKey[];
  readonly errors: readonly WriteError[];
}

export interface ParseContext {
  readonly table: Table;
  readonly tableOf: (object: string) => Table | undefined;
  readonly user: SandboxUser | undefined;
  /** The cells of a CSV file: a value that cannot be read refuses its row, and not the whole request. */
  readonly text: boolean;
}

/** Throws `Refusal` for what refuses the whole request: unknown fields, and JSON values of the wrong type. */
export function parseRow(row: Row, context: ParseContext): ParsedRow {
  const values = new Map<FieldDescribe, string | null>();
  const parents: ParentKey[] = [];
  const errors: WriteError[] = [];
  let id: string | undefined;
  for (const [name, value] of Object.entries(row)) {
    if (name === 'attributes') continue;
    const field = visible(context, context.table.field(name));
    if (field?.type === 'id') id = idText(value);
    else if (field !== undefined) take(field, value, { values, errors, text: context.text });
    else parents.push(parentKey(name, value, context));
  }
  return { id, values, parents, errors };
}

function visible(context: ParseContext, field: FieldDescribe | undefined): FieldDescribe | undefined {
  return field !== undefined && context.user?.seesField(context.table.name, field.name) === false ? undefined : field;
}

function idText(value: unknown): string | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw jsonFault('Cannot deserialize instance of ID from VALUE_NUMBER_INT value');
}

interface Into {
  readonly values: Map<FieldDescribe, string | null>;
  readonly errors: WriteError[];
  readonly text: boolean;
}

function take(field: FieldDescribe, value: unknown, { values, errors, text }: Into): void {
  const stored = storedForm(field, value);
  if ('value' in stored) values.set(field, stored.value);
  else if ('error' in stored) errors.push(stored.error);
  else if (text)
    errors.push({ statusCode: 'INVALID_TYPE_ON_FIELD_IN_RECORD', message: `${field.label}: value not of required type: ${String(value)}`, fields: [field.name] }); // prettier-ignore
  else throw jsonFault(stored.misfit);
}

function jsonFault(what: string): Refusal {
  return new Refusal(400, 'JSON_PARSER_ERROR', `${what} or request may be missing a required field at [line:1, column:1]`);
}

function parentKey(name: string, value: unknown, context: ParseContext): ParentKey {
  const { table } = context;
  const field = visible(context, table.relationship(name));
  if (field === undefined) throw noSuchColumn(name, table.name);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw unknownToSandbox(`a value of ${name} that is no object`);
  const target = targetOf(field, value as Row, context);
  const keys = Object.keys(value).filter((key) => key !== 'attributes');
  const key = target.field(keys[0] ?? '');
  if (key === undefined) throw noSuchColumn(keys[0] ?? '', target.name);
  if (keys.length !== 1 || !(key.externalId || key.idLookup)) throw noKey(keys.join(', '), target.name);
  const stored = storedForm(key, (value as Row)[keys[0] ?? '']);
  return { field, target, key, value: 'value' in stored ? stored.value : null };
}

function targetOf(field: FieldDescribe, value: Row, { tableOf }: ParseContext): Table {
  const attributes = value['attributes'] as { readonly type?: unknown } | undefined;
  const named = typeof attributes?.type === 'string' ? attributes.type : undefined;
  if (named === undefined && field.referenceTo.length > 1) {
    throw new Refusal(
      400,
      'INVALID_FIELD',
      `The relationship ${field.relationshipName ?? ''} points to several objects: name one in its attributes`,
    );
  }
  const object = named ?? field.referenceTo[0] ?? '';
  const target = tableOf(object);
  if (target === undefined || !field.referenceTo.includes(target.name)) throw noSuchColumn(field.relationshipName ?? '', object);
  return target;
}

export function noSuchColumn(name: string, object: string): Refusal {
  return new Refusal(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${object}`);
}

export function noKey(name: string, object: string): Refusal {
  return new Refusal(
    400,
    'INVALID_FIELD',
    `Field name provided, ${name} does not match an External ID, Salesforce Id, or indexed field for ${object}`,
  );
}
