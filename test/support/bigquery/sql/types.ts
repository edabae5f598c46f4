/** BigQuery's types beside DuckDB's. */
import { DuckDBTypeId, type DuckDBType, type DuckDBStructType } from '@duckdb/node-api';

import type { Field, ParameterType } from '../engine.ts';
import { invalidQuery, unknownToFake } from './error.ts';
import { ident } from './strings.ts';

/** A type without a name: `STRUCT` has fields, `ARRAY` an element. Names are GoogleSQL's (INT64, BOOL, ...). */
export interface SqlType {
  readonly name: string;
  readonly element?: SqlType;
  readonly fields?: readonly { readonly name: string; readonly type: SqlType }[];
  /** Of DuckDB's INTEGER: a bare NULL has that type, and what the translation makes otherwise is BIGINT nearly always. */
  readonly maybeNull?: true;
  /** As written, `(10, 2)`. */
  readonly parameters?: readonly number[];
}

/**
 * BIGNUMERIC is a whole number of 10^-38 in DuckDB's BIGNUM, which orders and adds it exactly; GEOGRAPHY is its text and RANGE its two ends,
 * each in a struct of their own, so that no other type is taken for them.
 */
const DUCKDB: Readonly<Record<string, string>> = {
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  BOOL: 'BOOLEAN',
  STRING: 'VARCHAR',
  BYTES: 'BLOB',
  NUMERIC: 'DECIMAL(38, 9)',
  BIGNUMERIC: 'BIGNUM',
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMPTZ',
  JSON: 'JSON',
  INTERVAL: 'INTERVAL',
  GEOGRAPHY: 'STRUCT("$geography" VARCHAR)',
};

const ALIASES: Readonly<Record<string, string>> = {
  INT: 'INT64',
  SMALLINT: 'INT64',
  INTEGER: 'INT64',
  BIGINT: 'INT64',
  TINYINT: 'INT64',
  BYTEINT: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
  DECIMAL: 'NUMERIC',
  BIGDECIMAL: 'BIGNUMERIC',
  RECORD: 'STRUCT',
};

const LEGACY: Readonly<Record<string, string>> = { INT64: 'INTEGER', FLOAT64: 'FLOAT', BOOL: 'BOOLEAN', STRUCT: 'RECORD' };

/** GoogleSQL's own name of a type, from any of its names; undefined: no type. */
export function typeName(name: string): string | undefined {
  const upper = name.toUpperCase();
  const known = ALIASES[upper] ?? upper;
  return known in DUCKDB || known === 'STRUCT' || known === 'ARRAY' || known === 'RANGE' ? known : undefined;
}

export function duckdbType(type: SqlType): string {
  if (type.name === 'ARRAY' && type.element !== undefined) return `${duckdbType(type.element)}[]`;
  if (type.name === 'RANGE' && type.element !== undefined) {
    const element = duckdbType(type.element);
    return `STRUCT("$from" ${element}, "$to" ${element})`;
  }
  if (type.name === 'STRUCT' && type.fields !== undefined) {
    const fields = type.fields.map(
      (field, index) => `${ident(field.name === '' ? `_field_${index + 1}` : field.name)} ${duckdbType(field.type)}`,
    );
    return `STRUCT(${fields.join(', ')})`;
  }
  const name = DUCKDB[type.name];
  if (name === undefined) throw unknownToFake(`the type ${type.name}`);
  return name;
}

/** As GoogleSQL writes it: `ARRAY<STRUCT<a INT64>>`. */
export function typeText(type: SqlType): string {
  if (type.element !== undefined) return `${type.name}<${typeText(type.element)}>`;
  if (type.fields !== undefined) return `STRUCT<${type.fields.map((field) => `${field.name} ${typeText(field.type)}`.trim()).join(', ')}>`;
  return type.parameters === undefined ? type.name : `${type.name}(${type.parameters.join(', ')})`;
}

export function typeOfField(field: Field): SqlType {
  const type = typeOfOne(field);
  return field.mode === 'REPEATED' ? { name: 'ARRAY', element: type } : type;
}

function typeOfOne(field: Field): SqlType {
  const name = typeName(field.type);
  if (name === undefined) throw invalidQuery(`Invalid type: ${field.type}`);
  if (name === 'STRUCT') return { name, fields: (field.fields ?? []).map((inner) => ({ name: inner.name, type: typeOfField(inner) })) };
  if (name === 'RANGE') return { name, element: { name: typeName(field.rangeElementType?.type ?? 'DATE') ?? 'DATE' } };
  const parameters = [field.maxLength ?? field.precision, field.scale].flatMap((value) => (value === undefined ? [] : [Number(value)]));
  return parameters.length === 0 ? { name } : { name, parameters };
}

