/** The schema of a Postgres state: shared, foreign, from another version, without rights; and what reaches a server through a pooler. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

import { afterAll, afterEach, expect, test } from 'vitest';

import { onPostgres, startPostgres } from '../support/postgres.ts';
import { at, baseRows, closePlans, intent, keyOf, runStart, seqs, startRun, testContext, wholeRun } from './harness.ts';
import { elapse, openState } from './postgres-backend.ts';

const server = await startPostgres();
afterAll(async () => server.stop());
afterEach(closePlans);

const APPLIED = { status: 'applied' } as const;
const ONE = [{ intent: intent(1, 'a'), outcome: APPLIED }];

test('projects and environments that share a schema do not see each other', async () => {
  const url = await server.createDatabase();
  const identities = [{}, { environment: 'prod' }, { project: 'other' }, { project: 'other', environment: 'prod' }];
  for (const [index, identity] of identities.entries()) {
    await using state = openState(testContext(), url, identity);
    expect(await state.heads()).toEqual([]);
    await wholeRun(state, runStart('s', { runId: `run ${index}` }), [{ intent: intent(1, index), outcome: APPLIED }]);
  }
  for (const [index, identity] of identities.entries()) {
    await using state = openState(testContext(), url, identity);
    expect((await baseRows(state, 's')).records.map((row) => row['key'])).toEqual([keyOf(index)]);
    expect((await state.runs()).map((run) => run.runId)).toEqual([`run ${index}`]);
    await state.acquire('s', 'alice@host');
  }
});

test('names of schemas, projects, environments, syncs and records are text, whatever is in them', async () => {
  const url = await server.createDatabase();
  const odd = `it's "a" \\ $1 ; DROP--`;
  await using state = openState(testContext(), url, { schema: odd, project: odd, environment: odd });
  await wholeRun(state, runStart(odd, { runId: odd, planId: odd, lineage: odd, fields: [odd] }), [
    { intent: intent(1, odd, { fields: [odd] }), outcome: { status: 'unknown', message: `${odd}\0\ud800` } },
    { intent: intent(2, 'x'), outcome: { status: 'rejected', code: odd, message: `a\0b\ud800` } },
  ]);
  expect(await state.head(odd)).toMatchObject({ lineage: odd, fields: [odd], lastRun: { runId: odd } });
  const { records, rejects } = await baseRows(state, odd);
  expect(JSON.parse(String(records[0]?.['pending']))).toMatchObject({ run: odd });
  expect(rejects).toMatchObject([{ key: keyOf('x'), code: odd, message: 'ab\ufffd' }]);
});

test('reading makes nothing', async () => {
  const url = await server.createDatabase();
  await using state = openState(testContext(), url);
  expect(await state.heads()).toEqual([]);
  expect((await baseRows(state, 's')).count).toBe(0);
  expect(await state.rights()).toBe('will be made by the first apply');
  expect(await onPostgres(url, "SELECT 1 FROM pg_namespace WHERE nspname = 'sluice'")).toEqual([]);
});

test('the schema of a newer Sluice is refused, by readers and writers', async () => {
  const url = await server.createDatabase();
  await using first = openState(testContext(), url);
  await wholeRun(first, runStart('s'), ONE);
  await onPostgres(url, 'UPDATE sluice.meta SET format = 2');
  await using state = openState(testContext(), url);
  const message = 'state in schema sluice of connection warehouse was written by a newer Sluice (format 2; this one knows 1)';
  await expect(state.heads()).rejects.toMatchObject({ name: 'UserError', message });
  await expect(baseRows(state, 's')).rejects.toThrow(message);
  await expect(state.acquire('s', 'alice@host')).rejects.toThrow(message);
});

test('a schema with a table meta of somebody else is refused and left alone', async () => {
  const url = await server.createDatabase();
  await onPostgres(url, 'CREATE SCHEMA sluice', 'CREATE TABLE sluice.meta (a int)');
  await using state = openState(testContext(), url);
  await expect(state.heads()).rejects.toThrow("the schema has a table meta that is not Sluice's");
  await expect(state.acquire('s', 'alice@host')).rejects.toThrow("that is not Sluice's");
  expect(await onPostgres(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'sluice'")).toEqual([{ tablename: 'meta' }]);
});

test('tables that were dropped by hand are an error that says what to do', async () => {
  const url = await server.createDatabase();
  await using state = openState(testContext({ realSleep: false }), url);
  await wholeRun(state, runStart('s'), ONE);
  await onPostgres(url, 'DROP TABLE sluice.records_1');
  const error = await baseRows(state, 's').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'UserError', problems: [{ hint: expect.stringContaining('Restore them from a backup') as string }] });
});

async function asRole(url: string, role: string, ...grants: readonly string[]): Promise<string> {
  await onPostgres(url, `CREATE ROLE ${role} LOGIN PASSWORD 'x'`, ...grants);
  const own = new URL(url);
  own.username = role;
  own.password = 'x';
  return own.href;
}

test('a role without rights is told what it lacks and how to grant it, and nothing is made', async () => {
  const url = await server.createDatabase();
  await using state = openState(testContext(), await asRole(url, 'outsider'));
  await expect(state.rights()).rejects.toMatchObject({
    name: 'UserError',
    message: 'user outsider lacks the right to make the schema sluice',
    problems: [{ hint: 'Run: CREATE SCHEMA "sluice" AUTHORIZATION "outsider";' }],
  });
  await expect(state.acquire('s', 'alice@host')).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining('permission denied for database') as string,
    problems: [{ hint: expect.stringContaining('sluice doctor') as string }],
  });
});

test('the rights that the documentation names are enough', async () => {
  const url = await server.createDatabase();
  const database = new URL(url).pathname.slice(1);
  const owner = await asRole(url, 'owner', `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`, `GRANT CONNECT, TEMPORARY ON DATABASE ${database} TO owner`, 'CREATE SCHEMA "sluice" AUTHORIZATION "owner"'); // prettier-ignore
  await using state = openState(testContext(), owner);
  expect(await state.rights()).toBe('may be written');
  await wholeRun(state, runStart('s'), ONE);
  await wholeRun(state, runStart('s'), ONE);
  expect(await state.rights()).toBe('may be written');

  // Another role reads with the rights that the documentation names, and cannot write.
  const reader = await asRole(url, 'reader', `GRANT CONNECT ON DATABASE ${database} TO reader`, 'GRANT USAGE ON SCHEMA sluice TO reader', 'GRANT SELECT ON ALL TABLES IN SCHEMA sluice TO reader', 'ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA sluice GRANT SELECT ON TABLES TO reader'); // prettier-ignore
  await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a', { action: 'update' }), outcome: APPLIED }]);
  await using other = openState(testContext(), reader);
  expect((await baseRows(other, 's')).count).toBe(1);
  expect(await other.holder('s')).toBeUndefined();
  await expect(other.acquire('s', 'bob@host')).rejects.toThrow('permission denied for table');
  await expect(other.rights()).rejects.toThrow(
    /^user reader lacks the right to make temporary tables in database .*, CREATE on schema sluice, ownership of \d+ tables in schema sluice, made by owner$/,
  );
  await onPostgres(url, 'GRANT owner TO reader');
  expect(await other.rights()).toBe('may be written');
});

test('a run works through a pooler of transactions: every statement is in one, and none leaves anything in the session', async () => {
  const url = await server.createDatabase();
  await using recorder = await recordStatements();
  await using state = openState(testContext(), recorder.through(url));
  const { lease, run } = await startRun(state, runStart('s'), [intent(1, 'a'), intent(2, 'b')]);
  await run.intend(seqs(1, 2));
  await run.record([at(1, APPLIED)]);
  await baseRows(state, 's');
  await state.runs();
  await elapse(url, 30_000);
  await lease.hold();
  await run.finish({ status: 'partial', finishedAt: 1_790_000_001_000 });
  await lease.release();
  await state.remove('s', [keyOf('a')]);
  await state.move('s', 't');

  const { said } = recorder;
  expect(said.length).toBeGreaterThan(80);
  const open = new Set<number>();
  for (const { session, text } of said) {
    if (text.startsWith('BEGIN')) open.add(session);
    expect(open.has(session), `outside of a transaction: ${text}`).toBe(true);
    if (/^(COMMIT|ROLLBACK)$/.test(text)) open.delete(session);
    expect(text).not.toMatch(/^SET (?!LOCAL )|\b(LISTEN|NOTIFY|PREPARE|DECLARE)\b|advisory/);
    if (/CREATE TEMP/.test(text)) expect(text).toContain('ON COMMIT DROP');
  }
  expect(open).toEqual(new Set());
});

interface Recorder extends AsyncDisposable {
  /** Every statement that reached the server, in order. */
  readonly said: { readonly session: number; readonly text: string }[];
  through(url: string): string;
}

