/** Calls of functions: the ordinary ones from the table, aggregates, windows, and those with a grammar of their own. */
import { AGGREGATES, aggregate } from './aggregates.ts';
import { CLOCKS, DATE_FUNCTIONS, isPart } from './dates.ts';
import { invalidQuery, unknownToFake } from './error.ts';
import { expression, type Expression } from './expression.ts';
import { extract } from './extract.ts';
import { FUNCTIONS, WINDOW_FUNCTIONS } from './functions.ts';
import { JSON_FUNCTIONS } from './json-functions.ts';
import type { Token } from './lexer.ts';
import type { Parser } from './parser.ts';
import { PATTERN_FUNCTIONS } from './patterns.ts';
import { ident } from './strings.ts';
import { overClause } from './windows.ts';

/** An argument: an expression, or the name of a date part. */
export interface Argument extends Expression {
  /** `MONTH`, `WEEK(MONDAY)`; capitals. */
  readonly part?: string;
}

export interface Call {
  /** In capitals, with `NET.` and the like, without `SAFE.`. */
  readonly name: string;
  readonly arguments: readonly Argument[];
  readonly where: Token;
}

/** How a function is said in DuckDB. */
export type Translate = (call: Call) => string;

const WITHOUT_PARENTHESES: ReadonlySet<string> = new Set(['CURRENT_TIMESTAMP', 'CURRENT_DATE', 'CURRENT_DATETIME', 'CURRENT_TIME']);
/** BigQuery's functions that the fake has not got. */
const UNTRANSLATED =
  /^(ST_|S2_|H3_|JSON_|RANGE_|GENERATE_|APPROX_|JUSTIFY_|NET\.|HLL_COUNT\.|KLL_|KEYS\.|AEAD\.|DETERMINISTIC_|ML\.|AI\.|COLLATE|EDIT_DISTANCE|SEARCH|OBJECTREF)/;
const KEYWORDS: ReadonlySet<string> = new Set(['IF', 'LEFT', 'RIGHT', 'EXTRACT', 'GROUPING', 'RANGE', 'HASH', 'CONTAINS']);

export function seesCall(parser: Parser): boolean {
  let ahead = 0;
  while (parser.peek(ahead).kind === 'word' && parser.peek(ahead + 1).upper === '.') ahead += 2;
  const token = parser.peek(ahead);
  if (ahead === 0 && WITHOUT_PARENTHESES.has(token.upper)) return true;
  const named = token.kind === 'word' && (ahead > 0 || parser.seesName() || KEYWORDS.has(token.upper));
  return named && parser.peek(ahead + 1).upper === '(' && !(ahead > 0 && parser.peek(-1).upper === '.');
}

export function call(parser: Parser): Expression {
  const where = parser.peek();
  const path = [parser.next().upper];
  while (parser.accept('.')) path.push(parser.next().upper);
  const safe = path[0] === 'SAFE' && path.length > 1;
  if (safe) path.shift();
  const sql = translated(parser, path.join('.'), where);
  return { sql: safe ? `TRY(${sql})` : sql };
}

function translated(parser: Parser, name: string, where: Token): string {
  if (WITHOUT_PARENTHESES.has(name) && !parser.sees('(')) return ordinary({ name, arguments: [], where }, parser);
  parser.expect('(');
  if (name === 'EXTRACT') return extract(parser);
  if (name in AGGREGATES) return aggregate(parser, name, where);
  const items = parser.sees(')') ? [] : parser.list(() => argument(parser));
  const nulls = ['IGNORE', 'RESPECT'].find((word) => parser.accept(word, 'NULLS'));
  parser.expect(')');
  const found = { name, arguments: items, where };
  const window = WINDOW_FUNCTIONS[name];
  if (window !== undefined) {
    const values = `${items.map((item) => item.sql).join(', ')}${nulls === undefined ? '' : ` ${nulls} NULLS`}`;
    return `${window}(${values}) OVER ${overClause(parser)}`;
  }
  return ordinary(found, parser);
}

function argument(parser: Parser): Argument {
  const token = parser.peek();
  if (parser.peek(1).upper === '=>') throw parser.unknown(`the named argument ${token.text}`);
  if (token.kind !== 'word' || !isPart(token.upper)) return expression(parser);
  if (token.upper === 'WEEK' && parser.peek(1).upper === '(' && parser.peek(3).upper === ')') {
    const day = parser.peek(2).upper;
    parser.expect('WEEK', '(', day, ')');
    return { sql: ident('WEEK'), part: `WEEK(${day})` };
  }
  if (parser.peek(1).upper !== ')' && parser.peek(1).upper !== ',') return expression(parser);
  parser.next();
  return { sql: parser.environment.variable(token.text) ?? ident(token.text), name: token.text, part: token.upper };
}

function ordinary(found: Call, parser: Parser): string {
  const { name, where } = found;
  const own = DATE_FUNCTIONS[name] ?? JSON_FUNCTIONS[name] ?? PATTERN_FUNCTIONS[name];
  if (own !== undefined) return own(found);
  const clock = CLOCKS[name];
  if (clock !== undefined && found.arguments.length === 0) return clock(parser.environment.now);
  const known = FUNCTIONS[name];
  if (known === undefined)
    throw UNTRANSLATED.test(name) ? unknownToFake(`the function ${name}`, where) : invalidQuery(`Function not found: ${name}`, where);
  const [least, most, template] = known;
  checkArity(found, least, most);
  const values = found.arguments.map((item) => item.sql);
  return template.replace(/\$(\d|\*|\|)/g, (_all, which: string) => {
    if (which === '*') return values.join(', ');
    if (which === '|') return values.join(' || ');
    return values[Number(which) - 1] ?? '';
  });
}

export function checkArity({ name, arguments: items, where }: Call, least: number, most = least): void {
  const count = items.length;
  if (count >= least && count <= most) return;
  const given = count === 0 ? 'with no arguments' : `with ${count} argument${count === 1 ? '' : 's'}`;
  throw invalidQuery(`No matching signature for function ${name} ${given}`, where);
}
