/**
 * One connection to the database of the state, opened when it is first needed. Every piece of work is one transaction, so
 * that a pooler may hand out another session each time, and is repeated when it failed for a reason that passes. It must
 * therefore bear being repeated, also after a COMMIT of which nobody knows whether it arrived.
 */
import type { Connection } from '../../config/model.ts';
import type { Context } from '../../context.ts';
import { TransientError, UserError } from '../../errors.ts';
import { PgClient, type TransactionKind } from '../../postgres/client.ts';
import { LostConnectionError, PgError } from '../../postgres/errors.ts';
import { explainStateError, type StatePlace } from './errors.ts';

const ATTEMPTS = 7;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export interface SessionOptions {
  readonly connection: Connection;
  readonly place: StatePlace;
  readonly application: string;
}

export class Session implements AsyncDisposable {
  readonly #context: Context;
  readonly #options: SessionOptions;
  #client: PgClient | undefined;
  /** The last work that was asked for: one at a time, in their order. */
  #tail: Promise<unknown> = Promise.resolve();
  #wasConnected = false;

  constructor(context: Context, options: SessionOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** One snapshot. */
  async reading<T>(work: (client: PgClient) => Promise<T>): Promise<T> {
    return this.#queued(async () => this.#persistently('READ ONLY', work));
  }

  /** One transaction, all of it or nothing. `work` is repeated when it is not known to have been committed. */
  async writing<T>(work: (client: PgClient) => Promise<T>): Promise<T> {
    return this.#queued(async () =>
      this.#persistently('WRITE', async (client) => {
        // A limit that the connection sets for queries would leave a large run unfolded for ever.
        await client.run('SET LOCAL statement_timeout = 0');
        return work(client);
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tail.catch(() => undefined);
    await this.#disconnect();
  }

  async #queued<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.catch(() => undefined).then(work);
    this.#tail = turn;
    return turn;
  }

  async #persistently<T>(kind: TransactionKind, work: (client: PgClient) => Promise<T>): Promise<T> {
    for (let attempt = 1, pause = FIRST_PAUSE_MS; ; attempt += 1, pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const client = await this.#connected();
        return await client.transaction(kind, async () => work(client));
      } catch (error) {
        if (error instanceof LostConnectionError) await this.#disconnect();
        if (attempt === ATTEMPTS || !passes(error)) throw explainStateError(this.#options.place, error);
      }
      await this.#context.sleep(jittered(this.#context, pause));
    }
  }

  async #connected(): Promise<PgClient> {
    if (this.#client !== undefined) return this.#client;
    const { connection, application } = this.#options;
    try {
      this.#client = await PgClient.connect(connection, this.#context, { application });
    } catch (error) {
      // It worked before: the server is being restarted.
      if (this.#wasConnected && error instanceof UserError)
        throw new LostConnectionError(error.message, { committing: false, cause: error });
      throw error;
    }
    this.#wasConnected = true;
    return this.#client;
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.[Symbol.asyncDispose]();
  }
}

/**
 * Two that make the same schema or table at once meet in the catalog (23505, 42P07, 42P06, XX000 "tuple concurrently updated"); a table
 * that a finished run dropped between two statements of a reader is another one now (42P01).
 */
function passes(error: unknown): boolean {
  if (error instanceof TransientError) return true;
  if (!(error instanceof PgError)) return false;
  if (error.sqlstate === '23505') return error.schema === 'pg_catalog';
  return ['42P01', '42P06', '42P07'].includes(error.sqlstate) || (error.sqlstate === 'XX000' && /concurrently/.test(error.message));
}

/** Two that met must not meet again: 50% to 150% of the pause. */
function jittered(context: Context, pause: number): number {
  return Math.round(pause * (0.5 + parseInt(context.randomHex(2), 16) / 65_536));
}
