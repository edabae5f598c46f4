/** Opens the state that the project names. */
import type { Project } from '../config/model.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { LocalState } from './local/local.ts';
import type { State } from './state.ts';

/** Nothing is read or made before it is needed. Throws a `UserError` for a connection that cannot keep state. */
export async function openState(context: Context, project: Project): Promise<State> {
  const { state, name, environment } = project;
  if (state.type === 'local') return new LocalState(context, { path: state.path, project: name, environment });
  const connection = project.connections.get(state.connection);
  if (connection?.type === 'postgres') {
    const { PostgresState } = await import('./postgres/postgres.ts');
    return new PostgresState(context, { connection, schema: state.schema, project: name, environment, location: state.location });
  }
  throw new UserError(`state cannot be kept in connection ${state.connection}${connection === undefined ? '' : ` (${connection.type})`}`, {
    location: state.location,
    hint: 'It can be kept in a connection of type postgres, or in a file: state: { path: .sluice/state.duckdb }.',
  });
}
