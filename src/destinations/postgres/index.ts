/** Destination `postgres`: tables of a Postgres database. */
import type { Connection } from '../../config/model.ts';
import type { Context } from '../../context.ts';
import { InternalError } from '../../errors.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { Destination, LiveRelation, ObjectSchema, Outcome, ReadRequest, WriteBatch } from '../destination.ts';
import { CAPABILITIES } from './capabilities.ts';
import { Session } from './connection.ts';
import { describeTable } from './describe.ts';
import { Reader } from './read.ts';
import { Writer } from './write.ts';

/** Opens a connection of type `postgres` as a destination. The server is reached when it is first needed. */
export async function openPostgresDestination(connection: Connection, context: Context): Promise<Destination> {
  return new PostgresDestination(new Session(connection, context));
}

class PostgresDestination implements Destination {
  readonly capabilities = CAPABILITIES;
  readonly #session: Session;
  readonly #writer: Writer;
  #reader: Reader | undefined;

  constructor(session: Session) {
    this.#session = session;
    this.#writer = new Writer(session);
  }

  /** The cluster's own id and the database in it: the same however it is reached, another for every other server. */
  async identify(): Promise<string> {
    return this.#session.transaction('READ ONLY', async (client) => {
      const [row] = await client.rows('SELECT system_identifier::text AS cluster, current_database() AS database FROM pg_control_system()');
      return `postgres:${row?.['cluster'] ?? ''}/${row?.['database'] ?? ''}`;
    });
  }

  async attach(workspace: Workspace): Promise<void> {
    this.#reader = new Reader(workspace);
  }

  async describe(object: string): Promise<ObjectSchema> {
    return this.#session.transaction('READ ONLY', async (client) => {
      const table = await describeTable(async (sql, params) => client.rows(sql, params), object);
      return table.schema;
    });
  }

  async read(request: ReadRequest): Promise<LiveRelation> {
    const reader = this.#reader;
    if (reader === undefined) throw new InternalError('the destination is read before it is attached to a workspace');
    return this.#session.transaction('READ ONLY', async (client) => reader.read(client, request));
  }

  async write(batch: WriteBatch): Promise<readonly Outcome[]> {
    this.#reader?.forget();
    return this.#writer.write(batch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
