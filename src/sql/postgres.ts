import { ident, literal, qualified } from '../workspace/quote.ts';
import type { Dialect } from './dialect.ts';

/** Postgres 14 and newer. Texts with a backslash need no escape: `standard_conforming_strings` is on for every session of ours. */
export const postgresDialect: Dialect = {
  name: 'postgres',
  ident,
  qualified,
  literal,
  rowHash: (values) => `hash_record_extended(ROW(${values.join(', ')}), 0)`,
};
