/** From a connection document to what a client needs. */
import { dirname, resolve } from 'node:path';

import type { Connection } from '../config/model.ts';
import type { Context } from '../context.ts';
import { InternalError, type Location } from '../errors.ts';
import { type SigningKey, signingKey } from './private-key.ts';
import { checkedOrigin } from './url.ts';

/** Current in November 2026. Another version may have other rules: it is changed together with the tests. */
const API_VERSION = '67.0';
const LOGIN_URL = 'https://login.salesforce.com';
const BUDGET_PERCENT = 90;

/** How to log in. */
export type Auth =
  | {
      readonly type: 'jwt';
      readonly clientId: string;
      readonly username: string;
      readonly privateKey: SigningKey;
      readonly audience: string;
    }
  | { readonly type: 'client_credentials'; readonly clientId: string; readonly clientSecret: string }
  | {
      readonly type: 'refresh_token';
      readonly clientId: string;
      readonly clientSecret: string | undefined;
      readonly refreshToken: string;
    }
  | { readonly type: 'access_token'; readonly accessToken: string; readonly instanceUrl: string }
  | { readonly type: 'sf_cli'; readonly targetOrg: string | undefined };

export interface ClientOptions {
  /** Name of the connection, for messages. */
  readonly name: string;
  readonly location: Location;
  /** Scheme, host and port. */
  readonly loginUrl: string;
  readonly auth: Auth;
  /** `67.0` */
  readonly version: string;
  /** Share of the day's API calls that may be used, by anybody, before we stop. */
  readonly budgetPercent: number;
}

/** Throws `UserError` when the document cannot work. Reads the key, connects to nothing. */
export function clientOptions(connection: Connection, context: Context): ClientOptions {
  const { name, location, options } = connection;
  const loginUrl = checkedOrigin(textOf(options, 'login_url') ?? LOGIN_URL, 'login_url', location);
  const budget = textOf(options, 'api_budget');
  return {
    name,
    location,
    loginUrl,
    auth: authOf(connection, loginUrl, context),
    version: textOf(options, 'api_version') ?? API_VERSION,
    budgetPercent: budget === undefined ? BUDGET_PERCENT : Number.parseInt(budget, 10),
  };
}

type Properties = Readonly<Record<string, unknown>>;

function authOf({ options, location }: Connection, loginUrl: string, context: Context): Auth {
  const auth = (options['auth'] ?? {}) as Properties;
  const type = auth['type'];
  switch (type) {
    case 'jwt': {
      const folder = dirname(resolve(context.cwd, location.file));
      const pems = { key: need(auth, 'private_key'), certificate: textOf(auth, 'certificate') };
      return {
        type,
        clientId: need(auth, 'client_id'),
        username: need(auth, 'username'),
        privateKey: signingKey(pems, { folder, location, now: context.now() }),
        audience: textOf(auth, 'audience') ?? audienceOf(loginUrl),
      };
    }
    case 'client_credentials':
      return { type, clientId: need(auth, 'client_id'), clientSecret: need(auth, 'client_secret') };
    case 'refresh_token': {
      const clientSecret = textOf(auth, 'client_secret');
      return { type, clientId: need(auth, 'client_id'), clientSecret, refreshToken: need(auth, 'refresh_token') };
    }
    case 'access_token': {
      const instanceUrl = checkedOrigin(need(auth, 'instance_url'), 'auth.instance_url', location);
      return { type, accessToken: need(auth, 'access_token').trim(), instanceUrl };
    }
    case 'sf_cli':
      return { type, targetOrg: textOf(auth, 'target_org') };
    default:
      throw new InternalError('a way to log in that the schema of the connection does not know');
  }
}

/**
 * Whom an assertion is for. A My Domain is not an audience: its production or sandbox login is
 * (https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm, read November 2026).
 */
function audienceOf(loginUrl: string): string {
  const { hostname } = new URL(loginUrl);
  if (/^test\.salesforce\.com$|\.sandbox\.my\.salesforce\.com$|^(cs\d+|[\w-]+--[\w-]+)(\.\w+)?(\.my)?\.salesforce\.com$/.test(hostname)) {
    return 'https://test.salesforce.com';
  }
  return hostname.endsWith('.salesforce.com') ? LOGIN_URL : loginUrl;
}

function textOf(properties: Properties, key: string): string | undefined {
  const value = properties[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function need(properties: Properties, key: string): string {
  const value = textOf(properties, key);
  if (value === undefined) throw new InternalError(`the schema of the connection let a login without ${key} pass`);
  return value;
}
