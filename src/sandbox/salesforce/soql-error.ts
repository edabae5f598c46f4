/** How Salesforce words what is wrong with a query: an excerpt, a caret, row and column, and the sentence. */
import { Refusal } from './reply.ts';

/** Characters of the query on either side of the caret. */
const AROUND = 45;

/** A refusal of a query; `at` is the index of the character the caret points at. */
export function queryRefusal(code: string, soql: string, at: number, message: string): Refusal {
  const start = Math.max(0, at - AROUND);
  const excerpt = soql.slice(start, at + AROUND).replaceAll(/[\r\n\t]/g, ' ');
  const before = soql.slice(0, at).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  return new Refusal(400, code, `\n${excerpt}\n${' '.repeat(at - start)}^\nERROR at Row:${before.length}:Column:${column}\n${message}`);
}

/** A query that cannot be understood. */
export function malformed(soql: string, at: number, message: string): Refusal {
  return queryRefusal('MALFORMED_QUERY', soql, at, message);
}
