import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { FUNCTIONS, isSealed, registerFunctions, SensitiveKey } from '../../src/canonical/functions.ts';
import { UserError } from '../../src/errors.ts';
import { Workspace } from '../../src/workspace/workspace.ts';

const key = new SensitiveKey('correct horse battery staple');
const other = new SensitiveKey('correct horse battery stable');
const text = fc.string({ unit: 'grapheme' });

describe('the keyed hash', () => {
  it('is equal exactly for equal texts and equal keys', () => {
    const again = new SensitiveKey('correct horse battery staple');
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(again.mac(a)).toBe(key.mac(a));
        expect(key.mac(a) === key.mac(b)).toBe(a === b);
        expect(other.mac(a)).not.toBe(key.mac(a));
      }),
    );
    expect([again.id === key.id, other.id === key.id]).toEqual([true, false]);
  });

  it('shows nothing of the text or the key', () => {
    expect(key.mac('4111111111111111')).toMatch(/^hmac:[\w-]{43}$/);
    expect(key.id).toMatch(/^[0-9a-f]{16}$/);
    expect(JSON.stringify(key)).not.toContain('horse');
  });
});

describe('sealing', () => {
  it('gives the text back, and never looks the same twice', () => {
    fc.assert(
      fc.property(text, (value) => {
        const sealed = key.seal(value);
        expect(isSealed(sealed)).toBe(true);
        expect(key.open(sealed)).toBe(value);
        expect(key.seal(value)).not.toBe(sealed);
      }),
    );
  });

  it('opens with no other key', () => {
    expect(() => other.open(key.seal('secret'))).toThrow(UserError);
  });

  it('notices every altered character', () => {
    const sealed = key.seal('secret');
    for (let index = 0; index < sealed.length; index += 1) {
      for (const letter of ['A', 'B', '/', '!']) {
        if (sealed[index] === letter) continue;
        expect(() => key.open(sealed.slice(0, index) + letter + sealed.slice(index + 1))).toThrow(UserError);
      }
    }
  });

  it('notices what is missing or added', () => {
    const sealed = key.seal('');
    for (let length = 0; length < sealed.length; length += 1) expect(() => key.open(sealed.slice(0, length))).toThrow(UserError);
    for (const more of ['=', 'A', ' ', 'AAAA']) expect(() => key.open(sealed + more)).toThrow(UserError);
  });

  it('tells sealed values from others', () => {
    expect([isSealed(null), isSealed(''), isSealed('sealed'), isSealed(key.mac('x'))]).toEqual([false, false, false, false]);
  });
});

describe('the functions of the workspace', () => {
  it('hash and seal each row by itself, over many batches, and leave null alone', async () => {
    await using workspace = await Workspace.open({ threads: 1 });
    registerFunctions(workspace.connection, key);
    await workspace.run(`CREATE TEMP TABLE t AS SELECT i, CASE WHEN i % 7 <> 0 THEN 'v' || (i % 3) END AS v FROM range(5000) AS r(i)`);
    const rows = await workspace.rows(`SELECT i, v, ${FUNCTIONS.mac}(v) AS m, ${FUNCTIONS.seal}(v) AS s FROM t ORDER BY i`);
    for (const row of rows) {
      const value = row['v'] as string | null;
      expect(row['m']).toBe(value === null ? null : key.mac(value));
      expect(row['s'] === null ? null : key.open(row['s'] as string)).toBe(value);
    }
    const sealed = rows.map((row) => row['s']).filter((each) => each !== null);
    expect(new Set(sealed).size).toBe(sealed.length);
  });

  it('see every character, a byte order mark at the start too', async () => {
    await using workspace = await Workspace.open({ threads: 1 });
    registerFunctions(workspace.connection, key);
    const row = await workspace.row(`SELECT $t AS t, ${FUNCTIONS.mac}($t) AS m, ${FUNCTIONS.json}($t || '1') AS j`, { t: '\ufeff' });
    expect(row).toEqual({ t: '\ufeff', m: key.mac('\ufeff'), j: null });
  });

  it('do not exist without a key', async () => {
    await using workspace = await Workspace.open({ threads: 1 });
    registerFunctions(workspace.connection, undefined);
    expect(await workspace.row(`SELECT ${FUNCTIONS.json}('{"b":1,"a":1.0}') AS j`)).toEqual({ j: '{"a":1,"b":1}' });
    await expect(workspace.run(`SELECT ${FUNCTIONS.mac}('x')`)).rejects.toThrow(FUNCTIONS.mac);
    await expect(workspace.run(`SELECT ${FUNCTIONS.seal}('x')`)).rejects.toThrow(FUNCTIONS.seal);
  });
});