/** A column of a result or a table, in the API's words. */
export function fieldOf(name: string, type: SqlType, mode: 'NULLABLE' | 'REQUIRED' = 'NULLABLE'): Field {
  const one = type.name === 'ARRAY' && type.element !== undefined ? type.element : type;
  const [first, second] = one.parameters ?? [];
  const limits =
    one.name === 'STRING' || one.name === 'BYTES'
      ? { maxLength: String(first) }
      : { precision: String(first), ...(second === undefined ? {} : { scale: String(second) }) };
  return {
    name,
    type: LEGACY[one.name] ?? one.name,
    mode: type.name === 'ARRAY' ? 'REPEATED' : mode,
    ...(one.fields === undefined ? {} : { fields: one.fields.map((field) => fieldOf(field.name, field.type)) }),
    ...(one.name === 'RANGE' && one.element !== undefined ? { rangeElementType: { type: one.element.name } } : {}),
    ...(first === undefined ? {} : limits),
  };
}

export function typeOfParameter(type: ParameterType): SqlType {
  const name = typeName(type.type);
  if (name === undefined) throw invalidQuery(`Invalid parameter type: ${type.type}`);
  if (name === 'ARRAY' && type.arrayType !== undefined) return { name, element: typeOfParameter(type.arrayType) };
  if (name === 'RANGE' && type.rangeElementType !== undefined) return { name, element: typeOfParameter(type.rangeElementType) };
  if (name !== 'STRUCT') return { name };
  return { name, fields: (type.structTypes ?? []).map((field) => ({ name: field.name ?? '', type: typeOfParameter(field.type) })) };
}

const SIMPLE: Readonly<Partial<Record<DuckDBTypeId, string>>> = {
  [DuckDBTypeId.BOOLEAN]: 'BOOL',
  [DuckDBTypeId.TINYINT]: 'INT64',
  [DuckDBTypeId.SMALLINT]: 'INT64',
  [DuckDBTypeId.BIGINT]: 'INT64',
  [DuckDBTypeId.UTINYINT]: 'INT64',
  [DuckDBTypeId.USMALLINT]: 'INT64',
  [DuckDBTypeId.UINTEGER]: 'INT64',
  [DuckDBTypeId.UBIGINT]: 'INT64',
  [DuckDBTypeId.HUGEINT]: 'INT64',
  [DuckDBTypeId.FLOAT]: 'FLOAT64',
  [DuckDBTypeId.DOUBLE]: 'FLOAT64',
  [DuckDBTypeId.DECIMAL]: 'NUMERIC',
  [DuckDBTypeId.BIGNUM]: 'BIGNUMERIC',
  [DuckDBTypeId.BLOB]: 'BYTES',
  [DuckDBTypeId.DATE]: 'DATE',
  [DuckDBTypeId.TIME]: 'TIME',
  [DuckDBTypeId.TIMESTAMP]: 'DATETIME',
  [DuckDBTypeId.TIMESTAMP_TZ]: 'TIMESTAMP',
  [DuckDBTypeId.INTERVAL]: 'INTERVAL',
};

/** BigQuery's type of what DuckDB computed. */
export function typeOfResult(type: DuckDBType): SqlType {
  if (type.typeId === DuckDBTypeId.VARCHAR) return { name: type.alias === 'JSON' ? 'JSON' : 'STRING' };
  if (type.typeId === DuckDBTypeId.LIST) return { name: 'ARRAY', element: typeOfResult(type.valueType) };
  if (type.typeId === DuckDBTypeId.STRUCT) return typeOfStruct(type);
  if (type.typeId === DuckDBTypeId.INTEGER || type.typeId === DuckDBTypeId.SQLNULL) return { name: 'INT64', maybeNull: true };
  const name = SIMPLE[type.typeId];
  if (name === undefined) throw unknownToFake(`what BigQuery calls DuckDB's ${type.toString()}`);
  return { name };
}

function typeOfStruct(type: DuckDBStructType): SqlType {
  const [name] = type.entryNames;
  if (name === '$geography') return { name: 'GEOGRAPHY' };
  const fields = type.entryTypes.map((entry, index) => ({ name: type.entryNames[index] ?? '', type: typeOfResult(entry) }));
  const [first] = fields;
  return name === '$from' && first !== undefined ? { name: 'RANGE', element: first.type } : { name: 'STRUCT', fields };
}
