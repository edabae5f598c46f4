/** Answers on their way out: errors, faults, bytes. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { messageOf } from '../../errors.ts';
import type { Kind } from './calls.ts';
import type { Fault } from './faults.ts';
import type { Quota } from './limits.ts';
import { json, Refusal, type Reply } from './reply.ts';

const STATUS_ERRORS: Readonly<Record<number, readonly [string, string]>> = {
  401: ['INVALID_SESSION_ID', 'Session expired or invalid'],
  403: ['REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests (Concurrent API) Limit exceeded.'],
  429: ['REQUEST_LIMIT_EXCEEDED', 'Too many requests'],
  500: ['UNKNOWN_EXCEPTION', 'An unexpected error occurred. Please include this ErrorId if you contact support: 1234567890-1 (0)'],
  503: ['SERVER_UNAVAILABLE', 'Server is temporarily unavailable'],
};

/** What a `status` fault answers. Logins have errors of their own form. */
export function statusReply(fault: Fault, kind: Kind): Reply {
  const status = fault.status ?? 503;
  const [code, message] = STATUS_ERRORS[status] ?? ['UNKNOWN_EXCEPTION', 'An unexpected error occurred'];
  const [errorCode, words] = [fault.code ?? code, fault.message ?? message];
  const body = kind === 'login' ? { error: errorCode, error_description: words } : [{ errorCode, message: words }];
  return { ...json(body, status), headers: fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) } };
}

/** The answer to what a handler threw. */
export function failure(error: unknown): Reply {
  if (error instanceof Refusal) return error.reply();
  return new Refusal(500, 'SANDBOX_BUG', error instanceof Error ? (error.stack ?? error.message) : messageOf(error)).reply();
}

/** Puts an answer on the wire; text in pieces no faster than the reader takes them. */
export async function send(response: ServerResponse, reply: Reply, quota: Quota): Promise<void> {
  const { status, headers = {}, body } = reply;
  const type = body === undefined ? {} : { 'content-type': 'json' in body ? 'application/json;charset=UTF-8' : body.type };
  response.writeHead(status, { 'sforce-limit-info': quota.header, ...type, ...headers });
  if (body === undefined) response.end();
  else if ('json' in body) response.end(JSON.stringify(body.json));
  else if (typeof body.text === 'string' || Buffer.isBuffer(body.text)) response.end(body.text);
  else await pipeline(Readable.from(body.text), response);
}
