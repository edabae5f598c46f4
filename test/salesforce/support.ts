/** A small server on loopback that answers as a test wants, and clients for it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import type { Connection } from '../../src/config/model.ts';
import { type Context, processContext } from '../../src/context.ts';
import { formatProblem, UserError } from '../../src/errors.ts';
import { SalesforceClient } from '../../src/salesforce/client.ts';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `cut`: closes the connection instead of answering, or behind the body. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly cut?: boolean;
}

export interface Api extends AsyncDisposable {
  readonly url: string;
  /** Every request, in order. */
  readonly seen: readonly Seen[];
  /** Requests for a token. */
  readonly logins: readonly URLSearchParams[];
}

export interface ApiOptions {
  /** `n` counts from 1, logins apart. Default: `{}`. */
  readonly answer?: (seen: Seen, n: number) => Answer | Promise<Answer>;
  /** Default: a token, another one each time: `00D...!TOKEN1`. */
  readonly login?: (form: URLSearchParams, n: number, url: string) => Answer;
  /** Takes over from reading the body on. */
  readonly raw?: (request: IncomingMessage, response: ServerResponse) => void;
}

export const ORG = '00D000000000001';

export function token(n: number): string {
  return `${ORG}!TOKEN${n}aaaaaaaaaaaaaaaaaaaaaaaaaaaa`;
}

export function granted(n: number, url: string): Answer {
  return { body: { access_token: token(n), instance_url: url, id: `${url}/id/${ORG}/005000000000001`, token_type: 'Bearer' } };
}

export function refusedWith(status: number, code: string, message: string): Answer {
  return { status, body: [{ errorCode: code, message }] };
}

export const EXPIRED: Answer = refusedWith(401, 'INVALID_SESSION_ID', 'Session expired or invalid');

export async function api(options: ApiOptions = {}): Promise<Api> {
  const seen: Seen[] = [];
  const logins: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    if (options.raw !== undefined && request.url !== '/services/oauth2/token') options.raw(request, response);
    else void read(request).then(async (each) => send(response, await answered(each)));
  });
  const answered = async (each: Seen): Promise<Answer> => {
    if (each.path === '/services/oauth2/token') {
      logins.push(new URLSearchParams(each.body));
      return (options.login ?? ((_form, n, at) => granted(n, at)))(logins.at(-1)!, logins.length, url);
    }
    seen.push(each);
    return (options.answer ?? (() => ({})))(each, seen.length);
  };
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    seen,
    logins,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function read(request: IncomingMessage): Promise<Seen> {
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  return { method: request.method ?? '', path: request.url ?? '', headers, body: await text(request) };
}

function send(response: ServerResponse, { status = 200, headers = {}, body = {}, cut = false }: Answer): void {
  if (cut) {
    response.socket?.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

export function connection(options: Readonly<Record<string, unknown>>): Connection {
  return { name: 'crm', type: 'salesforce', options, location: { file: 'syncs/connections.yaml', line: 3, column: 1 } };
}

export interface TestContext extends Context {
  /** What was waited, in milliseconds. */
  readonly waits: readonly number[];
}

/** A context that does not really wait. */
export function quickContext(options: Partial<Pick<Context, 'cwd' | 'env' | 'signal' | 'now'>> = {}): TestContext {
  const waits: number[] = [];
  const signal = options.signal ?? new AbortController().signal;
  const base = processContext({ cwd: options.cwd ?? '/', env: options.env ?? {}, emit: () => undefined, signal });
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms);
    await Promise.resolve();
  };
  return { ...base, ...options, sleep, waits };
}

export const CLIENT_CREDENTIALS = { type: 'client_credentials', client_id: 'app', client_secret: 'the-secret-of-the-app' };

/** A client of the server; `auth` defaults to client credentials. */
export function clientOf(
  { url }: Pick<Api, 'url'>,
  options: Readonly<Record<string, unknown>> = {},
  context: Context = quickContext(),
): SalesforceClient {
  return SalesforceClient.open(connection({ login_url: url, auth: CLIENT_CREDENTIALS, ...options }), context);
}

/** What the work threw. */
export async function thrownBy(work: Promise<unknown> | (() => unknown)): Promise<Error> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The text that a user would read. */
export async function problemOf(work: Promise<unknown> | (() => unknown)): Promise<string> {
  const error = await thrownBy(work);
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`, { cause: error });
  return error.problems.map((problem) => formatProblem(problem)).join('\n');
}
