import { readFile } from 'node:fs/promises';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { PgClient } from '../../src/postgres/client.ts';
import { copyChunks } from '../../src/postgres/copy-text.ts';
import { LostConnectionError } from '../../src/postgres/errors.ts';
import { loadRows, UnreadableValueError } from '../../src/postgres/load.ts';
import { keepByteOrderMarks } from '../../src/workspace/driver-text.ts';
import { ident } from '../../src/workspace/quote.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { onPostgres, type Postgres, startPostgres } from '../support/postgres.ts';
import { connected, thrownBy } from '../support/postgres-client.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { folder } from '../support/database.ts';

let server: Postgres;
let url: string;
let client: PgClient;
beforeAll(async () => {
  server = await startPostgres();
  url = await server.createDatabase();
  client = await connected(url);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await server.stop();
});

async function lockedWorkspace(): Promise<Workspace> {
  keepByteOrderMarks();
  const workspace = await Workspace.open({ memoryLimit: '1GB' });
  await workspace.lock([]);
  return workspace;
}

type Value = string | null;

/** What CSV, COPY and their readers trip over. */
const HOSTILE = [
  '',
  '"',
  '""',
  "'",
  ',',
  '\n',
  '\r',
  '\r\n',
  '\t',
  '\\',
  '\\.',
  '\\N',
  'NULL',
  'null',
  ' ',
  '  x ',
  '\uFEFF',
  '-',
  '#',
  '//',
  '\u0001',
  '\u007F',
  'é',
  '😀',
  '日本',
  '\u2028',
  'true',
  '0',
  "a'b;--",
  '{}',
  '$1',
  '%s',
];
const value = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...HOSTILE), { maxLength: 6 }).map((parts) => parts.join('')) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\u0000', '').toWellFormed()) },
);
const table = fc
  .integer({ min: 1, max: 4 })
  .chain((columns) => fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 60 }));

/** The rows by way of parameters: independent of COPY. */
async function intoPostgres(rows: readonly (readonly Value[])[]): Promise<string> {
  const columns = (rows[0] ?? []).map((_, index) => `c${index}`);
  await client.script(`DROP TABLE IF EXISTS hostile; CREATE TABLE hostile (n int, ${columns.map((name) => `${name} text`).join(', ')})`);
  const lists = columns.map((_, index) => rows.map((row) => row[index] ?? null));
  const unnested = columns.map((_, index) => `$${index + 2}::text[]`).join(', ');
  await client.run(`INSERT INTO hostile SELECT * FROM unnest($1::int[], ${unnested})`, [rows.map((_, index) => String(index)), ...lists]);
  return columns.join(', ');
}

