/** A job as the API describes it, as far as Sluice reads that. Numbers are text: they may exceed a JS number. */
import type { ErrorProto } from './errors.ts';
import type { TableField } from './types.ts';

export interface JobResource {
  readonly jobReference?: { readonly jobId?: string; readonly location?: string };
  readonly status?: { readonly state?: string; readonly errorResult?: ErrorProto };
  readonly statistics?: { readonly totalBytesProcessed?: string; readonly query?: QueryStatistics };
}

interface QueryStatistics {
  readonly totalBytesProcessed?: string;
  readonly totalBytesBilled?: string;
  readonly statementType?: string;
  readonly schema?: { readonly fields?: readonly TableField[] };
  readonly referencedTables?: readonly unknown[];
  readonly dmlStats?: Readonly<Record<string, string>>;
}

/** What a query would do. */
export interface DryRun {
  readonly schema: readonly TableField[];
  /** Bytes that are read; exact, as text: an upper bound where tables are clustered. */
  readonly bytes: string;
  /** How many tables are read. */
  readonly tables: number;
  readonly statementType: string;
}

export function dryRunOf({ statistics = {} }: JobResource): DryRun {
  const { query = {} } = statistics;
  return {
    schema: query.schema?.fields ?? [],
    bytes: query.totalBytesProcessed ?? statistics.totalBytesProcessed ?? '0',
    tables: (query.referencedTables ?? []).length,
    statementType: query.statementType ?? '',
  };
}

/** What a query did. */
export interface Work {
  /** Exact, as text. */
  readonly bytesProcessed: string;
  readonly bytesBilled: string;
  /** Rows that a statement changed. */
  readonly dml: { readonly inserted: number; readonly updated: number; readonly deleted: number };
}

export function workOf({ statistics = {} }: JobResource): Work {
  const { dmlStats = {} } = statistics.query ?? {};
  const rows = (name: string): number => Number(dmlStats[`${name}RowCount`] ?? 0);
  return {
    bytesProcessed: statistics.totalBytesProcessed ?? '0',
    bytesBilled: statistics.query?.totalBytesBilled ?? '0',
    dml: { inserted: rows('inserted'), updated: rows('updated'), deleted: rows('deleted') },
  };
}
