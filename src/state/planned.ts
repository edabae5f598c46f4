/** What a run intends, as SQL over the tables of its plan: the same for every backend. */
import { literal, qualified } from '../workspace/quote.ts';

/**
 * The plan's changes of one sync as what state remembers of them: `seq, key, key_hash, action, remote_id, row_hash,
 * partial, live_hash, sent, returned, origin, fields, before`. `partial`: acknowledged, the record stays a candidate. `sent` is base after acknowledgement; `before` the former values of
 * what the change touches (of its fields, or of the whole record when it is deleted), null for creates.
 * `database`: the name under which the plan is attached.
 */
export function intentsSql(database: string, sync: string): string {
  return `SELECT seq, key, key_hash, action, remote_id, row_hash, coalesce(partial, false) AS partial, live_hash,
      CASE WHEN action = 'create' THEN coalesce(sent, after) ELSE sent END AS sent, returned, origin,
      CASE WHEN action <> 'create' THEN fields END AS fields, -- a list of names a million times over, and undoing a create needs none
      CASE WHEN action = 'create' THEN NULL WHEN action = 'delete' OR before IS NULL THEN before ELSE ${ofFields('before')} END AS before
    FROM ${qualified(database, 'main', 'changes')} WHERE sync = ${literal(sync)}`;
}

/** The JSON object cut down to the members that `fields` names. */
function ofFields(json: string): string {
  const pointer = "'/' || replace(replace(f, '~', '~0'), '/', '~1')";
  const pair = `CAST(to_json(f) AS VARCHAR) || ':' || CAST(json_extract(${json}, ${pointer}) AS VARCHAR)`;
  // A member that is not there makes its pair null, which `array_to_string` leaves out.
  return `'{' || coalesce(array_to_string(list_transform(fields, lambda f: ${pair}), ','), '') || '}'`;
}
