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
  const value = parseExact(text);
  return value === undefined ? null : serialise(value);
}

/**
 * Canonical text of a set: a JSON array of distinct texts in order. Takes a JSON array, or values separated by `;`
 * (the form of a multi-select). Null elements are dropped.
 */
export function canonicalSet(text: string): string | null {
  const value = text.trimStart().startsWith('[') ? parseExact(text) : splitValues(text);
  if (!Array.isArray(value)) return null;
  const texts = value.filter((item) => item !== null).map((item) => (typeof item === 'string' ? item : serialise(item)));
  return JSON.stringify([...new Set(texts)].sort());
}

function splitValues(text: string): string[] {
  return text
    .split(';')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function parseExact(text: string): unknown {
  try {
    return json.parse(text, (_key, value, context) =>
      typeof value === 'number' && context.source !== undefined ? json.rawJSON(canonicalNumber(context.source)) : value,
    );
  } catch {
    return undefined; // not JSON: the caller reports it
  }
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
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source);
  if (match === null) return source;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  const allDigits = (whole + fraction).replace(/^0+/, '');
  const digits = allDigits.replace(/0+$/, '');
  if (digits === '') return '0';
  const exponent = BigInt(exponentText) - BigInt(fraction.length) + BigInt(allDigits.length - digits.length);
  return sign + placeDigits(digits, exponent);
}

/** `digits` times ten to the `exponent`. */
function placeDigits(digits: string, exponent: bigint): string {
  if (exponent > PLAIN_DIGITS || exponent < -PLAIN_DIGITS) return `${digits}e${exponent}`;
  const shift = Number(exponent);
  if (shift >= 0) return digits + '0'.repeat(shift);
  const point = digits.length + shift;
  return point > 0 ? `${digits.slice(0, point)}.${digits.slice(point)}` : `0.${'0'.repeat(-point)}${digits}`;
}
