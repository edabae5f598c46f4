/** What can be wrong before the first record is looked at: the sign-in, the address, the rights. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, test } from 'vitest';

import type { Account } from '../support/project.ts';
import { accounts, type OrgProject, orgProject, said, settledOrg, type Yaml } from './org.ts';

const ROWS: readonly Account[] = [
  ['1', 'Ada', 'Team', 5],
  ['2', 'Bob', 'Team', 6],
];

/** Nothing may be written, nothing secret may be said. */
async function refused(o: OrgProject, connection: Yaml, ...says: readonly (string | RegExp)[]): Promise<void> {
  await o.p.connect(connection);
  const ran = await o.p.run(['apply', '--yes']);
  expect(ran.code, said(ran)).toBe(1);
  for (const part of says) expect(said(ran)).toMatch(part);
  const { clientSecret, privateKey, accessToken, refreshToken } = o.sandbox.credentials;
  for (const secret of [clientSecret, accessToken, refreshToken, ...privateKey.split('\n').slice(1, 3)]) {
    expect(said(ran)).not.toContain(secret);
  }
  expect(accounts(o)).toEqual([]);
}

function jwt({ sandbox }: OrgProject, more: Yaml = {}): Yaml {
  const { clientId, username, privateKey } = sandbox.credentials;
  return {
    type: 'salesforce',
    login_url: sandbox.url,
    auth: { type: 'jwt', client_id: clientId, username, private_key: privateKey, ...more },
  };
}

describe('every way to sign in', () => {
  const ways: Readonly<Record<string, (o: OrgProject) => Yaml>> = {
    jwt: (o) => jwt(o),
    'client credentials': ({ sandbox: { url, credentials } }) => ({
      type: 'salesforce',
      login_url: url,
      auth: { type: 'client_credentials', client_id: credentials.clientId, client_secret: credentials.clientSecret },
    }),
    'refresh token': ({ sandbox: { url, credentials } }) => ({
      type: 'salesforce',
      login_url: url,
      auth: {
        type: 'refresh_token',
        client_id: credentials.clientId,
        client_secret: credentials.clientSecret,
        refresh_token: credentials.refreshToken,
      },
    }),
    'access token': ({ sandbox: { url, credentials } }) => ({
      type: 'salesforce',
      auth: { type: 'access_token', instance_url: url, access_token: credentials.accessToken },
    }),
  };

  test.each(Object.entries(ways))('%s', async (_name, connection) => {
    await using o = await orgProject({ source: ROWS });
    await o.p.connect(connection(o));
    await o.p.apply();
    expect(accounts(o)).toHaveLength(2);
    expect(await o.p.summary()).toMatchObject({});
    const doctor = await o.p.run(['doctor']);
    expect(doctor.code, said(doctor)).toBe(0);
  });
});

describe('a sign-in that cannot work', () => {
  test('a key that is none', async () => {
    await using o = await orgProject({ source: ROWS });
    await refused(o, jwt(o, { private_key: 'not a key' }), /private_key/, /PEM/);
  });

  test('the key of another certificate', async () => {
    await using o = await orgProject({ source: ROWS });
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const other = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await refused(o, jwt(o, { private_key: other }), /invalid_grant|invalid assertion/, /certificate/);
  });

  test('a certificate that has expired', async () => {
    await using o = await orgProject({ source: ROWS });
    o.sandbox.faults.add({
      on: 'login',
      do: 'status',
      status: 400,
      code: 'invalid_grant',
      message: 'expired authorization code',
      times: 99,
    });
    await refused(o, jwt(o), /expired authorization code/, /certificate/);
  });

  test('a client id that nobody knows', async () => {
    await using o = await orgProject({ source: ROWS });
    await refused(o, jwt(o, { client_id: 'nobody' }), /invalid_client/);
  });

  test('a token that was revoked and cannot be renewed', async () => {
    await using o = await orgProject({ source: ROWS });
    const auth = { type: 'access_token', instance_url: o.sandbox.url, access_token: 'revoked' };
    await refused(o, { type: 'salesforce', auth }, /INVALID_SESSION_ID|session/i);
  });

  test('a profile without the right to use the API', async () => {
    await using o = await orgProject({ source: ROWS, sandbox: { user: { apiEnabled: false } } });
    await refused(o, jwt(o), /API_DISABLED|API_CURRENTLY_DISABLED|API Enabled/);
  });
});

describe('a wrong address', () => {
  test('of the web pages of an org', async () => {
    await using o = await orgProject({ source: ROWS });
    await refused(o, { ...jwt(o), login_url: 'https://acme.lightning.force.com' }, /lightning\.force\.com/, /my\.salesforce\.com/);
  });

  test('where nobody answers', async () => {
    await using o = await orgProject({ source: ROWS, overrides: { context: { sleep: async () => Promise.resolve() } } });
    await refused(o, { ...jwt(o), login_url: 'http://127.0.0.1:1' }, /127\.0\.0\.1:1|ECONNREFUSED/);
  });

  test('of a server that is no Salesforce', async () => {
    const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await using o = await orgProject({ source: ROWS });
    const { port } = server.address() as AddressInfo;
    await refused(o, { ...jwt(o), login_url: `http://127.0.0.1:${port}` }, /web page/, /login_url/);
    server.close();
  });
});

describe('in the middle of a run', () => {
  test('a session that ends is renewed once, and the run goes on', async () => {
    await using o = await orgProject({ source: ROWS });
    o.sandbox.faults.add({ on: 'collections', do: 'expire-session' });
    await o.p.apply();
    expect(accounts(o)).toHaveLength(2);
    expect(o.sandbox.calls.of('login')).toBe(2);
  });

  test('a session that stays refused ends the run; nothing is asked forever', async () => {
    await using o = await settledOrg({ source: ROWS });
    await o.p.source(['1', 'Ada', 'Scale', 5], ['2', 'Bob', 'Scale', 6]);
    o.sandbox.calls.reset();
    o.sandbox.faults.add({ on: 'collections', do: 'expire-session', times: 1_000 });
    const ran = await o.p.run(['apply', '--yes']);
    expect(ran.code).toBeOneOf([1, 5]);
    expect(said(ran)).toMatch(/INVALID_SESSION_ID|session/i);
    expect(o.sandbox.calls.of('login')).toBeLessThanOrEqual(3);
    o.sandbox.faults.clear();
    await o.p.apply();
    expect(accounts(o).map((record) => record['Plan__c'])).toEqual(['Scale', 'Scale']);
  });

  test('HTML instead of JSON is said as such, and costs nothing that was written', async () => {
    await using o = await settledOrg({ source: ROWS });
    await o.p.source(['1', 'Ada', 'Scale', 5], ['2', 'Bob', 'Scale', 6]);
    o.sandbox.faults.add({ on: 'query', do: 'html', times: 1_000 });
    o.sandbox.faults.add({ on: 'composite', do: 'html', times: 1_000 });
    const ran = await o.p.run(['plan']);
    expect(ran.code).toBe(1);
    expect(said(ran)).toContain('web page');
    o.sandbox.faults.clear();
    expect(await o.p.summary()).toMatchObject({ update: 2 });
  });
});
