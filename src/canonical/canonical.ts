/**
 * The one place that knows how a raw column becomes a comparable value. Desired and live values pass the same
 * expressions, chosen by the destination's field type. Canonical text is lossless: two values are equal exactly when
 * their canonical texts are. Version it: state remembers what its values were made with.
 */
import { literal } from '../workspace/quote.ts';
import { FUNCTIONS } from './functions.ts';
import type { FieldType, TextRules } from './types.ts';

/** Rises whenever an expression below changes what any value looks like. */
export const CANONICAL_VERSION = 1;

/** A value in the workspace before it is canonical: an SQL expression and its DuckDB type. */
export interface RawValue {
  readonly sql: string;
  readonly type: string;
  /** Zone of zoneless timestamps of this side, when declared. */
  readonly timezone?: string | undefined;
}

const INT64 = { min: '-9223372036854775808', max: '9223372036854775807' } as const;
const INT128_MAX = '170141183460469231731687303715884105727';

/** The DuckDB type of a canonical value. */
export function canonicalType(type: FieldType): string {
  switch (type.kind) {
    case 'integer':
      if (BigInt(type.min) >= BigInt(INT64.min) && BigInt(type.max) <= BigInt(INT64.max)) return 'BIGINT';
      return BigInt(type.max) > BigInt(INT128_MAX) ? 'UHUGEINT' : 'HUGEINT';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'float':
      return type.bits === 32 ? 'FLOAT' : 'DOUBLE';
    case 'boolean':
      return 'BOOLEAN';
    case 'date':
      return 'DATE';
    case 'timestamp':
      if (type.zoned) return 'TIMESTAMP WITH TIME ZONE';
      return type.precision === 9 ? 'TIMESTAMP_NS' : 'TIMESTAMP';
    case 'bytes':
      return 'BLOB';
    case 'text':
    case 'json':
    case 'set':
      return 'VARCHAR';
  }
}

/** Families of DuckDB types that conversions treat alike. */
type Family = 'text' | 'integer' | 'decimal' | 'float' | 'boolean' | 'date' | 'timestamp' | 'timestamptz' | 'bytes' | 'json' | 'nested' | 'other';

export function familyOf(duckType: string): Family {
  const name = duckType.toUpperCase();
  if (/[[\]]$|^(STRUCT|MAP|UNION|LIST)\b/.test(name)) return 'nested';
  if (/^(VARCHAR|TEXT|STRING|CHAR|ENUM)/.test(name)) return 'text';
  if (/^U?(TINYINT|SMALLINT|INTEGER|INT|BIGINT|HUGEINT)$|^BIGNUM$|^VARINT$/.test(name)) return 'integer';
  if (name.startsWith('DECIMAL')) return 'decimal';
  if (name === 'FLOAT' || name === 'DOUBLE') return 'float';
  if (name === 'BOOLEAN') return 'boolean';
  if (name === 'DATE') return 'date';
  if (name === 'TIMESTAMP WITH TIME ZONE' || name === 'TIMESTAMPTZ') return 'timestamptz';
  if (name.startsWith('TIMESTAMP')) return 'timestamp';
  if (name === 'BLOB') return 'bytes';
  if (name === 'JSON') return 'json';
  return 'other';
}

/** Why no value of a raw type can become a field's type; undefined when it can. A sentence with what to do. */
export function cannotConvert(type: FieldType, raw: RawValue): string | undefined {
  const from = familyOf(raw.type);
  if (raw.type === '"NULL"' || raw.type === 'SQLNULL') return undefined;
  switch (type.kind) {
    case 'text':
    case 'json':
      return undefined;
    case 'integer':
      return oneOf(from, ['integer', 'decimal', 'float', 'text'], raw, 'an integer');
    case 'decimal':
    case 'float':
      return oneOf(from, ['integer', 'decimal', 'float', 'text'], raw, 'a number');
    case 'boolean':
      return oneOf(from, ['boolean', 'integer', 'text'], raw, 'a boolean');
    case 'date':
      if (from === 'timestamptz' && raw.timezone === undefined) return 'an instant has a date only in a time zone: declare `source.timezone`';
      return oneOf(from, ['date', 'timestamp', 'timestamptz', 'text'], raw, 'a date');
    case 'timestamp':
      if (type.zoned && (from === 'timestamp' || from === 'date') && raw.timezone === undefined)
        return `a ${raw.type} has no time zone and the field holds instants: declare \`source.timezone\``;
      return oneOf(from, ['timestamp', 'timestamptz', 'date', 'text'], raw, 'a timestamp');
    case 'set':
      return oneOf(from, ['text', 'nested', 'json'], raw, 'a set of values');
    case 'bytes':
      return oneOf(from, ['bytes'], raw, 'bytes (use encode() or from_base64() in the query)');
  }
}

