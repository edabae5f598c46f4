/** Schemas as the API takes them, checked and brought to the legacy names in which it answers. */
import type { Field } from './engine.ts';
import { ApiError, notImplemented } from './errors.ts';

const TYPES: Readonly<Record<string, string>> = {
  INT64: 'INTEGER',
  INTEGER: 'INTEGER',
  FLOAT64: 'FLOAT',
  FLOAT: 'FLOAT',
  BOOL: 'BOOLEAN',
  BOOLEAN: 'BOOLEAN',
  STRUCT: 'RECORD',
  RECORD: 'RECORD',
  STRING: 'STRING',
  BYTES: 'BYTES',
  NUMERIC: 'NUMERIC',
  BIGNUMERIC: 'BIGNUMERIC',
  DATE: 'DATE',
  DATETIME: 'DATETIME',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMP',
  JSON: 'JSON',
  GEOGRAPHY: 'GEOGRAPHY',
  INTERVAL: 'INTERVAL',
  RANGE: 'RANGE',
};

const KNOWN = new Set([
  'name',
  'type',
  'mode',
  'fields',
  'precision',
  'scale',
  'maxLength',
  'description',
  'defaultValueExpression',
  'rangeElementType',
]);

/** Reads `{fields: [...]}`; a field without a mode keeps none in the answers of the API, and is NULLABLE. */
export function parseSchema(schema: unknown): readonly Field[] {
  if (!isObject(schema) || !Array.isArray(schema['fields'])) throw new ApiError('invalid', 'Schema has no fields');
  return parseFields(schema['fields'], '');
}

function parseFields(fields: readonly unknown[], path: string): readonly Field[] {
  const parsed = fields.map((field) => parseField(field, path));
  const names = parsed.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new ApiError('invalid', `Field ${path}${twice} already exists in schema`);
  return parsed;
}

function parseField(field: unknown, path: string): Field {
  if (!isObject(field)) throw new ApiError('invalid', 'Schema field is not an object');
  for (const key of Object.keys(field)) if (!KNOWN.has(key)) throw notImplemented(`schema field property ${key}`);
  const { name, mode = 'NULLABLE', fields } = field;
  const type = TYPES[String(field['type']).toUpperCase()];
  if (typeof name !== 'string' || !/^[\p{L}\p{N}_ &%=+:'<>#|-]{1,300}$/u.test(name)) {
    throw new ApiError('invalid', `Invalid field name "${String(name)}".`);
  }
  if (type === undefined) throw new ApiError('invalid', `Invalid value for type: ${String(field['type'])} is not a valid value`);
  if (mode !== 'NULLABLE' && mode !== 'REQUIRED' && mode !== 'REPEATED')
    throw new ApiError('invalid', `Invalid value for mode: ${String(mode)}`);
  if ((type === 'RECORD') !== Array.isArray(fields)) throw new ApiError('invalid', `Field ${path}${name} is type RECORD but has no schema`);
  const nested = Array.isArray(fields) ? { fields: parseFields(fields, `${path}${name}.`) } : {};
  const { rangeElementType, ...rest } = field as Partial<Field>;
  return { ...rest, ...(rangeElementType === undefined ? {} : { rangeElementType }), name, type, mode, ...nested };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
