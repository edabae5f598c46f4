import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { onPostgres, type Postgres, startPostgres } from '../../support/postgres.ts';
import { connected } from '../../support/postgres-client.ts';
import { open, type Opened, query } from './harness.ts';

let server: Postgres;
let url: string;
let opened: Opened;
beforeAll(async () => {
  server = await startPostgres();
  url = await server.createDatabase();
  await onPostgres(
    url,
    'CREATE EXTENSION citext',
    "CREATE TYPE tier AS ENUM ('a', 'b')",
    'CREATE TYPE pair AS (a text, b text)',
    `CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
  );
  opened = await open(url);
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await server.stop();
});

async function hashesOf(sql: string, database = opened): Promise<readonly (string | null | undefined)[]> {
  return (await database.texts(await database.source.hashed(query(sql)))).map((row) => row['row_hash']);
}

/** Rows of the type that are all different, some of which Postgres calls equal. */
const DIFFERENT: readonly (readonly [type: string, ...values: string[]])[] = [
  ['numeric', "'1'", "'1.0'", "'1.00'", "'NaN'", "'10'", "'-1'"],
  ['citext', "'a'", "'A'", "''", "' '"],
  ['jsonb', `'{"a": 1}'`, `'{"a": 1.0}'`, `'null'`, `'[]'`, `'""'`],
  ['json', `'{"a": 1}'`, `'{"a":1}'`, `'null'`],
  ['text COLLATE blind', "'a'", "'A'", "'á'", "''"],
  ['double precision', "'0'", "'-0'", "'NaN'", "'1'"],
  ['real', "'0'", "'-0'", "'0.1'"],
  ['interval', "'1 month'", "'30 days'", "'720 hours'"],
  ['timetz', "'10:00+00'", "'11:00+01'"],
  ['varchar', "'a'", "'a '", "'a  '", "''"],
  ['text', "E'a\\nb'", "E'a\\r\\nb'", "'NULL'", "'null'", `'""'`, "''", "E'\\u00e9'", "E'e\\u0301'"],
  ['tier', "'a'", "'b'"],
  ['bytea', "''", "'\\x00'", "'\\x0000'"],
  ['boolean', 'true', 'false'],
  ['bigint', '0', '1', '-1', '4294967296', '-4294967297', '8589934592'],
  // Their microseconds folded to 32 bits are the same.
  [
    'timestamp',
    "'2000-01-01'",
    "timestamp '2000-01-01' + interval '1 microsecond'",
    "timestamp '2000-01-01' + interval '4294.967296 seconds'",
  ],
  ['time', "'00:00:00.000001'", "'01:11:34.967296'"],
  ['date', "'infinity'", "'-infinity'", "'2024-01-01'", "'2024-01-01 BC'"],
  ['timestamptz', "'2024-01-01 00:00:00+00'", "'2024-01-01 00:00:00.000001+00'", "'infinity'"],
  ['text[]', "'{}'", "'{a}'", "'{NULL}'", `'{"NULL"}'`, `'{""}'`, `'{"a,b"}'`, "'{a,b}'", "'{{a,b}}'"],
  ['numeric[]', "'{1}'", "'{1.0}'"],
  ['citext[]', "'{a}'", "'{A}'"],
  ['pair', "'(,)'", `'("",)'`, `'(,"")'`, `'("a,b",)'`, "'(a,b)'"],
  ['int4range', "'empty'", "'[1,2)'", "'[1,)'"],
  ['inet', "'10.0.0.1'", "'10.0.0.1/8'"],
  ['uuid', "'00000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-0000-000000000001'"],
];

describe('the hash of a row', () => {
  it.each(DIFFERENT)('tells all values of %s apart, and null from each', async (type, ...values) => {
    const cast = (value: string): string =>
      type.includes('COLLATE') ? `CAST(${value} AS text) COLLATE blind` : `CAST(${value} AS ${type})`;
    const sql = `select v from (values ${[...values, 'NULL'].map((value) => `(${cast(value)})`).join(', ')}) as t (v)`;
    expect(new Set(await hashesOf(sql)).size).toBe(values.length + 1);
  });

  it('tells rows apart that hold the same texts in other columns', async () => {
    const parts = ['NULL', "''", "'a'", "'b'", "'ab'", "'a,b'", `'a","b'`, "',a'", "'(a,b)'"];
    const rows = parts.flatMap((a) => parts.flatMap((b) => ['NULL', "''", "'a'"].map((c) => `(${a}::text, ${b}::text, ${c}::text)`)));
    const hashes = await hashesOf(`select * from (values ${rows.join(', ')}) as t (a, b, c)`);
    expect(new Set(hashes).size).toBe(rows.length);
  });

  it('is spread over 64 bits', async () => {
    const sql = 'select n::int as a, (n % 10)::int as b, (n % 7)::text as c from generate_series(1, 200000) as n';
    expect(new Set(await hashesOf(sql)).size).toBe(200_000);
    const few = await hashesOf('select n::int as a from generate_series(1, 1000) as n');
    expect(Math.max(...few.map((hash) => Math.abs(Number(hash))))).toBeGreaterThan(2 ** 60);
  });

  it('is the same in another session with other settings, and for a renamed table', async () => {
    const sql = `select 1.50::float8 / 3 as f, '2024-01-01 00:00:00+00'::timestamptz as t, '\\x00ff'::bytea as b, interval '1 day 2 hours' as i,
      1234.5::numeric as n, array[now() - now(), '1 day'] as l, array['2024-01-01'::date] as d`;
    await onPostgres(server.url, `ALTER ROLE postgres SET TimeZone = 'Asia/Kathmandu'`, `ALTER ROLE postgres SET DateStyle = 'SQL, DMY'`,
      `ALTER ROLE postgres SET IntervalStyle = 'iso_8601'`, `ALTER ROLE postgres SET extra_float_digits = -3`, `ALTER ROLE postgres SET bytea_output = 'escape'`); // prettier-ignore
    try {
      await using other = await open(url);
      expect(await hashesOf(sql, other)).toEqual(await hashesOf(sql));
    } finally {
      await onPostgres(server.url, 'ALTER ROLE postgres RESET ALL');
    }
  });

  it('follows the label of an enum, not its number', async () => {
    const [before] = await hashesOf("select 'b'::tier as v");
    await onPostgres(url, "ALTER TYPE tier RENAME VALUE 'b' TO 'c'");
    await using other = await open(url);
    const [after] = await hashesOf("select 'c'::tier as v", other);
    expect(after).not.toBe(before);
    await onPostgres(url, "ALTER TYPE tier RENAME VALUE 'c' TO 'b'");
  });

  it('stands beside all columns of the query', async () => {
    await using client = await connected(url);
    const sql = await opened.source.hashed(query('select 1 as a, null::text as "B c"'));
    const [row] = await client.rows(`SELECT a, "B c", pg_typeof(row_hash)::text AS type FROM (${sql}) AS h`);
    expect(row).toEqual({ a: '1', 'B c': null, type: 'bigint' });
  });
});
