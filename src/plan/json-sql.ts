/** SQL over the JSON objects of state and plan files, by field name. */
import { literal } from '../workspace/quote.ts';

/** JSON pointer of a field: names may hold any character. */
function pointer(field: string): string {
  return literal(`/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

/** Text of a member; null when it is null or missing. */
export function memberText(json: string, field: string): string {
  return `json_extract_string(${json}, ${pointer(field)})`;
}

export function hasMember(json: string, field: string): string {
  return `coalesce(json_exists(${json}, ${pointer(field)}), false)`;
}

/** Text of the element of a JSON array. */
export function elementText(json: string, index: number): string {
  return `json_extract_string(${json}, '/${index}')`;
}

/** Texts of several members as a list, in their order: the object is parsed once, not once for each. */
export function memberTexts(json: string, fields: readonly string[]): string {
  return `json_extract_string(${json}, CAST([${fields.map((field) => pointer(field)).join(', ')}] AS VARCHAR[]))`;
}

/** A member of an object under construction. */
export interface Member {
  readonly name: string;
  /** SQL of its text; null becomes null. */
  readonly text: string;
  /** SQL condition without which the member is left out. */
  readonly when?: string | undefined;
}

/**
 * A JSON object of text members; a member whose condition does not hold is left out. Where every member is there, which is
 * nearly always, DuckDB builds the object in one call: twice as fast as piecing it together.
 */
export function objectOf(members: readonly Member[]): string {
  if (members.length === 0) return "'{}'";
  const whole = `CAST(json_object(${members.map((member) => `${literal(member.name)}, ${member.text}`).join(', ')}) AS VARCHAR)`;
  const conditions = members.flatMap((member) => member.when ?? []);
  return conditions.length === 0 ? whole : `CASE WHEN ${conditions.join(' AND ')} THEN ${whole} ELSE ${pieced(members)} END`;
}

function pieced(members: readonly Member[]): string {
  const parts = members.map((member) => {
    const pair = `${literal(`${JSON.stringify(member.name)}:`)} || coalesce(CAST(to_json(${member.text}) AS VARCHAR), 'null')`;
    return member.when === undefined ? pair : `CASE WHEN ${member.when} THEN ${pair} END`;
  });
  return `'{' || concat_ws(',', ${parts.join(', ')}) || '}'`;
}
