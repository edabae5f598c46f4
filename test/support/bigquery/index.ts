/**
 * A BigQuery on this machine, for the tests: a server on the loopback address that answers like the REST API, over DuckDB. Built from
 * recorded answers and the published reference; what it does not know is an error. README.md says what it cannot tell.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';

import { Tokens } from './auth.ts';
import { MemoryCatalog } from './catalog.ts';
import { makeDataset } from './datasets.ts';
import type { StatementResult } from './engine.ts';
import { Faults } from './faults.ts';
import { parseSchema } from './fields.ts';
import { Jobs } from './jobs.ts';
import { parseLoad } from './load-request.ts';
import { loadFile } from './load-work.ts';
import { RequestLog } from './requests.ts';
import { serve, type Parts } from './server.ts';
import { SqlEngine } from './sql/index.ts';
import type { World } from './world.ts';

export { externalAccount } from './auth.ts';

export interface BigQueryOptions {
  readonly project?: string;
  readonly location?: string;
  /** Milliseconds since 1970: the clock of jobs, expirations, CURRENT_TIMESTAMP() and the Date header. */
  readonly now?: () => number;
  /** Calls need a token of this server's token endpoint. */
  readonly auth?: boolean;
}

export interface BigQueryServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly project: string;
  /** An admin's hand: runs a script, gives the rows of its last SELECT with all values as text; not in the log. */
  sql(script: string): Promise<readonly Record<string, string | null>[]>;
  /** Fills a new table from a Parquet file, or a CSV file with a header line, faster than any script. Makes the dataset if need be. */
  load(
    dataset: string,
    table: string,
    file: string,
    schema: readonly { readonly name: string; readonly type: string; readonly mode?: string }[],
  ): Promise<void>;
  readonly requests: RequestLog;
  readonly faults: Faults;
  readonly tokens: Tokens;
  /** What the CLI needs in its environment to reach this server. */
  readonly env: Readonly<Record<string, string>>;
}

export async function startBigQuery(options: BigQueryOptions = {}): Promise<BigQueryServer> {
  const { project = 'acme-test', location = 'US', now = Date.now, auth = false } = options;
  const parts = { tokens: new Tokens(auth), faults: new Faults(), requests: new RequestLog() };
  const running: { world?: World } = {};
  const server = serve(() => ({ ...parts, world: started(running.world) }) satisfies Parts);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bigquery-'));
  const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false' });
  const catalog = new MemoryCatalog(project, now);
  const duckdb = await instance.connect();
  await duckdb.run(`SET TimeZone = 'UTC'`);
  const engine = await SqlEngine.open(instance, catalog);
  const world: World = { url, project, location, now, catalog, engine, duckdb, folder, jobs: new Jobs(now) };
  running.world = world;
  return {
    ...parts,
    url,
    project,
    env: { BIGQUERY_EMULATOR_HOST: url, METADATA_SERVER_DETECTION: 'none' },
    sql: async (script) => runScript(world, script),
    load: async (dataset, table, file, schema) => loadTable(world, dataset, table, file, schema),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      for (const job of world.jobs.list()) job.stop.abort();
      await world.jobs.idle();
      duckdb.closeSync();
      engine.close();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function started(world: World | undefined): World {
  if (world === undefined) throw new Error('the server is not up yet');
  return world;
}

async function runScript(world: World, script: string): Promise<readonly Record<string, string | null>[]> {
  return world.jobs.exclusive(async () => {
    let last: StatementResult | undefined;
    for await (const result of world.engine.run(script, { now: world.now, location: world.location })) {
      if (result.statementType === 'SELECT') last = result;
    }
    if (last?.table === undefined || last.schema === undefined) return [];
    const { schema } = last;
    const rows = await world.engine.page(last.table, schema, { start: 0, limit: last.rowCount, timestamps: 'ISO8601_STRING' });
    return rows.map(({ f }) => Object.fromEntries(schema.map(({ name }, index) => [name, asText(f[index]?.v)])));
  });
}

function asText(value: unknown): string | null {
  return value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);
}

async function loadTable(world: World, datasetId: string, tableId: string, file: string, columns: readonly object[]): Promise<void> {
  const ref = { projectId: world.project, datasetId, tableId };
  const sourceFormat = file.endsWith('.parquet') ? 'PARQUET' : 'CSV';
  const header = sourceFormat === 'CSV' ? { skipLeadingRows: 1, allowQuotedNewlines: true } : {};
  const request = parseLoad({ destinationTable: ref, sourceFormat, writeDisposition: 'WRITE_TRUNCATE', ...header }, world.project);
  await world.jobs.exclusive(async () => {
    if (!world.catalog.hasDataset(ref.projectId, datasetId)) await makeDataset(world, ref, { location: world.location });
    await loadFile(world, { ...request, fields: parseSchema({ fields: columns }) }, file);
  });
}
