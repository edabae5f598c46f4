/** What a job is. */
import type { Field, StatementResult, TableRef } from './engine.ts';
import type { ApiError } from './errors.ts';

export interface JobReference {
  readonly projectId: string;
  readonly jobId: string;
  readonly location: string;
}

/** What a job was asked, as the API repeats it. */
export interface JobConfiguration {
  readonly jobType: 'QUERY' | 'LOAD' | 'COPY';
  readonly labels?: Readonly<Record<string, string>>;
  readonly dryRun?: boolean;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly load?: Readonly<Record<string, unknown>>;
  readonly copy?: Readonly<Record<string, unknown>>;
}

/** What a job did. */
export interface Outcome {
  readonly statementType?: string;
  readonly bytes: bigint;
  readonly billed: bigint;
  readonly schema?: readonly Field[];
  /** Quoted DuckDB table with the result. */
  readonly table?: string;
  /** The table of the catalog that is the result; when it is gone, so are the rows. */
  readonly destination?: TableRef;
  readonly rowCount: number;
  readonly dml?: StatementResult['dml'];
  readonly ddl?: StatementResult['ddl'];
  readonly referencedTables: readonly TableRef[];
  readonly load?: { readonly inputFileBytes: number; readonly outputRows: number; readonly outputBytes: bigint };
  readonly copy?: { readonly copiedRows: number };
}

export interface Job {
  readonly reference: JobReference;
  /** Where the rows go is added when the statement compiles. */
  configuration: JobConfiguration;
  state: 'RUNNING' | 'DONE';
  /** Milliseconds since 1970. */
  readonly created: number;
  ended: number | undefined;
  error: ApiError | undefined;
  outcome: Outcome | undefined;
  /** Its statement compiled; not told of scripts and DDL. */
  compiled: boolean;
  /** Known as soon as the statement compiles; a script has none before its end. */
  statementType: string | undefined;
  readonly parent: string | undefined;
  children: number;
  readonly stop: AbortController;
  /** At work, and no longer held back by a fault. */
  started: boolean;
  /** Looks at it that still see it running. */
  polls: number;
  /** Starts the work, or gives the promise of the work that runs. */
  finish: () => Promise<void>;
}

/** Does what the job is for. */
export type Work = (job: Job) => Promise<Outcome>;
