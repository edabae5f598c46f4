/** Keys: compared in the type of the destination's key field, and only where nothing of the source's value is lost on the way. */
import { canonicalText, canonicalValue, type RawValue, UNBOUNDED_DECIMAL } from './canonical.ts';
import { asText, familyOf } from './raw.ts';
import type { FieldType, TextRules } from './types.ts';

/** Comparable value of a key part: as {@link canonicalValue}, in lower case where the destination tells no cases apart. */
export function canonicalKey(type: FieldType, raw: RawValue, rules: TextRules = {}): string {
  const value = canonicalValue(type, raw, rules);
  return type.kind === 'text' && foldsCase(type, rules) ? `lower(${value})` : value;
}

/** Keys of this type are compared, and kept in state, in lower case. */
export function foldsCase(type: FieldType, rules: TextRules): boolean {
  return type.kind === 'text' && (type.anyCase === true || rules.caseInsensitiveKeys === true);
}

/** Whether a key may be compared in another form than the source writes it: what is sent is then not what is compared. */
export function rewritesKey(type: FieldType, rules: TextRules): boolean {
  if (type.kind !== 'text') return false;
  return foldsCase(type, rules) || type.lower === true || type.id18 === true || rules.trim === true || rules.lineEnds === true || rules.nfc === true; // prettier-ignore
}

/**
 * SQL that is true when the key value (what {@link canonicalKey} made of the raw one) still says what the source said. What is
 * only written in another way (`1.50`, an upper-case UUID, an instant in another zone) is not lost; a rounded number, a cut
 * second, a dropped leading zero is. What a destination does to all text by its rules is not a loss either: it keeps no more.
 */
export function keepsKey(type: FieldType, raw: RawValue, value: string): string {
  const from = familyOf(raw.type);
  switch (type.kind) {
    case 'text':
      if (type.native === UNBOUNDED_DECIMAL && from === 'text') return sameDigits(raw, value);
      return type.native === undefined || (type.native === 'UUID' && from === 'text') ? `${value} IS NOT NULL` : comesBack(raw, value);
    case 'decimal':
      return from === 'text' ? sameDigits(raw, canonicalText(type, value)) : comesBack(raw, value);
    case 'date':
      return from === 'text' || from === 'date' ? `${value} IS NOT NULL` : sameTime(raw, `CAST(${value} AS TIMESTAMP)`, false);
    case 'timestamp':
      return from === 'text' ? sameTimeAsText(type, raw, value) : sameTime(raw, value, type.zoned);
    default:
      return comesBack(raw, value);
  }
}

/** Cast back to the source's type, the value is the source's. */
function comesBack(raw: RawValue, value: string): string {
  return `TRY_CAST(${value} AS ${raw.type}) IS NOT DISTINCT FROM ${raw.sql}`;
}

/** Zeros at the end of a fraction are none of a number's digits; zeros in front may be digits of a name. */
function sameDigits({ sql }: RawValue, text: string): string {
  return `${text} IS NOT DISTINCT FROM CASE WHEN contains(${sql}, '.') THEN rtrim(rtrim(${sql}, '0'), '.') ELSE ${sql} END`;
}

/** Turned back into what the source holds (an instant or a wall clock), through the same zone. */
function sameTime(raw: RawValue, value: string, zoned: boolean): string {
  if ((familyOf(raw.type) === 'timestamptz') === zoned) return comesBack(raw, value);
  const back = canonicalValue(
    { kind: 'timestamp', precision: 6, zoned: !zoned },
    {
      sql: zoned ? value : `TRY_CAST(${value} AS TIMESTAMP)`,
      type: zoned ? 'TIMESTAMP WITH TIME ZONE' : 'TIMESTAMP',
      timezone: raw.timezone,
    },
  );
  return comesBack(raw, back);
}

/** Read in full the text is the same time, and it goes into no more detail than that. */
function sameTimeAsText(type: FieldType & { kind: 'timestamp' }, raw: RawValue, value: string): string {
  const digits = type.precision === 9 ? 9 : 6;
  const full = canonicalValue({ ...type, precision: digits }, raw);
  const finer = `regexp_matches(${asText(raw.sql)}, '[.][0-9]{${digits}}[0-9]*[1-9]')`;
  return `(${value} IS NOT NULL AND ${value} IS NOT DISTINCT FROM ${full} AND NOT ${finer})`;
}
