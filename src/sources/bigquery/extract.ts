/** The query's rows as a table of the workspace. */
import type { Column } from '../../canonical/types.ts';
import { bigqueryDialect } from '../../sql/bigquery.ts';
import { embedded } from '../../sql/dialect.ts';
import { ident } from '../../workspace/quote.ts';
import type { Relation } from '../../workspace/workspace.ts';
import type { Query } from '../source.ts';
import type { SourceColumn } from './describe.ts';

/** Lines that a passage has in front of the user's query. */
export const LINES_ABOVE = 2;

/** Rows of a query as they travel: a SELECT of exact texts named `c0`, `c1`, ..., and what they are in the workspace. */
export interface Passage {
  /** The query begins on its third line. */
  readonly select: string;
  /** Names of its columns. */
  readonly names: readonly string[];
  /** As `columns` of a relation of the workspace. */
  readonly columns: readonly Column[];
  /** Expressions of the workspace over the loaded texts, in the order of `columns`. */
  readonly values: readonly string[];
}

export function passing(query: Query, columns: readonly SourceColumn[]): Passage {
  const texts = columns.map(({ name, passage }, index) => `${passage.text(`q.${bigqueryDialect.ident(name)}`)} AS c${index}`);
  return {
    select: `SELECT ${texts.join(', ')} FROM\n${embedded(query.sql)} AS q`,
    names: columns.map((_, index) => `c${index}`),
    columns: columns.map(({ name, type }) => ({ name, type })),
    values: columns.map(({ passage }, index) => passage.value(`c${index}`)),
  };
}

/**
 * The same with one column more: `row_hash`, a 64-bit hash of the exact text of all the others. Equal for equal rows, different (but
 * for one pair in 2^64) for rows that differ in anything a text shows.
 */
export function passingHashed(query: Query, columns: readonly SourceColumn[]): Passage {
  const { select, names, ...plain } = passing(query, columns);
  return {
    select: `SELECT t.*, ${bigqueryDialect.rowHash(names.map((name) => `t.${name}`))} AS row_hash FROM (${select}) AS t`,
    names: [...names, 'row_hash'],
    columns: [...plain.columns, { name: 'row_hash', type: 'BIGINT' }],
    values: [...plain.values, 'CAST(row_hash AS BIGINT)'],
  };
}

/** The loaded table `name` as the query's rows. `where` chooses among them. */
export function loadedRows({ columns, values }: Passage, name: string, where = 'true'): Relation {
  const items = values.map((value, index) => `${value} AS ${ident(columns[index]?.name ?? '')}`);
  return { columns, from: `(SELECT ${items.join(', ')} FROM ${ident(name)} WHERE ${where})` };
}
