/** HTTP: takes requests apart, finds the route, applies faults, writes answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';

import type { Tokens } from './auth.ts';
import { ApiError, asApiError, errorBody } from './errors.ts';
import type { Fault, Faults, JobFault } from './faults.ts';
import { isObject } from './fields.ts';
import type { LoggedRequest, RequestKind, RequestLog } from './requests.ts';
import { ROUTES, type Route } from './routes.ts';
import { checkQuery } from './strict.ts';
import { boundaryOf, partsOf } from './uploads.ts';
import type { Call, Reply, World } from './world.ts';

export interface Parts {
  readonly world: World;
  readonly tokens: Tokens;
  readonly faults: Faults;
  readonly requests: RequestLog;
}

/** A reply, or nothing: the connection is closed. */
type Answer = Reply | 'cut';

export function serve(parts: () => Parts): Server {
  return createServer((incoming, outgoing) => {
    void bodyOf(incoming)
      .then(async (body) => handle(parts(), incoming, outgoing, body))
      // The caller went away while sending or while being answered.
      .catch(() => outgoing.destroy());
  });
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

async function handle(parts: Parts, incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): Promise<void> {
  const { method = 'GET' } = incoming;
  const url = new URL(incoming.url ?? '/', parts.world.url);
  const path = decodeURI(url.pathname).replace('/bigquery/v2', '');
  url.searchParams.delete('prettyPrint');
  const log = logged(method, path, url.searchParams, incoming, body);
  parts.requests.add(log);
  const request = `${method} ${path}${url.searchParams.size === 0 ? '' : `?${url.searchParams.toString()}`}`;
  const answer = await faced(parts, request, async () => {
    const call = { method, query: url.searchParams, headers: incoming.headers, body, params: {}, log, ...jobFaults(parts.faults, request) };
    return routed(parts, path, call);
  });
  if (answer === 'cut') {
    outgoing.destroy();
    return;
  }
  log.status = answer.status ?? 200;
  send(outgoing, answer, parts.world.now());
}

/** The answer, unless a fault is in its way. */
async function faced({ faults }: Parts, request: string, answer: () => Promise<Reply>): Promise<Answer> {
  await faults.take(request, ['call'])?.then?.();
  const fault = faults.take(request, ['status', 'cut-before', 'cut-after']);
  if (fault?.do === 'cut-before') return 'cut';
  if (fault?.do === 'status') return refusal(fault);
  const reply = await answer().catch(failure);
  return fault?.do === 'cut-after' ? 'cut' : reply;
}

function failure(error: unknown): Reply {
  const problem = asApiError(error);
  return { status: problem.code, body: errorBody(problem) };
}

const REASONS: Readonly<Record<number, string>> = {
  401: 'authError',
  403: 'accessDenied',
  404: 'notFound',
  409: 'duplicate',
  429: 'rateLimitExceeded',
  500: 'internalError',
  503: 'backendError',
};

function refusal({ status = 503, reason, message = 'The service refused this on request of a test.', retryAfter }: Fault): Reply {
  const error = new ApiError(reason ?? REASONS[status] ?? 'invalid', message, { code: status });
  return { status, body: errorBody(error), headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) } };
}

function jobFaults(faults: Faults, request: string): { readonly jobFault: JobFault | undefined; readonly expire: boolean } {
  const jobFault = faults.take(request, ['slow-job', 'cancel-job', 'fail-job']) as JobFault | undefined;
  return { jobFault, expire: faults.take(request, ['expire-table']) !== undefined };
}

async function routed(parts: Parts, path: string, call: Call): Promise<Reply> {
  const { world, tokens } = parts;
  if (call.method === 'POST' && path === '/v1/token') {
    call.log.kind = 'token';
    return tokens.exchange(call);
  }
  const [route, params] = routeOf(call.method, path);
  call.log.kind = kindOf(route, call.log);
  const header = call.headers.authorization;
  tokens.check(Array.isArray(header) ? header[0] : header);
  checkQuery(call.query, route.query);
  if (params['project'] !== world.project) throw new ApiError('notFound', `Not found: Project ${String(params['project'])}`);
  if (params['job'] !== undefined) call.log.jobId = params['job'];
  return route.answer(world, { ...call, params });
}

function routeOf(method: string, path: string): readonly [Route, Readonly<Record<string, string>>] {
  const routes = ROUTES.flatMap((route) => {
    const found = route.path.exec(path);
    return found === null ? [] : [[route, { ...found.groups }] as const];
  });
  const match = routes.find(([route]) => route.method === method);
  if (match !== undefined) return match;
  throw new ApiError('notImplemented', `The fake BigQuery does not know ${method} ${path}`);
}

function kindOf(route: Route, { body }: LoggedRequest): RequestKind {
  if (route.kind !== 'jobs.insert:query' || !isObject(body) || !isObject(body['configuration'])) return route.kind;
  if (body['configuration']['load'] !== undefined) return 'jobs.insert:load';
  return body['configuration']['copy'] === undefined ? route.kind : 'jobs.insert:copy';
}

function logged(method: string, path: string, query: URLSearchParams, { headers }: IncomingMessage, body: Buffer): LoggedRequest {
  const parsed = readable(headers['content-type'] ?? '', body);
  const configuration = isObject(parsed) && isObject(parsed['configuration']) ? parsed['configuration'] : parsed;
  const labels = isObject(configuration) && isObject(configuration['labels']) ? configuration['labels'] : {};
  const common = { method, path, query: Object.fromEntries(query), body: parsed, kind: 'unknown', status: 0 } as const;
  return { ...common, jobId: undefined, labels: labels as Readonly<Record<string, string>> };
}

/** JSON, or the JSON part of an upload; undefined: something else. Whether it is right is told later. */
function readable(type: string, body: Buffer): unknown {
  try {
    const boundary = boundaryOf(type);
    if (boundary !== undefined) return JSON.parse(partsOf(body, boundary)[0]?.toString() ?? '') as unknown;
    return type.includes('json') && body.length > 0 ? (JSON.parse(body.toString('utf8')) as unknown) : undefined;
  } catch {
    return undefined;
  }
}

function send(outgoing: ServerResponse, { status = 200, headers = {}, body }: Reply, now: number): void {
  outgoing.sendDate = false;
  const text = body === undefined ? '' : JSON.stringify(body);
  const type = body === undefined ? {} : { 'content-type': 'application/json; charset=UTF-8' };
  outgoing.writeHead(status, { ...type, 'content-length': Buffer.byteLength(text), date: new Date(now).toUTCString(), ...headers });
  outgoing.end(text);
}
