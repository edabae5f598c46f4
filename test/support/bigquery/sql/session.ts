/** One script's connection: its variables, its temporary tables, its transaction. */
import type { DuckDBConnection, DuckDBDataChunk, DuckDBPreparedStatement } from '@duckdb/node-api';

import type { Catalog, RunOptions, TableRef } from '../engine.ts';
import { fromDuckDb } from './duckdb-errors.ts';
import { invalidQuery, notFound, type Position, SqlError, unknownToFake } from './error.ts';
import { informationSchema } from './information-schema.ts';
import { type Token, tokenize } from './lexer.ts';
import { refOf, tableText } from './names.ts';
import { parameterOf } from './parameters.ts';
import { type Environment, Parser, type Source } from './parser.ts';
import { subquery } from './query.ts';
import { ident, text } from './strings.ts';
import { duckdbType, type SqlType } from './types.ts';
import { wildcard } from './wildcard.ts';

export class Session implements Environment {
  readonly connection: DuckDBConnection;
  /** Not part of the script's transaction: what it selects stays when it is rolled back. */
  readonly outside: DuckDBConnection;
  readonly catalog: Catalog;
  readonly options: RunOptions;
  /** Nothing is executed that changes or reads rows: statements are only planned. */
  readonly dry: boolean;
  /** Script variables by name in small letters. */
  readonly variables = new Map<string, SqlType>();
  /** Temporary tables, by name in small letters, as DuckDB calls them. */
  readonly temporary = new Map<string, string>();
  readonly now: number;
  /** Of the error that an exception handler handles. */
  errorMessage: string | undefined;
  rowCount = 0;
  #rollBack: (() => void) | undefined;

  constructor(
    connections: { readonly own: DuckDBConnection; readonly outside: DuckDBConnection },
    catalog: Catalog,
    options: RunOptions,
    dry: boolean,
  ) {
    this.connection = connections.own;
    this.outside = connections.outside;
    this.catalog = catalog;
    this.options = options;
    this.dry = dry;
    this.now = options.now();
  }

  get project(): string {
    return this.catalog.project;
  }

  parser(tokens: readonly Token[], end: Token): Parser {
    return new Parser(tokens, end, this);
  }

  ref(path: readonly string[], where?: Position): TableRef {
    return refOf(path, { project: this.project, defaultDataset: this.options.defaultDataset }, where);
  }

  source(path: readonly string[], where: Position): Source {
    const temporary =
      path.length === 1 || path[0]?.toUpperCase() === '_SESSION' ? this.temporary.get(path.at(-1)?.toLowerCase() ?? '') : undefined;
    if (temporary !== undefined) return { from: temporary };
    if (path.some((part) => part.toUpperCase() === 'INFORMATION_SCHEMA')) {
      return { from: informationSchema(this.catalog, path, this.options.defaultDataset, where), metadata: true };
    }
    const ref = this.ref(path, where);
    if (ref.tableId.endsWith('*')) return { from: wildcard(this.catalog, ref) };
    const entry = this.catalog.table(ref);
    if (entry === undefined) throw this.missing(ref);
    return { from: entry.view === undefined ? entry.duckdb : this.#view(entry.view), entry };
  }

  /** The error for a table that is not there: project and dataset are looked for first. */
  missing(ref: TableRef, action = 'query'): SqlError {
    if (ref.projectId !== this.project) {
      const name = tableText(ref);
      const message = `Access Denied: Table ${name}: User does not have permission to ${action} table ${name}, or perhaps it does not exist.`;
      return new SqlError('accessDenied', message, 403);
    }
    const suffix = ` was not found in location ${this.options.location ?? 'US'}`;
    if (!this.catalog.hasDataset(ref.projectId, ref.datasetId)) return notFound(`Dataset ${ref.projectId}:${ref.datasetId}`, suffix);
    return notFound(`Table ${tableText(ref)}`, suffix);
  }

  #view(query: string): string {
    const tokens = tokenize(query);
    const end = tokens.at(-1) as Token;
    const parser = this.parser(tokens.slice(0, -1), end);
    const translated = subquery(parser);
    return `(${translated})`;
  }

  parameter(name: string, where: Position): string {
    return parameterOf(this.options.params ?? [], name, where);
  }

  variable(name: string): string | undefined {
    const type = this.variables.get(name.toLowerCase());
    return type === undefined ? undefined : `CAST(getvariable(${text(name.toLowerCase())}) AS ${duckdbType(type)})`;
  }

  async set(name: string, value: string, where: Position): Promise<void> {
    const type = this.variables.get(name.toLowerCase());
    if (type === undefined) throw invalidQuery(`Undeclared variable: ${name}`, where);
    await this.run(`SET VARIABLE ${ident(name.toLowerCase())} = CAST(${this.dry ? 'NULL' : value} AS ${duckdbType(type)})`, []);
  }

  system(name: string, where: Position): string {
    switch (name) {
      case 'error.message':
        return this.errorMessage === undefined ? 'CAST(NULL AS VARCHAR)' : text(this.errorMessage);
      case 'row_count':
        return `${this.rowCount}::BIGINT`;
      case 'project_id':
        return text(this.project);
      case 'dataset_id':
        return text(this.options.defaultDataset?.datasetId ?? '');
      case 'time_zone':
        return `'UTC'`;
      default:
        throw unknownToFake(`@@${name}`, where);
    }
  }

  /** Runs DuckDB's SQL. `tokens` are the statement it came from. */
  async run(sql: string, tokens: readonly Token[]): Promise<readonly (readonly unknown[])[]> {
    try {
      return (await this.connection.runAndReadAll(sql)).getRows();
    } catch (error) {
      throw fromDuckDb(error, tokens);
    }
  }

  /** Rows as DuckDB hands them over. */
  async chunks(sql: string, tokens: readonly Token[]): Promise<readonly DuckDBDataChunk[]> {
    try {
      return await (await this.connection.run(sql)).fetchAllChunks();
    } catch (error) {
      throw fromDuckDb(error, tokens);
    }
  }

  async prepare(sql: string, tokens: readonly Token[]): Promise<DuckDBPreparedStatement> {
    try {
      return await this.connection.prepare(sql);
    } catch (error) {
      throw fromDuckDb(error, tokens);
    }
  }

  /** One value as text. */
  async value(sql: string, tokens: readonly Token[]): Promise<string | null> {
    const [row] = await this.run(`SELECT CAST((${sql}) AS VARCHAR)`, tokens);
    return (row?.[0] as string | null | undefined) ?? null;
  }

  get inTransaction(): boolean {
    return this.#rollBack !== undefined;
  }

  async begin(): Promise<void> {
    if (this.#rollBack !== undefined)
      throw invalidQuery('Transaction control statement: BEGIN TRANSACTION is not supported inside a transaction');
    this.#rollBack = this.catalog.snapshot();
    if (!this.dry) await this.run('BEGIN TRANSACTION', []);
  }

  /** COMMIT or ROLLBACK. */
  async end(commit: boolean): Promise<void> {
    const rollBack = this.#rollBack;
    if (rollBack === undefined)
      throw invalidQuery(`${commit ? 'COMMIT' : 'ROLLBACK'} TRANSACTION is not allowed: there is no active transaction`);
    this.#rollBack = undefined;
    if (!commit) rollBack();
    if (!this.dry) await this.run(commit ? 'COMMIT' : 'ROLLBACK', []);
  }

  async close(): Promise<void> {
    try {
      if (this.inTransaction) await this.end(false);
    } finally {
      this.connection.closeSync();
    }
  }
}
