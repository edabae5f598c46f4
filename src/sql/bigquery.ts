/** GoogleSQL. Quotes with backticks, escapes with a backslash, in names as in texts. */
import { UserError } from '../errors.ts';
import type { Dialect } from './dialect.ts';

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '`': '\\`', "'": "\\'", '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(text: string): string {
  return text.replace(/[\\`'\n\r\t]/g, (character) => ESCAPES[character] ?? character);
}

function ident(name: string): string {
  if (name === '') throw new UserError('a name in BigQuery is not empty');
  return `\`${escaped(name)}\``;
}

export const bigqueryDialect: Dialect = {
  name: 'bigquery',
  ident,
  // One pair of backticks around the whole: a project's name may hold dashes, and a name of three parts is one path.
  qualified: (...parts) => `\`${parts.map((part) => escaped(part)).join('.')}\``,
  literal: (text) => `'${escaped(text)}'`,
  /** `FARM_FINGERPRINT` is one function for good ("the output of this function for a particular input will never change"). */
  rowHash: (values) => `FARM_FINGERPRINT(TO_JSON_STRING(STRUCT(${values.join(', ')})))`,
};
