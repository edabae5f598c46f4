/** The session with the server: opened when it is needed, opened again when it broke. */
import type { Connection } from '../../config/model.ts';
import type { Context } from '../../context.ts';
import { PgClient, type TransactionKind } from '../../postgres/client.ts';
import { LostConnectionError } from '../../postgres/errors.ts';

export class Session implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #context: Context;
  #client: PgClient | undefined;

  constructor(connection: Connection, context: Context) {
    this.#connection = connection;
    this.#context = context;
  }

  /** Runs `work` in a transaction. A session that broke while nothing ran is replaced. */
  async transaction<T>(kind: TransactionKind, work: (client: PgClient) => Promise<T>): Promise<T> {
    const client = await this.#begun(kind);
    try {
      const result = await work(client);
      await client.commit();
      return result;
    } catch (error) {
      if (error instanceof LostConnectionError) await this[Symbol.asyncDispose]();
      else await client.rollback();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.[Symbol.asyncDispose]();
  }

  /** A server or pooler may have closed the session since it was last used: that is no failure of this transaction. */
  async #begun(kind: TransactionKind): Promise<PgClient> {
    const used = this.#client;
    if (used !== undefined) {
      try {
        await used.begin(kind);
        return used;
      } catch (error) {
        if (!(error instanceof LostConnectionError)) throw error;
        await this[Symbol.asyncDispose]();
      }
    }
    this.#client = await PgClient.connect(this.#connection, this.#context, { application: 'sluice' });
    await this.#client.begin(kind);
    return this.#client;
  }
}
