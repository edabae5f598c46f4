/** Recorded calls, made again: what they need first, and how their answers are compared. */
import { readFileSync } from 'node:fs';

const FOLDER = new URL('../support/bigquery/recorded/', import.meta.url);

export type Json = Readonly<Record<string, unknown>>;

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Name of a file of the fixture that is the body. */
  readonly body_bin?: string;
  /** Variables to take from the answer: a path into the body, or `header:NAME`. */
  readonly capture?: Readonly<Record<string, string>>;
  /** Variable with the id of a job that must be done before the next call. */
  readonly await_job?: string;
}

/** A call of `http_corpus.json`; `<*>` is any value. */
export interface Fixture {
  readonly name: string;
  readonly setup_sql?: string;
  readonly setup_requests?: readonly Sent[];
  readonly request: Sent;
  readonly files?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly response: unknown;
  /** Some are not recorded: somebody wrote them by hand. */
  readonly extra?: { readonly source: string };
}

/** A call of `rest/`. */
export interface Call {
  readonly seq: number;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly request?: Json;
  readonly status: number;
  readonly response: Json;
}

export function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as unknown;
}

/** `${NAME}` becomes its value. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? 'bucket');
}

export interface Response {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export async function send(url: string, { method, path, headers, body }: Sent, data?: string): Promise<Response> {
  const sent = data ?? (body === undefined ? undefined : JSON.stringify(body));
  const type = data === undefined && body !== undefined ? { 'content-type': 'application/json' } : {};
  const answer = await fetch(`${url}${path}`, { method, headers: { ...type, ...headers }, ...(sent === undefined ? {} : { body: sent }) });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? '' : (JSON.parse(text) as unknown) };
}

/** The first difference between what was recorded and what was answered, in a few words; undefined: alike, down to the names. */
export function difference(recorded: unknown, answered: unknown, path = 'answer'): string | undefined {
  if (recorded === '<*>') return answered === undefined ? `${path} is missing` : undefined;
  if (Array.isArray(recorded)) return arrayDifference(recorded, answered, path);
  if (typeof recorded !== 'object' || recorded === null) {
    return recorded === answered ? undefined : `${path} is ${short(answered)}, recorded ${short(recorded)}`;
  }
  if (typeof answered !== 'object' || answered === null || Array.isArray(answered))
    return `${path} is ${short(answered)}, recorded an object`;
  for (const [name, value] of Object.entries(recorded)) {
    const found = difference(value, (answered as Json)[name], `${path}.${name}`);
    if (found !== undefined) return found;
  }
  const extra = Object.keys(answered).find((name) => !(name in recorded));
  return extra === undefined ? undefined : `${path}.${extra} was not recorded`;
}

function arrayDifference(recorded: readonly unknown[], answered: unknown, path: string): string | undefined {
  if (!Array.isArray(answered)) return `${path} is ${short(answered)}, recorded a list`;
  if (answered.length !== recorded.length) return `${path} has ${answered.length} entries, recorded ${recorded.length}`;
  for (const [index, value] of recorded.entries()) {
    const found = difference(value, answered[index], `${path}[${index}]`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function short(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 60);
}
