/** DuckDB under contract. Its types are tested one by one in `test/destinations/duckdb/round-trip.test.ts`. */
import { join } from 'node:path';

import { onDatabase } from '../support/database.ts';
import { objectsSql, type Run, sqlStage } from './sql-stage.ts';
import { DATABASE, type Stage, type Target, type TypeCase } from './target.ts';

const TYPES: readonly TypeCase[] = [
  { native: 'BIGINT', samples: [["'-9223372036854775808'", '-9223372036854775808'], ['7', '7']], key: true },
  { native: 'DECIMAL(38,10)', samples: [["'1234567890123456789012345678.0123456789'", '1234567890123456789012345678.0123456789']] },
  { native: 'DOUBLE', samples: [['0.1::DOUBLE', '0.1'], ["'1.7976931348623157e308'", '1.7976931348623157e+308']] },
  { native: 'BOOLEAN', samples: [['true', 'true'], ["'no'", 'false']] },
  { native: 'DATE', samples: [["DATE '2024-02-29'", '2024-02-29'], ["'0001-01-01'", '0001-01-01']], key: true },
  { native: 'TIMESTAMP_MS', samples: [["TIMESTAMP '2024-05-01 10:00:00.123456'", '2024-05-01 10:00:00.123']] },
  { native: 'TIMESTAMPTZ', samples: [["TIMESTAMPTZ '2024-05-01 12:00:00.5+02'", '2024-05-01 10:00:00.5+00']], key: true },
  { native: 'UUID', samples: [["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']], key: true },
  { native: 'JSON', samples: [[`'{"b":1.50,"a":[null]}'`, '{"b":1.50,"a":[null]}']] },
  { native: 'BLOB', samples: [["'\\x00\\xFF'::BLOB", '\\x00\\xFF']] },
]; // prettier-ignore

export async function duckDbTarget(): Promise<Target> {
  return Promise.resolve({
    type: 'duckdb',
    can: DATABASE,
    types: TYPES,
    stage: async (folder) => stage(join(folder, 'crm.duckdb')),
    [Symbol.asyncDispose]: async () => Promise.resolve(),
  });
}

async function stage(path: string): Promise<Stage> {
  const run: Run = async (...statements) => onDatabase(path, ...statements);
  // DuckDB refuses to update a row that another row refers to, even where the reference stays: no foreign key.
  await run('CREATE SEQUENCE node_rows', ...objectsSql("integer PRIMARY KEY DEFAULT nextval('node_rows')", ''));
  return { connection: { type: 'duckdb', path: '../crm.duckdb' }, ...sqlStage(run, TYPES) };
}
