/** Who is signed in: access tokens, refresh tokens, and the one connected app of the org. */
import { createHmac, generateKeyPairSync } from 'node:crypto';

import type { Org } from './org.ts';
import type { SandboxUser } from './users.ts';

/** What a client needs to sign in, whichever way it chooses. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly username: string;
  /** PEM (PKCS #8) of the key whose certificate the connected app holds. */
  readonly privateKey: string;
  readonly refreshToken: string;
  /** A session that is open from the start. */
  readonly accessToken: string;
}

/** What stays the same when a sandbox with a file starts again. */
export type KeptCredentials = Pick<Credentials, 'clientId' | 'clientSecret' | 'refreshToken'>;

interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Making a key takes a moment: once per process, and only when somebody asks. */
let keyPair: KeyPair | undefined;
function keys(): KeyPair {
  keyPair ??= generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return keyPair;
}

export class Sessions {
  readonly credentials: Credentials;
  readonly #org: Org;
  readonly #randomHex: (length: number) => string;
  readonly #access = new Map<string, SandboxUser>();
  readonly #refresh = new Map<string, SandboxUser>();
  readonly #clientSecret: string;

  constructor(org: Org, randomHex: (length: number) => string, kept?: KeptCredentials) {
    this.#org = org;
    this.#randomHex = randomHex;
    this.#clientSecret = kept?.clientSecret ?? randomHex(32).toUpperCase();
    const refreshToken = kept?.refreshToken ?? `5Aep8${randomHex(38)}`;
    this.#refresh.set(refreshToken, org.user);
    this.credentials = {
      clientId: kept?.clientId ?? `3MVG9${randomHex(40)}`,
      clientSecret: this.#clientSecret,
      username: org.user.username,
      get privateKey() {
        return keys().privateKey;
      },
      refreshToken,
      accessToken: this.open(org.user),
    };
  }

  /** Of the certificate that the connected app holds: PEM. */
  get publicKey(): string {
    return keys().publicKey;
  }

  open(user: SandboxUser): string {
    const token = `${this.#org.id.slice(0, 15)}!${this.#randomHex(48)}`;
    this.#access.set(token, user);
    return token;
  }

  userOf(accessToken: string): SandboxUser | undefined {
    return this.#access.get(accessToken);
  }

  userOfRefresh(refreshToken: string): SandboxUser | undefined {
    return this.#refresh.get(refreshToken);
  }

  /** Ends one session. */
  end(accessToken: string): void {
    this.#access.delete(accessToken);
  }

  /** Ends all sessions, as an administrator may. Refresh tokens and keys stay good. */
  endAll(): void {
    this.#access.clear();
  }

  /** A refresh token takes its user's sessions with it. False: there is no such token. */
  revoke(token: string): boolean {
    const user = this.#refresh.get(token);
    if (user === undefined) return this.#access.delete(token);
    this.#refresh.delete(token);
    for (const [access, owner] of this.#access) if (owner === user) this.#access.delete(access);
    return true;
  }

  /** Proof that an answer to a login came from the org. */
  sign(text: string): string {
    return createHmac('sha256', this.#clientSecret).update(text).digest('base64');
  }
}
