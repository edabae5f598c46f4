/** Opening a session: TLS as asked for, the password only when the server wants one, the version checked. */
import type { ConnectionOptions } from 'node:tls';

import pg, { type Client, type ClientConfig } from 'pg';

import { UserError } from '../errors.ts';
import { explainConnectError, whereIs } from './errors.ts';
import type { ClientOptions, Tls } from './options.ts';

/** The driver's client, and what it does not tell. */
export interface Driver {
  readonly client: Client;
  readonly major: number;
  /** How the session was opened: the same way leads to its cancellation. */
  readonly ssl: ConnectionOptions | false;
  readonly close: () => Promise<void>;
}

const OLDEST_MAJOR = 14;
const CLOSE_MS = 2_000;

/** Throws `UserError` at the connection, or `TransientError`. An abort ends the attempt with the signal's reason. */
export async function connectDriver(options: ClientOptions, application: string, signal: AbortSignal): Promise<Driver> {
  signal.throwIfAborted();
  const attempts = tlsAttempts(options);
  for (const [index, ssl] of attempts.entries()) {
    try {
      return await attempt(options, application, ssl, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (index < attempts.length - 1 && wantsPlain(error)) continue;
      throw explainConnectError(error, options);
    }
  }
  throw new UserError(`${options.name}: no way to connect`);
}

async function attempt(options: ClientOptions, application: string, ssl: ConnectionOptions | false, signal: AbortSignal): Promise<Driver> {
  const client = new pg.Client(driverConfig(options, application, ssl));
  // An idle connection that breaks is the next statement's error.
  client.on('error', () => undefined);
  const version = watchVersion(client);
  const close = async (): Promise<void> => closeClient(client);
  const stop = (): void => destroySocket(client);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    return { client, ssl, close, major: majorOf(version.text, options) };
  } catch (error) {
    await close();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Everything is said here: the driver would look at the process's own environment for what is left out. */
function driverConfig(options: ClientOptions, application: string, ssl: ConnectionOptions | false): ClientConfig {
  return {
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    password: async () => passwordOf(options),
    ssl,
    application_name: application,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    ...(options.startupOptions === undefined ? {} : { options: options.startupOptions }),
    types: { getTypeParser: () => (value: unknown) => value },
  };
}

/** Asked only when the server wants a password. */
async function passwordOf(options: ClientOptions): Promise<string> {
  if (options.password !== undefined) return options.password;
  throw new UserError(`${options.name}: ${whereIs(options)} wants a password for user "${options.user}"`, {
    location: options.location,
    hint: 'Write `password: ${env.NAME}`, or set PGPASSWORD.',
  });
}

function tlsAttempts(options: ClientOptions): readonly (ConnectionOptions | false)[] {
  const { tls } = options;
  if (tls.mode === 'disable' || options.host.startsWith('/')) return [false];
  const secure = tlsOptions(tls);
  return tls.mode === 'prefer' ? [secure, false] : [secure];
}

/** As libpq: `require` believes any certificate unless an authority is named, `verify-ca` does not look at the host. */
function tlsOptions({ mode, ca, cert, key }: Tls): ConnectionOptions {
  const verified = mode === 'verify-full' || mode === 'verify-ca' || (mode === 'require' && ca !== undefined);
  return {
    rejectUnauthorized: verified,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** The server has no TLS, or lets nobody in who uses it. */
function wantsPlain(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.message.includes('does not support SSL') || ('code' in error && error.code === '28000' && error.message.includes('pg_hba.conf'))
  );
}

/** The server says its version while the session opens. */
function watchVersion(client: Client): { readonly text: string } {
  const heard = { text: '' };
  connectionOf(client).on('parameterStatus', (status: { parameterName: string; parameterValue: string }) => {
    if (status.parameterName === 'server_version') heard.text = status.parameterValue;
  });
  return heard;
}

function majorOf(version: string, options: ClientOptions): number {
  const major = Number.parseInt(version, 10);
  if (major >= OLDEST_MAJOR) return major;
  throw new UserError(`${options.name}: the server is Postgres ${version}; Sluice needs ${OLDEST_MAJOR} or newer`, {
    location: options.location,
    hint: 'Upgrade the server. Systems that only speak the protocol of Postgres, such as Redshift, are not supported.',
  });
}

interface Socket {
  destroy(): void;
}

/** What the driver has and its types do not tell. */
export interface DriverConnection {
  readonly stream: Socket;
  on(event: string, listener: (message: never) => void): void;
}

export function connectionOf(client: Client): DriverConnection {
  return (client as unknown as { readonly connection: DriverConnection }).connection;
}

function destroySocket(client: Client): void {
  connectionOf(client).stream.destroy();
}

/** Says goodbye; a server that does not answer is not waited for. */
async function closeClient(client: Client): Promise<void> {
  const timer = setTimeout(() => destroySocket(client), CLOSE_MS);
  try {
    await client.end();
  } catch {
    destroySocket(client); // it was broken already
  } finally {
    clearTimeout(timer);
  }
}
