/** Addresses that a token may be sent to. */
import { type Location, UserError } from '../errors.ts';

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Scheme, host and port of an address. Throws `UserError` where the API is not: no URL, no TLS (but on this machine), the
 * address of the web interface.
 */
export function checkedOrigin(text: string, what: string, location: Location): string {
  const url = URL.parse(text);
  if (url === null || !['https:', 'http:'].includes(url.protocol)) {
    throw new UserError(`${what} is not a URL`, { location, hint: 'Write https:// and a host: https://acme.my.salesforce.com.' });
  }
  if (url.protocol === 'http:' && !LOOPBACK.has(url.hostname)) {
    throw new UserError(`${what} sends secrets without encryption`, { location, hint: `Write https://${url.host}.` });
  }
  if (url.hostname.endsWith('.lightning.force.com')) {
    const domain = url.hostname.slice(0, -'.lightning.force.com'.length);
    throw new UserError(`${what} is where people work, not where the API is`, {
      location,
      hint: `Write https://${domain}.my.salesforce.com.`,
    });
  }
  return url.origin;
}
