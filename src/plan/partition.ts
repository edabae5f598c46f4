/**
 * Two syncs may write one field of one object when each names a partition of its own. Their queries should not overlap;
 * where they do, the record has an owner already, and the row of the other sync is rejected: otherwise the two would
 * overwrite each other at every run.
 */
import type { Sync } from '../config/model.ts';
import type { State } from '../state/state.ts';
import { literal } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { lineageOf } from './identity.ts';
import { storedName } from './renames.ts';

/** Code of a row whose record another sync owns. Found out anew by every plan: it is no known reject once the overlap is gone. */
export const SHARED_KEY = 'SHARED_KEY';

/** Another sync with a share of the object, and its base as a relation of the workspace. */
export interface Partner {
  readonly sync: string;
  readonly records: string;
}

/** Syncs that write a field of this one's object under another partition. Their keys are the same fields (`config/rules.ts`). */
export function partnersOf(sync: Sync, syncs: readonly Sync[]): readonly Sync[] {
  if (sync.partition === undefined) return [];
  const names = new Set(sync.fields.map(({ field }) => field.toLowerCase()));
  return syncs.filter(
    (other) =>
      other !== sync &&
      other.partition !== undefined &&
      other.destination.connection === sync.destination.connection &&
      other.destination.object.toLowerCase() === sync.destination.object.toLowerCase() &&
      other.fields.some(({ field }) => names.has(field.toLowerCase())),
  );
}

/** Makes what the partners own readable. Runs before the workspace is locked. */
export async function attachPartners(workspace: Workspace, state: State, sync: Sync, syncs: readonly Sync[]): Promise<readonly Partner[]> {
  const partners: Partner[] = [];
  for (const partner of partnersOf(sync, syncs)) {
    const name = await storedName(state, partner);
    const isCurrent = (await state.head(name))?.lineage === lineageOf(partner);
    const { records } = isCurrent ? await state.attach(workspace, name) : NOTHING;
    partners.push({ sync: partner.name, records });
  }
  return partners;
}

const NOTHING = { records: '(SELECT NULL::VARCHAR AS key, NULL::TIMESTAMP AS left_at WHERE false)' };

/**
 * Takes the rows whose record a partner owns out of the candidates (`c_pass`, `c_base`) and puts them among the plan's
 * rejects. A partner owns what is in its base and has not left its query, as the plan at hand would leave it: syncs that
 * were planned before count with what they are about to do. Base of a rejected row stays as it is.
 */
export async function rejectShared(workspace: Workspace, sync: Sync, partners: readonly Partner[]): Promise<void> {
  if (partners.length === 0) return;
  const owned = partners.map((partner) => `SELECT key, ${literal(partner.sync)} AS owner FROM (${ownedKeys(partner)})`).join(' UNION ALL ');
  await workspace.run(`
    CREATE TEMP TABLE c_shared AS
    SELECT d.key, any_value(d.row_hash) AS row_hash, min(o.owner) AS owner
    FROM c_desired AS d JOIN (${owned}) AS o ON o.key = d.key GROUP BY d.key`);
  if ((await workspace.count('SELECT count(*) FROM c_shared')) === 0) return;
  await workspace.run('DELETE FROM c_pass WHERE key IN (SELECT key FROM c_shared)');
  await workspace.run('DELETE FROM c_base WHERE key IN (SELECT key FROM c_shared)');
  await workspace.run(
    `INSERT INTO plan.rejects BY NAME
     SELECT $sync AS sync, s.key, s.row_hash, '${SHARED_KEY}' AS code, owner || ' writes this record already, in a partition of its own' AS message,
       NULL AS field, r.key IS NOT NULL AS known, 1 AS copies
     FROM c_shared AS s LEFT JOIN c_known AS r ON r.key = s.key AND r.row_hash = s.row_hash AND r.code = '${SHARED_KEY}'`,
    { sync: sync.name },
  );
}

function ownedKeys({ sync, records }: Partner): string {
  const own = `sync = ${literal(sync)}`;
  return `
    (SELECT key FROM ${records} AS b WHERE left_at IS NULL
     UNION SELECT key FROM plan.changes WHERE ${own} AND action IN ('create', 'update')
     UNION SELECT key FROM plan.adoptions WHERE ${own} AND kind = 'adopt')
    EXCEPT (SELECT key FROM plan.changes WHERE ${own} AND action IN ('delete', 'clear')
     UNION SELECT key FROM plan.adoptions WHERE ${own} AND kind IN ('left', 'forget'))`;
}
