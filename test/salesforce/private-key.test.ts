/** A key or certificate that cannot work, as `doctor` says it: before anything is sent. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { SalesforceClient } from '../../src/salesforce/client.ts';
import { folder } from '../config/folder.ts';
import { api, clientOf, connection, problemOf, quickContext } from './support.ts';

const KEY = readFileSync(join(import.meta.dirname, 'keys', 'app.key'), 'utf8');
/** Holds from 2026 for a hundred years. */
const CERTIFICATE = readFileSync(join(import.meta.dirname, 'keys', 'app.crt'), 'utf8');

function pem(type: 'rsa' | 'ec', passphrase?: string): string {
  const cipher = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  const privateKeyEncoding = { type: 'pkcs8', format: 'pem', ...cipher } as const;
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
  const options = { privateKeyEncoding, publicKeyEncoding };
  return type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048, ...options }).privateKey
    : generateKeyPairSync('ec', { namedCurve: 'prime256v1', ...options }).privateKey;
}

function open(properties: Readonly<Record<string, string>>, options: { cwd?: string } = {}): SalesforceClient {
  const auth = { type: 'jwt', client_id: 'app', username: 'sync@acme.com', ...properties };
  return SalesforceClient.open(connection({ auth }), quickContext(options));
}

describe('the key of an app', () => {
  it('may be a file beside the document, a PEM text, and have its certificate with it', async () => {
    await using place = await folder({ 'syncs/app.key': KEY, 'syncs/both.pem': `${CERTIFICATE}${KEY}`, 'keys/app.crt': CERTIFICATE });
    expect(() => open({ private_key: 'app.key', certificate: '../keys/app.crt' }, place)).not.toThrow();
    expect(() => open({ private_key: 'both.pem' }, place)).not.toThrow();
    expect(() => open({ private_key: KEY, certificate: CERTIFICATE })).not.toThrow();
  });

  it.each([
    ['a file that does not exist', 'no-such.key', /auth\.private_key names a file that does not exist\n {2}Write the path relative/],
    ['a certificate', CERTIFICATE, /auth\.private_key is a certificate or a public key\n {2}Write the private key/],
    ['a key that is locked', pem('rsa', 'x'), /auth\.private_key is locked by a passphrase\n {2}Unlock it: openssl pkey/],
    ['a key of another kind', pem('ec'), /auth\.private_key is not an RSA key\n {2}Salesforce takes RS256 only/],
    ['half a key', `${KEY.slice(0, 400)}\n-----END PRIVATE KEY-----\n`, /auth\.private_key is damaged[\s\S]*with its first and last line/],
    ['a key for SSH', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n', /auth\.private_key is a key for SSH/],
  ])('is refused when it is %s', async (_what, key, expected) => {
    const problem = await problemOf(() => open({ private_key: key }));
    expect(problem).toMatch(expected);
    expect(problem).toMatch(/^syncs\/connections\.yaml:3:1: /);
    expect(problem).not.toContain(KEY.split('\n')[3]);
  });

  it('is refused when the file holds something else, or is a folder', async () => {
    await using place = await folder({ 'syncs/app.key': 'a shopping list' });
    await writeFile(join(place.cwd, 'empty.key'), '');
    expect(await problemOf(() => open({ private_key: 'app.key' }, place))).toMatch(/auth\.private_key holds no key/);
    expect(await problemOf(() => open({ private_key: '../empty.key' }, place))).toMatch(/auth\.private_key holds no key/);
    expect(await problemOf(() => open({ private_key: '.' }, place))).toMatch(/auth\.private_key cannot be read: EISDIR/);
  });

  it('is not shown when it lost its first line and looks like a path', async () => {
    const headless = KEY.split('\n').slice(1).join('\n');
    const problem = await problemOf(() => open({ private_key: headless }));
    expect(problem).toMatch(/auth\.private_key (names a file that does not exist|cannot be read)/);
    expect(problem).not.toContain(headless.slice(0, 20));
  });
});

describe('the certificate of an app', () => {
  it('is blamed when it ended and Salesforce refuses the login, not before', async () => {
    const now = Date.UTC(2200, 0, 1);
    await using server = await api({
      login: () => ({ status: 400, body: { error: 'invalid_grant', error_description: 'invalid assertion' }, headers: { date: 'never' } }),
    });
    const login = async (properties: Readonly<Record<string, string>>): Promise<string> => {
      const auth = { type: 'jwt', client_id: 'app', username: 'sync@acme.com', ...properties };
      return problemOf(clientOf(server, { auth }, quickContext({ now: () => now })).identity());
    };
    const expected = /crm: the certificate of the app expired on 2126-\d\d-\d\d: invalid assertion \(invalid_grant\)\n {2}Make a new key/;
    expect(await login({ private_key: KEY, certificate: CERTIFICATE })).toMatch(expected);
    expect(await login({ private_key: `${KEY}${CERTIFICATE}` })).toMatch(expected);
    expect(await login({ private_key: KEY })).toMatch(/the key does not belong to the certificate of the app/);
    expect(server.logins).toHaveLength(3);
  });

  it('has to be that of the key', async () => {
    const problem = await problemOf(() => open({ private_key: pem('rsa'), certificate: CERTIFICATE }));
    expect(problem).toMatch(/auth\.private_key belongs to another certificate than the one given/);
  });

  it('has to be one', async () => {
    expect(await problemOf(() => open({ private_key: KEY, certificate: KEY }))).toMatch(
      /auth\.certificate cannot be read as a certificate/,
    );
    expect(await problemOf(() => open({ private_key: KEY, certificate: 'no.crt' }))).toMatch(
      /auth\.certificate names a file that does not exist/,
    );
  });
});

describe('addresses', () => {
  const token = { type: 'access_token', access_token: 'x' };
  it.each([
    [
      { login_url: 'http://acme.my.salesforce.com' },
      /login_url sends secrets without encryption\n {2}Write https:\/\/acme\.my\.salesforce\.com/,
    ],
    [{ login_url: 'acme' }, /login_url is not a URL/],
    [
      { auth: { ...token, instance_url: 'https://acme.lightning.force.com/x' } },
      /auth\.instance_url is where people work[\s\S]*https:\/\/acme\.my\.salesforce\.com/,
    ],
    [{ auth: { ...token, instance_url: 'ftp://acme.my.salesforce.com' } }, /auth\.instance_url is not a URL/],
  ])('that cannot work are refused: %o', async (options, expected) => {
    const document = connection({ auth: { ...token, instance_url: 'https://acme.my.salesforce.com' }, ...options });
    expect(await problemOf(() => SalesforceClient.open(document, quickContext()))).toMatch(expected);
  });
});
