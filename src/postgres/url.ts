/** `postgres://user:password@host:port/database?sslmode=require`, taken apart as libpq does. Nothing of it is ever shown. */
import { type Location, UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';

export const DEFAULT_PORT = 5432;

/** Where a server is and how to log in: whatever of it somebody wrote down. */
export interface UrlParts {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly database?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: string | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Seconds. */
  readonly connectTimeout?: number | undefined;
  readonly startupOptions?: string | undefined;
}

/** Parameters behind the `?`: those that mean something here, and those that change nothing. */
const MEANT = ['host', 'port', 'dbname', 'user', 'password', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'connect_timeout', 'options'];
const HARMLESS = ['application_name', 'fallback_application_name', 'channel_binding', 'gssencmode', 'client_encoding', 'keepalives'];

const SHAPE = 'Its form is postgres://user:password@host:5432/database; percent-encode what is special in user and password.';

/** Throws `UserError` that names what is wrong without a part of the URL. */
export function parseUrl(text: string, location: Location): UrlParts {
  const url = /^postgres(ql)?:\/\//.test(text) ? parsed(text) : undefined;
  if (url === undefined) throw new UserError('`url` is not the URL of a Postgres database', { location, hint: SHAPE });
  const unknown = [...url.searchParams.keys()].find((name) => !MEANT.includes(name) && !HARMLESS.includes(name));
  if (unknown !== undefined) {
    // Not by its name: behind an unencoded `?` it may be a part of the password.
    const near = nearest(unknown, MEANT);
    const hint = near === undefined ? `Known: ${MEANT.join(', ')}; the search path is the property \`schema\`.` : `Did you mean ${near}?`;
    throw new UserError('`url` has a parameter that is not known', { location, hint });
  }
  return partsOf(url, location);
}

/** The parser wants a host where `postgres:///db` (a socket) has none. */
function parsed(text: string): URL | undefined {
  const url = URL.parse(
    text.replace(
      /^(postgres(?:ql)?:\/\/)(?:([^/@]*)@)?\//,
      (_, scheme: string, user?: string) => `${scheme}${user === undefined ? '' : `${user}@`}${NOWHERE}/`,
    ),
  );
  // A list of hosts would need another session after every failure: not supported.
  return url === null || url.hostname.includes(',') || !decodable(url) ? undefined : url;
}

const NOWHERE = 'no-host.invalid';

function decodable(url: URL): boolean {
  try {
    for (const part of [url.username, url.password, url.hostname, url.pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false; // a lone % sign
  }
}

function partsOf(url: URL, location: Location): UrlParts {
  const parameter = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const written = (text: string): string | undefined => (text === '' ? undefined : decodeURIComponent(text));
  const seconds = parameter('connect_timeout');
  return {
    host: parameter('host') ?? (url.hostname === NOWHERE ? undefined : written(url.hostname.replace(/^\[(.*)\]$/, '$1'))),
    port: portOf(parameter('port') ?? written(url.port), 'the port in `url`', location),
    database: parameter('dbname') ?? written(url.pathname.slice(1)),
    user: parameter('user') ?? written(url.username),
    password: parameter('password') ?? written(url.password),
    tls: parameter('sslmode'),
    ca: parameter('sslrootcert'),
    cert: parameter('sslcert'),
    key: parameter('sslkey'),
    connectTimeout: seconds !== undefined && /^[1-9]\d{0,4}$/.test(seconds) ? Number(seconds) : undefined,
    startupOptions: parameter('options'),
  };
}

/** A port number. Throws `UserError` that names where it was written. */
export function portOf(text: string | undefined, where: string, location: Location): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port < 65_536) return port;
  throw new UserError(`${where} is not a port number`, { location, hint: `A port is a number from 1 to 65535, usually ${DEFAULT_PORT}.` });
}
