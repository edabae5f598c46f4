/** Writes what was classified into the plan file: changes in a deterministic order, held records, rejects and state-only changes. */
import { exactText } from '../canonical/canonical.ts';
import { rewritesKey } from '../canonical/key.ts';
import type { FieldType } from '../canonical/types.ts';
import type { Project } from '../config/model.ts';
import { literal } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type Due, dueColumns } from './attribution.ts';
import { type BoundSync, keyJson } from './bind.ts';
import { configurationHash, type OwnBase } from './identity.ts';
import type { PlannedField } from './plan-file.ts';
import { writesExpression } from './field-sql.ts';
import { hasMember, memberText, objectOf } from './json-sql.ts';
import { STAYS_REVERTED } from './actions.ts';
import { LEFT_REVERTED } from './document.ts';
import { CHANGES } from './plan-tables.ts';

/** `due`: what the changes are due to, with `plan --base`. */
export async function recordPlan(workspace: Workspace, bound: BoundSync, due: Due | undefined): Promise<void> {
  const sync = { sync: bound.sync.name };
  await workspace.run(PLACES);
  await workspace.run(changes(bound, due), sync);
  await keepSourceKeys(workspace, bound);
  await deferSelfReferences(workspace, bound);
  await workspace.run(HELD, sync);
  await workspace.run(rejects(bound), sync);
  await workspace.run(REVERTED_QUIETLY, { ...sync, message: LEFT_REVERTED });
  await workspace.run(ADOPTIONS, sync);
}

/** Changes of one action and one set of fields stand together: they become batches. Within them, by key. (A hash orders the sets: comparing lists is slow.) */
const ORDER = "CASE action WHEN 'create' THEN 1 WHEN 'update' THEN 2 WHEN 'clear' THEN 3 ELSE 4 END, hash(fields), key";

/** The materialised WITH lets both cores sort and compress, see `classify.ts`. */
function changes(bound: BoundSync, due: Due | undefined): string {
  const planned = bound.fields.filter((field) => field.mapping.reference !== undefined);
  const afterApply =
    planned.length === 0
      ? 'CAST([] AS VARCHAR[])'
      : `list_filter([${planned.map((field) => `CASE WHEN a${field.index} AND ${writesExpression(field)} THEN ${literal(field.name)} END`).join(', ')}], lambda x: x IS NOT NULL)`;
  return `
    INSERT INTO plan.changes BY NAME
    WITH changing AS MATERIALIZED (SELECT *, rowid AS place FROM c_results WHERE ${CHANGES})
    SELECT $sync AS sync, seq, 1 AS pass, action, reason, key, key_hash, remote_id, fields, cases, before, after,
      CASE WHEN action <> 'delete' THEN next_sent END AS sent,
      CASE WHEN action <> 'delete' THEN next_returned END AS returned,
      row_hash, len(held_fields) > 0 AS partial, next_live_hash AS live_hash,
      CASE WHEN action = 'create' AND NOT has_b THEN 'created' ELSE coalesce(origin, 'adopted') END AS origin,
      ${afterApply} AS after_apply, ${dueColumns(due)}
    FROM changing AS r JOIN c_order AS o ON r.place = o.place${due?.kind === 'compared' ? ' JOIN (SELECT place, due_to, branch_fields FROM c_due) AS t ON r.place = t.place' : ''} ORDER BY o.seq`;
}

/** The order is found on narrow columns; the wide rows are then sorted by one number. */
const PLACES = `CREATE TEMP TABLE c_order AS
  SELECT place, row_number() OVER (ORDER BY ${ORDER}) AS seq FROM (SELECT rowid AS place, action, fields, key FROM c_results WHERE ${CHANGES})`;

/** A destination that tells no cases apart, or trims, is still given the key as the source writes it. */
async function keepSourceKeys(workspace: Workspace, bound: BoundSync): Promise<void> {
  if (!bound.key.some((key) => rewritesKey(key.type, bound.capabilities.text))) return;
  const texts = bound.key.map((): FieldType => ({ kind: 'text' }));
  const written = keyJson(texts, bound.key.map((key) => exactText(key.type, key.raw))); // prettier-ignore
  await workspace.run(
    `UPDATE plan.changes SET sent_key = d.written FROM (SELECT key, ${written} AS written FROM c_desired WHERE key IS NOT NULL) AS d
     WHERE sync = $sync AND action = 'create' AND changes.key = d.key AND d.written <> d.key`,
    { sync: bound.sync.name },
  );
}

/**
 * A record that points at one this very sync creates is written without the reference first; a second pass sets it,
 * once its target exists. Base of the first pass lacks the field and stays a candidate, so that a kill in between is seen.
 * A record made anew has another id than the one that state remembers. What has no first pass is its record's one change.
 */
