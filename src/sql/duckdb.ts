import { ident, literal, qualified } from '../workspace/quote.ts';
import type { Dialect } from './dialect.ts';

/** The workspace. Its hash is unsigned, and stands for values of every type, not for their text. */
export const duckdbDialect: Dialect = {
  name: 'duckdb',
  ident,
  qualified,
  literal,
  rowHash: (values) => `hash(${values.join(', ')})`,
};
