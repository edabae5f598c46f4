/** A destination over a real DuckDB file, and the short way to read and write it. */
import type { FieldType } from '../../../src/canonical/types.ts';
import type { Connection, Project } from '../../../src/config/model.ts';
import { processContext } from '../../../src/context.ts';
import type { Destination, Outcome, ReferenceField, WriteBatch } from '../../../src/destinations/destination.ts';
import { DESTINATIONS, openDestination } from '../../../src/destinations/registry.ts';
import { exactText } from '../../../src/canonical/canonical.ts';
import { registerFunctions } from '../../../src/canonical/functions.ts';
import { batchOf, type WrittenOut } from '../../support/write-batch.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { folder, onDatabase } from '../../support/database.ts';

export type Values = Readonly<Record<string, string | null>>;

export interface Change {
  readonly key: readonly string[] | string;
  readonly before?: Values | null;
  readonly after?: Values | null;
}

export interface Target extends AsyncDisposable {
  readonly path: string;
  readonly folder: string;
  readonly destination: Destination;
  /** Closes the writer and runs statements from outside. */
  readonly sql: (...statements: readonly string[]) => Promise<Record<string, unknown>[]>;
  /** Writes one batch; types are those of `describe`, fields those of the first change. */
  readonly write: (
    object: string,
    action: WriteBatch['action'],
    key: readonly string[] | string,
    changes: readonly Change[],
    references?: Readonly<Record<string, ReferenceField>>,
  ) => Promise<readonly Outcome[]>;
  /** Live records with their exact text, as the planner reads them. */
  readonly read: (
    object: string,
    key: readonly string[],
    fields: readonly string[],
    options?: ReadOptions,
  ) => Promise<Record<string, string | null>[]>;
}

export interface ReadOptions {
  readonly keys?: readonly (readonly string[])[];
  readonly references?: Readonly<Record<string, ReferenceField>>;
}

export const AT = { file: 'syncs/connections.yaml', line: 4, column: 1 };

export async function openAt(projectDir: string, options: Record<string, unknown>): Promise<Destination> {
  const context = processContext({ cwd: projectDir, env: {}, emit: () => undefined, signal: new AbortController().signal });
  const connection: Connection = { name: 'crm', type: 'duckdb', options, location: AT };
  return openDestination(DESTINATIONS, connection, context, { dir: projectDir } as Project);
}

export async function target(statements: readonly string[], options: Record<string, unknown> = {}): Promise<Target> {
  const dir = await folder();
  const path = dir.file('crm.duckdb');
  await onDatabase(path, ...statements, 'CHECKPOINT');
  const destination = await openAt(dir.path, { path, ...options });
  const workspace = await writingWorkspace();
  return {
    path,
    folder: dir.path,
    destination,
    sql: async (...more) => {
      await destination[Symbol.asyncDispose]();
      return onDatabase(path, ...more);
    },
    write: async (object, action, key, changes, references = {}) =>
      destination.write(await batchOf(workspace, await shapeOf(destination, object, action, key, changes, references))),
    read: async (object, key, fields, readOptions) => readTexts(destination, object, key, fields, readOptions ?? {}),
    [Symbol.asyncDispose]: async () => {
      await destination[Symbol.asyncDispose]();
      await workspace[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

async function typesOf(destination: Destination, workspace: Workspace, object: string): Promise<ReadonlyMap<string, FieldType>> {
  await destination.attach(workspace);
  return new Map((await destination.describe(object)).fields.map((field) => [field.name, field.type]));
}

/** The workspace of an apply, in which batches stand. */
export async function writingWorkspace(): Promise<Workspace> {
  const workspace = await Workspace.open({ memoryLimit: '500MB' });
  registerFunctions(workspace.connection, undefined);
  return workspace;
}

async function shapeOf(
  describer: Destination,
  object: string,
  action: WriteBatch['action'],
  key: readonly string[] | string,
  changes: readonly Change[],
  references: Readonly<Record<string, ReferenceField>>,
): Promise<WrittenOut> {
  await using workspace = await Workspace.open({ memoryLimit: '500MB' });
  const typeOf = await typesOf(describer, workspace, object);
  const names = Object.keys(changes[0]?.after ?? changes[0]?.before ?? {});
  const field = (name: string): { field: string; type: FieldType; reference?: ReferenceField } => {
    const reference = references[name];
    return reference === undefined
      ? { field: name, type: typeOf.get(name) ?? { kind: 'text' } }
      : { field: name, type: { kind: 'text' }, reference };
  };
  return {
    object,
    action,
    key: [key].flat().map(field),
    fields: names.map(field),
    changes: changes.map((change, seq) => ({
      seq,
      key: [change.key].flat(),
      before: change.before ?? null,
      after: change.after ?? null,
    })),
  };
}

async function readTexts(
  destination: Destination,
  object: string,
  key: readonly string[],
  fields: readonly string[],
  options: ReadOptions,
): Promise<Record<string, string | null>[]> {
  await using workspace = await Workspace.open({ memoryLimit: '500MB' });
  registerFunctions(workspace.connection, undefined);
  const typeOf = await typesOf(destination, workspace, object);
  if (options.keys !== undefined) {
    await workspace.run(`CREATE TEMP TABLE wanted (${key.map((_, index) => `k${index} VARCHAR`).join(', ')})`);
    for (const values of options.keys) {
      const params = Object.fromEntries(values.map((value, index) => [`k${index}`, value]));
      await workspace.run(`INSERT INTO wanted VALUES (${values.map((_, index) => `$k${index}`).join(', ')})`, params);
    }
  }
  const relation = await destination.read({
    object,
    key,
    fields: fields.map((field) => ({ field, reference: options.references?.[field] })),
    keys: options.keys === undefined ? undefined : 'temp.main.wanted',
  });
  const nativeOf = new Map(relation.columns.map((column) => [column.name, column.type]));
  const text = (column: string, name: string): string => {
    const type = options.references?.[name] === undefined ? (typeOf.get(name) ?? { kind: 'text' }) : { kind: 'text' as const };
    return `${exactText(type, { sql: `r.${column}`, type: nativeOf.get(column) ?? 'VARCHAR' })} AS ${column}`;
  };
  const columns = [...key.map((name, index) => text(`k${index}`, name)), ...fields.map((name, index) => text(`f${index}`, name))];
  const rows = await workspace.rows(`SELECT ${columns.join(', ')} FROM ${relation.from} AS r ORDER BY ALL`);
  return rows.map((row) =>
    Object.fromEntries([...key, ...fields].map((name, index) => [name, Object.values(row)[index] as string | null])),
  );
}
