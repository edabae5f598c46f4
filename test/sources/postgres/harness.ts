/** A Postgres source as the planner has it: attached to a workspace that is locked. */
import type { Project } from '../../../src/config/model.ts';
import { openSource, SOURCES } from '../../../src/sources/registry.ts';
import { PostgresSource } from '../../../src/sources/postgres/index.ts';
import type { Query } from '../../../src/sources/source.ts';
import { keepByteOrderMarks } from '../../../src/workspace/driver-text.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { contextWith, postgresConnection } from '../../support/postgres-client.ts';

export interface Opened extends AsyncDisposable {
  readonly source: PostgresSource;
  readonly workspace: Workspace;
  /** Rows of a query, every value as text. */
  readonly texts: (sql: string) => Promise<readonly Readonly<Record<string, string | null>>[]>;
}

/** A query at line 10, column 5 of its file. */
export function query(sql: string): Query {
  return {
    sql,
    sync: 'accounts',
    lines: sql.split('\n').map((_, index) => ({ file: 'syncs/accounts.yaml', line: 10 + index, column: 5 })),
  };
}

export async function open(
  url: string,
  options: Readonly<Record<string, unknown>> = {},
  given: { env?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Opened> {
  keepByteOrderMarks();
  const document = { ...(url === '' ? {} : { url }), ...options };
  const source = await openSource(SOURCES, postgresConnection(document), contextWith(given), { dir: '/' } as Project);
  if (!(source instanceof PostgresSource)) throw new Error('not a Postgres source');
  const workspace = await Workspace.open({ memoryLimit: '500MB' });
  const dispose = async (): Promise<void> => {
    await source[Symbol.asyncDispose]();
    await workspace[Symbol.asyncDispose]();
  };
  const texts = async (sql: string): Promise<readonly Readonly<Record<string, string | null>>[]> => {
    const { from, columns } = await source.extract(query(sql));
    const casts = columns.map(({ name }) => `CAST("${name}" AS VARCHAR) AS "${name}"`);
    return (await workspace.rows(`SELECT ${casts.join(', ')} FROM ${from} AS q`)) as Readonly<Record<string, string | null>>[];
  };
  try {
    await source.attach(workspace);
    await workspace.lock([]);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { source, workspace, texts, [Symbol.asyncDispose]: dispose };
}
