/** Numbers and intervals as BigQuery writes them, and as it reads them. */
import type { DuckDBIntervalValue } from '@duckdb/node-api';

/** CAST(x AS STRING): the shortest text that reads back the same, with an exponent from 1e15 and below 1e-4. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0';
  const [digits = '0', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 15) return plain(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function plain(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  const [mantissa = '', exponent = '0'] = text.split('e');
  const digits = mantissa.replace(/[-.]/g, '');
  return `${value < 0 ? '-' : ''}0.${'0'.repeat(-Number(exponent) - 1)}${digits}`;
}

/** A double on the wire: as Java writes it, `15000.0`, `1.5E10`. */
export function doubleOnWire(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const power = value === 0 ? 0 : Number(value.toExponential().split('e')[1]);
  if (power >= -3 && power < 7) return /\./.test(String(value)) ? String(value) : `${Object.is(value, -0) ? '-0' : String(value)}.0`;
  const [digits = '0'] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${power}`;
}

export function doubleOf(text: string): number {
  const trimmed = text.trim();
  if (/^[+-]?(inf|infinity)$/i.test(trimmed)) return trimmed.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(trimmed)) return NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) throw new Error(`Bad double value: ${text}`);
  return Number(trimmed);
}

/** Digits of a decimal as a whole number of 10^-scale, rounded half away from zero; undefined: no number. */
function scaled(text: string, scale: number): bigint | undefined {
  const match = /^\s*([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?\s*$/i.exec(text);
  if (match === null || `${match[2]}${match[3]}` === '') return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(`${whole}${fraction}`);
  const shift = scale - fraction.length + Number(exponent);
  const value = shift >= 0 ? digits * 10n ** BigInt(shift) : rounded(digits, 10n ** BigInt(-shift));
  return sign === '-' ? -value : value;
}

function rounded(value: bigint, divisor: bigint): bigint {
  return (value + divisor / 2n) / divisor;
}

/** Text of a NUMERIC. Throws for what is none, or too large. */
export function numericText(text: string): string {
  const value = scaled(text, 9);
  if (value === undefined) throw new Error(`Invalid NUMERIC value: ${text}`);
  if (value >= 10n ** 38n || value <= -(10n ** 38n)) throw new Error(`numeric out of range: ${text}`);
  return unscaled(value, 9);
}

/** A BIGNUMERIC as a whole number of 10^-38. Throws for what is none, or too large. */
export function bigNumericText(text: string): string {
  const value = scaled(text, 38);
  if (value === undefined) throw new Error(`Invalid BIGNUMERIC value: ${text}`);
  if (value >= 2n ** 255n || value < -(2n ** 255n)) throw new Error(`bignumeric out of range: ${text}`);
  return String(value);
}

/** A whole number of 10^-scale as a decimal without zeros at its end. */
export function unscaled(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const text = `${digits.slice(0, -scale)}.${digits.slice(-scale)}`.replace(/\.?0+$/, '');
  return value < 0n ? `-${text}` : text;
}

/** A decimal or double to the nearest whole number, halves away from zero. */
export function halfAway(text: string): string {
  const value = scaled(text, 0);
  if (value === undefined) throw new Error(`Illegal conversion of non-finite floating point number to an integer: ${text}`);
  return String(value);
}

/** `Y-M D H:M:S.F` */
export function intervalText({ months, days, micros }: DuckDBIntervalValue): string {
  const absolute = Math.abs(months);
  const time = micros < 0n ? -micros : micros;
  const fraction = String(time % 1_000_000n)
    .padStart(6, '0')
    .replace(/(000){1,2}$/, '');
  const seconds = time / 1_000_000n;
  const clock = `${seconds / 3600n}:${(seconds / 60n) % 60n}:${seconds % 60n}${fraction === '' ? '' : `.${fraction}`}`;
  return `${months < 0 ? '-' : ''}${Math.floor(absolute / 12)}-${absolute % 12} ${days} ${micros < 0n ? '-' : ''}${clock}`;
}
