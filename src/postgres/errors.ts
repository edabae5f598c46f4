/** What Postgres, the network and TLS say, as our errors, chosen by who has to act. No message holds a value or a secret. */
import { messageOf, TransientError, UserError } from '../errors.ts';
import { type ClientOptions, TLS_MODES } from './options.ts';

/** A failure that the server reported. */
export class PgError extends UserError {
  /** Five characters: https://www.postgresql.org/docs/current/errcodes-appendix.html. */
  readonly sqlstate: string;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  /** Holds values of the row: never for messages. */
  readonly detail: string | undefined;
  /** Place in the statement, counted from 1 in characters (code points). */
  readonly position: number | undefined;
  /** What the server advises. */
  readonly suggestion: string | undefined;

  constructor(report: ServerReport, cause: unknown) {
    super(publicMessage(report), { hint: report.hint ?? (report.code === '57014' ? TIMEOUT_HINT : undefined), cause });
    this.sqlstate = report.code;
    this.schema = report.schema;
    this.table = report.table;
    this.column = report.column;
    this.constraint = report.constraint;
    this.detail = report.detail;
    this.position = report.position === undefined ? undefined : Number(report.position);
    this.suggestion = report.hint;
  }
}

const TIMEOUT_HINT = 'Raise `statement_timeout` of the connection, or make the query cheaper.';

/** The connection broke. What it was doing may have happened or not. */
export class LostConnectionError extends TransientError {
  /** It broke while a COMMIT was under way: nobody knows whether the transaction counts. */
  readonly committing: boolean;

  constructor(message: string, options: { committing: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.committing = options.committing;
  }
}

/** An error message of the server, as the driver hands it on. */
interface ServerReport {
  readonly code: string;
  readonly message: string;
  readonly severity?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly position?: string | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
}

/** The server's report behind an error, wherever it is in the chain of causes; undefined when there is none. */
export function pgErrorOf(error: unknown): PgError | undefined {
  if (error instanceof PgError) return error;
  return error instanceof Error && error.cause !== undefined ? pgErrorOf(error.cause) : undefined;
}

/** Codes that end the session: administrator, crash, shutdown, idle timeouts, and the connection's own class. */
function endsSession(sqlstate: string): boolean {
  return /^(08...|57P0[1-5]|25P03|25P04)$/.test(sqlstate);
}

/** Serialization failure, deadlock, lock not available, no memory or connection left, and every end of a session. */
const TRANSIENT = /^(08...|40001|40P01|55P03|53000|53200|53300|57P0[1-5]|25P03|25P04)$/;

/** Whether the same work may succeed later without anybody doing anything. */
export function isTransient(sqlstate: string): boolean {
  return TRANSIENT.test(sqlstate);
}

/** What went wrong with a statement. `committing`: it was a COMMIT. */
export function translatePgError(error: unknown, committing = false): Error {
  if (error instanceof UserError || error instanceof TransientError) return error;
  const report = serverReport(error);
  if (report === undefined) {
    if (isBroken(error)) {
      return new LostConnectionError('the connection to Postgres was lost', { committing: committing && wasSent(error), cause: error });
    }
    return error instanceof Error ? error : new Error(String(error));
  }
  const reported = new PgError(report, error);
  if (endsSession(report.code)) {
    return new LostConnectionError(`Postgres ended the connection: ${reported.message}`, { committing, cause: reported });
  }
  return isTransient(report.code) ? new TransientError(reported.message, { cause: reported }) : reported;
}

function serverReport(error: unknown): ServerReport | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? (error as unknown as ServerReport) : undefined;
}

/** A connection that the driver knew to be broken before has taken nothing. */
function wasSent(error: unknown): boolean {
  return !/^Client (has encountered a connection error|was closed)/.test(messageOf(error));
}

const BROKEN =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|write after end|This socket has been ended|Cannot call write)/;

/** Failures of the socket, and the driver's words for a connection that is gone. */
function isBroken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ERR_STREAM|ERR_SOCKET|ERR_SSL)/.test(code) || BROKEN.test(error.message);
}

/**
 * The primary message without the values that some classes of errors quote in it: data exceptions (22) quote the value,
 * exceptions of functions and triggers (P0) say whatever their author wrote.
 */
