/** The network faults that other tests rely on, seen by an ordinary Postgres client. */
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { onPostgres, type Postgres, startPostgres } from './postgres.ts';
import { tcpProxy, type TcpProxy } from './tcp-proxy.ts';

let server: Postgres;
let proxy: TcpProxy;
beforeAll(async () => {
  server = await startPostgres();
  proxy = await tcpProxy(server.port);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server.stop();
});

interface Attempt {
  /** Error code of the statement that failed; undefined: none did. */
  readonly error: string | undefined;
  /** What the table holds afterwards, asked without the proxy. */
  readonly rows: readonly (string | null | undefined)[];
}

/** `BEGIN; INSERT; COMMIT` through the proxy. */
async function insert(): Promise<Attempt> {
  const url = await server.createDatabase();
  await onPostgres(url, 'CREATE TABLE account (id text)');
  const client = new Client({ connectionString: proxy.through(url), connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  const error = await run(client).catch((failure: unknown) => (failure as { code?: string }).code ?? String(failure));
  const rows = await onPostgres(url, 'SELECT id FROM account');
  return { error: error ?? undefined, rows: rows.map((row) => row['id']) };
}

async function run(client: Client): Promise<undefined> {
  await client.connect();
  for (const sql of ['BEGIN', "INSERT INTO account VALUES ('a')", 'COMMIT']) await client.query(sql);
  await client.end();
  return undefined;
}

test('everything passes', async () => {
  expect(await insert()).toEqual({ error: undefined, rows: ['a'] });
});

test('COMMIT sent, acknowledgement cut: the client sees a reset, and the row is committed', async () => {
  await proxy.cut({ match: /COMMIT/, when: 'after' });
  const before = proxy.cuts;
  expect(await insert()).toEqual({ error: 'ECONNRESET', rows: ['a'] });
  expect(proxy.cuts).toBe(before + 1);
});

test('a cut before COMMIT: the client sees the same, and nothing is committed', async () => {
  await proxy.cut({ match: /COMMIT/, when: 'before' });
  expect(await insert()).toEqual({ error: 'ECONNRESET', rows: [] });
});

test('a cut during COMMIT: the client sees the same, and nobody knows', async () => {
  await proxy.cut({ match: /COMMIT/, when: 'during' });
  expect((await insert()).error).toBe('ECONNRESET');
});

test('a cut strikes once, at the occurrence it names and on the side it names', async () => {
  await proxy.cut({ match: /INSERT 0 1/, side: 'server', when: 'before', nth: 2 });
  expect(await insert()).toEqual({ error: undefined, rows: ['a'] });
  expect(await insert()).toEqual({ error: 'ECONNRESET', rows: [] });
  expect(await insert()).toEqual({ error: undefined, rows: ['a'] });
});

test('a cut that is armed by a statement spares the connections that did not send it', async () => {
  await proxy.cut({ match: /COMMIT/, armedBy: /INSERT/, when: 'after' });
  const url = await server.createDatabase();
  await onPostgres(proxy.through(url), 'BEGIN', 'SELECT 1', 'COMMIT');
  expect(await insert()).toEqual({ error: 'ECONNRESET', rows: ['a'] });
});

test('nobody listens, then somebody does again', async () => {
  await proxy.refuse();
  expect(await insert()).toEqual({ error: 'ECONNREFUSED', rows: [] });
  await proxy.pass();
  expect(await insert()).toEqual({ error: undefined, rows: ['a'] });
});

test('a black hole: the client gives up by itself', async () => {
  await proxy.blackhole();
  expect((await insert()).error).toMatch(/timeout/);
  await proxy.pass();
});

test('every piece takes its time', async () => {
  await proxy.delay(30);
  const begun = performance.now();
  expect(await insert()).toEqual({ error: undefined, rows: ['a'] });
  expect(performance.now() - begun).toBeGreaterThan(4 * 30);
  await proxy.pass();
});
