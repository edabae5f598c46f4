/** A table that a query names and that is not there: what there is instead. */
import type { BigQueryClient } from '../../bigquery/client.ts';
import { BigQueryError } from '../../bigquery/errors.ts';
import { nearest } from '../../nearest.ts';

const MISSING = /Not found: Table (\S+)[:.]([\w$-]+)\.(\S+?)(?: was not found|$)/;

/** The hint for a missing table; undefined for other errors. Lists the dataset's tables, which is free. */
export async function missingTable(client: BigQueryClient, error: unknown): Promise<string | undefined> {
  const [, project, dataset, wanted] = (error instanceof BigQueryError && MISSING.exec(error.message)) || [];
  if (dataset === undefined || wanted === undefined || project !== client.project) return undefined;
  const names = await client.tables.list(dataset).catch(() => []); // who may query may still not be allowed to list
  const near = nearest(wanted, names);
  return near === undefined ? undefined : `Did you mean "${dataset}.${near}"?`;
}
