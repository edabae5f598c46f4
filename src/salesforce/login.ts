/** Logging in, by every way a connection can name. One call is one attempt: nothing is repeated here. */
import { OAuth2, type TokenResponse } from '@jsforce/jsforce-node/lib/oauth2.js';

import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { Exchange } from './exchange.ts';
import { id18 } from './ids.ts';
import { assertion } from './jwt.ts';
import { loginRefusal } from './login-refusal.ts';
import { networkFailure } from './network.ts';
import type { Auth, ClientOptions } from './options.ts';
import { isWebPage, refusal, type Refused, wrongHost } from './refusal.ts';
import { cliLogin } from './sf-cli.ts';
import { checkedOrigin } from './url.ts';

/** An open session. */
export interface Login {
  readonly accessToken: string;
  readonly instanceUrl: string;
  /** What the login itself tells; the rest is asked for when somebody wants to know. */
  readonly orgId?: string | undefined;
  readonly userId?: string | undefined;
  readonly username?: string | undefined;
  /** Some apps hand out a new one with every use. */
  readonly refreshToken?: string | undefined;
}

export interface LoginOptions {
  /** Newer than the one of the connection. */
  readonly refreshToken: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** There was a login before: the address is right. */
  readonly again: boolean;
}

type Grant = Readonly<Record<string, string>> & { readonly grant_type: string };

/** Throws `UserError` when the org does not let us in, `TransientError` when it may do so later. */
export async function logIn(options: ClientOptions, context: Context, login: LoginOptions): Promise<Login> {
  const { auth, name, location } = options;
  const wire: Wire = { ...login, options, context };
  switch (auth.type) {
    case 'access_token':
      return { accessToken: auth.accessToken, instanceUrl: auth.instanceUrl };
    case 'sf_cli': {
      const { accessToken, instanceUrl, username, orgId } = await cliLogin(
        { name, location, targetOrg: auth.targetOrg },
        context.env,
        login.signal,
      );
      return { accessToken, instanceUrl: checkedOrigin(instanceUrl, 'the address that sf tells', location), username, orgId: id18(orgId) };
    }
    case 'jwt': {
      const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: assertion(auth, context.now()) };
      return { ...(await tokenFor(grant, auth, wire)), username: auth.username };
    }
    case 'client_credentials':
      return tokenFor({ grant_type: 'client_credentials' }, auth, wire);
    case 'refresh_token': {
      const refreshToken = login.refreshToken ?? auth.refreshToken;
      return { refreshToken, ...(await tokenFor({ grant_type: 'refresh_token', refresh_token: refreshToken }, auth, wire)) };
    }
  }
}

interface Wire extends LoginOptions {
  readonly options: ClientOptions;
  readonly context: Context;
}

/** A login works for a second or two. */
const LOGIN_SILENCE_MS = 60_000;

type OAuthAuth = Extract<Auth, { readonly clientId: string }>;

/** One request to the token endpoint. jsforce's errors hold less than the reply: that is judged. */
async function tokenFor(grant: Grant, auth: OAuthAuth, { options, context, signal, again }: Wire): Promise<Login> {
  const exchange = new Exchange(context, { signal, silenceMs: LOGIN_SILENCE_MS });
  const secret = 'clientSecret' in auth && auth.clientSecret !== undefined ? { clientSecret: auth.clientSecret } : {};
  // An assertion names the client itself.
  const client = auth.type === 'jwt' ? {} : { clientId: auth.clientId, ...secret };
  const oauth = new OAuth2({ loginUrl: options.loginUrl, ...client });
  oauth._transport = exchange;
  const url = oauth.tokenServiceUrl;
  let failure: unknown;
  const answer = await oauth.requestToken(grant).catch((error: unknown) => {
    failure = error;
    return undefined;
  });
  const { reply } = exchange;
  if (reply === undefined) {
    signal?.throwIfAborted();
    throw networkFailure(failure, { options, url, sends: 'nothing', reached: again });
  }
  checkGranted({ options, reply, url, sends: 'nothing', now: context.now() }, options);
  return loginOf(answer, options);
}

function checkGranted(refused: Refused, options: ClientOptions): void {
  const { status } = refused.reply;
  if (isWebPage(refused.reply) && status < 500) throw wrongHost(refused);
  if (status >= 400 && status < 500 && status !== 429) throw loginRefusal(refused, options);
  if (status !== 200) throw refusal(refused);
}

function loginOf(answer: Partial<TokenResponse> | undefined, { name, location, loginUrl }: ClientOptions): Login {
  const { access_token: accessToken, instance_url: instanceUrl, id, refresh_token: refreshToken } = answer ?? {};
  if (accessToken === undefined || instanceUrl === undefined) {
    throw new UserError(`${name}: ${loginUrl} answers a login, but not as Salesforce does`, { location, hint: 'Correct `login_url`.' });
  }
  const [orgId, userId] = (id ?? '').split('/').slice(-2);
  return {
    accessToken,
    instanceUrl: checkedOrigin(instanceUrl, 'the address that Salesforce tells', location),
    ...(orgId !== undefined && orgId.startsWith('00D') ? { orgId: id18(orgId) } : {}),
    ...(userId !== undefined && userId.startsWith('005') ? { userId: id18(userId) } : {}),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
}
