/**
 * The benchmark's rows: 10 columns, about 120 raw bytes. `desired` against `snapshot`: 1% updated (two columns), 0.1% new,
 * 0.1% gone. Deterministic: row i is a function of i, so both sides can be made on different machines.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';

export const COLUMNS = ['id', 'account_id', 'age', 'ltv', 'score', 'created_at', 'updated_at', 'email', 'full_name', 'city'] as const;
export type Side = 'snapshot' | 'desired';

export function rowsSql(rows: number, side: Side): string {
  const extra = Math.max(1, Math.floor(rows / 1000));
  const desired = side === 'desired';
  const updated = desired ? '(i % 100 = 3)' : 'false';
  return `
    SELECT
      'cus_' || lpad(printf('%x', hash(i)), 16, '0') AS id,
      (hash(i, 1) % 50000000)::BIGINT AS account_id,
      CASE WHEN i % 50 = 0 THEN NULL ELSE (18 + hash(i, 2) % 70)::INTEGER END AS age,
      (hash(i, 3) % 10000000)::DOUBLE / 100 + CASE WHEN ${updated} THEN 1.25 ELSE 0 END AS ltv,
      (hash(i, 4) % 1000000)::DOUBLE / 1000000 AS score,
      TIMESTAMP '2019-01-01' + to_seconds((hash(i, 5) % 150000000)::BIGINT) AS created_at,
      TIMESTAMP '2024-01-01' + to_microseconds((hash(i, 6) % 50000000000000)::BIGINT) + CASE WHEN ${updated} THEN INTERVAL 1 DAY ELSE INTERVAL 0 DAY END AS updated_at,
      'user' || (hash(i, 7) % 1000000000) || '@example' || (i % 977) || '.com' AS email,
      ['Ada', 'Grace', 'Linus', 'Edsger', 'Barbara', 'Donald', 'Alan', 'Margaret'][1 + (hash(i, 8) % 8)::INTEGER] || ' Surname' || (hash(i, 9) % 200000) AS full_name,
      CASE WHEN i % 20 = 0 THEN NULL ELSE 'City ' || (hash(i, 10) % 5000) END AS city
    FROM range(${desired ? rows + extra : rows}) AS t(i) ${desired ? `WHERE NOT (i % 1000 = 7 AND i < ${rows})` : ''}`;
}

/** Makes both sides as DuckDB files, once. */
export async function makeData(folder: string, rows: number): Promise<Record<Side, string>> {
  mkdirSync(folder, { recursive: true });
  const paths = { snapshot: join(folder, 'snapshot.duckdb'), desired: join(folder, 'desired.duckdb') };
  for (const side of ['snapshot', 'desired'] as const) {
    if (existsSync(paths[side])) continue;
    const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '4GB' });
    const connection = await instance.connect();
    try {
      await connection.run(`ATTACH '${paths[side]}' AS target`);
      await connection.run(`CREATE TABLE target.rows AS ${rowsSql(rows, side)}`);
      await connection.run('DETACH target');
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }
  return paths;
}
