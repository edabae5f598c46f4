/** Replies that say no, as our errors. */
import { EXIT, TransientError, UserError } from '../errors.ts';
import { LostReplyError, SalesforceError } from './errors.ts';
import { isHtml } from './exchange.ts';
import { withoutTokens } from './mask.ts';
import type { ClientOptions } from './options.ts';
import type { Reply } from './request.ts';
import { usageOf } from './usage.ts';

export interface Refused {
  readonly options: Pick<ClientOptions, 'name' | 'location'>;
  readonly reply: Reply;
  /** Where the reply is from. */
  readonly url: string;
  readonly sends: 'nothing' | 'data';
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** One entry of `[{errorCode, message, fields}]`. */
export interface ApiError {
  readonly code: string;
  readonly message: string;
  readonly fields: readonly string[];
}

/** The error to throw for a reply that is not what was asked for. 401 is the session's business. */
export function refusal(refused: Refused): Error {
  const { reply } = refused;
  if (reply.status === 429 || reply.status >= 500) return unavailable(refused);
  if (isWebPage(reply)) return pageInstead(refused);
  if (reply.status >= 301 && reply.status < 400) return elsewhere(refused);
  const error = apiErrorOf(reply);
  return generalRefusal(refused, error) ?? new SalesforceError({ status: reply.status, ...error });
}

/** Whether a reply is a page for people: a login page, an error page of a proxy, maintenance. */
export function isWebPage(reply: Reply): boolean {
  return isHtml(reply.headers['content-type']) || /^\s*<(!doctype|html)/i.test(reply.text.slice(0, 200));
}

/** The first error of a reply. */
export function apiErrorOf(reply: Reply): ApiError {
  const body = parsed(reply.text);
  const first = (Array.isArray(body) ? body[0] : body) as Readonly<Record<string, unknown>> | undefined;
  const code = first?.['errorCode'] ?? first?.['error'];
  const message = first?.['message'] ?? first?.['error_description'];
  const fields = first?.['fields'];
  if (reply.status === 300) return { code: 'MULTIPLE_CHOICES', message: 'several records match', fields: [] };
  return {
    code: typeof code === 'string' ? code : `HTTP_${reply.status}`,
    message: typeof message === 'string' ? publicMessage(message) : `Salesforce answered with status ${reply.status}`,
    fields: Array.isArray(fields) ? fields.map(String) : [],
  };
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Without the part of a query that it quotes, which may hold keys of records. */
function publicMessage(message: string): string {
  const quoting = /ERROR at Row:\d+:Column:\d+\s*/.exec(message);
  return withoutTokens(quoting === null ? message : message.slice(quoting.index + quoting[0].length)).trim();
}

/** A gateway may have passed a request on before it gave up; a server that is busy (429, 503) has not begun. */
function unavailable({ options, reply, sends, now }: Refused): Error {
  const { code, message } = apiErrorOf(reply);
  const what = `${options.name}: Salesforce is not available: ${isWebPage(reply) ? `status ${reply.status}` : `${message} (${code})`}`;
  const retryAfterMs = retryAfter(reply, now);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  const begun = sends === 'data' && ![429, 503].includes(reply.status);
  return begun ? new LostReplyError(what, wait) : new TransientError(what, wait);
}

function retryAfter(reply: Reply, now: number): number | undefined {
  const text = reply.headers['retry-after'];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** A page for people in the place of a reply: what was sent may have arrived before something in between answered. */
export function pageInstead(refused: Pick<Refused, 'options' | 'url' | 'sends'>): Error {
  const error = wrongHost(refused);
  return refused.sends === 'data' ? new LostReplyError(error.message, { cause: error }) : error;
}

/** Something that speaks HTTP, but not this API, answered with a page for people. */
export function wrongHost({ options, url }: Pick<Refused, 'options' | 'url'>): UserError {
  return new UserError(`${options.name}: ${new URL(url).origin} answers with a web page, not with data`, {
    location: options.location,
    hint: 'Is it the address of the org? Correct `login_url` (or `auth.instance_url`): https://acme.my.salesforce.com. A proxy or firewall may also be in between.',
  });
}

function elsewhere({ options, reply, url }: Refused): UserError {
  const target = URL.parse(reply.headers['location'] ?? '', url);
  const to = target === null || target.origin === new URL(url).origin ? 'to another page' : `to ${target.origin}`;
  return new UserError(`${options.name}: ${new URL(url).origin} sends us on ${to}`, {
    location: options.location,
    hint: 'The org may have moved: write its My Domain as `login_url` (or `auth.instance_url`).',
  });
}

/** Refusals that are about the session, the user or the org, whatever was asked. */
function generalRefusal(refused: Refused, error: ApiError): Error | undefined {
  const { options } = refused;
  const { code, message } = error;
  if (code === 'REQUEST_LIMIT_EXCEEDED') return limitExceeded(refused, error);
  if (/^(SERVER_UNAVAILABLE|QUERY_TIMEOUT|UNABLE_TO_LOCK_ROW)$/.test(code)) {
    return new TransientError(`${options.name}: Salesforce asks to try again: ${message} (${code})`);
  }
  const known = GENERAL.find(([pattern]) => pattern.test(code));
  if (known === undefined) return undefined;
  const [, what, hint] = known;
  return new UserError(`${options.name}: ${what}: ${message} (${code})`, { location: options.location, hint });
}

const GENERAL: readonly (readonly [code: RegExp, what: string, hint: string])[] = [
  [
    /^API_(CURRENTLY_)?DISABLED|^API_DISABLED_FOR_ORG$/,
    'the API is off for this user or org',
    'Give the user the permission "API Enabled" (profile or permission set); the edition of the org must include the API.',
  ],
  [
    /APP_BLOCKED|APP_ACCESS_DENIED|^BLOCKED_/,
    'the app is blocked in the org',
    'An administrator can unblock or install it: Setup, Connected Apps OAuth Usage.',
  ],
  [
    /^(LOGIN_DURING_RESTRICTED_(DOMAIN|TIME)|INVALID_LOGIN|IP_RESTRICTED)/,
    'the org does not let the user in from here',
    'Look at the login IP ranges and login hours of the profile, and at the IP relaxation of the app.',
  ],
  [/^(PASSWORD_LOCKOUT|INACTIVE_|ORG_LOCKED|TRIAL_EXPIRED)/, 'the user or org is not active', 'An administrator can activate it.'],
  [
    /^(UNSUPPORTED_API_VERSION|INVALID_API_VERSION)$/,
    'the org does not speak this version of the API',
    'Leave `api_version` out, or lower it to one that the org has.',
  ],
];

/** Too many at once pass; the allowance of 24 hours does not within a run. The code is the same for both. */
function limitExceeded({ options, reply }: Refused, { message, code }: ApiError): Error {
  const usage = usageOf(reply.headers);
  const daily = /TotalRequests/i.test(message) || (usage !== undefined && usage.used >= usage.max);
  if (!daily) return new TransientError(`${options.name}: Salesforce asks for fewer requests at once: ${message} (${code})`);
  return new UserError(`${options.name}: the org's API calls of 24 hours are used up: ${message}`, {
    location: options.location,
    hint: 'Setup, System Overview shows who used them. What was acknowledged is kept: run the same command later.',
    exitCode: EXIT.forbidden,
  });
}
