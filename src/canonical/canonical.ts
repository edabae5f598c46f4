/**
 * The one place that knows how a raw column becomes a comparable value. Desired and live values pass the same
 * expressions, chosen by the destination's field type. Canonical text is lossless: two values are equal exactly when
 * their canonical texts are. Version it: state remembers what its values were made with.
 */
import { FUNCTIONS } from './functions.ts';
import { asText, type Family, familyOf, isList, matches, type RawValue, stripped } from './raw.ts';
import { dateValue, timestampText, timestampValue } from './time.ts';
import type { FieldType, TextRules } from './types.ts';

export type { RawValue } from './raw.ts';

/** Rises whenever an expression below changes what any value looks like. */
export const CANONICAL_VERSION = 1;

const INT64 = { min: '-9223372036854775808', max: '9223372036854775807' } as const;
const INT128_MAX = '170141183460469231731687303715884105727';

/** The native notation of numbers of any size and scale, `1.50` and `15e-1` alike; DuckDB has no such type. */
export const UNBOUNDED_DECIMAL = 'NUMERIC';

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
      if (from === 'timestamptz' && raw.timezone === undefined)
        return 'an instant has a date only in a time zone: declare `source.timezone`';
      return oneOf(from, ['date', 'timestamp', 'timestamptz', 'text'], raw, 'a date');
    case 'timestamp':
      if (type.zoned && (from === 'timestamp' || from === 'date') && raw.timezone === undefined)
        return `a ${raw.type} has no time zone and the field holds instants: declare \`source.timezone\``;
      return oneOf(from, ['timestamp', 'timestamptz', 'date', 'text'], raw, 'a timestamp');
    case 'set':
      if (from === 'nested' && !isList(raw.type)) return `a ${raw.type} cannot become a set of values: only a list can`;
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
 * type (the caller tells the two apart by the raw value). Never fails on a value: one bad row must not stop a plan.
 */
export function canonicalValue(type: FieldType, raw: RawValue, rules: TextRules = {}): string {
  switch (type.kind) {
    case 'text':
      if (type.keyOf !== undefined) return applyTextRules(keyForm(type.keyOf, raw), rules);
      return textForm(type, applyTextRules(type.native === undefined ? rawText(raw) : nativeText(raw, type.native), rules));
    case 'integer':
      return bounded(integerValue(castable(raw), canonicalType(type)), type);
    case 'decimal':
      return decimalValue(castable(raw), canonicalType(type));
    case 'float':
      return limitedFloat(type, `(${floatValue(castable(raw), canonicalType(type))} + 0::${canonicalType(type)})`); // -0 becomes 0
    case 'boolean':
      return booleanValue(castable(raw));
    case 'date':
      return dateValue(raw);
    case 'timestamp':
      return timestampValue(raw, type);
    case 'json':
      return `${FUNCTIONS.json}(${jsonText(raw)})`;
    case 'set':
      return rules.emptyIsNull === true ? `nullif(${setValue(raw)}, '[]')` : setValue(raw);
    case 'bytes':
      return familyOf(raw.type) === 'text' ? `TRY(from_base64(${raw.sql}))` : `CAST(${raw.sql} AS BLOB)`;
  }
}

/** The text of another record's key, in the form of that key; what is no such key stays as it is. Zeros in front may be digits of a name. */
function keyForm(key: FieldType, raw: RawValue): string {
  const text = rawText(raw);
  const canonical = canonicalText(key, canonicalValue(key, raw));
  const isNamed = familyOf(raw.type) === 'text' && (key.kind === 'integer' || key.kind === 'decimal');
  return isNamed
    ? `CASE WHEN regexp_matches(${text}, '^[+-]?0[0-9]') THEN ${text} ELSE coalesce(${canonical}, ${text}) END`
    : `coalesce(${canonical}, ${text})`;
}

function textForm(type: FieldType & { kind: 'text' }, text: string): string {
  if (type.id18 === true) return `CASE WHEN ${matches(text, '[a-z0-9]{15}([a-z0-9]{3})?')} THEN left(${text}, 15) END`;
  return type.lower === true ? `lower(${text})` : text;
}

/** Text of any raw value, as the source shows it. */
function rawText(raw: RawValue): string {
  const from = familyOf(raw.type);
  if (from === 'text' && !raw.type.toUpperCase().startsWith('ENUM')) return raw.sql;
  if (from === 'nested') return `CAST(to_json(${raw.sql}) AS VARCHAR)`;
  return asText(raw.sql);
}

