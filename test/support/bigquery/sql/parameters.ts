/** Query parameters to DuckDB's literals. Texts are quoted; everything else is converted from a quoted text. */
import type { ParameterType, ParameterValue, QueryParameter } from '../engine.ts';
import { castTo } from './casts.ts';
import { invalidQuery, type Position } from './error.ts';
import { rangeOf } from './literals.ts';
import { ident, text } from './strings.ts';
import { duckdbType, typeOfParameter } from './types.ts';

/** The expression of a parameter: by its name, or `?2`. */
export function parameterOf(parameters: readonly QueryParameter[], name: string, where: Position): string {
  const found = name.startsWith('?')
    ? parameters[Number(name.slice(1)) - 1]
    : parameters.find((parameter) => parameter.name?.toLowerCase() === name.toLowerCase());
  if (found === undefined) {
    throw name.startsWith('?')
      ? invalidQuery(`Query parameter number ${name.slice(1)} is not defined`, where)
      : invalidQuery(`Query parameter '${name}' not found`, where);
  }
  return `(${valueOf(found.parameterType, found.parameterValue)})`;
}

function valueOf(type: ParameterType, given: ParameterValue | undefined): string {
  const sqlType = typeOfParameter(type);
  if (type.type === 'ARRAY' && type.arrayType !== undefined) {
    const element = type.arrayType;
    const items = (given?.arrayValues ?? []).map((item) => valueOf(element, item));
    return `CAST([${items.join(', ')}] AS ${duckdbType(sqlType)})`;
  }
  if (type.type === 'STRUCT' && given?.structValues !== undefined) {
    const fields = (type.structTypes ?? []).map((field, index) => {
      const name = field.name ?? `_field_${index + 1}`;
      return `${ident(name)} := ${valueOf(field.type, given.structValues?.[name])}`;
    });
    return `struct_pack(${fields.join(', ')})`;
  }
  const value = given?.value;
  if (value === undefined || value === null) return `CAST(NULL AS ${duckdbType(sqlType)})`;
  return scalar(String(value), sqlType.name, type);
}

/** A text literal as a value. */
function scalar(value: string, name: string, type: ParameterType): string {
  switch (name) {
    case 'STRING':
      return text(value);
    case 'BYTES':
      return `from_base64(${text(value)})`;
    case 'JSON':
      return `bq_parse_json(${text(value)})::JSON`;
    case 'GEOGRAPHY':
      return `struct_pack("$geography" := ${text(value)})`;
    case 'RANGE': {
      const [from = '', to = ''] = value.replace(/^\[|\)$/g, '').split(', ');
      return rangeOf(from, to, typeOfParameter(type));
    }
    default:
      return castTo(text(value), { name });
  }
}