async function deferSelfReferences(workspace: Workspace, bound: BoundSync): Promise<void> {
  const { object, key } = bound.sync.destination;
  const fields = bound.fields.filter(
    (field) => field.mapping.reference?.object === object && key.length === 1 && field.mapping.reference.key === key[0],
  );
  if (fields.length === 0) return;
  const names = `[${fields.map((field) => literal(field.name)).join(', ')}]`;
  const others = bound.fields.filter((field) => !fields.includes(field));
  const without = objectOf(
    others.map((field) => ({
      name: field.name,
      text: memberText('coalesce(sent, after)', field.name),
      when: hasMember('coalesce(sent, after)', field.name),
    })),
  );
  const nulls = objectOf(fields.map((field) => ({ name: field.name, text: 'NULL' })));
  const last = `(SELECT coalesce(max(seq), 0) FROM plan.changes WHERE sync = $sync)`;
  const own = "sync = $sync AND pass = 1 AND action IN ('create', 'update') AND len(list_intersect(after_apply, " + names + ')) > 0';
  const params = { sync: bound.sync.name };
  await workspace.run(
    `INSERT INTO plan.changes BY NAME
     SELECT * REPLACE (${last} + row_number() OVER (ORDER BY list_intersect(after_apply, ${names}), key) AS seq, 2 AS pass, 'update' AS action,
       CASE WHEN action = 'update' AND list_has_all(list_intersect(after_apply, ${names}), fields) THEN reason ELSE 'second_pass' END AS reason,
       list_intersect(after_apply, ${names}) AS fields, coalesce(sent, after) AS sent, CASE WHEN action = 'create' THEN ${nulls} ELSE before END AS before,
       CASE WHEN action <> 'create' THEN remote_id END AS remote_id, list_intersect(branch_fields, list_intersect(after_apply, ${names})) AS branch_fields)
     FROM plan.changes WHERE ${own}`,
    params,
  );
  await workspace.run(
    `UPDATE plan.changes SET fields = list_filter(fields, lambda x: NOT list_contains(${names}, x) OR NOT list_contains(after_apply, x)),
       sent = ${without}, partial = true, live_hash = NULL
     WHERE ${own}`,
    params,
  );
  await workspace.run(`DELETE FROM plan.changes WHERE sync = $sync AND pass = 1 AND action = 'update' AND len(fields) = 0`, params);
}

const HELD = `
  INSERT INTO plan.held BY NAME
  SELECT $sync AS sync, key, CASE WHEN action = 'hold' THEN reason WHEN conflicted THEN 'conflict' ELSE 'drift' END AS reason, held_fields AS fields,
    before, wanted AS after
  FROM c_results WHERE action = 'hold' OR (action = 'update' AND len(held_fields) > 0) ORDER BY key`;

