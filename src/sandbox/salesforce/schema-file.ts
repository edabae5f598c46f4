/** Objects for the sandbox as a file: short definitions of ours, or the descriptions of a real org as `sf sobject describe` prints them. */
import { readFile } from 'node:fs/promises';

import { messageOf, UserError } from '../../errors.ts';
import { type FieldDef, type FieldDescribe, type ObjectDef, problemOf, type SandboxSchema } from './schema.ts';

type Json = Readonly<Record<string, unknown>>;

/** Throws `UserError` for a file that is neither. */
export async function readSchemaFile(path: string): Promise<SandboxSchema> {
  const data = parse(await readText(path), path);
  const parts = Array.isArray(data) ? data.map((each) => fromDescribe(each, path)) : [oneOf(data, path)];
  const objects = parts.flatMap((part) => Object.entries(part));
  for (const [object, def] of objects) {
    const problem = problemOf(object, def);
    if (problem !== undefined) throw wrong(path, problem);
  }
  return Object.fromEntries(objects);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new UserError(`the schema ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong(path, `it is no JSON: ${messageOf(cause)}`, cause);
  }
}

function wrong(path: string, why: string, cause?: unknown): UserError {
  return new UserError(`the schema ${path} cannot be used: ${why}`, {
    hint: 'It holds objects by name, as docs/sandbox.md shows, or what `sf sobject describe --sobject NAME --json` printed.',
    cause,
  });
}

function oneOf(data: unknown, path: string): SandboxSchema {
  if (!isObject(data)) throw wrong(path, 'it holds no object');
  return 'result' in data || Array.isArray(data['fields']) ? fromDescribe(data, path) : (data as unknown as SandboxSchema);
}

/** A description of a real org: `{ "name": "Plan__c", "fields": [...] }`, or the same as the `result` of the Salesforce CLI. */
function fromDescribe(data: unknown, path: string): SandboxSchema {
  const description = isObject(data) && isObject(data['result']) ? data['result'] : data;
  if (!isObject(description) || typeof description['name'] !== 'string' || !Array.isArray(description['fields'])) {
    throw wrong(path, 'a description has a name and a list of fields');
  }
  const { name, label, labelPlural, keyPrefix, createable, updateable, deletable, queryable } = description;
  const fields = (description['fields'] as readonly FieldDescribe[]).map((field) => [field.name, fieldOf(field)] as const);
  const def = { label, labelPlural, keyPrefix, createable, updateable, deletable, queryable, fields: Object.fromEntries(fields) };
  const given = Object.entries(def).filter(([, value]) => value !== undefined && value !== null);
  return { [name]: Object.fromEntries(given) as unknown as ObjectDef };
}

function fieldOf({ name: _name, picklistValues, ...field }: FieldDescribe): FieldDef {
  return picklistValues.length === 0 ? field : { ...field, values: picklistValues };
}

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
