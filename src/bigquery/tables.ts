/** Tables and datasets. None of these requests is a job: they cost nothing. */
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { BigQueryError } from './errors.ts';
import type { ClientOptions } from './options.ts';
import { repeated } from './retry.ts';
import type { Reply, Request, Transport } from './transport.ts';
import { cellText, PAGE_ROWS, type Row, type TableField, type TableRef } from './types.ts';

export interface TableInfo {
  readonly etag: string;
  readonly description: string | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Milliseconds since 1970, as text. */
  readonly expirationTime: string | undefined;
  /** Exact, as text. */
  readonly numRows: string | undefined;
  readonly schema: readonly TableField[];
  /** BigQuery's time when it answered, milliseconds since 1970. */
  readonly at: number;
}

export interface NewTable {
  readonly schema: readonly { readonly name: string; readonly type: string }[];
  readonly clustering?: readonly string[];
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** How long the table lives. */
  readonly expirationMs?: number;
}

export interface TableChange {
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, as text. */
  readonly expirationTime?: string;
}

export interface DatasetInfo {
  readonly location: string | undefined;
  readonly defaultTableExpirationMs: string | undefined;
}

export class Tables {
  readonly #transport: Transport;
  readonly #options: ClientOptions;
  readonly #context: Context;

  constructor(transport: Transport, options: ClientOptions, context: Context) {
    this.#transport = transport;
    this.#options = options;
    this.#context = context;
  }

  /** Undefined when there is none. */
  async get(ref: TableRef): Promise<TableInfo | undefined> {
    return this.#unless([404], async () => infoOf(await this.#send({ method: 'GET', path: this.#path(ref) })));
  }

  /** Undefined when there is one already: also when a repeated request finds the one that the first has made. */
  async create(ref: TableRef, table: NewTable): Promise<TableInfo | undefined> {
    const { schema, clustering, expirationMs, ...others } = table;
    const body = {
      ...others,
      tableReference: { projectId: this.#options.project, datasetId: ref.dataset, tableId: ref.table },
      schema: { fields: schema },
      ...(clustering === undefined ? {} : { clustering: { fields: clustering } }),
      ...(expirationMs === undefined ? {} : { expirationTime: String((await this.clock()) + expirationMs) }),
    };
    return this.#unless([409], async () => infoOf(await this.#send({ method: 'POST', path: `/datasets/${ref.dataset}/tables`, body })));
  }

  /** With an etag, only if the table is as it was then. Undefined when it is not, or is gone. */
  async patch(ref: TableRef, change: TableChange, etag?: string): Promise<TableInfo | undefined> {
    return this.#unless([404, 412], async () => infoOf(await this.#send({ method: 'PATCH', path: this.#path(ref), body: change, etag })));
  }

  /** Nothing happens when there is none. */
  async delete(ref: TableRef): Promise<void> {
    await this.#unless([404], async () => this.#send({ method: 'DELETE', path: this.#path(ref) }));
  }

  /** Names of all tables of a dataset; none when there is no dataset. */
  async list(dataset: string): Promise<readonly string[]> {
    const names: string[] = [];
    let pageToken: string | undefined;
    do {
      const query = { maxResults: 1_000, pageToken };
      const reply = await this.#unless([404], async () => this.#send({ method: 'GET', path: `/datasets/${dataset}/tables`, query }));
      const tables = (reply?.body['tables'] ?? []) as readonly { readonly tableReference: { readonly tableId: string } }[];
      names.push(...tables.map(({ tableReference }) => tableReference.tableId));
      pageToken = reply?.body['nextPageToken'] as string | undefined;
    } while (pageToken !== undefined);
    return names;
  }

  /** All rows of a small table, without a job; undefined when there is none. */
  async rows(ref: TableRef, columns: readonly string[]): Promise<Readonly<Record<string, string | null>>[] | undefined> {
    return this.#unless([404], async () => {
      const rows: Record<string, string | null>[] = [];
      for await (const page of this.pages(ref, columns)) rows.push(...namedRows(columns, page));
      return rows;
    });
  }

  /** Rows of a table, a page at a time. `columns`: in their order in the table. */
  async *pages(ref: TableRef, columns: readonly string[]): AsyncGenerator<readonly Row[]> {
    let pageToken: string | undefined;
    do {
      const query = { selectedFields: columns.join(','), pageToken, maxResults: PAGE_ROWS, 'formatOptions.useInt64Timestamp': true };
      const { body } = await this.#send({ method: 'GET', path: `${this.#path(ref)}/data`, query });
      yield (body['rows'] ?? []) as readonly Row[];
      pageToken = body['pageToken'] as string | undefined;
    } while (pageToken !== undefined);
  }

  async dataset(name: string): Promise<DatasetInfo | undefined> {
    const reply = await this.#unless([404], async () => this.#send({ method: 'GET', path: `/datasets/${name}` }));
    if (reply === undefined) return undefined;
    return { location: textOf(reply.body['location']), defaultTableExpirationMs: textOf(reply.body['defaultTableExpirationMs']) };
  }

  /** BigQuery's time, milliseconds since 1970, to the second. */
  async clock(): Promise<number> {
    return (await this.#send({ method: 'GET', path: '/datasets', query: { maxResults: 1 } })).at;
  }

  #path({ dataset, table }: TableRef): string {
    return `/datasets/${dataset}/tables/${table}`;
  }

  async #send(request: Request): Promise<Reply> {
    return repeated(this.#context, async () => this.#transport.send(request));
  }

  async #unless<T>(statuses: readonly number[], work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const refused = error instanceof UserError ? error.cause : error;
      if (refused instanceof BigQueryError && refused.status !== undefined && statuses.includes(refused.status)) return undefined;
      throw error;
    }
  }
}

function infoOf({ body, at }: Reply): TableInfo {
  const { fields = [] } = (body['schema'] ?? {}) as { fields?: readonly TableField[] };
  return {
    etag: textOf(body['etag']) ?? '',
    description: textOf(body['description']),
    labels: body['labels'] as Readonly<Record<string, string>> | undefined,
    expirationTime: textOf(body['expirationTime']),
    numRows: textOf(body['numRows']),
    schema: fields,
    at,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Rows as objects of exact text. */
export function namedRows(names: readonly string[], rows: readonly Row[]): Record<string, string | null>[] {
  return rows.map(({ f }) => Object.fromEntries(names.map((name, index) => [name, cellText(f[index]?.v)])));
}
