/**
 * One connection to a Postgres server. Every value arrives as the text Postgres wrote, or null. Every statement runs in a
 * transaction that sets what its text depends on, by SET LOCAL: a pooler that hands out another session with every
 * transaction is fine.
 */
import { from as copyFrom } from 'pg-copy-streams';

import type { Connection } from '../config/model.ts';
import type { Context } from '../context.ts';
import { InternalError } from '../errors.ts';
import { ident, literal } from '../workspace/quote.ts';
import { cancelOnAbort } from './cancel.ts';
import { connectDriver, type Driver } from './connect.ts';
import { type CopiedOut, copyOutTo } from './copy-out.ts';
import { copyInto, type CopyInput } from './copy-in.ts';
import { describeStatement, type StatementDescription } from './describe-statement.ts';
import { LostConnectionError, translatePgError } from './errors.ts';
import { type ClientOptions, clientOptions } from './options.ts';

export type { CopiedOut } from './copy-out.ts';
export type { DescribedColumn, StatementDescription } from './describe-statement.ts';

/** A row: every value as Postgres writes it. */
export type PgRow = Readonly<Record<string, string | null>>;
/** A parameter; Postgres infers its type from the statement. Lists become arrays. */
export type PgParam = string | number | bigint | boolean | null | readonly (string | null)[];

/** `READ ONLY`: one snapshot for all of it (REPEATABLE READ). `WRITE`: READ COMMITTED. */
export type TransactionKind = 'READ ONLY' | 'WRITE';

export interface ConnectOptions {
  /** What the server's administrators see: `sluice plan`. */
  readonly application: string;
}

export class PgClient implements AsyncDisposable {
  readonly options: ClientOptions;
  /** Major version of the server. */
  readonly major: number;
  readonly #driver: Driver;
  readonly #context: Context;
  #transaction: TransactionKind | undefined;

  private constructor(options: ClientOptions, driver: Driver, context: Context) {
    this.options = options;
    this.major = driver.major;
    this.#driver = driver;
    this.#context = context;
  }

  /** Throws `UserError` at the connection when it cannot work, `TransientError` when the server says "not now". */
  static async connect(connection: Connection, context: Context, { application }: ConnectOptions): Promise<PgClient> {
    const options = clientOptions(connection, context);
    const driver = await connectDriver(options, application, context.signal);
    return new PgClient(options, driver, context);
  }

  /** Rows of one statement. For small results: they are all in memory. Outside of a transaction it gets one of its own. */
  async rows(sql: string, params: readonly PgParam[] = []): Promise<readonly PgRow[]> {
    return (await this.#inTransaction(async () => this.#query(sql, params))).rows;
  }

  /** Runs one statement and returns the number of affected rows. Outside of a transaction it gets one of its own. */
  async run(sql: string, params: readonly PgParam[] = []): Promise<number> {
    return (await this.#inTransaction(async () => this.#query(sql, params))).rowCount ?? 0;
  }

  /** Runs several statements, separated by semicolons: all of them or, when one fails, none. */
  async script(sql: string): Promise<void> {
    await this.#inTransaction(async () => {
      await this.#guarded(async () => this.#driver.client.query(sql));
    });
  }

