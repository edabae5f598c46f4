/** Whose rights a connection uses, from its `auth`. Nothing of a credential is ever in a message. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import type { Connection } from '../config/model.ts';
import type { Context } from '../context.ts';
import { type Location, messageOf, UserError } from '../errors.ts';

/** `keyFile`: what GOOGLE_APPLICATION_CREDENTIALS names; the rest of the default credentials Google's library finds itself. */
export type Credentials =
  | { readonly from: 'default'; readonly keyFile: string | undefined }
  | { readonly from: 'json'; readonly what: string; readonly json: Readonly<Record<string, unknown>> };

/** What a credential must have, by its type. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  service_account: ['client_email', 'private_key'],
  external_account: ['audience', 'subject_token_type', 'token_url', 'credential_source'],
};
/** Where `auth` of a type holds the credential. */
const PROPERTIES: Readonly<Record<string, string>> = { service_account: 'key', external_account: 'credentials' };

/** Throws `UserError` for credentials that cannot work. Connects to nothing. */
export function credentialsOf(connection: Connection, context: Context): Credentials {
  const auth = (connection.options['auth'] ?? { type: 'default' }) as Readonly<Record<string, unknown>>;
  const type = String(auth['type']);
  const property = PROPERTIES[type];
  if (property === undefined) return { from: 'default', keyFile: context.env['GOOGLE_APPLICATION_CREDENTIALS'] || undefined };
  const { location } = connection;
  const what = `auth.${property}`;
  const text = textOf(String(auth[property]), { what, location, folder: dirname(resolve(context.cwd, location.file)) });
  return { from: 'json', what, json: checked(parsed(text, what, location), { type, what, location }) };
}

interface Where {
  readonly what: string;
  readonly location: Location;
  readonly folder: string;
}

/** JSON as it is, else the text of the file that it names. */
function textOf(value: string, { what, location, folder }: Where): string {
  if (value.trimStart().startsWith('{')) return value;
  const path = value.startsWith('~/') ? join(homedir(), value.slice(2)) : resolve(folder, value);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    // The value may be a key whose first brace got lost: it is not shown.
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : messageOf(cause);
    const why = ['ENOENT', 'ENAMETOOLONG', 'ENOTDIR'].includes(code) ? 'names a file that does not exist' : `cannot be read: ${code}`;
    throw new UserError(`${what} ${why}`, {
      location,
      hint: 'Write the path relative to this document, or the JSON text itself by ${env.NAME}.',
    });
  }
}

function parsed(text: string, what: string, location: Location): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Readonly<Record<string, unknown>>;
  } catch {
    // The parser's own message would quote the key.
  }
  throw new UserError(`${what} is not the JSON of a credentials file`, {
    location,
    hint: 'Put the whole file into the secret, with its first and last brace, and its line ends as they are.',
  });
}

function checked(
  json: Readonly<Record<string, unknown>>,
  { type, what, location }: { type: string; what: string; location: Location },
): Readonly<Record<string, unknown>> {
  const found = json['type'];
  if (found !== type) {
    const known = typeof found === 'string' && /^\w+$/.test(found) ? found : 'without a type';
    throw new UserError(`${what} is a credentials file ${known === found ? `of the type ${known}` : known}, not of ${type}`, {
      location,
      hint:
        found === 'authorized_user'
          ? 'That is the login of gcloud: use auth: { type: default }.'
          : 'Set `type` of auth to that of the file.',
    });
  }
  const missing = (PARTS[type] ?? []).filter((part) => json[part] === undefined || json[part] === '');
  if (missing.length === 0) return json;
  throw new UserError(`${what} has no ${missing.join(' and no ')}`, { location, hint: 'Is the file whole?' });
}
