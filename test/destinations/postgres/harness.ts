/** A destination over a database of a real server, and the short way to read and write it. */
import { exactText } from '../../../src/canonical/canonical.ts';
import { registerFunctions } from '../../../src/canonical/functions.ts';
import type { FieldType } from '../../../src/canonical/types.ts';
import type { Connection, Project } from '../../../src/config/model.ts';
import { processContext } from '../../../src/context.ts';
import type { Destination, Outcome, ReferenceField, WriteBatch } from '../../../src/destinations/destination.ts';
import { DESTINATIONS, openDestination } from '../../../src/destinations/registry.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { onPostgres, type Postgres, type RawRow } from '../../support/postgres.ts';
import { batchOf } from '../../support/write-batch.ts';

export type Values = Readonly<Record<string, string | null>>;

export interface Change {
  readonly key: readonly string[] | string;
  readonly before?: Values | null;
  readonly after?: Values | null;
}

export interface ReadOptions {
  readonly keys?: readonly (readonly string[])[];
  readonly references?: Readonly<Record<string, ReferenceField>>;
}

export interface WriteOptions {
  readonly references?: Readonly<Record<string, ReferenceField>>;
  /** Types that the sync gives to fields, instead of those of their columns. */
  readonly types?: Readonly<Record<string, FieldType>>;
}

export const AT = { file: 'syncs/connections.yaml', line: 4, column: 1 };

export async function openAt(options: Record<string, unknown>): Promise<Destination> {
  const context = processContext({ cwd: '/', env: {}, emit: () => undefined, signal: new AbortController().signal });
  const connection: Connection = { name: 'crm', type: 'postgres', options, location: AT };
  return openDestination(DESTINATIONS, connection, context, { dir: '/' } as Project);
}

export class Target implements AsyncDisposable {
  readonly url: string;
  readonly destination: Destination;
  readonly workspace: Workspace;
  #keys = 0;

  private constructor(url: string, destination: Destination, workspace: Workspace) {
    this.url = url;
    this.destination = destination;
    this.workspace = workspace;
  }

  /** A new database with these tables. `options`: of the connection; its `url` may lead through a proxy. */
  static async create(server: Postgres, statements: readonly string[], options: Record<string, unknown> = {}): Promise<Target> {
    const url = await server.createDatabase();
    await onPostgres(url, ...statements);
    return Target.open(url, { url, ...options });
  }

  static async open(url: string, options: Record<string, unknown>): Promise<Target> {
    const workspace = await Workspace.open({ memoryLimit: '500MB' });
    registerFunctions(workspace.connection, undefined);
    const destination = await openAt(options);
    await destination.attach(workspace);
    return new Target(url, destination, workspace);
  }

  /** Runs statements from outside. */
  async sql(...statements: readonly string[]): Promise<readonly RawRow[]> {
    return onPostgres(this.url, ...statements);
  }

  /** Writes one batch; types are those of `describe`, fields those of the first change. */
  async write(
    object: string,
    action: WriteBatch['action'],
    key: readonly string[] | string,
    changes: readonly Change[],
    options: WriteOptions = {},
  ): Promise<readonly Outcome[]> {
    return this.destination.write(await this.batch(object, action, key, changes, options));
  }

  async batch(
    object: string,
    action: WriteBatch['action'],
    key: readonly string[] | string,
    changes: readonly Change[],
    { references = {}, types = {} }: WriteOptions = {},
  ): Promise<WriteBatch> {
    const typeOf = await this.#types(object);
    const field = (name: string): { field: string; type: FieldType; reference?: ReferenceField } => {
      const reference = references[name];
      return reference === undefined
        ? { field: name, type: types[name] ?? typeOf.get(name) ?? { kind: 'text' } }
        : { field: name, type: { kind: 'text' }, reference };
    };
    return batchOf(this.workspace, {
      object,
      action,
      key: [key].flat().map(field),
      fields: Object.keys(changes[0]?.after ?? changes[0]?.before ?? {}).map(field),
      changes: changes.map((change, seq) => ({
        seq,
        key: [change.key].flat(),
        before: change.before ?? null,
        after: change.after ?? null,
      })),
    });
  }

  /** Live records with their exact text, as the planner reads them, in the order of their text. */
  async read(
    object: string,
    key: readonly string[],
    fields: readonly string[],
    options: ReadOptions = {},
  ): Promise<Record<string, string | null>[]> {
    const typeOf = await this.#types(object);
    const relation = await this.destination.read({
      object,
      key,
      fields: fields.map((field) => ({ field, reference: options.references?.[field] })),
      keys: options.keys === undefined ? undefined : await this.#keyTable(key.length, options.keys),
    });
    const nativeOf = new Map(relation.columns.map((column) => [column.name, column.type]));
    const text = (column: string, name: string): string => {
      const type = options.references?.[name] === undefined ? (typeOf.get(name) ?? { kind: 'text' }) : { kind: 'text' as const };
      return `${exactText(type, { sql: `r.${column}`, type: nativeOf.get(column) ?? 'VARCHAR' })} AS ${column}`;
    };
    const columns = [...key.map((name, index) => text(`k${index}`, name)), ...fields.map((name, index) => text(`f${index}`, name))];
    const rows = await this.workspace.rows(`SELECT ${columns.join(', ')} FROM ${relation.from} AS r ORDER BY ALL`);
    return rows.map((row) =>
      Object.fromEntries([...key, ...fields].map((name, index) => [name, Object.values(row)[index] as string | null])),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destination[Symbol.asyncDispose]();
    await this.workspace[Symbol.asyncDispose]();
  }

  async #types(object: string): Promise<ReadonlyMap<string, FieldType>> {
    return new Map((await this.destination.describe(object)).fields.map((field) => [field.name, field.type]));
  }

  async #keyTable(parts: number, keys: readonly (readonly string[])[]): Promise<string> {
    this.#keys += 1;
    const table = `wanted_${this.#keys}`;
    const names = Array.from({ length: parts }, (_, index) => `k${index}`);
    await this.workspace.run(`CREATE TEMP TABLE ${table} (${names.map((name) => `${name} VARCHAR`).join(', ')})`);
    const appender = await this.workspace.connection.createAppender(table, 'main', 'temp');
    for (const key of keys) {
      for (const part of key) appender.appendVarchar(part);
      appender.endRow();
    }
    appender.closeSync();
    return `temp.main.${table}`;
  }
}
