import { expect, it } from 'vitest';

import type { FieldMapping, Sync } from '../../src/config/model.ts';
import type { BoundField, BoundSync } from '../../src/plan/bind.ts';
import { classify } from '../../src/plan/classify.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { openBench } from '../canonical/bench.ts';

const MAPPING: FieldMapping = {
  field: 'Name',
  from: { kind: 'column', column: 'name' },
  when: 'always',
  onNull: 'clear',
  onDrift: 'overwrite',
  sensitive: false,
  compare: 'value',
};

function field(index: number, mapping: Partial<FieldMapping>): BoundField {
  return {
    index,
    name: `F${index}`,
    mapping: { ...MAPPING, ...mapping },
    schema: {
      name: `F${index}`,
      type: { kind: 'text' },
      nativeType: 'VARCHAR',
      nullable: true,
      hasDefault: false,
      creatable: true,
      updatable: true,
      readable: true,
    },
    type: { kind: 'text' },
    raw: { sql: `f${index}`, type: 'VARCHAR' },
    sensitive: false,
    readable: true,
  };
}

const BOUND = {
  sync: { mode: 'upsert', onMissing: 'keep', onDrift: 'overwrite', deleteAdopted: false } as unknown as Sync,
  fields: [field(0, {}), field(1, { reference: { object: 'Plan', key: 'Code' } })],
  capabilities: { text: {}, readByKey: { can: true } },
} as unknown as BoundSync;

async function resultsOf(workspace: Workspace, candidates: string): Promise<Map<unknown, unknown>> {
  await workspace.run(
    `CREATE OR REPLACE TEMP TABLE c_desired AS SELECT '["1"]' AS key, 1::UBIGINT AS key_hash, 2::UBIGINT AS row_hash, 'a' AS f0, 'p' AS f1 ${candidates}`,
  );
  await classify(workspace, { bound: BOUND, refresh: 'none', live: 'assumed', suspended: false });
  const columns = await workspace.rows('DESCRIBE c_results');
  await workspace.run('DROP TABLE c_results');
  return new Map(columns.map((column) => [column['column_name'], column['column_type']]));
}

it('a plan without candidates has the columns of one that has some', async () => {
  await using workspace = await openBench();
  await workspace.run(`CREATE TEMP TABLE c_base (key VARCHAR, key_hash UBIGINT, row_hash UBIGINT, live_hash UBIGINT, sent VARCHAR, returned VARCHAR, verified BOOLEAN,
    origin VARCHAR, remote_id VARCHAR, left_at TIMESTAMP, left_as VARCHAR, pending VARCHAR)`);
  await workspace.run('CREATE TEMP TABLE c_live (key VARCHAR, remote_id VARCHAR, copies BIGINT, assumed BOOLEAN)');
  await workspace.run('CREATE TEMP TABLE c_known (key VARCHAR, row_hash UBIGINT, code VARCHAR, message VARCHAR)');
  await workspace.run('CREATE TEMP TABLE c_parents (field INTEGER, value VARCHAR, planned BOOLEAN)');
  const some = await resultsOf(workspace, '');
  const none = await resultsOf(workspace, 'WHERE false');
  expect(some.size).toBeGreaterThan(30);
  expect(new Map([...none].sort())).toEqual(new Map([...some].sort()));
});
