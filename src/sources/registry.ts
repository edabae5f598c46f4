/** Which systems can be queried: connection type to connector. Connectors are loaded when a sync needs them. */
import type { Connection, Project } from '../config/model.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { Source } from './source.ts';

/** Opens a connection as a source. Throws `UserError` when its options cannot work. */
export type OpenSource = (connection: Connection, context: Context, project: Project) => Promise<Source>;

/** Loads the connector of one connection type. */
export type SourceRegistry = ReadonlyMap<string, () => Promise<OpenSource>>;

/** The connectors that come with Sluice. */
export const SOURCES: SourceRegistry = new Map<string, () => Promise<OpenSource>>([
  ['duckdb', async () => (await import('./duckdb/index.ts')).openDuckDbSource],
  ['bigquery', async () => (await import('./bigquery/index.ts')).openBigQuerySource],
  ['postgres', async () => (await import('./postgres/index.ts')).openPostgresSource],
]);

/** Opens the connection as a source. Throws `UserError` when its type cannot be queried. */
export async function openSource(registry: SourceRegistry, connection: Connection, context: Context, project: Project): Promise<Source> {
  const load = registry.get(connection.type);
  if (load === undefined) {
    throw new UserError(`connection "${connection.name}" is a ${connection.type}, which cannot be a source`, {
      location: connection.location,
      hint: `A source is one of: ${[...registry.keys()].sort().join(', ')}.`,
    });
  }
  const open = await load();
  return open(connection, context, project);
}