/** A proxy that reads what clients say. */
async function recordStatements(): Promise<Recorder> {
  const said: { session: number; text: string }[] = [];
  const sessions = { count: 0 };
  const proxy = createServer((client) => {
    const session = (sessions.count += 1);
    const upstream = connect(server.port, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    const heard = { bytes: Buffer.alloc(0), started: false };
    client.on('data', (bytes: Buffer) => {
      heard.bytes = Buffer.concat([heard.bytes, bytes]);
      for (;;) {
        const head = heard.started ? 1 : 0;
        if (heard.bytes.length < head + 4) return;
        const end = head + heard.bytes.readInt32BE(head);
        if (heard.bytes.length < end) return;
        const body = heard.bytes.subarray(head + 4, end);
        const type = heard.started ? String.fromCharCode(heard.bytes[0] ?? 0) : '';
        for (const text of sqlOf(type, body)) said.push({ session, text });
        // Before the real start a client may ask for TLS, which this server declines.
        heard.started ||= body.readInt32BE(0) === 196_608;
        heard.bytes = heard.bytes.subarray(end);
      }
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    said,
    through: (url) => Object.assign(new URL(url), { port: String((proxy.address() as AddressInfo).port) }).href,
    [Symbol.asyncDispose]: async () => {
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

/** The statements in a message of the protocol: a simple query holds several, a parsed one has a name first. */
function sqlOf(type: string, body: Buffer): string[] {
  const texts = body.toString('utf8').split('\0');
  if (type === 'Q') return (texts[0] ?? '').split(/;\s*/).filter((text) => text.trim() !== '');
  return type === 'P' ? [`${texts[0] === '' ? '' : 'PREPARE '}${(texts[1] ?? '').trim()}`] : [];
}