/** Text in the notation of a DuckDB type that has no field type of its own. Some casts fail on a value even inside TRY_CAST. */
function nativeText(raw: RawValue, native: string): string {
  const from = familyOf(raw.type);
  if (native === UNBOUNDED_DECIMAL) return unboundedText(rawText(raw));
  if (raw.type === native) return asText(raw.sql);
  if (['date', 'timestamp', 'timestamptz', 'other'].includes(from)) return asText(`TRY(CAST(${raw.sql} AS ${native}))`);
  const text = { ...raw, sql: rawText(raw), type: 'VARCHAR' };
  if (native !== 'BIGNUM') return asText(`TRY_CAST(${text.sql} AS ${native})`);
  return asText(integerValue(['integer', 'decimal', 'float'].includes(from) ? raw : text, native));
}

function jsonText(raw: RawValue): string {
  const from = familyOf(raw.type);
  return from === 'text' || from === 'json' || from === 'integer' ? asText(raw.sql) : `CAST(to_json(${raw.sql}) AS VARCHAR)`;
}

/** Only text may list its values without being a JSON array. */
function setValue(raw: RawValue): string {
  const text = jsonText(raw);
  return familyOf(raw.type) === 'text'
    ? `${FUNCTIONS.set}(${text})`
    : `CASE WHEN starts_with(${stripped(text)}, '[') THEN ${FUNCTIONS.set}(${text}) END`;
}

function applyTextRules(sql: string, rules: TextRules): string {
  const lines = rules.lineEnds === true ? `replace(replace(${sql}, chr(13) || chr(10), chr(10)), chr(13), chr(10))` : sql;
  const trimmed = rules.trim === true ? `trim(${lines}, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))` : lines;
  const normal = rules.nfc === true ? `nfc_normalize(${trimmed})` : trimmed;
  return rules.emptyIsNull === true ? `nullif(${normal}, '')` : normal;
}

/** DuckDB's casts from BIGNUM fail even inside TRY_CAST; its text is exact. */
function castable(raw: RawValue): RawValue {
  return raw.type === 'BIGNUM' ? { ...raw, sql: asText(raw.sql), type: 'VARCHAR' } : raw;
}

function integerValue(raw: RawValue, target: string): string {
  const from = familyOf(raw.type);
  if (from === 'text') return `CASE WHEN ${matches(raw.sql, '\\s*[+-]?[0-9]+\\s*')} THEN TRY_CAST(${stripped(raw.sql)} AS ${target}) END`;
  if (from === 'decimal' && target === 'BIGNUM')
    return `CASE WHEN ${raw.sql} = trunc(${raw.sql}) THEN TRY_CAST(${asText(raw.sql)} AS ${target}) END`;
  if (from === 'decimal' || from === 'float') return `CASE WHEN ${raw.sql} = trunc(${raw.sql}) THEN TRY_CAST(${raw.sql} AS ${target}) END`;
  return raw.type === target ? raw.sql : `TRY_CAST(${raw.sql} AS ${target})`;
}

function bounded(sql: string, type: FieldType & { kind: 'integer' }): string {
  if (type.min === INT64.min && type.max === INT64.max) return sql;
  return `CASE WHEN ${sql} BETWEEN ${type.min} AND ${type.max} THEN ${sql} END`;
}

/** Most numbers are as short as they can be already, or end in zeros: only others pass through JavaScript. */
function unboundedText(text: string): string {
  const short = `CASE WHEN contains(${text}, '.') THEN rtrim(rtrim(${text}, '0'), '.') ELSE ${text} END`;
  const number = `CASE WHEN ${matches(text, '-?(0|[1-9][0-9]*)(\\.[0-9]*)?')} AND NOT starts_with(${text}, '-0') THEN ${short} ELSE ${FUNCTIONS.numeric}(${stripped(text)}) END`;
  const named = `WHEN ${matches(text, '\\s*nan\\s*')} THEN 'NaN' WHEN ${matches(text, NOT_FINITE)} THEN CASE WHEN contains(${text}, '-') THEN '-' ELSE '' END || 'Infinity'`;
  return `CASE WHEN ${matches(text, FINITE)} THEN ${number} ${named} END`;
}

const FINITE = '\\s*[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(e[+-]?[0-9]+)?\\s*';
const NOT_FINITE = '\\s*([+-]?inf(inity)?|nan)\\s*';

/** Rounded to the field's scale, as SQL databases do. Floats by their shortest text: 0.29 is 0.29, not the double next to it. */
function decimalValue(raw: RawValue, target: string): string {
  const from = familyOf(raw.type);
  if (raw.type === target) return raw.sql;
  if (from === 'text') return `CASE WHEN ${matches(raw.sql, FINITE)} THEN ${decimalOfText(stripped(raw.sql), target)} END`;
  if (from === 'float') return `CASE WHEN isfinite(${raw.sql}) THEN ${decimalOfText(asText(raw.sql), target)} END`;
  return `TRY_CAST(${raw.sql} AS ${target})`;
}

