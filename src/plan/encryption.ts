/**
 * `plan --encrypt`: the plan file as one AES-256-GCM container for anything that leaves the machine.
 * Layout: magic, 16 bytes salt, then frames of (4 bytes length, 12 bytes nonce, 16 bytes tag, body). The frame number and
 * whether it is the last are authenticated, so frames can be neither reordered nor cut off. The key comes from the environment.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';

import { UserError } from '../errors.ts';

const MAGIC = Buffer.from('SLUICE-PLAN-1\n');
const FRAME = 1 << 20;
const HEADER = 4 + 12 + 16;

/** Name of the environment variable that holds the passphrase. */
export const PLAN_KEY_VARIABLE = 'SLUICE_PLAN_KEY';

export function planKey(env: Readonly<Record<string, string | undefined>>): string {
  const key = env[PLAN_KEY_VARIABLE];
  if (key === undefined || key === '') {
    throw new UserError(`${PLAN_KEY_VARIABLE} is not set`, {
      hint: `Encrypted plans need a passphrase of at least 16 characters in ${PLAN_KEY_VARIABLE}.`,
    });
  }
  if (key.length < 16)
    throw new UserError(`${PLAN_KEY_VARIABLE} is too short`, {
      hint: 'Use at least 16 characters, for example from `openssl rand -base64 32`.',
    });
  return key;
}

export async function isEncrypted(path: string): Promise<boolean> {
  await using file = await open(path, 'r');
  const head = Buffer.alloc(MAGIC.length);
  await file.read(head, 0, head.length, 0);
  return head.equals(MAGIC);
}

export async function encryptFile(from: string, to: string, passphrase: string): Promise<void> {
  await using source = await open(from, 'r');
  await createWhole(to, (target) => encryptInto(source, target, passphrase));
}

async function encryptInto(source: FileHandle, target: FileHandle, passphrase: string): Promise<void> {
  const salt = randomBytes(16);
  const key = scryptSync(passphrase, salt, 32);
  const { size } = await source.stat();
  await target.appendFile(Buffer.concat([MAGIC, salt]));
  const frames = Math.max(1, Math.ceil(size / FRAME));
  const buffer = Buffer.alloc(FRAME);
  for (let index = 0; index < frames; index += 1) {
    const { bytesRead } = await source.read(buffer, 0, FRAME, index * FRAME);
    await target.appendFile(seal(buffer.subarray(0, bytesRead), key, index, index === frames - 1));
  }
}

/** Throws a `UserError` when the passphrase is wrong or the file was altered or cut off; nothing is then left at `to`. */
export async function decryptFile(from: string, to: string, passphrase: string): Promise<void> {
  await using source = await open(from, 'r');
  await createWhole(to, (target) => decryptInto(source, target, passphrase));
}

async function decryptInto(source: FileHandle, target: FileHandle, passphrase: string): Promise<void> {
  const { size } = await source.stat();
  const start = await readBytes(source, MAGIC.length + 16, 0);
  if (!start.subarray(0, MAGIC.length).equals(MAGIC)) throw unreadable();
  const key = scryptSync(passphrase, start.subarray(MAGIC.length), 32);
  let position = start.length;
  for (let index = 0; ; index += 1) {
    const header = await readBytes(source, HEADER, position);
    const length = header.readUInt32BE(0);
    if (length > FRAME) throw unreadable();
    const body = await readBytes(source, length, position + HEADER);
    position += HEADER + length;
    const last = position >= size;
    await target.appendFile(unseal(header, body, key, index, last));
    if (last) return;
  }
}

/** A new file that only its owner can read, whole or not there at all. */
async function createWhole(path: string, write: (target: FileHandle) => Promise<void>): Promise<void> {
  const target = await open(path, 'wx', 0o600);
  try {
    await write(target);
    await target.sync();
    await target.close();
  } catch (error) {
    await target.close();
    await rm(path, { force: true });
    throw error;
  }
}

async function readBytes(file: FileHandle, length: number, position: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  if (bytesRead < length) throw unreadable();
  return bytes;
}

function unreadable(cause?: unknown): UserError {
  return new UserError(
    'the encrypted plan cannot be read: the key is not the one it was encrypted with, or the file was altered or cut off',
    { cause },
  );
}

function aad(index: number, last: boolean): Buffer {
  return Buffer.from(`${index}:${last ? 'last' : 'more'}`);
}

function seal(body: Buffer, key: Buffer, index: number, last: boolean): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad(index, last));
  const sealed = Buffer.concat([cipher.update(body), cipher.final()]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(sealed.length);
  return Buffer.concat([length, nonce, cipher.getAuthTag(), sealed]);
}

function unseal(header: Buffer, body: Buffer, key: Buffer, index: number, last: boolean): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, header.subarray(4, 16), { authTagLength: 16 }).setAAD(aad(index, last));
    decipher.setAuthTag(header.subarray(16, 32));
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch (cause) {
    throw unreadable(cause);
  }
}
