/** Canonical text of JSON values: sorted keys, exact numbers, nothing lost to a JS number. */

/** `JSON.rawJSON` and the reviver's source text (ES2025), which the standard library's types do not know yet. */
interface RawJson {
  readonly rawJSON: string;
}
interface ExactJson {
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
}
const json = JSON as unknown as ExactJson;

/** Canonical text of a JSON document, or null when the text is not JSON. Objects by key (UTF-16 order), arrays as they are. */
export function canonicalJson(text: string): string | null {
  return orNull(() => serialise(parseExact(text)));
}

/**
 * Canonical text of a set: a JSON array of distinct texts in order. Takes a JSON array, or values separated by `;`
 * (the form of a multi-select). Null elements are dropped.
 */
export function canonicalSet(text: string): string | null {
  return orNull(() => {
    const value = /^[ \t\r\n]*\[/.test(text) ? parseExact(text) : splitValues(text);
    const texts = (value as unknown[]).filter((item) => item !== null).map((item) => (typeof item === 'string' ? item : serialise(item)));
    return JSON.stringify([...new Set(texts)].sort());
  });
}

/** ASCII white space around a value is the separator's; NBSP belongs to the value. */
function splitValues(text: string): string[] {
  return text
    .split(';')
    .map((item) => item.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''))
    .filter((item) => item !== '');
}

/** Null for what is not JSON (the caller reports it), or nested deeper than the stack. */
function orNull(make: () => string): string | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
}

function parseExact(text: string): unknown {
  return json.parse(text, (_key, value, context) =>
    typeof value === 'number' && context.source !== undefined ? json.rawJSON(canonicalNumber(context.source)) : value,
  );
}

function serialise(value: unknown): string {
  if (json.isRawJSON(value)) return value.rawJSON;
  if (Array.isArray(value)) return `[${value.map((item) => serialise(item)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${serialise(item)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

const PLAIN_DIGITS = 40;

/** `1.50` and `15e-1` are one number: digits without an exponent while that stays readable, else `digits`e`exponent`. */
export function canonicalNumber(source: string): string {
  const parts = numberParts(source);
  if (parts === undefined) return source;
  const { sign, digits, exponent } = parts;
  if (digits === '') return '0';
  if (exponent > PLAIN_DIGITS || exponent < -PLAIN_DIGITS) return `${sign}${digits}e${exponent}`;
  return sign + placeDigits(digits, Number(exponent));
}

/** More digits than any decimal type has, on either side of the point. */
const DECIMAL_DIGITS = 80n;

/** A number without an exponent, for decimal types: null when it is too big for all of them or not a number, 0 when it is too small. */
export function plainDecimal(text: string): string | null {
  const parts = numberParts(text);
  if (parts === undefined) return null;
  const { sign, digits, exponent } = parts;
  const magnitude = exponent + BigInt(digits.length);
  if (digits === '' || magnitude < -DECIMAL_DIGITS) return '0';
  return magnitude > DECIMAL_DIGITS ? null : sign + placeDigits(digits, Number(exponent));
}

/** The most digits that a database keeps behind the point (Postgres, which keeps more before it). */
const UNBOUNDED_DIGITS = 16_383n;

/** A number without an exponent, whatever its size: null when that would be unreasonably long, or when it is not a number. */
export function plainNumber(text: string): string | null {
  const parts = numberParts(text);
  if (parts === undefined) return null;
  const { sign, digits, exponent } = parts;
  if (digits === '') return '0';
  const tooLong = exponent < -UNBOUNDED_DIGITS || exponent + BigInt(digits.length) > UNBOUNDED_DIGITS;
  return tooLong ? null : sign + placeDigits(digits, Number(exponent));
}

/** A number as its significant digits (none: zero) times ten to the exponent. */
function numberParts(text: string): { sign: string; digits: string; exponent: bigint } | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  const allDigits = (whole + fraction).replace(/^0+/, '');
  const digits = allDigits.replace(/0+$/, '');
  const exponent = BigInt(exponentText) - BigInt(fraction.length) + BigInt(allDigits.length - digits.length);
  return { sign: sign === '-' ? '-' : '', digits, exponent };
}

/** `digits` times ten to the `shift`. */
function placeDigits(digits: string, shift: number): string {
  if (shift >= 0) return digits + '0'.repeat(shift);
  const point = digits.length + shift;
  return point > 0 ? `${digits.slice(0, point)}.${digits.slice(point)}` : `0.${'0'.repeat(-point)}${digits}`;
}
