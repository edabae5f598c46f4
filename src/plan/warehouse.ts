/**
 * Candidates selected where base lives, when that is the source's own database: rows and records meet there on the row hash,
 * and only what has no counterpart travels. Whatever the counts cannot explain (a key that stands twice, once as it was sent) is left
 * to the comparison in the workspace, which looks at every row.
 */
import type { Sync } from '../config/model.ts';
import type { Project } from '../config/model.ts';
import { UserError } from '../errors.ts';
import type { Comparison, Source, Warehouse } from '../sources/source.ts';
import type { State } from '../state/state.ts';
import { duckdbDialect } from '../sql/duckdb.ts';
import { type BaseTable, unsignedHash } from '../workspace/base-table.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type BoundSync, keyHash, keyValue } from './bind.ts';
import type { CandidateCounts } from './candidates.ts';
import { settledCondition } from './left.ts';
import { desiredView, sourceKeyJson } from './source-sql.ts';

/** What the comparison in the source's database needs. */
export interface WarehouseRequest {
  readonly bound: BoundSync;
  readonly warehouse: Warehouse;
  readonly base: BaseTable;
  /** Serial of the state that the plan is made for. */
  readonly serial: number;
}

/**
 * The source's own hashes are used where its database holds the state. Not for sensitive fields: what state remembers of
 * those is a keyed hash, and the key is not the database's business.
 */
export function warehouseOf(project: Project, sync: Sync, source: Source, state: State): Warehouse | undefined {
  const isBeside = project.state.type === 'connection' && project.state.connection === sync.source.connection && state.table !== undefined;
  return isBeside && sync.fields.every((field) => !field.sensitive) ? source.warehouse : undefined;
}

/**
 * Fills `c_pass`, `c_base` and `c_ambiguous` and makes the view `c_desired` like `selectCandidates`. Undefined when
 * rows of one key may have stayed behind: then nothing is left here, and every row must be looked at.
 */
export async function selectInWarehouse(
  workspace: Workspace,
  request: WarehouseRequest,
): Promise<(CandidateCounts & { readonly travelled: number }) | undefined> {
  const { bound, warehouse, base } = request;
  const compared = await warehouse.compare(bound.query, base, {
    settled: settledCondition(bound.sync),
    key: bound.key.map((key) => key.raw.sql),
  });
  checkSerial(request, compared);
  await workspace.run(`CREATE TEMP TABLE c_pass AS ${candidateRows(bound, compared)}`);
  await workspace.run(desiredView(bound));
  await workspace.run(`CREATE TEMP TABLE c_base AS SELECT * FROM ${compared.records.from}`);
  if (await isClear(workspace, request, compared)) {
    const travelled = await workspace.count('SELECT count(*) FROM c_desired');
    await removeAmbiguous(workspace);
    return { rows: compared.rows, travelled, liveRows: null, quietBase: null };
  }
  await workspace.run('DROP VIEW c_desired');
  for (const table of ['c_pass', 'c_base']) await workspace.run(`DROP TABLE ${table}`);
  return undefined;
}

/** The records were read in the source's snapshot, the head of the state before it. */
function checkSerial({ bound, serial }: WarehouseRequest, compared: Comparison): void {
  if (compared.serial === serial) return;
  throw new UserError(`the state of ${bound.sync.name} moved while this plan was made: another run ended`, { hint: 'Plan again.' });
}

function candidateRows(bound: BoundSync, { desired }: Comparison): string {
  const hash = keyHash(
    bound.key.map((key) => keyValue(bound, key)),
    duckdbDialect.rowHash,
  );
  const hashed = `SELECT * REPLACE (${unsignedHash('row_hash')} AS row_hash), ${hash} AS key_hash FROM ${desired.from} AS m`;
  return `SELECT *, true AS d_here, ${sourceKeyJson(bound)} AS key FROM (${hashed})`;
}

/** Keys that stand twice are no candidates: all their rows are here, or the counts would not be clear. */
async function removeAmbiguous(workspace: Workspace): Promise<void> {
  await workspace.run(
    'CREATE TEMP TABLE c_ambiguous AS SELECT key, count(*) AS copies FROM c_desired WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1',
  );
  if ((await workspace.count('SELECT count(*) FROM c_ambiguous')) === 0) return;
  for (const table of ['c_pass', 'c_base']) await workspace.run(`DELETE FROM ${table} WHERE key IN (SELECT key FROM c_ambiguous)`);
}

/**
 * Every row met one record, or is a candidate; and no candidate's record met another row. A record that left and is settled
 * was not compared: a candidate may have come back to it, and it is fetched.
 */
async function isClear(workspace: Workspace, { bound, warehouse, base }: WarehouseRequest, compared: Comparison): Promise<boolean> {
  const seen = await workspace.row('SELECT (SELECT count(*) FROM c_desired) AS rows, (SELECT count(*) FROM c_base) AS records');
  if (compared.rows - Number(seen['rows']) !== compared.compared - Number(seen['records'])) return false;
  await workspace.run(
    'CREATE TEMP TABLE c_unmet AS SELECT key FROM c_desired WHERE key IS NOT NULL AND key NOT IN (SELECT key FROM c_base)',
  );
  const found = await warehouse.lookUp(base, 'c_unmet');
  const met = await workspace.count(`SELECT count(*) FROM ${found.from} AS r WHERE NOT (${settledCondition(bound.sync)})`);
  if (met === 0) await workspace.run(`INSERT INTO c_base SELECT * FROM ${found.from}`);
  await workspace.run('DROP TABLE c_unmet');
  return met === 0;
}
