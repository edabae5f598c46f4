import { afterAll, beforeAll } from 'vitest';

import type { Connection } from '../../src/config/model.ts';
import type { Context } from '../../src/context.ts';
import { PostgresState } from '../../src/state/postgres/postgres.ts';
import { onPostgres, type Postgres, startPostgres } from '../support/postgres.ts';
import { stateSuite } from './suite.ts';

let server: Postgres;
/** One database for each folder of the suite. */
const databases = new Map<string, Promise<string>>();

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => server.stop());

async function urlOf(folder: string): Promise<string> {
  const known = databases.get(folder) ?? server.createDatabase();
  databases.set(folder, known);
  return known;
}

async function open(context: Context, folder: string): Promise<PostgresState> {
  const location = { file: 'connections.yaml', line: 1, column: 1 };
  const connection: Connection = { name: 'warehouse', type: 'postgres', options: { url: await urlOf(folder) }, location };
  return new PostgresState(context, { connection, schema: 'sluice', project: 'acme', environment: null });
}

stateSuite('postgres', {
  open,
  elapse: async (ms, _context, folder) => {
    const passed = `interval '${ms} milliseconds'`;
    await onPostgres(await urlOf(folder), `UPDATE sluice.leases SET since = since - ${passed}, expires_at = expires_at - ${passed}`);
  },
});
