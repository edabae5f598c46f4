/** `/services/oauth2/...` and the identity URL. Logging in costs no API call. */
import { readText, type State } from './call.ts';
import { checkAssertion, OAuthRefusal } from './jwt.ts';
import { json, Refusal, type Reply } from './reply.ts';
import type { Sessions } from './sessions.ts';
import type { SandboxUser } from './users.ts';
import type { Readable } from 'node:stream';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** What an assertion may name as its audience, besides the sandbox's own address. */
const LOGIN_HOST = 'https://login.salesforce.com';

export interface OAuthRequest {
  readonly method: string;
  readonly pathname: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/** Undefined: no address of OAuth. */
export async function oauthReply(request: OAuthRequest, state: State, sessions: Sessions): Promise<Reply | undefined> {
  const { method, pathname } = request;
  try {
    if (pathname === '/services/oauth2/token' && method === 'POST') return await token(request, state, sessions);
    if (pathname === '/services/oauth2/revoke') return revoke(await form(request), sessions);
    if (pathname === '/services/oauth2/userinfo') return userinfo(request, state, sessions);
    if (pathname.startsWith('/id/') && method === 'GET') return identity(request, state, sessions);
    return undefined;
  } catch (error) {
    if (!(error instanceof OAuthRefusal)) throw error;
    return json({ error: error.error, error_description: error.message }, error.status);
  }
}

/** Parameters of the form, or of the address where there is none. */
async function form({ headers, body, query, method }: OAuthRequest): Promise<URLSearchParams> {
  if (method === 'GET') return query;
  if (!/^application\/x-www-form-urlencoded\b/.test(headers['content-type'] ?? '')) {
    throw new OAuthRefusal('invalid_request', 'content type must be application/x-www-form-urlencoded');
  }
  return new URLSearchParams(await readText(body));
}

async function token(request: OAuthRequest, state: State, sessions: Sessions): Promise<Reply> {
  const parameters = await form(request);
  const user = userOfGrant(parameters, request.headers, state, sessions);
  const accessToken = sessions.open(user);
  const id = identityUrl(state, user);
  const issuedAt = String(state.now());
  return json({
    access_token: accessToken,
    signature: sessions.sign(id + issuedAt),
    scope: 'api refresh_token id',
    instance_url: state.url,
    id,
    token_type: 'Bearer',
    issued_at: issuedAt,
  });
}

function userOfGrant(parameters: URLSearchParams, headers: OAuthRequest['headers'], state: State, sessions: Sessions): SandboxUser {
  const grant = parameters.get('grant_type');
  switch (grant) {
    case JWT_BEARER:
      return userOfAssertion(parameters.get('assertion') ?? '', state, sessions);
    case 'client_credentials':
      checkClient(parameters, headers, sessions);
      return state.org.user;
    case 'refresh_token':
      return userOfRefresh(parameters, sessions);
    default:
      throw new OAuthRefusal('unsupported_grant_type', 'grant type not supported');
  }
}

function userOfAssertion(assertion: string, state: State, sessions: Sessions): SandboxUser {
  const { publicKey, credentials } = sessions;
  const username = checkAssertion(assertion, {
    clientId: credentials.clientId,
    publicKey,
    audiences: [state.url, LOGIN_HOST],
    now: state.now(),
  });
  const user = state.org.userOf(username);
  if (user === undefined) throw new OAuthRefusal('invalid_grant', "user hasn't approved this consumer");
  return user;
}

/** The client's own name and secret, in the form or as HTTP basic authentication. */
function checkClient(parameters: URLSearchParams, headers: OAuthRequest['headers'], { credentials }: Sessions): void {
  const basic = /^Basic (.+)$/.exec(headers['authorization'] ?? '')?.[1];
  const [basicId, basicSecret] = Buffer.from(basic ?? '', 'base64')
    .toString('utf8')
    .split(':');
  const id = parameters.get('client_id') ?? basicId;
  const secret = parameters.get('client_secret') ?? basicSecret;
  if (id !== credentials.clientId) throw new OAuthRefusal('invalid_client_id', 'client identifier invalid');
  if (secret !== credentials.clientSecret) throw new OAuthRefusal('invalid_client', 'invalid client credentials');
}

/** The secret may be left out: the connected app asks for none here. A wrong one is refused. */
function userOfRefresh(parameters: URLSearchParams, sessions: Sessions): SandboxUser {
  const { clientId, clientSecret } = sessions.credentials;
  if (parameters.get('client_id') !== clientId) throw new OAuthRefusal('invalid_client_id', 'client identifier invalid');
  const secret = parameters.get('client_secret');
  if (secret !== null && secret !== clientSecret) throw new OAuthRefusal('invalid_client', 'invalid client credentials');
  const user = sessions.userOfRefresh(parameters.get('refresh_token') ?? '');
  if (user === undefined) throw new OAuthRefusal('invalid_grant', 'expired access/refresh token');
  return user;
}

function revoke(parameters: URLSearchParams, sessions: Sessions): Reply {
  if (!sessions.revoke(parameters.get('token') ?? '')) throw new OAuthRefusal('unsupported_token_type', 'this token is not supported');
  return { status: 200 };
}

function identityUrl({ url, org }: State, user: SandboxUser): string {
  return `${url}/id/${org.id}/${user.id}`;
}

function signedIn({ headers, query }: OAuthRequest, sessions: Sessions): SandboxUser {
  const bearer = /^(?:Bearer|OAuth) (.+)$/.exec(headers['authorization'] ?? '')?.[1];
  const user = sessions.userOf(bearer ?? query.get('oauth_token') ?? '');
  if (user === undefined) throw new Refusal(403, 'INVALID_SESSION_ID', 'Bad_OAuth_Token');
  return user;
}

function userinfo(request: OAuthRequest, state: State, sessions: Sessions): Reply {
  const user = signedIn(request, sessions);
  return json({
    sub: identityUrl(state, user),
    user_id: user.id,
    organization_id: state.org.id,
    preferred_username: user.username,
    nickname: user.username,
    name: user.name,
    email: user.username,
    email_verified: true,
    active: true,
    user_type: 'STANDARD',
    urls: urls(state),
  });
}

function identity(request: OAuthRequest, state: State, sessions: Sessions): Reply {
  const user = signedIn(request, sessions);
  if (request.pathname !== `/id/${state.org.id}/${user.id}`) throw new Refusal(403, 'FORBIDDEN', 'Bad_Id');
  return json({
    id: identityUrl(state, user),
    asserted_user: true,
    user_id: user.id,
    organization_id: state.org.id,
    username: user.username,
    nick_name: user.username,
    display_name: user.name,
    email: user.username,
    email_verified: true,
    active: true,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    utcOffset: 0,
    is_app_installed: true,
    urls: urls(state),
  });
}

function urls({ url }: State): object {
  const data = `${url}/services/data/v{version}`;
  return { rest: `${data}/`, sobjects: `${data}/sobjects/`, query: `${data}/query/` };
}