function oneOf(from: Family, allowed: readonly Family[], raw: RawValue, what: string): string | undefined {
  return allowed.includes(from) ? undefined : `a ${raw.type} cannot become ${what}`;
}

/**
 * Comparable value of a raw one: SQL of type {@link canonicalType}; null for null and for what cannot be read as the
 * type (the caller tells the two apart by the raw value).
 */
export function canonicalValue(type: FieldType, raw: RawValue, rules: TextRules = {}): string {
  const from = familyOf(raw.type);
  switch (type.kind) {
    case 'text':
      return applyTextRules(type.native === undefined ? rawText(raw) : `CAST(TRY_CAST(${raw.sql} AS ${type.native}) AS VARCHAR)`, rules);
    case 'integer':
      return bounded(integerValue(from, raw, canonicalType(type)), type);
    case 'decimal':
      return numberValue(from, raw, canonicalType(type));
    case 'float':
      return `(${numberValue(from, raw, canonicalType(type))} + 0::${canonicalType(type)})`; // -0 becomes 0
    case 'boolean':
      return booleanValue(from, raw);
    case 'date':
      return dateValue(from, raw);
    case 'timestamp':
      return truncated(timestampValue(from, raw, type), type);
    case 'json':
      return `${FUNCTIONS.json}(${jsonText(from, raw)})`;
    case 'set':
      return `${FUNCTIONS.set}(${jsonText(from, raw)})`;
    case 'bytes':
      return `CAST(${raw.sql} AS BLOB)`;
  }
}

/** Text of any raw value, as the source shows it. */
function rawText(raw: RawValue): string {
  const from = familyOf(raw.type);
  if (from === 'text' && !raw.type.toUpperCase().startsWith('ENUM')) return raw.sql;
  if (from === 'nested') return `CAST(to_json(${raw.sql}) AS VARCHAR)`;
  return `CAST(${raw.sql} AS VARCHAR)`;
}

function jsonText(from: Family, raw: RawValue): string {
  if (from === 'text' || from === 'json') return `CAST(${raw.sql} AS VARCHAR)`;
  return `CAST(to_json(${raw.sql}) AS VARCHAR)`;
}

function applyTextRules(sql: string, rules: TextRules): string {
  const lines = rules.lineEnds === true ? `replace(replace(${sql}, chr(13) || chr(10), chr(10)), chr(13), chr(10))` : sql;
  const trimmed = rules.trim === true ? `trim(${lines}, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))` : lines;
  const normal = rules.nfc === true ? `nfc_normalize(${trimmed})` : trimmed;
  return rules.emptyIsNull === true ? `nullif(${normal}, '')` : normal;
}

function integerValue(from: Family, raw: RawValue, target: string): string {
  if (from === 'text') return `CASE WHEN regexp_full_match(${raw.sql}, '\\s*[+-]?[0-9]+\\s*') THEN TRY_CAST(trim(${raw.sql}) AS ${target}) END`;
  if (from === 'decimal' || from === 'float') return `CASE WHEN ${raw.sql} = trunc(${raw.sql}) THEN TRY_CAST(${raw.sql} AS ${target}) END`;
  return raw.type === target ? raw.sql : `TRY_CAST(${raw.sql} AS ${target})`;
}

function bounded(sql: string, type: FieldType & { kind: 'integer' }): string {
  if (type.min === INT64.min && type.max === INT64.max) return sql;
  return `CASE WHEN ${sql} BETWEEN ${type.min} AND ${type.max} THEN ${sql} END`;
}

const NUMBER = "'\\s*[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*|\\s*[+-]?(?i:nan|inf|infinity)\\s*'";

function numberValue(from: Family, raw: RawValue, target: string): string {
  if (raw.type === target) return raw.sql;
  if (from === 'text') return `CASE WHEN regexp_full_match(${raw.sql}, ${NUMBER}) THEN TRY_CAST(trim(${raw.sql}) AS ${target}) END`;
  return `TRY_CAST(${raw.sql} AS ${target})`;
}

function booleanValue(from: Family, raw: RawValue): string {
  if (from === 'boolean') return raw.sql;
  const text = from === 'text' ? `lower(trim(${raw.sql}))` : `CAST(${raw.sql} AS VARCHAR)`;
  return `CASE WHEN ${text} IN ('true', 't', 'yes', 'y', 'on', '1') THEN true WHEN ${text} IN ('false', 'f', 'no', 'n', 'off', '0') THEN false END`;
}

function dateValue(from: Family, raw: RawValue): string {
  if (from === 'date') return raw.sql;
  if (from === 'timestamptz') return `CAST(timezone(${literal(raw.timezone ?? 'UTC')}, ${raw.sql}) AS DATE)`;
  if (from === 'text') return `CASE WHEN regexp_full_match(${raw.sql}, '\\s*[+-]?[0-9]{4,6}-[0-9]{2}-[0-9]{2}( \\(BC\\))?\\s*|-?infinity') THEN TRY_CAST(trim(${raw.sql}) AS DATE) END`;
  return `CAST(${raw.sql} AS DATE)`;
}

