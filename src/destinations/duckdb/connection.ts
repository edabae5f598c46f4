/** The connection that writes: one process may hold a database file open for writing. */
import { totalmem } from 'node:os';

import { type DuckDBAppender, type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

import { registerFunctions } from '../../canonical/functions.ts';
import { type DatabaseFile, existingFile, explainFileError } from '../../workspace/attach-file.ts';
import { translateDuckDbError } from '../../workspace/duckdb-errors.ts';
import type { Params, Row } from '../../workspace/workspace.ts';

export class WriteConnection implements AsyncDisposable {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  /** Name of the database inside its own connection. */
  readonly database: string;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, database: string) {
    this.#instance = instance;
    this.#connection = connection;
    this.database = database;
  }

  /** Throws `UserError` for a missing, foreign, unwritable or locked file. */
  static async open(file: DatabaseFile): Promise<WriteConnection> {
    const path = await existingFile(file);
    const instance = await openInstance(path, file);
    const connection = await instance.connect();
    registerFunctions(connection, undefined);
    await connection.run("SET TimeZone = 'UTC'");
    const reader = await connection.runAndReadAll('SELECT current_database()');
    return new WriteConnection(instance, connection, String(reader.getRows()[0]?.[0]));
  }

  async run(sql: string): Promise<number> {
    try {
      return (await this.#connection.run(sql)).rowsChanged;
    } catch (error) {
      throw translateDuckDbError(error, sql);
    }
  }

  async rows(sql: string, params?: Params): Promise<Row[]> {
    try {
      return (await this.#connection.runAndReadAll(sql, params)).getRowObjectsJS();
    } catch (error) {
      throw translateDuckDbError(error, sql);
    }
  }

  /** Fills a temporary table through an appender: several times faster than parameters or JSON. */
  async append(table: string, fill: (appender: DuckDBAppender) => void): Promise<void> {
    const appender = await this.#connection.createAppender(table, 'main', 'temp');
    try {
      fill(appender);
    } finally {
      appender.closeSync();
    }
  }

  /** Runs `work` in a transaction; rolled back when it throws. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.run('BEGIN');
    try {
      const result = await work();
      await this.run('COMMIT');
      return result;
    } catch (error) {
      await this.#connection.run('ROLLBACK').catch(() => undefined); // a failed COMMIT has rolled back already
      throw error;
    }
  }

  /** Writes the checkpoint, so that the next reader finds one file and no log beside it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

async function openInstance(path: string, file: DatabaseFile): Promise<DuckDBInstance> {
  try {
    return await DuckDBInstance.fromCache(path, {
      memory_limit: `${Math.floor(totalmem() / 4 / 1e6)}MB`,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      errors_as_json: 'true',
    });
  } catch (error) {
    throw explainFileError(translateDuckDbError(error, ''), file);
  }
}
