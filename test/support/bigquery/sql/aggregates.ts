/** Aggregate functions, with DISTINCT, IGNORE NULLS, ORDER BY, LIMIT and OVER. */
import type { Call } from './calls.ts';
import { invalidQuery } from './error.ts';
import { expression } from './expression.ts';
import type { Token } from './lexer.ts';
import { orderBy } from './order.ts';
import type { Parser } from './parser.ts';
import { windowSpecification } from './windows.ts';
import { ident } from './strings.ts';

/** DuckDB's function, what its result needs around it, and a function that has the type that the result should have. */
export const AGGREGATES: Readonly<
  Record<string, { readonly duckdb: string; readonly around?: (value: string) => string; readonly typed?: string }>
> = {
  ANY_VALUE: { duckdb: 'any_value' },
  APPROX_COUNT_DISTINCT: { duckdb: 'count' },
  ARRAY_AGG: { duckdb: 'list' },
  ARRAY_CONCAT_AGG: { duckdb: 'list', around: (value) => `flatten(${value})` },
  AVG: { duckdb: 'avg', typed: 'median' },
  BIT_AND: { duckdb: 'bit_and' },
  BIT_OR: { duckdb: 'bit_or' },
  BIT_XOR: { duckdb: 'bit_xor' },
  CORR: { duckdb: 'corr' },
  COUNT: { duckdb: 'count' },
  COUNTIF: { duckdb: 'count_if' },
  COVAR_POP: { duckdb: 'covar_pop' },
  COVAR_SAMP: { duckdb: 'covar_samp' },
  LOGICAL_AND: { duckdb: 'bool_and' },
  LOGICAL_OR: { duckdb: 'bool_or' },
  MAX: { duckdb: 'max' },
  MAX_BY: { duckdb: 'arg_max' },
  MIN: { duckdb: 'min' },
  MIN_BY: { duckdb: 'arg_min' },
  STDDEV: { duckdb: 'stddev_samp' },
  STDDEV_POP: { duckdb: 'stddev_pop' },
  STDDEV_SAMP: { duckdb: 'stddev_samp' },
  STRING_AGG: { duckdb: 'string_agg' },
  SUM: { duckdb: 'sum' },
  VARIANCE: { duckdb: 'var_samp' },
  VAR_POP: { duckdb: 'var_pop' },
  VAR_SAMP: { duckdb: 'var_samp' },
};

interface Modifiers {
  readonly values: readonly string[];
  readonly distinct: boolean;
  readonly ignoreNulls: boolean;
  readonly order: string;
  readonly limit?: string;
}

/** After the opening parenthesis. */
export function aggregate(parser: Parser, name: string, where: Token): string {
  const known = AGGREGATES[name];
  if (known === undefined) throw invalidQuery(`Function not found: ${name}`, where);
  if (name === 'COUNT' && parser.accept('*', ')')) return over(parser, 'count(*)', '');
  const modifiers = read(parser, { name, arguments: [], where });
  if (modifiers.values[0] === undefined)
    throw invalidQuery(`No matching signature for aggregate function ${name} with no arguments`, where);
  const mark = parser.mark;
  const value = said(parser, name, known.duckdb, modifiers);
  if (known.typed !== undefined) {
    parser.back(mark);
    return `cast_to_type(${value}, ${said(parser, name, known.typed, modifiers)})`;
  }
  return known.around === undefined ? value : known.around(value);
}

function said(parser: Parser, name: string, duckdb: string, modifiers: Modifiers): string {
  const { ignoreNulls, limit } = modifiers;
  const distinct = modifiers.distinct || name === 'APPROX_COUNT_DISTINCT' ? 'DISTINCT ' : '';
  const values = [...modifiers.values];
  if (name === 'STRING_AGG' && values.length === 1) values.push(`','`);
  // Of a text the first n are not a slice of what was concatenated.
  if (limit !== undefined && name === 'STRING_AGG') {
    const list = `list(${distinct}${values[0]} ${modifiers.order}) FILTER (${values[0]} IS NOT NULL)`;
    return `array_to_string((${list})[:(${limit})], ${values[1]})`;
  }
  const filter = ignoreNulls ? ` FILTER (${values[0]} IS NOT NULL)` : '';
  const called = over(parser, `${duckdb}(${distinct}${[values.join(', '), modifiers.order].join(' ').trim()})`, filter);
  return limit === undefined ? called : `(${called})[:(${limit})]`;
}

function read(parser: Parser, call: Call): Modifiers {
  const distinct = parser.accept('DISTINCT');
  const values = parser.sees(')') ? [] : parser.list(() => expression(parser).sql);
  if (parser.sees('HAVING')) throw parser.unknown(`HAVING in ${call.name}`);
  const nulls = ['IGNORE', 'RESPECT'].find((word) => parser.accept(word, 'NULLS'));
  const order = parser.sees('ORDER') ? orderBy(parser) : '';
  const limit = parser.accept('LIMIT') ? expression(parser).sql : undefined;
  parser.expect(')');
  return { values, distinct, ignoreNulls: nulls === 'IGNORE', order, ...(limit === undefined ? {} : { limit }) };
}

function over(parser: Parser, called: string, filter: string): string {
  if (!parser.accept('OVER')) return `${called}${filter}`;
  return `${called}${filter} OVER ${parser.sees('(') ? windowSpecification(parser) : ident(parser.name())}`;
}
