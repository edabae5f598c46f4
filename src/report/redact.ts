/** Secrets become `***` in everything that leaves the program. */
import { visible } from './escape.ts';

const MASK = '***';
/** Shorter values (`on`, `443`) are no secrets, and masking them would garble every report. */
const SHORTEST = 4;
/** A line of a longer secret (a private key) that is recognisable on its own. */
const SHORTEST_LINE = 12;

export type Redact = (text: string) => string;

/** A function that masks each of the secrets, in every form in which our own output could show it. */
export function createRedact(secrets: readonly string[]): Redact {
  const forms = [...new Set(secrets.flatMap((secret) => formsOf(secret)))].filter((form) => form.length >= SHORTEST);
  if (forms.length === 0) return (text) => text;
  // The longest first: a secret may be part of another one.
  const pattern = forms.sort((a, b) => b.length - a.length).map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const expression = new RegExp(pattern.join('|'), 'g');
  return (text) => text.replace(expression, MASK);
}

function formsOf(secret: string): readonly string[] {
  const trimmed = secret.trim();
  const lines = trimmed.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE && line !== trimmed);
  return [secret, trimmed, ...lines].flatMap((each) => [each, visible(each), JSON.stringify(each).slice(1, -1), encoded(each)]);
}

/** As in the user part of a URL; text with half a character has no such form. */
function encoded(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : text;
}

/** A copy of JSON data with every string masked; names of properties are ours and stay. */
export function redactData<T>(data: T, redact: Redact): T {
  return mapStrings(data, redact) as T;
}

function mapStrings(data: unknown, redact: Redact): unknown {
  if (typeof data === 'string') return redact(data);
  if (Array.isArray(data)) return data.map((each) => mapStrings(each, redact));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, mapStrings(value, redact)]));
}
