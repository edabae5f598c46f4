/** From a connection document to what a client needs: the document first, then its `url`, then the usual `PG*` variables. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import type { Connection } from '../config/model.ts';
import type { Context } from '../context.ts';
import { type Location, messageOf, UserError } from '../errors.ts';
import { DEFAULT_PORT, parseUrl, portOf, type UrlParts } from './url.ts';

export const TLS_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

export interface Tls {
  readonly mode: TlsMode;
  /** PEM texts. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface ClientOptions {
  /** Name of the connection, for messages. */
  readonly name: string;
  readonly location: Location;
  /** A name, an address, or the folder of a socket (it starts with `/`). */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly tls: Tls;
  /** Schemas in which unqualified names are looked up, in order; empty: as the server has it for this user. */
  readonly schemas: readonly string[];
  /** Postgres's notation: `30s`, `5min`; undefined: as the server has it. */
  readonly statementTimeout: string | undefined;
  readonly lockTimeout: string | undefined;
  /** Milliseconds. */
  readonly connectTimeoutMs: number;
  /** Server options of the startup message, `-c name=value`; some providers route by them. */
  readonly startupOptions: string | undefined;
}

const DEFAULT_CONNECT_SECONDS = 15;

/** Throws `UserError` when the document, its URL or the environment cannot work. Reads certificates, connects to nothing. */
export function clientOptions(connection: Connection, context: Context): ClientOptions {
  const parts = gather(connection, context);
  const user = parts.user ?? userInfo().username;
  return {
    name: connection.name,
    location: connection.location,
    host: parts.host ?? 'localhost',
    port: parts.port ?? DEFAULT_PORT,
    database: parts.database ?? user,
    user,
    password: parts.password,
    tls: tlsOf(parts, connection, context),
    schemas: schemasOf(connection.options['schema']),
    statementTimeout: textOf(connection.options['statement_timeout']),
    lockTimeout: textOf(connection.options['lock_timeout']),
    connectTimeoutMs: (parts.connectTimeout ?? DEFAULT_CONNECT_SECONDS) * 1000,
    startupOptions: parts.startupOptions,
  };
}

function gather(connection: Connection, context: Context): UrlParts {
  const { options, location } = connection;
  const url = textOf(options['url']);
  return withDefaults(documentParts(options), url === undefined ? {} : parseUrl(url, location), environmentParts(context.env, location));
}

/** The first of them that says something, part by part. */
function withDefaults(...sources: readonly UrlParts[]): UrlParts {
  const set = sources.map((source) => Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined)));
  return Object.assign({}, ...set.toReversed()) as UrlParts;
}

function documentParts(options: Connection['options']): UrlParts {
  return {
    host: textOf(options['host']),
    port: typeof options['port'] === 'number' ? options['port'] : undefined,
    database: textOf(options['database']),
    user: textOf(options['user']),
    password: textOf(options['password']),
    tls: textOf(options['tls']),
    ca: textOf(options['tls_ca']),
    cert: textOf(options['tls_cert']),
    key: textOf(options['tls_key']),
  };
}

function environmentParts(env: Context['env'], location: Location): UrlParts {
  const read = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  return {
    host: read('PGHOST'),
    port: portOf(read('PGPORT'), 'PGPORT', location),
    database: read('PGDATABASE'),
    user: read('PGUSER'),
    password: read('PGPASSWORD'),
    tls: read('PGSSLMODE'),
    ca: read('PGSSLROOTCERT'),
    cert: read('PGSSLCERT'),
    key: read('PGSSLKEY'),
  };
}

function tlsOf(parts: UrlParts, connection: Connection, context: Context): Tls {
  const mode = TLS_MODES.find((each) => each === (parts.tls ?? 'prefer'));
  const { location } = connection;
  if (mode === undefined) throw new UserError('the mode of TLS is not known', { location, hint: `It is one of: ${TLS_MODES.join(', ')}.` });
  if ((parts.cert === undefined) !== (parts.key === undefined)) {
    throw new UserError('a client certificate needs its key, and a key its certificate', {
      location,
      hint: 'Write both `tls_cert` and `tls_key`.',
    });
  }
  const folder = dirname(resolve(context.cwd, location.file));
  const read = (value: string | undefined): string | undefined => (value === undefined ? undefined : pem(value, folder, location));
  return { mode, ca: parts.ca === 'system' ? undefined : read(parts.ca), cert: read(parts.cert), key: read(parts.key) };
}

/** A PEM text as it is, else the text of the file that it names. */
function pem(value: string, folder: string, location: Location): string {
  if (value.includes('-----BEGIN')) return value;
  const path = value.startsWith('~/') ? join(homedir(), value.slice(2)) : resolve(folder, value);
  if (!existsSync(path)) {
    const hint = 'Write the path relative to this document, or the PEM text itself by ${env.NAME}.';
    throw new UserError('a certificate file does not exist', { location, hint });
  }
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UserError(`a certificate file cannot be read: ${messageOf(cause)}`, { location, cause });
  }
}

function schemasOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' ? [value] : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
