/** Nothing that a request says may be ignored: what the API does not know is an error, and so is what this fake does not know. */
import { isObject } from './fields.ts';
import { ApiError, notImplemented } from './errors.ts';

/** Names a request may use, and those the API has but the fake lacks. */
export interface Known {
  readonly names: readonly string[];
  /** Known to the API and without effect here, or accepted with the one value that changes nothing. */
  readonly lacking?: readonly string[];
}

/** Checks an object of the body; `undefined` values are absent. */
export function checkBody(body: unknown, path: string, known: Known): Readonly<Record<string, unknown>> {
  if (!isObject(body)) throw new ApiError('invalid', `Invalid JSON payload received. ${path} is not an object`);
  for (const name of Object.keys(body)) {
    if (known.names.includes(name)) continue;
    if (known.lacking?.includes(name) === true) throw notImplemented(`${path}.${name}`);
    throw new ApiError('badRequest', `Invalid JSON payload received. Unknown name "${name}" at '${path}': Cannot find field.`);
  }
  return body;
}

const EVERYWHERE = ['prettyPrint', 'alt'];

export function checkQuery(query: URLSearchParams, known: Known): void {
  for (const [name, value] of query) {
    if (known.names.includes(name) || (EVERYWHERE.includes(name) && (name !== 'alt' || value === 'json'))) continue;
    if (known.lacking?.includes(name) === true) throw notImplemented(`the query parameter ${name}`);
    throw new ApiError(
      'badRequest',
      `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${name}' could not be found in request message.`,
    );
  }
}

/** A count in a query string or a body: Google's clients send numbers as numbers or as text. */
export function count(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (!/^\d+$/.test(shown(value))) throw new ApiError('invalid', `Invalid value for ${name}: ${shown(value)}`);
  return Number(value);
}

export function text(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new ApiError('invalid', `Invalid value for ${name}`);
  return value;
}

/** Any value of a body as text. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}
