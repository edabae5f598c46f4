/** Exact text of a value as Salesforce takes it: the text of a CSV cell, and the token of a JSON body. No value becomes a JS number. */
import type { FieldType } from '../../canonical/types.ts';

/** SQL of the text that is sent for an exact text. Null stays null, except for a checkbox, which has no null. */
export function wireText(type: FieldType, exact: string): string {
  switch (type.kind) {
    case 'set':
      return `array_to_string(from_json(${exact}, '["VARCHAR"]'), ';')`;
    case 'boolean':
      return `coalesce(${exact}, 'false')`;
    case 'text':
      return type.native === 'TIME' ? timeText(exact) : exact;
    default:
      return exact;
  }
}

/** `10:00:00.5` is `10:00:00.500Z`: milliseconds, and a zone that says nothing. */
function timeText(exact: string): string {
  return `left(${exact}, 8) || '.' || left(rpad(substr(${exact}, 10), 3, '0'), 3) || 'Z'`;
}

const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

/** A JSON token. A number that JSON cannot say goes as text: the org then says what is wrong with it. */
export function jsonToken(type: FieldType, text: string | null): string {
  if (text === null) return 'null';
  switch (type.kind) {
    case 'integer':
    case 'decimal':
    case 'float':
      return NUMBER.test(text) ? text : JSON.stringify(text);
    case 'boolean':
      return text === 'true' || text === 'false' ? text : JSON.stringify(text);
    default:
      return JSON.stringify(text);
  }
}
