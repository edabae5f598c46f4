/** The embedded DuckDB in which rows meet and are compared: bounded memory, spills to its own folder, reaches nothing it was not given. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type DuckDBConnection, DuckDBInstance, type DuckDBPreparedStatement, type DuckDBValue, version } from '@duckdb/node-api';

import type { Column } from '../canonical/types.ts';
import { messageOf } from '../errors.ts';
import { OutOfMemoryError, translateDuckDbError } from './duckdb-errors.ts';
import { defaultMemoryLimit, type ElasticLimit } from './memory.ts';
import { ident, literal } from './quote.ts';

/** Rows that SQL can read: what may stand after FROM. */
export interface Relation {
  /** A quoted table name or a parenthesised SELECT. */
  readonly from: string;
  readonly columns: readonly Column[];
}

export type Row = Readonly<Record<string, unknown>>;
export type Params = Readonly<Record<string, DuckDBValue>>;

export interface WorkspaceOptions {
  /**
   * DuckDB's own notation, `2GB`; default a quarter of the machine's memory, or of the container's. Where it may grow, a
   * statement that does not fit runs again with twice as much, and so does a transaction: what it does must bear that.
   */
  readonly memoryLimit?: string | ElasticLimit | undefined;
  readonly threads?: number | undefined;
}

/** Name and version of the engine that hashes rows in a workspace. */
export const WORKSPACE_ENGINE = `duckdb ${version()}`;

export interface AttachOptions {
  /** Of a file that is made: rows that are stored and read together, a multiple of 2,048. */
  readonly rowGroupSize?: number;
}

export class Workspace implements AsyncDisposable {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #folder: string;
  /** Name of each attached database, by its path. */
  readonly #attached = new Map<string, string>();
  /** Names of those that may be written. */
  readonly #writable = new Set<string>();
  readonly #closing: (() => Promise<void>)[] = [];
  /** Undefined when it is fixed. */
  #elastic: ElasticLimit | undefined;
  #inTransaction = false;

  private constructor(parts: {
    instance: DuckDBInstance;
    connection: DuckDBConnection;
    folder: string;
    elastic: ElasticLimit | undefined;
  }) {
    this.#instance = parts.instance;
    this.#connection = parts.connection;
    this.#folder = parts.folder;
    this.#elastic = parts.elastic;
  }

