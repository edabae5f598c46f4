/** Which systems can be written to: connection type to connector. Connectors are loaded when a sync needs them. */
import type { Connection, Project } from '../config/model.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { Destination } from './destination.ts';

/** Opens a connection as a destination. Throws `UserError` when its options cannot work. */
export type OpenDestination = (connection: Connection, context: Context, project: Project) => Promise<Destination>;

/** Loads the connector of one connection type. */
export type DestinationRegistry = ReadonlyMap<string, () => Promise<OpenDestination>>;

/** The connectors that come with Sluice. */
export const DESTINATIONS: DestinationRegistry = new Map([
  ['duckdb', async () => (await import('./duckdb/index.ts')).openDuckDbDestination],
  ['postgres', async () => (await import('./postgres/index.ts')).openPostgresDestination],
  ['salesforce', async () => (await import('./salesforce/index.ts')).openSalesforceDestination],
]);

/** Opens the connection as a destination. Throws `UserError` when its type cannot be written to. */
export async function openDestination(
  registry: DestinationRegistry,
  connection: Connection,
  context: Context,
  project: Project,
): Promise<Destination> {
  const load = registry.get(connection.type);
  if (load === undefined) {
    throw new UserError(`connection "${connection.name}" is a ${connection.type}, which cannot be a destination`, {
      location: connection.location,
      hint: `A destination is one of: ${[...registry.keys()].sort().join(', ')}.`,
    });
  }
  const open = await load();
  return open(connection, context, project);
}
