import { randomBytes } from 'node:crypto';
import { access, readFile, stat, writeFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { UserError } from '../../src/errors.ts';
import { decryptFile, encryptFile, isEncrypted, PLAN_KEY_VARIABLE, planKey } from '../../src/plan/encryption.ts';
import { folder, type Folder } from '../support/database.ts';

const KEY = 'a passphrase of many characters';
const MIB = 1 << 20;
const START = 14 + 16; // magic, salt
const HEADER = 4 + 12 + 16;

/** An encrypted file and its bytes. */
async function encrypted(home: Folder, size: number): Promise<{ plain: Buffer; sealed: Buffer }> {
  const plain = randomBytes(size);
  await writeFile(home.file('plain'), plain);
  await encryptFile(home.file('plain'), home.file('sealed'), KEY);
  return { plain, sealed: await readFile(home.file('sealed')) };
}

async function expectRefused(home: Folder, bytes: Buffer, key = KEY): Promise<void> {
  await writeFile(home.file('altered'), bytes);
  await expect(decryptFile(home.file('altered'), home.file('opened'), key)).rejects.toThrow(UserError);
  await expect(access(home.file('opened'))).rejects.toThrow('ENOENT');
}

/** The frames of a container: header and body together. */
function frames(sealed: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let position = START; position < sealed.length;) {
    const end = position + HEADER + sealed.readUInt32BE(position);
    parts.push(sealed.subarray(position, end));
    position = end;
  }
  return parts;
}

describe('an encrypted plan', () => {
  it.each([0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])('of %i bytes comes back as it was', async (size) => {
    await using home = await folder();
    const { plain, sealed } = await encrypted(home, size);
    await decryptFile(home.file('sealed'), home.file('opened'), KEY);
    expect((await readFile(home.file('opened'))).equals(plain)).toBe(true);
    expect([await isEncrypted(home.file('sealed')), size > 14 && (await isEncrypted(home.file('plain')))]).toEqual([true, false]);
    expect(sealed.length).toBe(START + size + HEADER * Math.max(1, Math.ceil(size / MIB)));
  });

  it('can be read by its owner only', async () => {
    await using home = await folder();
    await encrypted(home, 10);
    await decryptFile(home.file('sealed'), home.file('opened'), KEY);
    for (const name of ['sealed', 'opened']) expect((await stat(home.file(name))).mode & 0o777).toBe(0o600);
  });

  it('never shows its contents, and never looks the same twice', async () => {
    await using home = await folder();
    const { plain, sealed } = await encrypted(home, 1000);
    expect(sealed.includes(plain.subarray(0, 16))).toBe(false);
    await encryptFile(home.file('plain'), home.file('again'), KEY);
    expect((await readFile(home.file('again'))).equals(sealed)).toBe(false);
  });

  it('opens with no other key', async () => {
    await using home = await folder();
    const { sealed } = await encrypted(home, 2 * MIB);
    await expectRefused(home, sealed, `${KEY}.`);
  });

  it('is refused when it was cut off, at every boundary and beside it', async () => {
    await using home = await folder();
    const { sealed } = await encrypted(home, 2 * MIB + 5);
    const ends = frames(sealed).reduce<number[]>((all, frame) => [...all, (all.at(-1) ?? 0) + frame.length], [START]);
    expect(ends).toHaveLength(4);
    const boundaries = [0, 5, 14, ...ends, ...ends.map((end) => end + 4), ...ends.map((end) => end + HEADER)].flatMap((at) => [
      at - 1,
      at,
      at + 1,
    ]);
    for (const length of boundaries.filter((at) => at >= 0 && at < sealed.length)) await expectRefused(home, sealed.subarray(0, length));
  });

  it('is refused when its frames were swapped, repeated, left out or followed by more', async () => {
    await using home = await folder();
    const { sealed } = await encrypted(home, 2 * MIB + 5);
    const start = sealed.subarray(0, START);
    const [a, b, c] = frames(sealed) as [Buffer, Buffer, Buffer];
    for (const order of [[b, a, c], [a, a, b, c], [a, c], [b, c], [c], [a, b, c, c], [a, b, c, Buffer.from('x')], []]) await expectRefused(home, Buffer.concat([start, ...order]));
  }); // prettier-ignore

  it('is refused when one byte is another', async () => {
    await using home = await folder();
    const { sealed } = await encrypted(home, MIB + 100);
    const second = START + HEADER + MIB;
    const positions = [
      ...Array(START + HEADER + 3).keys(),
      ...Array.from({ length: HEADER + 3 }, (_, index) => second + index),
      sealed.length - 1,
    ];
    for (const position of positions) {
      const altered = Buffer.from(sealed);
      altered[position] = (altered[position] ?? 0) ^ 0x80;
      await expectRefused(home, altered);
    }
  });

  it('never replaces a file that is there already', async () => {
    await using home = await folder();
    await encrypted(home, 10);
    await writeFile(home.file('opened'), 'mine');
    await expect(decryptFile(home.file('sealed'), home.file('opened'), KEY)).rejects.toThrow('EEXIST');
    await expect(encryptFile(home.file('plain'), home.file('opened'), KEY)).rejects.toThrow('EEXIST');
    expect(await readFile(home.file('opened'), 'utf8')).toBe('mine');
  });

  it('is not mistaken for another file', async () => {
    await using home = await folder();
    for (const text of ['', 'S', 'SLUICE-PLAN-', 'something else altogether']) {
      await writeFile(home.file('other'), text);
      expect(await isEncrypted(home.file('other'))).toBe(false);
    }
  });
});

describe('the key', () => {
  it('comes from the environment and is long enough', () => {
    expect(planKey({ [PLAN_KEY_VARIABLE]: 'sixteen letters!' })).toBe('sixteen letters!');
    expect(() => planKey({})).toThrow(`${PLAN_KEY_VARIABLE} is not set`);
    expect(() => planKey({ [PLAN_KEY_VARIABLE]: '' })).toThrow(`${PLAN_KEY_VARIABLE} is not set`);
    expect(() => planKey({ [PLAN_KEY_VARIABLE]: 'fifteen letters' })).toThrow('too short');
  });
});
