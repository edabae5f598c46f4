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

/** A JSON object of text members; a member whose condition does not hold is left out. */
export function objectOf(members: readonly { readonly name: string; readonly text: string; readonly when?: string | undefined }[]): string {
  if (members.length === 0) return "'{}'";
  const parts = members.map((member) => {
    const pair = `${literal(`${JSON.stringify(member.name)}:`)} || coalesce(CAST(to_json(${member.text}) AS VARCHAR), 'null')`;
    return member.when === undefined ? pair : `CASE WHEN ${member.when} THEN ${pair} END`;
  });
  return `'{' || concat_ws(',', ${parts.join(', ')}) || '}'`;
}
