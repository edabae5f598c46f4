import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sluice } from '../../cli/run.ts';
import { type Folder, folder, onDatabase } from '../../support/database.ts';
import { onPostgres, type Postgres, startPostgres } from '../../support/postgres.ts';

let server: Postgres;
let url: string;
beforeAll(async () => {
  server = await startPostgres({ settings: { TimeZone: 'Asia/Tokyo', DateStyle: 'German' } });
  url = await server.createDatabase();
  await onPostgres(
    url,
    `CREATE TABLE account (id bigint, name text, price numeric(12,2), score real, born date, seen timestamptz, tags text[], raw bytea, extra jsonb, ratio numeric, kind char(4))`,
    `INSERT INTO account VALUES
      (9007199254740993, 'Ann ', 10.50, 0.1, '0044-03-15 BC', '2024-03-10 00:00:00.123456+09', '{b,a,NULL}', '\\x00ff', '{"b": 1.50, "a": 12345678901234567890}', 1.500, 'ab'),
      (2, '', -0.01, 'NaN', 'infinity', 'infinity', '{}', '', 'null', 'NaN', ''),
      (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (4, E'\\uFEFFa\\r\\n",', 9999999999.99, 1e-45, '5874897-12-31', '2024-02-29 23:59:59Z', ARRAY['x,"y'], '\\x', '[]', 12345678901234567890.123456789, 'abcd')`,
  );
});
afterAll(async () => server.stop());

async function project(fields: string): Promise<Folder> {
  const dir = await folder();
  await mkdir(dir.file('syncs'));
  await writeFile(
    dir.file('syncs/project.yaml'),
    `kind: Project
name: acme
---
kind: Connection
name: warehouse
type: postgres
url: \${env.WAREHOUSE_URL}
---
kind: Connection
name: crm
type: duckdb
path: ../crm.duckdb
---
kind: Sync
name: accounts
source:
  connection: warehouse
  query: |
    select *
    from account
  key: id
destination: { connection: crm, object: accounts, key: id }
fields:
${fields}`,
  );
  await onDatabase(
    dir.file('crm.duckdb'),
    `CREATE TABLE accounts (id BIGINT PRIMARY KEY, name VARCHAR, price DECIMAL(12,2), score FLOAT, born DATE, seen TIMESTAMPTZ, tags JSON, raw BLOB,
      extra JSON, ratio VARCHAR, kind VARCHAR, total DECIMAL(14,2))`,
  );
  return dir;
}

const ALL = `  name: name
  price: price
  score: score
  born: born
  seen: seen
  tags: tags
  raw: raw
  extra: extra
  ratio: ratio
  kind: kind
  total: { sql: "price::numeric(14,2) * 2" }
`;

describe('a sync out of Postgres', () => {
  it('writes every value as it is, and then has nothing to do', async () => {
    await using dir = await project(ALL);
    const env = { WAREHOUSE_URL: url };
    const applied = await sluice(dir.path, ['apply', '--yes'], { env });
    expect(applied.stderr + applied.stdout).toContain('4 applied');
    const rows = await onDatabase(
      dir.file('crm.duckdb'),
      'SELECT CAST(COLUMNS(*) AS VARCHAR) FROM accounts WHERE id IN (2, 3, 9007199254740993) ORDER BY id',
    );
    // prettier-ignore
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['2', '', '-0.01', 'nan', 'infinity', 'infinity', '[]', '', 'null', 'NaN', '', '-0.02'],
      ['3', null, null, null, null, null, null, null, null, null, null, null],
      ['9007199254740993', 'Ann ', '10.50', '0.1', '0044-03-15 (BC)', '2024-03-09 15:00:00.123456+00', '["b","a",null]', '\\x00\\xFF',
       expect.stringMatching(/"a": ?12345678901234567890, ?"b": ?1\.50?\}$/), '1.500', 'ab', '21.00'],
    ]);
    const again = await sluice(dir.path, ['plan', '--detailed-exitcode'], { env });
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain('4 unchanged');
  });

  it('reports a mistake where it is written, and no secret anywhere', async () => {
    await using dir = await project('  name: { sql: "name || nope" }\n');
    const planned = await sluice(dir.path, ['plan'], { env: { WAREHOUSE_URL: url } });
    expect(planned.code).toBe(1);
    expect(planned.stdout).toContain(
      'syncs/project.yaml:24:25: column "nope" does not exist\n      Perhaps you meant to reference the column "name".',
    );
    const refused = await sluice(dir.path, ['plan'], { env: { WAREHOUSE_URL: url.replace('correct%20horse', 's3cret') } });
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('syncs/project.yaml:4:1: warehouse: wrong password for user "postgres"');
    expect(JSON.stringify([planned, refused])).not.toMatch(/s3cret|horse/);
    for (const name of await readdir(dir.file('syncs'), { recursive: true })) {
      expect(await readFile(dir.file(`syncs/${name}`), 'latin1').catch(() => '')).not.toMatch(/s3cret|horse/);
    }
  });
});
