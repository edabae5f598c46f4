/** Canonical dates and timestamps: cut to the field's precision, never rounded; zones only where they are declared or written. */
import { literal } from '../workspace/quote.ts';
import { asText, familyOf, matches, type RawValue, stripped } from './raw.ts';
import type { FieldType } from './types.ts';

type TimestampType = FieldType & { kind: 'timestamp' };

const INFINITE = '\\s*-?infinity\\s*';
const DAY = '-?[0-9]{4,7}-[0-9]{1,2}-[0-9]{1,2}( \\(BC\\))?';
const TIME = '[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?';
const ZONE = '( UTC| ?Z| ?[+-][0-9]{2}(:?[0-9]{2}){0,2})';
const WALL = `\\s*${DAY}(${TIME})?\\s*|${INFINITE}`;
const INSTANT = `\\s*${DAY}${TIME}${ZONE}\\s*|${INFINITE}`;

/** The day of a raw value; of an instant, its day in the declared zone. */
export function dateValue(raw: RawValue): string {
  switch (familyOf(raw.type)) {
    case 'date':
      return raw.sql;
    case 'timestamptz':
      return `CAST(${wallClock(raw.sql, raw.timezone)} AS DATE)`;
    case 'text':
      return `CASE WHEN ${matches(raw.sql, `\\s*${DAY}\\s*|${INFINITE}`)} THEN TRY_CAST(upper(${stripped(raw.sql)}) AS DATE) END`;
    default:
      return `CAST(${microseconds(raw)} AS DATE)`;
  }
}

/** Instant or wall-clock time of a raw value, whichever the field holds. */
export function timestampValue(raw: RawValue, type: TimestampType): string {
  return truncated(type.zoned ? instantValue(raw) : localValue(raw, type.precision === 9 ? 'TIMESTAMP_NS' : 'TIMESTAMP'), type);
}

function instantValue(raw: RawValue): string {
  switch (familyOf(raw.type)) {
    case 'timestamptz':
      return raw.sql;
    case 'text': {
      const wall = `WHEN ${matches(raw.sql, WALL)} THEN ${instantOf(wallOfText(raw.sql, 'TIMESTAMP'), raw.timezone)}`;
      return `CASE WHEN ${matches(raw.sql, INSTANT)} THEN ${instantOfText(raw.sql)} ${raw.timezone === undefined ? '' : wall} END`;
    }
    default:
      return instantOf(microseconds(raw), raw.timezone);
  }
}

function localValue(raw: RawValue, local: 'TIMESTAMP' | 'TIMESTAMP_NS'): string {
  switch (familyOf(raw.type)) {
    case 'timestamptz':
      return asLocal(wallClock(raw.sql, raw.timezone), local);
    case 'text': {
      const converted = asLocal(wallClock(instantOfText(raw.sql), raw.timezone), local);
      return `CASE WHEN ${matches(raw.sql, INSTANT)} THEN ${converted} WHEN ${matches(raw.sql, WALL)} THEN ${wallOfText(raw.sql, local)} END`;
    }
    default:
      if (raw.type === local) return raw.sql;
      return local === 'TIMESTAMP' ? microseconds(raw) : asLocal(raw.sql, local);
  }
}

/** DuckDB refuses the blank and the lower-case `z` that others write before and for a zone. */
function instantOfText(sql: string): string {
  const plain = `replace(replace(replace(upper(${stripped(sql)}), ' +', '+'), ' -', '-'), ' Z', 'Z')`;
  return `TRY_CAST(${plain} AS TIMESTAMPTZ)`;
}

function wallOfText(sql: string, local: string): string {
  return `TRY_CAST(upper(${stripped(sql)}) AS ${local})`;
}

// Near the ends of the range the conversion fails, and TRY makes the value unreadable instead.
function instantOf(wall: string, timezone: string | undefined): string {
  return `TRY(timezone(${literal(timezone ?? 'UTC')}, ${wall}))`;
}

function wallClock(instant: string, timezone: string | undefined): string {
  return `TRY(timezone(${literal(timezone ?? 'UTC')}, ${instant}))`;
}

function asLocal(timestamp: string, local: 'TIMESTAMP' | 'TIMESTAMP_NS'): string {
  return local === 'TIMESTAMP' ? timestamp : `TRY(CAST(${timestamp} AS ${local}))`; // TRY_CAST fails out of range
}

/** A date or wall-clock time in microseconds. DuckDB cuts nanoseconds towards 1970: before it, one microsecond too late. */
function microseconds(raw: RawValue): string {
  if (raw.type === 'TIMESTAMP') return raw.sql;
  const cut = `TRY_CAST(${raw.sql} AS TIMESTAMP)`;
  if (raw.type !== 'TIMESTAMP_NS') return cut;
  return `CASE WHEN CAST(${cut} AS TIMESTAMP_NS) > ${raw.sql} THEN ${cut} - INTERVAL 1 MICROSECOND ELSE ${cut} END`;
}

function truncated(sql: string, type: TimestampType): string {
  if (type.precision >= 6) return sql;
  return `date_trunc('${type.precision === 0 ? 'second' : 'millisecond'}', ${sql})`;
}

/** `2024-05-01T10:00:00Z`, `0044-03-15 (BC)T10:00:00`; infinities as DuckDB spells them. */
export function timestampText(type: TimestampType, value: string): string {
  const text = asText(type.zoned ? `timezone('UTC', ${value})` : value);
  const joined = `replace(replace(${text}, ' (BC) ', '(BC)T'), ' ', 'T')`;
  const iso = `replace(${joined}, '(BC)', ' (BC)')${type.zoned ? ` || 'Z'` : ''}`;
  return `CASE WHEN ends_with(${text}, 'infinity') THEN ${text} ELSE ${iso} END`;
}
