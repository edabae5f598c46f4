/** The session: opened by the first request, opened again at most once for each request that it fails. */
import { Connection } from '@jsforce/jsforce-node/lib/connection.js';
import { HttpApi } from '@jsforce/jsforce-node/lib/http-api.js';

import type { Connection as Document } from '../config/model.ts';
import type { Context } from '../context.ts';
import { type Location, UserError } from '../errors.ts';
import { Exchange } from './exchange.ts';
import { type Login, logIn } from './login.ts';
import { networkFailure } from './network.ts';
import type { ClientOptions } from './options.ts';
import { apiErrorOf } from './refusal.ts';
import type { Reply, Request, Usage } from './request.ts';
import { usageOf } from './usage.ts';

/** A request with what `Request` leaves open. */
export interface Call extends Request {
  readonly sends: 'nothing' | 'data';
  /** The body of a reply that succeeds goes into this file. */
  readonly saveTo?: string | undefined;
}

interface Open {
  readonly login: Login;
  readonly connection: Connection;
}

export interface Answer {
  readonly reply: Reply;
  readonly url: string;
}

/** Sessions that a new login would not help: the org does not let this app or user use the API by them. */
const NOT_RENEWABLE = /not valid for use with the (REST )?API|Connected app is not attached/i;

export class Session {
  readonly #options: ClientOptions;
  readonly #context: Context;
  #open: Open | undefined;
  /** A login under way: all who wait for one share it. */
  #opening: Promise<Open> | undefined;
  #reached = false;
  #usage: Usage | undefined;

  constructor(options: ClientOptions, context: Context) {
    this.#options = options;
    this.#context = context;
  }

  /** What the newest reply said. */
  get usage(): Usage | undefined {
    return this.#usage;
  }

  /** Logs in when nobody has. On the way to a request that sends data, an abort does not stop it. */
  async login(sends: Call['sends']): Promise<Login> {
    return (await this.#opened(sends)).login;
  }

  /**
   * The reply, whatever it says, but for 401. A session that ended gets one new login and the request is sent once more: a
   * request answered with 401 has done nothing. Throws `UserError` when the session is refused after that.
   */
  async send(call: Call): Promise<Answer> {
    const open = await this.#opened(call.sends);
    const first = await this.#once(call, open);
    if (first.reply.status !== 401) return first;
    const again = await this.#once(call, await this.#renewed(open, first.reply, call.sends));
    if (again.reply.status === 401) throw this.#refused(again.reply, 'Salesforce refuses the session right after a new login');
    return again;
  }

  async #opened(sends: Call['sends']): Promise<Open> {
    return this.#open ?? this.#reopened(sends);
  }

  async #reopened(sends: Call['sends']): Promise<Open> {
    this.#opening ??= this.#logIn(sends).finally(() => {
      this.#opening = undefined;
    });
    this.#open = await this.#opening;
    return this.#open;
  }

  async #logIn(sends: Call['sends']): Promise<Open> {
    const signal = sends === 'nothing' ? this.#context.signal : undefined;
    const before = this.#open?.login;
    const login = await logIn(this.#options, this.#context, { refreshToken: before?.refreshToken, signal, again: before !== undefined });
    const { instanceUrl, accessToken } = login;
    // What jsforce logs, when the environment asks for it, holds queries with the keys of records in them.
    return { login, connection: new Connection({ instanceUrl, accessToken, version: this.#options.version, logLevel: 'NONE' }) };
  }

  /** Somebody else may have renewed it in the meantime. */
  async #renewed(stale: Open, reply: Reply, sends: Call['sends']): Promise<Open> {
    if (NOT_RENEWABLE.test(reply.text)) throw this.#refused(reply, 'Salesforce does not take the session for its API');
    if (this.#open !== undefined && this.#open !== stale) return this.#open;
    if (this.#options.auth.type === 'access_token') throw this.#refused(reply, 'the session of `auth.access_token` has ended');
    const renewed = await this.#reopened(sends);
    if (renewed.login.accessToken !== stale.login.accessToken) return renewed;
    throw this.#refused(reply, 'the session has ended, and a new login brings it back as it was');
  }

  #refused(reply: Reply, what: string): UserError {
    const { name, location, auth } = this.#options;
    const { message, code } = apiErrorOf(reply);
    return new UserError(`${name}: ${what}: ${message} (${code})`, { location, hint: HINTS[auth.type] ?? REFUSED_HINT });
  }

  /** What jsforce adds is the token. Its errors hold less than the reply, which is judged elsewhere. */
  async #once(call: Call, { login, connection }: Open): Promise<Answer> {
    const { version, name, location } = this.#options;
    const { signal } = this.#context;
    const upload = typeof call.body === 'object' ? call.body.file : undefined;
    const exchange = new Exchange(this.#context, { upload, saveTo: call.saveTo, signal: call.sends === 'nothing' ? signal : undefined });
    const url = login.instanceUrl + (call.path.startsWith('/services/') ? call.path : `/services/data/v${version}${call.path}`);
    const body = typeof call.body === 'string' ? { body: call.body } : {};
    const api = new HttpApi(connection, { transport: exchange, responseType: 'text/plain' });
    let failure: unknown;
    await api.request({ method: call.method, url, headers: headersOf(call), ...body }).catch((error: unknown) => {
      failure = error;
    });
    if (exchange.reply === undefined) {
      if (call.sends === 'nothing') signal.throwIfAborted();
      throw networkFailure(failure, { options: { name, location }, url, sends: call.sends, reached: this.#reached });
    }
    this.#reached = true;
    this.#usage = usageOf(exchange.reply.headers) ?? this.#usage;
    return { reply: exchange.reply, url };
  }
}

/**
 * Every sync of a project opens its destination for itself, and once more to apply: they need not log in each. A sync with
 * options of its own brings another document of the same place: what is shared hangs on that.
 */
const shared = new WeakMap<Context, WeakMap<Location, Session>>();

export function sharedSession({ location }: Document, options: ClientOptions, context: Context): Session {
  const known = shared.get(context) ?? new WeakMap<Location, Session>();
  const session = known.get(location) ?? new Session(options, context);
  shared.set(context, known.set(location, session));
  return session;
}

function headersOf({ headers, body, contentType, accept }: Call): Record<string, string> {
  return {
    accept: accept ?? 'application/json',
    ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
    ...headers,
  };
}

const REFUSED_HINT = 'Look at the session settings of the org and the policies of the app: Setup, Login History says why.';
const HINTS: Readonly<Record<string, string>> = {
  access_token: 'Put a new token in, or choose an `auth.type` that can renew it: jwt is the one for jobs.',
  sf_cli: 'Log in again: sf org login web.',
};
