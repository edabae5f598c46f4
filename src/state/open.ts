/** Opens the state that the project names. */
import type { Project } from '../config/model.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { LocalState } from './local/local.ts';
import type { State } from './state.ts';

/** Nothing is read or made before it is needed. Throws a `UserError` for a backend that does not exist. */
export async function openState(context: Context, project: Project): Promise<State> {
  const { state } = project;
  if (state.type === 'local') return new LocalState(context, { path: state.path, project: project.name, environment: project.environment });
  const type = project.connections.get(state.connection)?.type;
  throw new UserError(`state cannot be kept in connection ${state.connection}${type === undefined ? '' : ` (${type})`}`, {
    location: state.location,
    hint: 'The backends that exist: local. Write state: { path: .sluice/state.duckdb } in the project file.',
  });
}
