/** A connection to BigQuery: jobs, tables, rows as exact text. Nothing goes over the network before the first request. */
import type { Connection } from '../config/model.ts';
import type { Context } from '../context.ts';
import { TransientError, UserError } from '../errors.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { BigQueryError } from './errors.ts';
import type { DryRun } from './job-resource.ts';
import { Jobs, type JobResult, type NewJob } from './jobs.ts';
import { type ClientOptions, clientOptions } from './options.ts';
import type { Job } from './query.ts';
import { loadPages } from './rows.ts';
import { type DatasetInfo, namedRows, Tables } from './tables.ts';
import { Transport } from './transport.ts';
import { type Row, type TableRef, tableReference } from './types.ts';

export type { DryRun } from './job-resource.ts';
export type { JobResult } from './jobs.ts';
export type { Job } from './query.ts';
export type { Labels, TableField, TableRef } from './types.ts';

export interface Load extends NewJob {
  readonly format: 'PARQUET';
  readonly schema?: readonly { readonly name: string; readonly type: string }[];
  readonly writeDisposition: 'WRITE_APPEND' | 'WRITE_TRUNCATE' | 'WRITE_EMPTY';
  readonly createDisposition?: 'CREATE_IF_NEEDED' | 'CREATE_NEVER';
}

export class BigQueryClient implements AsyncDisposable {
  readonly options: ClientOptions;
  readonly tables: Tables;
  readonly #jobs: Jobs;

  private constructor(options: ClientOptions, context: Context) {
    const transport = new Transport(options);
    this.options = options;
    this.tables = new Tables(transport, options, context);
    this.#jobs = new Jobs(transport, options, context);
  }

  /** Throws `UserError` when the connection's options cannot work. */
  static open(connection: Connection, context: Context): BigQueryClient {
    return new BigQueryClient(clientOptions(connection, context), context);
  }

  get project(): string {
    return this.options.project;
  }

  get location(): string | undefined {
    return this.options.location;
  }

  /** Runs a statement or a script to its end. `context.signal` cancels it on the server. */
  async run(job: Job): Promise<JobResult> {
    return this.#jobs.run(job);
  }

  /** What a statement would yield and read, without running it. */
  async dryRun(sql: string, params?: Job['params']): Promise<DryRun> {
    return this.#jobs.dryRun(sql, params);
  }

  /** Rows of a small result, as exact text. */
  async values(result: JobResult): Promise<Readonly<Record<string, string | null>>[]> {
    const names = result.schema.map(({ name }) => name);
    const rows: Record<string, string | null>[] = [];
    for await (const page of this.#jobs.pages(result)) rows.push(...namedRows(names, rowsOf(page)));
    return rows;
  }

  /** Rows of a result or a table as a temporary table of the workspace: all columns as text. Returns how many there are. */
  async rows(from: JobResult | TableRef, workspace: Workspace, into: string): Promise<number> {
    if ('jobId' in from) {
      const names = from.schema.map(({ name }) => name);
      const count = await loadPages(workspace, into, names, this.#resultPages(from));
      // Half a result would read as records that left.
      if (count !== from.totalRows) throw new TransientError(`BigQuery sent ${count} of ${from.totalRows} rows of a result`);
      return count;
    }
    const table = await this.tables.get(from);
    if (table === undefined) {
      const { project = this.project, dataset, table: name } = from;
      throw new BigQueryError('notFound', `Not found: Table ${project}:${dataset}.${name}`, 404);
    }
    const names = table.schema.map(({ name }) => name);
    return loadPages(workspace, into, names, this.tables.pages(from, names));
  }

  /** Loads a file into a table, by a job that is free. */
  async load(into: TableRef, file: string, { labels, idempotencyKey, whileWaiting, format, schema, ...dispositions }: Load): Promise<void> {
    const load = {
      ...dispositions,
      sourceFormat: format,
      destinationTable: tableReference(into, this.project),
      ...(schema === undefined ? {} : { schema: { fields: schema } }),
    };
    await this.#jobs.load(load, { labels, idempotencyKey, whileWaiting }, file);
  }

  async dataset(name: string): Promise<DatasetInfo | undefined> {
    return this.tables.dataset(name);
  }

  /** BigQuery's time, milliseconds since 1970. */
  async clock(): Promise<number> {
    return this.tables.clock();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Google's client keeps no connection of its own: its agents close theirs when they are idle.
  }

  async *#resultPages(result: JobResult): AsyncGenerator<readonly Row[]> {
    try {
      for await (const page of this.#jobs.pages(result)) yield rowsOf(page);
    } catch (error) {
      throw expired(error) ?? error;
    }
  }
}

function rowsOf(page: Readonly<Record<string, unknown>>): readonly Row[] {
  return (page['rows'] ?? []) as readonly Row[];
}

/** The table in which BigQuery keeps a result lives for a day. */
function expired(error: unknown): UserError | undefined {
  if (!(error instanceof BigQueryError) || error.reason !== 'notFound') return undefined;
  const hint = 'BigQuery keeps results for a day. Run the command again.';
  return new UserError('the result of the query is gone before all of it was read', { hint, cause: error });
}
