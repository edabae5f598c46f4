/**
 * How jsforce reaches the network here: one request, one reply, by `context.fetch`. jsforce's own transport cannot be told
 * to stop, repeats requests without regard to `Retry-After`, keeps the whole body of a reply in memory even when it is
 * streamed, and ends the process when a connection is cut inside a body (jsforce 3.12.0, read and run in November 2026).
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { Transport } from '@jsforce/jsforce-node/lib/transport.js';
import type { HttpRequest, HttpResponse } from '@jsforce/jsforce-node/lib/types/common.js';
import { StreamPromise } from '@jsforce/jsforce-node/lib/util/promise.js';

import type { Context } from '../context.ts';
import type { Reply } from './request.ts';

export interface ExchangeOptions {
  /** The body of the request is this file. */
  readonly upload?: string | undefined;
  /** The body of a reply that succeeds goes into this file, and its text is empty. */
  readonly saveTo?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long the other side may take to begin its reply, in milliseconds. An upload takes its time: `fetch` itself ends one that stands still. */
  readonly silenceMs?: number | undefined;
}

/** A request may work for some minutes (a composite of five queries); `fetch` would give up at 300 seconds, and say less. */
const SILENCE_MS = 280_000;

/** The connection is there, and nothing comes. */
class SilenceError extends Error {
  readonly code = 'SILENCE';
}

/** Holds what came back; jsforce turns some replies into errors that tell less. */
export class Exchange extends Transport {
  reply: Reply | undefined;
  readonly #context: Context;
  readonly #options: ExchangeOptions;

  constructor(context: Context, options: ExchangeOptions = {}) {
    super();
    this.#context = context;
    this.#options = options;
  }

  override httpRequest(request: HttpRequest): StreamPromise<HttpResponse> {
    return StreamPromise.create(() => ({ stream: new PassThrough(), promise: this.#send(request) }));
  }

  async #send(request: HttpRequest): Promise<HttpResponse> {
    const { upload, signal } = this.#options;
    const headers = { ...request.headers };
    if (upload !== undefined) headers['content-length'] = String((await stat(upload)).size);
    const response = await this.#beforeSilence(async (limit) =>
      this.#context.fetch(request.url, {
        method: request.method,
        headers,
        body: upload === undefined ? ((request.body as string | null | undefined) ?? null) : bodyOf(upload),
        // A token goes nowhere but where it was meant to.
        redirect: 'manual',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        ...(upload === undefined ? {} : { duplex: 'half' }),
      }),
    );
    const replyHeaders = Object.fromEntries(response.headers);
    const reply: Reply = { status: response.status, headers: replyHeaders, text: await this.#received(response) };
    this.reply = reply;
    return { statusCode: reply.status, headers: { ...reply.headers }, body: reply.text };
  }

  /** Until the reply begins. A body that stands still is ended by `fetch`. */
  async #beforeSilence(work: (limit: AbortSignal) => Promise<Response>): Promise<Response> {
    const { upload, silenceMs = SILENCE_MS } = this.#options;
    const limit = new AbortController();
    const end = (): void => limit.abort(new SilenceError(`no answer within ${Math.round(silenceMs / 1000)} seconds`));
    const timer = upload === undefined ? setTimeout(end, silenceMs) : undefined;
    try {
      return await work(limit.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #received(response: Response): Promise<string> {
    const { saveTo } = this.#options;
    if (saveTo === undefined || !response.ok || isHtml(response.headers.get('content-type'))) return response.text();
    const body = response.body === null ? Readable.from([]) : Readable.fromWeb(response.body);
    await pipeline(body, createWriteStream(saveTo));
    return '';
  }
}

function bodyOf(file: string): NonNullable<RequestInit['body']> {
  return Readable.toWeb(createReadStream(file));
}

export function isHtml(contentType: string | null | undefined): boolean {
  return /^text\/html\b/i.test(contentType ?? '');
}
