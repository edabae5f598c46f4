/** A session that ends while it is used. The server counts the tokens that are asked for. */
import { describe, expect, it } from 'vitest';

import { SalesforceClient } from '../../src/salesforce/client.ts';
import {
  api,
  type ApiOptions,
  CLIENT_CREDENTIALS,
  clientOf,
  connection,
  EXPIRED,
  granted,
  problemOf,
  quickContext,
  refusedWith,
  token,
} from './support.ts';

/** Takes requests only with one of these tokens. */
function accepting(...good: readonly number[]): ApiOptions {
  const bearers = good.map((n) => `Bearer ${token(n)}`);
  return { answer: ({ headers }) => (bearers.includes(headers['authorization'] ?? '') ? { body: { ok: true } } : EXPIRED) };
}

describe('a session that ended', () => {
  it.each(['GET', 'POST'] as const)('is opened again, and the %s is sent once more', async (method) => {
    await using server = await api(accepting(2));
    const client = clientOf(server);
    expect(await client.json({ method, path: '/x' })).toEqual({ ok: true });
    expect(server.logins).toHaveLength(2);
    expect(server.seen.map(({ headers }) => headers['authorization'])).toEqual([`Bearer ${token(1)}`, `Bearer ${token(2)}`]);
    await client.json({ method, path: '/x' });
    expect(server.logins).toHaveLength(2);
  });

  it.each(['GET', 'POST'] as const)('and stays refused ends the %s with two tokens, not with thirty', async (method) => {
    await using server = await api({ answer: () => EXPIRED });
    const client = clientOf(server);
    const problem = await problemOf(client.request({ method, path: '/x' }));
    expect(problem).toMatch(
      /crm: Salesforce refuses the session right after a new login: Session expired or invalid \(INVALID_SESSION_ID\)/,
    );
    expect(server.logins).toHaveLength(2);
    expect(server.seen).toHaveLength(2);
  });

  it('is opened again once for all requests that it failed', async () => {
    await using server = await api(accepting(2));
    const client = clientOf(server);
    await Promise.all(['/a', '/b', '/c', '/d'].map(async (path) => client.request({ method: 'GET', path })));
    expect(server.logins).toHaveLength(2);
    expect(server.seen).toHaveLength(8);
  });

  it('is one for all who open the connection in a run', async () => {
    await using server = await api(accepting(2, 3));
    const document = connection({ login_url: server.url, auth: CLIENT_CREDENTIALS });
    const context = quickContext();
    for (let n = 0; n < 3; n += 1) {
      await using client = SalesforceClient.open(document, context);
      await client.request({ method: 'GET', path: '/x' });
    }
    expect(server.logins).toHaveLength(2);
    await SalesforceClient.open(document, quickContext()).request({ method: 'GET', path: '/x' });
    expect(server.logins).toHaveLength(3);
  });

  it('is opened again as often as it ends', async () => {
    await using server = await api({ answer: (_seen, n) => (n % 2 === 1 ? EXPIRED : {}) });
    const client = clientOf(server);
    for (let round = 0; round < 5; round += 1) await client.request({ method: 'GET', path: '/x' });
    expect(server.logins).toHaveLength(6);
  });

  it('says so when the refresh token was revoked in the meantime', async () => {
    await using server = await api({
      ...accepting(1),
      login: (_form, n, url) =>
        n === 1 ? granted(n, url) : { status: 400, body: { error: 'invalid_grant', error_description: 'expired access/refresh token' } },
      answer: (_seen, n) => (n === 1 ? {} : EXPIRED),
    });
    const auth = { type: 'refresh_token', client_id: 'app', refresh_token: 'first' };
    const client = clientOf(server, { auth });
    await client.request({ method: 'GET', path: '/x' });
    expect(await problemOf(client.request({ method: 'GET', path: '/x' }))).toMatch(/the refresh token was revoked or has expired/);
    expect(server.logins).toHaveLength(2);
  });

  it('uses the refresh token that came last', async () => {
    await using server = await api({
      answer: (_seen, n) => (n % 2 === 1 ? EXPIRED : {}),
      login: (_form, n, url) => ({ body: { ...(granted(n, url).body as object), ...(n === 1 ? { refresh_token: 'second' } : {}) } }),
    });
    const client = clientOf(server, { auth: { type: 'refresh_token', client_id: 'app', refresh_token: 'first' } });
    await client.request({ method: 'GET', path: '/x' });
    await client.request({ method: 'GET', path: '/x' });
    expect(server.logins.map((form) => form.get('refresh_token'))).toEqual(['first', 'second', 'second']);
  });

  it('cannot be opened again with an access token', async () => {
    await using server = await api({ answer: () => EXPIRED });
    const auth = { type: 'access_token', access_token: token(1), instance_url: server.url };
    const problem = await problemOf(clientOf(server, { auth }).request({ method: 'GET', path: '/x' }));
    expect(problem).toMatch(/the session of `auth\.access_token` has ended[\s\S]*Put a new token in/);
    expect(server.seen).toHaveLength(1);
    expect(server.logins).toHaveLength(0);
  });

  it('is not opened again where the org does not take it for its API', async () => {
    await using server = await api({
      answer: () => refusedWith(401, 'INVALID_SESSION_ID', 'This session is not valid for use with the REST API'),
    });
    expect(await problemOf(clientOf(server).request({ method: 'GET', path: '/x' }))).toMatch(/does not take the session for its API/);
    expect(server.logins).toHaveLength(1);
  });

  it('is no part of a message', async () => {
    const leak = `Illegal Session. Session not found, missing session key: ${token(1)}`;
    await using server = await api({ answer: () => refusedWith(400, 'INVALID_QUERY_LOCATOR', leak) });
    const problem = await problemOf(clientOf(server).request({ method: 'GET', path: '/x' }));
    expect(problem).toContain('missing session key: ***');
    expect(problem).not.toContain('TOKEN1');
  });
});