/** DuckDB misreads negative exponents (it makes 0.01 of 9.99e-5): they are written out first. */
function decimalOfText(text: string, target: string): string {
  return `TRY_CAST(CASE WHEN contains(lower(${text}), 'e') THEN ${FUNCTIONS.number}(${text}) ELSE ${text} END AS ${target})`;
}

/** What is too big for the type is not a value of it: infinity is only what says so. */
function floatValue(raw: RawValue, target: string): string {
  const from = familyOf(raw.type);
  if (raw.type === target) return raw.sql;
  const value = `TRY_CAST(${from === 'text' ? stripped(raw.sql) : raw.sql} AS ${target})`;
  const finite = `CASE WHEN isfinite(${value}) THEN ${value} END`;
  if (from === 'text') return `CASE WHEN ${matches(raw.sql, FINITE)} THEN ${finite} WHEN ${matches(raw.sql, NOT_FINITE)} THEN ${value} END`;
  return from === 'integer' ? finite : value;
}

/** Two doubles that agree in so many digits are one value: `%.14e` writes fifteen. */
function limitedFloat({ digits, whole }: FieldType & { kind: 'float' }, value: string): string {
  if (digits === undefined && whole === undefined) return value;
  const small = whole === undefined ? '' : ` AND abs(${value}) < 1e${whole}`;
  const kept = digits === undefined ? value : `CAST(printf('%.${digits - 1}e', ${value}) AS DOUBLE)`;
  return `CASE WHEN isfinite(${value})${small} THEN ${kept} END`;
}

function booleanValue(raw: RawValue): string {
  const from = familyOf(raw.type);
  if (from === 'boolean') return raw.sql;
  if (from !== 'text') return `CASE WHEN ${raw.sql} = 1 THEN true WHEN ${raw.sql} = 0 THEN false END`;
  const is = (words: string): string => matches(raw.sql, `\\s*(${words})\\s*`);
  return `CASE WHEN ${is('true|t|yes|y|on|1')} THEN true WHEN ${is('false|f|no|n|off|0')} THEN false END`;
}

/** Canonical text of a canonical value: exact, and stable across machines, versions and time zones. */
export function canonicalText(type: FieldType, value: string): string {
  switch (type.kind) {
    case 'text':
    case 'json':
    case 'set':
      return value;
    case 'decimal':
      return decimalText(type, value);
    case 'timestamp':
      return timestampText(type, value);
    case 'bytes':
      return `to_base64(${value})`;
    case 'integer':
    case 'float':
    case 'boolean':
    case 'date':
      return asText(value);
  }
}

/** DuckDB leaves the zero before the point out where the type has no digit for it. */
function decimalText(type: FieldType & { kind: 'decimal' }, value: string): string {
  if (type.scale === 0) return asText(value);
  const text = type.scale < type.precision ? asText(value) : `replace('0' || ${asText(value)}, '0-', '-0')`;
  return `rtrim(rtrim(${text}, '0'), '.')`;
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
    case 'integer':
    case 'decimal':
    case 'float':
    case 'boolean':
    case 'date':
    case 'timestamp':
      return `TRY_CAST(${text} AS ${canonicalType(type)})`;
  }
}

/**
 * Exact text of a raw value in the form of the field's type: what is sent, and what people see. Text rules do not touch
 * it: the destination gets what the source says.
 */
export function exactText(type: FieldType, raw: RawValue): string {
  if (type.kind === 'text' && type.native === undefined && type.keyOf === undefined) return rawText(raw);
  if (type.kind === 'json') return jsonText(raw);
  if (type.kind === 'float' && type.digits !== undefined) return allDigits(type, raw);
  return canonicalText(type, canonicalValue(type, raw));
}

/** Every digit of a number of which fewer are compared. */
function allDigits(type: FieldType & { kind: 'float' }, raw: RawValue): string {
  return `CASE WHEN ${canonicalValue(type, raw)} IS NOT NULL THEN ${unboundedText(rawText(raw))} END`;
}

/** Canonical text of an exact text (what {@link exactText} made): where a written value is compared with what came back. */
export function canonicalOfExact(type: FieldType, text: string, rules: TextRules = {}): string {
  const kinds: readonly string[] = ['text', 'json', 'set'];
  if (kinds.includes(type.kind) || (type.kind === 'float' && type.digits !== undefined))
    return canonicalText(type, canonicalValue(type, { sql: text, type: 'VARCHAR' }, rules));
  return canonicalText(type, valueOfText(type, text));
}
