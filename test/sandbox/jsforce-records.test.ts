import { createPrivateKey, sign } from 'node:crypto';

import { Connection } from '@jsforce/jsforce-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(async () => sandbox[Symbol.asyncDispose]());

function client(): Connection {
  const { clientId, clientSecret } = sandbox.credentials;
  return new Connection({ loginUrl: sandbox.url, version: '67.0', oauth2: { loginUrl: sandbox.url, clientId, clientSecret } });
}

async function signedIn(): Promise<Connection> {
  const connection = client();
  await connection.authorize({ grant_type: 'client_credentials' });
  return connection;
}

describe('jsforce logs in', () => {
  it('by client credentials, and knows who it is', async () => {
    const connection = client();
    const user = await connection.authorize({ grant_type: 'client_credentials' });
    expect(user).toMatchObject({ id: sandbox.org.user.id, organizationId: sandbox.org.id });
    expect(await connection.identity()).toMatchObject({ username: 'sluice@example.com', user_id: user.id });
  });

  it('by an assertion that is signed with the key', async () => {
    const { clientId, username, privateKey } = sandbox.credentials;
    const claims = { iss: clientId, sub: username, aud: sandbox.url, exp: Math.floor(Date.now() / 1000) + 180 };
    const body = [{ alg: 'RS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const assertion = `${body}.${sign('RSA-SHA256', Buffer.from(body), createPrivateKey(privateKey)).toString('base64url')}`;
    const connection = client();
    await connection.authorize({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
    expect((await connection.describeGlobal()).sobjects.length).toBeGreaterThan(5);
  });

  it('again with its refresh token when its session has ended, and not when the token was revoked', async () => {
    const { clientId, clientSecret, refreshToken, accessToken } = sandbox.credentials;
    const connection = new Connection({ instanceUrl: sandbox.url, accessToken, refreshToken, version: '67.0', oauth2: { loginUrl: sandbox.url, clientId, clientSecret } }); // prettier-ignore
    sandbox.sessions.endAll();
    expect((await connection.limits()).DailyApiRequests?.Max).toBe(100_000);
    expect(sandbox.calls.of('login')).toBe(1);
    await connection.oauth2.revokeToken(refreshToken);
    await expect(connection.limits()).rejects.toThrow('expired access/refresh token');
  });

  it('and is told what is wrong', async () => {
    const connection = new Connection({ loginUrl: sandbox.url, oauth2: { loginUrl: sandbox.url, clientId: 'x', clientSecret: 'y' } });
    await expect(connection.authorize({ grant_type: 'client_credentials' })).rejects.toMatchObject({ name: 'invalid_client_id', message: 'client identifier invalid' }); // prettier-ignore
  });
});

describe('jsforce works with records', () => {
  it('one at a time', async () => {
    const accounts = (await signedIn()).sobject('Account');
    const created = await accounts.create({ Name: ' Acme ', NumberOfEmployees: 3 });
    expect(created).toMatchObject({ success: true, errors: [] });
    expect(await accounts.retrieve(created.id ?? '')).toMatchObject({ Name: 'Acme', NumberOfEmployees: 3, Industry: null });
    expect(await accounts.update({ Id: created.id ?? '', Industry: 'Energy' })).toMatchObject({ success: true });
    expect(await accounts.upsert({ External_ID__c: 'a', Name: 'B' }, 'External_ID__c')).toMatchObject({ success: true, created: true });
    expect(await accounts.destroy(created.id ?? '')).toMatchObject({ success: true });
    await expect(accounts.retrieve(created.id ?? '')).rejects.toMatchObject({ errorCode: 'NOT_FOUND' });
  });

  it('450 at a time, in three requests', async () => {
    const connection = await signedIn();
    const rows = Array.from({ length: 450 }, (_, at) => ({ External_ID__c: `k${at}`, Name: at === 7 ? '' : `N${at}` }));
    const results = await connection.sobject('Account').upsert(rows, 'External_ID__c', { allowRecursive: true });
    expect(results.filter(({ success }) => !success)).toMatchObject([{ errors: [{ statusCode: 'REQUIRED_FIELD_MISSING' }] }]);
    expect([sandbox.calls.of('collections'), sandbox.org.count('Account')]).toEqual([3, 449]);
    const ids = results.flatMap(({ id }) => id ?? []).slice(0, 200);
    expect((await connection.sobject('Account').destroy(ids)).every(({ success }) => success)).toBe(true);
  });

  it('and describes them, with the number of calls on every answer', async () => {
    const connection = await signedIn();
    const { fields } = await connection.describe('Contact');
    expect(fields.find(({ name }) => name === 'Custom_External_ID__c')).toMatchObject({ externalId: true, unique: true, length: 191 });
    expect(connection.limitInfo.apiUsage).toEqual({ used: 1, limit: 100_000 });
  });
});
