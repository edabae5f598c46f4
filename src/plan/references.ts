/** Which references resolve: the table `c_parents(field, value, planned)` of parent keys that exist or that this plan creates. */
import { canonicalText, canonicalValue } from '../canonical/canonical.ts';
import { canonicalKey } from '../canonical/key.ts';
import type { TextRules } from '../canonical/types.ts';
import type { Refresh, Sync } from '../config/model.ts';
import type { Destination } from '../destinations/destination.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { literal } from '../workspace/quote.ts';
import type { BoundField, BoundSync } from './bind.ts';
import { PLANNED_REJECTS } from './document.ts';
import { elementText } from './json-sql.ts';

export interface ReferenceRequest {
  readonly bound: BoundSync;
  readonly destination: Destination;
  readonly refresh: Refresh;
  /** Syncs whose changes are in the plan file already. */
  readonly planned: readonly Sync[];
  /** Parents that are created because of the branch do not count: the configuration at the merge base is planned. */
  readonly onlyPending?: boolean;
}

export async function resolveReferences(workspace: Workspace, request: ReferenceRequest): Promise<void> {
  const { bound } = request;
  const references = bound.fields.filter((field) => field.mapping.reference !== undefined);
  if (references.length === 0) return;
  await workspace.run('CREATE TEMP TABLE c_parents (field INTEGER, value VARCHAR, planned BOOLEAN)');
  for (const field of references) {
    await workspace.run(`CREATE OR REPLACE TEMP TABLE c_parent_keys AS
      SELECT DISTINCT ${canonicalText(field.type, canonicalValue(field.type, field.raw, bound.capabilities.text))} AS k0 FROM c_desired WHERE ${field.raw.sql} IS NOT NULL`);
    if (request.refresh === 'none' || !bound.capabilities.readByKey.can) await assumeParents(workspace, field);
    else await readParents(workspace, request.destination, field, bound.capabilities.text);
    await addPlannedParents(workspace, field, request);
  }
}

async function assumeParents(workspace: Workspace, field: BoundField): Promise<void> {
  await workspace.run(`INSERT INTO c_parents SELECT ${field.index}, k0, false FROM c_parent_keys`);
}

async function readParents(workspace: Workspace, destination: Destination, field: BoundField, rules: TextRules): Promise<void> {
  const reference = field.mapping.reference;
  if (reference === undefined) return;
  const schema = await destination.describe(reference.object);
  const type = schema.fields.find((each) => each.name === reference.key)?.type ?? { kind: 'text' };
  const relation = await destination.read({ object: reference.object, key: [reference.key], fields: [], keys: 'temp.main.c_parent_keys' });
  const raw = { sql: 'r.k0', type: relation.columns.find((column) => column.name === 'k0')?.type ?? 'VARCHAR' };
  await workspace.run(
    `INSERT INTO c_parents SELECT ${field.index}, ${canonicalText(type, canonicalKey(type, raw, rules))}, false FROM ${relation.from} AS r`,
  );
}

/** A record that the destination refused is not sent again: its children find no parent. */
const NOT_REFUSED = `NOT EXISTS (
  SELECT 1 FROM c_known AS r WHERE r.key = d.key AND r.row_hash = d.row_hash AND r.code NOT IN (${PLANNED_REJECTS.map((code) => literal(code)).join(', ')}))`;

/** Creates of an earlier sync of this plan, or of this very sync, that write the referenced object by the referenced key. */
async function addPlannedParents(
  workspace: Workspace,
  field: BoundField,
  { bound, planned, onlyPending = false }: ReferenceRequest,
): Promise<void> {
  const reference = field.mapping.reference;
  if (reference === undefined) return;
  const creates = (sync: Sync): boolean =>
    sync.destination.connection === bound.sync.destination.connection &&
    sync.destination.object === reference.object &&
    sync.destination.key.length === 1 &&
    sync.destination.key[0] === reference.key;
  const missing = `value NOT IN (SELECT value FROM c_parents WHERE field = ${field.index})`;
  for (const sync of planned.filter((each) => creates(each))) {
    await workspace.run(
      `INSERT INTO c_parents SELECT ${field.index}, value, true FROM (
        SELECT ${elementText('key', 0)} AS value FROM plan.changes WHERE sync = $sync AND action = 'create' AND pass = 1${onlyPending ? " AND due_to IS DISTINCT FROM 'branch'" : ''}) WHERE ${missing}`,
      { sync: sync.name },
    );
  }
  if (creates(bound.sync)) {
    await workspace.run(`INSERT INTO c_parents SELECT ${field.index}, value, true FROM (
      SELECT ${elementText('key', 0)} AS value FROM c_desired AS d WHERE key IS NOT NULL AND key NOT IN (SELECT key FROM c_live) AND ${NOT_REFUSED}) WHERE ${missing}`);
  }
}
