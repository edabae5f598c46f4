/** Requests that got no reply, as our errors. */
import { messageOf, TransientError, UserError } from '../errors.ts';
import { LostReplyError } from './errors.ts';
import type { ClientOptions } from './options.ts';

export interface Attempt {
  readonly options: Pick<ClientOptions, 'name' | 'location'>;
  readonly url: string;
  readonly sends: 'nothing' | 'data';
  /** The host has answered before: it is the right one, whatever happens now. */
  readonly reached: boolean;
}

/** Failures before anything of a request has left. */
const NOT_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|UND_ERR_CONNECT_TIMEOUT)$/;
/** The other side took the request and says nothing, or stopped in the middle of its reply. */
const SILENT = /^(SILENCE|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/;
const TLS = /^(CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|HOSTNAME_MISMATCH)/;

/** The error to throw instead of what `fetch` threw. */
export function networkFailure(error: unknown, attempt: Attempt): Error {
  if (isOfFile(error)) return error;
  const code = codeOf(error);
  const { host, hostname } = new URL(attempt.url);
  const { name, location } = attempt.options;
  if (code === 'ENOTFOUND' && !attempt.reached) {
    const hint = 'Correct `login_url` (or `auth.instance_url`).';
    return new UserError(`${name}: there is no host "${hostname}"`, { location, hint });
  }
  if (TLS.test(code)) {
    const hint = 'Behind a proxy that opens TLS, NODE_EXTRA_CA_CERTS names the certificate of its authority.';
    return new UserError(`${name}: ${host} cannot be trusted: ${code}`, { location, hint });
  }
  if (NOT_SENT.test(code)) return new TransientError(`${name}: ${host} cannot be reached: ${code}`, { cause: error });
  const cut = `${name}: ${SILENT.test(code) ? `${host} does not answer: ${messageOf(error)}` : `the connection to ${host} was cut: ${code === '' ? messageOf(error) : code}`}`;
  return attempt.sends === 'data' ? new LostReplyError(cut, { cause: error }) : new TransientError(cut, { cause: error });
}

/** A full disk, a file that is gone: nobody cut a connection. */
function isOfFile(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'syscall' in error &&
    ['open', 'read', 'write', 'stat'].includes(String(error.syscall)) &&
    !/^(ECONN|EPIPE)/.test(codeOf(error))
  );
}

/** Of the innermost cause that has one; of several addresses tried, what happened to the first. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : error.cause;
  const deeper = inner === undefined ? '' : codeOf(inner);
  if (deeper !== '') return deeper;
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
