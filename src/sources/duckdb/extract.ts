/** The query as a relation. Nothing is copied: the workspace reads the database file or the project's files itself. */
import { embedded } from '../../sql/dialect.ts';
import type { Relation } from '../../workspace/workspace.ts';
import type { Query } from '../source.ts';
import { describeQuery, type QueryScope } from './describe.ts';

export async function extractQuery(scope: QueryScope, query: Query): Promise<Relation> {
  return { columns: await describeQuery(scope, query), from: embedded(query.sql) };
}