  static async open(options: WorkspaceOptions = {}): Promise<Workspace> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
    const { memoryLimit = defaultMemoryLimit() } = options;
    const elastic = typeof memoryLimit === 'string' ? undefined : memoryLimit;
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: typeof memoryLimit === 'string' ? memoryLimit : `${memoryLimit.mb}MB`,
      temp_directory: join(folder, 'spill'),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      preserve_insertion_order: 'false',
      checkpoint_threshold: '1GB', // a checkpoint for every 16 MB of log rewrites what it has just written; detaching makes one
      errors_as_json: 'true', // gives the exact position; `translateDuckDbError` reads it
      ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
    });
    const connection = await instance.connect();
    const workspace = new Workspace({ instance, connection, folder, elastic });
    await workspace.run("SET TimeZone = 'UTC'");
    return workspace;
  }

  /** Gives memory back, down to so many megabytes. What cannot leave memory stays; a limit that may grow grows from here again. */
  async keepOnly(mb: number): Promise<void> {
    if (await this.#limit(mb)) this.#elastic &&= { ...this.#elastic, mb };
  }

  /** False when more than that is in use and cannot leave memory. */
  async #limit(mb: number): Promise<boolean> {
    try {
      await this.#connection.run(`SET memory_limit = '${mb}MB'`);
      return true;
    } catch (error) {
      if (/memory/i.test(messageOf(error))) return false;
      throw error;
    }
  }

  /** Whether there is more memory now than there was for what failed with this error. */
  async #grow(error: unknown): Promise<boolean> {
    if (!(error instanceof OutOfMemoryError) || this.#elastic === undefined || this.#elastic.mb >= this.#elastic.most) return false;
    this.#elastic = { ...this.#elastic, mb: Math.min(2 * this.#elastic.mb, this.#elastic.most) };
    return this.#limit(this.#elastic.mb);
  }

  /** What writes a checkpoint, or replays a log, has one try: a database for which that failed is not touched again by DuckDB. */
  async #withAllMemory<T>(work: () => Promise<T>): Promise<T> {
    if (this.#elastic === undefined) return work();
    const { mb, most } = this.#elastic;
    await this.#limit(most);
    try {
      return await work();
    } finally {
      await this.#limit(mb);
    }
  }

  /** Runs one statement, and again with more memory where that may be had. */
  async #attempt<T>(sql: string, statement: () => Promise<T>): Promise<T> {
    try {
      return await statement();
    } catch (cause) {
      const error = translateDuckDbError(cause, sql);
      if (this.#inTransaction || !(await this.#grow(error))) throw error;
      return this.#attempt(sql, statement);
    }
  }

  /** The connection, for what only the driver can do (appenders, user-defined functions). */
  get connection(): DuckDBConnection {
    return this.#connection;
  }

  /** A folder of this workspace's own, removed when it closes. */
  get folder(): string {
    return this.#folder;
  }

  /**
   * Attaches a database file and returns the name it has here: DuckDB attaches a file once, so a file that is both source
   * and destination keeps the name it got first. Lock conflicts, missing and foreign files come back as `UserError`.
   */
  async attach(path: string, name: string, mode: 'read' | 'write', { rowGroupSize }: AttachOptions = {}): Promise<string> {
    const known = this.#attached.get(path);
    if (known !== undefined) return known;
    const options = [...(mode === 'read' ? ['READ_ONLY'] : []), ...(rowGroupSize === undefined ? [] : [`ROW_GROUP_SIZE ${rowGroupSize}`])];
    const statement = `ATTACH ${literal(path)} AS ${ident(name)} ${options.length === 0 ? '' : `(${options.join(', ')})`}`;
    await this.#withAllMemory(async () => this.run(statement));
    this.#attached.set(path, name);
    if (mode === 'write') this.#writable.add(name);
    return name;
  }

  isWritable(name: string): boolean {
    return this.#writable.has(name);
  }

  isAttached(name: string): boolean {
    return [...this.#attached.values()].includes(name);
  }

  /** Runs after the workspace has let go of its files. */
  onClose(work: () => Promise<void>): void {
    this.#closing.push(work);
  }

  /** The name under which a database file is attached; undefined while it is not. */
  nameOf(path: string): string | undefined {
    return this.#attached.get(path);
  }

  /** Detaches a database by the name `attach` returned. */
  async detach(name: string): Promise<void> {
    const path = [...this.#attached].find(([, attached]) => attached === name)?.[0];
    if (path === undefined) return;
    this.#attached.delete(path);
    this.#writable.delete(name);
    await this.#withAllMemory(async () => this.run(`DETACH ${ident(name)}`));
  }

  /**
   * From here on nothing outside `folders` and the attached databases can be opened, and no setting can be changed:
   * the user's SQL runs after this.
   */
  async lock(folders: readonly string[]): Promise<void> {
    const allowed = [...folders, this.#folder].map((folder) => literal(folder)).join(', ');
    await this.run(`SET allowed_directories = [${allowed}]`);
    if (folders[0] !== undefined) await this.run(`SET file_search_path = ${literal(folders[0])}`);
    await this.run('SET enable_external_access = false');
    // Explained before it is optimised: what a query asks for in vain is still something that it asks for.
    await this.run("SET explain_output = 'all'");
    await this.run('SET lock_configuration = true');
  }

  async run(sql: string, params?: Params): Promise<void> {
    await this.#attempt(sql, async () => this.#connection.run(sql, params));
  }

  /** Runs a statement that writes and returns how many rows it touched. */
  async change(sql: string): Promise<number> {
    return (await this.#attempt(sql, async () => this.#connection.run(sql))).rowsChanged;
  }

  /** All rows as plain objects; integers beyond 32 bits arrive as `bigint`. For small results. */
  async rows(sql: string, params?: Params): Promise<Row[]> {
    return (await this.#attempt(sql, async () => this.#connection.runAndReadAll(sql, params))).getRowObjectsJS();
  }

  /** The first row. */
  async row(sql: string, params?: Params): Promise<Row> {
    return (await this.rows(sql, params))[0] ?? {};
  }

  /** The first column of the first row, as a number: for counts. */
  async count(sql: string, params?: Params): Promise<number> {
    return Number(Object.values(await this.row(sql, params))[0] ?? 0);
  }

  /** Rows in batches, as DuckDB produces them: memory stays bounded. */
  async *stream(sql: string, params?: Params): AsyncGenerator<Row[]> {
    const result = await this.#attempt(sql, async () => this.#connection.stream(sql, params));
    try {
      for await (const rows of result.yieldRowObjectJs()) yield rows;
    } catch (error) {
      throw translateDuckDbError(error, sql);
    }
  }

  /** Names and types of a SELECT's columns, without running it. */
  async columns(select: string): Promise<Column[]> {
    const statement = await this.prepare(select);
    try {
      return columnsOf(statement);
    } finally {
      statement.destroySync();
    }
  }

  async prepare(sql: string): Promise<DuckDBPreparedStatement> {
    try {
      return await this.#connection.prepare(sql);
    } catch (error) {
      throw translateDuckDbError(error, sql);
    }
  }

  /** Runs `work` in a transaction; rolled back when it throws. With a limit that may grow, `work` may run several times. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.run('BEGIN');
    this.#inTransaction = true;
    try {
      const result = await work();
      await this.#withAllMemory(async () => this.run('COMMIT'));
      return result;
    } catch (error) {
      await this.#connection.run('ROLLBACK').catch(() => undefined);
      if (!(await this.#grow(error))) throw error;
    } finally {
      this.#inTransaction = false;
    }
    return this.transaction(work);
  }

  /** Stops a running statement; it throws. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#elastic !== undefined) await this.#limit(this.#elastic.most); // closing writes checkpoints
    this.#connection.closeSync();
    this.#instance.closeSync();
    for (const work of this.#closing) await work();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Columns of a prepared SELECT. */
export function columnsOf(statement: DuckDBPreparedStatement): Column[] {
  return Array.from({ length: statement.columnCount }, (_, index) => ({
    name: statement.columnName(index),
    type: String(statement.columnType(index)),
  }));
}
