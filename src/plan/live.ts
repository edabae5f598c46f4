/** Live records of the candidates, canonical, beside their exact text: the table `c_live`. */
import { exactText, type RawValue } from '../canonical/canonical.ts';
import type { Refresh } from '../config/model.ts';
import type { Destination } from '../destinations/destination.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type BoundField, type BoundSync, keyJson, keyValue, liveText, readableFields, readRequest } from './bind.ts';
import type { CandidateCounts } from './candidates.ts';
import { elementText } from './json-sql.ts';
import { enforceReadLimit } from './refresh.ts';

/**
 * What `c_live` holds of a record: values that were read; nothing but its key, because base is `assumed` to stand for what
 * was not read; or either (`both`), told apart by its column `assumed`.
 */
export type LiveForm = 'read' | 'assumed' | 'both';

export interface LiveRead {
  /** Records that were asked for. */
  readonly asked: number;
  readonly form: LiveForm;
}

/**
 * Fills `c_keys` (`key`, `k0`..: the candidates to read) and `c_live` (`key`, `copies`, `remote_id`, `assumed`, and for each
 * readable field `l<i>` canonical and `v<i>` exact text).
 *
 * With `none`, live is taken to be base, but for records whose last write was never acknowledged: those are read.
 */
export async function readLive(workspace: Workspace, bound: BoundSync, destination: Destination, refresh: Refresh): Promise<LiveRead> {
  const records =
    refresh === 'none'
      ? 'SELECT key FROM c_base WHERE pending IS NOT NULL'
      : `SELECT key FROM c_desired WHERE key IS NOT NULL UNION SELECT key FROM c_base${refresh === 'all' ? ' UNION SELECT key FROM c_ambiguous' : ''}`;
  const parts = bound.key.map((key) => `${elementText('key', key.index)} AS k${key.index}`);
  await workspace.run(`CREATE TEMP TABLE c_asked AS SELECT key, ${parts.join(', ')} FROM (${records})`);
  // DuckDB skips what a scan need not read by the keys of a join only where something filters those: this lets all pass.
  await workspace.run('CREATE TEMP VIEW c_keys AS SELECT * FROM c_asked WHERE length(k0) >= 0');
  const asked = bound.capabilities.readByKey.can ? await workspace.count('SELECT count(*) FROM c_asked') : 0;
  if (refresh !== 'all') enforceReadLimit(bound.sync, asked, refresh);
  if (destination.settle !== undefined && (await workspace.count('SELECT count(*) FROM c_base WHERE pending IS NOT NULL')) > 0)
    await destination.settle(bound.sync.destination.object);
  const form = refresh !== 'none' ? 'read' : asked > 0 ? 'both' : 'assumed';
  if (asked > 0) await createLive(workspace, bound, destination);
  else await createEmptyLive(workspace, form === 'assumed' ? [] : readableFields(bound));
  if (refresh === 'none') await assumeBase(workspace, bound);
  return { asked, form };
}

/** Records of the destination that the sync neither owns nor wants; null unless all were read. */
export async function countUnmanaged(workspace: Workspace, { liveRows, quietBase }: CandidateCounts): Promise<number | null> {
  if (liveRows === null || quietBase === null) return null;
  return Math.max(0, liveRows - quietBase - (await workspace.count('SELECT count(*) FROM c_live')));
}

async function createLive(workspace: Workspace, bound: BoundSync, destination: Destination): Promise<void> {
  const relation = await destination.read(readRequest(bound, 'temp.main.c_keys'));
  const typeOf = new Map(relation.columns.map((column) => [column.name, column.type]));
  const raw = (name: string): RawValue => ({ sql: `r.${name}`, type: typeOf.get(name) ?? 'VARCHAR' });
  const keys = bound.key.map((key) => keyValue(bound, key, raw(`k${key.index}`)));
  const fields = readableFields(bound).flatMap((field, position) => [
    `${liveText(bound, field, raw(`f${position}`))} AS l${field.index}`,
    `${exactText(field.type, raw(`f${position}`))} AS v${field.index}`,
  ]);
  const types = bound.key.map((key) => key.type);
  await workspace.run(`
    CREATE TEMP TABLE c_live AS
    SELECT *, count(*) OVER (PARTITION BY key) AS copies, false AS assumed FROM (
      SELECT ${[`${keyJson(types, keys)} AS key`, 'CAST(r.remote_id AS VARCHAR) AS remote_id', ...fields].join(', ')} FROM ${relation.from} AS r)
    QUALIFY row_number() OVER (PARTITION BY key) = 1`);
}

async function createEmptyLive(workspace: Workspace, fields: readonly BoundField[]): Promise<void> {
  const values = fields.map((field) => `, l${field.index} VARCHAR, v${field.index} VARCHAR`);
  await workspace.run(`CREATE TEMP TABLE c_live (key VARCHAR, remote_id VARCHAR, copies BIGINT, assumed BOOLEAN${values.join('')})`);
}

/** `refresh: none`: what the destination made of the last write, else what was written, stands for live. */
async function assumeBase(workspace: Workspace, bound: BoundSync): Promise<void> {
  const unread = bound.capabilities.readByKey.can ? 'AND pending IS NULL' : '';
  await workspace.run(
    `INSERT INTO c_live BY NAME SELECT key, remote_id, 1 AS copies, true AS assumed FROM c_base WHERE sent IS NOT NULL ${unread}`,
  );
}
