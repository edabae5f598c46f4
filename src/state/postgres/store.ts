/** What every part of the Postgres state works with: its connections, its tables, and whose state it is. */
import type { Context } from '../../context.ts';
import { InternalError } from '../../errors.ts';
import type { PgClient } from '../../postgres/client.ts';
import type { StatePlace } from './errors.ts';
import type { Owner } from './heads.ts';
import { makeSchema, schemaIsThere } from './schema.ts';
import { Session, type SessionOptions } from './session.ts';
import { Tables } from './tables.ts';

export class Store implements AsyncDisposable {
  readonly context: Context;
  readonly tables: Tables;
  readonly owner: Owner;
  readonly place: StatePlace;
  readonly #reader: Session;
  readonly #writer: Session;
  #isMade = false;

  constructor(context: Context, owner: Owner, options: SessionOptions) {
    this.context = context;
    this.owner = owner;
    this.place = options.place;
    this.tables = new Tables(options.place.schema);
    this.#reader = new Session(context, options);
    // What was done is recorded also after Ctrl-C.
    this.#writer = new Session({ ...context, signal: new AbortController().signal }, options);
  }

  /** One snapshot of the state. `absent`: what to answer while there is no state yet. */
  async reading<T>(absent: T, work: (client: PgClient) => Promise<T>): Promise<T> {
    return this.#reader.reading(async (client) => ((await schemaIsThere(client, this.tables, this.place)) ? work(client) : absent));
  }

  /** The server itself, whether there is state or not. */
  async askServer<T>(work: (client: PgClient) => Promise<T>): Promise<T> {
    return this.#reader.reading(work);
  }

  /** One transaction, repeated where that may help: see {@link Session}. The schema is there. */
  async writing<T>(work: (client: PgClient) => Promise<T>): Promise<T> {
    await this.#make();
    return this.#writer.writing(work);
  }

  /** The row of a sync, made when there is none. */
  async syncId(sync: string): Promise<string> {
    const { syncs } = this.tables;
    const { project, environment } = this.owner;
    return this.writing(async (client) => {
      await client.run(`INSERT INTO ${syncs} (project, environment, sync) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, [
        project,
        environment,
        sync,
      ]);
      const id = await this.findSyncId(client, sync);
      if (id === undefined) throw new InternalError(`the row of ${sync} is gone`);
      return id;
    });
  }

  async findSyncId(client: PgClient, sync: string): Promise<string | undefined> {
    const { project, environment } = this.owner;
    const rows = await client.rows(`SELECT id FROM ${this.tables.syncs} WHERE project = $1 AND environment = $2 AND sync = $3`, [
      project,
      environment,
      sync,
    ]);
    return rows[0]?.['id'] ?? undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]();
    await this.#writer[Symbol.asyncDispose]();
  }

  async #make(): Promise<void> {
    if (this.#isMade) return;
    await this.#writer.writing(async (client) => makeSchema(client, this.tables, this.place));
    this.#isMade = true;
  }
}
