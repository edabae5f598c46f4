/** Destination `duckdb`: tables of a database file. */
import { relative, sep } from 'node:path';

import type { Connection, Project } from '../../config/model.ts';
import type { Context } from '../../context.ts';
import { InternalError, UserError } from '../../errors.ts';
import { attachFile, attachForWriting, type DatabaseFile, existingFile } from '../../workspace/attach-file.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { Destination, LiveRelation, ObjectSchema, Outcome, ReadRequest, WriteBatch } from '../destination.ts';
import { CAPABILITIES } from './capabilities.ts';
import { type Catalog, describeTable } from './describe.ts';
import { readTable } from './read.ts';
import { Writer } from './write.ts';

/** Opens a connection of type `duckdb` as a destination. Throws `UserError` when it names no file. */
export async function openDuckDbDestination(connection: Connection, _context: Context, project: Project): Promise<Destination> {
  const { path, schema } = connection.options;
  if (typeof path !== 'string') {
    throw new UserError(`connection "${connection.name}" has no \`path\``, {
      location: connection.location,
      hint: 'A destination needs a database file: `path: crm.duckdb`. Without one, the connection can only be a source.',
    });
  }
  return new DuckDbDestination({ path, location: connection.location }, typeof schema === 'string' ? schema : 'main', project.dir);
}

/** The file while it is open for writing. */
interface Writing {
  readonly workspace: Workspace;
  readonly database: string;
  readonly writer: Writer;
}

class DuckDbDestination implements Destination {
  readonly capabilities = CAPABILITIES;
  readonly #file: DatabaseFile;
  readonly #schema: string;
  readonly #projectDir: string;
  #catalog: Catalog | undefined;
  #writing: Writing | undefined;

  constructor(file: DatabaseFile, schema: string, projectDir: string) {
    this.#file = file;
    this.#schema = schema;
    this.#projectDir = projectDir;
  }

  /** The path as the project sees it: a database file has no id, and a clone elsewhere must agree. */
  async identify(): Promise<string> {
    await existingFile(this.#file);
    return `duckdb:${relative(this.#projectDir, this.#file.path).split(sep).join('/')}`;
  }

  async attach(workspace: Workspace): Promise<void> {
    // One process must not have the file open twice: closing one of the two would drop the other's lock.
    if (this.#writing?.workspace !== workspace) await this.#endWriting();
    const database = await attachFile(workspace, this.#file);
    this.#catalog = { rows: async (sql, params) => workspace.rows(sql, params), database, schema: this.#schema, known: new Map() };
  }

  async describe(object: string): Promise<ObjectSchema> {
    return (await describeTable(this.#attached(), object)).schema;
  }

  async read(request: ReadRequest): Promise<LiveRelation> {
    return readTable(this.#attached(), request);
  }

  /** Throws `TransientError` while another process has the file open. */
  async write(batch: WriteBatch): Promise<readonly Outcome[]> {
    if (this.#writing?.workspace !== batch.workspace) await this.#endWriting();
    this.#writing ??= await this.#beginWriting(batch.workspace);
    return this.#writing.writer.write(batch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endWriting();
  }

  async #beginWriting(workspace: Workspace): Promise<Writing> {
    const database = await attachForWriting(workspace, this.#file);
    this.#catalog = { rows: async (sql, params) => workspace.rows(sql, params), database, schema: this.#schema, known: new Map() };
    return { workspace, database, writer: new Writer(workspace, this.#file, { database, schema: this.#schema }) };
  }

  /** Writes the checkpoint, so that the next reader finds one file and no log beside it. */
  async #endWriting(): Promise<void> {
    const writing = this.#writing;
    this.#writing = undefined;
    await writing?.workspace.detach(writing.database);
  }

  #attached(): Catalog {
    if (this.#catalog === undefined) throw new InternalError('the destination is read before it is attached to a workspace');
    return this.#catalog;
  }
}
