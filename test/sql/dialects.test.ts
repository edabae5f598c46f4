/** Each dialect runs on its own engine: what it quotes comes back as it went in, and its row hash tells rows apart. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { bigqueryDialect } from '../../src/sql/bigquery.ts';
import type { Dialect } from '../../src/sql/dialect.ts';
import { duckdbDialect } from '../../src/sql/duckdb.ts';
import { postgresDialect } from '../../src/sql/postgres.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { type BigQueryServer, startBigQuery } from '../support/bigquery/index.ts';
import { onPostgres, type Postgres, startPostgres } from '../support/postgres.ts';

type Row = Readonly<Record<string, unknown>>;

let workspace: Workspace;
let postgres: Postgres;
let url: string;
let bigquery: BigQueryServer;
beforeAll(async () => {
  workspace = await Workspace.open();
  postgres = await startPostgres();
  url = await postgres.createDatabase();
  bigquery = await startBigQuery();
});
afterAll(async () => {
  await workspace[Symbol.asyncDispose]();
  await postgres.stop();
  await bigquery[Symbol.asyncDispose]();
});

const ANY_NAME = ['order', 'Mixed Case', 'q"uote', "it's", 'semi;colon', 'back\\slash', 'ünï', '1st'];
/** BigQuery's names of columns hold no quotes, slashes and semicolons (flexible column names, read 2026-11). */
const FLEXIBLE_NAME = ['order', 'Mixed Case', 'ünï', '1st', 'a-b'];

const ENGINES: readonly {
  readonly dialect: Dialect;
  readonly text: string;
  readonly names: readonly string[];
  readonly rows: (sql: string) => Promise<readonly Row[]>;
}[] = [
  { dialect: duckdbDialect, text: 'VARCHAR', names: ANY_NAME, rows: async (sql) => workspace.rows(sql) },
  { dialect: postgresDialect, text: 'VARCHAR', names: ANY_NAME, rows: async (sql) => onPostgres(url, sql) },
  { dialect: bigqueryDialect, text: 'STRING', names: FLEXIBLE_NAME, rows: async (sql) => bigquery.sql(sql) },
];

/** Text without the NUL that Postgres cannot hold, and without halves of surrogate pairs. */
const text = fc.string({ unit: fc.oneof(fc.constantFrom("'", '"', '`', '\\', '\n', '\r', '\t', '$', '{', '%', 'é', '😀', '?'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })) }).filter((each) => !each.includes('\0')); // prettier-ignore

describe.each(ENGINES)('the dialect $dialect.name', ({ dialect, rows, text: type, names }) => {
  it('gives back every text as it went in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 20, maxLength: 20 }), async (texts) => {
        const [row] = await rows(`SELECT ${texts.map((each, index) => `${dialect.literal(each)} AS c${index}`).join(', ')}`);
        expect(Object.values(row ?? {})).toEqual(texts);
      }),
      { numRuns: 20 },
    );
  });

  it('names a column and a table as they are called', async () => {
    for (const name of names) {
      const [row] = await rows(`SELECT t.${dialect.ident(name)} FROM (SELECT 1 AS ${dialect.ident(name)}) AS t`);
      expect(Object.keys(row ?? {})).toEqual([name]);
    }
  });

  it('hashes rows alike exactly when their texts are alike', async () => {
    const cell = fc.option(fc.constantFrom('', 'a', 'b', 'ab', 'null', 'NULL', '""', ' ', 'a,b', '0', '00'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell, cell), { minLength: 2, maxLength: 12 }), async (all) => {
        const value = (each: string | null): string => `CAST(${each === null ? 'NULL' : dialect.literal(each)} AS ${type})`;
        const hashes = await rows(all.map((cells) => `SELECT CAST(${dialect.rowHash(cells.map((each) => value(each)))} AS ${type}) AS h`).join(' UNION ALL ')); // prettier-ignore
        const distinct = new Set(all.map((cells) => JSON.stringify(cells))).size;
        expect(new Set(hashes.map((row) => row['h'])).size).toBe(distinct);
      }),
      { numRuns: 30 },
    );
  });
});
