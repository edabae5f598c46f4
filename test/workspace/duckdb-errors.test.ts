import { describe, expect, it } from 'vitest';

import { UserError } from '../../src/errors.ts';
import { FileLockedError, SqlError, translateDuckDbError } from '../../src/workspace/duckdb-errors.ts';

function translated(message: string, sql = ''): Error {
  return translateDuckDbError(new Error(message), sql);
}

describe('translateDuckDbError', () => {
  it('names the process that holds a file, in both forms of the message', () => {
    const text =
      'Could not set lock on file "/data/a b.duckdb": Conflicting lock is held in /usr/bin/node (PID 4711). See also https://duckdb.org';
    for (const message of [`IO Error: ${text}`, JSON.stringify({ exception_type: 'IO', exception_message: text, errno: '11' })]) {
      const error = translated(message);
      expect(error).toBeInstanceOf(FileLockedError);
      expect(error).toMatchObject({
        path: '/data/a b.duckdb',
        pid: 4711,
        message: '/data/a b.duckdb is open in another process (process 4711)',
      });
    }
    expect(translated('IO Error: Could not set lock on file "/x": whatever')).toMatchObject({
      pid: undefined,
      message: '/x is open in another process',
    });
  });

  it.each([
    ['IO Error: Could not write file "x": No space left on device', 'the disk is full'],
    ['Out of Memory Error: failed to offload data block: Out of Disk', 'the disk is full'],
    [
      'Out of Memory Error: failed to pin block of size 256.0 KiB (1.9 GiB/2.0 GiB used)\n\nPossible solutions:\n* Reducing the number of threads',
      'the memory limit of 2.0 GiB does not suffice',
    ],
    ['IO Error: The file "/x/y.duckdb" exists, but it is not a valid DuckDB database file!', '/x/y.duckdb is not a DuckDB database'],
    [
      'IO Error: Trying to read a database file with version number 99, but we can only read 64',
      'a database file was written by a newer DuckDB (storage version 99)',
    ],
  ])('%s', (message, expected) => {
    const error = translated(message);
    expect(error).toBeInstanceOf(UserError);
    expect(error).not.toBeInstanceOf(SqlError);
    expect(error.message).toBe(expected);
  });

  it('keeps category, message, suggestion and exact position', () => {
    const json = {
      exception_type: 'Binder',
      exception_message: 'Referenced column "b" not found in FROM clause!\nCandidate bindings: "ab", "abc", "abd"',
    };
    const sql = "select 'é😀',\n  'é', b from t";
    const at = Buffer.from(sql.slice(0, sql.indexOf(' b from') + 1)).length;
    const error = translated(JSON.stringify({ ...json, position: String(at) }), sql);
    expect(error).toMatchObject({
      message: 'Referenced column "b" not found in FROM clause!',
      category: 'Binder',
      suggestion: 'Did you mean "ab", "abc" or "abd"?',
      position: { line: 2, column: 8 },
    });
  });

  it('gives no position that lies outside the statement', () => {
    const json = { exception_type: 'Conversion', exception_message: 'Could not convert', position: '4000' };
    expect(translated(JSON.stringify(json), 'select 1')).toMatchObject({ position: undefined, category: 'Conversion' });
  });

  it('reads plain text too, without its excerpt', () => {
    expect(
      translated(
        'Catalog Error: Table with name tz does not exist!\nDid you mean "t"?\n\nLINE 1: select * from tz\n                      ^',
      ),
    ).toMatchObject({
      message: 'Table with name tz does not exist!',
      category: 'Catalog',
      suggestion: 'Did you mean "t"?',
      position: undefined,
    });
    expect(translated('Out of Range Error: Overflow in addition of INT32 (1 + 2)!')).toMatchObject({
      category: 'Out of Range',
      message: 'Overflow in addition of INT32',
    });
    expect(translated('{"exception_type": cut off')).toMatchObject({ category: 'Unknown' });
  });

  it('leaves our own errors alone', () => {
    const own = new UserError('ours');
    expect(translateDuckDbError(own, '')).toBe(own);
  });
});
