/** Source `bigquery`: the query runs there, and what it yields travels as exact text. */
import { BigQueryClient, type Job, type JobResult } from '../../bigquery/client.ts';
import type { Column } from '../../canonical/types.ts';
import type { Connection, Project } from '../../config/model.ts';
import type { Context, TellsTime } from '../../context.ts';
import { InternalError } from '../../errors.ts';
import { bigqueryDialect } from '../../sql/bigquery.ts';
import type { BaseTable } from '../../workspace/base-table.ts';
import type { Relation, Workspace } from '../../workspace/workspace.ts';
import { once } from '../once.ts';
import type { Comparison, ComparisonTerms, Estimate, Query, Source, Warehouse } from '../source.ts';
import { compareWithBase, hashesOf, linesAbove, lookUpRecords } from './compare.ts';
import { billedBytes, checkLimit, limitOf } from './cost.ts';
import { type Described, describeQuery } from './describe.ts';
import { LINES_ABOVE, loadedRows, type Passage, passing, passingHashed } from './extract.ts';
import type { JobLine } from './job-line.ts';
import { placeQueryError } from './query-error.ts';

/** Opens a connection of type `bigquery` as a source. Nothing goes over the network yet. */
export async function openBigQuerySource(connection: Connection, context: Context, project: Project): Promise<BigQuerySource> {
  return new BigQuerySource(BigQueryClient.open(connection, context), { connection, project: project.name, nonce: context.randomHex(8) });
}

/** What a source is opened for. */
interface Occasion {
  readonly connection: Connection;
  /** Name of the project. */
  readonly project: string;
  /** Names this source's jobs and tables: two processes must not share them. */
  readonly nonce: string;
}

export class BigQuerySource implements Source, TellsTime {
  readonly dialect = bigqueryDialect;
  /** Gets a number when the hash function, or the text of a type, changes: hashes then differ from those in state. */
  readonly engine = 'bigquery';
  readonly #client: BigQueryClient;
  readonly #occasion: Occasion;
  #workspace: Workspace | undefined;
  #tables = 0;
  #billed = 0n;
  /** Columns and rows of the queries so far, by their text. */
  readonly #described = new Map<string, Promise<Described>>();
  readonly #extracted = new Map<string, Promise<Relation>>();

  constructor(client: BigQueryClient, occasion: Occasion) {
    this.#client = client;
    this.#occasion = occasion;
  }

  async attach(workspace: Workspace): Promise<void> {
    this.#workspace = workspace;
  }

  async clock(): Promise<number> {
    return this.#client.clock();
  }

  async describe(query: Query): Promise<readonly Column[]> {
    return (await this.#columns(query)).columns.map(({ name, type }) => ({ name, type }));
  }

  /** What running the query would bill, by a dry run: more than it will be where tables are clustered. */
  async estimate(query: Query): Promise<Estimate> {
    return { bytesBilled: (await this.#columns(query)).billed };
  }

  /** Of the tables that Sluice makes: the queries have shown what they may read. */
  async rights(): Promise<string> {
    const { scratchDataset } = this.#client.options;
    if (scratchDataset === undefined) return 'may run queries';
    const table = bigqueryDialect.qualified(this.#client.project, scratchDataset, 'sluice_scratch_rights');
    await this.#client.dryRun(`CREATE TABLE ${table} AS SELECT 1 AS one`);
    return `may run queries, and make tables in ${scratchDataset}`;
  }

  /** Bytes that the jobs of this source have billed. */
  billed(): string {
    return String(this.#billed);
  }

  async extract(query: Query): Promise<Relation> {
    return once(this.#extracted, query.sql, async () => this.#load(query, passing));
  }

  /** Rows are hashed, and compared with base where it lives here too, by BigQuery itself. */
  readonly warehouse: Warehouse = {
    extractHashed: async (query) => once(this.#extracted, `${query.sql}\nhashed`, async () => this.#load(query, passingHashed)),
    compare: async (query, base, terms) => this.#compare(query, base, terms),
    lookUp: async (base, keys) => lookUpRecords(this.#jobs('look up'), base, { keys, table: this.#nextTable('looked_up') }),
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  async #compare(query: Query, base: BaseTable, { settled, key }: ComparisonTerms): Promise<Comparison> {
    const { columns } = await this.#comparable(query, base, settled);
    const passage = passingHashed(query, columns);
    const positions = key.map((name) => passage.columns.findIndex((column) => column.name === name));
    const request = { passage, base, settled, key: positions.map((position) => `c${position}`), prefix: this.#nextTable('compared') };
    try {
      return await compareWithBase(this.#jobs('compare', query), request);
    } catch (error) {
      throw placeQueryError(error, query, { above: linesAbove(base) });
    }
  }

  async #load(query: Query, passageOf: typeof passing): Promise<Relation> {
    const { columns } = await this.#affordable(query);
    const passage: Passage = passageOf(query, columns);
    const { client, workspace, run } = this.#jobs('extract', query);
    const table = this.#nextTable('source');
    try {
      await client.rows(await run(passage.select), workspace, table);
    } catch (error) {
      throw placeQueryError(error, query, { above: LINES_ABOVE });
    }
    return loadedRows(passage, table);
  }

  async #columns(query: Query): Promise<Described> {
    return once(this.#described, query.sql, async () => describeQuery(this.#client, query));
  }

  /** The same for a query that is about to run. */
  async #affordable(query: Query): Promise<Described> {
    const described = await this.#columns(query);
    checkLimit(query, this.#limit(query), described.billed);
    return described;
  }

  /** The same with what is read of base. What a script reads of its own temporary tables nobody knows before: there BigQuery holds the job to the limit. */
  async #comparable(query: Query, base: BaseTable, settled: string): Promise<Described> {
    const described = await this.#affordable(query);
    const limit = this.#limit(query);
    if (limit === undefined) return described;
    const hashes = billedBytes(await this.#client.dryRun(hashesOf(base, settled)));
    checkLimit(query, limit, String(BigInt(described.billed) + BigInt(hashes)), ' with the hashes that it is compared with');
    return described;
  }

  #limit(query: Query): Query['limit'] {
    const { connection } = this.#occasion;
    const own = this.#client.options.maxBytesBilled;
    return limitOf(query, own === undefined ? undefined : { bytesBilled: own, location: connection.location });
  }

  /** The way to BigQuery for one step of a plan; without a query, for one that reads state only. */
  #jobs(phase: string, query?: Query): JobLine {
    if (this.#workspace === undefined) throw new InternalError('the source is queried before it is attached to a workspace');
    const { project, nonce } = this.#occasion;
    const sync = query?.sync ?? '';
    const labels = { project, sync, run: nonce, phase };
    const maxBytesBilled = query === undefined ? undefined : this.#limit(query)?.bytesBilled;
    return {
      client: this.#client,
      workspace: this.#workspace,
      labels,
      nonce,
      run: async (sql, params) =>
        this.#run({
          sql,
          labels,
          idempotencyKey: JSON.stringify([nonce, sync, this.#nextTable(phase)]),
          maxBytesBilled,
          repeatable: true,
          ...(params === undefined ? {} : { params }),
        }),
    };
  }

  async #run(job: Job): Promise<JobResult> {
    const result = await this.#client.run(job);
    this.#billed += BigInt(result.bytesBilled);
    return result;
  }

  #nextTable(name: string): string {
    this.#tables += 1;
    return `${name}_${this.#tables}`;
  }
}
