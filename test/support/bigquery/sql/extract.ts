/** EXTRACT. */
import { invalidQuery } from './error.ts';
import { expression } from './expression.ts';
import type { Parser } from './parser.ts';

const EXTRACTED: Readonly<Record<string, string>> = {
  DATE: 'CAST($ AS DATE)',
  TIME: 'CAST($ AS TIME)',
  DATETIME: 'CAST($ AS TIMESTAMP)',
  DAYOFWEEK: '(dayofweek($) + 1)',
  DAYOFYEAR: 'dayofyear($)',
  ISOWEEK: 'weekofyear($)',
  ISOYEAR: 'isoyear($)',
  MICROSECOND: '(microsecond($) % 1000000)',
  MILLISECOND: '(millisecond($) % 1000)',
  SECOND: 'second($)',
  MINUTE: 'minute($)',
  HOUR: 'hour($)',
  DAY: 'day($)',
  MONTH: 'month($)',
  QUARTER: 'quarter($)',
  YEAR: 'year($)',
  WEEK: `CAST(strftime($, '%U') AS BIGINT)`,
};

/** After the opening parenthesis. */
export function extract(parser: Parser): string {
  const where = parser.peek();
  const part = parser.next().upper;
  parser.expect('FROM');
  const value = expression(parser).sql;
  const zone = parser.accept('AT', 'TIME', 'ZONE') ? expression(parser).sql : undefined;
  parser.expect(')');
  const template = EXTRACTED[part];
  if (template === undefined) throw invalidQuery(`A valid date part name is required but found ${part}`, where);
  return template.replace('$', () => (zone === undefined ? value : `bq_local(${value}, ${zone})`));
}