/** Rejects of records, records that stay as a revert left them, rejects of keys that stand twice on either side, and of rows whose key cannot be read. */
function rejects(bound: BoundSync): string {
  const rawKey = bound.key.map((key) => `coalesce(CAST(to_json(CAST(${key.raw.sql} AS VARCHAR)) AS VARCHAR), 'null')`).join(" || ',' || ");
  const isNull = bound.key.map((key) => `${key.raw.sql} IS NULL`).join(' OR ');
  const keyNames = bound.sync.source.key.join(', ');
  return `
    INSERT INTO plan.rejects BY NAME
    SELECT $sync AS sync, key, row_hash, field_reject.code AS code, field_reject.message AS message, field_reject.field AS field,
      coalesce(known_code = field_reject.code, false) AS known, 1 AS copies
    FROM c_results WHERE action = 'reject'
    UNION ALL BY NAME
    SELECT $sync AS sync, key, row_hash, known_code AS code, known_message AS message, NULL AS field, true AS known, 1 AS copies FROM c_results WHERE action = 'known_reject' OR ${STAYS_REVERTED}
    UNION ALL BY NAME
    SELECT $sync AS sync, key, row_hash, 'AMBIGUOUS_TARGET' AS code, 'the destination holds ' || copies || ' records with this key' AS message, NULL AS field,
      coalesce(known_code = 'AMBIGUOUS_TARGET', false) AS known, 1 AS copies FROM c_results WHERE action = 'ambiguous' AND has_d
    UNION ALL BY NAME
    SELECT $sync AS sync, a.key, a.copies_hash AS row_hash, 'AMBIGUOUS_SOURCE' AS code, 'the query yields ' || a.copies || ' rows with this key' AS message, NULL AS field,
      r.key IS NOT NULL AS known, a.copies
    FROM (SELECT *, hash(key, copies) AS copies_hash FROM c_ambiguous) AS a LEFT JOIN c_known AS r ON r.key = a.key AND r.row_hash = a.copies_hash
    UNION ALL BY NAME
    SELECT $sync AS sync, u.key, u.row_hash, u.code, CASE WHEN u.code = 'NULL_KEY' THEN ${literal(`the key (${keyNames}) is null`)} ELSE ${literal(`the key (${keyNames}) cannot be read as the destination's key without loss`)} END
      || CASE WHEN u.copies > 1 THEN ' in ' || u.copies || ' rows' ELSE '' END AS message, NULL AS field, r.key IS NOT NULL AS known, u.copies
    FROM (SELECT '[' || ${rawKey} || ']' AS key, bit_xor(row_hash) AS row_hash, CASE WHEN bool_or(${isNull}) THEN 'NULL_KEY' ELSE 'KEY_UNREADABLE' END AS code, count(*) AS copies
          FROM c_desired WHERE key IS NULL GROUP BY 1) AS u
    LEFT JOIN c_known AS r ON r.key = u.key AND r.row_hash = u.row_hash`;
}

/** Records that stay as a revert left them and were not looked at: neither their row nor what is live has moved since. */
const REVERTED_QUIETLY = `
  INSERT INTO plan.rejects BY NAME
  SELECT $sync AS sync, r.key, r.row_hash, r.code, r.message, CAST(NULL AS VARCHAR) AS field, true AS known, 1 AS copies FROM c_known AS r
  WHERE r.code = 'REVERTED' AND r.message = $message
    AND r.key NOT IN (SELECT key FROM c_results WHERE key IS NOT NULL) AND r.key NOT IN (SELECT key FROM c_ambiguous WHERE key IS NOT NULL)`;

/** State-only changes: nothing is written to the destination. */
const ADOPTIONS = `
  INSERT INTO plan.adoptions BY NAME
  SELECT $sync AS sync,
    CASE WHEN ${STAYS_REVERTED} THEN 'settle' WHEN action = 'same' AND has_d THEN CASE WHEN unsent THEN 'adopt' ELSE 'rehash' END
      WHEN action = 'leave' THEN 'left' WHEN action = 'forget' THEN 'forget' WHEN action = 'hold' THEN 'hold' ELSE 'settle' END AS kind,
    key, key_hash, remote_id, next_sent AS sent, next_returned AS returned, row_hash, next_live_hash AS live_hash, coalesce(origin, 'adopted') AS origin, true AS verified
  FROM c_results
  WHERE (action = 'same' AND has_d AND has_l AND restated AND NOT ${STAYS_REVERTED}) OR action = 'leave' OR action = 'forget' OR action = 'hold'
    OR (pending AND (action = 'reject' OR action = 'known_reject' OR action = 'skip' OR action = 'same'))`;

/** The serial that apply must find. A run that is under way has shown a part of itself only: its end makes the plan stale. */
function plannedSerial(head: OwnBase['head']): number {
  if (head === undefined) return 0;
  return head.lastRun?.status === 'running' ? head.serial - 1 : head.serial;
}

/** What apply must find unchanged, and how the values of the plan are typed. */
export async function recordSync(
  workspace: Workspace,
  request: { project: Project; bound: BoundSync; ord: number; base: OwnBase; existing: number },
): Promise<void> {
  const { bound, base } = request;
  const { sync } = bound;
  const types: PlannedField[] = bound.fields.map((field) => ({
    name: field.name,
    type: field.type,
    storedType: field.schema.type,
    sensitive: field.sensitive,
    readable: field.readable,
    reference: field.mapping.reference ?? null,
  }));
  await workspace.run(
    `INSERT INTO plan.syncs BY NAME SELECT $sync AS sync, $ord AS ord, $object AS object, $destination AS destination, $identity AS identity,
       $lineage AS lineage, $serial AS serial, $hashId AS hash_id, $configHash AS config_hash, json_transform($fields::JSON, '["VARCHAR"]') AS fields,
       $keyFields AS key_fields, $fieldTypes AS field_types, $existing AS existing`,
    {
      sync: sync.name,
      ord: request.ord,
      object: sync.destination.object,
      destination: sync.destination.connection,
      identity: base.identity,
      lineage: base.lineage,
      serial: BigInt(plannedSerial(base.head)),
      hashId: base.hashId,
      configHash: configurationHash(request.project, sync),
      fields: JSON.stringify(types.map((each) => each.name)),
      keyFields: JSON.stringify(bound.key.map((key) => ({ field: key.field, type: key.type }))),
      fieldTypes: JSON.stringify(types),
      existing: BigInt(request.existing),
    },
  );
}
