/** Asks the fake's SQL without the REST side: for the tests of the SQL alone. */
import { DuckDBInstance } from '@duckdb/node-api';

import { MemoryCatalog } from '../support/bigquery/catalog.ts';
import type { DryRun, QueryParameter, StatementResult } from '../support/bigquery/engine.ts';
import { SqlEngine, SqlError } from '../support/bigquery/sql/index.ts';

/** 2026-01-02T03:04:05.678Z */
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export class SqlSession implements AsyncDisposable {
  readonly catalog: MemoryCatalog;
  readonly #instance: DuckDBInstance;
  readonly #engine: SqlEngine;

  private constructor(catalog: MemoryCatalog, instance: DuckDBInstance, engine: SqlEngine) {
    this.catalog = catalog;
    this.#instance = instance;
    this.#engine = engine;
  }

  static async open(): Promise<SqlSession> {
    const catalog = new MemoryCatalog('acme-test', () => NOW);
    const instance = await DuckDBInstance.create(':memory:');
    return new SqlSession(catalog, instance, await SqlEngine.open(instance, catalog));
  }

  /** All results of a script. */
  async results(sql: string, params: readonly QueryParameter[] = []): Promise<readonly StatementResult[]> {
    const results: StatementResult[] = [];
    for await (const result of this.#engine.run(sql, { now: () => NOW, params })) results.push(result);
    return results;
  }

  /** Rows of the last SELECT, as they go on the wire. */
  async rows(sql: string, params: readonly QueryParameter[] = []): Promise<readonly (readonly unknown[])[]> {
    const last = (await this.results(sql, params)).findLast((result) => result.table !== undefined);
    if (last?.table === undefined) return [];
    const page = await this.#engine.page(last.table, last.schema ?? [], { start: 0, limit: 1000, timestamps: 'INT64' });
    return page.map((row) => row.f.map(({ v }) => v));
  }

  async dryRun(sql: string): Promise<DryRun> {
    return this.#engine.dryRun(sql, { now: () => NOW });
  }

  /** Reason and message of what is refused. */
  async refusal(sql: string, params: readonly QueryParameter[] = []): Promise<string> {
    try {
      await this.results(sql, params);
    } catch (error) {
      if (error instanceof SqlError) return `${error.reason}: ${error.message}`;
      throw error;
    }
    throw new Error(`not refused: ${sql}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#engine.close();
    this.#instance.closeSync();
  }
}

export function text(name: string, value: string | null): QueryParameter {
  return { name, parameterType: { type: 'STRING' }, parameterValue: value === null ? {} : { value } };
}
