/** Source `postgres`: one session, one read-only transaction, one snapshot from `attach` to the end. */
import type { Column } from '../../canonical/types.ts';
import type { Connection } from '../../config/model.ts';
import type { Context } from '../../context.ts';
import { InternalError } from '../../errors.ts';
import { PgClient } from '../../postgres/client.ts';
import { clientOptions } from '../../postgres/options.ts';
import { postgresDialect } from '../../sql/postgres.ts';
import type { Relation, Workspace } from '../../workspace/workspace.ts';
import type { BaseTable } from '../../workspace/base-table.ts';
import type { Comparison, Query, Source, Warehouse } from '../source.ts';
import { once } from '../once.ts';
import { describeQuery, type SourceColumn } from './describe.ts';
import { compareWithBase, lookUpRecords } from './compare.ts';
import { extractRows, failure, passing, passingHashed } from './extract.ts';

/** Opens a connection of type `postgres` as a source. */
export async function openPostgresSource(connection: Connection, context: Context): Promise<PostgresSource> {
  clientOptions(connection, context); // what cannot work is said before anything is connected
  return new PostgresSource(connection, context);
}

export class PostgresSource implements Source {
  readonly dialect = postgresDialect;
  readonly #connection: Connection;
  readonly #context: Context;
  #attached: { readonly client: PgClient; readonly workspace: Workspace } | undefined;
  /** Columns and rows of the queries so far, by their text. */
  readonly #described = new Map<string, Promise<readonly SourceColumn[]>>();
  readonly #extracted = new Map<string, Promise<Relation>>();
  #tables = 0;
  /** The session does one thing at a time. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(connection: Connection, context: Context) {
    this.#connection = connection;
    this.#context = context;
  }

  get engine(): string {
    return `postgres ${this.#session().client.major}`;
  }

  async attach(workspace: Workspace): Promise<void> {
    const client = await PgClient.connect(this.#connection, this.#context, { application: 'sluice' });
    this.#attached = { client, workspace };
    await client.begin('READ ONLY');
  }

  async describe(query: Query): Promise<readonly Column[]> {
    return (await this.#columns(query)).map(({ name, type }) => ({ name, type }));
  }

  async extract(query: Query): Promise<Relation> {
    const { client, workspace } = this.#session();
    const name = `source_${this.#extracted.size}`;
    return once(this.#extracted, query.sql, async () => {
      const passage = passing(query, await this.#columns(query));
      return this.#queued(async () => extractRows(client, workspace, query, passage, name));
    });
  }

  /** Rows are hashed, and compared with base where it lives here too, by the server itself. */
  readonly warehouse: Warehouse = {
    extractHashed: async (query) => this.#extractHashed(query),
    compare: async (query, base, { settled }) => this.#compare(query, base, settled),
    lookUp: async (base, keys) => this.#lookUp(base, keys),
  };

  /** The query with the hash of each row beside it. */
  async hashed(query: Query): Promise<string> {
    return passingHashed(query, await this.#columns(query)).select;
  }

  async #extractHashed(query: Query): Promise<Relation> {
    const { client, workspace } = this.#session();
    const name = `source_${this.#extracted.size}_hashed`;
    return once(this.#extracted, `${query.sql}\nhashed`, async () => {
      const passage = passingHashed(query, await this.#columns(query));
      return this.#queued(async () => extractRows(client, workspace, query, passage, name));
    });
  }

  async #compare(query: Query, base: BaseTable, settled: string): Promise<Comparison> {
    const { client, workspace } = this.#session();
    const passage = passingHashed(query, await this.#columns(query));
    const request = { query, passage, base, settled, prefix: this.#nextTable('compared') };
    try {
      return await this.#queued(async () => client.savepoint(async () => compareWithBase(client, workspace, request)));
    } catch (error) {
      throw failure(error, query, client);
    }
  }

  async #lookUp(base: BaseTable, keys: string): Promise<Relation> {
    const { client, workspace } = this.#session();
    const table = this.#nextTable('looked_up');
    return this.#queued(async () => lookUpRecords(client, workspace, base, { keys, table }));
  }

  #nextTable(name: string): string {
    this.#tables += 1;
    return `${name}_${this.#tables}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const attached = this.#attached;
    this.#attached = undefined;
    await this.#tail.catch(() => undefined);
    await attached?.client[Symbol.asyncDispose]();
  }

  async #columns(query: Query): Promise<readonly SourceColumn[]> {
    const { client } = this.#session();
    return once(this.#described, query.sql, async () => this.#queued(async () => describeQuery(client, query)));
  }

  async #queued<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.catch(() => undefined).then(work);
    this.#tail = turn;
    return turn;
  }

  #session(): { readonly client: PgClient; readonly workspace: Workspace } {
    if (this.#attached === undefined) throw new InternalError('the source is queried before it is attached to a workspace');
    return this.#attached;
  }
}
