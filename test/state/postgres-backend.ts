/** The Postgres state for tests: one server for a test file, one database for each folder. */
import type { Connection } from '../../src/config/model.ts';
import type { Context } from '../../src/context.ts';
import { PostgresState } from '../../src/state/postgres/postgres.ts';
import { type Major, onPostgres, type Postgres, startPostgres } from '../support/postgres.ts';
import type { Backend } from './suite.ts';

export interface PostgresBackend extends Backend, AsyncDisposable {
  readonly server: Postgres;
  open(context: Context, folder: string): Promise<PostgresState>;
}

export async function postgresBackend(major: Major = 18): Promise<PostgresBackend> {
  const server = await startPostgres({ major });
  const databases = new Map<string, Promise<string>>();
  const urlOf = async (folder: string): Promise<string> => {
    const known = databases.get(folder) ?? server.createDatabase();
    databases.set(folder, known);
    return known;
  };
  return {
    server,
    open: async (context, folder) => openState(context, await urlOf(folder)),
    elapse: async (ms, _context, folder) => elapse(await urlOf(folder), ms),
    [Symbol.asyncDispose]: async () => server.stop(),
  };
}

export interface Identity {
  readonly project?: string;
  readonly environment?: string | null;
  readonly schema?: string;
}

export function openState(context: Context, url: string, identity: Identity = {}): PostgresState {
  const location = { file: 'connections.yaml', line: 1, column: 1 };
  const connection: Connection = { name: 'warehouse', type: 'postgres', options: { url }, location };
  return new PostgresState(context, { connection, schema: 'sluice', project: 'acme', environment: null, ...identity });
}

/** Leases expire by the server's clock, which cannot be moved: so their times are. */
export async function elapse(url: string, ms: number): Promise<void> {
  const passed = `interval '${ms} milliseconds'`;
  await onPostgres(url, `UPDATE sluice.leases SET since = since - ${passed}, expires_at = expires_at - ${passed}`);
}
