/** What every part of the BigQuery state works with: its client, its tables, and whose state it is. */
import { BigQueryClient, type JobResult, type Labels, type TableRef } from '../../bigquery/client.ts';
import type { Connection } from '../../config/model.ts';
import type { Context } from '../../context.ts';
import { TransientError } from '../../errors.ts';
import { explainStateError, foreignMeta, missingDataset, newerTables, type StatePlace, vanishingTables } from './errors.ts';
import type { TextRow } from './heads.ts';
import { META, type Owner, quotedTable, RUN_RECORDS, RUNS } from './names.ts';
import { fieldsOf, RUN_COLUMNS, RUN_RECORD_COLUMNS, TABLES_FORMAT, type TypedColumn } from './tables.ts';

const FORMAT_LABEL = 'sluice_format';
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 1_000;

/** A statement or script, run as one job. */
export interface Script {
  /** For the label `sluice_phase`. */
  readonly phase: string;
  /** Two with the same key are one job. */
  readonly key: string;
  readonly sql: string;
  readonly params?: Readonly<Record<string, string | null>>;
  readonly lease?: Renewed | undefined;
}

/** A lease that is kept while a job runs. */
interface Renewed {
  hold(): Promise<void>;
}

function renewing(lease: Renewed | undefined): { readonly whileWaiting?: () => Promise<void> } {
  return lease === undefined ? {} : { whileWaiting: async () => lease.hold() };
}

export interface LoadJob {
  readonly phase: string;
  readonly sync: string;
  /** Two with the same key are one job. */
  readonly key: string;
  readonly columns: readonly TypedColumn[];
  readonly writeDisposition: 'WRITE_APPEND' | 'WRITE_TRUNCATE';
  readonly lease?: Renewed | undefined;
}

export class Store implements AsyncDisposable {
  readonly context: Context;
  readonly owner: Owner;
  readonly place: StatePlace;
  /** What was done is recorded also after Ctrl-C: nothing here is stopped by it. */
  readonly client: BigQueryClient;
  #isThere = false;

  constructor(context: Context, owner: Owner, options: { connection: Connection; place: StatePlace }) {
    this.context = context;
    this.owner = owner;
    this.place = options.place;
    this.client = BigQueryClient.open(options.connection, { ...context, signal: new AbortController().signal });
  }

  /** A table of the dataset. */
  ref(table: string): TableRef {
    return { dataset: this.place.dataset, table };
  }

  /** Its quoted name in SQL. */
  table(name: string): string {
    return quotedTable(this.client.project, this.place.dataset, name);
  }

  labels(phase: string, sync = ''): Labels {
    return { project: this.owner.project, sync, run: '', phase };
  }

  /** Reads the state. `absent`: what to answer while there is none yet. */
  async reading<T>(absent: T, work: () => Promise<T>): Promise<T> {
    return this.explained(async () => ((await this.#found()) ? work() : absent));
  }

  /** Makes the tables that all syncs share. Several processes may try at once. */
  async make(): Promise<void> {
    if (await this.#found()) return;
    await this.client.tables.create(this.ref(RUNS), { schema: fieldsOf(RUN_COLUMNS), clustering: ['sync_id'] });
    const runRecords = [{ name: 'run_id', type: 'STRING' }, ...fieldsOf(RUN_RECORD_COLUMNS)];
    await this.client.tables.create(this.ref(RUN_RECORDS), { schema: runRecords, clustering: ['run_id'] });
    // Last: from here on the state is there.
    await this.client.tables.create(this.ref(META), {
      schema: [{ name: 'unused', type: 'STRING' }],
      labels: { [FORMAT_LABEL]: String(TABLES_FORMAT) },
      description: 'Sluice keeps state in the tables whose names begin with sluice_. Do not change them by hand.',
    });
    await this.#found();
  }

  /** Throws when a newer Sluice made the tables, when they are somebody else's, and when they would expire. */
  async #found(): Promise<boolean> {
    if (this.#isThere) return true;
    const info = await this.client.tables.get(this.ref(META));
    if (info === undefined) {
      await this.#checkDataset();
      return false;
    }
    const format = Number(info.labels?.[FORMAT_LABEL] ?? NaN);
    if (!Number.isInteger(format)) throw foreignMeta(this.place);
    if (format > TABLES_FORMAT) throw newerTables(this.place, format, TABLES_FORMAT);
    if (info.expirationTime !== undefined) throw vanishingTables(this.place);
    this.#isThere = true;
    return true;
  }

  /** The dataset is the user's to make: where it lies cannot be changed afterwards. */
  async #checkDataset(): Promise<void> {
    const dataset = await this.client.dataset(this.place.dataset);
    if (dataset === undefined) throw missingDataset(this.place, this.client);
    if (dataset.defaultTableExpirationMs !== undefined) throw vanishingTables(this.place);
  }

  /** Runs a statement or script, again when it met another writer. It must bear being repeated after it took effect. */
  async script({ phase, key, sql, params = {}, lease }: Script): Promise<JobResult> {
    for (let attempt = 1, pause = FIRST_PAUSE_MS; ; attempt += 1, pause *= 2) {
      try {
        return await this.client.run({
          sql,
          params,
          labels: this.labels(phase),
          idempotencyKey: this.jobKey(key, attempt),
          ...renewing(lease),
        });
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof TransientError)) throw error;
      }
      // Two that met must not meet again: 50% to 150% of the pause.
      await this.context.sleep(Math.round(pause * (0.5 + parseInt(this.context.randomHex(2), 16) / 65_536)));
    }
  }

  /** Loads a Parquet file. What is appended may be there twice when a job failed of which nobody knows whether it did its work. */
  async load(table: string, file: string, { phase, sync, key, columns, writeDisposition, lease }: LoadJob): Promise<void> {
    await this.client.load(this.ref(table), file, {
      format: 'PARQUET',
      schema: fieldsOf(columns),
      writeDisposition,
      createDisposition: 'CREATE_IF_NEEDED',
      labels: this.labels(phase, sync),
      idempotencyKey: this.jobKey(key),
      ...renewing(lease),
    });
  }

  /** A query with a small result. */
  async select(phase: string, sql: string, params: Readonly<Record<string, string | null>>): Promise<readonly TextRow[]> {
    const result = await this.script({ phase, key: `${phase} ${this.context.randomHex(8)}`, sql, params });
    return this.client.values(result);
  }

  async explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explainStateError(this.place, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }

  /** Names one piece of work: a request that is repeated finds the job of the first. */
  jobKey(...parts: readonly (string | number)[]): string {
    return JSON.stringify([this.place.dataset, this.owner.project, this.owner.environment, ...parts]);
  }
}
