/** A request as handlers see it, and the routes they stand under. A request inside a composite looks the same as one by itself. */
import type { Readable } from 'node:stream';

import type { Calls, Kind } from './calls.ts';
import type { Faults } from './faults.ts';
import type { Quota } from './limits.ts';
import type { Org } from './org.ts';
import { Refusal, type Reply } from './reply.ts';
import type { SandboxUser } from './users.ts';

/** What lasts as long as the sandbox. */
export interface State {
  readonly org: Org;
  readonly calls: Calls;
  readonly faults: Faults;
  readonly quota: Quota;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Answers a request without counting it and without a session of its own: those inside a composite. Never throws. */
  readonly dispatch: (call: Omit<Call, 'params' | 'path'> & { readonly path: string }) => Promise<Reply>;
}

export interface Call {
  readonly method: string;
  /** Below `/services/data/vNN.0`, percent-encoded as it came. */
  readonly path: string;
  /** What stands at the `{name}`s of the route, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
  /** `67.0` */
  readonly version: string;
  /** `/services/data/v67.0` */
  readonly root: string;
  readonly user: SandboxUser;
  readonly state: State;
  /** Inside a composite request. */
  readonly inside: boolean;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Below `/services/data/vNN.0`; `{name}` is a parameter: `/jobs/ingest/{id}/batches`. */
  readonly path: string;
  readonly kind: Kind;
  readonly handle: (call: Call) => Promise<Reply> | Reply;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

const JSON_LIMIT = 50_000_000;

/** The route of a request, or the refusal Salesforce gives: 404 for an unknown path, 405 for a known one with another method. */
export function findRoute(routes: readonly Route[], method: string, path: string): Match {
  const parts = path.split('/').slice(1);
  const fitting = routes.map((route) => ({ route, params: fit(route.path.split('/').slice(1), parts) })).filter(({ params }) => params);
  if (fitting.length === 0) throw new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist');
  const found = fitting.find(({ route }) => route.method === method);
  if (found?.params === undefined) {
    const allowed = fitting.map(({ route }) => route.method).join(',');
    throw new Refusal(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${method}' not allowed. Allowed are ${allowed}`);
  }
  return { route: found.route, params: found.params };
}

function fit(pattern: readonly string[], parts: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    const given = parts[at] ?? '';
    if (part.startsWith('{')) params[part.slice(1, -1)] = decode(given);
    else if (part !== given) return undefined;
  }
  return params;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal(400, 'MALFORMED_QUERY', `The path holds a broken percent sign: ${part}`);
  }
}

/** The whole body as text. Throws `Refusal` above the limit (bytes). */
export async function readText(body: Readable, limit = JSON_LIMIT): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    const bytes = Buffer.from(piece as Buffer);
    size += bytes.length;
    if (size > limit) throw new Refusal(413, 'REQUEST_TOO_LARGE', 'The request entity is too large');
    pieces.push(bytes);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** The body as a JSON object with these properties and no others. */
export async function readObject(call: Call, properties: readonly string[] | 'any'): Promise<Readonly<Record<string, unknown>>> {
  const type = call.headers['content-type'] ?? '';
  if (!call.inside && !/^application\/json\b/i.test(type)) {
    throw new Refusal(415, 'UNSUPPORTED_MEDIA_TYPE', `Content type '${type}' is not supported here`);
  }
  const value = parse(await readText(call.body));
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw badJson('an object was expected');
  const stranger = properties === 'any' ? undefined : Object.keys(value).find((name) => !properties.includes(name));
  if (stranger !== undefined) throw badJson(`Unrecognized field "${stranger}"`);
  return value as Readonly<Record<string, unknown>>;
}

/** Throws `Refusal` for what is no JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badJson('the text is no JSON');
  }
}

export function badJson(what: string): Refusal {
  return new Refusal(400, 'JSON_PARSER_ERROR', `${what} at [line:1, column:1]`);
}
