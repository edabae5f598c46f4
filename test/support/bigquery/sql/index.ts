/**
 * The SQL side of the fake BigQuery: GoogleSQL, parsed and translated to DuckDB by itself. Strict: a function, option or statement that it
 * does not know is an error that names it (what that is: `README.md`). Transpilers were tried first: they
 * answer with another meaning where this answers with an error, and know no positions.
 */
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

import type { Catalog, DryRun, Engine, Field, Page, RunOptions, StatementResult, TableEntry, WireRow } from '../engine.ts';
import { invalidQuery } from './error.ts';
import { interpret } from './interpreter.ts';
import { tokenize } from './lexer.ts';
import { macros } from './macros.ts';
import { columnBytes } from './scan.ts';
import { type Node, parseScript } from './script.ts';
import { Session } from './session.ts';
import { registerUdfs } from './udfs.ts';
import { pageOf } from './wire.ts';

export { SqlError } from './error.ts';
export { fieldsOfQuery, valueOfText } from './loading.ts';
export { columnDefinitions } from './names.ts';

/** Bytes of all rows of a table, at BigQuery's sizes. */
export async function tableBytes(connection: DuckDBConnection, entry: TableEntry): Promise<bigint> {
  return columnBytes(connection, entry.duckdb, () => true);
}

const SETTINGS = [
  `SET GLOBAL TimeZone = 'UTC'`,
  `SET GLOBAL default_null_order = 'nulls_first_on_asc_last_on_desc'`,
  // A column is billed even where statistics show that no row passes: the plan must scan it.
  `SET GLOBAL disabled_optimizers = 'statistics_propagation,empty_result_pullup'`,
];

function parse(sql: string): readonly Node[] {
  const nodes = parseScript(tokenize(sql));
  if (nodes.length === 0) throw invalidQuery('Syntax error: Unexpected end of statement', { line: 1, column: 1 });
  return nodes;
}

export class SqlEngine implements Engine {
  readonly #instance: DuckDBInstance;
  readonly #catalog: Catalog;
  /** Reads pages. */
  readonly #reader: DuckDBConnection;

  private constructor(instance: DuckDBInstance, catalog: Catalog, reader: DuckDBConnection) {
    this.#instance = instance;
    this.#catalog = catalog;
    this.#reader = reader;
  }

  static async open(instance: DuckDBInstance, catalog: Catalog): Promise<SqlEngine> {
    const connection = await instance.connect();
    registerUdfs(connection);
    for (const statement of [...SETTINGS, 'CREATE SCHEMA results', ...macros()]) await connection.run(statement);
    return new SqlEngine(instance, catalog, connection);
  }

  isScript(sql: string): boolean {
    const nodes = parse(sql);
    return nodes.length > 1 || nodes[0]?.kind !== 'statement';
  }

  async *run(sql: string, options: RunOptions): AsyncGenerator<StatementResult, void, undefined> {
    yield* this.#interpret(sql, options, false);
  }

  async dryRun(sql: string, options: RunOptions): Promise<DryRun> {
    const results: StatementResult[] = [];
    for await (const result of this.#interpret(sql, options, true)) results.push(result);
    const referenced = new Map(results.flatMap((result) => result.referencedTables).map((ref) => [JSON.stringify(ref), ref]));
    const bytes = results.reduce((sum, result) => sum + result.bytes, 0n);
    const { statementType = 'SCRIPT', schema } = this.isScript(sql) ? {} : (results[0] ?? {});
    return { statementType, bytes, referencedTables: [...referenced.values()], ...(schema === undefined ? {} : { schema }) };
  }

  async *#interpret(sql: string, options: RunOptions, dry: boolean): AsyncGenerator<StatementResult, void, undefined> {
    const nodes = parse(sql);
    const connection = await this.#instance.connect();
    const session = new Session({ own: connection, outside: this.#reader }, this.#catalog, options, dry);
    const stopping: { timer?: NodeJS.Timeout } = {};
    // Again and again: it may come between two statements, or before the first has begun.
    const stop = (): void => void (stopping.timer = setInterval(() => connection.interrupt(), 10));
    options.signal?.addEventListener('abort', stop);
    if (options.signal?.aborted === true) stop();
    try {
      yield* interpret(session, sql, nodes);
    } catch (error) {
      // What an interrupted statement says is not the reason.
      options.signal?.throwIfAborted();
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', stop);
      clearInterval(stopping.timer);
      await session.close();
    }
  }

  async page(table: string, fields: readonly Field[], page: Page): Promise<WireRow[]> {
    return pageOf(this.#reader, table, fields, page);
  }

  close(): void {
    this.#reader.closeSync();
  }
}
