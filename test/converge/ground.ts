/** What the arenas of a share stand on: which systems they are made of, and a server where one is needed. */
import { type BigQueryServer, startBigQuery } from '../support/bigquery/index.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import type { Where } from './random.ts';

export interface Combination {
  readonly source: 'duckdb' | 'postgres' | 'bigquery';
  readonly destination: 'duckdb' | 'postgres' | 'salesforce';
  /** `beside`: in the source's database, where the warehouse compares. */
  readonly state: 'local' | 'postgres' | 'beside';
  /** Properties of the connection to Salesforce. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** One server for all, and a bad line to it from each side. */
export interface Ground extends AsyncDisposable {
  readonly server: Postgres | undefined;
  readonly bigquery: BigQueryServer | undefined;
  readonly lines: Readonly<Partial<Record<Where, TcpProxy>>>;
}

export async function ground(combinations: readonly Combination[]): Promise<Ground> {
  const isUsed = combinations.some(({ source, destination, state }) => [source, destination, state].includes('postgres'));
  if (isUsed) return serverGround();
  const bigquery = combinations.some(({ source }) => source === 'bigquery') ? await startBigQuery() : undefined;
  return { server: undefined, bigquery, lines: {}, [Symbol.asyncDispose]: async () => bigquery?.[Symbol.asyncDispose]() };
}

async function serverGround(): Promise<Ground> {
  const server = await startPostgres();
  const [source, destination, state] = [await tcpProxy(server.port), await tcpProxy(server.port), await tcpProxy(server.port)];
  return {
    server,
    bigquery: undefined,
    lines: { source, destination, state },
    [Symbol.asyncDispose]: async () => {
      for (const line of [source, destination, state]) await line[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}