const HAS_ZONE = "'.*([zZ]|[+-][0-9]{2}(:?[0-9]{2}){0,2}| UTC)\\s*|-?infinity'";

function timestampValue(from: Family, raw: RawValue, type: FieldType & { kind: 'timestamp' }): string {
  const zone = raw.timezone === undefined ? undefined : literal(raw.timezone);
  const local = type.precision === 9 && !type.zoned ? 'TIMESTAMP_NS' : 'TIMESTAMP';
  if (from === 'text') {
    const instant = `TRY_CAST(${raw.sql} AS TIMESTAMPTZ)`;
    const wall = `TRY_CAST(${raw.sql} AS ${local})`;
    const hasTime = `regexp_full_match(substring(${raw.sql}, 11), ${HAS_ZONE})`; // the zone follows the date's ten characters
    if (type.zoned) return `CASE WHEN ${hasTime} THEN ${instant}${zone === undefined ? '' : ` ELSE timezone(${zone}, ${wall})`} END`;
    return `CASE WHEN ${hasTime} THEN CAST(timezone(${zone ?? "'UTC'"}, ${instant}) AS ${local}) ELSE ${wall} END`;
  }
  if (from === 'timestamptz') return type.zoned ? raw.sql : `CAST(timezone(${zone ?? "'UTC'"}, ${raw.sql}) AS ${local})`;
  if (type.zoned) return `timezone(${zone ?? "'UTC'"}, CAST(${raw.sql} AS TIMESTAMP))`;
  return raw.type === local ? raw.sql : `CAST(${raw.sql} AS ${local})`;
}

function truncated(sql: string, type: FieldType & { kind: 'timestamp' }): string {
  if (type.precision >= 6) return sql;
  return `date_trunc('${type.precision === 0 ? 'second' : 'millisecond'}', ${sql})`;
}

/** Canonical text of a canonical value: exact, and stable across machines, versions and time zones. */
export function canonicalText(type: FieldType, value: string): string {
  switch (type.kind) {
    case 'text':
    case 'json':
    case 'set':
      return value;
    case 'decimal':
      return type.scale === 0 ? `CAST(${value} AS VARCHAR)` : `rtrim(rtrim(CAST(${value} AS VARCHAR), '0'), '.')`;
    case 'timestamp':
      return isoText(type.zoned ? `timezone('UTC', ${value})` : value, type.zoned ? 'Z' : '');
    case 'bytes':
      return `to_base64(${value})`;
    case 'integer':
    case 'float':
    case 'boolean':
    case 'date':
      return `CAST(${value} AS VARCHAR)`;
  }
}

/** `2024-05-01T10:00:00Z`. `infinity` and years before Christ keep DuckDB's spelling. */
function isoText(local: string, suffix: string): string {
  const text = `CAST(${local} AS VARCHAR)`;
  const hasTime = `regexp_full_match(${text}, '[0-9]+-[0-9]{2}-[0-9]{2} [0-9:.]+')`;
  return `CASE WHEN ${hasTime} THEN replace(${text}, ' ', 'T') || '${suffix}' ELSE ${text} END`;
}

/** The canonical value of canonical text: the inverse of {@link canonicalText}. */
export function valueOfText(type: FieldType, text: string): string {
  switch (type.kind) {
    case 'text':
    case 'json':
    case 'set':
      return text;
    case 'bytes':
      return `from_base64(${text})`;
    case 'timestamp':
      return timestampOfText(type, text);
    case 'integer':
    case 'decimal':
    case 'float':
    case 'boolean':
    case 'date':
      return `TRY_CAST(${text} AS ${canonicalType(type)})`;
  }
}

function timestampOfText(type: FieldType & { kind: 'timestamp' }, text: string): string {
  return type.zoned ? `timezone('UTC', TRY_CAST(replace(${text}, 'Z', '') AS TIMESTAMP))` : `TRY_CAST(${text} AS ${canonicalType(type)})`;
}

/**
 * Exact text of a raw value in the form of the field's type: what is sent, and what people see. Text rules do not touch
 * it: the destination gets what the source says.
 */
export function exactText(type: FieldType, raw: RawValue): string {
  if (type.kind === 'text' && type.native === undefined) return rawText(raw);
  if (type.kind === 'json') return jsonText(familyOf(raw.type), raw);
  return canonicalText(type, canonicalValue(type, raw));
}

/** Canonical text of an exact text (what {@link exactText} made): where a written value is compared with what came back. */
export function canonicalOfExact(type: FieldType, text: string, rules: TextRules = {}): string {
  const kinds: readonly string[] = ['text', 'json', 'set'];
  if (kinds.includes(type.kind)) return canonicalText(type, canonicalValue(type, { sql: text, type: 'VARCHAR' }, rules));
  return canonicalText(type, valueOfText(type, text));
}
