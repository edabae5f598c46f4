/** A BigQuery source as the planner has it: attached to a workspace that is locked. */
import type { Project } from '../../../src/config/model.ts';
import { BigQuerySource } from '../../../src/sources/bigquery/index.ts';
import { openSource, SOURCES } from '../../../src/sources/registry.ts';
import type { Query } from '../../../src/sources/source.ts';
import { keepByteOrderMarks } from '../../../src/workspace/driver-text.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { bigqueryConnection, impatient } from '../../support/bigquery-client.ts';

export interface Opened extends AsyncDisposable {
  readonly source: BigQuerySource;
  readonly workspace: Workspace;
  /** Rows of a query, every value as text. */
  readonly texts: (sql: string) => Promise<readonly Readonly<Record<string, string | null>>[]>;
}

/** A query at line 10, column 5 of its file. */
export function query(sql: string, maxBytesBilled?: string): Query {
  const at = (line: number) => ({ file: 'syncs/accounts.yaml', line, column: 5 });
  const limit = maxBytesBilled === undefined ? undefined : { bytesBilled: maxBytesBilled, location: at(20) };
  return { sql, sync: 'accounts', lines: sql.split('\n').map((_, index) => at(10 + index)), limit };
}

export async function open(
  env: Readonly<Record<string, string>>,
  options: Readonly<Record<string, unknown>> = {},
  signal?: AbortSignal,
): Promise<Opened> {
  keepByteOrderMarks();
  const source = await openSource(SOURCES, bigqueryConnection(options), impatient(env, signal), { dir: '/', name: 'acme' } as Project);
  if (!(source instanceof BigQuerySource)) throw new Error('not a BigQuery source');
  const workspace = await Workspace.open({ memoryLimit: '500MB' });
  await source.attach(workspace);
  await workspace.lock([]);
  const texts = async (sql: string): Promise<readonly Readonly<Record<string, string | null>>[]> => {
    const { from, columns } = await source.extract(query(sql));
    const casts = columns.map(({ name }) => `CAST("${name}" AS VARCHAR) AS "${name}"`);
    return (await workspace.rows(`SELECT ${casts.join(', ')} FROM ${from} AS q`)) as Readonly<Record<string, string | null>>[];
  };
  return {
    source,
    workspace,
    texts,
    [Symbol.asyncDispose]: async () => {
      await source[Symbol.asyncDispose]();
      await workspace[Symbol.asyncDispose]();
    },
  };
}
