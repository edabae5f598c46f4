/** `/composite` and `/composite/batch`: up to 25 requests as one API call. */
import { Readable } from 'node:stream';

import { badJson, type Call, readObject, type Route } from './call.ts';
import { json, Refusal, type Reply, unknownToSandbox } from './reply.ts';

const MOST = 25;
const MOST_QUERIES = 5;
const LIMITED = /^\/(?:query|queryAll|composite\/sobjects)(?:[/?]|$)/;

export const compositeRoutes: readonly Route[] = [
  { method: 'POST', path: '/composite', kind: 'composite', handle: async (call) => composite(call) },
  { method: 'POST', path: '/composite/batch', kind: 'composite', handle: async (call) => batch(call) },
  ...['/composite/graph', '/composite/tree/{object}'].map((path): Route => ({
    method: 'POST',
    path,
    kind: 'composite',
    handle: () => {
      throw unknownToSandbox(path);
    },
  })),
];

interface SubRequest {
  readonly method: string;
  /** Below `/services/data`. */
  readonly url: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly referenceId: string;
}

interface Answer {
  readonly body: unknown;
  readonly httpHeaders: Readonly<Record<string, string>>;
  readonly httpStatusCode: number;
  readonly referenceId: string;
}

async function composite(call: Call): Promise<Reply> {
  const body = await readObject(call, ['allOrNone', 'collateSubrequests', 'compositeRequest']);
  if (body['allOrNone'] === true) throw unknownToSandbox('allOrNone of a composite request');
  const requests = list(body['compositeRequest'], 'compositeRequest').map((request) => subRequest(request));
  checkSizes(requests.map(({ url }) => url.replace(/^\/services\/data\/v\d+\.\d/, '')));
  const answers = new Map<string, Answer>();
  for (const request of requests) {
    if (answers.has(request.referenceId)) throw badRequest(`Duplicate referenceId ${request.referenceId}`);
    const answer = await run(call, filled(request, answers));
    answers.set(request.referenceId, { ...answer, referenceId: request.referenceId });
  }
  return json({ compositeResponse: [...answers.values()] });
}

function list(value: unknown, name: string): readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(value)) throw badJson(`${name} must be an array`);
  if (value.length > MOST) throw badRequest(`Limit of ${MOST} subrequests exceeded`);
  return value as readonly Readonly<Record<string, unknown>>[];
}

function checkSizes(paths: readonly string[]): void {
  const limited = paths.filter((path) => LIMITED.test(path)).length;
  if (limited <= MOST_QUERIES) return;
  throw badRequest(`Limit of ${MOST_QUERIES} query and sObject collections subrequests exceeded: the request has ${limited}`);
}

function badRequest(message: string): Refusal {
  return new Refusal(400, 'INVALID_INPUT', message);
}

function subRequest(given: Readonly<Record<string, unknown>>): SubRequest {
  const { method, url, body, httpHeaders, referenceId } = given;
  const stranger = Object.keys(given).find((name) => !['method', 'url', 'body', 'httpHeaders', 'referenceId'].includes(name));
  if (stranger !== undefined) throw badJson(`Unrecognized field "${stranger}"`);
  if (typeof method !== 'string' || typeof url !== 'string') throw badRequest('A subrequest needs method and url');
  if (typeof referenceId !== 'string' || !/^[A-Za-z]\w*$/.test(referenceId)) throw badRequest('A subrequest needs a referenceId of letters, digits and _'); // prettier-ignore
  return { method, url, body, referenceId, headers: lowerCase((httpHeaders ?? {}) as Readonly<Record<string, string>>) };
}

function lowerCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

async function run(call: Call, request: SubRequest): Promise<Omit<Answer, 'referenceId'>> {
  const [path = '', query = ''] = request.url.split('?');
  const below = /^\/services\/data\/v\d+\.\d(\/.*)?$/.exec(path);
  if (below === null) throw badRequest(`The url of a subrequest starts with /services/data/vXX.X/: ${path}`);
  const text = request.body === undefined ? '' : JSON.stringify(request.body);
  const reply = await call.state.dispatch({
    ...call,
    method: request.method,
    path: below[1] ?? '',
    query: new URLSearchParams(query),
    headers: request.headers,
    body: Readable.from([text]),
    inside: true,
  });
  return { body: bodyOf(reply), httpHeaders: reply.headers ?? {}, httpStatusCode: reply.status };
}

function bodyOf({ body }: Reply): unknown {
  if (body === undefined) return null;
  if ('json' in body) return body.json;
  throw unknownToSandbox('a subrequest that answers no JSON');
}

/** `@{ref.id}` and `@{ref.records[0].Id}` become what the earlier subrequest answered. */
function filled(request: SubRequest, answers: ReadonlyMap<string, Answer>): SubRequest {
  const fill = (text: string): string =>
    text.replace(/@\{(\w+)((?:\.\w+|\[\d+\])+)\}/g, (_, reference: string, path: string) => lookUp(answers.get(reference), path));
  const body: unknown = request.body === undefined ? undefined : JSON.parse(fill(JSON.stringify(request.body)));
  return { ...request, url: fill(request.url), body };
}

function lookUp(answer: Answer | undefined, path: string): string {
  const steps = path.match(/\w+/g) ?? [];
  let at: unknown = answer?.body;
  for (const step of steps) at = at !== null && typeof at === 'object' ? (at as Readonly<Record<string, unknown>>)[step] : undefined;
  if (typeof at !== 'string' && typeof at !== 'number') throw badRequest(`Invalid reference specified. No value for @{...${path}}`);
  return String(at);
}

/** Requests that do not know of each other. */
async function batch(call: Call): Promise<Reply> {
  const body = await readObject(call, ['batchRequests', 'haltOnError']);
  if (body['haltOnError'] === true) throw unknownToSandbox('haltOnError');
  const results: object[] = [];
  for (const given of list(body['batchRequests'], 'batchRequests')) {
    const { method, url, richInput } = given;
    if (typeof method !== 'string' || typeof url !== 'string') throw badRequest('A subrequest needs method and url');
    const full = url.startsWith('/services/data/') ? url : `/services/data/${url.replace(/^\//, '')}`;
    const answer = await run(call, { method, url: full, body: richInput, headers: {}, referenceId: '' });
    results.push({ statusCode: answer.httpStatusCode, result: answer.body });
  }
  return json({ hasErrors: results.some((result) => (result as { statusCode: number }).statusCode >= 400), results });
}
