/** The JWT bearer flow: an assertion signed with RS256, and every reason why Salesforce turns one down. */
import { verify } from 'node:crypto';

/** `error` and `error_description` of the token endpoint. */
export class OAuthRefusal extends Error {
  override readonly name = 'OAuthRefusal';
  readonly error: string;
  readonly status: number;

  constructor(error: string, description: string, status = 400) {
    super(description);
    this.error = error;
    this.status = status;
  }
}

export interface Expected {
  readonly clientId: string;
  /** PEM. */
  readonly publicKey: string;
  readonly audiences: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The user name of an assertion that is in order. Throws `OAuthRefusal`. */
export function checkAssertion(assertion: string, expected: Expected): string {
  const [head, body, signature, ...rest] = assertion.split('.');
  const [header, claims] = [decode(head), decode(body)];
  if (header === undefined || claims === undefined || signature === undefined || rest.length > 0) throw invalid('invalid assertion');
  if (claims['iss'] !== expected.clientId) throw new OAuthRefusal('invalid_client_id', 'client identifier invalid');
  const signed = verify('RSA-SHA256', Buffer.from(`${head}.${body}`), expected.publicKey, Buffer.from(signature, 'base64url'));
  if (header['alg'] !== 'RS256' || !signed) throw invalid('invalid assertion');
  if (!expected.audiences.includes(String(claims['aud']).replace(/\/$/, ''))) throw invalid('audience is invalid');
  const { exp, sub } = claims;
  if (typeof exp !== 'number' || exp * 1000 <= expected.now) throw invalid('expired authorization code');
  if (typeof sub !== 'string') throw invalid('invalid assertion');
  return sub;
}

function invalid(description: string): OAuthRefusal {
  return new OAuthRefusal('invalid_grant', description);
}

function decode(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
    return value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
