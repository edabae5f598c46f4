/** Opens the state that the project names. */
import { type Connection, DEFAULT_STATE_NAME, type Project, type StateConfig } from '../config/model.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { LocalState } from './local/local.ts';
import type { State } from './state.ts';

type InConnection = Extract<StateConfig, { type: 'connection' }>;

/** Nothing is read or made before it is needed. Throws a `UserError` for a connection that cannot keep state. */
export async function openState(context: Context, project: Project): Promise<State> {
  const { state, name, environment } = project;
  if (state.type === 'local') return new LocalState(context, { path: state.path, project: name, environment });
  const connection = project.connections.get(state.connection);
  const { location } = state;
  if (connection?.type === 'postgres') {
    const schema = nameOf(state, connection, 'schema', 'dataset');
    const { PostgresState } = await import('./postgres/postgres.ts');
    return new PostgresState(context, { connection, schema, project: name, environment, location });
  }
  if (connection?.type === 'bigquery') {
    const dataset = nameOf(state, connection, 'dataset', 'schema');
    const { BigQueryState } = await import('./bigquery/bigquery.ts');
    return new BigQueryState(context, { connection, dataset, project: name, environment, location });
  }
  throw new UserError(`state cannot be kept in connection ${state.connection}${connection === undefined ? '' : ` (${connection.type})`}`, {
    location,
    hint: 'It can be kept in a connection of type postgres or bigquery, or in a file: state: { path: .sluice/state.duckdb }.',
  });
}

function nameOf(state: InConnection, connection: Connection, right: 'schema' | 'dataset', wrong: 'schema' | 'dataset'): string {
  const given = state[wrong];
  if (given !== undefined) {
    throw new UserError(`state: ${wrong} goes with another kind of connection: ${connection.name} is of type ${connection.type}`, {
      location: state.location,
      hint: `Write ${right} instead: state: { connection: ${connection.name}, ${right}: ${given} }.`,
    });
  }
  return state[right] ?? DEFAULT_STATE_NAME;
}
