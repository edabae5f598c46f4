/** Google's own clients for credentials, made of what `credentials.ts` read. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

import {
  type AuthClient,
  AwsClient,
  GoogleAuth,
  IdentityPoolClient,
  JWT,
  PassThroughClient,
  PluggableAuthClient,
  UserRefreshClient,
} from 'google-auth-library';

import { messageOf, UserError } from '../errors.ts';
import type { ClientOptions } from './options.ts';

const SCOPES = ['https://www.googleapis.com/auth/bigquery'];
const VARIABLE = 'GOOGLE_APPLICATION_CREDENTIALS';

/** Undefined: Google's library looks for the login of gcloud, then for the machine's own account. Throws `UserError`. */
export function authClientOf({ credentials, isEmulator, connection }: ClientOptions): AuthClient | GoogleAuth | undefined {
  if (isEmulator) return new PassThroughClient();
  if (credentials.from === 'json') return clientFor(credentials.json, `connection ${connection}: ${credentials.what}`);
  if (credentials.keyFile === undefined) return undefined;
  const what = `connection ${connection}: ${VARIABLE} (${credentials.keyFile})`;
  return clientFor(contentOf(credentials.keyFile, what), what);
}

function contentOf(path: string, what: string): Json {
  try {
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError))
      throw new UserError(`${what} cannot be read: ${codeOf(error)}`, { hint: `Correct ${VARIABLE}, or unset it.` });
  }
  throw new UserError(`${what} is not a credentials file`, { hint: `Correct ${VARIABLE}, or unset it.` });
}

type Json = Readonly<Record<string, unknown>>;

function clientFor(json: Json, what: string): AuthClient | GoogleAuth {
  switch (json['type']) {
    case 'service_account':
      return serviceAccount(json, what);
    case 'external_account':
      return externalAccount(json, what);
    case 'authorized_user': {
      const client = new UserRefreshClient();
      client.fromJSON(json);
      return client;
    }
    default:
      return new GoogleAuth({ credentials: json, scopes: SCOPES });
  }
}

function serviceAccount(json: Json, what: string): JWT {
  const key = String(json['private_key']);
  try {
    createPrivateKey(key);
  } catch {
    throw new UserError(`${what}: its private_key is damaged`, { hint: 'Is the file whole, and did its \\n survive?' });
  }
  return new JWT({ email: String(json['client_email']), key, scopes: SCOPES });
}

/** By where the other identity provider's token comes from: AWS, a program, else a file or an address. */
function externalAccount(json: Json, what: string): AuthClient {
  const from = (json['credential_source'] ?? {}) as Json;
  const options = { ...json, scopes: SCOPES } as never;
  try {
    if (from['environment_id'] !== undefined) return new AwsClient(options);
    if (from['executable'] !== undefined) return new PluggableAuthClient(options);
    return new IdentityPoolClient(options);
  } catch (error) {
    throw new UserError(`${what}: ${messageOf(error)}`, {
      hint: 'Make the file anew: gcloud iam workload-identity-pools create-cred-config.',
    });
  }
}

/** What the library throws has no status of BigQuery. Undefined for what is no matter of credentials: a dropped connection. */
export function credentialFailure(options: ClientOptions, error: unknown): UserError | undefined {
  const { connection, credentials } = options;
  const message = messageOf(error);
  if (/Could not load the default credentials/.test(message)) return noCredentials(connection, error);
  if (/ECONN|socket|network|ETIMEDOUT|EAI_AGAIN|hang up/i.test(message)) return undefined;
  if (!/credential|invalid_|unauthorized|ENOENT|token|JSON/i.test(message)) return undefined;
  const what = credentials.from === 'json' ? credentials.what : (credentials.keyFile ?? 'the default credentials');
  return new UserError(`connection ${connection}: ${what}: no token was given: ${message}`, {
    hint: 'docs/connectors/bigquery.md says which credentials work, and how to make them.',
    cause: error,
  });
}

function noCredentials(connection: string, cause: unknown): UserError {
  const tried = '`auth` of the connection, GOOGLE_APPLICATION_CREDENTIALS, the login of gcloud, the account of the machine in Google Cloud';
  return new UserError(`connection ${connection}: there are no Google credentials; looked for, in this order: ${tried}`, {
    hint: 'On your machine: gcloud auth application-default login. In GitHub Actions: google-github-actions/auth in a step before.',
    cause,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);
}
