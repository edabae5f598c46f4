/** Live records of the candidates, canonical, beside their exact text: the table `c_live`. */
import { exactText, type RawValue } from '../canonical/canonical.ts';
import type { Refresh } from '../config/model.ts';
import type { Destination } from '../destinations/destination.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type BoundField, type BoundSync, keyJson, keyValue, liveText, readableFields, readRequest } from './bind.ts';
import { elementText, hasMember, memberText, memberTexts } from './json-sql.ts';

/**
 * Fills `c_keys` (`key`, `k0`..: the candidates to read) and `c_live` (`key`, `copies`, `remote_id`, and for each readable
 * field `l<i>` canonical and `v<i>` exact text). Returns how many records were asked for.
 *
 * With `none`, live is taken to be base, but for records whose last write was never acknowledged: those are read.
 */
export async function readLive(workspace: Workspace, bound: BoundSync, destination: Destination, refresh: Refresh): Promise<number> {
  const records =
    refresh === 'none'
      ? 'SELECT key FROM c_base WHERE pending IS NOT NULL'
      : 'SELECT key FROM c_desired WHERE key IS NOT NULL UNION SELECT key FROM c_base';
  const parts = bound.key.map((key) => `${elementText('key', key.index)} AS k${key.index}`);
  await workspace.run(`CREATE TEMP TABLE c_keys AS SELECT key, ${parts.join(', ')} FROM (${records})`);
  const asked = await workspace.count('SELECT count(*) FROM c_keys');
  if (asked === 0 || !bound.capabilities.readByKey.can) await createEmptyLive(workspace, bound);
  else await createLive(workspace, bound, destination);
  if (refresh === 'none') await assumeBase(workspace, bound);
  return bound.capabilities.readByKey.can ? asked : 0;
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
    SELECT *, count(*) OVER (PARTITION BY key) AS copies FROM (
      SELECT ${[`${keyJson(types, keys)} AS key`, 'CAST(r.remote_id AS VARCHAR) AS remote_id', ...fields].join(', ')} FROM ${relation.from} AS r)
    QUALIFY row_number() OVER (PARTITION BY key) = 1`);
}

async function createEmptyLive(workspace: Workspace, bound: BoundSync): Promise<void> {
  const fields = readableFields(bound).map((field) => `, l${field.index} VARCHAR, v${field.index} VARCHAR`);
  await workspace.run(`CREATE TEMP TABLE c_live (key VARCHAR, remote_id VARCHAR${fields.join('')}, copies BIGINT)`);
}

/** `refresh: none`: what the destination made of the last write, else what was written, stands for live. */
async function assumeBase(workspace: Workspace, bound: BoundSync): Promise<void> {
  const fields = readableFields(bound).flatMap((field) => [baseText(field), baseText(field)]);
  const texts = memberTexts(
    'sent',
    bound.fields.map((field) => field.name),
  );
  await workspace.run(`
    INSERT INTO c_live BY POSITION
    SELECT ${['key', 'remote_id', ...fields, '1'].join(', ')} FROM (SELECT *, ${texts} AS texts FROM c_base WHERE sent IS NOT NULL ${bound.capabilities.readByKey.can ? 'AND pending IS NULL' : ''})`);
}

function baseText(field: BoundField): string {
  const { name, index } = field;
  return `CASE WHEN returned IS NULL THEN texts[${index + 1}] WHEN ${hasMember('returned', name)} THEN ${memberText('returned', name)} ELSE texts[${index + 1}] END`;
}
