import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { ask } from './rest.ts';
import { errorOf } from './shapes.ts';

const NOW = Date.UTC(2026, 5, 1);
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => NOW });
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

/** What the token endpoint answers, either way. */
interface Token {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly error?: string;
  readonly error_description?: string;
}

async function token(form: Readonly<Record<string, string>>): Promise<{ status: number; body: Token }> {
  const response = await fetch(`${sandbox.url}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
  return { status: response.status, body: (await response.json()) as Token };
}

interface Claims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string;
  readonly exp?: number;
}

function assertion(claims: Claims = {}, privateKey = sandbox.credentials.privateKey, alg = 'RS256'): string {
  const { clientId, username } = sandbox.credentials;
  const all = { iss: clientId, sub: username, aud: 'https://login.salesforce.com', exp: NOW / 1000 + 180, ...claims };
  const body = [{ alg }, all].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${body}.${sign('RSA-SHA256', Buffer.from(body), createPrivateKey(privateKey)).toString('base64url')}`;
}

async function refusedAssertion(text: string): Promise<string> {
  const { status, body } = await token({ grant_type: JWT_BEARER, assertion: text });
  return `${status} ${body.error}: ${body.error_description}`;
}

async function works(accessToken: string): Promise<boolean> {
  const { status } = await ask(sandbox, 'GET', '/limits', { headers: { authorization: `Bearer ${accessToken}` } });
  return status === 200;
}

describe('JWT bearer', () => {
  it('opens a session for the user that the assertion names', async () => {
    const { status, body } = await token({ grant_type: JWT_BEARER, assertion: assertion() });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      instance_url: sandbox.url,
      token_type: 'Bearer',
      id: expect.stringMatching(/\/id\/00D\w{15}\/005\w{15}$/),
    });
    expect(body.refresh_token).toBeUndefined();
    expect(await works(body.access_token)).toBe(true);
  });

  it('takes the login URL as the audience, too', async () => {
    expect((await token({ grant_type: JWT_BEARER, assertion: assertion({ aud: sandbox.url }) })).status).toBe(200);
  });

  it('is refused in the words of Salesforce', async () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }); // prettier-ignore
    const [head, , signature] = assertion().split('.');
    const other = Buffer.from(JSON.stringify({ sub: 'admin@example.com' })).toString('base64url');
    expect(await refusedAssertion(assertion({}, stranger.privateKey))).toBe('400 invalid_grant: invalid assertion');
    expect(await refusedAssertion(assertion({}, undefined, 'none'))).toBe('400 invalid_grant: invalid assertion');
    expect(await refusedAssertion('not.a.jwt')).toBe('400 invalid_grant: invalid assertion');
    expect(await refusedAssertion(`${head}.${other}.${signature}`)).toBe('400 invalid_client_id: client identifier invalid');
    expect(await refusedAssertion(assertion({ iss: 'another app' }))).toBe('400 invalid_client_id: client identifier invalid');
    expect(await refusedAssertion(assertion({ aud: 'https://test.salesforce.com' }))).toBe('400 invalid_grant: audience is invalid');
    expect(await refusedAssertion(assertion({ exp: NOW / 1000 - 1 }))).toBe('400 invalid_grant: expired authorization code');
    expect(await refusedAssertion(assertion({ sub: 'nobody@example.com' }))).toBe("400 invalid_grant: user hasn't approved this consumer");
  });
});

describe('other grants', () => {
  it('client credentials need the secret', async () => {
    const { clientId, clientSecret } = sandbox.credentials;
    const good = await token({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret });
    expect(await works(good.body.access_token)).toBe(true);
    const bad = await token({ grant_type: 'client_credentials', client_id: clientId, client_secret: 'no' });
    expect(bad).toEqual({ status: 400, body: { error: 'invalid_client', error_description: 'invalid client credentials' } });
  });

  it('passwords are no way to log in', async () => {
    expect(await token({ grant_type: 'password', username: 'a', password: 'b' })).toEqual({
      status: 400,
      body: { error: 'unsupported_grant_type', error_description: 'grant type not supported' },
    });
  });

  it('a refresh token renews sessions until it is revoked, and takes its sessions with it', async () => {
    await using own = await startSandbox();
    const { clientId, refreshToken } = own.credentials;
    const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken };
    const post = async (path: string, body: Readonly<Record<string, string>>): Promise<Response> =>
      fetch(`${own.url}/services/oauth2/${path}`, { method: 'POST', body: new URLSearchParams(body) });
    const opened = (await (await post('token', form)).json()) as { access_token: string };
    const limits = async (): Promise<number> =>
      (await ask(own, 'GET', '/limits', { headers: { authorization: `Bearer ${opened.access_token}` } })).status;
    expect(await limits()).toBe(200);
    expect((await post('revoke', { token: refreshToken })).status).toBe(200);
    expect(await limits()).toBe(401);
    const refused = await post('token', form);
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error: 'invalid_grant', error_description: 'expired access/refresh token' },
    ]);
  });
});

describe('sessions', () => {
  it('that have ended are refused with INVALID_SESSION_ID', async () => {
    const { status, text } = await ask(sandbox, 'GET', '/sobjects', { headers: { authorization: 'Bearer 00D!nothing' } });
    expect([status, JSON.parse(text)]).toEqual([401, [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }]]);
  });

  it('of a user without API access are refused', async () => {
    await using own = await startSandbox({ user: { apiEnabled: false } });
    const { status, text } = await ask(own, 'GET', '/limits');
    expect([status, errorOf(text).errorCode]).toEqual([403, 'API_CURRENTLY_DISABLED']);
  });

  it('say whose they are', async () => {
    const userinfo = await ask(sandbox, 'GET', '/services/oauth2/userinfo');
    expect(JSON.parse(userinfo.text)).toMatchObject({ preferred_username: 'sluice@example.com', organization_id: sandbox.org.id });
    const { identity } = JSON.parse((await ask(sandbox, 'GET', '')).text) as { readonly identity: string };
    const answer = await fetch(`${identity}?format=json&oauth_token=${encodeURIComponent(sandbox.credentials.accessToken)}`);
    expect(await answer.json()).toMatchObject({ id: identity, username: 'sluice@example.com', user_id: sandbox.org.user.id });
    expect((await fetch(`${identity}?oauth_token=x`)).status).toBe(403);
  });

  it('cost no API calls to open', async () => {
    await using own = await startSandbox();
    await fetch(`${own.url}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: own.credentials.clientId, client_secret: own.credentials.clientSecret }) }); // prettier-ignore
    expect([own.calls.of('login'), own.calls.total, own.quota.used]).toEqual([1, 0, 0]);
  });
});
