/** The JSON Schemas in `schemas/`: one registry, each read and compiled once and only when something needs it. */
import { readFileSync } from 'node:fs';

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';

import { SCHEMA_FOLDER } from './schema-folder.ts';

/** A schema, or a part of one. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/** Types of connections. A new type is one schema file and one line here. */
const CONNECTION_TYPES = ['bigquery', 'duckdb', 'postgres', 'salesforce'] as const;

/**
 * Our own keywords. `x-expected`: the pattern in words; `x-empty`: what to say when there is nothing; `x-not`: what to say
 * when `not` fails; `x-path`: a path relative to the document; `x-secret`: never shown; `x-sql`: SQL of the user;
 * `x-roles`: what a connection can be used as.
 */
const KEYWORDS = ['x-expected', 'x-empty', 'x-not', 'x-path', 'x-secret', 'x-sql', 'x-roles'];

const files = new Map<string, Schema>();
const compiled = new WeakMap<Schema, ValidateFunction>();

/** A schema of the package by name: `sync`, `connection.duckdb`. */
export function readSchema(name: string): Schema {
  const known = files.get(name);
  if (known !== undefined) return known;
  const schema = JSON.parse(readFileSync(`${SCHEMA_FOLDER}${name}.schema.json`, 'utf8')) as Schema;
  files.set(name, schema);
  return schema;
}

/** The schema of each connection type of this version. */
export function connectionSchemas(): ReadonlyMap<string, Schema> {
  return new Map(CONNECTION_TYPES.map((type) => [type, readSchema(`connection.${type}`)]));
}

/** What is wrong with a value, in ajv's words. */
export function check(schema: Schema, value: unknown): readonly ErrorObject[] {
  const known = compiled.get(schema);
  const validate = known ?? compile(schema);
  if (known === undefined) compiled.set(schema, validate);
  return validate(value) ? [] : (validate.errors ?? []);
}

function compile(schema: Schema): ValidateFunction {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    strictRequired: false,
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
  });
  ajv.addVocabulary(KEYWORDS);
  const { $schema: _dialect, ...rest } = schema;
  return ajv.compile(rest);
}

/** The schema of a property, `$ref`s followed; undefined when the schema, with all of its branches, does not know it. */
export function propertySchema(root: Schema, schema: Schema, key: string): Schema | undefined {
  const branches = (schema['oneOf'] ?? []) as readonly Schema[];
  const owner = [schema, ...branches].find((each) => Object.hasOwn((each['properties'] ?? {}) as Schema, key));
  const direct = owner === undefined ? schema['additionalProperties'] : (owner['properties'] as Schema)[key];
  return typeof direct === 'object' ? followed(root, direct as Schema) : undefined;
}

/** The schema of a list's items. */
export function itemSchema(root: Schema, schema: Schema): Schema | undefined {
  const items = schema['items'] as Schema | boolean | undefined;
  return typeof items === 'object' ? followed(root, items) : undefined;
}

function followed(root: Schema, schema: Schema): Schema {
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return schema;
  const target = reference
    .split('/')
    .slice(1)
    .reduce<unknown>((at, step) => (at as Schema)[step], root);
  return { ...(target as Schema), ...schema };
}
