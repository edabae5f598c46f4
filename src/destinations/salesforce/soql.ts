/** SOQL: the one place that puts text into a statement, and that cuts many keys into statements that are short enough. */
import { id18 } from '../../salesforce/ids.ts';

/**
 * A text literal. Everything that could end it or that SOQL gives a meaning is escaped, and so is the start of the references
 * of composite requests, `@{`. Half of a surrogate pair has no form in a URL.
 */
export function quote(text: string): string {
  // The characters of "Quoted String Escape Sequences" (documentation of API 67.0), and every other control character.
  return `'${text.replaceAll(/[\\'"\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|@(?=\{)/gu, (character) => escaped(character))}'`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b', '\f': '\\f' }; // prettier-ignore

function escaped(character: string): string {
  return ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Characters in a literal, at most: its documented limit in a WHERE clause. */
const MAX_LITERAL = 4_000;
const NUMBERS: ReadonlySet<string> = new Set(['int', 'double', 'currency', 'percent']);

/**
 * The literals that find the records with a key, given as canonical text: none where there can be no such record. SOQL
 * compares letters as they are composed, and canonical text does not.
 */
export function keyLiterals(type: string, key: string): readonly string[] {
  if (type === 'id' || type === 'reference') return /^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$/.test(key) ? [quote(id18(key))] : [];
  if (NUMBERS.has(type)) return plainNumber(key);
  const forms = new Set([key, key.normalize('NFD')].filter((form) => form !== ''));
  return [...forms].map((form) => quote(form)).filter((literal) => literal.length <= MAX_LITERAL);
}

/** Without an exponent, by moving the point. */
function plainNumber(text: string): readonly string[] {
  const [, sign, whole, fraction = '', exponent = '0'] = /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i.exec(text) ?? [];
  if (whole === undefined) return [];
  const point = whole.length + Number(exponent);
  const digits = (whole + fraction).padEnd(point, '0').padStart((whole + fraction).length + Math.max(0, 1 - point), '0');
  const at = Math.max(point, 1);
  const behind = digits.slice(at);
  return [`${sign === '-' ? '-' : ''}${digits.slice(0, at)}${behind === '' ? '' : `.${behind}`}`];
}

/** Bytes of an address, at most: 16,384 with all headers are refused (documentation, 2026-11). */
const MAX_ADDRESS = 14_000;
/** What the keys may take at least where the fields alone are that long: only addresses of their own are known to be limited. */
const LEAST_KEYS = 4_000;
/** Characters of a statement, at most. */
const MAX_SOQL = 100_000;

/** Length of a statement in an address. */
function addressLength(soql: string): number {
  return encodeURIComponent(soql).length;
}

/** Whether a statement may stand in the address of a request. */
export function fitsAddress(soql: string): boolean {
  return addressLength(soql) <= MAX_ADDRESS;
}

/** `select ... WHERE field IN (...)`, as often as the literals need, in their order. A literal is never cut. */
export async function* inQueries(
  { select, field }: { readonly select: string; readonly field: string },
  literals: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<string> {
  const head = `${select} WHERE ${field} IN (`;
  const fixed = { address: addressLength(`${head})`), soql: head.length + 1 };
  const most = Math.max(MAX_ADDRESS, fixed.address + LEAST_KEYS);
  let batch: string[] = [];
  let size = fixed;
  for await (const literal of literals) {
    const next = { address: size.address + addressLength(`${literal},`), soql: size.soql + literal.length + 1 };
    if (batch.length > 0 && (next.address > most || next.soql > MAX_SOQL)) {
      yield `${head}${batch.join(',')})`;
      batch = [];
      size = fixed;
    }
    batch.push(literal);
    size = { address: size.address + addressLength(`${literal},`), soql: size.soql + literal.length + 1 };
  }
  if (batch.length > 0) yield `${head}${batch.join(',')})`;
}
