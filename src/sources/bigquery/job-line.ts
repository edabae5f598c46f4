import type { BigQueryClient, Job, JobResult } from '../../bigquery/client.ts';
import type { Workspace } from '../../workspace/workspace.ts';

/** Runs the jobs of one step of a plan, with its labels and its limit, and counts what they bill. */
export interface JobLine {
  readonly client: BigQueryClient;
  readonly workspace: Workspace;
  readonly labels: Job['labels'];
  /** Nobody else's: for names of tables. */
  readonly nonce: string;
  readonly run: (sql: string, params?: Job['params']) => Promise<JobResult>;
}
