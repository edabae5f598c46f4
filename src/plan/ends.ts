/** The two systems of a sync, opened together and closed together. */
import type { Connection, Project, Sync } from '../config/model.ts';
import type { Context } from '../context.ts';
import type { Destination, ObjectSchema } from '../destinations/destination.ts';
import { type DestinationRegistry, openDestination } from '../destinations/registry.ts';
import { InternalError, type Problem, UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { Source } from '../sources/source.ts';
import { openSource, type SourceRegistry } from '../sources/registry.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type BoundSync, bindSync, mapQuery } from './bind.ts';

/** Connectors by connection type. Plain maps, so that a test can add one. */
export interface Registry {
  readonly sources: SourceRegistry;
  readonly destinations: DestinationRegistry;
}

export interface Ends extends AsyncDisposable {
  readonly source: Source;
  readonly destination: Destination;
}

export async function openEnds(context: Context, registry: Registry, project: Project, sync: Sync): Promise<Ends> {
  const source = await openSource(registry.sources, connectionOf(project, sync.source.connection), context, project);
  try {
    const destination = await openDestination(registry.destinations, connectionOf(project, sync.destination.connection), context, project);
    return {
      source,
      destination,
      async [Symbol.asyncDispose]() {
        await destination[Symbol.asyncDispose]();
        await source[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

export function connectionOf(project: Project, name: string): Connection {
  const connection = project.connections.get(name);
  if (connection === undefined) throw new InternalError(`connection ${name} passed validation but is not in the project`);
  return connection;
}

/** Makes both systems readable from the workspace; runs before it is locked. */
export async function attachEnds(ends: Ends, workspace: Workspace): Promise<void> {
  await ends.destination.attach(workspace);
  await ends.source.attach(workspace); // last: unqualified names of the user's query resolve in the source
}

/** Binds a sync to what its two systems look like now. Throws `UserError` with every problem. */
export async function bindEnds(sync: Sync, ends: Ends): Promise<BoundSync> {
  const columns = await ends.source.describe({ sql: sync.source.query, lines: sync.source.lines, sync: sync.name });
  const mapped = mapQuery(sync, columns);
  const mappedColumns = await ends.source.describe(mapped.query);
  const schema = await describeAt(sync, ends.destination);
  await checkReferences(sync, ends.destination);
  return bindSync({ sync, mapped, columns: mappedColumns, schema, capabilities: ends.destination.capabilities });
}

/** A missing object is reported at the line that names it. */
async function describeAt(sync: Sync, destination: Destination): Promise<ObjectSchema> {
  try {
    return await destination.describe(sync.destination.object);
  } catch (error) {
    throw located(error, sync, ['destination', 'object']);
  }
}

function located(error: unknown, sync: Sync, path: readonly string[]): unknown {
  const first = error instanceof UserError ? error.problems[0] : undefined;
  if (first === undefined || first.location !== undefined) return error;
  return new UserError(first.message, { location: sync.at(...path), hint: first.hint, cause: error });
}

async function checkReferences(sync: Sync, destination: Destination): Promise<void> {
  const problems: Problem[] = [];
  for (const mapping of sync.fields) {
    if (mapping.reference === undefined) continue;
    const { object, key } = mapping.reference;
    const path = ['fields', mapping.field, 'reference'];
    const schema = await destination.describe(object).catch((error: unknown) => {
      throw located(error, sync, [...path, 'object']);
    });
    const names = schema.fields.map((field) => field.name);
    if (names.includes(key)) continue;
    const near = nearest(key, names);
    const hint = near === undefined ? `It has: ${names.join(', ')}.` : `Did you mean "${near}"?`;
    problems.push({ message: `${object} has no field "${key}"`, location: sync.at(...path, 'key'), hint });
  }
  if (problems.length > 0) throw UserError.of(problems);
}
