/** Whose rights a connection uses, and what is said when there are none. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from 'vitest';

import { BigQueryClient } from '../../src/bigquery/client.ts';
import { type BigQueryServer, externalAccount, startBigQuery } from '../support/bigquery/index.ts';
import { bigqueryConnection, impatient, problemOf } from '../support/bigquery-client.ts';

let server: BigQueryServer;
let folder: string;
beforeAll(async () => {
  server = await startBigQuery({ auth: true });
  folder = await mkdtemp(join(tmpdir(), 'sluice-credentials-'));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  vi.stubEnv('HOME', '/nonexistent');
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
  vi.stubEnv('BIGQUERY_EMULATOR_HOST', undefined);
});
afterEach(() => vi.unstubAllEnvs());

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

async function ask(options: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const client = BigQueryClient.open(bigqueryConnection({ api_endpoint: server.url, ...options }), impatient(env));
  return client.dryRun('SELECT 1 AS a');
}

/** What a user reads, who must never read a secret. */
async function refusal(options: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const said = await problemOf(Promise.resolve().then(() => ask(options, env)));
  expect(said).not.toMatch(/s3cret|BEGIN/);
  return said;
}

describe('without a key', () => {
  test('a token of another identity provider is exchanged', async () => {
    const subject = await file('oidc.jwt', 'eyJ.token');
    const credentials = JSON.stringify(externalAccount(server.url, subject));
    expect(await ask({ auth: { type: 'external_account', credentials } })).toMatchObject({ statementType: 'SELECT' });
    expect(server.tokens.subjects.at(-1)).toBe('eyJ.token');
  });

  test('the file that GOOGLE_APPLICATION_CREDENTIALS names is the default', async () => {
    const path = await file('gha-creds.json', externalAccount(server.url, await file('default.jwt', 'eyJ.default')));
    await ask({}, { GOOGLE_APPLICATION_CREDENTIALS: path });
    expect(server.tokens.subjects.at(-1)).toBe('eyJ.default');
  });

  test('a path is relative to the document', async () => {
    const path = await file('relative.json', externalAccount(server.url, await file('relative.jwt', 'eyJ.relative')));
    await ask({ auth: { type: 'external_account', credentials: `..${path}` } });
    expect(server.tokens.subjects.at(-1)).toBe('eyJ.relative');
  });

  test('a provider that is not trusted is named', async () => {
    const credentials = JSON.stringify(externalAccount(server.url, await file('bad.jwt', 'bad token')));
    expect(await refusal({ auth: { type: 'external_account', credentials } })).toBe(
      'connection warehouse: auth.credentials: no token was given: Error code invalid_grant: The given credential is rejected by the attribute condition.\n' +
        '  docs/connectors/bigquery.md says which credentials work, and how to make them.',
    );
  });
});

test('no credentials at all: what was looked for, in which order', async () => {
  expect(await refusal({})).toBe(
    'connection warehouse: there are no Google credentials; looked for, in this order: `auth` of the connection, GOOGLE_APPLICATION_CREDENTIALS, the login of gcloud, the account of the machine in Google Cloud\n' +
      '  On your machine: gcloud auth application-default login. In GitHub Actions: google-github-actions/auth in a step before.',
  );
});

test('an emulator is asked without any', async () => {
  await using emulator = await startBigQuery();
  const client = BigQueryClient.open(bigqueryConnection(), impatient({ BIGQUERY_EMULATOR_HOST: emulator.url.replace('http://', '') }));
  expect(await client.dryRun('SELECT 1 AS a')).toMatchObject({ statementType: 'SELECT' });
});

describe('credentials that cannot work are refused before anything is asked', () => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const key = { type: 'service_account', client_email: 'a@acme-test.iam.gserviceaccount.com', private_key: privateKey };
  const AT = 'syncs/connections.yaml:3:1: ';

  it.each([
    [
      'a file that is not there',
      '/nowhere/s3cret.json',
      `${AT}auth.key names a file that does not exist\n  Write the path relative to this document, or the JSON text itself by \${env.NAME}.`,
    ],
    [
      'text that lost its first brace',
      '"type": "s3cret"}',
      `${AT}auth.key names a file that does not exist\n  Write the path relative to this document, or the JSON text itself by \${env.NAME}.`,
    ],
    [
      'half a file',
      '{"type": "service_account", "private_key": "s3cret',
      `${AT}auth.key is not the JSON of a credentials file\n  Put the whole file into the secret, with its first and last brace, and its line ends as they are.`,
    ],
    [
      'the login of gcloud',
      '{"type": "authorized_user", "refresh_token": "s3cret"}',
      `${AT}auth.key is a credentials file of the type authorized_user, not of service_account\n  That is the login of gcloud: use auth: { type: default }.`,
    ],
    ['a file without its key', JSON.stringify({ ...key, private_key: '' }), `${AT}auth.key has no private_key\n  Is the file whole?`],
    [
      'a damaged key',
      JSON.stringify({ ...key, private_key: '-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n' }),
      'connection warehouse: auth.key: its private_key is damaged\n  Is the file whole, and did its \\n survive?',
    ],
  ])('%s', async (_what, text, says) => {
    expect(await refusal({ auth: { type: 'service_account', key: text } })).toBe(says);
  });

  it.each([
    ['that is not there', '/nowhere/key.json', 'cannot be read: ENOENT'],
    ['that is something else', import.meta.filename, 'is not a credentials file'],
  ])('a GOOGLE_APPLICATION_CREDENTIALS %s', async (_what, path, why) => {
    expect(await refusal({}, { GOOGLE_APPLICATION_CREDENTIALS: path })).toBe(
      `connection warehouse: GOOGLE_APPLICATION_CREDENTIALS (${path}) ${why}\n  Correct GOOGLE_APPLICATION_CREDENTIALS, or unset it.`,
    );
  });
});
