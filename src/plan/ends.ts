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
    const destination = await openDestination(registry.destinations, destinationOf(project, sync), context, project);
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

/** The connection that a sync writes to: options of the sync's `destination` go before those of the connection. */
export function destinationOf(project: Project, { destination }: Pick<Sync, 'destination'>): Connection {
  const connection = connectionOf(project, destination.connection);
  if (Object.keys(destination.options).length === 0) return connection;
  return { ...connection, options: { ...connection.options, ...destination.options } };
}

/** Makes both systems readable from the workspace; runs before it is locked. */
export async function attachEnds(ends: Ends, workspace: Workspace): Promise<void> {
  await ends.destination.attach(workspace);
  await ends.source.attach(workspace); // last: unqualified names of the user's query resolve in the source
}

/** Binds a sync to what its two systems look like now. Throws `UserError` with every problem. */
export async function bindEnds(sync: Sync, ends: Ends): Promise<BoundSync> {
  const columns = await ends.source.describe({ sql: sync.source.query, lines: sync.source.lines, sync: sync.name });
  const mapped = mapQuery(sync, columns, ends.source.dialect);
  const mappedColumns = await ends.source.describe(mapped.query);
  const schema = await describeAt(sync, ends.destination);
  const targets = await describeTargets(sync, schema, ends.destination);
  return bindSync({ sync, mapped, columns: mappedColumns, schema, targets, capabilities: ends.destination.capabilities });
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

/** The objects that fields of the sync refer to. Throws `UserError` with every reference that cannot be one. */
async function describeTargets(sync: Sync, own: ObjectSchema, destination: Destination): Promise<ReadonlyMap<string, ObjectSchema>> {
  const problems: Problem[] = [];
  const targets = new Map<string, ObjectSchema>();
  for (const mapping of sync.fields) {
    if (mapping.reference === undefined) continue;
    const { object, key } = mapping.reference;
    const path = ['fields', mapping.field, 'reference'];
    const allowed = own.fields.find((field) => field.name === mapping.field)?.referenceTo;
    if (allowed !== undefined && !allowed.includes(object)) {
      const hint = allowed.length === 0 ? 'Map it without `reference`.' : `It refers to: ${allowed.join(', ')}.`;
      problems.push({ message: `field "${mapping.field}" does not refer to ${object}`, location: sync.at(...path, 'object'), hint });
      continue;
    }
    const schema = await destination.describe(object).catch((error: unknown) => {
      throw located(error, sync, [...path, 'object']);
    });
    targets.set(object, schema);
    const names = schema.fields.map((field) => field.name);
    if (names.includes(key) && isKey(schema, key)) continue;
    if (names.includes(key)) {
      const keys = [...schema.uniqueKeys.flat(), ...(schema.looseKeys ?? [])];
      const hint = keys.length === 0 ? undefined : `Records of ${object} can be looked up by: ${keys.join(', ')}.`;
      problems.push({ message: `no ${object} can be looked up by "${key}"`, location: sync.at(...path, 'key'), hint });
      continue;
    }
    const near = nearest(key, names);
    const hint = near === undefined ? `It has: ${names.join(', ')}.` : `Did you mean "${near}"?`;
    problems.push({ message: `${object} has no field "${key}"`, location: sync.at(...path, 'key'), hint });
  }
  if (problems.length > 0) throw UserError.of(problems);
  return targets;
}

/** Where only fields that are marked for it identify records, a reference needs one of them. */
function isKey({ looseKeys, uniqueKeys }: ObjectSchema, key: string): boolean {
  return looseKeys === undefined || looseKeys.includes(key) || uniqueKeys.some((each) => each.length === 1 && each[0] === key);
}
