/** DuckDB's types as field types, and exact text as values of DuckDB's types. */
import type { FieldType } from '../../canonical/types.ts';
import { literal } from '../../workspace/quote.ts';

/** A field type, or why a column of the type cannot be written. */
export interface TypeInfo {
  readonly type: FieldType;
  /** The only values of an ENUM. */
  readonly allowed?: readonly string[];
  readonly readOnlyReason?: string;
}

const INTEGERS: Readonly<Record<string, { bits: bigint; signed: boolean }>> = {
  TINYINT: { bits: 8n, signed: true },
  SMALLINT: { bits: 16n, signed: true },
  INTEGER: { bits: 32n, signed: true },
  BIGINT: { bits: 64n, signed: true },
  HUGEINT: { bits: 128n, signed: true },
  UTINYINT: { bits: 8n, signed: false },
  USMALLINT: { bits: 16n, signed: false },
  UINTEGER: { bits: 32n, signed: false },
  UBIGINT: { bits: 64n, signed: false },
  UHUGEINT: { bits: 128n, signed: false },
};

const PLAIN: Readonly<Record<string, FieldType>> = {
  VARCHAR: { kind: 'text' },
  BOOLEAN: { kind: 'boolean' },
  FLOAT: { kind: 'float', bits: 32 },
  DOUBLE: { kind: 'float', bits: 64 },
  DATE: { kind: 'date' },
  TIMESTAMP_S: { kind: 'timestamp', precision: 0, zoned: false },
  TIMESTAMP_MS: { kind: 'timestamp', precision: 3, zoned: false },
  TIMESTAMP: { kind: 'timestamp', precision: 6, zoned: false },
  TIMESTAMP_NS: { kind: 'timestamp', precision: 9, zoned: false },
  'TIMESTAMP WITH TIME ZONE': { kind: 'timestamp', precision: 6, zoned: true },
  BLOB: { kind: 'bytes' },
  JSON: { kind: 'json' },
};

/** The field type of a column, from DuckDB's name of its type. What is not known is text in the type's own notation. */
export function typeInfo(native: string): TypeInfo {
  const integer = INTEGERS[native];
  if (integer !== undefined) return { type: { kind: 'integer', ...boundsOf(integer) } };
  const plain = PLAIN[native];
  if (plain !== undefined) return { type: plain };
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(native);
  if (decimal !== null) return { type: { kind: 'decimal', precision: Number(decimal[1]), scale: Number(decimal[2]) } };
  if (isNested(native)) return { type: { kind: 'json' } };
  if (native.startsWith('ENUM(')) return { type: { kind: 'text' }, allowed: enumValues(native) };
  if (native === 'VARIANT') return { type: { kind: 'json' }, readOnlyReason: 'a VARIANT loses its inner types on the way' };
  return { type: { kind: 'text', native } };
}

function boundsOf({ bits, signed }: { bits: bigint; signed: boolean }): { min: string; max: string } {
  if (!signed) return { min: '0', max: String(2n ** bits - 1n) };
  return { min: String(-(2n ** (bits - 1n))), max: String(2n ** (bits - 1n) - 1n) };
}

function isNested(native: string): boolean {
  return native.endsWith(']') || /^(STRUCT|MAP|UNION)\(/.test(native);
}

/** `ENUM('a', 'it''s')` to its values. */
function enumValues(native: string): string[] {
  return [...native.matchAll(/'((?:[^']|'')*)'/g)].map((match) => (match[1] ?? '').replaceAll("''", "'"));
}

/** SQL of the value of a column's type, from SQL of its exact text. Fails on text that is no such value. */
export function valueOfText(native: string, text: string): string {
  if (native === 'VARCHAR') return text;
  if (native === 'BLOB') return `from_base64(${text})`;
  if (isNested(native)) return `CAST(CAST(CAST(${exactNumbers(native, text)} AS JSON) AS ${readableFromJson(native)}) AS ${native})`;
  return `CAST(${text} AS ${native})`;
}

/** Like {@link valueOfText}, but null for text that is no such value: to look for a record by its key. */
export function lookupOfText(native: string, text: string): string {
  if (native === 'VARCHAR') return text;
  if (native === 'BLOB') return `TRY(from_base64(${text}))`;
  return isNested(native) ? `TRY(${valueOfText(native, text)})` : `TRY_CAST(${text} AS ${native})`;
}

/**
 * The type with some of its parts as text: out of JSON, DuckDB reads decimals by way of a double, takes the escapes of a
 * BLOB for its bytes, and does not know BIT and BIGNUM. Quoted names of fields and values of enums stay as they are.
 */
function readableFromJson(native: string): string {
  const parts = /"(?:[^"]|"")*"|'(?:[^']|'')*'|(?<=[ (]|^)(?:DECIMAL\(\d+,\d+\)|BLOB|BIT|BIGNUM)(?=[[,)])/g;
  return native.replace(parts, (part) => (/^["']/.test(part) ? part : 'VARCHAR'));
}

const JSON_TOKENS = literal(String.raw`"(?:[^"\\]|\\.)*"|-?[0-9][-+0-9.eE]*|[^"0-9-]+|-`);

/** JSON whose numbers stand in quotes: DuckDB's parser makes a double of every number that has a fraction. */
function exactNumbers(native: string, text: string): string {
  if (!native.includes('DECIMAL(')) return text;
  const tokens = `regexp_extract_all(${text}, ${JSON_TOKENS})`;
  return `array_to_string(list_transform(${tokens}, lambda x: CASE WHEN regexp_matches(x, '^-?[0-9]') THEN '"' || x || '"' ELSE x END), '')`;
}
