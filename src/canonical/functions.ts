/**
 * What SQL cannot say: canonical JSON, canonical sets, numbers with exponents, keyed hashes and sealing of sensitive values, as functions of the
 * workspace. They run in JavaScript, a batch of rows at a time, and only for the fields that need them.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';

import { type DuckDBConnection, DuckDBScalarFunction, VARCHAR } from '@duckdb/node-api';

import { UserError } from '../errors.ts';
import { keepByteOrderMarks } from '../workspace/driver-text.ts';
import { canonicalJson, canonicalSet, plainDecimal, plainNumber } from './json.ts';

/** Names of the functions inside the workspace's SQL. */
export const FUNCTIONS = {
  json: 'sluice_json',
  set: 'sluice_set',
  number: 'sluice_number',
  numeric: 'sluice_numeric',
  mac: 'sluice_mac',
  seal: 'sluice_seal',
  open: 'sluice_open',
} as const;

/** Registers the functions. `key` is the project's `state.key`; without it `sluice_mac` and `sluice_seal` do not exist. */
export function registerFunctions(connection: DuckDBConnection, key: SensitiveKey | undefined): void {
  keepByteOrderMarks();
  register(connection, FUNCTIONS.json, (text) => canonicalJson(text));
  register(connection, FUNCTIONS.set, (text) => canonicalSet(text));
  register(connection, FUNCTIONS.number, (text) => plainDecimal(text));
  register(connection, FUNCTIONS.numeric, (text) => plainNumber(text));
  if (key === undefined) return;
  register(connection, FUNCTIONS.mac, (text) => key.mac(text));
  register(connection, FUNCTIONS.seal, (text) => key.seal(text), { volatile: true });
}

/** Registers the opening of sealed values. Never in a workspace that runs the user's SQL. */
export function registerOpening(connection: DuckDBConnection, key: SensitiveKey | undefined): void {
  register(connection, FUNCTIONS.open, (text) => (isSealed(text) && key !== undefined ? key.open(text) : text));
}

function register(
  connection: DuckDBConnection,
  name: string,
  map: (text: string) => string | null,
  options: { volatile?: boolean } = {},
): void {
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name,
      parameterTypes: [VARCHAR],
      returnType: VARCHAR,
      volatile: options.volatile ?? false,
      mainFunction: (_info, input, output) => {
        const column = input.getColumnVector(0);
        for (let row = 0; row < input.rowCount; row += 1) {
          const value = column.getItem(row) as string | null;
          output.setItem(row, value === null ? null : map(value));
        }
        output.flush();
      },
    }),
  );
}

const SEALED = 'sealed:v1:';

/** Keyed hash and encryption of sensitive values (AES-256-GCM), derived from the project's `state.key`. */
export class SensitiveKey {
  readonly #mac: Buffer;
  readonly #seal: Buffer;
  /** Tells one key from another without revealing it; kept in state. */
  readonly id: string;

  constructor(passphrase: string) {
    const derive = (purpose: string): Buffer => createHmac('sha256', passphrase).update(`sluice:${purpose}`).digest();
    this.#mac = derive('mac');
    this.#seal = derive('seal');
    this.id = createHash('sha256').update(derive('id')).digest('hex').slice(0, 16);
  }

  /** Keyed hash of a canonical text: equal texts hash alike, nothing else can be learned from it. */
  mac(text: string): string {
    return `hmac:${createHmac('sha256', this.#mac).update(text).digest('base64url')}`;
  }

  seal(text: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#seal, nonce);
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return SEALED + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
  }

  /** The text that `seal` took. Throws a `UserError` when the value was sealed with another key or altered. */
  open(sealed: string): string {
    const bytes = Buffer.from(sealed.slice(SEALED.length), 'base64');
    try {
      if (SEALED + bytes.toString('base64') !== sealed) throw new Error('not a sealed value');
      const decipher = createDecipheriv('aes-256-gcm', this.#seal, bytes.subarray(0, 12), { authTagLength: 16 });
      decipher.setAuthTag(bytes.subarray(12, 28));
      return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw new UserError('a sensitive value cannot be decrypted: state.key is not the one it was sealed with, or the value was altered', {
        cause,
      });
    }
  }
}

/** SQL: whether a stored text is what `sluice_mac` made of a value; null for null. */
export function isKeyedHash(text: string): string {
  return `regexp_full_match(${text}, 'hmac:[A-Za-z0-9_-]{43}')`;
}

/** Whether a stored text is a sealed sensitive value. */
export function isSealed(text: string | null): text is string {
  return text !== null && text.startsWith(SEALED);
}
