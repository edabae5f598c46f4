/** DuckDB's complaints in BigQuery's words. What is not recognised is said to be the fake's own. */
import { at, invalidQuery, SqlError } from './error.ts';
import type { Token } from './lexer.ts';
import { mismatch, nameOf } from './mismatch.ts';

type Rule = readonly [pattern: RegExp, say: (match: RegExpExecArray, tokens: readonly Token[]) => Error];

const RULES: readonly Rule[] = [
  [/the fake BigQuery does not know [^\n]*/, ([text]) => new SqlError('notImplemented', text, 501)],
  [/Invalid Input Error: (?:Failed to execute scalar function "?\w+"?: ?)?([\s\S]*)/, ([, text]) => invalidQuery(plain(text ?? ''))],
  [/Referenced column "([^"]*)" (?:was )?not found/, ([, name], tokens) => invalidQuery(`Unrecognized name: ${name}`, find(tokens, name))],
  [
    /Column "([^"]*)" referenced that exists in the SELECT clause/,
    ([, name], tokens) => invalidQuery(`Unrecognized name: ${name}`, find(tokens, name)),
  ],
  [/Referenced table "([^"]*)" not found/, ([, name], tokens) => invalidQuery(`Unrecognized name: ${name}`, find(tokens, name))],
  [
    /(?:Table|Values list) "([^"]*)" does not have a column named "([^"]*)"/,
    ([, table, name], tokens) => invalidQuery(`Name ${name} not found inside ${table}`, find(tokens, name)),
  ],
  [
    /Could not find key "([^"]*)" in struct/,
    ([, name], tokens) => invalidQuery(`Field name ${name} does not exist in STRUCT`, find(tokens, name)),
  ],
  [
    /Ambiguous reference to column name "([^"]*)"/,
    ([, name], tokens) => invalidQuery(`Column name ${name} is ambiguous`, find(tokens, name)),
  ],
  [
    /column "([^"]*)" must appear in the GROUP BY clause/,
    ([, name], tokens) =>
      invalidQuery(`SELECT list expression references column ${name} which is neither grouped nor aggregated`, find(tokens, name)),
  ],
  [
    /Overflow in (addition|subtraction|multiplication) of INT(?:64|32) \((-?\d+) (\S) (-?\d+)\)/,
    ([, , left, sign, right]) => invalidQuery(`int64 overflow: ${left} ${sign} ${right}`),
  ],
  [/Could not convert string '([^']*)' to (?:INT64|INT32|BIGINT)/, ([, text]) => invalidQuery(`Bad int64 value: ${text}`)],
  [/Could not convert string '([^']*)' to DOUBLE/, ([, text]) => invalidQuery(`Bad double value: ${text}`)],
  [/invalid date field format: "([^"]*)"/, ([, text]) => invalidQuery(`Invalid date: '${text}'`)],
  [/invalid timestamp field format: "([^"]*)"/, ([, text]) => invalidQuery(`Invalid timestamp: '${text}'`)],
  [/NOT NULL constraint failed: [^.]*\.(\w+)/, ([, name]) => invalidQuery(`Required field ${name} cannot be null`)],
  [/More than one row returned by a subquery/, () => invalidQuery('Scalar subquery produced more than one element')],
  [
    /Cannot compare values of type ([^\n]*?) and type ([^\n]*?) - an explicit cast/,
    ([, left, right], tokens) => incomparable(left ?? '', right ?? '', tokens),
  ],
  [
    /No function matches the given name and argument types '(\w+)\(([^']*)\)'/,
    ([, name, types], tokens) => signature(name ?? '', types ?? '', tokens),
  ],
  [/Unknown TimeZone '([^']*)'/, ([, name]) => invalidQuery(`Invalid time zone: ${name}`)],
];

export function fromDuckDb(error: unknown, tokens: readonly Token[]): Error {
  if (error instanceof SqlError) return error;
  const message = error instanceof Error ? error.message : String(error);
  for (const [pattern, say] of RULES) {
    const match = pattern.exec(message);
    if (match !== null) return say(match, tokens);
  }
  return new SqlError('notImplemented', `the fake BigQuery cannot run this statement: ${message}`, 501);
}

function plain(text: string): string {
  return text.replace(/^.*?Error: /, '').trim();
}

function find(tokens: readonly Token[], name: string | undefined): Token | undefined {
  return tokens.find((token) => (token.kind === 'word' || token.kind === 'quoted') && token.text.toLowerCase() === name?.toLowerCase());
}

function signature(name: string, types: string, tokens: readonly Token[]): Error {
  const shown = name.replace(/^bq_/, '').toUpperCase();
  const list = types.split(/, (?![^(]*\))/).map(nameOf);
  return invalidQuery(`No matching signature for function ${shown} for argument types: ${list.join(', ')}`, find(tokens, shown));
}

function incomparable(left: string, right: string, tokens: readonly Token[]): Error {
  const sign = tokens.find((token) => ['=', '<', '>', '<=', '>=', '<>', '!='].includes(token.upper));
  return invalidQuery(mismatch(left, right, `${sign?.text ?? '='} ${at(sign ?? { line: 1, column: 1 })}`) ?? 'No matching signature');
}
