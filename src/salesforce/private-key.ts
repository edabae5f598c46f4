/** The key that signs assertions, and what can be known to be wrong with it before Salesforce says no. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import { type Location, messageOf, UserError } from '../errors.ts';

interface Where {
  /** Relative paths start here. */
  readonly folder: string;
  readonly location: Location;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface SigningKey {
  readonly key: KeyObject;
  /** `2026-11-22`: when the certificate of the key ended; undefined while it holds, and when none was given. */
  readonly expired: string | undefined;
}

/** Each a PEM text or the path of a file. Throws `UserError`; nothing of a key is in its message. */
export function signingKey(pems: { readonly key: string; readonly certificate: string | undefined }, where: Where): SigningKey {
  const text = pemText(pems.key, 'auth.private_key', where);
  const key = parsedKey(text, where.location);
  const beside = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(text)?.[0];
  const certificate = pems.certificate === undefined ? beside : pemText(pems.certificate, 'auth.certificate', where);
  return { key, expired: certificate === undefined ? undefined : endOf(parsedCertificate(certificate, where.location), key, where) };
}

/** Text with `\n` written out is what a PEM becomes in many secret stores. */
function pemText(value: string, what: string, { folder, location }: Where): string {
  if (value.includes('-----BEGIN')) return value.includes('\n') ? value : value.replaceAll('\\n', '\n');
  const path = value.startsWith('~/') ? join(homedir(), value.slice(2)) : resolve(folder, value);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    // The value may be a key whose first line got lost: it is not shown.
    const missing = cause instanceof Error && 'code' in cause && ['ENOENT', 'ENAMETOOLONG', 'ENOTDIR'].includes(String(cause.code));
    const why = missing ? 'names a file that does not exist' : `cannot be read: ${codeOf(cause)}`;
    const hint = 'Write the path relative to this document, or the PEM text itself by ${env.NAME}.';
    throw new UserError(`${what} ${why}`, { location, hint });
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : messageOf(cause);
}

function parsedKey(text: string, location: Location): KeyObject {
  const problem = problemWith(text);
  if (problem !== undefined) throw new UserError(`auth.private_key ${problem.is}`, { location, hint: problem.hint });
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    throw new UserError('auth.private_key is damaged: it cannot be read as a key', {
      location,
      hint: 'Is it whole, with its first and last line, and with its line breaks?',
    });
  }
  throw new UserError('auth.private_key is not an RSA key', {
    location,
    hint: 'Salesforce takes RS256 only. Make one: openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 730',
  });
}

function problemWith(text: string): { readonly is: string; readonly hint: string } | undefined {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    return { is: 'is locked by a passphrase', hint: 'Unlock it: openssl pkey -in key.pem -out unlocked.pem' };
  }
  if (/-----BEGIN OPENSSH PRIVATE KEY-----/.test(text)) {
    return { is: 'is a key for SSH', hint: 'Write the key that belongs to the certificate of the app.' };
  }
  if (/-----BEGIN (\w+ )?PRIVATE KEY-----/.test(text)) return undefined;
  if (/-----BEGIN (CERTIFICATE|(RSA )?PUBLIC KEY)-----/.test(text)) {
    return { is: 'is a certificate or a public key', hint: 'Write the private key that belongs to it.' };
  }
  return { is: 'holds no key', hint: 'It begins with -----BEGIN PRIVATE KEY-----.' };
}

/**
 * That a certificate ended is no reason not to use it: Salesforce is said to go on taking its key, by design (its product
 * management, as quoted on salesforce.stackexchange.com; read in November 2026). It is told when the login is refused.
 */
function endOf(certificate: X509Certificate, key: KeyObject, { location, now }: Where): string | undefined {
  if (!certificate.checkPrivateKey(key)) {
    throw new UserError('auth.private_key belongs to another certificate than the one given', {
      location,
      hint: 'Write the key and the certificate that were made together; the app holds the certificate.',
    });
  }
  const { validToDate } = certificate;
  return now > validToDate.getTime() ? validToDate.toISOString().slice(0, 10) : undefined;
}

function parsedCertificate(pem: string, location: Location): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new UserError('auth.certificate cannot be read as a certificate', {
      location,
      hint: 'It begins with -----BEGIN CERTIFICATE-----.',
    });
  }
}
