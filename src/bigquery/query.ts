/** What is asked of a query job. */
import type { NewJob } from './jobs.ts';
import type { ClientOptions } from './options.ts';

export interface Job extends NewJob {
  readonly sql: string;
  /** Named parameters `@name`, of the type STRING (or an array of it). */
  readonly params?: Readonly<Record<string, string | null | readonly string[]>>;
  /** Bytes; more fails before anything is billed. Default: the connection's. */
  readonly maxBytesBilled?: string | undefined;
  /** Running it again after it failed half-way does no harm: done when BigQuery itself failed. */
  readonly repeatable?: boolean;
}

/** `configuration.query` of a job. */
export function queryConfiguration(
  { sql, params = {}, maxBytesBilled }: Pick<Job, 'sql' | 'params' | 'maxBytesBilled'>,
  options: ClientOptions,
): object {
  const { dataset, project } = options;
  const limit = maxBytesBilled ?? options.maxBytesBilled;
  const queryParameters = Object.entries(params).map(([name, value]) => parameter(name, value));
  return {
    query: sql,
    useLegacySql: false,
    ...(queryParameters.length === 0 ? {} : { parameterMode: 'NAMED', queryParameters }),
    ...(dataset === undefined ? {} : { defaultDataset: { projectId: project, datasetId: dataset } }),
    ...(limit === undefined ? {} : { maximumBytesBilled: limit }),
  };
}

function parameter(name: string, value: string | null | readonly string[]): object {
  if (value !== null && typeof value !== 'string') {
    const arrayValues = value.map((each) => ({ value: each }));
    return { name, parameterType: { type: 'ARRAY', arrayType: { type: 'STRING' } }, parameterValue: { arrayValues } };
  }
  return { name, parameterType: { type: 'STRING' }, parameterValue: value === null ? {} : { value } };
}
