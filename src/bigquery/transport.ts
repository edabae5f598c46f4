/**
 * Requests to the REST API through Google's client: its credentials, its connections, its encoding of addresses. Left aside is
 * what it does to rows (it makes numbers of 64-bit integers, and milliseconds of microseconds) and to failures (it repeats requests
 * by its own count and clock). Its network is its own: it takes no `fetch` (@google-cloud/bigquery 9.3.0, read 2026-11).
 */
import { createReadStream } from 'node:fs';

import { BigQuery, type BigQueryOptions } from '@google-cloud/bigquery';

import { messageOf, TransientError } from '../errors.ts';
import { authClientOf, credentialFailure } from './auth.ts';
import { type ErrorProto, lostReply, type Place, refusal } from './errors.ts';
import type { ClientOptions } from './options.ts';

export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/bigquery/v2/projects/PROJECT`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly etag?: string | undefined;
  /** A file that goes along with the body, to `/upload`. */
  readonly file?: string;
}

export interface Reply {
  readonly body: Readonly<Record<string, unknown>>;
  /** BigQuery's time, milliseconds since 1970. */
  readonly at: number;
}

export class Transport {
  readonly #options: ClientOptions;
  #client: BigQuery | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get place(): Place {
    const { connection, project, location } = this.#options;
    return { connection, project, location };
  }

  /** One attempt. Throws what `refusal` makes of an answer that is none, `TransientError` when there was no answer. */
  async send(request: Request): Promise<Reply> {
    this.#client ??= makeClient(this.#options);
    const client = this.#client;
    return new Promise((resolve, reject) => {
      client.request(this.#asked(client, request), (error, body: unknown, response) => {
        if (error !== null && error !== undefined) return reject(this.#translated(error));
        const headers = (response as { headers?: unknown } | undefined)?.headers;
        resolve({ body: objectOf(body), at: Date.parse(headerOf(headers, 'date') ?? '') });
      });
    });
  }

  #asked(client: BigQuery, { method, path, query = {}, body, etag, file }: Request): Parameters<BigQuery['request']>[0] {
    const headers = etag === undefined ? {} : { 'If-Match': etag };
    const qs = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
    if (file === undefined) return { method, uri: path, qs, headers, ...(body === undefined ? {} : { json: body }) };
    const uri = `${client.apiEndpoint}/upload/bigquery/v2/projects/${this.#options.project}${path}`;
    const multipart = [
      { 'Content-Type': 'application/json', body: JSON.stringify(body) },
      { 'Content-Type': 'application/octet-stream', body: createReadStream(file) },
    ];
    return { method, uri, qs: { ...qs, uploadType: 'multipart' }, headers, multipart };
  }

  #translated(error: unknown): Error {
    const { code, errors, response } = error as { code?: unknown; errors?: readonly ErrorProto[]; response?: { headers?: unknown } };
    // Answers of a server that gives tokens come as errors of another client, which carry its `config`.
    if (typeof code !== 'number' || Object.hasOwn(error as object, 'config'))
      return credentialFailure(this.#options, error) ?? lostReply(error);
    const first = errors?.[0];
    const after = Number(headerOf(response?.headers, 'retry-after'));
    return refusal(this.place, { ...first, message: first?.message ?? messageOf(error) }, code, after > 0 ? after * 1000 : undefined);
  }
}

function makeClient(options: ClientOptions): BigQuery {
  const { project, location, endpoint } = options;
  const authClient = authClientOf(options);
  const client = new BigQuery({
    projectId: project,
    ...(location === undefined ? {} : { location }),
    ...(endpoint === undefined ? {} : { apiEndpoint: endpoint }),
    ...(authClient === undefined ? {} : { authClient }),
    retryOptions: { autoRetry: false, maxRetries: 0 },
    userAgent: 'sluice',
  } as BigQueryOptions);
  // The client takes its address from the environment of the process, where ours is the one of the context.
  if (endpoint !== undefined) client.baseUrl = `${endpoint}/bigquery/v2`;
  return client;
}

function headerOf(headers: unknown, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const value = (headers as Readonly<Record<string, unknown>> | undefined)?.[name];
  return typeof value === 'string' ? value : undefined;
}

function objectOf(body: unknown): Readonly<Record<string, unknown>> {
  if (body === undefined || body === '' || body === null) return {};
  if (typeof body === 'object') return body as Readonly<Record<string, unknown>>;
  throw new TransientError('BigQuery answered something that is no JSON');
}
