/**
 * One session with a Salesforce org, over jsforce: it exchanges tokens and carries the session. What it does beyond that
 * (retries, refreshing, queries, bulk) loses data or does not end, and is done here and by the connector.
 */
import { rm } from 'node:fs/promises';

import type { Connection } from '../config/model.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { SalesforceError } from './errors.ts';
import { identityOf } from './identity.ts';
import { describeLimits, type LimitsReply, limitsOf } from './limits.ts';
import { type ClientOptions, clientOptions } from './options.ts';
import { patiently } from './patience.ts';
import { isWebPage, pageInstead, refusal } from './refusal.ts';
import type { Identity, Limits, Reply, Request, Usage } from './request.ts';
import { type Answer, type Call, type Session, sharedSession } from './session.ts';
import { checkBudget } from './usage.ts';

export type { Identity, Limits, Reply, Request, Usage } from './request.ts';
export { LostReplyError, SalesforceError } from './errors.ts';

/** How long what `/limits` said is good enough. Milliseconds. */
const LIMITS_HOLD = 60_000;

export class SalesforceClient implements AsyncDisposable {
  /** `67.0`. */
  readonly version: string;
  readonly #options: ClientOptions;
  readonly #context: Context;
  readonly #session: Session;
  #identity: Promise<Identity> | undefined;
  #limits: { readonly at: number; readonly limits: Limits } | undefined;

  private constructor(options: ClientOptions, context: Context, session: Session) {
    this.version = options.version;
    this.#options = options;
    this.#context = context;
    this.#session = session;
  }

  /**
   * Nothing goes over the wire yet: the first request logs in, for all clients of the same connection document. Throws
   * `UserError` when the options cannot work.
   */
  static open(connection: Connection, context: Context): SalesforceClient {
    const options = clientOptions(connection, context);
    return new SalesforceClient(options, context, sharedSession(connection, options, context));
  }

  /** Newest count of the day's calls; undefined before the first reply. */
  get usage(): Usage | undefined {
    return this.#session.usage;
  }

  async identity(): Promise<Identity> {
    this.#identity ??= this.#askIdentity().catch((error: unknown) => {
      this.#identity = undefined;
      throw error;
    });
    return this.#identity;
  }

  /**
   * A request that sends nothing is repeated a few times where that may help, and stops with `context.signal`; one that
   * sends data goes out once and is finished. Throws `UserError` when nobody but the user can help, `TransientError` when
   * the same request may work later, `LostReplyError` when it may have worked, `SalesforceError` for every other refusal.
   */
  async request(request: Request): Promise<Reply> {
    return this.#perform(request);
  }

  /** Only for replies without values of records in them: numbers become JavaScript numbers. */
  async json<T>(request: Request): Promise<T> {
    const { text } = await this.#perform(request);
    try {
      return JSON.parse(text) as T;
    } catch {
      const { name, location } = this.#options;
      const hint = 'Is it the address of the org? Correct `login_url` (or `auth.instance_url`).';
      throw new UserError(`${name}: the answer to ${request.method} ${pathOf(request)} is not JSON`, { location, hint });
    }
  }

  /** Streams the body of the reply into a file, which is only there when all of it came. */
  async download(request: Request, file: string): Promise<Omit<Reply, 'text'>> {
    try {
      const { status, headers } = await this.#perform(request, file);
      return { status, headers };
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
  }

  /** Asked for at most once in 60 seconds. One call, also when the budget is used up. */
  async limits(): Promise<Limits> {
    const now = this.#context.now();
    if (this.#limits !== undefined && now - this.#limits.at < LIMITS_HOLD) return this.#limits.limits;
    const limits = await this.#askLimits();
    this.#limits = { at: now, limits };
    return limits;
  }

  /** A sentence for people. Throws `UserError` when this connection may make no more calls today. */
  async describeLimits(): Promise<string> {
    return describeLimits(await this.limits(), this.#options);
  }

  /** Milliseconds since 1970, as the org's server says: to half a second. */
  async clock(): Promise<number> {
    // The list of versions: it costs no call of the day.
    const { headers } = await this.#perform({ method: 'GET', path: '/services/data/', essential: true });
    const time = Date.parse(headers['date'] ?? '');
    if (Number.isNaN(time))
      throw new UserError(`${this.#options.name}: the org does not tell its time`, { location: this.#options.location });
    return time + 500;
  }

  /** Sessions are left to end by themselves: others may have been given the same one. */
  async [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  /** A user who may not see the limits still sees the count that every reply carries, a refusal too. */
  async #askLimits(): Promise<Limits> {
    try {
      return limitsOf(await this.json<LimitsReply>({ method: 'GET', path: '/limits', essential: true }));
    } catch (error) {
      if (!(error instanceof SalesforceError)) throw error;
      const { usage } = this;
      const daily = usage === undefined ? undefined : { max: usage.max, remaining: Math.max(0, usage.max - usage.used) };
      return { daily, bulkBatches: undefined, bulkQueries: undefined };
    }
  }

  async #askIdentity(): Promise<Identity> {
    const login = await patiently(this.#context, 'stop', async () => this.#session.login('nothing'));
    return identityOf(login, async (request) => this.json(request));
  }

  async #perform(request: Request, saveTo?: string): Promise<Reply> {
    const call: Call = { ...request, saveTo, sends: request.sends ?? (request.method === 'GET' ? 'nothing' : 'data') };
    if (call.sends === 'nothing') return patiently(this.#context, 'stop', async () => this.#once(call));
    // Logging in sends no data.
    await patiently(this.#context, 'finish', async () => this.#session.login('data'));
    return this.#once(call);
  }

  async #once(call: Call): Promise<Reply> {
    if (call.sends === 'nothing') this.#context.signal.throwIfAborted();
    if (call.essential !== true) checkBudget(this.usage, this.#options);
    const answer = await this.#session.send(call);
    return this.#accepted(call, answer);
  }

  #accepted(call: Call, { reply, url }: Answer): Reply {
    const options = this.#options;
    const good = (reply.status >= 200 && reply.status < 300) || reply.status === 304;
    if (good && !isWebPage(reply)) return reply;
    if (good) throw pageInstead({ options, url, sends: call.sends });
    throw refusal({ options, reply, url, sends: call.sends, now: this.#context.now() });
  }
}

/** Without the query, which may hold keys of records. */
function pathOf({ path }: Request): string {
  return path.split('?')[0] ?? '';
}