describe('rows on their way in', () => {
  it('keep every character, and null apart from the empty text', async () => {
    await using workspace = await lockedWorkspace();
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const names = await intoPostgres(rows);
        const columns = names.split(', ').map((name) => ({ name, type: 'VARCHAR' }));
        const select = `SELECT ${names} FROM hostile ORDER BY n`;
        expect(await loadRows(client, workspace, { select, columns, table: 'loaded' })).toBe(rows.length);
        const loaded = await workspace.rows('FROM loaded');
        await workspace.run('DROP TABLE loaded');
        const sorted = (list: readonly unknown[]): string[] => list.map((row) => JSON.stringify(row)).sort();
        expect(sorted(loaded.map((row) => columns.map(({ name }) => row[name])))).toEqual(sorted(rows));
      }),
      { numRuns: 150 },
    );
  });

  it('keep every character in files that several threads read', async () => {
    await using workspace = await lockedWorkspace();
    // 90 MB: more than one buffer of the reader, most of it inside quotes that hold what looks like other rows.
    const text = `repeat(E'",\\n"x","y"\\r\\n' || n, 1 + (n % 97) * 4)`;
    await client.script(
      `DROP TABLE IF EXISTS big; CREATE TABLE big AS SELECT n, CASE WHEN n % 5 > 0 THEN ${text} END AS a, nullif(n % 3, 0)::text AS b FROM generate_series(1, 40000) AS n`,
    );
    const columns = [
      { name: 'n', type: 'INTEGER' },
      { name: 'a', type: 'VARCHAR' },
      { name: 'b', type: 'VARCHAR' },
    ];
    expect(await loadRows(client, workspace, { select: 'SELECT * FROM big', columns, table: 'big' })).toBe(40_000);
    const [ours] = await workspace.rows(
      "SELECT md5(string_agg(coalesce(md5(a), '-') || coalesce(b, '-'), '' ORDER BY n)) AS digest FROM big",
    );
    const [theirs] = await client.rows(
      "SELECT md5(string_agg(coalesce(md5(a), '-') || coalesce(b, '-'), '' ORDER BY n)) AS digest FROM big",
    );
    expect(ours).toEqual(theirs);
  });

  it('may be megabytes long', async () => {
    await using workspace = await lockedWorkspace();
    const select = `SELECT n, repeat(E'"\\n', n * 1500000) AS a FROM generate_series(0, 3) AS n`;
    const columns = [
      { name: 'n', type: 'INTEGER' },
      { name: 'a', type: 'VARCHAR' },
    ];
    await loadRows(client, workspace, { select, columns, table: 'long' });
    expect(await workspace.rows('SELECT length(a)::INTEGER AS n FROM long ORDER BY 1')).toEqual([
      { n: 0 },
      { n: 3_000_000 },
      { n: 6_000_000 },
      { n: 9_000_000 },
    ]);
  });

  it('may be none, and leave no file behind', async () => {
    await using workspace = await lockedWorkspace();
    expect(
      await loadRows(client, workspace, { select: 'SELECT 1 WHERE false', columns: [{ name: 'a', type: 'INTEGER' }], table: 'none' }),
    ).toBe(0);
    expect(await workspace.columns('FROM none')).toEqual([{ name: 'a', type: 'INTEGER' }]);
    await expect(readFile(`${workspace.folder}/none.csv`)).rejects.toThrow('ENOENT');
  });

  it('take the name of the table as it is', async () => {
    await using workspace = await lockedWorkspace();
    await loadRows(client, workspace, { select: 'SELECT 1, 2', columns: [{ name: 'a"b', type: 'INTEGER' }, { name: '', type: 'INTEGER' }].slice(0, 1).concat({ name: 'c', type: 'INTEGER' }), table: '../x y"z' }); // prettier-ignore
    expect(await workspace.rows(`SELECT "a""b" FROM ${ident('../x y"z')}`)).toEqual([{ 'a"b': 1 }]);
  });

  it('that a type cannot hold are named by column, without the value', async () => {
    await using workspace = await lockedWorkspace();
    const columns = [
      { name: 'id', type: 'INTEGER' },
      { name: 'price', type: 'DECIMAL(10,2)' },
    ];
    const select = `SELECT * FROM (VALUES (1, '1.00'), (2, 'NaN'), (3, 'secret')) AS v (id, price)`;
    const error = await thrownBy(loadRows(client, workspace, { select, columns, table: 'bad' }));
    expect(error).toBeInstanceOf(UnreadableValueError);
    expect(error.message).toBe('column "price" holds values that a DECIMAL(10,2) cannot hold, in 2 rows');
  });

  it('never look complete when the connection or the query breaks in the middle', async () => {
    await using workspace = await lockedWorkspace();
    const columns = [
      { name: 'a', type: 'INTEGER' },
      { name: 'b', type: 'VARCHAR' },
    ];
    const failing = `SELECT n, repeat('x', 100) || 1 / (90000 - n) FROM generate_series(1, 100000) AS n`;
    expect(await thrownBy(loadRows(client, workspace, { select: failing, columns, table: 'a' }))).toMatchObject({ sqlstate: '22012' });
    await using proxy = await tcpProxy(server.port);
    await using other = await connected(proxy.through(url));
    await proxy.cut({ match: /,row 70000\n/, side: 'server', when: 'during' });
    const select = `SELECT n, 'row ' || n FROM generate_series(1, 100000) AS n`;
    expect(await thrownBy(loadRows(other, workspace, { select, columns, table: 'b' }))).toBeInstanceOf(LostConnectionError);
    expect(await workspace.rows('SELECT table_name FROM duckdb_tables()')).toEqual([]);
    expect(await client.rows('SELECT 1 AS a')).toEqual([{ a: '1' }]);
  });

  it('wait for a disk that cannot keep up, and fail with it', async () => {
    await using dir = await folder();
    const error = await thrownBy(client.copyOut(`SELECT repeat('x', 1000) FROM generate_series(1, 20000)`, dir.file('missing/file.csv')));
    expect(error.message).toContain('ENOENT');
    expect(await client.rows('SELECT 1 AS a')).toEqual([{ a: '1' }]);
  });
});

