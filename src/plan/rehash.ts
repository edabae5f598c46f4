/**
 * After a change of fields, engine or canonical version the stored hashes say nothing. Records are then paired on their
 * keys and each desired value is compared with `sent`; where all agree, state gets new hashes and nothing else happens.
 */
import type { Workspace } from '../workspace/workspace.ts';
import { desiredText } from './bind.ts';
import type { CandidateRequest } from './candidates.ts';
import { hasMember, memberText, objectOf } from './json-sql.ts';
import { hashedSource, sourceKeyJson } from './source-sql.ts';

/** Every desired row beside its base, and whether it is a candidate. When all is read live, all are. */
function pairs(request: CandidateRequest, columns: string): string {
  const { bound } = request;
  const differs = bound.fields.map((field) => {
    const same = `${hasMember('b.sent', field.name)} AND ${memberText('b.sent', field.name)} IS NOT DISTINCT FROM ${desiredText(bound, field)}`;
    return `NOT (${same})`;
  });
  const candidate = `d.d_here IS NULL OR b.key IS NULL OR b.row_hash IS NULL OR ${differs.join(' OR ') || 'false'}`;
  return `
    SELECT ${columns}, ${request.live === undefined ? candidate : 'true'} AS candidate
    FROM (SELECT h.*, ${sourceKeyJson(bound)} AS key FROM (${hashedSource(request)}) AS h) AS d
    FULL OUTER JOIN ${request.base.records} AS b ON d.key = b.key`;
}

export function passByValue(request: CandidateRequest): string {
  const columns = 'd.*, b.key AS b_key, b.key IS NOT NULL AS b_here, false AS b_settled';
  return `SELECT * FROM (${pairs(request, columns)}) WHERE candidate`;
}

/** The other records: state-only changes of the plan. */
export async function recordRehashed(workspace: Workspace, request: CandidateRequest): Promise<void> {
  if (request.live !== undefined) return;
  const { fields } = request.bound;
  const kept = objectOf(fields.map(({ name }) => ({ name, text: memberText('b.sent', name), when: hasMember('b.sent', name) })));
  const columns = `d.key, d.key_hash, b.remote_id, ${kept} AS sent, b.returned, d.row_hash, b.origin, b.verified, d.d_here`;
  await workspace.run(
    `INSERT INTO plan.adoptions BY NAME
     SELECT $sync AS sync, 'rehash' AS kind, key, key_hash, remote_id, sent, returned, row_hash, CAST(NULL AS UBIGINT) AS live_hash, origin, verified
     FROM (${pairs(request, columns)}) WHERE d_here AND NOT candidate AND key NOT IN (SELECT key FROM c_ambiguous)`,
    { sync: request.bound.sync.name },
  );
}