function publicMessage(report: ServerReport): string {
  if (report.code.startsWith('P0')) return 'a function or trigger of the database raised an exception';
  if (!report.code.startsWith('22')) return report.message;
  return report.message.replace(/:? *"[\s\S]*$/, '').trim() || 'a value does not fit';
}

// ---- connecting

/** Why a connection could not be made: `UserError` at the connection, or `TransientError` when the server says "not now". */
export function explainConnectError(error: unknown, options: ClientOptions): Error {
  if (error instanceof UserError || error instanceof TransientError) return error;
  const report = serverReport(error);
  const { message, hint } = report === undefined ? explainNetwork(error, options) : explainRefusal(report, options);
  if (report !== undefined && isTransient(report.code)) return new TransientError(message, { cause: error });
  return new UserError(message, { location: options.location, hint, cause: error });
}

interface Explanation {
  readonly message: string;
  readonly hint?: string | undefined;
}

function explainRefusal(report: ServerReport, options: ClientOptions): Explanation {
  const { name, user, database } = options;
  switch (report.code) {
    case '28P01':
      return { message: `${name}: wrong password for user "${user}"`, hint: 'Correct `user` and `password`, or PGUSER and PGPASSWORD.' };
    case '28000':
      return explainUnauthorised(report, options);
    case '3D000':
      return { message: `${name}: there is no database "${database}" on ${whereIs(options)}`, hint: 'Correct `database`, or PGDATABASE.' };
    case '42501':
      return {
        message: `${name}: user "${user}" may not connect to the database "${database}"`,
        hint: `Run: GRANT CONNECT ON DATABASE ... TO ...`,
      };
    default:
      return { message: `${name}: Postgres refused the connection: ${publicMessage(report)}`, hint: report.hint };
  }
}

function explainUnauthorised(report: ServerReport, options: ClientOptions): Explanation {
  const { name, user } = options;
  if (!report.message.includes('pg_hba.conf')) {
    return { message: `${name}: Postgres does not let user "${user}" in: ${report.message}`, hint: 'Correct `user`, or PGUSER.' };
  }
  const message = `${name}: pg_hba.conf of ${whereIs(options)} does not let user "${user}" in from here`;
  const plain = /no encryption|SSL off/i.test(report.message);
  return {
    message,
    hint: plain
      ? 'The server may want TLS: write `tls: require`.'
      : 'Add this machine and user to pg_hba.conf, or correct `host` and `user`.',
  };
}

/** Where the server is, for people: no part of it is secret. */
export function whereIs(options: ClientOptions): string {
  return options.host.startsWith('/') ? `the socket in ${options.host}` : `${options.host}:${options.port}`;
}

function explainNetwork(error: unknown, options: ClientOptions): Explanation {
  const { name } = options;
  const code = codeOf(error);
  const where = whereIs(options);
  if (/^(ENOTFOUND|EAI_AGAIN|EAI_NONAME)$/.test(code))
    return { message: `${name}: there is no host "${options.host}"`, hint: 'Correct `host` (or PGHOST).' };
  if (code === 'ECONNREFUSED' || code === 'ENOENT')
    return { message: `${name}: no server listens at ${where}`, hint: 'Correct `host` and `port`, or start the server.' };
  if (/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$/.test(code) || messageOf(error) === 'timeout expired')
    return { message: `${name}: ${where} does not answer`, hint: 'Correct `host` and `port`; a firewall may be in between.' };
  return explainTls(error, options) ?? explainSilence(error, options);
}

/** Certificates that do not hold, and servers without TLS. */
function explainTls(error: unknown, options: ClientOptions): Explanation | undefined {
  const { name } = options;
  const [code, text] = [codeOf(error), messageOf(error)];
  if (text.includes('does not support SSL')) {
    return {
      message: `${name}: ${whereIs(options)} does not speak TLS, and \`tls: ${options.tls.mode}\` asks for it`,
      hint: tlsHint('disable'),
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      message: `${name}: the server's certificate is not for the host "${options.host}"`,
      hint: `Write the host that the certificate names, or \`tls: verify-ca\` with \`tls_ca\`.`,
    };
  }
  if (/^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(GET|VERIFY)|CERT_)/.test(code)) {
    const why = code.startsWith('CERT_HAS_EXPIRED') ? 'has expired' : 'is not signed by an authority that is trusted here';
    return { message: `${name}: the server's certificate ${why}`, hint: 'Write the certificate of its authority as `tls_ca`.' };
  }
  if (/^ERR_(SSL|OSSL|TLS)/.test(code)) return { message: `${name}: TLS with ${whereIs(options)} failed: ${text}`, hint: tlsHint() };
  return undefined;
}

function tlsHint(plain?: 'disable'): string {
  if (plain === undefined) return `\`tls\` is one of ${TLS_MODES.join(', ')}; \`tls_cert\` and \`tls_key\` belong to the client.`;
  return 'Turn on TLS in the server, or write `tls: disable` when the way to it is safe.';
}

function explainSilence(error: unknown, options: ClientOptions): Explanation {
  if (isBroken(error) || messageOf(error).includes('establishing an SSL connection')) {
    return {
      message: `${options.name}: ${whereIs(options)} closed the connection`,
      hint: 'Is it a Postgres server? Correct `host` and `port`.',
    };
  }
  return { message: `${options.name}: the connection to ${whereIs(options)} failed: ${messageOf(error)}` };
}

/** Of several addresses tried, what happened to the first. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
