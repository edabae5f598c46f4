/** What the REST side and the SQL side of the fake agree on. REST owns the catalog (metadata), SQL owns rows and statements. */

/** Names a table the way the API does. */
export interface TableRef {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

/** Names a dataset the way the API does. */
export interface DatasetRef {
  readonly projectId: string;
  readonly datasetId: string;
}

/**
 * A column as the API describes it. `type` is the API's legacy name: INTEGER FLOAT BOOLEAN STRING BYTES NUMERIC BIGNUMERIC DATE DATETIME TIME
 * TIMESTAMP JSON GEOGRAPHY INTERVAL RANGE RECORD; INT64, BOOL, STRUCT and the like become these when a schema comes in.
 */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly mode: 'NULLABLE' | 'REQUIRED' | 'REPEATED';
  readonly fields?: readonly Field[];
  readonly precision?: string;
  readonly scale?: string;
  readonly maxLength?: string;
  readonly description?: string;
  readonly defaultValueExpression?: string;
  readonly rangeElementType?: { readonly type: string };
}

/** A table, or a view, as it was defined. */
export interface TableEntry {
  readonly ref: TableRef;
  /** Quoted DuckDB name of the table that holds the rows: `"project.dataset"."table"`. */
  readonly duckdb: string;
  readonly fields: readonly Field[];
  readonly clustering?: readonly string[];
  readonly timePartitioning?: { readonly type: string; readonly field?: string };
  /** Milliseconds since 1970. */
  readonly expirationTime?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly description?: string;
  readonly friendlyName?: string;
  /** The API shows NULLABLE of columns that were given to it, not of those that SQL made. */
  readonly modesShown?: boolean;
  /** The query of a view; a table has none. */
  readonly view?: string;
}

/** A dataset, as it was defined. */
export interface DatasetOptions {
  readonly location?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly description?: string;
  readonly friendlyName?: string;
  readonly defaultTableExpirationMs?: string;
}

/** Metadata of all datasets and tables. Who makes or drops a table runs the DuckDB statements too; the catalog only remembers. */
export interface Catalog {
  readonly project: string;
  hasDataset(projectId: string, datasetId: string): boolean;
  /** Undefined: there is no such dataset. */
  datasetOptions(projectId: string, datasetId: string): DatasetOptions | undefined;
  /** Datasets of this project, anonymous ones left out. */
  datasets(projectId: string): readonly DatasetRef[];
  createDataset(projectId: string, datasetId: string, options: DatasetOptions): void;
  dropDataset(projectId: string, datasetId: string): void;
  /** An expired table is not there. */
  table(ref: TableRef): TableEntry | undefined;
  tables(projectId: string, datasetId: string): readonly TableEntry[];
  /** Creates or replaces; stamps etag, creation and modification. */
  put(entry: TableEntry): void;
  /** Its rows changed: a new etag and modification time. */
  touch(ref: TableRef): void;
  drop(ref: TableRef): void;
  /** What to call to put everything back as it is now (a transaction that rolls back). */
  snapshot(): () => void;
}

/** A query parameter as the API takes it. */
export interface QueryParameter {
  readonly name?: string;
  readonly parameterType: ParameterType;
  readonly parameterValue: ParameterValue;
}

export interface ParameterType {
  readonly type: string;
  readonly arrayType?: ParameterType;
  readonly structTypes?: readonly { readonly name?: string; readonly type: ParameterType }[];
  readonly rangeElementType?: ParameterType;
}

/** Google's client sends BOOL, INT64 and FLOAT64 as raw JSON values on the fast path; a null has no `value`. */
export interface ParameterValue {
  readonly value?: string | number | boolean | null;
  readonly arrayValues?: readonly ParameterValue[];
  readonly structValues?: Readonly<Record<string, ParameterValue>>;
}

export interface RunOptions {
  readonly params?: readonly QueryParameter[];
  readonly parameterMode?: 'NAMED' | 'POSITIONAL';
  readonly defaultDataset?: DatasetRef;
  /** Milliseconds since 1970: the clock of CURRENT_TIMESTAMP(). */
  readonly now: () => number;
  readonly location?: string;
  readonly signal?: AbortSignal;
  /** Called for each SELECT and DML statement when it compiles, before it runs; what it throws ends the script. */
  readonly planned?: (plan: DryRun) => void;
}

/** One executed statement. */
export interface StatementResult {
  /** As the API names it: SELECT, INSERT, MERGE, CREATE_TABLE_AS_SELECT, ... */
  readonly statementType: string;
  readonly sql: string;
  readonly schema?: readonly Field[];
  /** Quoted DuckDB table that holds the rows, its columns named as in the schema. */
  readonly table?: string;
  readonly rowCount: number;
  readonly dml?: { readonly inserted: number; readonly updated: number; readonly deleted: number };
  readonly ddl?: { readonly operation: 'CREATE' | 'REPLACE' | 'SKIP' | 'DROP' | 'ALTER'; readonly target: TableRef };
  readonly bytes: bigint;
  readonly referencedTables: readonly TableRef[];
}

export interface DryRun {
  readonly statementType: string;
  readonly schema?: readonly Field[];
  readonly bytes: bigint;
  readonly referencedTables: readonly TableRef[];
}

/** A row on the wire: text, null, or nested `{f}` and `[{v}]`. */
export interface WireRow {
  readonly f: readonly { readonly v: unknown }[];
}

/** Which rows and columns of a table go on the wire, and how. */
export interface Page {
  readonly start: number;
  readonly limit: number;
  /** Top-level columns, in this order; left out: all. */
  readonly columns?: readonly string[];
  /**
   * FLOAT64 is the API's default: seconds since 1970 as a double (`1.7E9`). INT64 (`formatOptions.useInt64Timestamp`, or
   * `timestampOutputFormat`): microseconds since 1970. ISO8601_STRING: `2024-03-10T01:02:03.123456Z`.
   */
  readonly timestamps?: 'FLOAT64' | 'INT64' | 'ISO8601_STRING';
}

/** Runs BigQuery's SQL over DuckDB. Every statement it does not know is an error, never a guess. */
export interface Engine {
  /** More than one statement, or control flow: such a job has child jobs. */
  isScript(sql: string): boolean;
  /** One result per executed statement, also in loops. Who stops pulling cancels. Throws `SqlError`. */
  run(sql: string, options: RunOptions): AsyncGenerator<StatementResult, void, undefined>;
  dryRun(sql: string, options: RunOptions): Promise<DryRun>;
  page(table: string, fields: readonly Field[], page: Page): Promise<WireRow[]>;
}
