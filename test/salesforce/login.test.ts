/** Logging in by every way, and what is said when the org does not let us in. */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { UserError } from '../../src/errors.ts';
import { type Answer, api, clientOf, connection, granted, ORG, problemOf, quickContext, thrownBy, token } from './support.ts';
import { SalesforceClient } from '../../src/salesforce/client.ts';

const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const JWT = { type: 'jwt', client_id: 'app', username: 'sync@acme.com', private_key: keys.privateKey };

function claimsOf(assertion: string): Readonly<Record<string, unknown>> {
  const [head = '', body = '', signature = ''] = assertion.split('.');
  const key = createPublicKey(keys.publicKey);
  expect(verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
  expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'RS256' });
  return JSON.parse(Buffer.from(body, 'base64url').toString()) as Readonly<Record<string, unknown>>;
}

describe('logging in', () => {
  it('signs an assertion that holds for three minutes', async () => {
    await using server = await api();
    const now = Date.UTC(2026, 10, 22, 12, 0, 0, 900);
    const client = clientOf(server, { auth: JWT }, quickContext({ now: () => now }));
    await client.request({ method: 'GET', path: '/limits' });
    const [form] = server.logins;
    expect(form?.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const claims = claimsOf(form?.get('assertion') ?? '');
    expect(claims).toEqual({ iss: 'app', sub: 'sync@acme.com', aud: server.url, exp: Math.floor(now / 1000) + 180 });
    expect(server.seen[0]?.headers['authorization']).toBe(`Bearer ${token(1)}`);
  });

  it.each([
    ['https://login.salesforce.com', 'https://login.salesforce.com'],
    ['https://test.salesforce.com/', 'https://test.salesforce.com'],
    ['https://acme.my.salesforce.com', 'https://login.salesforce.com'],
    ['https://acme--uat.sandbox.my.salesforce.com', 'https://test.salesforce.com'],
    ['https://acme--uat.my.salesforce.com', 'https://test.salesforce.com'],
    ['https://acme--uat.cs42.my.salesforce.com', 'https://test.salesforce.com'],
    ['https://acme-dev-ed.develop.my.salesforce.com', 'https://login.salesforce.com'],
  ])('names the audience of %s', async (loginUrl, audience) => {
    const assertions: string[] = [];
    const context = {
      ...quickContext(),
      fetch: async (_url: unknown, init?: RequestInit): Promise<Response> => {
        assertions.push(new URLSearchParams(init?.body as string).get('assertion') ?? '');
        return Promise.resolve(Response.json({ error: 'invalid_grant', error_description: 'invalid assertion' }, { status: 400 }));
      },
    };
    const client = SalesforceClient.open(connection({ login_url: loginUrl, auth: JWT }), context);
    await thrownBy(client.identity());
    expect(claimsOf(assertions[0] ?? '')['aud']).toBe(audience);
  });

  it('takes a private key whose line breaks were written out', async () => {
    await using server = await api();
    const client = clientOf(server, { auth: { ...JWT, private_key: keys.privateKey.replaceAll('\n', '\\n') } });
    await client.request({ method: 'GET', path: '/limits' });
    expect(claimsOf(server.logins[0]?.get('assertion') ?? '')['sub']).toBe('sync@acme.com');
  });

  it('sends what the other ways need, and nothing more', async () => {
    await using server = await api();
    const ways = [
      { type: 'client_credentials', client_id: 'app', client_secret: 's3cret' },
      { type: 'refresh_token', client_id: 'app', refresh_token: 'refresh' },
      { type: 'refresh_token', client_id: 'app', client_secret: 's3cret', refresh_token: 'refresh' },
    ];
    for (const auth of ways) await clientOf(server, { auth }).request({ method: 'GET', path: '/limits' });
    expect(server.logins.map((form) => Object.fromEntries(form))).toEqual([
      { grant_type: 'client_credentials', client_id: 'app', client_secret: 's3cret' },
      { grant_type: 'refresh_token', client_id: 'app', refresh_token: 'refresh' },
      { grant_type: 'refresh_token', client_id: 'app', client_secret: 's3cret', refresh_token: 'refresh' },
    ]);
  });

  it('needs no login with an access token', async () => {
    await using server = await api();
    const auth = { type: 'access_token', access_token: `${token(7)}\n`, instance_url: `${server.url}/` };
    await clientOf(server, { auth }).request({ method: 'GET', path: '/limits' });
    expect(server.logins).toEqual([]);
    expect(server.seen.map(({ path, headers }) => [path, headers['authorization']])).toEqual([
      ['/services/data/v67.0/limits', `Bearer ${token(7)}`],
    ]);
  });

  it('happens once, when the first request goes out, for requests at the same time', async () => {
    await using server = await api();
    const client = clientOf(server);
    expect(server.logins).toHaveLength(0);
    await Promise.all(['/a', '/b', '/c'].map(async (path) => client.request({ method: 'GET', path })));
    expect(server.logins).toHaveLength(1);
    expect(server.seen).toHaveLength(3);
  });

  it('tries again where the login is not available', async () => {
    await using server = await api({ login: (_form, n, url) => (n < 3 ? { status: 503, body: '' } : granted(n, url)) });
    await clientOf(server).request({ method: 'POST', path: '/composite' });
    expect(server.logins).toHaveLength(3);
    expect(server.seen).toHaveLength(1);
  });
});

describe('who is logged in', () => {
  it('is told by the login as far as it goes, in ids of 18 characters', async () => {
    await using server = await api();
    const client = clientOf(server, { auth: JWT });
    expect(await client.identity()).toEqual({
      orgId: '00D000000000001EAA',
      userId: '005000000000001AAA',
      username: 'sync@acme.com',
      instanceUrl: server.url,
    });
    expect(server.seen).toEqual([]);
  });

  it('is asked for where it does not, once', async () => {
    const info = { organization_id: '00D000000000001EAA', user_id: '005000000000001AAA', preferred_username: 'jane@acme.com' };
    await using server = await api({ answer: () => ({ body: info }) });
    const auth = { type: 'access_token', access_token: token(1), instance_url: server.url };
    const client = clientOf(server, { auth });
    expect(await client.identity()).toMatchObject({ orgId: '00D000000000001EAA', username: 'jane@acme.com' });
    await client.identity();
    expect(server.seen.map(({ path }) => path)).toEqual(['/services/oauth2/userinfo']);
  });

  it('is known as far as a query tells, for an app that may not know more', async () => {
    await using server = await api({
      answer: ({ path }) =>
        path.startsWith('/services/oauth2') ? { status: 403, body: 'Bad_OAuth_Token' } : { body: { records: [{ Id: ORG }] } },
    });
    const auth = { type: 'access_token', access_token: token(1), instance_url: server.url };
    expect(await clientOf(server, { auth }).identity()).toMatchObject({ orgId: '00D000000000001EAA', username: 'this user' });
  });
});

describe('a login that is refused', () => {
  function refused(error: string, description: string, headers: Answer['headers'] = {}): Answer {
    return { status: 400, body: { error, error_description: description }, headers };
  }

  async function problemWith(answer: Answer, auth: Readonly<Record<string, unknown>> = JWT, now = Date.now()): Promise<string> {
    await using server = await api({ login: () => answer });
    const problem = await problemOf(
      clientOf(server, { auth }, quickContext({ now: () => now })).request({ method: 'GET', path: '/limits' }),
    );
    expect(server.logins).toHaveLength(1);
    expect(problem).toContain('syncs/connections.yaml:3:1: crm: ');
    return problem;
  }

  const secret = { type: 'client_credentials', client_id: 'app', client_secret: 'the-secret-of-the-app' };
  const refresh = { type: 'refresh_token', client_id: 'app', refresh_token: 'x' };

  it.each([
    ['invalid_grant', "user hasn't approved this consumer", JWT, /"sync@acme\.com" may not use the app[\s\S]*test\.salesforce\.com/],
    ['invalid_grant', 'audience is invalid', JWT, /the assertion is for http[\s\S]*auth\.audience/],
    ['invalid_grant', 'invalid assertion', JWT, /the key does not belong to the certificate of the app, or the certificate expired/],
    ['invalid_grant', 'certificate expired', JWT, /the certificate of the app does not hold/],
    ['invalid_grant', 'expired authorization code', JWT, /takes the assertion for too old[\s\S]*clock/],
    ['invalid_grant', 'ip restricted', JWT, /does not let the user in from this address[\s\S]*IP ranges/],
    ['invalid_grant', 'inactive user', JWT, /the user or the org is not active/],
    [
      'invalid_app_access',
      'user is not admin approved to access this app',
      JWT,
      /the app is blocked in the org, or not allowed for this user/,
    ],
    ['OAUTH_APP_BLOCKED', 'this app is blocked by admin', secret, /the app is blocked in the org[\s\S]*Connected Apps OAuth Usage/],
    ['invalid_client_id', 'client identifier invalid', secret, /the app is not known here[\s\S]*auth\.client_id/],
    ['invalid_client', 'invalid client credentials', secret, /the secret of the app is wrong/],
    ['invalid_grant', 'no client credentials user enabled', secret, /the app has no user to run as/],
    ['invalid_grant', 'request not supported on this domain', secret, /client_credentials needs the My Domain/],
    ['unsupported_grant_type', 'grant type not supported', secret, /the app does not allow client_credentials/],
    ['invalid_grant', 'expired access/refresh token', refresh, /the refresh token was revoked or has expired/],
    ['something_new', 'never heard of', secret, /Salesforce refuses the login: never heard of \(something_new\)[\s\S]*Login History/],
  ])('says what to do about %s: %s', async (error, description, auth, expected) => {
    const problem = await problemWith(refused(error, description), auth);
    expect(problem).toMatch(expected);
    expect(problem).toContain(description);
    expect(problem).not.toContain('the-secret-of-the-app');
  });

  it.each([
    [7, /clock is 7 minutes ahead of Salesforce's/],
    [-400, /clock is 400 minutes behind Salesforce's/],
  ])('blames a clock that is %i minutes off', async (minutes, expected) => {
    const theirs = Date.UTC(2026, 10, 22, 12);
    const answer = refused('invalid_grant', 'expired authorization code', { date: new Date(theirs).toUTCString() });
    expect(await problemWith(answer, JWT, theirs + minutes * 60_000)).toMatch(expected);
  });

  it('knows a page for people from an API', async () => {
    const page = { body: '<!DOCTYPE html><html><body>Login</body></html>', headers: { 'content-type': 'text/html' } };
    expect(await problemWith(page)).toMatch(/answers with a web page, not with data[\s\S]*login_url/);
    expect(await problemWith({ ...page, status: 404 })).toMatch(/answers with a web page, not with data/);
    expect(await problemWith({ body: { hello: 'world' } })).toMatch(/answers a login, but not as Salesforce does/);
    expect(await problemWith({ status: 302, headers: { location: 'https://acme.my.salesforce.com/x' }, body: '' })).toMatch(
      /sends us on to https:\/\/acme\.my\.salesforce\.com/,
    );
  });

  it('does not take a session to where it would be seen', async () => {
    const elsewhere = { body: { access_token: token(1), instance_url: 'http://acme.my.salesforce.com', id: 'x/y' } };
    await using server = await api({ login: () => elsewhere });
    expect(await problemOf(clientOf(server).identity())).toMatch(/the address that Salesforce tells sends secrets without encryption/);
  });

  it('says when nobody is there', async () => {
    const nowhere = SalesforceClient.open(connection({ login_url: 'https://nowhere.invalid', auth: JWT }), quickContext());
    expect(await problemOf(nowhere.identity())).toMatch(/crm: there is no host "nowhere\.invalid"[\s\S]*login_url/);
    const server = await api();
    await server[Symbol.asyncDispose]();
    const context = quickContext();
    const error = await thrownBy(clientOf(server, {}, context).identity());
    expect(error).not.toBeInstanceOf(UserError);
    expect(error.message).toMatch(/crm: 127\.0\.0\.1:\d+ cannot be reached: ECONNREFUSED/);
    expect(context.waits.length).toBeGreaterThan(3);
  });
});