describe('rows on their way out', () => {
  it('keep every character, and null apart from the empty text', async () => {
    await using workspace = await lockedWorkspace();
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const columns = (rows[0] ?? []).map((_, index) => `c${index}`);
        await workspace.run(`CREATE OR REPLACE TEMP TABLE own (${columns.map((name) => `${name} VARCHAR`).join(', ')})`);
        for (const row of rows) {
          await workspace.run(
            `INSERT INTO own VALUES (${columns.map((name) => `$${name}`).join(', ')})`,
            Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])),
          );
        }
        await client.script(`DROP TABLE IF EXISTS sent; CREATE TABLE sent (n serial, ${columns.map((name) => `${name} text`).join(', ')})`);
        const sent = await client.copyIn(`COPY sent (${columns.join(', ')}) FROM STDIN`, copyChunks(workspace, 'FROM own'));
        expect(sent).toBe(rows.length);
        const stored = await client.rows(`SELECT ${columns.join(', ')} FROM sent`);
        const sorted = (list: readonly unknown[]): string[] => list.map((row) => JSON.stringify(row)).sort();
        expect(sorted(stored.map((row) => columns.map((name) => row[name])))).toEqual(sorted(rows));
      }),
      { numRuns: 60 },
    );
  });

  it('come in bounded chunks, in the order asked for', async () => {
    await using workspace = await lockedWorkspace();
    await workspace.run("CREATE TEMP TABLE own AS SELECT i, CAST(i AS VARCHAR) || repeat('é', 50) AS t FROM range(50000) AS r (i)");
    const sizes: number[] = [];
    for await (const chunk of copyChunks(workspace, 'SELECT t FROM own')) sizes.push(chunk.length);
    expect(sizes.length).toBeGreaterThan(4);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1 << 20);
    await client.script('DROP TABLE IF EXISTS ordered; CREATE TABLE ordered (n serial, t text)');
    await client.copyIn('COPY ordered (t) FROM STDIN', copyChunks(workspace, 'SELECT t FROM own ORDER BY i DESC'));
    expect(await client.rows("SELECT count(*) AS n FROM ordered WHERE t <> (50000 - n) || repeat('é', 50)")).toEqual([{ n: '0' }]);
  });

  it('are all or nothing when the producer or the server fails', async () => {
    await using workspace = await lockedWorkspace();
    await client.script('DROP TABLE IF EXISTS half; CREATE TABLE half (a int)');
    async function* failing(): AsyncGenerator<string> {
      yield '1\n2\n';
      throw new Error('the producer failed');
    }
    expect((await thrownBy(client.copyIn('COPY half FROM STDIN', failing()))).message).toBe('the producer failed');
    await workspace.run(
      "CREATE TEMP TABLE own AS SELECT CASE WHEN i = 90000 THEN 'secret' ELSE CAST(i AS VARCHAR) END AS a FROM range(100000) AS r (i)",
    );
    const refused = await thrownBy(client.copyIn('COPY half FROM STDIN', copyChunks(workspace, 'FROM own')));
    expect(refused).toMatchObject({ sqlstate: '22P02', message: 'invalid input syntax for type integer' });
    expect(await onPostgres(url, 'SELECT count(*) AS n FROM half')).toEqual([{ n: '0' }]);
  });
});
