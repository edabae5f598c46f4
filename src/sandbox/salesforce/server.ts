/** The HTTP side: sessions, quota, faults, and the way from an address to its handler. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { type Call, findRoute, type Match, type Route, type State } from './call.ts';
import { Calls, type Kind } from './calls.ts';
import { controlReply } from './control.ts';
import { knownVersion, versions } from './describe-routes.ts';
import { failure, send, statusReply } from './http-reply.ts';
import { oauthReply } from './oauth.ts';
import { json, notFound, Refusal, type Reply, text, unknownToSandbox } from './reply.ts';
import type { Sessions } from './sessions.ts';
import type { SandboxUser } from './users.ts';

export interface ServerOptions {
  readonly state: State;
  readonly sessions: Sessions;
  readonly routes: readonly Route[];
}

/** `Sforce-` headers that are understood; others might change what a request means. */
const HEADERS: ReadonlySet<string> = new Set([
  'sforce-auto-assign',
  'sforce-call-options',
  'sforce-duplicate-rule-header',
  'sforce-query-options',
]);
/** Conditions that would change the answer. */
const CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'content-encoding'];

interface Incoming {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: IncomingMessage;
}

export class SandboxServer {
  readonly #options: ServerOptions;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** Answers one request. Never throws. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { state } = this.#options;
    try {
      const incoming = read(request, state.url);
      const reply = await this.#reply(incoming);
      if (reply === 'cut') request.socket.destroy();
      else await send(response, reply, state.quota);
    } catch (error) {
      await send(response, failure(error), state.quota).catch(() => request.socket.destroy());
    }
  }

  async #reply(incoming: Incoming): Promise<Reply | 'cut'> {
    const { state, sessions } = this.#options;
    const control = await controlReply(incoming, state, sessions);
    if (control !== undefined) return control;
    const target = this.#target(incoming);
    const request = `${incoming.method} ${target.path}${incoming.url.search}`;
    state.calls.log({ method: incoming.method, path: target.path, kind: target.kind, headers: incoming.headers });
    const fault = state.faults.take(target.kind, request, ['status', 'cut-before', 'cut-after', 'html', 'expire-session', 'call']);
    if (fault?.do === 'cut-before') return 'cut';
    if (fault?.do === 'status') return statusReply(fault, target.kind);
    const page =
      fault?.do === 'html'
        ? text('text/html; charset=utf-8', fault.message ?? '<!DOCTYPE html><html><body>Login</body></html>')
        : undefined;
    if (page !== undefined && fault?.when !== 'after') return page;
    if (fault?.do === 'expire-session') sessions.endAll();
    if (fault?.do === 'call' && fault.when !== 'after') await fault.then?.();
    const reply = await target.reply();
    if (fault?.do === 'call' && fault.when === 'after') await fault.then?.();
    return fault?.do === 'cut-after' ? 'cut' : (page ?? reply);
  }

  #target(incoming: Incoming): { readonly kind: Kind; readonly path: string; readonly reply: () => Promise<Reply> } {
    const { pathname } = incoming.url;
    const api = /^\/services\/data(?:\/(v[^/]+))?(\/.*)?$/.exec(pathname);
    if (api === null) {
      const kind = pathname.startsWith('/services/oauth2/token') ? 'login' : 'identity';
      return { kind, path: pathname, reply: async () => this.#oauth(incoming, kind) };
    }
    const [, segment, below = ''] = api;
    if (segment === undefined) return { kind: 'versions', path: pathname, reply: async () => this.#versions(incoming) };
    const path = below.replace(/\/$/, '');
    const match = matchOr(this.#options.routes, incoming.method, path);
    const kind = match instanceof Refusal ? 'versions' : match.route.kind;
    return { kind, path, reply: async () => this.#api(incoming, segment, path, match) };
  }

  async #oauth(incoming: Incoming, kind: Kind): Promise<Reply> {
    const { state, sessions } = this.#options;
    const { method, url, headers, body } = incoming;
    const reply = await oauthReply({ method, pathname: url.pathname, query: url.searchParams, headers, body }, state, sessions);
    if (reply === undefined) throw url.pathname.startsWith('/services/') ? unknownToSandbox(`${method} ${url.pathname}`) : notFound();
    state.calls.note(kind);
    return reply;
  }

  #versions(incoming: Incoming): Reply {
    if (incoming.method !== 'GET')
      throw new Refusal(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${incoming.method}' not allowed. Allowed are GET`);
    this.#options.state.calls.note('versions');
    return json(versions());
  }

  async #api(incoming: Incoming, segment: string, path: string, match: Match | Refusal): Promise<Reply> {
    const { state } = this.#options;
    const version = knownVersion(segment);
    if (version === undefined) throw notFound();
    const user = this.#signedIn(incoming);
    if (match instanceof Refusal) throw match;
    const { kind } = match.route;
    if (!Calls.isFree(kind)) useQuota(state);
    state.calls.note(kind);
    checkHeaders(incoming.headers);
    const { method, url, headers, body } = incoming;
    const root = `/services/data/v${version}`;
    return match.route.handle({ method, path, params: match.params, query: url.searchParams, headers, body, version, root, user, state, inside: false }); // prettier-ignore
  }

  #signedIn({ headers }: Incoming): SandboxUser {
    const token = /^(?:Bearer|OAuth) (.+)$/.exec(headers['authorization'] ?? '')?.[1] ?? '';
    const user = this.#options.sessions.userOf(token);
    if (user === undefined) throw new Refusal(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
    if (!user.apiEnabled) throw new Refusal(403, 'API_CURRENTLY_DISABLED', 'API is disabled for this User');
    return user;
  }
}

/** Answers a request of a composite. */
export async function dispatchInside(routes: readonly Route[], call: Omit<Call, 'params'>): Promise<Reply> {
  try {
    const { route, params } = findRoute(routes, call.method, call.path);
    if (route.kind === 'composite') throw unknownToSandbox('a composite request inside another');
    checkHeaders(call.headers);
    call.state.calls.noteInside(route.kind);
    return await route.handle({ ...call, params });
  } catch (error) {
    return failure(error);
  }
}

function matchOr(routes: readonly Route[], method: string, path: string): Match | Refusal {
  try {
    return findRoute(routes, method, path);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** An address may have so many bytes, and so many with the headers. */
const MAX_ADDRESS = 16_384;

function read(request: IncomingMessage, base: string): Incoming {
  const length = Buffer.byteLength(request.url ?? '');
  if (length > MAX_ADDRESS) throw new Refusal(414, 'URI_TOO_LONG', 'URI Too Long');
  if (length + Buffer.byteLength(request.rawHeaders.join('')) > MAX_ADDRESS) {
    throw new Refusal(431, 'REQUEST_HEADER_FIELDS_TOO_LARGE', 'Request Header Fields Too Large');
  }
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]));
  return { method: request.method ?? 'GET', url: new URL(request.url ?? '/', base), headers, body: request };
}

function useQuota({ quota }: State): void {
  if (quota.used >= quota.max) throw new Refusal(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');
  quota.used += 1;
}

function checkHeaders(headers: Readonly<Record<string, string>>): void {
  const names = Object.keys(headers);
  const stranger = names.find((name) => (name.startsWith('sforce-') && !HEADERS.has(name)) || CONDITIONS.includes(name));
  if (stranger !== undefined) throw unknownToSandbox(`the header ${stranger}`);
}
