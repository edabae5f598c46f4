/** `fields.<F>.type` as text: `decimal(18,2)`, `timestamp(3)`. */
import type { FieldType } from '../canonical/types.ts';

/** Examples of everything that can be written. */
export const FIELD_TYPE_EXAMPLES =
  'text, integer, decimal(18,2), float, boolean, date, timestamp(3), timestamptz(3), json, set, bytes, uuid, time';

const SIMPLE: Readonly<Record<string, FieldType>> = {
  text: { kind: 'text' },
  integer: { kind: 'integer', min: '-9223372036854775808', max: '9223372036854775807' },
  float: { kind: 'float', bits: 64 },
  boolean: { kind: 'boolean' },
  date: { kind: 'date' },
  timestamp: { kind: 'timestamp', precision: 6, zoned: false },
  timestamptz: { kind: 'timestamp', precision: 6, zoned: true },
  json: { kind: 'json' },
  set: { kind: 'set' },
  bytes: { kind: 'bytes' },
  uuid: { kind: 'text', native: 'UUID' },
  time: { kind: 'text', native: 'TIME' },
};

/** The type a text names; undefined when it names none. */
export function parseFieldType(text: string): FieldType | undefined {
  const name = text.trim().toLowerCase();
  if (Object.hasOwn(SIMPLE, name)) return SIMPLE[name];
  const [, base, first = '', second = '0'] = /^(\w+)\s*\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\)$/.exec(name) ?? [];
  if (base === 'decimal') return decimal(Number(first), Number(second));
  if (second !== '0') return undefined;
  if (base === 'float' && (first === '32' || first === '64')) return { kind: 'float', bits: first === '32' ? 32 : 64 };
  return base === 'timestamp' || base === 'timestamptz' ? timestamp(Number(first), base === 'timestamptz') : undefined;
}

function decimal(precision: number, scale: number): FieldType | undefined {
  return precision >= 1 && precision <= 38 && scale <= precision ? { kind: 'decimal', precision, scale } : undefined;
}

function timestamp(precision: number, zoned: boolean): FieldType | undefined {
  return precision === 0 || precision === 3 || precision === 6 || precision === 9 ? { kind: 'timestamp', precision, zoned } : undefined;
}