  /** Runs `work` in a transaction: committed when it returns, rolled back when it throws. Transactions do not nest. */
  async transaction<T>(kind: TransactionKind, work: () => Promise<T>): Promise<T> {
    await this.begin(kind);
    try {
      const result = await work();
      await this.commit();
      return result;
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  /** Begins a transaction that outlives a function; {@link transaction} is the usual way. */
  async begin(kind: TransactionKind): Promise<void> {
    if (this.#transaction !== undefined) throw new InternalError('transactions do not nest');
    await this.#guarded(async () => this.#driver.client.query(beginSql(kind, this.options)));
    this.#transaction = kind;
  }

  /** A connection that breaks here leaves open whether the transaction counts: `LostConnectionError` with `committing`. */
  async commit(): Promise<void> {
    const kind = this.#transaction;
    this.#transaction = undefined;
    const { command } = await this.#guarded(async () => this.#driver.client.query('COMMIT'), kind === 'WRITE');
    // Postgres answers a COMMIT of a failed transaction with a rollback, not with an error.
    if (command !== 'COMMIT') throw new InternalError('a failed transaction was committed');
  }

  /** Harmless without a transaction and on a broken connection: there is nothing left to roll back. */
  async rollback(): Promise<void> {
    if (this.#transaction === undefined) return;
    this.#transaction = undefined;
    await this.#driver.client.query('ROLLBACK').catch(() => undefined);
  }

  /** Inside a transaction: what `work` did is undone when it throws, and the transaction goes on. */
  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    if (this.#transaction === undefined) throw new InternalError('a savepoint needs a transaction');
    await this.#query('SAVEPOINT sluice', []);
    try {
      const result = await work();
      await this.#query('RELEASE SAVEPOINT sluice', []);
      return result;
    } catch (error) {
      if (!(error instanceof LostConnectionError)) await this.#query('ROLLBACK TO SAVEPOINT sluice', []);
      throw error;
    }
  }

  /** Parameters and columns of one statement. It is parsed, not planned and not run. */
  async describe(sql: string): Promise<StatementDescription> {
    return this.#inTransaction(async () => this.#guarded(async () => describeStatement(this.#driver.client, sql)));
  }

  /**
   * Streams the rows of a SELECT into a file as CSV, behind `head`: null is nothing, text that could be taken for it is
   * quoted. With back-pressure. The SELECT must have been parsed on its own before ({@link describe}): COPY would run what
   * closes its parenthesis.
   */
  async copyOut(select: string, path: string, head = ''): Promise<CopiedOut> {
    const sql = `COPY (\n${select}\n) TO STDOUT (FORMAT csv)`;
    return this.#inTransaction(async () => this.#guarded(async () => copyOutTo(this.#driver.client, sql, path, head)));
  }

  /** Runs `COPY table (columns) FROM STDIN` and feeds it. Returns the number of rows. Back-pressure reaches `chunks`. */
  async copyIn(statement: string, chunks: CopyInput): Promise<number> {
    const sql = chunks.options === undefined ? statement : `${statement} ${chunks.options}`;
    return this.#inTransaction(async () => this.#guarded(async () => copyInto(this.#driver.client.query(copyFrom(sql)), chunks)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rollback();
    await this.#driver.close();
  }

  async #inTransaction<T>(work: () => Promise<T>): Promise<T> {
    return this.#transaction === undefined ? this.transaction('WRITE', work) : work();
  }

  async #query(sql: string, params: readonly PgParam[]): Promise<{ rows: PgRow[]; rowCount: number | null }> {
    // The extended protocol takes one statement only.
    const query = { text: sql, values: [...params], queryMode: 'extended' };
    return this.#guarded(async () => this.#driver.client.query<Record<string, string | null>>(query));
  }

  /**
   * Errors become ours. An abort cancels what a read-only transaction is running, and what it threw is the abort's reason;
   * writes are finished.
   */
  async #guarded<T>(work: () => Promise<T>, committing = false): Promise<T> {
    const { signal } = this.#context;
    const reading = this.#transaction === 'READ ONLY';
    using _cancel = reading ? cancelOnAbort(this.#driver, this.options, signal) : undefined;
    try {
      return await work();
    } catch (error) {
      if (reading && signal.aborted) throw signal.reason;
      throw translatePgError(error, committing);
    }
  }
}

/** One round trip: the transaction and everything that the text of a value depends on. */
function beginSql(kind: TransactionKind, options: ClientOptions): string {
  const begin =
    kind === 'READ ONLY' ? 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' : 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE';
  return [begin, ...settings(options).map(([name, value]) => `SET LOCAL ${name} = ${value}`)].join('; ');
}

function settings(options: ClientOptions): readonly (readonly [name: string, value: string])[] {
  const { schemas, statementTimeout, lockTimeout } = options;
  const timeouts = [
    ['statement_timeout', statementTimeout],
    ['lock_timeout', lockTimeout ?? DEFAULT_LOCK_TIMEOUT],
  ] as const;
  return [
    ...TEXT_FORMS,
    ...(schemas.length === 0 ? [] : [['search_path', schemas.map((schema) => ident(schema)).join(', ')] as const]),
    ...timeouts.flatMap(([name, value]) => (value === undefined ? [] : [[name, literal(value)] as const])),
  ];
}

/** A migration may hold a table for hours: better to say so than to wait. */
const DEFAULT_LOCK_TIMEOUT = '30s';

const TEXT_FORMS = [
  ['DateStyle', "'ISO, YMD'"],
  ['TimeZone', "'UTC'"],
  ['IntervalStyle', "'postgres'"],
  ['extra_float_digits', '1'],
  ['bytea_output', "'hex'"],
  ['standard_conforming_strings', 'on'],
  // Other systems are read between two statements of one snapshot.
  ['idle_in_transaction_session_timeout', "'1h'"],
] as const;
